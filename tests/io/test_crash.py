"""What was acknowledged is on the disk, whatever becomes of the service or of its database.

``scripts/crash`` does it 200 times; docs/durability.md has the figures.
"""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import psycopg
import pytest

from commands import openprofile
from issuer import ForeignIssuer
from mixed_load import FILE, ROLES, MixedLoad
from postgres import VERSIONS, Server
from serving import Serving

pytestmark = pytest.mark.anyio

CRASHES = int(os.environ.get("OPENPROFILE_CRASHES", "4"))
WORKERS = 24
ANSWERS = 200
"""Acknowledged requests between two crashes, at most."""
MOMENTS = 20
"""Of so many different lengths is what happens between two crashes."""
TENANT = "load"
OTHERS = """
    SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE application_name = 'openprofile'
"""
CONSISTENT = """
    SELECT (SELECT count(*) FROM item WHERE NOT EXISTS (SELECT 1 FROM person
                WHERE person.tenant = item.tenant AND person.id = item.owner)),
           (SELECT count(*) FROM membership WHERE NOT EXISTS (SELECT 1 FROM person
                WHERE person.tenant = membership.tenant AND person.id = membership.person)),
           (SELECT count(*) FROM term WHERE kind = 'user' AND NOT EXISTS (SELECT 1 FROM person
                WHERE person.tenant = term.tenant AND person.id = term.id)),
           (SELECT count(*) FROM person WHERE NOT EXISTS (SELECT 1 FROM term
                WHERE person.tenant = term.tenant AND person.id = term.id
                AND property = 'userPrincipalName' AND value = name))
"""
"""How much belongs to nobody, and how many people cannot be found."""


class Setting:
    """A service on a database; either can be killed."""

    def __init__(self, folder: Path, stack: ExitStack, postgres: Server | None) -> None:
        self.postgres = postgres
        self._file = folder / "profiles.sqlite3"
        self.database = f"sqlite:///{self._file}" if postgres is None else _url(postgres.dsn)
        told = openprofile(
            "import", "--tenant", TENANT, stdin=FILE, OPENPROFILE_DATABASE=self.database
        )
        assert told.exit_code == 0, told.stderr
        issuer = stack.enter_context(ForeignIssuer())
        claims = {"idtyp": "app", "scp": None, "roles": ROLES, "exp": int(time.time()) + 86400}
        self._headers = {"Authorization": f"Bearer {issuer.token(**claims)}"}
        self.service = stack.enter_context(
            Serving(
                folder,
                ISSUER=issuer.url,
                AUDIENCE="profiles",
                TENANT=TENANT,
                DATABASE=self.database,
                LOG_LEVEL="error",
            )
        )

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self.service.url,
            headers=self._headers,
            limits=httpx2.Limits(max_connections=WORKERS),
            timeout=60,
        )

    def restart_service(self) -> None:
        if self.postgres is not None:
            # What the service had sent before it was killed is still carried out.
            with psycopg.connect(self.postgres.dsn, autocommit=True) as connection:
                others = connection.execute(OTHERS)
                while others.fetchone() != (0,):
                    others = connection.execute(OTHERS)
        self.service.__enter__()

    def kill_service(self) -> None:
        self.service.stop(signal.SIGKILL)

    def check_integrity(self) -> None:
        if self.postgres is None:
            with closing(sqlite3.connect(self._file)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert connection.execute(CONSISTENT).fetchall() == [(0, 0, 0, 0)]
            return
        with psycopg.connect(self.postgres.dsn, autocommit=True) as connection:
            assert connection.execute(CONSISTENT).fetchall() == [(0, 0, 0, 0)]
            # Each index has what its table has; a damaged page fails its checksum.
            for table in ("item", "person", "membership", "term"):
                rows = []
                for way in ("enable_seqscan", "enable_indexscan"):
                    connection.execute("RESET ALL")
                    connection.execute(f"SET {way} = off")
                    connection.execute("SET enable_bitmapscan = off")
                    keys = f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t"
                    rows.append(connection.execute(keys).fetchall())
                assert rows[0] == rows[1]


def _url(dsn: str) -> str:
    words = psycopg.conninfo.conninfo_to_dict(dsn)
    return f"postgresql:///{words.pop('dbname', 'postgres')}?{urlencode(words)}"


@pytest.fixture
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    with ExitStack() as stack:
        version = request.param
        postgres = stack.enter_context(Server(version)) if version else None
        yield Setting(tmp_path, stack, postgres)


@pytest.mark.parametrize("setting", [None, "18"], indirect=True, ids=["sqlite", "postgres-18"])
async def test_what_was_acknowledged_outlives_a_kill_of_the_service(setting: Setting) -> None:
    await _crash_and_compare(setting, setting.kill_service, setting.restart_service)


@pytest.mark.parametrize("setting", VERSIONS, indirect=True)
async def test_what_was_acknowledged_outlives_a_kill_of_the_database(setting: Setting) -> None:
    assert setting.postgres is not None
    await _crash_and_compare(setting, setting.postgres.kill, setting.postgres.start)


async def _crash_and_compare(
    setting: Setting, crash: Callable[[], None], recover: Callable[[], None]
) -> None:
    load = MixedLoad(WORKERS, seed=CRASHES)
    acknowledged = unanswered = carried_out = 0
    for number in range(CRASHES):
        # Another moment each time, early and late ones in turn.
        moment = (7 * number % MOMENTS + 1) * ANSWERS // MOMENTS
        crashed = False

        def enough(answers: int, moment: int = moment) -> bool:
            nonlocal crashed
            if answers >= moment and not crashed:
                crashed = True
                crash()
            return crashed

        async with setting.client() as http:
            await load.run(http, enough)
        assert crashed, "the service refused to work before it was killed"
        acknowledged += load.answers
        unanswered += len(load.open)
        recover()
        async with setting.client() as http:
            assert (await http.get("/readyz")).status_code == 200, "it is not ready by itself"
            carried_out += await load.settle(http)
        setting.check_integrity()
    assert unanswered, "no crash came while somebody waited: the test shows nothing"
    sys.stdout.write(
        f"{CRASHES} crashes: {acknowledged} acknowledged requests, all of them there, none twice; "
        f"{unanswered} without an answer, {carried_out} of them carried out, each whole.\n"
    )

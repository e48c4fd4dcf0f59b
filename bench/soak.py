"""An hour's worth of mixed load in five minutes: ``scripts/soak``.

People create, change and delete items, people and memberships, one by one and in atomicity groups,
while others read, search, and send what is refused; connections come and go. Afterwards all that
was acknowledged is looked for. The process is to hold no more memory and no more files than when
it had warmed up, and no answer is to be a 5xx. It ends with status 1 where that does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import httpx2
import msgspec
from bench import programs
from bench.overload import SETTINGS, overload
from psycopg.conninfo import conninfo_to_dict

from commands import openprofile
from issuer import ForeignIssuer
from mixed_load import FILE, GROUP, OWNERS, ROLES, MixedLoad
from postgres import Server

TENANT = "load"
WORKERS, READERS = 16, 8
REQUESTS_AN_HOUR = 36_000
"""Ten a second: what some ten thousand people make who each look at a page twice an hour."""
EVERY = 2.0
"""Seconds between two looks at the process."""
PER_CONNECTION = 50
"""Requests of a reader until it connects anew."""
WARM = 0.2
"""The part of the time in which caches fill."""
FLAT = 1.05
"""What the memory at the end may be of that after the warming up."""

_ITEMS = "/beta/users/owner-{owner}/profile/interests"
_READS = (
    (200, _ITEMS),
    (200, _ITEMS + "?$filter=contains(displayName,'load')&$orderby=displayName desc&$top=10"),
    (200, _ITEMS + "?$search=load&$count=true"),
    (200, "/beta/users/owner-{owner}/profile?$expand=interests"),
    (200, "/beta/users?$filter=startswith(userPrincipalName,'load')&$top=20"),
    (200, "/v1.0/users/owner-{owner}"),
    (200, f"/beta/groups/{GROUP}/members?$count=true"),
    (200, "/beta/$metadata"),
    (200, "/readyz"),
    (400, _ITEMS + "?$filter=displayName eq"),
    (404, _ITEMS + "/nothing"),
)


class Look(msgspec.Struct, frozen=True):
    """The process at one moment."""

    seconds: float
    megabytes: float
    files: int


class Soak:
    """One run: the service, and everybody who uses it."""

    def __init__(self, running: programs.Running, headers: dict[str, str]) -> None:
        self._running = running
        self._headers = headers
        self._load = MixedLoad(WORKERS, seed=1)
        self._reads: Counter[int] = Counter()
        self._looks: list[Look] = []
        self._strange: Counter[str] = Counter()

    async def run(self, seconds: float) -> bool:
        """Work for so long, print what became of it, and return whether all held."""
        async with self._client() as http:
            await self._load.settle(http)
        before = await self._at_rest(0, 0)
        began = time.monotonic()
        over = began + seconds
        async with self._client() as http:
            await asyncio.gather(
                self._load.run(http, lambda _: time.monotonic() > over),
                *(self._read(reader, over) for reader in range(READERS)),
                self._watch(began, over),
            )
        unanswered = len(self._load.open)
        async with self._client() as http:
            await self._load.settle(http)
        after = await self._at_rest(time.monotonic() - began, before.files)
        return self._tell(before, after, unanswered)

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self._running.url, headers=self._headers, timeout=60, verify=False
        )

    async def _read(self, reader: int, over: float) -> None:
        chance = random.Random(reader)  # noqa: S311  it draws requests
        while time.monotonic() < over:
            async with self._client() as http:
                for _ in range(PER_CONNECTION):
                    if time.monotonic() > over:
                        return
                    expected, url = chance.choice(_READS)
                    answer = await http.get(url.format(owner=chance.randrange(OWNERS)))
                    self._reads[answer.status_code] += 1
                    if answer.status_code != expected:
                        self._strange[f"{answer.status_code} {url}"] += 1

    async def _watch(self, began: float, over: float) -> None:
        while time.monotonic() < over:
            self._looks.append(self._look(time.monotonic() - began))
            await asyncio.sleep(EVERY)

    async def _at_rest(self, seconds: float, files: int) -> Look:
        """The process once it has closed the last connections, or has had the time to."""
        for _ in range(10):
            look = self._look(seconds)
            if look.files <= files:
                break
            await asyncio.sleep(0.5)
        return look

    def _look(self, seconds: float) -> Look:
        process = self._running.process
        return Look(seconds, self._running.resident(), process.num_fds())

    def _tell(self, before: Look, after: Look, unanswered: int) -> bool:
        statuses = self._load.statuses + self._reads
        total, length = statuses.total(), after.seconds
        failed = sum(count for status, count in statuses.items() if status >= 500)
        warm = [look for look in self._looks if look.seconds > WARM * length]
        tenth = max(1, len(warm) // 10)
        first = statistics.median(look.megabytes for look in warm[:tenth])
        last = statistics.median(look.megabytes for look in warm[-tenth:])
        most = max(look.files for look in self._looks)
        print(
            f"{total} requests in {length:.0f} s, {total / REQUESTS_AN_HOUR:.1f} hours' worth: "
            + ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items()))
        )
        print(f"  5xx: {failed}; unanswered: {unanswered}; unexpected: {dict(self._strange)}")
        print(f"  acknowledged and there: {self._load.answers}; {len(self._load.known)} are kept")
        print(
            f"  memory: {before.megabytes:.1f} MB at first, {first:.1f} MB warm, {last:.1f} MB at "
            f"the end ({last / first:.3f} times)"
        )
        print(f"  files: {before.files} at first, {most} at most, {after.files} at the end")
        return not (
            failed or unanswered or self._strange or last > first * FLAT
            or after.files > before.files
        )  # fmt: skip


def _token(issuer: ForeignIssuer) -> dict[str, str]:
    claims = {"idtyp": "app", "scp": None, "roles": ROLES, "exp": int(time.time()) + 24 * 3600}
    return {"Authorization": f"Bearer {issuer.token(**claims)}"}


def _url(dsn: str) -> str:
    words = conninfo_to_dict(dsn)
    return f"postgresql:///{words.pop('dbname', 'postgres')}?{urlencode(words)}"


def main() -> None:
    """Start the service on a fresh database and soak it."""
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/soak")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument(
        "--overload", action="store_true", help="instead: ten times what the service can take"
    )
    parser.add_argument("--postgres", metavar="VERSION", help="on PostgreSQL, 16 or 18")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = f"sqlite:///{folder}/profiles.sqlite3"
        if given.postgres:
            database = _url(stack.enter_context(Server(given.postgres)).dsn)
        told = openprofile("import", "--tenant", TENANT, stdin=FILE, OPENPROFILE_DATABASE=database)
        if told.exit_code:
            raise SystemExit(told.stderr)
        issuer = stack.enter_context(ForeignIssuer())
        settings = SETTINGS if given.overload else {}
        running = stack.enter_context(
            programs.serve(database, issuer.url, TENANT, folder / "log", None, **settings)
        )
        if given.overload:
            held = overload(running.url, _token(issuer), folder, given.seconds)
        else:
            held = asyncio.run(Soak(running, _token(issuer)).run(given.seconds))
    raise SystemExit(not held)


if __name__ == "__main__":
    main()

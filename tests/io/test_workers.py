"""``openprofile serve --workers``: several processes that answer as one."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import psutil
import psycopg
import pytest

from issuer import ForeignIssuer
from openprofile.policy.caller import GLOBAL_ADMINISTRATOR
from postgres import Server
from serving import Serving, command, environment

PATH = "/beta/me/profile/interests"


def until(condition: Any) -> Any:
    """What ``condition`` returns once it is true; it must be within half a minute."""
    end = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come to be"
    return found


@pytest.fixture
def issuer() -> Iterator[ForeignIssuer]:
    with ForeignIssuer() as issuer:
        yield issuer


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, issuer: ForeignIssuer) -> Iterator[dict[str, str]]:
    """Of a service on either store."""
    trusted = {"ISSUER": issuer.url, "AUDIENCE": "profiles"}
    if request.param == "sqlite":
        yield trusted
        return
    with Server("18") as postgres:
        words = psycopg.conninfo.conninfo_to_dict(postgres.dsn)
        database = f"postgresql:///{words.pop('dbname', 'postgres')}?{urlencode(words)}"
        yield trusted | {"DATABASE": database}


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Worker:
    """A connection to one of the workers, which one the log tells."""

    def __init__(self, service: Serving) -> None:
        self._http = httpx2.Client(base_url=service.url, verify=False)
        request = self._http.get("/beta/none").headers["request-id"]
        (self.number,) = until(
            lambda: [
                line["worker"]
                for line in service.log
                if line["event"] == "request" and line["request_id"] == request
            ]
        )

    def __call__(self, method: str, path: str, token: str, **options: Any) -> httpx2.Response:
        headers = bearing(token) | options.pop("headers", {})
        return self._http.request(method, path, headers=headers, **options)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def service(tmp_path: Path, settings: dict[str, str]) -> Iterator[Serving]:
    with Serving(tmp_path, "--workers", "2", **settings) as service:
        yield service


@contextmanager
def both(service: Serving) -> Iterator[tuple[Worker, Worker]]:
    """A connection to each of two workers."""
    found: dict[int, Worker] = {}
    with ExitStack() as opened:
        while len(found) < 2:
            worker = Worker(service)
            opened.callback(worker.close)
            found.setdefault(worker.number, worker)
        yield found[0], found[1]


@pytest.fixture
def pair(service: Serving) -> Iterator[tuple[Worker, Worker]]:
    with both(service) as workers:
        yield workers


def test_all_answer_at_one_address_and_say_so_once(
    service: Serving, pair: tuple[Worker, Worker], issuer: ForeignIssuer
) -> None:
    one, other = pair
    token = issuer.token()
    created = one("POST", PATH, token, json={"displayName": "Chess"})
    assert created.status_code == 201
    assert other("GET", created.headers["Location"], token).json() == created.json()
    assert len(service.workers) == 2
    assert service.stop() == 0
    assert service.announcement.count("answers at") == 1


def test_nothing_that_one_changes_is_stale_in_another(
    pair: tuple[Worker, Worker], issuer: ForeignIssuer
) -> None:
    one, other = pair
    ada = issuer.token()
    bram = issuer.token(oid="22222222-2222-3333-4444-555555555555", name="Bram")
    admin = issuer.token(
        oid="33333333-2222-3333-4444-555555555555",
        scp="User.ReadWrite.All User.DeleteRestore.All Group.ReadWrite.All",
        wids=[GLOBAL_ADMINISTRATOR],
    )
    for worker in pair:  # each has verified every token, and has met everybody
        for token in (ada, bram, admin):
            assert worker("GET", "/v1.0/me", token).status_code == 200
    url = one("POST", PATH, ada, json={"displayName": "Chess"}).headers["Location"]
    reader = issuer.token(
        oid="22222222-2222-3333-4444-555555555555", scp="User.Read.All User.ReadBasic.All"
    )
    by_id = f"/beta/users/11111111-2222-3333-4444-555555555555/profile/{url.split('/profile/')[1]}"
    for audience, seen in (("me", 404), ("organization", 200), ("me", 404), ("everyone", 200)):
        changed = one("PATCH", url, ada, json={"allowedAudiences": audience})
        assert changed.status_code == 200
        assert other("GET", by_id, reader).status_code == seen
    name = {"userPrincipalName": "ada@harbour.example", "displayName": "Ada"}
    person = "/v1.0/users/11111111-2222-3333-4444-555555555555"
    assert one("PATCH", person, admin, json=name).status_code == 204
    found = other("GET", "/v1.0/users/ada@harbour.example", admin)
    assert found.json()["displayName"] == "Ada"
    assert one("DELETE", person, admin).status_code == 204
    for path in (person, "/v1.0/users/ada@harbour.example", by_id):
        assert other("GET", path, admin).status_code == 404


def test_a_name_leads_to_who_has_it_now_in_every_process(
    tmp_path: Path, issuer: ForeignIssuer, settings: dict[str, str]
) -> None:
    """Where tokens name people by their principal names."""
    named = settings | {"PERSON_CLAIM": "upn", "CREATE_PEOPLE": "false"}
    new = {"displayName": "Ada", "userPrincipalName": "ada@harbour.example"}
    token = issuer.token(upn="ada@harbour.example")
    admin = issuer.token(upn=None, oid=None, scp=None, azp="app", idtyp="app", roles=[
        "User.ReadWrite.All", "User.DeleteRestore.All",
    ])  # fmt: skip
    with (
        Serving(tmp_path, "--workers", "2", **named) as service,
        both(service) as (one, other),
    ):
        for _ in range(2):
            created = one("POST", "/v1.0/users", admin, json=new)
            assert created.status_code == 201, created.text
            id = created.json()["id"]
            for worker in (one, other):
                me = worker("GET", "/v1.0/me", token)
                assert me.json().get("id") == id, me.text
            assert one("DELETE", f"/v1.0/users/{id}", admin).status_code == 204
            assert other("GET", "/v1.0/me", token).status_code == 404


def test_a_request_that_is_repeated_to_another_is_carried_out_once(
    pair: tuple[Worker, Worker], issuer: ForeignIssuer
) -> None:
    token = issuer.token()
    sent = {
        "Repeatability-Request-ID": "1",
        "Repeatability-First-Sent": formatdate(usegmt=True),
    }

    def post(number: int) -> httpx2.Response:
        worker = pair[number % 2]
        return worker("POST", PATH, token, json={"displayName": "Chess"}, headers=sent)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(pair[0]("GET", PATH, token).json()["value"]) == 1


def test_all_write_at_once_and_nobody_is_turned_away(
    pair: tuple[Worker, Worker], issuer: ForeignIssuer
) -> None:
    token = issuer.token()

    def post(number: int) -> int:
        return pair[number % 2]("POST", PATH, token, json={}).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(post, range(300))) == {201}
    assert pair[0]("GET", f"{PATH}/$count", token).text == "300"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_one_that_dies_is_replaced_and_nothing_is_lost(
    service: Serving, issuer: ForeignIssuer
) -> None:
    headers = bearing(issuer.token())
    kept: list[str] = []
    for number in range(4):
        victim = service.workers[number % 2]
        victim.kill()
        until(lambda: len([one for one in service.workers if one.status() != "zombie"]) == 2)
        while len(kept) < 10 * (number + 1):
            try:
                added = httpx2.post(service.url + PATH, json={}, headers=headers, verify=False)
            except httpx2.TransportError:
                continue  # it was with the one that died
            assert added.status_code == 201
            kept.append(added.json()["id"])
    listed = httpx2.get(service.url + PATH, headers=headers, verify=False).json()["value"]
    assert set(kept) <= {item["id"] for item in listed}
    assert sum(line["event"] == "worker ended" for line in service.log) == 4
    assert all(process.is_running() for process in service.workers)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_all_stop_when_the_parent_is_told_to(service: Serving, how: signal.Signals) -> None:
    workers = service.workers
    assert service.stop(how) == 0
    assert not any(worker.is_running() for worker in workers)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_none_outlives_the_parent(tmp_path: Path, settings: dict[str, str]) -> None:
    service = Serving(tmp_path, "--workers", "2", **settings)
    with service:
        workers = service.workers
        assert len(workers) == 2
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert alive == []
        service.process.returncode = 0  # as far as leaving is concerned


@pytest.mark.parametrize(
    ("wrong", "saying"),
    [
        ({"DATABASE": "oracle://h/"}, "of no kind that is known"),
        ({"DATABASE": "postgresql://u:secret@127.0.0.1:1/x"}, "127.0.0.1"),
        ({"AUDIENCE": ""}, "no audience"),
        ({"TLS_CERTIFICATE": "/nowhere.pem"}, "cannot be used"),
    ],
)
def test_what_none_can_start_with_is_said_once(
    tmp_path: Path, wrong: dict[str, str], saying: str
) -> None:
    settings = {"ISSUER": "https://issuer.example/", "AUDIENCE": "profiles"} | wrong
    ended = subprocess.run(
        command("--workers", "3"), env=environment(tmp_path, settings),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stdout == ""
    (said,) = ended.stderr.splitlines()
    assert saying in said
    assert "secret" not in said


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    settings = {"ISSUER": "https://issuer.example/", "AUDIENCE": "profiles"}
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            command("--workers", "2", "--host", "127.0.0.1", "--port", port),
            env=environment(tmp_path, settings), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert os.strerror(98) in ended.stderr

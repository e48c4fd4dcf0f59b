"""More than it can do at once, and clients that are slow: what the service does then."""

import contextlib
import json
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from issuer import ForeignIssuer
from serving import Serving

PATH = "/beta/me/profile/interests"
HEAD, BODY, IDLE = 1, 2, 1


@pytest.fixture(scope="module")
def issuer() -> Iterator[ForeignIssuer]:
    with ForeignIssuer() as issuer:
        yield issuer


@pytest.fixture
def token(issuer: ForeignIssuer) -> str:
    return issuer.token()


@pytest.fixture
def service(tmp_path: Path, issuer: ForeignIssuer) -> Iterator[Serving]:
    settings = {
        "ISSUER": issuer.url, "AUDIENCE": "profiles", "CONNECTION_LIMIT": "4",
        "REQUEST_LIMIT": "2", "RATE_LIMIT": "1", "HEAD_TIMEOUT": str(HEAD),
        "BODY_TIMEOUT": str(BODY), "IDLE_TIMEOUT": str(IDLE),
    }  # fmt: skip
    with Serving(tmp_path, "--host", "127.0.0.1", **settings) as service:
        yield service


def connect(service: Serving) -> socket.socket:
    host, port = service.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def read(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """The status, headers and JSON of the answer; status 0 where the connection ends instead."""
    with connection.makefile("rb") as answer:
        line = answer.readline()
        if not line:
            return 0, {}, None
        headers = {}
        while header := answer.readline().strip():
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = answer.read(int(headers.get("content-length", 0)))
    return int(line.split()[1]), headers, json.loads(body) if body else None


def post(token: str, body: bytes = b"{}", length: int | None = None) -> bytes:
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    ).encode() + body


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 0),
        (b"GET /beta/me HTTP/1.1\r\nHost: local", 408),
        (b"GE", 0),
        ("half", 408),
        ("whole", 201),
    ],
)
def test_a_client_has_so_long_and_no_longer(
    service: Serving, token: str, sent: bytes | str, status: int
) -> None:
    if isinstance(sent, str):
        sent = post(token, length=None if sent == "whole" else 100)
    with connect(service) as connection:
        connection.sendall(sent)
        answered, headers, body = read(connection)
        assert answered == status
        if status == 408:
            assert body["error"]["code"] == "requestTimeout"
            assert headers["connection"] == "close"
        assert connection.recv(1) == b""  # and then it is closed, also where it is only idle


def test_a_client_that_sends_byte_by_byte_gains_no_time(service: Serving) -> None:
    with connect(service) as connection:
        connection.sendall(b"GET /")
        connection.settimeout(0.1)
        for _ in range(500):
            try:
                connection.sendall(b"a")
                assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
                return
            except TimeoutError:
                continue
    raise AssertionError("it is waited for ever")


def test_there_are_so_many_connections(service: Serving, token: str) -> None:
    opened = [connect(service) for _ in range(4)]
    try:
        for connection in opened:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert read(connection)[0] == 200
        with connect(service) as further:
            further.sendall(post(token))
            status, headers, body = read(further)
        assert status == 503
        assert headers["retry-after"] == "1"
        assert body["error"]["code"] == "serviceNotAvailable"
        opened.pop().close()
        with connect(service) as further:
            further.sendall(post(token))
            assert read(further)[0] == 201
    finally:
        for connection in opened:
            connection.close()


def test_at_ten_times_as_many_connections_everybody_is_told(service: Serving, token: str) -> None:
    with contextlib.ExitStack() as opened:
        idle = [opened.enter_context(connect(service)) for _ in range(4)]
        further = [opened.enter_context(connect(service)) for _ in range(40)]
        for connection in further:
            connection.sendall(post(token))
        for connection in further:
            status, headers, _ = read(connection)
            assert (status, headers["retry-after"]) == (503, "1")
        for connection in idle:
            connection.sendall(post(token))
            assert read(connection)[0] == 201


def test_as_many_files_are_allowed_as_there_may_be_connections(
    tmp_path: Path, issuer: ForeignIssuer
) -> None:
    settings = {"ISSUER": issuer.url, "AUDIENCE": "profiles", "CONNECTION_LIMIT": "100"}
    service = Serving(tmp_path, "--host", "127.0.0.1", **settings)
    service.files = 64
    with service, contextlib.ExitStack() as opened:
        for _ in range(100):
            connection = opened.enter_context(connect(service))
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert read(connection)[0] == 200


def test_a_caller_asks_so_often(service: Serving, token: str) -> None:
    with httpx2.Client(base_url=service.url, verify=False) as http:
        headers = {"Authorization": f"Bearer {token}"}
        answers = [http.get(PATH, headers=headers) for _ in range(30)]
        assert answers[0].status_code == 200
        refused = answers[-1]
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "TooManyRequests"
        assert refused.headers["Retry-After"] == "1"
        shed = http.get("/metrics").text
        assert 'openprofile_requests_shed_total{reason="rate",worker="0"}' in shed


def test_a_stop_finishes_what_came_whole_and_waits_for_nothing_else(
    service: Serving, token: str
) -> None:
    with connect(service) as idle, connect(service) as head, connect(service) as body:
        idle.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read(idle)[0] == 200
        head.sendall(b"GET /beta/me HTTP/1.1\r\nHost: local")
        body.sendall(post(token, length=100))
        with connect(service) as whole:
            whole.sendall(post(token))
            assert read(whole)[0] == 201
        service.process.send_signal(signal.SIGTERM)
        assert read(body)[0] == 503
        assert read(head)[0] == 0
        assert idle.recv(1) == b""
        # It has BODY seconds for a body, and 10 to stop, and takes neither.
        assert service.process.wait(BODY) == 0


def test_a_stop_finishes_the_writes_that_are_under_way(service: Serving, token: str) -> None:
    def in_flight() -> bool:
        text = httpx2.get(f"{service.url}/metrics", verify=False).text
        return 'openprofile_requests_in_flight{worker="0"} 1.0' in text

    database = sqlite3.connect(service.folder / "profiles.sqlite3", isolation_level=None)
    with contextlib.closing(database), connect(service) as whole:
        httpx2.get(service.url + PATH, headers={"Authorization": f"Bearer {token}"}, verify=False)
        database.execute("BEGIN IMMEDIATE")  # so that the write waits
        whole.sendall(post(token))
        while not in_flight():
            pass
        service.process.send_signal(signal.SIGTERM)
        database.execute("COMMIT")
        status, _, item = read(whole)
        assert status == 201
        assert service.process.wait(20) == 0
        kept = database.execute("SELECT id FROM item").fetchall()
        assert kept == [(item["id"],)]

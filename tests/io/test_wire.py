"""What arrives on the wire, byte by byte."""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from program import Program

PATH = "/beta/me/profile/interests"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("run") / "data", "--port", "0", "--memory") as program:
        yield program


@pytest.fixture(scope="module")
def token(program: Program) -> str:
    return program.token()


def exchange(program: Program, *chunks: bytes) -> tuple[int, dict[str, str], Any]:
    """Send bytes on a connection of their own; the status, headers and JSON of the answer."""
    port = int(program.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            for chunk in chunks:
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer has come before all was sent
        with connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            headers = {}
            while line := answer.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = answer.read(int(headers["content-length"]))
    return status, headers, json.loads(body)


def post(token: str, *extra: str, body: bytes = b'{"displayName": "Chess"}') -> bytes:
    lines = [
        f"POST {PATH} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}",
        "Content-Type: application/json", f"Content-Length: {len(body)}", *extra,
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
def test_an_offered_upgrade_is_ignored(program: Program, token: str, upgrade: str) -> None:
    offer = (
        "Connection: Upgrade, HTTP2-Settings",
        f"Upgrade: {upgrade}",
        "HTTP2-Settings: AAMAAABk",
    )
    whole = post(token, *offer)
    head, middle, tail = whole[:-20], whole[-20:-7], whole[-7:]
    for chunks in ((whole,), (head, middle, tail), (whole + post(token),)):
        status, _, item = exchange(program, *chunks)
        assert status == 201
        assert item["displayName"] == "Chess"


@pytest.mark.parametrize(
    "request_line",
    [
        b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /beta/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /beta/\x1b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /beta/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /beta/ HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_in_the_one_shape(
    program: Program, request_line: bytes
) -> None:
    status, headers, body = exchange(program, request_line)
    assert status == 400
    assert headers["content-type"] == "application/json"
    assert parsedate_to_datetime(headers["date"])
    assert body["error"]["code"] == "BadRequest"
    assert body["error"]["innerError"]["request-id"] == headers["request-id"]


@pytest.mark.parametrize(
    ("codings", "status"),
    [
        (["gzip, chunked"], 501),
        (["x-unknown", "Chunked"], 501),
        (["gzip"], 400),
        (["chunked, gzip"], 400),
        ([" Chunked "], 401),
    ],
)
def test_a_body_comes_in_chunks_and_in_no_other_coding(
    program: Program, codings: list[str], status: int
) -> None:
    lines = "".join(f"Transfer-Encoding: {one}\r\n" for one in codings)
    request = f"POST /beta/me/profile/interests HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n0\r\n\r\n"
    found, headers, body = exchange(program, request.encode())
    assert found == status, body
    assert (headers.get("connection") == "close") == (status != 401)
    if status == 501:
        assert body["error"]["code"] == "NotImplemented"


@pytest.mark.parametrize("hosts", [(), ("a.example", "b.example"), ("localhost", "localhost")])
def test_a_request_names_one_host(program: Program, hosts: tuple[str, ...]) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    status, headers, body = exchange(program, f"GET /livez HTTP/1.1\r\n{lines}\r\n".encode())
    assert (status, headers["connection"]) == (400, "close")
    assert f"{len(hosts)} Host headers" in body["error"]["message"]


def test_a_request_of_http_1_0_needs_no_host(program: Program) -> None:
    status, headers, _ = exchange(program, b"GET /livez HTTP/1.0\r\n\r\n")
    assert (status, headers["connection"]) == (200, "close")


def test_a_head_is_read_so_far_and_no_further(program: Program) -> None:
    status, _, body = exchange(
        program, b"GET / HTTP/1.1\r\nHost: x\r\n", *(b"X: " + b"y" * 1000 + b"\r\n",) * 1000
    )
    assert status == 431
    assert body["error"]["code"] == "requestHeaderFieldsTooLarge"
    status, _, body = exchange(program, b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n")
    assert status == 414
    assert body["error"]["code"] == "uriTooLong"


def test_a_proxy_that_nobody_listed_is_not_believed(program: Program, token: str) -> None:
    status, headers, _ = exchange(
        program, post(token, "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example")
    )
    assert status == 201
    assert headers["location"].startswith("http://localhost/beta/")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b", ""])
def test_a_client_with_a_strange_host_stays_where_it_is(
    program: Program, token: str, host: str
) -> None:
    sent = post(token).replace(b"Host: localhost", b"Host: " + host.encode())
    status, headers, item = exchange(program, sent)
    assert status == 201
    assert headers["location"].startswith(f"{program.url}/beta/")
    assert item["@odata.context"].startswith(f"{program.url}/beta/")
    told = program.endpoints
    answer = httpx2.post(
        f"{told['tls_url']}{PATH}",
        json={},
        headers={"Host": "evil.example", "Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=told["ca"]),
    )
    assert answer.headers["location"].startswith(f"{told['tls_url']}/beta/")


def test_head_has_the_headers_of_get_and_no_body(program: Program, token: str) -> None:
    _, _, item = exchange(program, post(token, body=b'{"displayName": "Chess"}'))
    url = f"{PATH}/{item['id']}"
    paths = (
        PATH, url, f"{url}/displayName", f"{url}/displayName/$value", f"{url}/$ref",
        f"{PATH}/$count", f"{PATH}/nothing", "/beta/me/profile", "/beta/me", "/beta/me/$ref",
        "/beta", "/beta/$metadata", "/livez", "/readyz", "/openapi.json", "/nothing",
    )  # fmt: skip
    with httpx2.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        for path in paths:  # on one connection: a body would be taken for the next answer
            read = client.get(program.url + path)
            head = client.head(program.url + path)
            assert (head.status_code, head.content) == (read.status_code, b""), path
            for name in ("content-type", "etag", "odata-version", "allow"):
                assert head.headers.get(name) == read.headers.get(name), (path, name)


def test_a_request_in_small_pieces_is_one_request(program: Program, token: str) -> None:
    whole = post(token)
    status, _, _ = exchange(program, *(whole[n : n + 50] for n in range(0, len(whole), 50)))
    assert status == 201


def test_pipelined_requests_are_each_answered(program: Program, token: str) -> None:
    port = int(program.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(post(token) * 5)
        received = b""
        while received.count(b"HTTP/1.1 201") < 5:
            received += connection.recv(65536)


@pytest.mark.parametrize("path", [PATH, "/beta/none", "/livez"])
def test_every_answer_tells_when_it_was_made(program: Program, token: str, path: str) -> None:
    """RFC 9110, section 6.6.1."""
    answer = httpx2.get(program.url + path, headers={"Authorization": f"Bearer {token}"})
    made = parsedate_to_datetime(answer.headers["date"])
    assert abs(made - datetime.now(UTC)) < timedelta(seconds=60)
    assert answer.headers.get_list("date") == [answer.headers["date"]]

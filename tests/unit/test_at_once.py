"""What the guard takes from uvicorn's connection, and gives to it, without ASGI's messages."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from openprofile.http.protocol import answer_at_once, body_at_once

_LOG = logging.getLogger(__name__)


class Connection:
    """Notes what is sent on it."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = self.done = False

    def send(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def on_response(self) -> None:
        self.done = True


def cycle(
    connection: Connection, *, method: str = "GET", waits: bool = False, keep_alive: bool = True
) -> RequestResponseCycle:
    scope: Any = {"type": "http", "method": method}  # as much of one as is looked at
    return RequestResponseCycle(
        scope=scope,
        transport=asyncio.Transport(),
        flow=FlowControl(asyncio.Transport()),
        logger=_LOG,
        access_logger=_LOG,
        access_log=False,
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        expect_100_continue=waits,
        keep_alive=keep_alive,
        on_response=connection.on_response,
    )


@pytest.mark.parametrize(
    ("method", "keep_alive", "sent"),
    [
        ("GET", True, b"HTTP/1.1 200 OK\r\ndate: today\r\na: 1\r\nb: 2\r\n\r\nbody"),
        ("HEAD", True, b"HTTP/1.1 200 OK\r\ndate: today\r\na: 1\r\nb: 2\r\n\r\n"),
        (
            "GET",
            False,
            b"HTTP/1.1 200 OK\r\ndate: today\r\na: 1\r\nb: 2\r\nconnection: close\r\n\r\nbody",
        ),
    ],
)
def test_an_answer_is_sent_whole(method: str, keep_alive: bool, sent: bytes) -> None:
    connection = Connection()
    of = cycle(connection, method=method, keep_alive=keep_alive)
    assert answer_at_once(of.send, 200, {"a": "1", "b": "2"}, b"body")
    assert (connection.sent, connection.done) == (sent, True)
    assert connection.closed is not keep_alive
    assert of.response_complete


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize("name", ["a{}: b", "a"])
def test_no_header_ends_its_line(end: str, name: str) -> None:
    connection = Connection()
    headers = {name.format(end): "1", "c": "2" if "{}" in name else f"2{end}d: 3"}
    with pytest.raises(ValueError, match="end of a line"):
        answer_at_once(cycle(connection).send, 200, headers, b"")
    assert connection.sent == b""


def test_who_has_gone_is_sent_nothing() -> None:
    connection = Connection()
    of = cycle(connection)
    of.disconnected = True
    assert answer_at_once(of.send, 200, {}, b"body")
    assert connection.sent == b""


def test_a_slow_reader_and_a_wrapped_connection_have_messages() -> None:
    connection = Connection()
    of = cycle(connection)
    of.flow.write_paused = True
    assert not answer_at_once(of.send, 200, {}, b"body")

    async def wrapped(message: Any) -> None:
        await of.send(message)

    assert not answer_at_once(wrapped, 200, {}, b"body")
    assert connection.sent == b""


def test_a_body_that_is_there_is_taken_as_it_is() -> None:
    of = cycle(Connection())
    of.body += b"1234"
    assert body_at_once(of.receive, 4) is None  # more is to come
    of.more_body = False
    assert body_at_once(of.receive, 4) == b"1234"
    assert body_at_once(of.receive, 3) is None
    of.disconnected = True
    assert body_at_once(of.receive, 4) is None


def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    of = cycle(Connection(), waits=True)
    of.more_body = False
    assert body_at_once(of.receive, 4) is None


def test_a_body_is_taken_from_nobody_but_the_connection() -> None:
    async def wrapped() -> dict[str, Any]:
        return {}

    assert body_at_once(wrapped, 4) is None

"""HTTP on the wire: uvicorn's protocol, with bounded headers and times, and refusals in Graph's
shape.

What the parser refuses never becomes a request, so the guard cannot answer for it; here it gets
the same error body. An offer to upgrade is ignored, as RFC 9110, section 7.8, lets a server do:
Java's HTTP client sends ``Upgrade: h2c`` with the first request of a connection.

Times are not kept by a timer for each request, which would cost more than the rest: a connection
knows until when it is waited for, and ``expire`` is called about once a second. What uvicorn does
for each header and each answer is done here in one call instead of two.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from openprofile.clock import Clock, new_id
from openprofile.errors import (
    BadRequest,
    Fault,
    NotSupported,
    RequestHeaderFieldsTooLarge,
    RequestTimeout,
    ServiceUnavailable,
    UriTooLong,
)
from openprofile.metering import Meter
from openprofile.odata.fault import fault_body
from openprofile.settings import Capacity

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers; more are not read."""


_LARGE = 64 * 1024
"""Bytes of an answer that does not wait for those of others."""
HASTE = 1.0
"""Seconds for a head where there are twice as many connections as there may be."""
CROWD = 16
"""Times as many connections as there may be: any further is cut."""

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def answer_at_once(send: Any, status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Write a whole answer, if ``send`` is the connection's own and nothing stands between.

    ASGI's two messages, whose headers uvicorn looks at one by one, take as long as a third of a
    read. Returns False where they have to do.
    """
    cycle = getattr(send, "__self__", None)
    if type(cycle) is not RequestResponseCycle or cycle.flow.write_paused:
        return False
    if cycle.disconnected:
        return True
    told = list(map(": ".join, headers.items()))
    if not cycle.keep_alive:
        told.append("connection: close")
    together = "".join(told)
    if "\r" in together or "\n" in together or "\0" in together:  # RFC 9110, section 5.5
        raise ValueError("A header holds the end of a line, or a NUL.")
    lines = "\r\n".join(told)
    head = _STATUS_LINES[status] + _joined(cycle.default_headers) + f"{lines}\r\n\r\n".encode()
    cycle.waiting_for_100_continue = False
    cycle.response_started = cycle.response_complete = True
    protocol: Protocol = cast("Any", cycle.on_response).__self__
    protocol.send(head if cycle.scope["method"] == "HEAD" else head + body)
    cycle.message_event.set()
    if not cycle.keep_alive:
        protocol.close()
    cycle.on_response()
    return True


def body_at_once(receive: Any, most: int) -> bytes | None:
    """A whole body of at most ``most`` bytes, if ``receive`` is the connection's own and all of it
    has come, as of most it has when the head is looked at. None where ASGI's messages have to do.
    """
    cycle = getattr(receive, "__self__", None)
    if type(cycle) is not RequestResponseCycle or cycle.more_body or cycle.disconnected:
        return None
    if cycle.waiting_for_100_continue or len(cycle.body) > most:
        return None
    return bytes(cycle.body)


def _joined(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Uvicorn's own headers: the date, in a list that it makes anew each second."""
    global _last  # noqa: PLW0603  one value is as much as is worth keeping
    known, text = _last
    if known is not headers:
        text = b"".join([b"%b: %b\r\n" % header for header in headers])
        _last = (headers, text)
    return text


_last: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")


class Outbox:
    """The answers of one turn of the loop, sent one after the other when all have been made.

    The first one that is sent wakes whoever reads it, which takes the kernel as long as to send;
    those that follow at once find them awake.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, loop: asyncio.AbstractEventLoop, to: asyncio.Transport, data: bytes) -> None:
        if not self._waiting:
            loop.call_soon(self.empty)
        self._waiting.append((to, data))

    def empty(self) -> None:
        """Send all that is in it."""
        waiting, self._waiting = self._waiting, []
        for to, data in waiting:
            if not to.is_closing():
                to.write(data)


class Protocol(HttpToolsProtocol):
    """The protocol of one connection."""

    def __init__(self, capacity: Capacity, meter: Meter, outbox: Outbox, **options: Any) -> None:
        super().__init__(**options)
        self._outbox = outbox
        self._capacity = capacity
        self._meter = meter
        self._patience = capacity.head
        """Seconds that the client has for a head."""
        self._deadline = math.inf
        """Until when the client is waited for, on the loop's clock."""
        self._is_in_body = False
        """Whether the head has come, and the body not yet whole."""
        self._head = 0
        self._refused = False
        self._unread = 0
        """Bytes that are still to come of a body whose parsing an offered upgrade ended."""
        self._upgrade_ignored = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        crowd = len(self.connections) / self._capacity.connections
        if crowd > 2:  # they are told to come back, if they ask at once: see on_headers_complete
            self._patience = min(HASTE, self._patience)
        self._deadline = self.loop.time() + self._patience
        if crowd > CROWD:
            transport.abort()  # there is no room to be polite in

    def send(self, data: bytes) -> None:
        """Send an answer with those of this turn; nothing of this connection overtakes it."""
        if len(data) > _LARGE:
            self._outbox.empty()
            self.transport.write(data)
        else:
            self._outbox.put(self.loop, self.transport, data)

    def close(self) -> None:
        """Close the connection, behind what it has sent."""
        self._outbox.empty()
        self.transport.close()

    def expire(self, now: float) -> None:
        """Let go of a client that has not done its part in time."""
        if now < self._deadline:
            return
        self._deadline = now + self._capacity.body
        if self.transport.is_closing():
            self.transport.abort()  # it does not take its answer
        elif self._is_in_body or self._head:
            self._meter.turned_away("slow")
            self._give_up(RequestTimeout("The request has not come whole in time."))
        else:
            self.close()  # it has said nothing

    def shutdown(self) -> None:
        """Finish what came whole, and nothing else."""
        self._outbox.empty()
        if self._is_in_body:
            self._give_up(ServiceUnavailable("The service is stopping."))
        else:
            super().shutdown()

    def _give_up(self, fault: Fault) -> None:
        """End the connection in the middle of a request, which may have been answered by then."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is None or cycle.response_complete
        if self._is_in_body and answered:
            self.close()
        elif self._is_in_body or answered:
            self._refuse(fault)
        # else the answer to the request before comes first, and then this is looked at again

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._deadline = self.loop.time() + self._capacity.body  # for what it has yet to take
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._head and not self._is_in_body:
            self._deadline = self.loop.time() + self._capacity.idle

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        own: list[asyncio.Task[None]] = []
        own.append(self.loop.create_task(self._run(cycle, app, own)))
        self.tasks.update(own)

    async def _run(
        self, cycle: RequestResponseCycle, app: Any, own: list[asyncio.Task[None]]
    ) -> None:
        try:
            await cycle.run_asgi(app)
        finally:
            # not by the task's own callback, which would take another turn of the loop
            self.tasks.difference_update(own)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._upgrade_ignored:
            self._read_body(data)
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("The bytes received are not a request of HTTP/1.1.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0
        self._deadline = self.loop.time() + self._patience

    def on_url(self, url: bytes) -> None:
        self._head += len(url)
        if self._head > LONGEST_HEAD:
            self._refuse(UriTooLong(f"The URL is longer than {LONGEST_HEAD} bytes."))
        elif not self._refused:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > LONGEST_HEAD:
            self._refuse(
                RequestHeaderFieldsTooLarge(
                    f"The request's line and headers are longer than {LONGEST_HEAD} bytes."
                )
            )
        elif not self._refused:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        if len(self.connections) > self._capacity.connections:
            self._meter.turned_away("connections")
            self._refuse(ServiceUnavailable("The service has as many connections as it can."))
            return
        hosts = codings = 0
        for name, _ in self.headers:
            hosts += name == b"host"
            codings += name == b"transfer-encoding"
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            # RFC 9112, section 3.2: a proxy in front may have gone by another one of them.
            self._refuse(BadRequest(f"The request has {hosts} Host headers; expected one."))
            return
        if codings and not self._understands_coding():
            return
        self._deadline = self.loop.time() + self._capacity.body
        self._is_in_body = True
        super().on_headers_complete()

    def _understands_coding(self) -> bool:
        """Whether the body comes in chunks and in no other coding, or else is refused (RFC 9112,
        section 6.1); one that does not end in chunks, the parser refuses.
        """
        told = [value for name, value in self.headers if name == b"transfer-encoding"]
        codings = [one.strip().lower() for one in b",".join(told).split(b",") if one.strip()]
        if codings[-1:] != [b"chunked"] or codings == [b"chunked"]:
            return True
        self._refuse(NotSupported("The Transfer-Encoding is not supported; expected chunked."))
        return False

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        # At an offered upgrade the parser stops after the headers; the body is still to come.
        if not self._refused and (self._upgrade_ignored or not self.parser.should_upgrade()):
            self._deadline, self._is_in_body, self._head = math.inf, False, 0
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest(msg))

    def _ignore_upgrade(self, data: bytes) -> None:
        if self._refused:
            return
        headers = dict(self.headers)
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or not length.isdigit() or len(length) > 18:
            self._refuse(BadRequest("A request that offers an upgrade needs a Content-Length."))
            return
        self._upgrade_ignored = True
        self._unread = int(length)
        self._read_body(data)

    def _read_body(self, data: bytes) -> None:
        body, rest = data[: self._unread], data[self._unread :]
        self._unread -= len(body)
        if body:
            self.on_body(body)
        if self._unread:
            return
        self.on_message_complete()
        self._upgrade_ignored = False
        self.parser = httptools.HttpRequestParser(self)
        if rest:
            self.data_received(rest)

    def _refuse(self, fault: Fault) -> None:
        """Answer with ``fault`` and close: what follows on the connection cannot be trusted."""
        if self._refused:
            return
        self._refused = True
        self._deadline = self.loop.time() + self._capacity.body
        request_id = new_id()
        body = fault_body(
            fault,
            ticks=Clock().ticks(),
            request_id=request_id,
            client_request_id=request_id,
        )
        own = "".join(f"{name.lower()}: {value}\r\n" for name, value in fault.headers.items())
        head = (
            f"HTTP/1.1 {fault.status} {HTTPStatus(fault.status).phrase}\r\n"
            f"date: {formatdate(usegmt=True)}\r\n"
            f"content-type: application/json\r\n{own}"
            f"request-id: {request_id}\r\n"
            f"content-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self._outbox.empty()
        self.transport.write(head.encode() + body)
        self.transport.close()

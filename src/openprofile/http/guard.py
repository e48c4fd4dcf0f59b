"""The first and the last to see a request: ids, bounds, origin, and faults as answers.

Whatever is raised behind it becomes Graph's error body; nothing else leaves the service.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from openprofile.clock import new_request_id
from openprofile.errors import Fault, ServiceUnavailable, UriTooLong
from openprofile.http.body import too_large
from openprofile.http.exchange import Answer, Face, Operation, Request, Unread, printable_id, untold
from openprofile.http.origin import Origins
from openprofile.http.places import Places
from openprofile.http.protocol import answer_at_once, body_at_once
from openprofile.http.refusal import Refusals
from openprofile.metering import Meter
from openprofile.settings import Limits
from openprofile.telemetry import answered
from openprofile.tracing import Tracer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


SMALL = 16 * 1024
"""Bytes of a body that is not counted."""
MOST_HELD = 128 * 1024 * 1024
"""Bytes of larger bodies that one process holds at once, of requests that come or are answered."""
_WITHOUT_LENGTH = frozenset({204, 304})
"""Statuses without a body; that of a 304 would be that of the 200 (RFC 9110, section 8.6)."""


class ClientGone(Exception):
    """The client closed the connection before its request was whole: nobody waits for an answer."""


class Guard:
    """The ASGI application around a face: it makes the Request and sends the Answer."""

    def __init__(
        self,
        face: Face,
        refusals: Refusals,
        limits: Limits,
        origins: Origins,
        meter: Meter,
        places: Places,
        operation: str,
        tracer: Tracer | None,
        *,
        unread: Unread = untold,
    ) -> None:
        """``operation`` is what requests count as where the face does not say; ``unread`` is told
        of what is refused before ``face`` sees it.
        """
        self._face = face
        self._unread = unread
        self._refusals = refusals
        self._limits = limits
        self._small = min(SMALL, limits.body)
        self._origins = origins
        self._meter = meter
        self._places = places
        self._tracer = tracer
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id, operation = new_request_id(), Operation(self._operation)
        method, path, headers = scope["method"], _path(scope), _headers(scope)
        end = self._tracer and self._tracer.start(method, headers, request_id)
        client_id = None
        if "client-request-id" in headers:
            client_id = printable_id(headers.pop("client-request-id"))
            if client_id:
                headers["client-request-id"] = client_id
        try:
            answer = await self._answer(scope, receive, path, headers, request_id, operation)
        except ClientGone:
            if end:
                end(operation.name, 0)
            return
        except Exception as error:  # noqa: BLE001  whatever it is, the client is told in one shape
            answer = self._refusals.answer(error, request_id, client_id or request_id)
        told = _told(answer, request_id, client_id)
        if not answer_at_once(send, answer.status, told, answer.body):
            await _send(send, answer, told)
        seconds = time.perf_counter() - started
        self._meter.answered(operation.name, method, answer.status, seconds)
        if end:
            end(operation.name, answer.status)
        answered(method, path, answer.status, seconds, request_id)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        path: str,
        headers: Mapping[str, str],
        request_id: str,
        operation: Operation,
    ) -> Answer:
        query, limits = scope["query_string"].decode("latin-1"), self._limits
        client, server = scope["client"], scope["server"]
        body, fault = b"", None
        try:
            require_short(path, query, limits.url)
            # RFC 9112, section 6.3: without either it has none
            if "content-length" in headers or "transfer-encoding" in headers:
                whole = body_at_once(receive, self._small)
                body = await self._body(receive, headers) if whole is None else whole
        except Fault as error:
            fault = error
        try:
            origin = self._origins.of(
                scope["scheme"], headers, client and client[0], server and server[1]
            )
            request = Request(
                scope["method"],
                path,
                query,
                headers,
                body,
                origin,
                request_id,
                limits.body,
                operation,
            )
            try:
                if fault is not None:
                    raise fault
                # From here on: whoever is slow to send a request keeps nobody's place.
                if not self._places.taken():
                    await self._places.wait()
            except Fault as error:
                await self._unread(request, error)
                raise
            try:
                return await self._face(request)
            finally:
                self._places.leave()
        finally:
            if body:
                self._meter.held -= _counted(len(body))

    async def _body(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        most, meter = self._limits.body, self._meter
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > most):
            raise too_large(most)
        chunks, size, held = [], 0, 0
        more = True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > most:
                    raise too_large(most)
                meter.held += _counted(size) - held
                held = _counted(size)
                if held and meter.held > MOST_HELD:
                    meter.turned_away("bodies")
                    raise ServiceUnavailable("The service is busy with large bodies.")
                chunks.append(chunk)
                more = message.get("more_body", False)
        except BaseException:
            meter.held -= held
            raise
        return b"".join(chunks) if len(chunks) > 1 else chunks[0]


def _counted(size: int) -> int:
    """As many bytes of a body as count towards MOST_HELD: a small one is not worth it."""
    return size if size > SMALL else 0


def require_short(path: str, query: str, most: int) -> None:
    """Raise UriTooLong for a path and query of more than ``most`` characters."""
    if len(path) + len(query) > most:
        raise UriTooLong(f"The URL is longer than {most} characters.")


def _told(answer: Answer, request_id: str, client_id: str | None) -> dict[str, str]:
    """The headers of an answer, with those that every answer has."""
    headers = {**answer.headers, "request-id": request_id}
    if client_id:
        headers["client-request-id"] = client_id
    if answer.status not in _WITHOUT_LENGTH:
        headers["content-length"] = str(len(answer.body))
    return headers


async def _send(send: Send, answer: Answer, headers: Mapping[str, str]) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.body})


def _headers(scope: Scope) -> dict[str, str]:
    raw = scope["headers"]
    headers = {
        _NAMES.get(name) or name.decode("latin-1"): value.decode("latin-1") for name, value in raw
    }
    if len(headers) == len(raw):
        return headers
    several: dict[str, list[str]] = {}
    for name, value in raw:
        several.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in several.items()}


_NAMES = {
    name.encode(): name
    for name in (
        "accept",
        "accept-encoding",
        "authorization",
        "client-request-id",
        "connection",
        "content-length",
        "content-type",
        "host",
        "odata-maxversion",
        "odata-version",
        "prefer",
        "sdkversion",
        "user-agent",
    )
}
"""The usual names of headers, already text."""


def _path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])

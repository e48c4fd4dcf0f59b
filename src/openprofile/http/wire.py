"""What becomes of an answer on its way to the client: a connection dropped, a body that dawdles.

The stand-in's alone. Whoever answers a request, or one of a batch, asks for it by ``current()``.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

from openprofile.http.cors import Application
from openprofile.http.guard import Receive, Scope, Send
from openprofile.http.protocol import Protocol

_ABORT = "openprofile.abort"
_PIECES = 10
"""How many pieces a slow body comes in."""


class Connection:
    """The connection that one request came by."""

    def __init__(self) -> None:
        self.dropped = False
        """Whether it ends without an answer."""
        self.slow = 0.0
        """Seconds that the body of the answer takes."""


_current: ContextVar[Connection | None] = ContextVar("connection", default=None)


def current() -> Connection | None:
    """The connection of the request that is being answered, None where nobody watches one."""
    return _current.get()


class Wire:
    """The ASGI application around another that does what was asked for of a connection."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection()
        token = _current.set(connection)

        async def sending(message: MutableMapping[str, Any]) -> None:
            if connection.dropped:
                if message["type"] == "http.response.start":
                    await _abort(scope, receive)
            elif message["type"] == "http.response.body" and connection.slow:
                await _slowly(message["body"], connection.slow, send)
            else:
                await send(message)

        try:
            await self._application(scope, receive, sending)
        finally:
            _current.reset(token)


class DroppingProtocol(Protocol):
    """The protocol of a connection that an application may drop."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: {"abort": self.transport.abort}}


async def _abort(scope: Scope, receive: Receive) -> None:
    extension = scope.get("extensions", {}).get(_ABORT)
    if extension is not None:
        extension["abort"]()
        while (await receive())["type"] != "http.disconnect":
            pass  # what there is of the request; with that the client is gone nothing is to be sent


async def _slowly(body: bytes, seconds: float, send: Send) -> None:
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _PIECES)
        piece = body[start : start + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})

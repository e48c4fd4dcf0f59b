"""Cross-origin requests: which web pages may call the API from a browser (Fetch, section 3.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, TypeAlias

from openprofile.http.guard import Receive, Scope, Send
from openprofile.http.hints import HEADER as HINT

Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

ANY = "*"
"""Among the allowed origins: every origin is."""

_METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
_ACCEPTED = (
    "Authorization",  # which the wildcard at the end does not stand for
    "Accept",
    "Accept-Language",
    "client-request-id",
    "ConsistencyLevel",
    "Content-Encoding",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "OData-MaxVersion",
    "OData-Version",
    "Prefer",
    "Repeatability-First-Sent",
    "Repeatability-Request-ID",
    "return-client-request-id",
    "SdkVersion",
    "*",
)
_EXPOSED = (
    "Allow",
    "client-request-id",
    "ETag",
    "Location",
    "OData-EntityId",
    "OData-Version",
    HINT,
    "Preference-Applied",
    "Repeatability-Result",
    "request-id",
    "Retry-After",
    "WWW-Authenticate",
)
_PREFLIGHT = (
    (b"access-control-allow-methods", ", ".join(_METHODS).encode()),
    (b"access-control-allow-headers", ", ".join(_ACCEPTED).encode()),
    (b"access-control-max-age", b"86400"),
)
_ANSWER = ((b"access-control-expose-headers", ", ".join(_EXPOSED).encode()),)


class Cors:
    """The ASGI application around the API that tells a browser what its pages may see.

    A preflight asks before any token is sent, and is answered without one. Credentials mode is
    not offered: the API knows bearer tokens, and no cookies. An answer for an origin that is not
    allowed tells nothing of it, so the browser keeps it from the page.
    """

    def __init__(self, application: Application, allowed_origins: Collection[str]) -> None:
        """``allowed_origins`` as browsers send them (``https://app.example``), or ANY."""
        self._application = application
        self._any = ANY in allowed_origins
        self._allowed = frozenset(origin.lower().encode("latin-1") for origin in allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowing = self._allowing(scope)
        if not allowing:
            await self._application(scope, receive, send)
        elif scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method"):
            headers = [*allowing, *_PREFLIGHT]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:

            async def telling(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], *allowing, *_ANSWER]
                await send(message)

            await self._application(scope, receive, telling)

    def _allowing(self, scope: Scope) -> list[Header]:
        """The headers that let the page of a request see its answer: none without an Origin."""
        if not self._allowed:
            return []
        origin = _header(scope, b"origin")
        if origin is None:
            return []
        if self._any:
            return [(b"access-control-allow-origin", b"*")]
        if origin.lower() not in self._allowed:
            return []
        return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]


def _header(scope: Scope, name: bytes) -> bytes | None:
    for known, value in scope["headers"]:
        if known == name:
            found: bytes = value
            return found
    return None

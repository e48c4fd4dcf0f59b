"""A request and its answer as the faces see them, whatever carried them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from openprofile.errors import Fault
from openprofile.odata.negotiation import answered_version, negotiate, negotiate_raw
from openprofile.odata.path import Target
from openprofile.odata.preferences import NO_PREFERENCES, Preferences, preferences
from openprofile.odata.representation import Format
from openprofile.policy.caller import Caller


class Operation(msgspec.Struct):
    """What a request turned out to ask for, which whoever finds out writes down here."""

    name: str = "unknown"
    """One of a bounded number, for the figures."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request, its body read and bounded."""

    method: str
    path: str
    """The path as it was sent, percent-encoded."""
    query: str
    headers: Mapping[str, str]
    """By lower-case name; a repeated header's values are joined by commas."""
    body: bytes
    origin: str
    """Scheme and host that the client reached the service by, for the links of the answer."""
    id: str
    """The request's own id, in the header ``request-id`` of its answer."""
    body_limit: int
    """Bytes that the body may have, also once it is decoded."""
    operation: Operation = msgspec.field(default_factory=Operation)

    @property
    def client_id(self) -> str:
        """The client's ``client-request-id``, or the request's own id where it sent none."""
        return self.headers.get("client-request-id") or self.id

    @property
    def preferences(self) -> Preferences:
        """What the ``Prefer`` header asks for."""
        asked = self.headers.get("prefer")
        return NO_PREFERENCES if asked is None else preferences(asked)

    def format(self, option: str | None = None) -> Format:
        """The format of the answer, by the headers and the value of ``$format``; raises
        NotAcceptable.
        """
        return negotiate(self.headers.get("accept"), option, self.headers.get("odata-maxversion"))

    def raw_format(self, option: str | None = None) -> Format | None:
        """The format of a raw value, ``/$count`` or ``/$value``: None for plain text, JSON where
        the client takes no text; raises NotAcceptable.
        """
        asked = self.headers
        return negotiate_raw(asked.get("accept"), option, asked.get("odata-maxversion"))

    @property
    def version(self) -> str:
        """The version of OData that the answer has; raises BadRequest for one below 4.0."""
        return answered_version(self.headers.get("odata-maxversion"))


class Call(msgspec.Struct, frozen=True, gc=False):
    """A request whose caller and target are known."""

    request: Request
    caller: Caller
    target: Target
    version: str
    """The version of the API that the path begins with."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What goes back: status, headers of its own, and a body."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


Face: TypeAlias = Callable[[Request], Awaitable[Answer]]
"""Answers a request; raises a Fault for what it refuses."""
Unread: TypeAlias = Callable[[Request, Fault], Awaitable[None]]
"""Is told of a request that was refused before any face saw it."""


async def untold(_: Request, __: Fault) -> None:
    """Tell nobody of a request that was refused."""


LONGEST_CLIENT_ID = 128
"""Characters of a ``client-request-id``; a longer one counts as not sent."""


def printable_id(text: str | None) -> str | None:
    """A client's id as it may go back into a header: short, printable ASCII; else as not sent."""
    if text and len(text) <= LONGEST_CLIENT_ID and text.isascii() and text.isprintable():
        return text
    return None


Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]
Handlers: TypeAlias = Mapping[str, Handler]
"""What answers a resource, by method; the methods are those that ``Allow`` names."""


_VARY = "Accept, OData-MaxVersion, Prefer"
"""The headers of a request that an answer depends on."""


def odata_answer(
    status: int, form: Format, body: bytes, headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer with a body in OData's JSON format."""
    common = _common(form)
    return Answer(status, {**common, **headers} if headers else common, body)


@lru_cache(maxsize=64)
def _common(form: Format) -> Mapping[str, str]:
    """The headers of every answer in a format."""
    return {
        "Content-Type": form.content_type,
        "OData-Version": form.version,
        "Cache-Control": "no-cache",
        "Vary": _VARY,
    }


def raw_answer(
    request: Request, form: Format | None, value: Any, headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer with a raw value, in a format as ``Request.raw_format`` gives it."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    common = {
        "Content-Type": "text/plain;charset=utf-8" if form is None else form.content_type,
        "OData-Version": request.version,
        "Cache-Control": "no-cache",
        "Vary": _VARY,
    }
    body = text.encode() if form is None else msgspec.json.encode(value)
    return Answer(200, {**common, **(headers or {})}, body)


def empty_answer(
    request: Request, headers: Mapping[str, str] | None = None, *, status: int = 204
) -> Answer:
    """An answer without a body, with the version that every answer of OData carries."""
    common = {"OData-Version": request.version}
    if status == 304:  # what a cache keeps of the answer that it stands for
        common |= {"Cache-Control": "no-cache", "Vary": _VARY}
    return Answer(status, {**common, **(headers or {})})

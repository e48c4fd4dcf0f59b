"""A request and its answer as the faces see them, whatever carried them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from openprofile.odata.path import Target
from openprofile.policy.caller import Caller

JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)


class Request(msgspec.Struct, frozen=True):
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

    @property
    def client_id(self) -> str:
        """The client's ``client-request-id``, or the request's own id where it sent none."""
        return self.headers.get("client-request-id") or self.id


class Call(msgspec.Struct, frozen=True):
    """A request whose caller and target are known."""

    request: Request
    caller: Caller
    target: Target


class Answer(msgspec.Struct, frozen=True):
    """What goes back: status, headers of its own, and a body."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]
Handlers: TypeAlias = Mapping[str, Handler]
"""What answers a resource, by method; the methods are those that ``Allow`` names."""


def odata_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a body in OData's JSON format."""
    common = {"Content-Type": JSON, "OData-Version": "4.0", "Cache-Control": "no-cache"}
    return Answer(status, {**common, **(headers or {})}, body)

"""Batches: the individual requests of a JSON batch, and the answers to them as JSON.

Follows OData JSON Format 4.01, section 19, and Graph's
https://learn.microsoft.com/graph/json-batching. What is wrong with the batch itself raises
BadRequest; what is wrong with one request alone is its ``fault``, for its own answer.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from openprofile.errors import BadRequest, Fault, NotSupported
from openprofile.model.primitives import quoted
from openprofile.odata.media import is_json, media_type
from openprofile.odata.service_root import reference

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
"""The methods that an individual request may have."""
WRITES = ("POST", "PATCH", "PUT")
"""Those that carry a body."""

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110, section 5.6.2)."""
LONGEST_ID = 256
"""Characters of the name of a request or an atomicity group in a batch."""


class IndividualRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a batch, as the client wrote it."""

    id: str | None
    """The request identifier; a multipart batch need not give one."""
    method: str
    """In upper case."""
    url: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""
    depends_on: tuple[str, ...] = ()
    group: str | None = None
    """The atomicity group, or the change set of a multipart batch."""
    fault: Fault | None = None
    """Why it cannot be answered at all."""

    @property
    def unit(self) -> str | None:
        """The atomicity group as it is compared, or None."""
        return None if self.group is None else key(self.group)

    @property
    def references(self) -> Iterator[str]:
        """The identifiers of the requests that its URL or an ETag condition refers to."""
        found = reference(self.url)
        if found is not None:
            yield found[0]
        for name in ("if-match", "if-none-match"):
            referred = etag_reference(self.headers.get(name, ""))
            if referred is not None:
                yield referred


class IndividualResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one request of a batch."""

    id: str | None
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    group: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether what depends on it may run (OData JSON Format 4.01, section 19.1)."""
        return 200 <= self.status < 300


class _Request(msgspec.Struct, rename="camel"):
    """An item of ``requests``; members that are not known are ignored, as Graph does."""

    id: str
    method: str
    url: str
    atomicity_group: str | None = None
    depends_on: list[str] | None = None
    condition: msgspec.Raw = msgspec.field(name="if", default=msgspec.Raw())
    headers: dict[str, str] | None = None
    body: msgspec.Raw = msgspec.Raw()


class _Batch(msgspec.Struct):
    requests: list[_Request]


_DECODER = msgspec.json.Decoder(_Batch)


def etag_reference(value: str) -> str | None:
    """The request identifier that a value of If-Match refers to: ``$1`` is ``1``."""
    value = value.strip()
    return value[1:] if value.startswith("$") else None


def key(name: str) -> str:
    """An identifier as it is compared: Graph's do not depend on case."""
    return name.casefold()


def read_json(body: bytes, most: int) -> list[IndividualRequest]:
    """The requests of a JSON batch, of which there may be ``most``."""
    try:
        batch = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The batch is malformed: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from error
    if len(batch.requests) > most:
        raise too_many(most)
    requests = [_individual(request) for request in batch.requests]
    check_ids(requests)
    _check_groups(requests)
    return requests


def too_many(most: int) -> BadRequest:
    """What is raised for a batch of more than ``most`` requests."""
    return BadRequest(f"The batch holds too many requests; expected {most} at most.")


def check_ids(requests: Sequence[IndividualRequest]) -> None:
    """Raise BadRequest unless the identifiers of the requests differ."""
    seen: set[str] = set()
    for request in requests:
        if request.id is None:
            continue
        if key(request.id) in seen:
            raise BadRequest(
                f"The request id {quoted(request.id)} is repeated; expected ids that differ, "
                "whatever their case."
            )
        seen.add(key(request.id))


def _check_groups(requests: Sequence[IndividualRequest]) -> None:
    """Raise BadRequest unless groups are adjacent, and dependencies lead to what is earlier."""
    ids = {key(request.id) for request in requests if request.id is not None}
    earlier: set[str] = set()
    at: str | None = None
    for request in requests:
        if at is not None and at != request.unit:
            earlier.add(at)
        at, name = request.unit, quoted(request.group or "")
        if at is not None and at in ids:
            raise BadRequest(f"{name} names both a request and an atomicity group.")
        if at is not None and at in earlier:
            raise BadRequest(f"The requests of the atomicity group {name} are not adjacent.")
        for other in request.depends_on:
            if key(other) not in earlier:
                raise BadRequest(
                    f"Request {quoted(request.id or '')} depends on {quoted(other)}, which is no "
                    "earlier request or atomicity group."
                )
        earlier.add(key(request.id or ""))


def method_fault(method: str) -> Fault | None:
    """What is wrong with the method of an individual request, if anything is."""
    if method in METHODS:
        return None
    expected = ", ".join(METHODS)
    return BadRequest(f"The method {quoted(method)} cannot be batched; expected one of {expected}.")


def _individual(sent: _Request) -> IndividualRequest:
    for what, name in (("request id", sent.id), ("atomicity group", sent.atomicity_group)):
        if name is not None and not (0 < len(name) <= LONGEST_ID and name.isprintable()):
            raise BadRequest(
                f"The {what} {quoted(name)} is malformed; expected 1 to {LONGEST_ID} printable "
                "characters."
            )
    headers = {name.lower(): value for name, value in (sent.headers or {}).items()}
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or not value.replace("\t", " ").isprintable():
            raise BadRequest(
                f"The header {quoted(name)} of request {quoted(sent.id)} is malformed."
            )
    method = sent.method.upper()
    fault = method_fault(method)
    body = b""
    if method in WRITES:
        if "content-type" not in headers or bytes(sent.body) in (b"", b"null"):
            raise BadRequest(
                f"Write request id : {sent.id} does not contain Content-Type header or body.",
                target=sent.id,
            )
        try:
            body = _body(sent.body, media_type(headers["content-type"]).name)
        except BadRequest as error:
            fault = error
    if bytes(sent.condition) not in (b"", b"null"):
        fault = NotSupported("The member 'if' of a request in a batch is not supported.")
    return IndividualRequest(
        id=sent.id,
        method=method,
        url=sent.url,
        headers=headers,
        body=body,
        depends_on=tuple(sent.depends_on or ()),
        group=sent.atomicity_group,
        fault=fault,
    )


def _body(sent: msgspec.Raw, media: str) -> bytes:
    """JSON stands for itself, text is a string, all else a base64url string."""
    if is_json(media):
        return bytes(sent)
    try:
        text = msgspec.json.decode(sent, type=str)
        if media.startswith("text/"):
            return text.encode()
        digits = text.replace("+", "-").replace("/", "_").rstrip("=")
        return b64decode(digits + "=" * (-len(digits) % 4), altchars=b"-_", validate=True)
    except (msgspec.DecodeError, ValueError) as error:
        form = "a string" if media.startswith("text/") else "a base64url string"
        raise BadRequest(f"The body is malformed; expected {form} for {quoted(media)}.") from error


def write_json(responses: Sequence[IndividualResponse]) -> bytes:
    """The body of the answer to a batch, as JSON."""
    return msgspec.json.encode({"responses": [_response(response) for response in responses]})


def _response(response: IndividualResponse) -> dict[str, Any]:
    members: dict[str, Any] = {"status": response.status, "headers": dict(response.headers)}
    if response.id is not None:
        members = {"id": response.id, **members}
    if response.group is not None:
        members["atomicityGroup"] = response.group
    if response.body:
        media = media_type(response.headers.get("Content-Type", "")).name
        if is_json(media):
            members["body"] = msgspec.Raw(response.body)
        elif media.startswith("text/"):
            members["body"] = response.body.decode()
        else:
            members["body"] = urlsafe_b64encode(response.body).decode()
    return members

"""Batches as ``multipart/mixed``: text to individual requests, and the answers to text.

Follows OData Protocol 4.01, section 11.7.7. The parser is made for this one use: it knows no
character sets and no transfer encodings, looks at each byte a bounded number of times, and
raises BadRequest for whatever departs from the form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from itertools import groupby

from openprofile.errors import BadRequest, Fault
from openprofile.model.primitives import quoted
from openprofile.odata.batch import (
    TOKEN,
    IndividualRequest,
    IndividualResponse,
    check_ids,
    key,
    method_fault,
    too_many,
)
from openprofile.odata.media import media_type

LONGEST_PART_HEAD = 16 * 1024
"""Bytes of the headers of one part of a multipart batch."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile(r"\r?\n")
_ID = re.compile(r"[A-Za-z0-9._~-]{1,256}")
_IDENTITY = ("binary", "8bit", "7bit")


def read_multipart(body: bytes, boundary: str, most: int) -> list[IndividualRequest]:
    """The requests of a multipart batch, of which there may be ``most``, change sets included."""
    requests: list[IndividualRequest] = []
    for number, part in enumerate(_parts(body, boundary, most)):
        headers, content = _divide(part)
        media = media_type(headers.get("content-type", ""))
        if media.name == "multipart/mixed":
            inner = _parts(content, media.parameters.get("boundary", ""), most)
            change_set = f"changeset_{number}"
            requests.extend(_request(*_divide(each), change_set=change_set) for each in inner)
        else:
            requests.append(_request(headers, content, change_set=None))
        if len(requests) > most:
            raise too_many(most)
    check_ids(requests)
    return requests


def write_multipart(
    responses: Sequence[IndividualResponse], token: str, *, change_sets: bool
) -> tuple[str, bytes]:
    """The content type and the body of the answer to a batch.

    ``token`` goes into the boundaries and must not occur in any body. With ``change_sets`` the
    responses of a group that succeeded are a part of their own, and those of one that failed
    are one response, its first error.
    """
    parts: list[bytes] = []
    if not change_sets:
        parts = [_http_part(response) for response in responses]
    else:
        for number, (group, members) in enumerate(groupby(responses, _group)):
            parts += _change_set(list(members), f"{number}_{token}" if group else None)
    return _multipart(parts, f"batch_{token}")


def _group(response: IndividualResponse) -> str | None:
    return None if response.group is None else key(response.group)


def _change_set(members: Sequence[IndividualResponse], token: str | None) -> list[bytes]:
    if token is None:
        return [_http_part(response) for response in members]
    failed = [response for response in members if response.status >= 400]
    if failed:
        own = (response for response in failed if response.status != HTTPStatus.FAILED_DEPENDENCY)
        return [_http_part(next(own, failed[0]))]
    content_type, body = _multipart(
        [_http_part(response) for response in members], f"changeset_{token}"
    )
    return [f"Content-Type: {content_type}\r\n\r\n".encode() + body]


def _multipart(parts: Sequence[bytes], boundary: str) -> tuple[str, bytes]:
    delimiter = f"--{boundary}".encode()
    pieces = [delimiter + b"\r\n" + part + b"\r\n" for part in parts]
    return f"multipart/mixed; boundary={boundary}", b"".join([*pieces, delimiter + b"--\r\n"])


def _http_part(response: IndividualResponse) -> bytes:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if response.id is not None:
        lines.append(f"Content-ID: {response.id}")
    lines += ["", f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + response.body


def _parts(body: bytes, boundary: str, most: int) -> list[bytes]:
    """What stands between the delimiters (RFC 2046, section 5.1.1); preamble and epilogue go."""
    if not _BOUNDARY.fullmatch(boundary):
        raise BadRequest(
            f"The boundary {quoted(boundary)} of multipart/mixed is missing or malformed."
        )
    delimiter = re.compile(
        rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    )
    parts: list[bytes] = []
    start: int | None = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(body[start : found.start()].removeprefix(b"\r").removeprefix(b"\n"))
        if found[1]:
            return parts
        if len(parts) >= most:
            raise too_many(most)
        start = found.end()
    raise BadRequest(f"The closing delimiter --{boundary}-- of multipart/mixed is missing.")


def _divide(part: bytes) -> tuple[dict[str, str], bytes]:
    """The MIME headers of a part, and its content."""
    for empty in (b"\r\n", b"\n"):
        if part.startswith(empty):
            return {}, part.removeprefix(empty)
    block, content = _at_blank_line(part)
    return _headers(block), content


def _at_blank_line(text: bytes) -> tuple[str, bytes]:
    """The lines before the first blank one, and what follows it."""
    found = _BLANK_LINE.search(text, 0, LONGEST_PART_HEAD + 4)
    end, rest = (found.start(), found.end()) if found else (len(text), len(text))
    if end > LONGEST_PART_HEAD:
        raise BadRequest(f"The headers of a part are longer than {LONGEST_PART_HEAD} bytes.")
    return text[:end].decode("latin-1"), text[rest:]


def _headers(block: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in filter(None, _LINE.split(block)):
        name, colon, value = line.partition(":")
        value = value.strip()
        if not colon or not TOKEN.fullmatch(name) or not value.replace("\t", " ").isprintable():
            raise BadRequest(f"The header line {quoted(line)} of a part is malformed.")
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _request(mime: dict[str, str], content: bytes, change_set: str | None) -> IndividualRequest:
    sent = mime.get("content-type", "")
    if media_type(sent).name != "application/http":
        found = quoted(sent) if sent else "missing"
        raise BadRequest(f"The Content-Type of a part is {found}; expected application/http.")
    if mime.get("content-transfer-encoding", "binary").lower() not in _IDENTITY:
        raise BadRequest("The Content-Transfer-Encoding of a part must be binary.")
    identifier = mime.get("content-id")
    if identifier is None and change_set is not None:
        raise BadRequest("A request of a change set has no Content-ID.")
    if identifier is not None and not _ID.fullmatch(identifier):
        raise BadRequest(
            f"The Content-ID {quoted(identifier)} is malformed; expected letters, digits, "
            "'-', '.', '_' and '~'."
        )
    head, body = _at_blank_line(content)
    line, *rest = _LINE.split(head, maxsplit=1)
    method, url = _request_line(line)
    headers = _headers(rest[0] if rest else "")
    length = headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and len(length) < 10:
        body = body[: int(length)]
    return IndividualRequest(
        id=identifier,
        method=method,
        url=url,
        headers=headers,
        body=body,
        group=change_set,
        fault=_fault(method, change_set),
    )


def _fault(method: str, change_set: str | None) -> Fault | None:
    if change_set is not None and method == "GET":
        return BadRequest("A change set cannot hold a GET: it is for requests that modify data.")
    return method_fault(method)


def _request_line(line: str) -> tuple[str, str]:
    """``PATCH me/profile HTTP/1.1`` to the method and the URL."""
    method, _, rest = line.strip().partition(" ")
    url, _, protocol = rest.strip().rpartition(" ")
    if not protocol.startswith("HTTP/"):
        url = rest
    if not TOKEN.fullmatch(method) or not url.strip():
        raise BadRequest(f"The request line {quoted(line)} of a part is malformed.")
    return method.upper(), url.strip().encode("latin-1").decode("utf-8", errors="replace")

"""Where the URL of an individual request of a batch leads: below the service root, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote, unquote

from openprofile.errors import BadRequest
from openprofile.model.primitives import quoted

BATCH = "$batch"
"""The system resource below a service root that takes batches."""

_RESOURCES = ("$all", "$batch", "$crossjoin", "$entity", "$id", "$metadata", "$root")
_REFERENCE = re.compile(r"/?(?:\$|%24)([^/?#(]+)(.*)", re.DOTALL)
_ABSOLUTE = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\#]")
_SAFE = "!$&'()*+,;=:@/?%[]"
_ENCODED = re.compile(r"[!$&'()*+,;=:@/?%\[\]A-Za-z0-9._~-]*")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


def reference(url: str) -> tuple[str, str] | None:
    """The request identifier that ``url`` begins with, and what follows it, or None.

    ``$1/webUrl`` is ``("1", "/webUrl")``; the names of system resources refer to these (OData
    Protocol 4.01, section 11.7.4).
    """
    found = _REFERENCE.fullmatch(url)
    if found is None or f"${found[1].lower()}" in _RESOURCES:
        return None
    return unquote(found[1]), found[2]


def resolve(
    url: str, *, origin: str, version: str, versions: Collection[str], host: str | None = None
) -> tuple[str, str]:
    """The path and the query, percent-encoded, of what ``url`` names below ``{origin}/{version}``,
    one of the service roots ``versions``.

    It may be relative to the service root, with or without a slash in front as Graph's clients
    write it, begin with the version, or be absolute on ``origin``. Raises BadRequest for one
    that leads elsewhere, and where ``host``, the Host header that came with it, does.
    """
    if not url or _FORBIDDEN.search(url):
        raise BadRequest(
            f"The url {quoted(url)} is malformed; expected a percent-encoded URL without fragment."
        )
    authority = _ABSOLUTE.fullmatch(origin)
    if host is not None and authority is not None and host.lower() != authority[2].lower():
        raise BadRequest(f"The Host {quoted(host)} is not the host of this service.")
    segments, query = _below(url, origin)
    if segments[0].lower() in versions:
        if segments[0].lower() != version:
            raise BadRequest(
                f"The url {quoted(url)} leads to another version than the batch, {version}."
            )
        segments = segments[1:]
    elif _ABSOLUTE.fullmatch(url):
        raise BadRequest(
            f"The url {quoted(url)} leads out of the service root, {origin}/{version}."
        )
    decoded = [unquote(segment) for segment in segments]
    if "." in decoded or ".." in decoded:
        raise BadRequest(f"The url {quoted(url)} has a dot segment; expected a path without any.")
    if decoded[:1] and decoded[0].lower() == BATCH:
        raise BadRequest("A batch cannot hold another batch.")
    return f"/{version}/{'/'.join(segments)}", query


def _below(url: str, origin: str) -> tuple[list[str], str]:
    """The segments of the path from the root of the host, and the query."""
    absolute = _ABSOLUTE.fullmatch(url)
    if absolute is not None and _same(absolute[0][: absolute.start(3)], origin):
        rest = absolute[3]
    elif absolute is not None or url.startswith("//"):
        raise BadRequest(f"The url {quoted(url)} leads to another host; expected one on {origin}.")
    else:
        rest = url
    encoded = rest if _ENCODED.fullmatch(rest) else quote(rest, safe=_SAFE)
    path, _, query = encoded.partition("?")
    return path.removeprefix("/").split("/"), query


def _same(one: str, other: str) -> bool:
    return _comparable(one) == _comparable(other)


def _comparable(origin: str) -> str:
    scheme, _, host = origin.lower().partition("://")
    return f"{scheme}://{host.removesuffix(_DEFAULT_PORT.get(scheme, ' '))}"

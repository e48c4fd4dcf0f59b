"""Hints of the stand-in: where Graph would behave otherwise, and where less would have done.

They come in the header of an answer and in the log of requests. What they say of Graph stands in
docs/parity.md, with its tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from openprofile.http.exchange import Answer, Face, Request
from openprofile.model.facets import FACETS
from openprofile.policy.decision import Trail, current

HEADER = "openprofile-hint"
"""Its hints are divided by bars."""

_UNDOCUMENTED = frozenset({"$search", "$count", "$compute"})
"""The query options that this service takes on a profile, and Graph's pages do not name."""
_ADVANCED = frozenset({"$search", "$count"})
"""Those that take ``ConsistencyLevel: eventual`` in Graph's directory."""


def hinted(face: Face) -> Face:
    """A face that answers as ``face`` does, with hints."""

    async def answer(request: Request) -> Answer:
        found = await face(request)
        trail = current()
        hints = list(_hints(request, found, trail))
        if not hints:
            return found
        if trail is not None:
            trail.hints += hints
        headers = {**found.headers, HEADER: " | ".join(hints)}
        return msgspec.structs.replace(found, headers=headers)

    return answer


def _hints(request: Request, answer: Answer, trail: Trail | None) -> Iterator[str]:
    segments = unquote(request.path).strip("/").split("/")
    options = {unquote(part.partition("=")[0]).lower() for part in request.query.split("&") if part}
    options = {name if name.startswith("$") else f"${name}" for name in options}
    if trail is not None:
        yield from _on_permissions(trail)
    if segments[0] == "openprofile":
        yield "Graph has nothing at this path."
    elif "profile" in segments:
        yield from _on_profile(request, answer, segments, options)
    else:
        yield from _on_directory(request, segments, options)


def _on_permissions(trail: Trail) -> Iterator[str]:
    """Hints on tokens that grant more than the request takes."""
    caller = trail.caller
    if caller is None or (caller.is_administrator and trail.owner != caller.person):
        return  # who acts for others needs what their own would not
    for least in dict.fromkeys(needed.least(caller) for needed in trail.needed):
        if least and caller.permissions.isdisjoint(least):
            held = ", ".join(sorted(caller.permissions))
            yield f"A less privileged permission would do: {' or '.join(least)}, not {held}."


def _on_profile(
    request: Request, answer: Answer, segments: list[str], options: set[str]
) -> Iterator[str]:
    if request.method == "POST" and segments[-1] == "$ref":
        yield "Graph's metadata has no POST to .../$ref here: post to the collection itself."
    if request.method == "POST" and answer.status == 201 and _chose_id(request, answer):
        yield "Graph makes the id of a new item itself; the one that was sent is kept here."
    if request.method == "PUT":
        yield "Graph documents no PUT on a profile: PATCH the item."
    if "if-match" in request.headers or "if-none-match" in request.headers:
        yield "Graph documents no ETags for a profile; the condition is obeyed here."
    others = sorted(options & _UNDOCUMENTED)
    if segments[-1] == "$count":
        others.append("/$count")
    if others:
        yield f"Graph does not document {', '.join(others)} on a profile, and may refuse it."
    if "$top" in options and segments[-1] in FACETS:
        yield (
            "Graph may take $top for the size of a page and link to the next; here it bounds the "
            "whole answer."
        )


def _on_directory(request: Request, segments: list[str], options: set[str]) -> Iterator[str]:
    advanced = sorted(options & _ADVANCED)
    if segments[-1] == "$count":
        advanced.append("/$count")
    if {"$filter", "$orderby"} <= options:
        advanced.append("$orderby with $filter")
    if advanced and request.headers.get("consistencylevel", "").lower() != "eventual":
        yield (
            f"Graph refuses {', '.join(advanced)} without the header 'ConsistencyLevel: eventual', "
            "and takes $count=true with some of it."
        )
    if (
        request.method == "POST"
        and segments[1:] == ["users"]
        and b"passwordProfile" not in (request.body)
    ):
        yield "Graph requires passwordProfile to create a person."


def _chose_id(request: Request, answer: Answer) -> bool:
    """Whether the body of a create named the id that the item has."""
    try:
        sent = msgspec.json.decode(request.body, type=dict[str, object])
    except msgspec.DecodeError:
        return False
    location, chosen = answer.headers.get("Location", ""), sent.get("id")
    return isinstance(chosen, str) and location.lower().endswith(f"/{chosen.lower()}")

"""
A request's path, from text to the resource of the model that it names.

Follows OData 4.01 URL Conventions, section 4, with keys in parentheses and as segments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from openprofile.errors import BadRequest
from openprofile.model.kinds import Entity, Navigation
from openprofile.model.primitives import quoted


class Target(msgspec.Struct, frozen=True):
    """
    What a path names: ``users('a')/profile/interests/$ref`` has the names
    ``("users", "profile", "interests")``, the keys ``("a", None, None)`` and the tail ``$ref``.
    """

    names: tuple[str, ...]
    keys: tuple[str | None, ...]
    kind: type[Entity]
    """The type of the resource, or of the items where it is a collection."""
    collection: bool
    """Whether the path ends at a whole collection."""
    tail: tuple[str, ...]
    """Segments below the resource: a property's path, ``$ref``, ``$count``, ``$value``."""


_SYSTEM_SEGMENTS = ("$ref", "$count", "$value")
_CALL = re.compile(r"([^()]+)\((.*)\)", re.DOTALL)
_NAMED_KEY = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*\s*=\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'\s*", re.DOTALL)
_BARE = re.compile(r"\s*([^\s'\"]+)\s*")


def parse(path: str) -> list[str]:
    """
    The decoded segments of a percent-encoded path; raises BadRequest for one that is empty.

    ``a%2Fb`` is one segment: the path is divided before it is decoded.
    """
    raw = path.removeprefix("/").removesuffix("/").split("/")
    try:
        segments = [unquote(segment, errors="strict") for segment in raw]
    except UnicodeDecodeError as error:
        raise BadRequest("The path's percent-encoded bytes are not UTF-8.") from error
    if "" in segments:
        raise BadRequest("The path has an empty segment: write one '/' between two names.")
    return segments


def bind(segments: list[str], container: Mapping[str, Navigation]) -> Target:
    """
    The resource that ``segments`` name, beginning at an entity container.

    Raises BadRequest, as Graph does, for a segment that the model does not have.
    """
    here: Mapping[str, Navigation] = container
    names: list[str] = []
    keys: list[str | None] = []
    at: Navigation | None = None
    rest = list(segments)
    while rest:
        name, key = _divide(rest[0])
        found = _find(name, here)
        if found is None:
            break
        names.append(found)
        at = here[found]
        here = {} if at.collection else at.target.navigation()
        rest.pop(0)
        if at.collection and key is None and rest and rest[0] not in _SYSTEM_SEGMENTS:
            key = rest.pop(0)
        if key is not None:
            if not at.collection:
                raise BadRequest(f"{quoted(found)} is a single resource and takes no key.")
            here = at.target.navigation()
        keys.append(key)
    if at is None or (rest and not _may_follow(rest[0], at, keys[-1])):
        raise BadRequest(f"Resource not found for the segment {quoted(_divide(rest[0])[0])}.")
    return Target(
        names=tuple(names),
        keys=tuple(keys),
        kind=at.target,
        collection=at.collection and keys[-1] is None,
        tail=tuple(rest),
    )


def _find(name: str, here: Mapping[str, Navigation]) -> str | None:
    """``name`` as the model spells it: exactly, or else whatever its case."""
    if name in here:
        return name
    return next((known for known in here if known.lower() == name.lower()), None)


def _may_follow(segment: str, at: Navigation, key: str | None) -> bool:
    if segment in _SYSTEM_SEGMENTS:
        return True
    whole = at.collection and key is None
    return not whole and segment in _property_names(at.target)


def _property_names(kind: type[Entity]) -> tuple[str, ...]:
    return kind.__struct_encode_fields__


def _divide(segment: str) -> tuple[str, str | None]:
    """A segment's name, and the key in its parentheses if it has any."""
    call = _CALL.fullmatch(segment)
    if call is None:
        return segment, None
    named = _NAMED_KEY.fullmatch(call[2])
    literal = named[1] if named else call[2]
    if found := _QUOTED.fullmatch(literal):
        return call[1], found[1].replace("''", "'")
    if found := _BARE.fullmatch(literal):
        return call[1], found[1]
    raise BadRequest(
        f"The key of {quoted(segment)} is malformed; expected one like {call[1]}('id')."
    )

"""A request's path, from text to the resource of the model that it names.

Follows OData 4.01 URL Conventions, section 4, with keys in parentheses and as segments.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec

from openprofile.errors import BadRequest
from openprofile.model.kinds import Entity, Model, Navigation
from openprofile.model.primitives import quoted
from openprofile.odata.names import find


class Target(msgspec.Struct, frozen=True):
    """What a path names: ``users('a')/profile/interests/$ref`` has the names
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

    def path(self) -> str:
        """The resource's path below the version, percent-encoded, without the tail."""
        return "".join(
            f"/{name}" if key is None else f"/{name}/{quote(key, safe='@')}"
            for name, key in zip(self.names, self.keys, strict=True)
        )


_SYSTEM_SEGMENTS = ("$ref", "$count", "$value")
_CALL = re.compile(r"([^()]+)\((.*)\)", re.DOTALL)
_NAMED_KEY = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'\s*", re.DOTALL)
_BARE = re.compile(r"\s*([^\s'\"]+)\s*")


def parse(path: str) -> list[str]:
    """The decoded segments of a percent-encoded path; raises BadRequest for one that is empty.

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


def bind(segments: list[str], model: Model) -> Target:
    """The resource that ``segments``, of which there is one at least, name in ``model``.

    Raises BadRequest, as Graph does, for a segment that the model does not have.
    """
    here = model.container
    names: list[str] = []
    keys: list[str | None] = []
    at: Navigation | None = None
    rest = list(segments)
    while rest:
        name, key = _divide(rest[0])
        found = find(name, here)
        if found is None:
            break
        names.append(found)
        at = here[found]
        here = {} if at.collection else model.navigation(at.target)
        rest.pop(0)
        if at.collection and key is None and rest and rest[0] not in _SYSTEM_SEGMENTS:
            key = _Key(rest.pop(0))
        if key is not None:
            if not at.collection:
                raise BadRequest(f"{quoted(found)} is a single resource and takes no key.")
            if key.name not in ("id", *at.target.alternate_keys):
                raise BadRequest(f"{quoted(found)} has no key named {quoted(key.name)}.")
            here = model.navigation(at.target)
        keys.append(key.value if key is not None else None)
    if at is None or (rest and not _may_follow(rest[0], at, keys[-1])):
        raise BadRequest(f"Resource not found for the segment {quoted(_divide(rest[0])[0])}.")
    return Target(
        names=tuple(names),
        keys=tuple(keys),
        kind=at.target,
        collection=at.collection and keys[-1] is None,
        tail=tuple(rest),
    )


class _Key(NamedTuple):
    value: str
    name: str = "id"


def _may_follow(segment: str, at: Navigation, key: str | None) -> bool:
    if segment in _SYSTEM_SEGMENTS:
        return True
    whole = at.collection and key is None
    return not whole and segment in _property_names(at.target)


def _property_names(kind: type[Entity]) -> tuple[str, ...]:
    return kind.__struct_encode_fields__


def _divide(segment: str) -> tuple[str, _Key | None]:
    """A segment's name, and the key in its parentheses if it has any."""
    call = _CALL.fullmatch(segment)
    if call is None:
        return segment, None
    named = _NAMED_KEY.fullmatch(call[2])
    name, literal = (named[1], named[2]) if named else ("id", call[2])
    if found := _QUOTED.fullmatch(literal):
        return call[1], _Key(found[1].replace("''", "'"), name)
    if found := _BARE.fullmatch(literal):
        return call[1], _Key(found[1], name)
    raise BadRequest(
        f"The key of {quoted(segment)} is malformed; expected one like {call[1]}('id')."
    )

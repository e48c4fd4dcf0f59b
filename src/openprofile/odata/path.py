"""A request's path, from text to the resource of the model that it names.

Follows OData 4.01 URL Conventions, section 4, with keys in parentheses and as segments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.kinds import Entity, Model, Navigation
from openprofile.model.primitives import quoted
from openprofile.model.shape import Property, Shape, shape
from openprofile.odata.names import find
from openprofile.odata.query.operands import narrowed
from openprofile.odata.query.options import options


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
    """Segments below the resource: a property's path as the model spells it, and then ``$ref``,
    ``$count`` or ``$value``.
    """

    @property
    def property_path(self) -> tuple[str, ...]:
        """The names in the tail, which lead to a property of the resource; empty for none."""
        return self.tail[:-1] if self.suffix else self.tail

    @property
    def suffix(self) -> str:
        """The system segment that the path ends in, or nothing."""
        return self.tail[-1] if self.tail and self.tail[-1].startswith("$") else ""

    @property
    def property(self) -> Property:
        """The property that the tail leads to, where it has a path to one."""
        at, found = shape(self.kind), None
        for name in self.property_path:
            found = at.properties[name]
            at = found.shape or at
        assert found is not None
        return found

    def path(self) -> str:
        """The resource's path below the version, percent-encoded, without the tail."""
        return "".join(
            f"/{name}" if key is None else f"/{name}/{quote(key, safe='@')}"
            for name, key in zip(self.names, self.keys, strict=True)
        )


_SYSTEM_SEGMENTS = ("$ref", "$count", "$value")
_UNSUPPORTED = ("$all", "$crossjoin", "$each", "$entity", "$filter", "$query")
"""System segments of OData that this service does not have."""
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
        segments = [unquote(each, errors="strict") for each in raw] if "%" in path else raw
    except UnicodeDecodeError as error:
        raise BadRequest("The path's percent-encoded bytes are not UTF-8.") from error
    if "" in segments:
        raise BadRequest("The path has an empty segment: write one '/' between two names.")
    return segments


def bind(segments: list[str], model: Model, query: str = "") -> Target:
    """The resource that ``segments``, of which there is one at least, name in ``model``.

    ``query`` is the raw query string, which holds the values of keys that are parameter aliases.
    Raises BadRequest, as Graph does, for a segment that the model does not have or that says
    nothing of what is before it, and NotSupported for one that OData has and this service does not.
    """
    return _bound_as_usual(segments, model) or _bound(segments, model, query)


class _Place(msgspec.Struct, frozen=True, eq=False):
    """Where exact names lead, one below the other."""

    names: tuple[str, ...]
    to: Navigation
    below: Mapping[str, _Place]


@lru_cache(maxsize=8)
def _places(model: Model) -> Mapping[str, _Place]:
    """The places of a model that most requests name; the names of some lead on without end."""

    def below(names: tuple[str, ...], here: Mapping[str, Navigation]) -> dict[str, _Place]:
        if len(names) == _USUAL:
            return {}
        return {
            name: _Place((*names, name), to, below((*names, name), model.navigation(to.target)))
            for name, to in here.items()
        }

    return below((), model.container)


_USUAL = 3
"""Names in ``users/{id}/profile/interests/{id}``."""


def _bound_as_usual(segments: list[str], model: Model) -> Target | None:
    """What ``_bound`` gives for exact names and keys as segments, in a third of the time; None for
    a path in which anything else may stand.
    """
    here, rest = _places(model), iter(segments)
    place, key = None, None
    keys: list[str | None] = []
    for name in rest:
        place = here.get(name)
        if place is None:
            return None
        key = next(rest, None) if place.to.collection else None
        if key is not None and (key[0] == "$" or "." in key):
            return None  # a system segment, or a cast perhaps
        keys.append(key)
        here = place.below
    if place is None:
        return None
    whole = place.to.collection and key is None
    return Target(place.names, tuple(keys), place.to.target, whole, ())


def _bound(segments: list[str], model: Model, query: str) -> Target:
    """What ``bind`` gives, whatever stands in the path."""
    here = model.container
    names: list[str] = []
    keys: list[str | None] = []
    at: Navigation | None = None
    rest = list(segments)
    while rest and not rest[0].startswith("$"):
        name, key = _divide(rest[0])
        found = find(name, here)
        if found is None:
            break
        names.append(found)
        at = here[found]
        here = {} if at.collection else model.navigation(at.target)
        rest.pop(0)
        _pass_casts(rest, at.target)
        if at.collection and key is None and rest and not rest[0].startswith("$"):
            key = _Key(rest.pop(0))
        if key is not None:
            if not at.collection:
                raise BadRequest(f"{quoted(found)} is a single resource and takes no key.")
            if find(key.name, dict.fromkeys(("id", *at.target.alternate_keys))) is None:
                raise BadRequest(f"{quoted(found)} has no key named {quoted(key.name)}.")
            here = model.navigation(at.target)
            _pass_casts(rest, at.target)
        keys.append(None if key is None else _aliased(key.value, query) if key.alias else key.value)
    if rest and rest[0].partition("(")[0].lower() in _UNSUPPORTED:
        raise NotSupported(f"The segment {quoted(rest[0])} is not supported.")
    if at is None:
        raise _nothing(_divide(rest[0])[0])
    whole = at.collection and keys[-1] is None
    return Target(
        names=tuple(names),
        keys=tuple(keys),
        kind=at.target,
        collection=whole,
        tail=_tail(rest, shape(at.target), whole=whole),
    )


def _tail(segments: list[str], of: Shape, *, whole: bool) -> tuple[str, ...]:
    """The segments below a resource, which is a ``whole`` collection or one entity."""
    at: Shape | None = None if whole else of
    found: Property | None = None
    tail: list[str] = []
    for place, segment in enumerate(segments):
        if segment in _SYSTEM_SEGMENTS:
            if place + 1 < len(segments):
                raise _nothing(segments[place + 1])
            if not _applies(segment, found, whole=whole):
                raise BadRequest(f"{segment} does not apply to {_described(found, of, whole)}.")
            tail.append(segment)
        elif at is not None and "." in segment and _is_cast(segment, at):
            continue
        else:
            name = None if at is None else find(segment, at.properties)
            if at is None or name is None:
                raise _nothing(_divide(segment)[0])
            found = at.properties[name]
            at = None if found.collection else found.shape
            tail.append(name)
    return tuple(tail)


def _applies(segment: str, to: Property | None, *, whole: bool) -> bool:
    """Whether a system segment says something of a property, or of the resource itself (None)."""
    match segment:
        case "$ref":
            return to is None
        case "$count":
            return whole if to is None else to.collection
        case _:
            return to is not None and to.shape is None and not to.collection


def _described(found: Property | None, of: Shape, whole: bool) -> str:
    if found is not None:
        return f"the property {found.name}, which is {found.edm_type}"
    return f"a collection of {of.name}" if whole else f"{of.name}, which is an entity"


def _is_cast(segment: str, at: Shape) -> bool:
    """Whether a segment names the type of the complex value before it; it changes nothing."""
    to = narrowed(at.type, segment)
    return to is not None and issubclass(at.type, to)


def _nothing(segment: str) -> BadRequest:
    return BadRequest(f"Resource not found for the segment {quoted(segment)}.")


class _Key(NamedTuple):
    value: str
    name: str = "id"
    alias: bool = False
    """Whether the value is the name of a parameter alias."""


def _aliased(name: str, query: str) -> str:
    """The value that the query gives to the parameter alias ``name``, a literal."""
    literal = dict(options(query).aliases).get(name)
    if literal is None:
        raise BadRequest(
            f"The key {quoted(name)} has no value; expected it in the query, {name}='id'.",
            target=name,
        )
    value = _literal(literal)
    if value is None:
        raise BadRequest(
            f"The key {quoted(name)} is {quoted(literal)}; expected a literal, as in {name}='id'.",
            target=name,
        )
    return value


def _pass_casts(rest: list[str], kind: type[Entity]) -> None:
    """Take from ``rest`` the type that the resource before it is cast to, where it is one that
    ``kind`` is or derives from: the cast changes nothing.
    """
    while rest and "." in rest[0]:
        to = narrowed(kind, rest[0])
        if to is None:
            return
        if not issubclass(kind, to):
            raise NotSupported(f"A cast to the derived type {quoted(rest[0])} is not supported.")
        rest.pop(0)


def _divide(segment: str) -> tuple[str, _Key | None]:
    """A segment's name, and the key in its parentheses if it has any."""
    if "(" not in segment:
        return segment, None
    call = _CALL.fullmatch(segment)
    if call is None:
        return segment, None
    named = _NAMED_KEY.fullmatch(call[2])
    name, literal = (named[1], named[2]) if named else ("id", call[2])
    value = _literal(literal)
    if value is None:
        raise BadRequest(
            f"The key of {quoted(segment)} is malformed; expected one like {call[1]}('id')."
        )
    return call[1], _Key(value, name, alias=literal.lstrip().startswith("@"))


def _literal(text: str) -> str | None:
    """The value of a key, with quotes or, as GUIDs are written, without; None if it is neither."""
    if found := _QUOTED.fullmatch(text):
        return found[1].replace("''", "'")
    found = _BARE.fullmatch(text)
    return found and found[1]

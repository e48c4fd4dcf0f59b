"""Bodies: from JSON text to the model and back, by OData JSON Format 4.01.

Every reader raises BadRequest for text that is not JSON, InvalidPayload, with one detail for each
property at fault, for JSON that does not represent the type, and NotSupported for what OData lets a
body ask for and this service does not do.
"""

from __future__ import annotations

import re
from array import array
from itertools import accumulate
from typing import Any, TypeVar

import msgspec

from openprofile.errors import BadRequest, Detail, InvalidPayload, NotSupported
from openprofile.model.kinds import Entity
from openprofile.model.primitives import (
    JSON,
    UNKNOWN_FUTURE_VALUE,
    Enumeration,
    Primitive,
    decode,
    quoted,
    stored,
)
from openprofile.model.shape import ALIAS, NAMESPACE, Property, Shape, shape
from openprofile.odata.names import hint

E = TypeVar("E", bound=Entity)
Members = dict[str, Any]


class Removal(Members):
    """Changes that take one property away: where what it is a part of is null, nothing changes."""


def read_entity(body: bytes, kind: type[E]) -> E:
    """The entity that a create's body represents.

    Members that the body omits have their defaults. Computed ones may hold what the client sent,
    which the use case overwrites (OData Protocol 4.01, section 11.4.2).
    """
    try:
        return msgspec.json.decode(body, type=kind, dec_hook=decode)
    except msgspec.ValidationError:
        # The typed decoder stops at the first fault and knows no annotations; the sieve below
        # takes the annotations out and finds every fault.
        return entity(_sift(read_members(body), kind, partial=False), kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(body, error) from error


def read_whole(body: bytes, kind: type[E], at: str = "") -> E:
    """The entity that ``body`` represents with every member of it, computed ones too: what the
    service wrote itself, or somebody in its stead. Faults lie below the path ``at``.
    """
    try:
        return msgspec.json.decode(body, type=kind, dec_hook=decode)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sieve = _Sieve(partial=False, computed=True)
        return entity(_sifted(sieve, read_members(body), kind, at), kind)


def read_changes(sent: Members, kind: type[Entity]) -> Members:
    """The members that an update sets, checked, of those that it ``sent``; computed ones and
    annotations are left out.
    """
    found = _sift(sent, kind, partial=True)
    return Removal(found) if isinstance(sent, Removal) else found


def entity_tags(sent: Members) -> tuple[str, ...]:
    """The ETags that a body says its entity was read with, in whichever version's spelling; the
    update holds for no other state of it (Protocol 4.01, section 11.4.1.1).
    """
    found = tuple(sent[name] for name in _ETAGS if name in sent)
    for tag in found:
        if not isinstance(tag, str):
            raise BadRequest(
                f"The ETag in the body is {_describe(tag)}; expected it as it was read, a string.",
                target=next(name for name in _ETAGS if name in sent),
            )
    return found


def merge(stored: Members, changes: Members) -> Members:
    """``stored`` with ``changes`` in place: complex values merge member by member, all other
    values are replaced (OData Protocol 4.01, section 11.4.3). A Removal changes nothing in what is
    null.
    """
    merged = dict(stored)
    for name, value in changes.items():
        before = stored.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            value = merge(before, type(changes)(value))
        elif isinstance(value, dict) and isinstance(changes, Removal):
            continue
        merged[name] = value
    return merged


def members(text: str) -> Members:
    """The members of an entity that ``write`` wrote."""
    found: Members = msgspec.json.decode(text)
    return found


def entity(values: Members, kind: type[E]) -> E:
    """The entity with these members, all of which have been checked."""
    return msgspec.convert(values, kind, dec_hook=stored)


def write(item: Entity) -> str:
    """An entity as JSON text, every member included, no annotations: what the store keeps."""
    return JSON.encode(item).decode()


_ETAGS = ("@odata.etag", "@etag")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _malformed(body: bytes, error: Exception) -> BadRequest:
    if isinstance(error, RecursionError):
        return _too_deep()
    hint = " (is one of its surrogates alone?)" if _SURROGATE.search(body) else ""
    return BadRequest(f"The body is not valid JSON in UTF-8: {error}{hint}.")


def read_members(body: bytes) -> Members:
    """The members of a body that must be a JSON object, not checked any further."""
    _require_shallow(body)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(body, error) from error
    if not isinstance(value, dict):
        raise BadRequest(f"The body must be a JSON object, not {_describe(value)}.")
    return value


def _too_deep() -> BadRequest:
    return BadRequest(
        f"The body is nested too deeply; expected at most {MOST_NESTED} arrays and objects inside "
        "each other."
    )


MOST_NESTED = 32
"""Arrays and objects inside each other in a JSON body."""

_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""How a bracket changes the depth, as a signed byte."""
_ALL_ELSE = bytes(each for each in range(256) if each not in b"[]{}")


def _require_shallow(body: bytes) -> None:
    """Raise BadRequest for JSON with more than MOST_NESTED arrays and objects inside each other.

    Hardly any body opens as many; in one that does, all but the brackets outside of strings is
    left out. Text that is no JSON is for its reader to refuse.
    """
    if body.count(b"[") + body.count(b"{") <= MOST_NESTED:
        return
    outside = b"".join(body.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    depths = accumulate(array("b", outside.translate(_STEPS, _ALL_ELSE)))
    if max(depths, default=0) > MOST_NESTED:
        raise _too_deep()


def _sift(values: Members, kind: type[Entity], *, partial: bool) -> Members:
    return _sifted(_Sieve(partial=partial), values, kind)


def _sifted(sieve: _Sieve, values: Members, kind: type[Entity], at: str = "") -> Members:
    try:
        clean = sieve.complex_value(values, shape(kind), at)
    except _EnoughError:
        raise InvalidPayload(sieve.details) from None
    if sieve.details:
        raise InvalidPayload(sieve.details)
    return clean


MOST_FAULTS = 20
"""Faults of one body that are told; the rest of the body is then not looked at."""


class _EnoughError(Exception):
    """The body has more faults than are told."""


class _Sieve:
    """Walks a value along a shape: what remains is valid, what does not fit is in ``details``."""

    def __init__(self, *, partial: bool, computed: bool = False) -> None:
        self.partial = partial
        self.computed = computed
        """Whether computed members count."""
        self.details: list[Detail] = []

    def complex_value(self, values: Members, at: Shape, path: str) -> Members:
        clean: Members = {}
        for name, value in values.items():
            if "@" in name:
                self._annotation(name, value, at, path)
                continue
            found = at.properties.get(name)
            where = f"{path}{name}"
            if found is None:
                self._fault(where, _unknown(name, at))
            elif found.computed and not self.computed and not self._is_chosen_id(name, value, path):
                continue
            elif found.collection:
                clean[name] = self._collection(value, found, where)
            elif not self._is_absent(value, found):
                clean[name] = self._value(value, found, where, nullable=found.nullable)
        return clean

    def _is_chosen_id(self, name: str, value: Any, path: str) -> bool:
        """A create may carry the id that the client wants; the use case decides about it."""
        return name == "id" and not path and not self.partial and isinstance(value, str)

    def _is_absent(self, value: Any, at: Property) -> bool:
        """An update that sends the sentinel leaves the property as it is (evolvable enums)."""
        return self.partial and value == UNKNOWN_FUTURE_VALUE and issubclass(at.type, Enumeration)

    def _collection(self, value: Any, at: Property, where: str) -> list[Any] | None:
        if value is None and at.nullable:
            return None
        if not isinstance(value, list):
            self._fault(where, f"expected {at.edm_type}, a JSON array, got {_describe(value)}")
            return []
        return [
            self._value(each, at, f"{where}/{index}", nullable=False)
            for index, each in enumerate(value)
        ]

    def _value(self, value: Any, at: Property, where: str, *, nullable: bool) -> Any:
        if value is None and nullable:
            return None
        inner = at.shape
        if inner is not None:
            if isinstance(value, dict):
                return self.complex_value(value, inner, f"{where}/")
            self._fault(where, f"expected {at.edm}, a JSON object, got {_describe(value)}")
            return None
        try:
            if isinstance(value, str) and issubclass(at.type, (Primitive, Enumeration)):
                return at.type.parse(value)
            return msgspec.convert(value, at.bounded, dec_hook=decode)
        except msgspec.ValidationError:
            self._fault(where, f"expected {at.edm}, got {_describe(value)}")
        except ValueError as error:
            self._fault(where, str(error))
        return None

    def _annotation(self, name: str, value: Any, at: Shape, path: str) -> None:
        of, _, term = name.partition("@")
        term = term.removeprefix("odata.")
        if term in (_OF_PROPERTIES if of else _OF_ENTITIES):
            raise NotSupported(
                f"The body has {quoted(name)}; related entities and removals in a body are not "
                "supported, each has a request of its own.",
                target=f"{path}{name}"[:128],
            )
        if of or term != "type":
            return
        if not isinstance(value, str) or not _names(at, value.rpartition("#")[2]):
            self._fault(f"{path}{name}", f"expected '#{at.qualified_name}', got {_describe(value)}")

    def _fault(self, where: str, reason: str) -> None:
        name = where if len(where) <= 128 else where[:127] + "…"
        self.details.append(
            Detail(code="invalidProperty", target=name, message=f"Property '{name}': {reason}.")
        )
        if len(self.details) == MOST_FAULTS:
            raise _EnoughError


_OF_PROPERTIES = ("bind", "delta")
_OF_ENTITIES = ("removed",)
"""The control information that asks for something to be done, of a property and of an entity; to
pass it over would be to do something else (OData JSON Format 4.01, sections 8.4, 8.5 and 15.3)."""


def _names(at: Shape, name: str) -> bool:
    """Whether a name is that of a type, in the metadata or on a page of Graph's."""
    namespace, _, own = name.rpartition(".")
    return namespace in (NAMESPACE, ALIAS) and own in (at.name, *at.type.documented_as)


def _unknown(name: str, at: Shape) -> str:
    known = [found.name for found in at.properties.values() if not found.computed]
    return f"{at.name} has no such property ({hint(name, known)})"


def _describe(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"the string {quoted(value)}"
        case int() | float():
            return f"the number {value!r:.64}"
        case list():
            return "an array"
        case _:
            return "an object"

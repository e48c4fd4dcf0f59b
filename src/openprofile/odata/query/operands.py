"""What operands are: their families, their promotion, and the classes that a name stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.primitives import Enumeration, edm_name
from openprofile.model.shape import ALIAS, NAMESPACE
from openprofile.odata.names import find
from openprofile.odata.query import values
from openprofile.odata.query.functions import double
from openprofile.odata.query.meaning import (
    DECIMAL,
    DOUBLE,
    INSTANT,
    INT64,
    NULL,
    OBJECT,
    Apply,
    Bound,
    Constant,
    Type,
)

K = TypeVar("K")

INTEGERS = frozenset({"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"})
NUMBERS = INTEGERS | {"Edm.Decimal", "Edm.Double", "Edm.Single"}


def qualified(kind: type) -> str:
    return f"{NAMESPACE}.{edm_name(kind)}"


def declared(kind: type) -> type | None:
    """``kind`` if the model declares it, None for what stands for an Edm primitive."""
    return kind if issubclass(kind, (Entity, Complex, Enumeration)) else None


def is_enum(type: Type) -> bool:
    return type.kind is not None and issubclass(type.kind, Enumeration)


def is_structured(type: Type) -> bool:
    if type.edm == OBJECT.edm:
        return True
    return type.kind is not None and not issubclass(type.kind, Enumeration)


def enumeration(name: str) -> type[Enumeration] | None:
    """The enumeration with this name, qualified or not."""
    return _named(Enumeration.__subclasses__(), name)


def structure(name: str) -> type[Entity | Complex] | None:
    """The entity or complex type with this name, qualified or not."""
    return _named([Entity], name) or _named(Complex.__subclasses__(), name)


def _named(kinds: Sequence[type[K]], name: str) -> type[K] | None:
    """That of the classes, or of those derived from them, which the model calls so."""
    qualifier, _, wanted = name.lower().rpartition(".")
    if qualifier not in ("", NAMESPACE, ALIAS):
        return None
    waiting = list(kinds)
    while waiting:
        each = waiting.pop()
        if wanted == edm_name(each).lower():
            return each
        waiting += each.__subclasses__()
    return None


def narrowed(kind: type | None, name: str) -> type | None:
    """The base or derived class of ``kind``, or itself, with this name, qualified or not."""
    if kind is None or not issubclass(kind, (Entity, Complex)):
        return None
    qualifier, _, wanted = name.lower().rpartition(".")
    if qualifier not in ("", NAMESPACE, ALIAS):
        return None
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        if wanted == edm_name(each).lower():
            return each
        waiting += each.__subclasses__()
    for base in kind.__mro__:
        declared_here = issubclass(base, (Entity, Complex)) and base is not Complex
        if declared_here and wanted == edm_name(base).lower():
            return base
    return None


def enum_number(kind: type[Enumeration], text: str) -> int | None:
    """The number of the members, or numbers, in ``text``; None if it is no value of ``kind``."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and not kind.flags:
        return None
    total = 0
    for part in parts:
        member = find(part, kind.members)
        if member is not None:
            total |= kind.members[member]
        elif part.lstrip("-").isascii() and part.removeprefix("-").isdigit() and len(part) < 20:
            total |= int(part)
        else:
            return None
    return total


def enum_text(kind: type[Enumeration], number: int) -> str:
    """The names of the members that make up ``number``, or the number itself."""
    for name, value in kind.members.items():
        if value == number:
            return name
    names = [name for name, value in kind.members.items() if value and number & value == value]
    return ",".join(names) or str(number)


def promoted(types: set[Type]) -> Type:
    """The number type that all are promoted to (section 5.1.1.18)."""
    names = {type.edm for type in types}
    if names & {"Edm.Double", "Edm.Single"}:
        return DOUBLE
    return DECIMAL if "Edm.Decimal" in names else INT64


def convert(value: Bound, to: Type) -> Bound:
    """A number as a value of the type that it is promoted to."""
    change = _CHANGES.get(to.edm)
    if change is None or value.type.edm in change[0]:
        return value
    if isinstance(value, Constant):
        return Constant(to, change[1](value.value))
    return Apply(to, change[1], (value,))


_CHANGES: Mapping[str, tuple[frozenset[str], Callable[[Any], Any]]] = {
    "Edm.Double": (frozenset({"Edm.Double", "Edm.Single", "null"}), double),
    "Edm.Decimal": (frozenset({"Edm.Decimal", "null"}), Decimal),
}
"""By the type that numbers are promoted to: the types that are so already, and the change."""


def converted(numbers: list[Any], to: Type) -> list[Any]:
    return [double(each) if to == DOUBLE and each is not None else each for each in numbers]


def at_midnight(value: Bound) -> Bound:
    """A date as the instant it begins at in UTC."""
    if value.type.edm != "Edm.Date":
        return value
    return Apply(INSTANT, lambda day: values.Instant.of(day * values.DAY), (value,))


def fits(wanted: str, type: Type) -> bool:
    if type == NULL:
        return True
    match wanted:
        case "collection":
            return type.collection
        case "number":
            return type.edm in NUMBERS and not type.collection
        case "integer":
            return type.edm in INTEGERS and not type.collection
    return type.edm == wanted and not type.collection

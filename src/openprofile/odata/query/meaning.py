"""The bound tree: what an expression means for one type, with the type of every node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from openprofile.model.shape import Property
from openprofile.odata.query.search import Match


class Type(msgspec.Struct, frozen=True):
    """The type of a value: an Edm primitive, an enumeration, a complex or an entity type."""

    edm: str
    """Its qualified name, of one member for a collection; ``null`` for null."""
    kind: Any = None
    """The class of the model, None for a type that the model does not declare."""
    collection: bool = False

    def __str__(self) -> str:
        return f"Collection({self.edm})" if self.collection else self.edm

    @property
    def member(self) -> Type:
        """The type of one member of a collection."""
        return Type(self.edm, self.kind)


NULL = Type("null")
BOOLEAN = Type("Edm.Boolean")
STRING = Type("Edm.String")
INT32 = Type("Edm.Int32")
INT64 = Type("Edm.Int64")
DECIMAL = Type("Edm.Decimal")
DOUBLE = Type("Edm.Double")
DATE = Type("Edm.Date")
INSTANT = Type("Edm.DateTimeOffset")
TIME = Type("Edm.TimeOfDay")
DURATION = Type("Edm.Duration")
OBJECT = Type("a JSON object")
"""A complex value that an expression writes down: what it meets decides of which type it is."""


class Bound(msgspec.Struct, frozen=True):
    """Any node; ``type`` is the type of its value, which may be null."""

    type: Type


class Constant(Bound, frozen=True):
    """A value that is known."""

    value: Any


class Slot(Bound, frozen=True):
    """The item, the variable of a lambda, or the current member of a filtered collection."""

    index: int


class Field(Bound, frozen=True):
    """A structural property of a complex or entity value."""

    of: Bound
    property: Property


class Related(Bound, frozen=True):
    """A navigation property of an entity."""

    of: Bound
    name: str


class Narrow(Bound, frozen=True):
    """A value if it is of a class of the model, else null."""

    of: Bound


class Logic(Bound, frozen=True):
    """``and`` or ``or``, three-valued."""

    operator: str
    operands: tuple[Bound, ...]


class Not(Bound, frozen=True):
    operand: Bound


class Compare(Bound, frozen=True):
    """``eq``, ``ne``, ``gt``, ``ge``, ``lt`` or ``le`` of two values that compare in Python."""

    operator: str
    left: Bound
    right: Bound


class In(Bound, frozen=True):
    """Whether a value is a member of a collection."""

    left: Bound
    right: Bound


class Apply(Bound, frozen=True):
    """A function of values; null if any of them is."""

    function: Callable[..., Any]
    arguments: tuple[Bound, ...]
    cost: Callable[..., int] | None = None
    """The steps of work that a call takes, beyond one."""


class Now(Bound, frozen=True):
    """The time of the request."""


class Case(Bound, frozen=True):
    """The value after the first condition that is true, else null."""

    branches: tuple[tuple[Bound, Bound], ...]


class Array(Bound, frozen=True):
    """A collection that the expression lists."""

    items: tuple[Bound, ...]


class Structure(Bound, frozen=True):
    """A JSON object, as it is written."""

    members: tuple[tuple[str, Bound], ...]


class Gathered(Bound, frozen=True):
    """Several values as one tuple: what complex values are compared by."""

    items: tuple[Bound, ...]


class Quantified(Bound, frozen=True):
    """``any`` or ``all`` over a collection; each member stands in ``slot`` in turn."""

    quantifier: str
    of: Bound
    slot: int
    predicate: Bound | None


class Subset(Bound, frozen=True):
    """The members of a collection for which a predicate is true and a search matches."""

    of: Bound
    slot: int
    predicate: Bound | None
    search: Match | None

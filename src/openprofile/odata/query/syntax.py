"""The syntax tree of an expression: what was written, with no model in mind."""

from __future__ import annotations

from typing import Any

import msgspec


class Node(msgspec.Struct, frozen=True, gc=False):
    """Any node; ``at`` is the offset of its first character in the option's text."""

    at: int


class Literal(Node, frozen=True, gc=False):
    """A primitive value, or null."""

    edm: str
    """Its type: ``Edm.Int32``; ``null`` for null."""
    value: Any
    """As ``values`` keeps values of that type."""


class EnumLiteral(Node, frozen=True, gc=False):
    """``Sales.Pattern'Red,Blue'``; one without the prefix is a string literal."""

    type: str
    text: str


class Alias(Node, frozen=True, gc=False):
    """A parameter alias or an annotation, with its ``@``."""

    name: str


class Variable(Node, frozen=True, gc=False):
    """``$it``, ``$this`` or ``$root``."""

    name: str


class Member(Node, frozen=True, gc=False):
    """A name after a path, or at its start: a property, a lambda variable, a computed name."""

    of: Node | None
    name: str


class TypeCast(Node, frozen=True, gc=False):
    """A qualified type name as a segment of a path."""

    of: Node | None
    type: str


class TypeName(Node, frozen=True, gc=False):
    """The type that ``cast`` and ``isof`` are given."""

    name: str
    collection: bool


class Count(Node, frozen=True, gc=False):
    """``/$count``, with its options."""

    of: Node
    filter: Node | None
    search: str | None


class Filtered(Node, frozen=True, gc=False):
    """``/$filter(…)``."""

    of: Node
    predicate: Node


class Keyed(Node, frozen=True, gc=False):
    """A path with a key in parentheses, or an index."""

    of: Node


class Lambda(Node, frozen=True, gc=False):
    """``any`` or ``all``; ``any()`` has neither variable nor predicate."""

    of: Node
    quantifier: str
    variable: str | None
    predicate: Node | None


class Call(Node, frozen=True, gc=False):
    """A function with its arguments, by position or by name."""

    of: Node | None
    name: str
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


class Unary(Node, frozen=True, gc=False):
    """``not`` or ``-``."""

    operator: str
    operand: Node


class Logic(Node, frozen=True, gc=False):
    """Operands joined by ``and``, or by ``or``: a long chain is wide, not deep."""

    operator: str
    operands: tuple[Node, ...]


class Binary(Node, frozen=True, gc=False):
    """Any other operator between two operands, in lower case."""

    operator: str
    left: Node
    right: Node


class Array(Node, frozen=True, gc=False):
    """``[…]``, or the list of an ``in``."""

    items: tuple[Node, ...]


class Object(Node, frozen=True, gc=False):
    """``{…}``."""

    members: tuple[tuple[str, Node], ...]

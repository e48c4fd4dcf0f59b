"""A literal as a value of the type that it meets: members of an enumeration, a duration, the
members of a complex value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.parts import Complex
from openprofile.model.primitives import Enumeration, edm_name, quoted
from openprofile.model.shape import Property, shape
from openprofile.odata.names import find, hint
from openprofile.odata.query import syntax, values
from openprofile.odata.query.meaning import (
    DOUBLE,
    DURATION,
    NULL,
    OBJECT,
    STRING,
    Array,
    Bound,
    Constant,
    Gathered,
    Structure,
    Type,
)
from openprofile.odata.query.operands import NUMBERS, convert, enum_number, qualified
from openprofile.odata.query.structures import compared


class Typed:
    """Reads literals of one option, whose name faults tell."""

    option: str

    def wrong(self, node: syntax.Node, reason: str) -> BadRequest:
        return BadRequest(f"{self.option}, at position {node.at}: {reason}.", target=self._target)

    def unsupported(self, node: syntax.Node, what: str) -> NotSupported:
        return NotSupported(
            f"{self.option}, at position {node.at}: {what} is not supported.", target=self._target
        )

    @property
    def _target(self) -> str:
        return self.option.partition(" ")[0]

    def enum(self, node: syntax.Node, type: Type, text: str) -> Constant:
        """The members that ``text`` names, or numbers, as one value."""
        number = enum_number(type.kind, text)
        if number is None:
            members = ", ".join(type.kind.members)
            raise self.wrong(
                node, f"{quoted(text)} is no value of {type}; expected one of {members}"
            )
        return Constant(type, number)

    def as_enum(self, node: syntax.Node, value: Bound, type: Type) -> Bound:
        """A string literal, or a list of them, as members of the enumeration ``type``."""
        if not isinstance(value, Constant) or value.type.edm != STRING.edm:
            raise self.wrong(
                node, f"only a string literal compares with {type.edm}, this is {value.type}"
            )
        if value.type.collection:
            numbers = [
                None if each is None else self.enum(node, type, each).value for each in value.value
            ]
            return Constant(Type(type.edm, type.kind, collection=True), numbers)
        return self.enum(node, type, value.value)

    def as_duration(self, value: Bound) -> Bound:
        """A string literal may stand for a duration (4.01)."""
        if isinstance(value, Constant) and value.type == STRING:
            try:
                return Constant(DURATION, values.read_duration(value.value))
            except values.NotAValue:
                pass
        return value

    def as_complex(self, node: syntax.Node, value: Bound, kind: type[Complex]) -> Bound:
        """A JSON object as what a value of the complex type ``kind`` is compared by; members that
        are not given are null, or empty.
        """
        if value.type == NULL:
            return value
        if value.type.kind is kind and not value.type.collection:
            return compared(value)
        if not isinstance(value, Structure):
            if value.type.edm == OBJECT.edm:
                raise self.unsupported(node, "a JSON object that an expression makes")
            raise self.wrong(node, f"{value.type} does not compare with {qualified(kind)}")
        properties = shape(kind).properties
        given: dict[str, Bound] = {}
        for name, member in value.members:
            if "@" in name:
                raise self.unsupported(node, f"the annotation {quoted(name)}")
            found = find(name, properties)
            if found is None or found in given:
                reason = "twice" if found else f"not known ({hint(name, properties)})"
                raise self.wrong(node, f"the member {quoted(name)} of {edm_name(kind)} is {reason}")
            given[found] = self._member(node, member, properties[found])
        return Gathered(
            Type(qualified(kind)),
            tuple([given.get(name, _absent(each)) for name, each in properties.items()]),
        )

    def as_complexes(self, node: syntax.Node, value: Bound, kind: type[Complex]) -> Bound:
        """A list of JSON objects, likewise."""
        if not isinstance(value, (Array, Constant)):
            raise self.unsupported(node, f"comparing {value.type} with {qualified(kind)}")
        made = tuple([self.as_complex(node, each, kind) for each in _items(value)])
        return Array(Type(qualified(kind), collection=True), made)

    def _member(self, node: syntax.Node, value: Bound, property: Property) -> Bound:
        if not property.collection:
            return self._single(node, value, property)
        if not value.type.collection:
            raise self._misfit(node, value, property)
        if not isinstance(value, (Array, Constant)):
            raise self.unsupported(node, f"a collection that is not listed, as {property.name}")
        items = [self._single(node, each, property) for each in _items(value)]
        return Gathered(value.type, tuple(items))

    def _single(self, node: syntax.Node, value: Bound, property: Property) -> Bound:
        wanted = Type(property.edm)
        if value.type == NULL:
            return value
        if value.type.collection:
            raise self._misfit(node, value, property)
        if issubclass(property.type, Complex):
            return self.as_complex(node, value, property.type)
        if issubclass(property.type, Enumeration):
            if value.type.edm == property.edm:
                return value
            return self.as_enum(node, value, Type(property.edm, property.type))
        if value.type.edm in NUMBERS and property.edm in NUMBERS:
            return convert(value, DOUBLE) if property.edm == DOUBLE.edm else value
        if value.type == wanted:
            return value
        if isinstance(value, Constant) and value.type == STRING and property.edm in values.READ:
            try:
                return Constant(wanted, values.READ[property.edm](value.value))
            except values.NotAValue as error:
                raise self.wrong(node, f"{property.name}: expected {error.expected}") from error
        raise self._misfit(node, value, property)

    def _misfit(self, node: syntax.Node, value: Bound, property: Property) -> BadRequest:
        return self.wrong(node, f"{property.name} is {property.edm_type}, not {value.type}")


def _items(value: Bound) -> Sequence[Bound]:
    """The members of a list that an expression writes down."""
    if isinstance(value, Array):
        return value.items
    assert isinstance(value, Constant)
    return [Constant(value.type.member if each is not None else NULL, each) for each in value.value]


def _absent(property: Property) -> Bound:
    empty: Any = () if property.collection else None
    return Constant(Type(property.edm), empty)

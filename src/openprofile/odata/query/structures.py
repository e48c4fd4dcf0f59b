"""Complex values and entities as values that compare in Python.

Follows OData URL Conventions 4.01, section 5.1.1.1.1: complex values are equal if all of their
properties are, entities if they are the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.shape import Property, shape
from openprofile.odata.query.evaluate import reader
from openprofile.odata.query.meaning import Apply, Bound, Type

_STEPS = 16
"""Steps of work that one value takes to be made comparable."""


def compared(value: Bound) -> Bound:
    """A complex value, an entity, or a collection of such, as what it is compared by."""
    type = value.type
    made = Type(type.edm, collection=type.collection)
    if not type.collection:
        return Apply(made, _plain, (value,), lambda _: _STEPS)
    return Apply(made, _every, (value,), lambda members: _STEPS * len(members))


def plain_member(property: Property) -> Callable[[Any], Any]:
    """How a property's value becomes what it is compared by."""
    read = reader(property) or _plain
    if property.collection:
        return lambda value: tuple([read(each) for each in value or ()])
    return lambda value: None if value is None else read(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Entity):
        return value.id
    if not isinstance(value, Complex):
        return value
    properties = shape(type(value)).properties.values()
    return tuple([plain_member(each)(getattr(value, each.attribute)) for each in properties])


def _every(values: list[Any]) -> list[Any]:
    return [None if each is None else _plain(each) for each in values]

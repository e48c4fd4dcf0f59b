"""What ``$search`` looks through: the strings of an item that people wrote, folded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.shape import Property, shape
from openprofile.odata.limits import Guard
from openprofile.odata.query.meaning import Type
from openprofile.odata.query.operands import declared
from openprofile.odata.query.search import fold

Gather: TypeAlias = Callable[[Any, Guard], list[str]]


def texts(type: Type) -> Gather:
    """The function that lists the folded Edm.String values of a value of ``type``.

    They are taken from all levels; those that the service sets (ids, authors, sources) are not
    among them: everybody's items would match their own name.
    """

    def gather(value: Any, guard: Guard) -> list[str]:
        found: list[str] = []
        _collect(value, type, found)
        # What is not ASCII is normalized character by character, which takes many times longer.
        guard.spend(sum([len(each) // (64 if each.isascii() else 4) + 1 for each in found]))
        return [fold(each) for each in found]

    return gather


def _collect(value: Any, type: Type, into: list[str]) -> None:
    if value is None:
        return
    if type.edm == "Edm.String":
        into.append(value)
    elif type.kind is not None and issubclass(type.kind, (Entity, Complex)):
        for property in _searched(type.kind):
            held = getattr(value, property.attribute)
            inner = Type(property.edm, declared(property.type))
            if not property.collection:
                _collect(held, inner, into)
            else:
                for each in held or ():  # a collection may have been sent as null
                    _collect(each, inner, into)


def _searched(kind: type[Entity | Complex]) -> list[Property]:
    return [each for each in shape(kind).properties.values() if not each.computed]

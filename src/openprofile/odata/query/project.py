"""``$select`` and ``$compute`` carried out: an item's members to those that the answer shows.

Follows OData Protocol 4.01, sections 11.2.5.1 and 11.2.5.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from openprofile.errors import BadRequest
from openprofile.model.primitives import JSON, Enumeration
from openprofile.odata.query import values
from openprofile.odata.query.evaluate import Evaluate, Frame
from openprofile.odata.query.meaning import Type
from openprofile.odata.query.operands import enum_text

Members = dict[str, Any]

_LARGEST_EXPONENT = 308
"""Of a number that every reader of JSON can read."""


class Arrangement(Protocol):
    """What filters, orders and cuts a collection inside an item: a ``plan.Plan``."""

    def inside(self, members: Sequence[Any], frame: Frame) -> tuple[list[int], int | None]:
        """Which of ``members``, in which order; and how many there were before the cut."""


class Part(msgspec.Struct, frozen=True):
    """What is shown of one selected property."""

    attribute: str
    selection: Selection | None = None
    """What of a complex value; None for all of it."""
    arrangement: Arrangement | None = None
    """Which members of a collection, and in which order; None for all as they are."""


class Computed(msgspec.Struct, frozen=True):
    """A property that ``$compute`` defines."""

    name: str
    type: Type
    evaluate: Evaluate
    steps: int
    """Of work, that one evaluation takes."""


class Selection(msgspec.Struct, frozen=True):
    """What is shown of a complex value or an entity."""

    parts: Mapping[str, Part] | None
    """By name; None for every property."""
    computed: tuple[Computed, ...] = ()
    navigation: frozenset[str] = frozenset()
    """Navigation properties that are selected by name."""
    names: tuple[str, ...] = ()
    """The selection as a context URL lists it; empty for everything."""
    slot: int = 0
    """Where expressions look for the value that the selection is of."""

    @property
    def evaluates(self) -> bool:
        """Whether the typed item is looked at, not its text alone."""
        if self.computed:
            return True
        return any(
            part.arrangement is not None
            or (part.selection is not None and part.selection.evaluates)
            for part in (self.parts or {}).values()
        )

    @property
    def cuts(self) -> bool:
        """Whether all that it does is to leave properties out."""
        return not self.computed and all(
            part.selection is None and part.arrangement is None
            for part in (self.parts or {}).values()
        )

    def project(self, members: Members, item: Any, frame: Frame | None) -> Members:
        """The selected ones of ``members``, in their order, and what is computed.

        ``item`` is the typed value that ``members`` represent, and stands in the frame's first
        slot; both may be None if the selection does not evaluate.
        """
        shown = members
        if self.parts is not None:
            shown = {}
            for name, value in members.items():
                part = self.parts.get(name)
                if part is not None:
                    _show(name, value, part, item, frame, shown)
        if self.computed:
            assert frame is not None
            frame.slots[self.slot] = item
            shown = dict(shown)
            for each in self.computed:
                frame.guard.spend(each.steps)
                value = each.evaluate(frame)
                shown[each.name] = represent(each.type, value, ieee754=frame.ieee754)
        return shown


def _show(name: str, value: Any, part: Part, item: Any, frame: Frame | None, into: Members) -> None:
    held = None if item is None else getattr(item, part.attribute)
    selection = part.selection
    if not isinstance(value, list):
        if selection is not None and value is not None:
            value = selection.project(value, held, frame)
        into[name] = value
        return
    kept: Sequence[int] = range(len(value))
    if part.arrangement is not None:
        assert frame is not None
        assert held is not None
        kept, count = part.arrangement.inside(held, frame)
        if count is not None:
            into[f"{name}{frame.prefix}count"] = str(count) if frame.ieee754 else count
    if selection is None:
        into[name] = [value[index] for index in kept]
    else:
        into[name] = [
            selection.project(value[index], None if held is None else held[index], frame)
            for index in kept
        ]


def represent(type: Type, value: Any, *, ieee754: bool) -> Any:
    """A computed value as msgspec writes it into the answer (JSON Format 4.01, section 7)."""
    if value is None:
        return None
    if type.collection:
        return [represent(type.member, each, ieee754=ieee754) for each in value]
    if type.kind is not None:
        if issubclass(type.kind, Enumeration):
            return enum_text(type.kind, value)
        return msgspec.Raw(JSON.encode(value))
    match type.edm:
        case "Edm.Boolean" | "Edm.String" | "Edm.Int16" | "Edm.Int32" | "Edm.Byte" | "Edm.SByte":
            return value
        case "Edm.Int64":
            return str(value) if ieee754 else value
        case "Edm.Decimal":
            if abs(value.adjusted()) > _LARGEST_EXPONENT:
                raise BadRequest(
                    f"A computed Edm.Decimal has the exponent {value.adjusted()}; expected one "
                    f"between {-_LARGEST_EXPONENT} and {_LARGEST_EXPONENT}."
                )
            text = values.write(type.edm, value)
            return text if ieee754 else msgspec.Raw(text.encode())
        case "Edm.Double" | "Edm.Single":
            return value if abs(value) < float("inf") else values.write(type.edm, value)
    return values.write(type.edm, value)

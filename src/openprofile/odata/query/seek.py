"""What an index can do for a filter: the ranges of values that hold whatever the filter keeps.

Works on bound trees. For strings that an index keeps folded, ``folded`` makes a tree that compares
folded values; what it keeps, and what the ranges hold, then agree.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from openprofile.odata.query import meaning, pattern
from openprofile.odata.query.functions import FUNCTIONS
from openprofile.odata.query.meaning import (
    STRING,
    Apply,
    Bound,
    Compare,
    Constant,
    Field,
    In,
    Logic,
)

LAST = "\U0010ffff"
"""Behind every text that begins with what stands before it."""

FIRST = "\1"
"""Before every text that is not empty."""

(_STARTSWITH,) = {each.function for each in FUNCTIONS["startswith"] if each.takes[0] == STRING.edm}
_CHANGES_CASE = (str.lower, str.upper)


class Reach(NamedTuple):
    """The values of one property from ``low`` to ``high``, both included, by code points."""

    property: str
    low: str
    high: str


class Drive(msgspec.Struct, frozen=True):
    """Where to look for what a filter keeps."""

    reaches: tuple[Reach, ...]
    exact: bool
    """Whether the filter keeps everything that is there."""


def beginning(name: str, text: str) -> Reach:
    """The values of a property that begin with ``text``."""
    return Reach(name, text, text + LAST)


def drive(node: Bound, indexed: Container[str]) -> Drive | None:
    """Where a filter's items are, by properties that are ``indexed``; None if they may be
    anywhere.

    Of a navigation property that leads to one entity, the empty text stands for nowhere.
    """
    match node:
        case Logic(operator="and", operands=operands):
            found = [each for each in (drive(one, indexed) for one in operands) if each]
            best = min(found, key=_width, default=None)
            return best and Drive(best.reaches, exact=False)
        case Logic(operands=operands):
            every = [drive(one, indexed) for one in operands]
            known = [each for each in every if each is not None]
            if len(known) < len(every):
                return None
            return _together(known)
        case Compare() if (reference := _reference(node)) is not None:
            return _referred(node.operator, reference, indexed)
        case Compare(operator=operator, left=left, right=right):
            return _compared(operator, left, right, indexed)
        case In(left=left, right=Constant(value=list(values))):
            name = _name(left, indexed)
            if name is None or not all(isinstance(each, str) for each in values):
                return None
            return _together(
                [Drive((Reach(name, each, each),), exact=bool(each)) for each in values]
            )
        case Apply(function=function, arguments=(left, Constant(value=str(text)))):
            name = _name(left, indexed)
            if function is not _STARTSWITH or name is None:
                return None
            return Drive((beginning(name, text),), exact=bool(text))
    return None


def merged(reaches: Sequence[Reach]) -> tuple[Reach, ...]:
    """The same values in reaches that do not meet: by property as it came, then by value."""
    done: list[Reach] = []
    for name in dict.fromkeys(each.property for each in reaches):
        for each in sorted(each for each in reaches if each.property == name):
            if done and done[-1].property == name and each.low <= done[-1].high:
                done[-1] = Reach(name, done[-1].low, max(done[-1].high, each.high))
            else:
                done.append(each)
    return tuple(done)


def folded(node: Bound, fold: Callable[[str], str]) -> Bound:
    """``node`` for items whose strings are folded: its own strings folded too.

    ``tolower`` and ``toupper`` say nothing then. Raises ValueError with the name of a function
    that cannot be used so.
    """
    match node:
        case Constant(type=kind, value=value) if kind.edm == STRING.edm:
            return Constant(kind, _folded_value(value, fold))
        case Apply(function=function, arguments=(only,)) if function in _CHANGES_CASE:
            return folded(only, fold)
        case Apply(function=pattern.matches):
            raise ValueError("matchesPattern")
        case Compare() if _reference(node) is not None:
            return node  # whether it leads anywhere does not depend on case
        case meaning.Related():
            raise ValueError(node.name)
    changed = {name: _folded_part(getattr(node, name), fold) for name in node.__struct_fields__}
    return msgspec.structs.replace(node, **changed)


def properties(node: Bound) -> set[str]:
    """The names of all properties that an expression looks at, of the item or of what is in it."""
    found = {node.property.name} if isinstance(node, Field) else set()
    if isinstance(node, meaning.Related):
        found.add(node.name)
    for name in node.__struct_fields__:
        for inner in _bound(getattr(node, name)):
            found |= properties(inner)
    return found


def _bound(part: Any) -> Iterator[Bound]:
    if isinstance(part, Bound):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from _bound(each)


def _folded_part(part: Any, fold: Callable[[str], str]) -> Any:
    if isinstance(part, Bound):
        return folded(part, fold)
    if isinstance(part, tuple):
        return tuple([_folded_part(each, fold) for each in part])
    return part


def _folded_value(value: Any, fold: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_folded_value(each, fold) for each in value]
    return fold(value) if isinstance(value, str) else value


def _reference(node: Compare) -> str | None:
    """The navigation property of the item itself that is, or is not, null; None for another
    comparison.
    """
    for one, other in ((node.left, node.right), (node.right, node.left)):
        match node.operator, one, other:
            case "eq" | "ne", meaning.Related(of=meaning.Slot(index=0), name=name), Constant(
                value=None
            ):
                return name
    return None


def _referred(operator: str, name: str, indexed: Container[str]) -> Drive | None:
    if name not in indexed:
        return None
    nowhere, anywhere = Reach(name, "", ""), Reach(name, FIRST, LAST)
    return Drive((nowhere if operator == "eq" else anywhere,), exact=True)


def _compared(operator: str, left: Bound, right: Bound, indexed: Container[str]) -> Drive | None:
    if isinstance(left, Constant):
        left, right = right, left
        operator = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}.get(operator, operator)
    name = _name(left, indexed)
    if name is None or not isinstance(right, Constant) or not isinstance(right.value, str):
        return None
    text = right.value
    match operator:
        case "eq":
            return Drive((Reach(name, text, text),), exact=bool(text))
        case "ge" | "gt":
            return Drive((Reach(name, text, LAST),), exact=False)
        case "le" | "lt":
            return Drive((Reach(name, "", text),), exact=False)
    return None


def _name(node: Bound, indexed: Container[str]) -> str | None:
    """The name of an indexed property of the item itself."""
    if isinstance(node, Field) and isinstance(node.of, meaning.Slot) and node.of.index == 0:
        found = node.property
        return found.name if found.name in indexed and not found.collection else None
    return None


def _together(drives: Sequence[Drive]) -> Drive:
    reaches = tuple(each for one in drives for each in one.reaches)
    return Drive(
        merged(reaches),
        exact=all(one.exact for one in drives) and len({each.property for each in reaches}) <= 1,
    )


def _width(found: Drive) -> tuple[int, int]:
    """How much an index has to read, as far as can be told: single values, few beginnings."""
    return sum(each.low != each.high for each in found.reaches), len(found.reaches)

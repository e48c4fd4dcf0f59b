"""A bound tree to a Python function of one item, with OData's three-valued logic.

True, False and None stand for true, false and null. Nulls follow OData URL Conventions 4.01,
sections 5.1.1.1 and 5.1.1.2: ``eq`` and ``ne`` always tell true from false, an order comparison
with a null is false (but ``ge`` and ``le`` of two nulls are true), ``and``, ``or`` and ``not``
are Kleene's, and a function, an arithmetic operator or ``has`` of a null is null.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from openprofile.errors import NotSupported
from openprofile.model.primitives import Enumeration, Primitive
from openprofile.model.shape import Property
from openprofile.odata.limits import Guard
from openprofile.odata.query import meaning, values
from openprofile.odata.query.meaning import Bound
from openprofile.odata.query.texts import texts

OUTER = 2
"""The slots below those of lambdas: the item, and a member of one of its collections."""


class Navigate(Protocol):
    """Follows a navigation property: an entity to one related entity, None, or a list of many."""

    def __call__(self, entity: Any, name: str, /) -> Any: ...


class Frame:
    """What an evaluation may look at: the values in scope, the time, and what it has used up; and
    how what it gives is written down.
    """

    __slots__ = ("guard", "ieee754", "navigate", "now", "prefix", "slots")

    def __init__(
        self,
        guard: Guard,
        now: int,
        navigate: Navigate | None = None,
        *,
        ieee754: bool = False,
        prefix: str = "@odata.",
    ) -> None:
        self.slots: list[Any] = [None] * (OUTER + guard.limits.lambdas)
        self.guard = guard
        self.now = now
        """100-nanosecond ticks since 1970-01-01T00:00:00Z."""
        self.navigate = navigate
        self.ieee754 = ieee754
        """Whether Int64 and Decimal values are strings."""
        self.prefix = prefix
        """What the names of control information begin with."""


Evaluate: TypeAlias = Callable[[Frame], Any]


def evaluator(node: Bound) -> Evaluate:
    """The function that computes the value of a bound tree from what stands in a frame's slots."""
    return _COMPILERS[type(node)](node)


def weight(node: Bound) -> int:
    """The steps of work that one evaluation takes; what a lambda repeats counts for itself."""
    return 1 + sum(weight(each) for each in _children(node))


def navigates(node: Bound) -> bool:
    """Whether an evaluation follows a navigation property."""
    if isinstance(node, meaning.Related):
        return True
    inner = getattr(node, "predicate", None)
    return any(navigates(each) for each in _children(node)) or (
        inner is not None and navigates(inner)
    )


def _children(node: Bound) -> list[Bound]:
    """The nodes that are evaluated once with ``node``: all below it but a lambda's predicate."""
    found: list[Bound] = []
    for name in node.__struct_fields__:
        held = getattr(node, name)
        if isinstance(held, Bound) and name != "predicate":
            found.append(held)
        elif isinstance(node, meaning.Case) and name == "branches":
            found += [each for branch in node.branches for each in branch]
        elif isinstance(held, tuple):
            found += [each for each in held if isinstance(each, Bound)]
    return found


def reader(property: Property) -> Callable[[Any], Any] | None:
    """How a value of the model becomes one to compute with; None if it is one."""
    if issubclass(property.type, Enumeration):
        return operator.attrgetter("number")
    if issubclass(property.type, Primitive):
        return _read(property.edm)
    return None


@lru_cache
def _read(edm: str) -> Callable[[str], Any]:
    """Reads stored text; the values of a collection are read again with every request."""
    return lru_cache(maxsize=4096)(values.READ[edm])


def _constant(node: meaning.Constant) -> Evaluate:
    value = node.value
    return lambda _: value


def _slot(node: meaning.Slot) -> Evaluate:
    index = node.index
    return lambda frame: frame.slots[index]


def _field(node: meaning.Field) -> Evaluate:
    attribute, read = node.property.attribute, reader(node.property)
    plain = _held(node.of, attribute)

    def many(frame: Frame) -> Any:
        """The members, of nothing none: a collection is never null."""
        found = plain(frame) or []
        return found if read is None else [read(each) for each in found]

    if node.property.collection:
        return many
    if read is None:
        return plain
    convert = read

    def single(frame: Frame) -> Any:
        value = plain(frame)
        return None if value is None else convert(value)

    return single


def _held(of: Bound, attribute: str) -> Evaluate:
    """What an attribute holds, of null null."""
    if isinstance(of, meaning.Slot):  # nearly always: a call less for every value
        index = of.index

        def of_slot(frame: Frame) -> Any:
            value = frame.slots[index]
            return None if value is None else getattr(value, attribute)

        return of_slot
    inner = evaluator(of)

    def of_any(frame: Frame) -> Any:
        value = inner(frame)
        return None if value is None else getattr(value, attribute)

    return of_any


def _related(node: meaning.Related) -> Evaluate:
    inner, name = evaluator(node.of), node.name

    def follow(frame: Frame) -> Any:
        if frame.navigate is None:
            raise NotSupported(f"{name}: navigation in an expression is not supported here.")
        entity = inner(frame)
        if entity is None:
            return [] if node.type.collection else None
        return frame.navigate(entity, name)

    return follow


def _narrow(node: meaning.Narrow) -> Evaluate:
    inner, kind = evaluator(node.of), node.type.kind
    if node.type.collection:
        return lambda frame: [each for each in inner(frame) if isinstance(each, kind)]

    def single(frame: Frame) -> Any:
        value = inner(frame)
        return value if isinstance(value, kind) else None

    return single


def _logic(node: meaning.Logic) -> Evaluate:
    operands = [evaluator(each) for each in node.operands]
    decides = node.operator == "or"

    def decide(frame: Frame) -> Any:
        found: Any = not decides
        for operand in operands:
            value = operand(frame)
            if value is decides:
                return decides
            if value is None:
                found = None
        return found

    return decide


def _not(node: meaning.Not) -> Evaluate:
    inner = evaluator(node.operand)

    def negate(frame: Frame) -> Any:
        value = inner(frame)
        return None if value is None else not value

    return negate


_ORDER = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}


def _compare(node: meaning.Compare) -> Evaluate:
    left, right = evaluator(node.left), evaluator(node.right)
    if node.operator == "eq":
        if isinstance(node.right, meaning.Constant):
            known = node.right.value
            return lambda frame: left(frame) == known
        return lambda frame: left(frame) == right(frame)
    if node.operator == "ne":
        return lambda frame: left(frame) != right(frame)
    compare = _ORDER[node.operator]
    both_null = node.operator in ("ge", "le")

    def ordered(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        if one is None or other is None:
            return both_null and one is other
        return bool(compare(one, other))

    return ordered


def _in(node: meaning.In) -> Evaluate:
    left, right = evaluator(node.left), evaluator(node.right)
    if isinstance(node.right, meaning.Constant):
        known = frozenset(node.right.value)
        return lambda frame: left(frame) in known

    def contained(frame: Frame) -> Any:
        members = right(frame)
        if members is None:
            return None
        frame.guard.spend(len(members))
        return left(frame) in members

    return contained


def _apply(node: meaning.Apply) -> Evaluate:
    function, cost = node.function, node.cost
    arguments = [evaluator(each) for each in node.arguments]
    if len(arguments) == 1 and cost is None:
        only = arguments[0]

        def one(frame: Frame) -> Any:
            value = only(frame)
            return None if value is None else function(value)

        return one
    if len(arguments) == 2:
        return _apply_to_two(node, *arguments)

    def apply(frame: Frame) -> Any:
        given = []
        for argument in arguments:
            value = argument(frame)
            if value is None:
                return None
            given.append(value)
        if cost is not None:
            frame.guard.spend(cost(*given))
        return function(*given)

    return apply


def _apply_to_two(node: meaning.Apply, first: Evaluate, second: Evaluate) -> Evaluate:
    """What ``_apply`` does for any number, without a list."""
    function, cost = node.function, node.cost

    def apply(frame: Frame) -> Any:
        left = first(frame)
        if left is None:
            return None
        right = second(frame)
        if right is None:
            return None
        if cost is not None:
            frame.guard.spend(cost(left, right))
        return function(left, right)

    return apply


def _now(node: meaning.Now) -> Evaluate:
    return lambda frame: values.Instant.of(frame.now * values.TICK)


def _case(node: meaning.Case) -> Evaluate:
    branches = [(evaluator(condition), evaluator(value)) for condition, value in node.branches]

    def choose(frame: Frame) -> Any:
        for condition, value in branches:
            if condition(frame) is True:
                return value(frame)
        return None

    return choose


def _array(node: meaning.Array) -> Evaluate:
    items = [evaluator(each) for each in node.items]
    return lambda frame: [each(frame) for each in items]


def _structure(node: meaning.Structure) -> Evaluate:
    raise NotSupported("A JSON object is supported in eq, ne and in, beside a complex value.")


def _gathered(node: meaning.Gathered) -> Evaluate:
    items = [evaluator(each) for each in node.items]
    return lambda frame: tuple([each(frame) for each in items])


def _quantified(node: meaning.Quantified) -> Evaluate:
    inner, slot = evaluator(node.of), node.slot
    if node.predicate is None:
        return lambda frame: bool(inner(frame))
    predicate, steps = evaluator(node.predicate), weight(node.predicate)
    decides = node.quantifier == "any"

    def quantify(frame: Frame) -> Any:
        members = inner(frame)
        if members is None:
            return None
        frame.guard.spend(steps * len(members))
        slots = frame.slots
        for member in members:
            slots[slot] = member
            if (predicate(frame) is True) is decides:
                return decides
        return not decides

    return quantify


def _subset(node: meaning.Subset) -> Evaluate:
    inner, slot, match = evaluator(node.of), node.slot, node.search
    predicate = None if node.predicate is None else evaluator(node.predicate)
    steps = 1 if node.predicate is None else weight(node.predicate)
    gather = texts(node.type.member)

    def select(frame: Frame) -> Any:
        members = inner(frame)
        if members is None:
            return None
        frame.guard.spend(steps * len(members))
        found = []
        for member in members:
            frame.slots[slot] = member
            if predicate is not None and predicate(frame) is not True:
                continue
            if match is None or match(gather(member, frame.guard)):
                found.append(member)
        return found

    return select


_COMPILERS: dict[type[Bound], Callable[[Any], Evaluate]] = {
    meaning.Apply: _apply,
    meaning.Array: _array,
    meaning.Case: _case,
    meaning.Compare: _compare,
    meaning.Constant: _constant,
    meaning.Field: _field,
    meaning.Gathered: _gathered,
    meaning.In: _in,
    meaning.Logic: _logic,
    meaning.Narrow: _narrow,
    meaning.Not: _not,
    meaning.Now: _now,
    meaning.Quantified: _quantified,
    meaning.Related: _related,
    meaning.Slot: _slot,
    meaning.Structure: _structure,
    meaning.Subset: _subset,
}

"""What the evaluation of a bound tree needs: the values in scope, how they are read, what it costs.

True, False and None stand for true, false and null. Nulls follow OData URL Conventions 4.01,
sections 5.1.1.1 and 5.1.1.2: ``eq`` and ``ne`` always tell true from false, an order comparison
with a null is false (but ``ge`` and ``le`` of two nulls are true), ``and``, ``or`` and ``not``
are Kleene's, and a function, an arithmetic operator or ``has`` of a null is null.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from openprofile.model.primitives import Enumeration, Primitive
from openprofile.model.shape import Property
from openprofile.odata.limits import Guard
from openprofile.odata.query import meaning, values
from openprofile.odata.query.meaning import Bound

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
"""Computes a value from what stands in the slots."""
EvaluateEach: TypeAlias = Callable[[Frame, Sequence[Any]], list[Any]]
"""Computes a value from each of many items."""


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

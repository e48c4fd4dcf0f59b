"""A bound tree to the Python function that computes its value: one function for the whole of it.

A closure for each node would spend most of its time on calls. So each node writes lines of source
instead, and what they leave behind is a name. Nothing that was sent stands in the source: constants
and functions are held aside under names of their own. Expressions that differ in their constants
alone have the same source, which is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any, Self

from openprofile.errors import NotSupported
from openprofile.odata.query import meaning, values
from openprofile.odata.query.evaluate import Evaluate, EvaluateEach, Frame, reader, weight
from openprofile.odata.query.meaning import Bound
from openprofile.odata.query.texts import texts

_DEEPEST = 16
"""Levels of indentation, after which a node gets a function of its own: Python allows a hundred."""
_UNTOLD = 1024
"""Steps of work that a function counts by itself at most before it tells the guard."""
_LONGEST_KEPT = 32_768
"""Characters of the longest source that is kept compiled."""


def evaluator(node: Bound) -> Evaluate:
    """The function that computes the value of a bound tree from what stands in a frame's slots.

    It follows the three-valued logic that ``evaluate`` describes.
    """
    function: Evaluate = _Writer().function(node)
    return function


def evaluator_of_each(node: Bound, slot: int) -> EvaluateEach:
    """The same for many items, each of which is to stand in ``slot``."""
    function: EvaluateEach = _Writer(slot).function(node)
    return function


def _compile(source: str) -> CodeType:
    return compile(source, "<expression>", "exec")


_compiled = lru_cache(maxsize=256)(_compile)


class _Writer:
    """The source of one function as it grows: of what stands in a frame's slots, or with ``slot``
    of each of many items that are to stand there.
    """

    def __init__(self, slot: int | None = None) -> None:
        self._held: dict[str, Any] = {}
        """What the function takes from outside, by name."""
        self._lines: list[str] = []
        self._depth = 1
        self._names = 0
        self._members: dict[int, str] = {}
        """The names of the slots that loops fill."""
        self._given: set[int] = set()
        """The slots that are filled before."""
        self._slot = slot

    def function(self, node: Bound) -> Any:
        """The function that computes a node."""
        if self._slot is None:
            parameters, result = "frame", self.value(node)
        else:
            parameters, result = "frame, items", "found"
            self.line("found = []")
            with self.each("items", self._slot):
                self.line(f"found.append({self.value(node)})")
        source = "\n".join(
            [
                f"def evaluate({parameters}):",
                " used = 0",
                " slots = frame.slots",
                *[f" s{slot} = slots[{slot}]" for slot in sorted(self._given)],
                *self._lines,
                " frame.guard.spend(used)",
                f" return {result}",
            ]
        )
        exec(  # noqa: S102 - of what was sent, nothing stands in the source
            _compiled(source) if len(source) <= _LONGEST_KEPT else _compile(source), self._held
        )
        return self._held["evaluate"]

    def value(self, node: Bound) -> str:
        """Write what computes a node, and name its value."""
        if self._depth > _DEEPEST:
            return self.new(f"{self.hold(evaluator(node))}(frame)")
        return _WRITERS[type(node)](self, node)

    def hold(self, value: Any) -> str:
        """A name for a value from outside."""
        name = f"k{len(self._held)}"
        self._held[name] = value
        return name

    def new(self, expression: str) -> str:
        """A new name for what an expression gives."""
        self._names += 1
        name = f"v{self._names}"
        self.line(f"{name} = {expression}")
        return name

    def line(self, text: str) -> None:
        self._lines.append(f"{' ' * self._depth}{text}")

    def block(self, head: str) -> Self:
        """What is written ``with`` it stands below ``head``."""
        self.line(f"{head}:")
        return self

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1

    def spend(self, steps: str) -> None:
        """Count steps of work before they are done."""
        self.line(f"used += {steps}")
        with self.block(f"if used > {_UNTOLD}"):
            self.line("frame.guard.spend(used)")
            self.line("used = 0")

    def slot(self, index: int) -> str:
        """The name of what stands in a slot."""
        if index in self._members:
            return self._members[index]
        self._given.add(index)
        return f"s{index}"

    def each(self, members: str, slot: int) -> Self:
        """As ``block``, a loop whose members stand in a slot in turn, until ``forget``."""
        self._names += 1
        name = self._members[slot] = f"m{self._names}"
        self.line(f"for {name} in {members}:")
        self._lines.append(f"{' ' * (self._depth + 1)}slots[{slot}] = {name}")
        return self

    def forget(self, slot: int) -> None:
        """The loop is over."""
        del self._members[slot]


def _constant(write: _Writer, node: meaning.Constant) -> str:
    if node.value is None or node.value is True or node.value is False:
        return str(node.value)
    return write.hold(node.value)


def _slot(write: _Writer, node: meaning.Slot) -> str:
    return write.slot(node.index)


def _field(write: _Writer, node: meaning.Field) -> str:
    of, read = write.value(node.of), reader(node.property)
    plain = write.new(f"None if {of} is None else {of}.{node.property.attribute}")
    if node.property.collection:  # of nothing none: a collection is never null
        many = write.new(f"{plain} or []")
        return many if read is None else write.new(f"[{write.hold(read)}(x) for x in {many}]")
    if read is None:
        return plain
    return write.new(f"None if {plain} is None else {write.hold(read)}({plain})")


def _related(write: _Writer, node: meaning.Related) -> str:
    empty: Any = [] if node.type.collection else None

    def follow(frame: Frame, entity: Any) -> Any:
        if frame.navigate is None:
            raise NotSupported(f"{node.name}: navigation in an expression is not supported here.")
        return empty if entity is None else frame.navigate(entity, node.name)

    of = write.value(node.of)
    return write.new(f"{write.hold(follow)}(frame, {of})")


def _narrow(write: _Writer, node: meaning.Narrow) -> str:
    of, kind = write.value(node.of), write.hold(node.type.kind)
    if node.type.collection:
        return write.new(f"[x for x in {of} if isinstance(x, {kind})]")
    return write.new(f"{of} if isinstance({of}, {kind}) else None")


def _logic(write: _Writer, node: meaning.Logic) -> str:
    decides, other = ("True", "False") if node.operator == "or" else ("False", "True")
    first, *rest = node.operands
    found = write.new(write.value(first))
    for operand in rest:
        with write.block(f"if {found} is not {decides}"):
            value = write.value(operand)
            with write.block(f"if {value} is not {other}"):
                write.line(f"{found} = {value}")
    return found


def _not(write: _Writer, node: meaning.Not) -> str:
    value = write.value(node.operand)
    return write.new(f"None if {value} is None else not {value}")


_OPERATORS = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def _compare(write: _Writer, node: meaning.Compare) -> str:
    left, right = write.value(node.left), write.value(node.right)
    compared = f"{left} {_OPERATORS[node.operator]} {right}"
    if node.operator in ("eq", "ne"):
        return write.new(compared)
    of_null = f"{left} is {right}" if node.operator in ("ge", "le") else "False"
    return write.new(f"{of_null} if {left} is None or {right} is None else {compared}")


def _in(write: _Writer, node: meaning.In) -> str:
    left = write.value(node.left)
    if isinstance(node.right, meaning.Constant):
        return write.new(f"{left} in {write.hold(frozenset(node.right.value))}")
    members = write.value(node.right)
    found = write.new("None")
    with write.block(f"if {members} is not None"):
        write.spend(f"len({members})")
        write.line(f"{found} = {left} in {members}")
    return found


def _apply(write: _Writer, node: meaning.Apply) -> str:
    found = write.new("None")
    _apply_to(write, node, found, [])
    return found


def _apply_to(write: _Writer, node: meaning.Apply, found: str, given: list[str]) -> None:
    """Give ``found`` its value, if no argument after those ``given`` is null."""
    if len(given) == len(node.arguments):
        arguments = ", ".join(given)
        if node.cost is not None:
            write.spend(f"{write.hold(node.cost)}({arguments})")
        write.line(f"{found} = {write.hold(node.function)}({arguments})")
        return
    argument = node.arguments[len(given)]
    given = [*given, write.value(argument)]
    if isinstance(argument, meaning.Constant) and argument.value is not None:
        _apply_to(write, node, found, given)
        return
    with write.block(f"if {given[-1]} is not None"):
        _apply_to(write, node, found, given)


def _now(write: _Writer, node: meaning.Now) -> str:
    return write.new(f"{write.hold(values.Instant.of)}(frame.now * {values.TICK})")


def _case(write: _Writer, node: meaning.Case) -> str:
    found, open_yet = write.new("None"), write.new("True")
    for condition, value in node.branches:
        with write.block(f"if {open_yet}"):
            holds = write.value(condition)
            with write.block(f"if {holds} is True"):
                write.line(f"{open_yet} = False")
                write.line(f"{found} = {write.value(value)}")
    return found


def _array(write: _Writer, node: meaning.Array) -> str:
    return write.new(f"[{', '.join([write.value(each) for each in node.items])}]")


def _structure(write: _Writer, node: meaning.Structure) -> str:
    raise NotSupported("A JSON object is supported in eq, ne and in, beside a complex value.")


def _gathered(write: _Writer, node: meaning.Gathered) -> str:
    return write.new(f"({''.join([f'{write.value(each)}, ' for each in node.items])})")


def _quantified(write: _Writer, node: meaning.Quantified) -> str:
    members = write.value(node.of)
    if node.predicate is None:
        return write.new(f"bool({members})")
    found = write.new("None")
    meets = "is True" if node.quantifier == "any" else "is not True"
    with write.block(f"if {members} is not None"):
        write.spend(f"{weight(node.predicate)} * len({members})")
        write.line(f"{found} = {node.quantifier != 'any'}")
        with write.each(members, node.slot):
            holds = write.value(node.predicate)
            with write.block(f"if {holds} {meets}"):
                write.line(f"{found} = {node.quantifier == 'any'}")
                write.line("break")
        write.forget(node.slot)
    return found


def _subset(write: _Writer, node: meaning.Subset) -> str:
    members = write.value(node.of)
    steps = 1 if node.predicate is None else weight(node.predicate)
    found = write.new("None")
    with write.block(f"if {members} is not None"):
        write.spend(f"{steps} * len({members})")
        write.line(f"{found} = []")
        with write.each(members, node.slot):
            if node.predicate is not None:
                holds = write.value(node.predicate)
                with write.block(f"if {holds} is not True"):
                    write.line("continue")
            member = write.slot(node.slot)
            if node.search is not None:
                gather, match = write.hold(texts(node.type.member)), write.hold(node.search)
                with write.block(f"if not {match}({gather}({member}, frame.guard))"):
                    write.line("continue")
            write.line(f"{found}.append({member})")
        write.forget(node.slot)
    return found


_WRITERS: dict[type[Bound], Callable[[_Writer, Any], str]] = {
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

"""The operators between two bound operands: what fits together, and what is computed."""

from __future__ import annotations

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.primitives import quoted
from openprofile.odata.query import syntax, values
from openprofile.odata.query.functions import ARITHMETIC, TEMPORAL
from openprofile.odata.query.meaning import (
    BOOLEAN,
    DECIMAL,
    DURATION,
    NULL,
    STRING,
    Apply,
    Bound,
    Compare,
    Constant,
    In,
    Type,
)
from openprofile.odata.query.operands import (
    INTEGERS,
    NUMBERS,
    at_midnight,
    convert,
    converted,
    enum_number,
    is_enum,
    is_structured,
    promoted,
)


class Operators:
    """Binds binary operators of one option, whose name faults tell."""

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

    def operation(self, node: syntax.Binary, left: Bound, right: Bound) -> Bound:
        """What ``node`` means, given its bound operands."""
        if node.operator in ARITHMETIC:
            return self._arithmetic(node, left, right)
        if node.operator == "in":
            return self._in(node, left, right)
        if node.operator == "has":
            return self._has(node, left, right)
        left, right = self._comparable(node, left, right)
        return Compare(BOOLEAN, node.operator, left, right)

    def enum(self, node: syntax.Node, type: Type, text: str) -> Constant:
        """The members that ``text`` names, or numbers, as one value."""
        number = enum_number(type.kind, text)
        if number is None:
            members = ", ".join(type.kind.members)
            raise self.wrong(
                node, f"{quoted(text)} is no value of {type}; expected one of {members}"
            )
        return Constant(type, number)

    def _arithmetic(self, node: syntax.Binary, left: Bound, right: Bound) -> Bound:
        one, other = left.type, right.type
        if not (one.collection or other.collection):
            if NULL in (one, other):
                return Constant(NULL, None)
            if one.edm in NUMBERS and other.edm in NUMBERS:
                return self._numeric(node, left, right)
            right = self.as_duration(right)
            group = ["number" if each.edm in NUMBERS else each.edm for each in (one, right.type)]
            found = TEMPORAL.get((node.operator, group[0], group[1]))
            if found is not None:
                return Apply(Type(found[0]), found[1], (left, right))
        raise self.wrong(node, f"{node.operator} does not take {one} and {other}")

    def as_duration(self, value: Bound) -> Bound:
        """A string literal may stand for a duration (4.01)."""
        if isinstance(value, Constant) and value.type == STRING:
            try:
                return Constant(DURATION, values.read_duration(value.value))
            except values.NotAValue:
                pass
        return value

    def _numeric(self, node: syntax.Binary, left: Bound, right: Bound) -> Bound:
        common = promoted({left.type, right.type})
        left, right = convert(left, common), convert(right, common)
        group = "integer" if common.edm in INTEGERS else common.edm
        operator = node.operator
        if operator == "divby" and group == "integer":
            common = DECIMAL
        zero = isinstance(right, Constant) and right.value == 0
        if zero and operator in ("div", "divby", "mod") and group != "Edm.Double":
            raise self.wrong(node, f"{operator} by zero")
        return Apply(common, ARITHMETIC[operator][group], (left, right))

    def _comparable(self, node: syntax.Binary, left: Bound, right: Bound) -> tuple[Bound, Bound]:
        """Both operands as values that compare with each other."""
        one, other = left.type, right.type
        if NULL in (one, other):
            return left, right
        if one.collection or other.collection:
            return self._collections(node, left, right)
        if is_structured(one) or is_structured(other):
            if is_structured(one) and is_structured(other) and node.operator in ("eq", "ne"):
                raise self.unsupported(node, f"{node.operator} of {one} and {other}")
            raise self._mismatch(node, one, other)
        if one.edm in NUMBERS and other.edm in NUMBERS:
            common = promoted({one, other})
            return convert(left, common), convert(right, common)
        if {one.edm, other.edm} == {"Edm.Date", "Edm.DateTimeOffset"}:
            return at_midnight(left), at_midnight(right)
        if one == DURATION:
            right = self.as_duration(right)
        elif other == DURATION:
            left = self.as_duration(left)
        if left.type == right.type:
            return left, right
        return self._enumerated(node, left, right)

    def _collections(self, node: syntax.Binary, left: Bound, right: Bound) -> tuple[Bound, Bound]:
        one, other = left.type, right.type
        if not (one.collection and other.collection) or node.operator not in ("eq", "ne"):
            raise self._mismatch(node, one, other)
        if is_structured(one) or is_structured(other):
            raise self.unsupported(node, f"{node.operator} of {one} and {other}")
        same = one.edm == other.edm or NULL.edm in (one.edm, other.edm)
        if same or (one.edm in NUMBERS and other.edm in NUMBERS):
            return left, right
        return self._enumerated(node, left, right)

    def _enumerated(self, node: syntax.Binary, left: Bound, right: Bound) -> tuple[Bound, Bound]:
        """An enumeration and what a string literal says of it (4.01 needs no prefix)."""
        if is_enum(left.type) and right.type.edm == "Edm.String":
            return left, self._as_enum(node.right, right, left.type)
        if is_enum(right.type) and left.type.edm == "Edm.String":
            return self._as_enum(node.left, left, right.type), right
        raise self._mismatch(node, left.type, right.type)

    def _as_enum(self, node: syntax.Node, value: Bound, type: Type) -> Bound:
        if not isinstance(value, Constant):
            raise self.wrong(node, f"only a literal compares with {type.edm}, this is {value.type}")
        if value.type.collection:
            numbers = [
                None if each is None else self.enum(node, type, each).value for each in value.value
            ]
            return Constant(Type(type.edm, type.kind, collection=True), numbers)
        return self.enum(node, type, value.value)

    def _mismatch(self, node: syntax.Binary, one: Type, other: Type) -> BadRequest:
        advice = ""
        if STRING in (one, other):
            typed = other if one == STRING else one
            if typed.edm in ("Edm.Date", "Edm.DateTimeOffset", "Edm.Guid", "Edm.TimeOfDay"):
                advice = f"; a literal of {typed} has no quotes"
            elif typed.edm in NUMBERS or typed == BOOLEAN:
                advice = "; a string literal has single quotes, other literals have none"
        return self.wrong(node, f"{node.operator} does not compare {one} with {other}{advice}")

    def _in(self, node: syntax.Binary, left: Bound, right: Bound) -> Bound:
        if right.type is NULL or right.type == NULL:
            return Constant(NULL, None)
        if not right.type.collection or left.type.collection:
            raise self.wrong(
                node, f"in takes a value and a collection, these are {left.type} and {right.type}"
            )
        member = right.type.member
        if NULL not in (left.type, member) and member.edm != left.type.edm:
            if member.edm in NUMBERS and left.type.edm in NUMBERS:
                common = promoted({member, left.type})
                left = convert(left, common)
                if isinstance(right, Constant):
                    right = Constant(right.type, converted(right.value, common))
            elif is_enum(left.type):
                right = self._as_enum(node.right, right, left.type)
                if right.type.edm != left.type.edm:
                    raise self._mismatch(node, left.type, right.type)
            elif isinstance(left, Constant) and is_enum(member) and left.type == STRING:
                left = self._as_enum(node.left, left, member)
            else:
                raise self.wrong(node, f"{left.type} cannot be a member of {right.type}")
        if is_structured(left.type):
            raise self.unsupported(node, f"in with {left.type}")
        return In(BOOLEAN, left, right)

    def _has(self, node: syntax.Binary, left: Bound, right: Bound) -> Bound:
        if left.type == NULL:
            return Constant(NULL, None)
        if not is_enum(left.type) or left.type.collection:
            raise self.wrong(node, f"has takes an enumeration on its left, this is {left.type}")
        if right.type == STRING:
            right = self._as_enum(node.right, right, left.type)
        if right.type not in (left.type, NULL):
            raise self._mismatch(node, left.type, right.type)
        return Apply(BOOLEAN, lambda flags, wanted: flags & wanted == wanted, (left, right))

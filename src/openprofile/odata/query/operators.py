"""The operators between two bound operands: what fits together, and what is computed."""

from __future__ import annotations

from openprofile.errors import BadRequest
from openprofile.model.parts import Complex
from openprofile.odata.query import syntax
from openprofile.odata.query.functions import ARITHMETIC, TEMPORAL
from openprofile.odata.query.meaning import (
    BOOLEAN,
    DECIMAL,
    DURATION,
    NULL,
    OBJECT,
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
    is_enum,
    is_structured,
    promoted,
)
from openprofile.odata.query.structures import compared
from openprofile.odata.query.typed import Typed


class Operators(Typed):
    """Binds binary operators."""

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
            return self._structured(node, left, right)
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
            return self._structured(node, left, right)
        same = one.edm == other.edm or NULL.edm in (one.edm, other.edm)
        if same or (one.edm in NUMBERS and other.edm in NUMBERS):
            return left, right
        return self._enumerated(node, left, right)

    def _structured(self, node: syntax.Binary, left: Bound, right: Bound) -> tuple[Bound, Bound]:
        """Complex values or entities, collections of them, and what JSON says of them."""
        one, other = left.type, right.type
        if node.operator not in ("eq", "ne", "in"):
            raise self._mismatch(node, one, other)
        if one.kind is None and other.kind is None:
            raise self.unsupported(node, f"{node.operator} of {one} and {other}")
        known = one.kind or other.kind
        for side in (one, other):
            if side.edm in (OBJECT.edm, NULL.edm) and not issubclass(known, Complex):
                raise self.unsupported(node, f"{node.operator} of {one} and {other}")
            if side.edm not in (OBJECT.edm, NULL.edm) and side.kind is not known:
                raise self._mismatch(node, one, other)
        return self._shaped(node.left, left, known), self._shaped(node.right, right, known)

    def _shaped(self, node: syntax.Node, value: Bound, kind: type[Complex]) -> Bound:
        if value.type.kind is not None:
            return compared(value)
        if value.type.collection:
            return self.as_complexes(node, value, kind)
        return self.as_complex(node, value, kind)

    def _enumerated(self, node: syntax.Binary, left: Bound, right: Bound) -> tuple[Bound, Bound]:
        """An enumeration and what a string literal says of it (4.01 needs no prefix)."""
        if is_enum(left.type) and right.type.edm == "Edm.String":
            return left, self.as_enum(node.right, right, left.type)
        if is_enum(right.type) and left.type.edm == "Edm.String":
            return self.as_enum(node.left, left, right.type), right
        raise self._mismatch(node, left.type, right.type)

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
        if is_structured(left.type) or is_structured(member):
            return In(BOOLEAN, *self._structured(node, left, right))
        if NULL not in (left.type, member) and member.edm != left.type.edm:
            if member.edm in NUMBERS and left.type.edm in NUMBERS:
                common = promoted({member, left.type})
                left = convert(left, common)
                if isinstance(right, Constant):
                    right = Constant(right.type, converted(right.value, common))
            elif is_enum(left.type):
                right = self.as_enum(node.right, right, left.type)
                if right.type.edm != left.type.edm:
                    raise self._mismatch(node, left.type, right.type)
            elif isinstance(left, Constant) and is_enum(member) and left.type == STRING:
                left = self.as_enum(node.left, left, member)
            else:
                raise self.wrong(node, f"{left.type} cannot be a member of {right.type}")
        return In(BOOLEAN, left, right)

    def _has(self, node: syntax.Binary, left: Bound, right: Bound) -> Bound:
        if left.type == NULL:
            return Constant(NULL, None)
        if not is_enum(left.type) or left.type.collection:
            raise self.wrong(node, f"has takes an enumeration on its left, this is {left.type}")
        if right.type == STRING:
            right = self.as_enum(node.right, right, left.type)
        if right.type not in (left.type, NULL):
            raise self._mismatch(node, left.type, right.type)
        return Apply(BOOLEAN, lambda flags, wanted: flags & wanted == wanted, (left, right))

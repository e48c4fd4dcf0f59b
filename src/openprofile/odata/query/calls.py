"""The function calls of an expression: which signature fits, and those that are none of the table:
``case``, ``cast``, ``isof`` and ``now``.
"""

from __future__ import annotations

from collections.abc import Callable

from openprofile.model.primitives import quoted
from openprofile.odata.limits import Guard, too_many
from openprofile.odata.names import find, hint
from openprofile.odata.query import syntax, values
from openprofile.odata.query.casts import conversion
from openprofile.odata.query.functions import FUNCTIONS, UNSUPPORTED, Signature
from openprofile.odata.query.meaning import (
    BOOLEAN,
    INSTANT,
    NULL,
    Apply,
    Bound,
    Case,
    Constant,
    Now,
    Type,
)
from openprofile.odata.query.operands import (
    NUMBERS,
    convert,
    enumeration,
    fits,
    is_enum,
    is_structured,
    promoted,
    qualified,
    structure,
)
from openprofile.odata.query.operators import Operators

_UNSUPPORTED_TYPES = ("Edm.Geography", "Edm.Geometry", "Edm.Stream", "Edm.Untyped")


class Calls(Operators):
    """Binds function calls; what their arguments mean is the binder's to say."""

    guard: Guard
    here: Bound
    calls: int
    """How many calls are open, one inside the other."""

    def bind(self, node: syntax.Node) -> Bound:
        """What a node means."""
        raise NotImplementedError

    def boolean(self, node: syntax.Node, what: str) -> Bound:
        """What a node means that must be a Boolean, which messages call ``what``."""
        raise NotImplementedError

    def narrow(self, node: syntax.Node, of: Bound, name: str) -> Bound:
        """``of`` seen as the type ``name``, from which it derives, or of which it is a base."""
        raise NotImplementedError

    def call(self, node: syntax.Call) -> Bound:
        self.calls += 1
        if self.calls > self.guard.limits.calls:
            raise too_many(self.option, "function calls inside each other", self.guard.limits.calls)
        found = self._call(node)
        self.calls -= 1
        return found

    def _call(self, node: syntax.Call) -> Bound:
        name = node.name.lower()
        special = _SPECIAL.get(name)
        signatures = FUNCTIONS.get(name)
        if node.of is not None or node.named or (special is None and signatures is None):
            if name in UNSUPPORTED:
                raise self.unsupported(node, f"the function {name}")
            raise self.wrong(
                node, f"there is no function {quoted(node.name)} ({hint(name, _CANONICAL)})"
            )
        if special is not None:
            return special(self, node)
        assert signatures is not None
        arguments = [self.bind(each) for each in node.arguments]
        for signature in signatures:
            fitted = self._fitted(signature, arguments)
            if fitted is not None:
                last = fitted[-1] if fitted else None
                if signature.judge is not None and isinstance(last, Constant) and last.value:
                    signature.judge(last.value)
                gives = fitted[0].type if signature.gives == "first" else Type(signature.gives)
                return Apply(gives, signature.function, fitted, signature.cost)
        takes = " or ".join(f"({', '.join(each.takes)})" for each in signatures)
        given = ", ".join(str(each.type) for each in arguments)
        raise self.wrong(node, f"{node.name} takes {takes}, it is given ({given})")

    def _fitted(self, signature: Signature, arguments: list[Bound]) -> tuple[Bound, ...] | None:
        """The arguments as the signature takes them, None if they do not fit."""
        if len(arguments) != len(signature.takes):
            return None
        fitted = []
        for wanted, value in zip(signature.takes, arguments, strict=True):
            if wanted == "Edm.Duration":
                value = self.as_duration(value)
            if not fits(wanted, value.type):
                return None
            fitted.append(value)
        return tuple(fitted)

    def now(self, node: syntax.Call) -> Bound:
        if node.arguments:
            raise self.wrong(node, "now takes no arguments")
        return Now(INSTANT)

    def case(self, node: syntax.Call) -> Bound:
        pairs = list(zip(node.arguments[::2], node.arguments[1::2], strict=True))
        branches = [
            (self.boolean(condition, "a condition of case"), self.bind(value))
            for condition, value in pairs
        ]
        kinds = {value.type for _, value in branches if value.type != NULL}
        if len(kinds) > 1:
            if not all(kind.edm in NUMBERS and not kind.collection for kind in kinds):
                names = ", ".join(sorted(str(kind) for kind in kinds))
                raise self.wrong(node, f"the values of case are of one type, these are {names}")
            common = promoted(kinds)
            branches = [(condition, convert(value, common)) for condition, value in branches]
            kinds = {common}
        return Case(kinds.pop() if kinds else NULL, tuple(branches))

    def _operand_and_type(self, node: syntax.Call) -> tuple[Bound, syntax.TypeName]:
        *operand, target = node.arguments
        assert isinstance(target, syntax.TypeName)
        if target.collection or target.name.startswith(_UNSUPPORTED_TYPES):
            name = f"Collection({target.name})" if target.collection else target.name
            raise self.unsupported(target, f"{node.name} to {name}")
        return (self.bind(operand[0]) if operand else self.here), target

    def _primitive(self, target: syntax.TypeName) -> Type | None:
        """The primitive type or enumeration that is named, None for another name."""
        name = find(target.name, values.READ)
        if name is not None:
            return Type(name)
        kind = enumeration(target.name)
        return None if kind is None else Type(qualified(kind), kind)

    def cast(self, node: syntax.Call) -> Bound:
        operand, target = self._operand_and_type(node)
        wanted = self._primitive(target)
        if operand.type == NULL and (wanted or structure(target.name)):
            return Constant(NULL, None)
        if wanted is None and operand.type.kind is not None and not is_enum(operand.type):
            return self.narrow(target, operand, target.name)
        change = None if wanted is None else conversion(operand.type, wanted)
        if wanted is None or change is None:
            raise self.wrong(target, f"cast does not turn {operand.type} into {target.name}")
        return Apply(wanted, change, (operand,))

    def isof(self, node: syntax.Call) -> Bound:
        operand, target = self._operand_and_type(node)
        wanted = self._primitive(target)
        kind = structure(target.name)
        if wanted is None and kind is None:
            raise self.wrong(target, f"there is no type {quoted(target.name)}")
        if kind is None or not is_structured(operand.type):
            same = operand.type == wanted
            return Apply(BOOLEAN, lambda _: same, (operand,))
        return Apply(BOOLEAN, lambda value: isinstance(value, kind), (operand,))


_SPECIAL: dict[str, Callable[[Calls, syntax.Call], Bound]] = {
    "case": Calls.case,
    "cast": Calls.cast,
    "isof": Calls.isof,
    "now": Calls.now,
}
_CANONICAL = sorted({*FUNCTIONS, *_SPECIAL})

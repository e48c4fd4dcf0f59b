"""A syntax tree and a type of the model to a bound tree: names found, types checked.

What the model does not have, or what does not fit together, is a BadRequest that names it; what
OData allows and this service does not have is NotSupported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from openprofile.model.kinds import Entity
from openprofile.model.primitives import Enumeration, edm_name, quoted
from openprofile.model.shape import NAMESPACE, shape
from openprofile.odata.limits import Guard, too_many
from openprofile.odata.names import find, hint
from openprofile.odata.query import syntax
from openprofile.odata.query.calls import Calls
from openprofile.odata.query.meaning import (
    BOOLEAN,
    INT64,
    NULL,
    OBJECT,
    Apply,
    Array,
    Bound,
    Constant,
    Field,
    Logic,
    Narrow,
    Not,
    Quantified,
    Related,
    Slot,
    Structure,
    Subset,
    Type,
)
from openprofile.odata.query.operands import (
    NUMBERS,
    convert,
    declared,
    enumeration,
    narrowed,
    promoted,
    qualified,
)
from openprofile.odata.query.parser import expression
from openprofile.odata.query.search import search


class Definition(NamedTuple):
    """A property that ``$compute`` defines."""

    value: Bound
    nodes: int
    """How many nodes it is bound to; whoever uses it evaluates them all."""


class Scope:
    """What names mean at one place: the current value, ``$it``, and what has been given a name."""

    def __init__(
        self,
        here: Bound,
        it: Bound | None,
        aliases: Mapping[str, str],
        computed: Mapping[str, Definition],
        slots: int,
    ) -> None:
        self.here = here
        """What a name without a prefix is looked up in, and ``$this``."""
        self.it = it
        """``$it``; None where the service cannot tell."""
        self.aliases = aliases
        self.computed = computed
        self.slots = slots
        """How many slots are taken; see ``evaluate.Frame``."""


def bind(text: str, option: str, scope: Scope, guard: Guard) -> Bound:
    """What the expression ``text``, the value of ``option``, means in ``scope``."""
    return Binder(option, scope, guard).bind(expression(text, option, guard))


def predicate(text: str, option: str, scope: Scope, guard: Guard) -> Bound:
    """``text`` as ``bind``, which must be a Boolean."""
    return Binder(option, scope, guard).boolean(expression(text, option, guard))


class Binder(Calls):
    """Binds the trees of one option."""

    def __init__(self, option: str, scope: Scope, guard: Guard) -> None:
        self.option = option
        self.guard = guard
        self.scope = scope
        self.here = scope.here
        self.slots = scope.slots
        self.lambdas = 0
        self.calls = 0
        self.variables: dict[str, Slot] = {}
        self.open: list[str] = []
        """The aliases that are being filled in."""

    def bind(self, node: syntax.Node) -> Bound:
        self.guard.node(self.option)
        self.guard.enter(self.option)
        found = _BINDERS[type(node)](self, node)
        self.guard.leave()
        return found

    def boolean(self, node: syntax.Node, what: str = "a condition") -> Bound:
        found = self.bind(node)
        if found.type not in (BOOLEAN, NULL):
            raise self.wrong(node, f"{what} is Edm.Boolean, this is {found.type}")
        return found

    # ----- values

    def literal(self, node: syntax.Literal) -> Bound:
        return Constant(NULL if node.edm == "null" else Type(node.edm), node.value)

    def enum_literal(self, node: syntax.EnumLiteral) -> Bound:
        kind = enumeration(node.type)
        if kind is None:
            raise self.wrong(node, f"there is no enumeration {quoted(node.type)}")
        return self.enum(node, Type(f"{NAMESPACE}.{edm_name(kind)}", kind), node.text)

    def array(self, node: syntax.Array) -> Bound:
        items = [self.bind(each) for each in node.items]
        if any(each.type.collection for each in items):
            raise self.unsupported(node, "a collection of collections")
        kinds = {each.type for each in items if each.type is not NULL}
        if len(kinds) > 1:
            if not all(kind.edm in NUMBERS for kind in kinds):
                names = ", ".join(sorted(str(kind) for kind in kinds))
                raise self.wrong(node, f"the members of a list are of one type, these are {names}")
            common = promoted(kinds)
            items = [convert(each, common) for each in items]
            kinds = {common}
        of = kinds.pop() if kinds else NULL
        made = Type(of.edm, of.kind, collection=True)
        if all(isinstance(each, Constant) for each in items):
            return Constant(made, [each.value for each in items if isinstance(each, Constant)])
        return Array(made, tuple(items))

    def object(self, node: syntax.Object) -> Bound:
        return Structure(OBJECT, tuple([(name, self.bind(each)) for name, each in node.members]))

    def type_name(self, node: syntax.TypeName) -> Bound:
        raise self.wrong(node, "the name of a type stands in cast and isof only")

    # ----- names

    def variable(self, node: syntax.Variable) -> Bound:
        if node.name == "$root":
            raise self.unsupported(node, "$root")
        if node.name == "$this":
            return self.here
        if self.scope.it is None:
            raise self.unsupported(node, "$it in the options of $expand")
        return self.scope.it

    def alias(self, node: syntax.Alias) -> Bound:
        if "." in node.name or "#" in node.name:
            raise self.unsupported(node, f"the annotation {quoted(node.name)}")
        text = self.scope.aliases.get(node.name)
        if text is None:
            return Constant(NULL, None)
        if node.name in self.open:
            raise self.wrong(node, f"the alias {quoted(node.name)} stands for itself")
        self.open.append(node.name)
        option, self.option = self.option, node.name
        found = self.bind(expression(text, node.name, self.guard))
        self.option = option
        self.open.pop()
        return found

    def member(self, node: syntax.Member) -> Bound:
        if node.name.startswith("@"):
            raise self.unsupported(node, f"the annotation {quoted(node.name)}")
        if node.of is not None:
            if isinstance(node.of, syntax.Alias) and node.of.name not in self.scope.aliases:
                raise self.unsupported(node.of, f"the annotation {quoted(node.of.name)}")
            return self._property(node, self.bind(node.of))
        if node.name in self.variables:
            return self.variables[node.name]
        return self._property(node, self.here)

    def _property(self, node: syntax.Member, of: Bound) -> Bound:
        """The property, or navigation property, ``node.name`` of a value."""
        kind = of.type.kind
        if isinstance(of, Structure):
            return dict(of.members).get(node.name, Constant(NULL, None))
        if of.type.collection:
            raise self.wrong(
                node,
                f"{quoted(node.name)} is looked for in a {of.type}; expected any, all or $count",
            )
        if kind is None or issubclass(kind, Enumeration):
            raise self.wrong(node, f"{of.type} has no property {quoted(node.name)}")
        if of is self.scope.here and node.name in self.scope.computed:
            computed = self.scope.computed[node.name]
            self.guard.node(self.option, computed.nodes)
            return computed.value
        properties = shape(kind).properties
        found = find(node.name, properties)
        if found is not None:
            seen = properties[found]
            return Field(Type(seen.edm, declared(seen.type), seen.collection), of, seen)
        navigation = kind.navigation() if issubclass(kind, Entity) else {}
        leads = find(node.name, navigation)
        if leads is not None:
            to = navigation[leads]
            return Related(Type(qualified(to.target), to.target, to.collection), of, leads)
        known = [*properties, *navigation]
        if of is self.here:
            known += [*self.variables, *self.scope.computed]
        raise self.wrong(
            node, f"{edm_name(kind)} has no property {quoted(node.name)} ({hint(node.name, known)})"
        )

    def type_cast(self, node: syntax.TypeCast) -> Bound:
        of = self.here if node.of is None else self.bind(node.of)
        return self.narrow(node, of, node.type)

    def narrow(self, node: syntax.Node, of: Bound, name: str) -> Bound:
        kind = narrowed(of.type.kind, name)
        if kind is None:
            raise self.wrong(node, f"{of.type} is neither derived from {quoted(name)} nor its base")
        made = Type(qualified(kind), kind, of.type.collection)
        return of if issubclass(of.type.kind, kind) else Narrow(made, of)

    def keyed(self, node: syntax.Keyed) -> Bound:
        raise self.unsupported(node, "a key or an index in an expression")

    # ----- collections

    def _collection(self, node: syntax.Node, what: str) -> Bound:
        if isinstance(node, syntax.Alias) and node.name not in self.scope.aliases:
            raise self.unsupported(node, f"the annotation {quoted(node.name)}")
        found = self.bind(node)
        if not found.type.collection:
            raise self.wrong(node, f"{what} needs a collection, this is {found.type}")
        return found

    def _open_lambda(self, member: Type) -> Slot:
        self.lambdas += 1
        if self.lambdas > self.guard.limits.lambdas:
            raise too_many(
                self.option, "any, all or $count inside each other", self.guard.limits.lambdas
            )
        self.slots += 1
        return Slot(member, self.slots - 1)

    def _close_lambda(self) -> None:
        self.lambdas -= 1
        self.slots -= 1

    def quantified(self, node: syntax.Lambda) -> Bound:
        of = self._collection(node.of, node.quantifier)
        if node.predicate is None or node.variable is None:
            return Quantified(BOOLEAN, node.quantifier, of, 0, None)
        slot = self._open_lambda(of.type.member)
        outer = self.variables
        self.variables = {**outer, node.variable: slot}
        predicate = self.boolean(node.predicate, f"the predicate of {node.quantifier}")
        self.variables = outer
        self._close_lambda()
        return Quantified(BOOLEAN, node.quantifier, of, slot.index, predicate)

    def _subset(
        self, node: syntax.Node, of: Bound, wanted: syntax.Node | None, terms: str | None
    ) -> Bound:
        slot = self._open_lambda(of.type.member)
        outer, self.here = self.here, slot
        predicate = None if wanted is None else self.boolean(wanted, "a $filter")
        self.here = outer
        self._close_lambda()
        match = None if terms is None else search(terms, f"{self.option} $search", self.guard)
        return Subset(of.type, of, slot.index, predicate, match)

    def filtered(self, node: syntax.Filtered) -> Bound:
        return self._subset(node, self._collection(node.of, "$filter"), node.predicate, None)

    def count(self, node: syntax.Count) -> Bound:
        of = self._collection(node.of, "$count")
        if node.filter is not None or node.search is not None:
            of = self._subset(node, of, node.filter, node.search)
        return Apply(INT64, len, (of,))

    # ----- operators

    def logic(self, node: syntax.Logic) -> Bound:
        what = f"an operand of {node.operator}"
        operands = tuple([self.boolean(each, what) for each in node.operands])
        return Logic(BOOLEAN, node.operator, operands)

    def unary(self, node: syntax.Unary) -> Bound:
        if node.operator == "not":
            operand = self.bind(node.operand)
            if operand.type not in (BOOLEAN, NULL):
                raise self.wrong(
                    node,
                    f"not takes Edm.Boolean, this is {operand.type}; "
                    "it binds before comparisons, so write not (…)",
                )
            return Not(BOOLEAN, operand)
        operand = self.bind(node.operand)
        if operand.type.collection or operand.type.edm not in {*NUMBERS, "Edm.Duration", "null"}:
            raise self.wrong(node, f"- takes a number or a duration, this is {operand.type}")
        return Apply(operand.type, lambda value: -value, (operand,))

    def binary(self, node: syntax.Binary) -> Bound:
        return self.operation(node, self.bind(node.left), self.bind(node.right))


_BINDERS: dict[type[syntax.Node], Callable[[Binder, Any], Bound]] = {
    syntax.Alias: Binder.alias,
    syntax.Array: Binder.array,
    syntax.Binary: Binder.binary,
    syntax.Call: Binder.call,
    syntax.Count: Binder.count,
    syntax.EnumLiteral: Binder.enum_literal,
    syntax.Filtered: Binder.filtered,
    syntax.Keyed: Binder.keyed,
    syntax.Lambda: Binder.quantified,
    syntax.Literal: Binder.literal,
    syntax.Logic: Binder.logic,
    syntax.Member: Binder.member,
    syntax.Object: Binder.object,
    syntax.TypeCast: Binder.type_cast,
    syntax.TypeName: Binder.type_name,
    syntax.Unary: Binder.unary,
    syntax.Variable: Binder.variable,
}

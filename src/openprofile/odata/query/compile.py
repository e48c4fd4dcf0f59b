"""Query options and a type of the model to a plan, which is kept for the next request like it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.kinds import Entity
from openprofile.model.primitives import edm_name, quoted
from openprofile.model.shape import Property, shape
from openprofile.odata.limits import DEFAULT, Guard, Limits, too_many
from openprofile.odata.names import find, hint
from openprofile.odata.query import parser, search, selection
from openprofile.odata.query.bind import Binder, Definition, Scope, predicate
from openprofile.odata.query.evaluate import navigates, weight
from openprofile.odata.query.generate import evaluator, evaluator_of_each
from openprofile.odata.query.meaning import OBJECT, Bound, Slot, Type
from openprofile.odata.query.operands import declared, is_structured, narrowed, qualified
from openprofile.odata.query.options import Options, options
from openprofile.odata.query.partial import attributes_of
from openprofile.odata.query.plan import Expansion, Key, Plan
from openprofile.odata.query.project import Computed, Part, Selection
from openprofile.odata.query.tree import Kind, Tree, no_select


class Prepared(msgspec.Struct, frozen=True):
    """A query string, understood."""

    options: Options
    plan: Plan


def prepare(query: str, kind: type[Entity], limits: Limits = DEFAULT) -> Prepared:
    """The options of a raw query string and the plan for items of ``kind``.

    What was asked before is not parsed again: the answers to recent short queries are kept. Raises
    BadRequest for what is malformed or not in the model, NotSupported for what OData allows and
    this service does not have.
    """
    if len(query) <= limits.cached_query:
        return _prepare_cached(query, kind, limits)
    return _prepare(query, kind, limits)


def prepare_property(query: str, found: Property, limits: Limits = DEFAULT) -> Prepared:
    """The options of a raw query string and the plan for the values of one property: of each of
    them, where it is a collection. Raises as ``prepare`` does.
    """
    chosen = options(query, limits)
    values = Type(found.edm, declared(found.type))
    return Prepared(chosen, _Compiler(limits, Guard(limits)).plan(chosen, values, "", {}, 0))


def _prepare(query: str, kind: type[Entity], limits: Limits) -> Prepared:
    chosen = options(query, limits)
    essence = chosen
    if chosen.skiptoken is not None:
        # The pages of one collection share a plan.
        essence = msgspec.structs.replace(chosen, skiptoken=None)
        if len(query) - len(chosen.skiptoken) <= limits.cached_query:
            return Prepared(chosen, _compile_cached(essence, kind, limits))
    return Prepared(chosen, compile(essence, kind, limits))


def compile(chosen: Options, kind: type[Entity], limits: Limits = DEFAULT) -> Plan:
    """The plan of ``chosen`` for items of ``kind``; raises as ``prepare`` does."""
    return _Compiler(limits, Guard(limits)).plan(chosen, _type(kind), "", {}, 0)


_prepare_cached = lru_cache(maxsize=512)(_prepare)
_compile_cached = lru_cache(maxsize=512)(compile)


class _Compiler:
    """Compiles one request's options; all of them share one guard."""

    def __init__(self, limits: Limits, guard: Guard) -> None:
        self.limits = limits
        self.guard = guard

    def plan(
        self,
        chosen: Options,
        item: Type,
        where: str,
        aliases: Mapping[str, str],
        depth: int,
        *,
        outer: Type | None = None,
    ) -> Plan:
        """A plan for items of type ``item``.

        ``where`` names in messages the item of ``$expand`` or ``$select`` whose options these are;
        ``outer`` is the type of ``$it`` where the items are members of a collection inside it.
        """
        if depth > self.limits.expand_depth:
            raise too_many("The query", "levels of nested options", self.limits.expand_depth)
        if chosen.id is not None:
            raise BadRequest(
                "$id names the reference that a DELETE removes; it does not apply here.",
                target="$id",
            )
        slot = 0 if outer is None else 1
        here = Slot(item, slot)
        it: Slot | None = here if not where else None
        if outer is not None:
            it = Slot(outer, 0)
        scope = Scope(here, it, {**aliases, **dict(chosen.aliases)}, {}, slot + 1)
        for name, text in chosen.aliases:
            parser.expression(text, name, self.guard)
        computed = self._computed(chosen, scope, where)
        bound: list[Bound] = []
        keep = None
        if chosen.filter is not None:
            bound.append(predicate(chosen.filter, f"$filter{where}", scope, self.guard))
            keep = evaluator_of_each(bound[0], slot)
        match = None
        if chosen.search is not None:
            match = search.search(chosen.search, f"$search{where}", self.guard)
        keys = self._keys(chosen, scope, where, bound, slot)
        shown = self._selection(chosen, scope, item, where, depth, computed)
        return Plan(
            item,
            msgspec.structs.replace(chosen, aliases=tuple(scope.aliases.items())),
            self.limits,
            keep=keep,
            match=match,
            keys=keys,
            shown=shown,
            expand=self._expand(chosen, item, where, scope.aliases, depth),
            steps=1 + sum(weight(each) for each in bound),
            follows=any(navigates(each) for each in [*bound, *computed.values()]),
            attributes=attributes_of(bound, slot),
        )

    def _computed(self, chosen: Options, scope: Scope, where: str) -> dict[str, Bound]:
        if chosen.compute is None:
            return {}
        option = f"$compute{where}"
        kind = scope.here.type.kind
        taken = _names(kind) if kind is not None and is_structured(scope.here.type) else {}
        found: dict[str, Definition] = {}
        scope.computed = found
        for name, node in parser.compute(chosen.compute, option, self.guard):
            if name in found or find(name, taken) is not None:
                raise BadRequest(
                    f"{option} defines {quoted(name)}, which there is; expected a new name.",
                    target="$compute",
                )
            binder, before = Binder(option, scope, self.guard), self.guard.nodes
            value = binder.bind(node)
            if value.type.edm == OBJECT.edm:
                raise binder.unsupported(node, "a JSON object as a computed value")
            found[name] = Definition(value, self.guard.nodes - before)
        return {name: each.value for name, each in found.items()}

    def _keys(
        self, chosen: Options, scope: Scope, where: str, bound: list[Bound], slot: int
    ) -> list[Key]:
        if chosen.orderby is None:
            return []
        option = f"$orderby{where}"
        keys = []
        for node, descending in parser.orderby(chosen.orderby, option, self.guard):
            binder = Binder(option, scope, self.guard)
            key = binder.bind(node)
            if key.type.collection or is_structured(key.type):
                raise binder.wrong(node, f"{key.type} has no order; expected a primitive value")
            bound.append(key)
            keys.append(Key(evaluator_of_each(key, slot), descending))
        return keys

    # ----- $select

    def _selection(
        self,
        chosen: Options,
        scope: Scope,
        item: Type,
        where: str,
        depth: int,
        computed: Mapping[str, Bound],
    ) -> Selection | None:
        made = {
            name: Computed(name, each.type, evaluator(each), weight(each))
            for name, each in computed.items()
        }
        if chosen.select is None:
            if not made:
                return None
            return Selection(None, tuple(made.values()), slot=scope.slots - 1)
        option = f"$select{where}"
        if not is_structured(item):
            raise BadRequest(f"{option}: {item} has no properties.", target="$select")
        tree = Tree(item.kind, slot=scope.slots - 1)
        for each in selection.select(chosen.select, option, self.limits):
            if len(each.path) == 1 and each.path[0] in made:
                tree.computed.append(made[each.path[0]])
            elif each.path == ("*",):
                tree.every = True
                tree.computed = list(made.values())
            else:
                self._select(tree, each, option, item, scope, depth)
        return tree.selection()

    def _select(
        self, tree: Tree, item: selection.Item, option: str, top: Type, scope: Scope, depth: int
    ) -> None:
        *above, last = item.path
        if "*" in item.path or (last.endswith(".*") and above):
            raise no_select(option, item, "* stands alone, not inside a path")
        if last.endswith(".*"):
            return  # all operations of a namespace: the model has none
        at = tree
        for segment in above:
            at = at.step(segment, option, item)
        kind = at.kind
        if "." in last and not last.startswith("@"):
            raise no_select(option, item, f"{quoted(last)} is followed by no property")
        if last.startswith("@"):
            raise NotSupported(f"{option}: annotations are not supported.", target="$select")
        name = find(last, shape(kind).properties)
        navigation = kind.navigation() if issubclass(kind, Entity) else {}
        leads = find(last, navigation)
        if name is None and leads is not None:
            at.leaf(leads, option, item)
            if item.options != Options():
                raise no_select(option, item, f"the options of {leads} belong into $expand")
            at.navigation.add(leads)
            return
        if name is None:
            known = [*shape(kind).properties, *navigation]
            raise no_select(
                option,
                item,
                f"{edm_name(kind)} has no property {quoted(last)} ({hint(last, known)})",
            )
        at.leaf(name, option, item)
        at.parts[name] = self._part(kind, name, item, option, top, scope, depth)

    def _part(
        self,
        kind: Kind,
        name: str,
        item: selection.Item,
        option: str,
        top: Type,
        scope: Scope,
        depth: int,
    ) -> Part:
        found = shape(kind).properties[name]
        if item.options == Options():
            return Part(found.attribute)
        inner = Type(found.edm, declared(found.type))
        where = f" of {name} in {option}"
        plan = self.plan(item.options, inner, where, scope.aliases, depth + 1, outer=top)
        if found.collection:
            cuts = plan.evaluates or not {item.options.top, item.options.skip} <= {None}
            return Part(
                found.attribute,
                plan.selection,
                plan if cuts or item.options.count else None,
            )
        for each in ("filter", "search", "orderby", "top", "skip", "compute"):
            if getattr(item.options, each) is not None:
                raise no_select(option, item, f"{name} is no collection, ${each} does not apply")
        return Part(found.attribute, plan.selection)

    # ----- $expand

    def _expand(
        self,
        chosen: Options,
        item: Type,
        where: str,
        aliases: Mapping[str, str],
        depth: int,
    ) -> list[Expansion]:
        if chosen.expand is None:
            return []
        option = f"$expand{where}"
        if item.kind is None or not issubclass(item.kind, Entity):
            raise BadRequest(f"{option}: {item} has no navigation properties.", target="$expand")
        found: dict[str, Expansion] = {}
        starred: list[Expansion] = []
        for each in selection.expand(chosen.expand, option, self.limits):
            kind, name = self._navigation(each, item, option)
            names = list(kind.navigation()) if name == "*" else [name]
            for one in names:
                made = self._expansion(kind, one, each, option, aliases, depth)
                if name == "*":
                    starred.append(made)
                elif one in found:
                    raise BadRequest(
                        f"{option} names {quoted(one)} twice; expected it once.", target="$expand"
                    )
                else:
                    found[one] = made
        for made in starred:
            found.setdefault(made.name, made)
        return list(found.values())

    def _navigation(self, item: selection.Item, of: Type, option: str) -> tuple[type[Entity], str]:
        """The type that has the navigation property which an item names, and its name, or *."""
        if item.suffix == "$value" or any(each.startswith("@") for each in item.path):
            raise NotSupported(
                f"{option}: streams and annotations are not supported.", target="$expand"
            )
        kind: Any = of.kind
        *above, last = item.path
        if above and "." in last:
            # a type after the navigation property: what it leads to, seen as that type
            cast, last = last, above.pop()
            leads = kind.navigation().get(find(last, kind.navigation()) or "")
            to = None if leads is None else narrowed(leads.target, cast)
            if leads is not None and (to is None or not issubclass(leads.target, to)):
                raise NotSupported(
                    f"{option}: {quoted(cast)} is no type that all of {last} have.",
                    target="$expand",
                )
        for segment in above:
            kind = narrowed(kind, segment)
            if kind is None:
                raise BadRequest(
                    f"{option}, at position {item.at}: {quoted(segment)} is no type of {of.edm}; "
                    "expected a navigation property.",
                    target="$expand",
                )
        if last == "*":
            return kind, last
        name = find(last, kind.navigation())
        if name is None:
            known = hint(last, kind.navigation()) if kind.navigation() else "it has none"
            raise BadRequest(
                f"{option}, at position {item.at}: {edm_name(kind)} has no navigation property "
                f"{quoted(last)} ({known}).",
                target="$expand",
            )
        return kind, name

    def _expansion(
        self,
        kind: type[Entity],
        name: str,
        item: selection.Item,
        option: str,
        aliases: Mapping[str, str],
        depth: int,
    ) -> Expansion:
        to = kind.navigation()[name]
        plan = self.plan(
            item.options, _type(to.target), f" of {name} in {option}", aliases, depth + 1
        )
        if not to.collection:
            for each in ("filter", "search", "orderby", "top", "skip"):
                if getattr(item.options, each) is not None:
                    raise BadRequest(
                        f"{option}: {name} leads to one entity, ${each} does not apply.",
                        target="$expand",
                    )
        levels = item.options.levels
        return Expansion(
            name=name,
            target=to.target,
            collection=to.collection,
            references=item.suffix == "$ref",
            count_only=item.suffix == "$count",
            levels=1 if levels is None else levels,
            plan=plan,
        )


def _names(kind: Kind) -> dict[str, None]:
    navigation = kind.navigation() if issubclass(kind, Entity) else {}
    return dict.fromkeys([*shape(kind).properties, *navigation])


def _type(kind: type) -> Type:
    return Type(qualified(kind), kind)

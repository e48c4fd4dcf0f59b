"""``$filter``, ``$search`` and ``$orderby`` of a request, for people or for groups."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec

from openprofile.errors import UnsupportedQuery
from openprofile.finding.terms import (
    LONGEST,
    MANAGER,
    Object,
    entity,
    folded_strings,
    value_of,
    worded,
)
from openprofile.model.directory import DirectoryObject, Person
from openprofile.odata.limits import Guard
from openprofile.odata.names import find
from openprofile.odata.query import parser, syntax
from openprofile.odata.query.bind import Scope, predicate
from openprofile.odata.query.clauses import Clause, clauses, words
from openprofile.odata.query.evaluate import Evaluate, Frame, weight
from openprofile.odata.query.generate import evaluator
from openprofile.odata.query.meaning import Slot, Type
from openprofile.odata.query.operands import qualified
from openprofile.odata.query.options import Options
from openprofile.odata.query.search import comparable
from openprofile.odata.query.seek import (
    LAST,
    Drive,
    Reach,
    beginning,
    drive,
    folded,
    merged,
    properties,
)


class Query(msgspec.Struct, frozen=True):
    """``$filter``, ``$search`` and ``$orderby``, understood for one kind of object."""

    kind: type[DirectoryObject]
    keep: Evaluate | None
    steps: int
    """The work of one evaluation of ``keep``."""
    search: tuple[tuple[Clause, ...], ...]
    """Groups of which one is to match; of a group, every clause."""
    drive: Drive | None
    """Where the index holds what is asked for; None if it may be anywhere."""
    order: str | None
    """The property of ``$orderby``."""
    descending: bool
    names: frozenset[str]
    """The properties that it depends on."""
    fingerprint: str

    @property
    def asks(self) -> bool:
        """Whether not everything matches."""
        return self.keep is not None or bool(self.search)

    @property
    def counts(self) -> bool:
        """Whether everything that the index holds for the query matches it."""
        return (
            self.drive is not None
            and self.drive.exact
            and not self.search
            and all(len(each.low) < LONGEST for each in self.drive.reaches)
        )

    @property
    def whole(self) -> Reach:
        """Where the index holds everybody, in the order that is asked for, or the usual one."""
        return Reach(self.order or self.kind.ordered[0], "", LAST)

    def matches(self, one: Object, frame: Frame) -> bool:
        """Whether an object is what is asked for."""
        found = entity(one)
        if self.keep is not None:
            frame.navigate = partial(_leads, one)
            frame.guard.spend(self.steps)
            frame.slots[0] = folded_strings(found)
            if self.keep(frame) is not True:
                return False
        return not self.search or any(
            all(_has(found, clause) for clause in group) for group in self.search
        )


def query(options: Options, kind: type[DirectoryObject]) -> Query:
    """The query of a request for objects of ``kind``.

    Raises BadRequest for what is malformed, UnsupportedQuery for what the directory does not do.
    """
    return _query(options.filter, options.search, options.orderby, options.aliases, kind)


@lru_cache(maxsize=256)
def _query(
    wanted: str | None,
    sought: str | None,
    orderby: str | None,
    aliases: tuple[tuple[str, str], ...],
    kind: type[DirectoryObject],
) -> Query:
    guard = Guard()
    keep, steps, driven = None, 0, None
    names: set[str] = set()
    if wanted is not None:
        scope = Scope(here := Slot(Type(qualified(kind), kind), 0), here, dict(aliases), {}, 1)
        bound = predicate(wanted, "$filter", scope, guard)
        try:
            bound = folded(bound, comparable)
        except ValueError as error:
            raise UnsupportedQuery(
                f"$filter: {error} cannot be used to find people and groups.", target="$filter"
            ) from error
        keep, steps = evaluator(bound), weight(bound)
        names |= properties(bound)
        driven = drive(bound, (*kind.indexed, MANAGER))
    groups = () if sought is None else clauses(sought, _searched(kind))
    if groups and driven is None:
        driven = Drive(merged([_reach(kind, group) for group in groups]), exact=False)
    order, descending = (None, False) if orderby is None else _order(orderby, kind, guard)
    text = repr((wanted, sought, orderby, aliases))
    return Query(
        kind=kind,
        keep=keep,
        steps=steps,
        search=groups,
        drive=driven,
        order=order,
        descending=descending,
        names=frozenset(names | {each.property for group in groups for each in group})
        | (frozenset({order}) if order else frozenset()),
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def _leads(one: Object, _: Any, __: str) -> str | None:
    """Where the navigation property of an object leads that a filter may ask of: an id."""
    return one.manager if isinstance(one, Person) else None


def _order(text: str, kind: type[DirectoryObject], guard: Guard) -> tuple[str, bool]:
    (node, descending), *more = parser.orderby(text, "$orderby", guard)
    name = None
    if isinstance(node, syntax.Member) and node.of is None:
        name = find(node.name, dict.fromkeys(kind.ordered))
    if name is None or more:
        raise UnsupportedQuery(
            f"$orderby sorts by one of {', '.join(kind.ordered)}, asc or desc.", target="$orderby"
        )
    return name, descending


def _searched(kind: type[DirectoryObject]) -> list[str]:
    """What can be searched: words anywhere, or the beginning of the value."""
    beginnings = ("givenName", "mail", "surname", "userPrincipalName")
    return sorted({*kind.worded, *(each for each in beginnings if each in kind.indexed)})


def _reach(kind: type[DirectoryObject], group: Sequence[Clause]) -> Reach:
    """Where the index holds what matches a group of clauses: what the longest of them finds."""
    clause = max(group, key=lambda each: len(each.text))
    if clause.property in kind.worded:
        return beginning(worded(clause.property), max(clause.words, key=len))
    return beginning(clause.property, clause.text)


def _has(found: DirectoryObject, clause: Clause) -> bool:
    value = value_of(found, clause.property)
    if value is None:
        return False
    if clause.property not in type(found).worded:
        return comparable(value).startswith(clause.text)
    own = words(value)
    return all(any(word.startswith(sought) for word in own) for sought in clause.words)

"""Where the candidates for a query come from: the index of terms, or a membership."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from openprofile.errors import UnsupportedQuery
from openprofile.finding.query import Query
from openprofile.finding.terms import KINDS, MANAGER, span, terms, worded
from openprofile.model.directory import DirectoryObject, User
from openprofile.odata.query.seek import Reach
from openprofile.store.base import Kind, Record, Relation, Store

Place: TypeAlias = tuple[str, ...]
"""Where an object stands in what a source gives out."""


class Source(Protocol):
    """Candidates in an order that stays, whatever comes and goes between two requests."""

    narrows: bool
    """Whether objects that match the query may be missing here."""

    async def after(self, place: Place | None, limit: int) -> list[tuple[Place, Record]]:
        """The first ``limit`` candidates behind a place; fewer where there are no more."""

    async def count(self) -> int:
        """How many candidates there are; one counts as often as it stands there."""

    def runs_by(self, order: str) -> bool:
        """Whether the candidates stand in the order of a property, in the direction asked for."""

    def first(self, place: Place, found: DirectoryObject) -> bool:
        """Whether this is the first of the places where a candidate stands."""


def everyone(store: Store, tenant: str, asked: Query) -> Source:
    """The people, or groups, of a tenant that the index names for a query.

    Raises UnsupportedQuery where it cannot name any.
    """
    if asked.asks and asked.drive is None:
        raise UnsupportedQuery(
            f"$filter is too wide: the directory finds a {KINDS[asked.kind]} by eq, in, ge, le or "
            f"startsWith on one of {', '.join(asked.kind.indexed)}. Join such a condition to "
            "yours by and.",
            target="$filter",
        )
    reaches = asked.drive.reaches if asked.drive else (asked.whole,)
    descending = asked.descending and {each.property for each in reaches} == {asked.order}
    return _Index(store, tenant, asked.kind, reaches, descending=descending)


def reports(store: Store, tenant: str, manager: str) -> Source:
    """The people who report to a person."""
    return _Index(store, tenant, User, (Reach(MANAGER, manager, manager),), narrows=True)


def sorted_whole(store: Store, tenant: str, asked: Query) -> Source:
    """All people, or groups, of a tenant in the order that is asked for."""
    return _Index(store, tenant, asked.kind, (asked.whole,), descending=asked.descending)


def members(store: Store, tenant: str, group: str) -> Source:
    """The people of a group."""
    return _Related(store, tenant, "members", group)


def groups(store: Store, tenant: str, person: str) -> Source:
    """The groups of a person."""
    return _Related(store, tenant, "memberOf", person)


class _Index:
    """Candidates from reaches of one index, one reach after the other."""

    def __init__(
        self,
        store: Store,
        tenant: str,
        kind: type[DirectoryObject],
        reaches: Sequence[Reach],
        *,
        descending: bool = False,
        narrows: bool = False,
    ) -> None:
        self.narrows = narrows
        self._store = store
        self._tenant = tenant
        self._kind: Kind = KINDS[kind]
        self._spans = [span(each) for each in reaches]
        self._descending = descending
        if descending:
            self._spans.reverse()
        self._properties = {each.property for each in reaches}
        # Somebody can stand at several places: by several words, or by several properties.
        self._repeats = len(self._properties) > 1 or not self._properties.isdisjoint(
            map(worded, kind.worded)
        )

    async def after(self, place: Place | None, limit: int) -> list[tuple[Place, Record]]:
        start, before = (0, None) if place is None else (int(place[0]), (place[1], place[2]))
        found: list[tuple[Place, Record]] = []
        for number in range(start, len(self._spans)):
            entries = await self._store.entries(
                self._tenant,
                self._kind,
                self._spans[number],
                after=before,
                descending=self._descending,
                limit=limit - len(found),
            )
            found += [((str(number), each.value, each.record.id), each.record) for each in entries]
            if len(found) == limit:
                break
            before = None
        return found

    async def count(self) -> int:
        return sum(
            [
                await self._store.count_entries(self._tenant, self._kind, span)
                for span in self._spans
            ]
        )

    def runs_by(self, order: str) -> bool:
        return self._properties == {order}

    def first(self, place: Place, found: DirectoryObject) -> bool:
        if not self._repeats:
            return True
        own = terms(found)
        number, value = int(place[0]), place[1]
        return not any(
            each.property == span.property
            and span.low <= each.value <= span.high
            and (other, each.value) < (number, value)
            for other, span in enumerate(self._spans[: number + 1])
            for each in own
        )


class _Related:
    """Candidates by membership: the people of a group, or the groups of a person."""

    narrows = True

    def __init__(self, store: Store, tenant: str, relation: Relation, of: str) -> None:
        self._store = store
        self._tenant = tenant
        self._relation: Relation = relation
        self._of = of

    async def after(self, place: Place | None, limit: int) -> list[tuple[Place, Record]]:
        records = await self._store.related(
            self._tenant,
            self._relation,
            self._of,
            after="" if place is None else place[-1],
            limit=limit,
        )
        return [((each.id,), each) for each in records]

    async def count(self) -> int:
        return await self._store.count_related(self._tenant, self._relation, self._of)

    def runs_by(self, order: str) -> bool:
        return False

    def first(self, place: Place, found: DirectoryObject) -> bool:
        return True

"""The finder: what of a source matches a query, in the order that is asked for, page by page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from openprofile.errors import UnsupportedQuery
from openprofile.finding.query import Query
from openprofile.finding.sources import Place, Source, sorted_whole
from openprofile.finding.terms import Object, entity, key, read, value_of
from openprofile.odata.limits import Guard
from openprofile.odata.query.evaluate import Frame
from openprofile.store.base import Record, Store

CANDIDATES = 1000
"""How many objects one request looks at, beyond those that it answers with."""


class Page(msgspec.Struct, frozen=True):
    """Objects, and where the next page begins; None after the last."""

    found: list[Object]
    next: Place | None


class Finder:
    """Finds what queries ask for, in the order they ask for."""

    def __init__(self, store: Store, tenant: str, now: int) -> None:
        """``now`` is in ticks."""
        self._store = store
        self._tenant = tenant
        self._frame = Frame(Guard(), now)

    async def page(
        self, asked: Query, source: Source, *, size: int, after: Place | None = None
    ) -> Page:
        """At most ``size`` objects of a source that match, behind the place ``after``.

        There may be fewer, or none, on a page that is not the last. Raises UnsupportedQuery
        where there is too much to sort.
        """
        if asked.order is None or source.runs_by(asked.order):
            return await self._walk(asked, source, size, after)
        candidates = await source.after(None, CANDIDATES + 1)
        if len(candidates) <= CANDIDATES:
            return self._sorted(asked, source, candidates, size, after)
        if source.narrows:
            raise UnsupportedQuery(
                f"$orderby sorts at most {CANDIDATES} objects here; leave it out.",
                target="$orderby",
            )
        whole = sorted_whole(self._store, self._tenant, asked)
        return await self._walk(asked, whole, size, after)

    async def count(self, asked: Query, source: Source) -> int:
        """How many objects of a source match; raises UnsupportedQuery if they are too many to
        look at each.
        """
        if not asked.asks or (asked.counts and not source.narrows):
            return await source.count()
        candidates = await source.after(None, CANDIDATES + 1)
        if len(candidates) > CANDIDATES:
            raise UnsupportedQuery(
                f"$count looks at up to {CANDIDATES} objects where the index alone does not tell; "
                "these are more. Narrow $filter, or leave $count out.",
                target="$count",
            )
        return len(self._matching(asked, source, candidates))

    async def _walk(self, asked: Query, source: Source, size: int, after: Place | None) -> Page:
        found: list[Object] = []
        looked, place, last = 0, after, after
        while True:
            width = size + 1 - len(found)
            if asked.asks:
                width = min(max(width, 100), CANDIDATES + size + 1 - looked)
            candidates = await source.after(place, width)
            for place, record in candidates:
                one = read(asked.kind, record)
                if not source.first(place, entity(one)):
                    continue
                if not self._matches(asked, one):
                    continue
                if len(found) == size:
                    return Page(found, last)
                found.append(one)
                last = place
            if len(candidates) < width:
                return Page(found, None)
            looked += len(candidates)
            if looked > CANDIDATES + size:
                return Page(found, place)

    def _sorted(
        self,
        asked: Query,
        source: Source,
        candidates: Sequence[tuple[Place, Record]],
        size: int,
        after: Place | None,
    ) -> Page:
        """A page of all candidates, sorted: the places are those of an index in this order."""
        places = [
            (("0", _sort_key(asked, one), one.id), one)
            for one in self._matching(asked, source, candidates)
        ]
        places.sort(key=lambda each: each[0], reverse=asked.descending)
        if after is not None:
            behind = tuple(after)
            places = [
                each
                for each in places
                if (each[0] < behind if asked.descending else each[0] > behind)
            ]
        shown = places[:size]
        return Page([one for _, one in shown], shown[-1][0] if len(places) > size else None)

    def _matching(
        self, asked: Query, source: Source, candidates: Sequence[tuple[Place, Record]]
    ) -> list[Object]:
        found = []
        for place, record in candidates:
            one = read(asked.kind, record)
            if source.first(place, entity(one)) and self._matches(asked, one):
                found.append(one)
        return found

    def _matches(self, asked: Query, one: Object) -> bool:
        return not asked.asks or asked.matches(one, self._frame)


def _sort_key(asked: Query, one: Object) -> str:
    assert asked.order is not None
    return key(value_of(entity(one), asked.order) or "")

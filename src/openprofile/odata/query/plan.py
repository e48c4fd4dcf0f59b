"""A plan carried out: which items come, in which order, on which page, and what is shown of them.

The order of the steps is that of OData Protocol 4.01, section 11.2.1.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from openprofile.model.kinds import Entity
from openprofile.odata.limits import Guard, Limits
from openprofile.odata.query.cursor import Cursor, read, refused, written
from openprofile.odata.query.evaluate import EvaluateEach, Frame, Navigate
from openprofile.odata.query.meaning import Type
from openprofile.odata.query.options import Options
from openprofile.odata.query.partial import cutter, decoder
from openprofile.odata.query.project import Selection
from openprofile.odata.query.search import Match
from openprofile.odata.query.texts import texts


class Row(Protocol):
    """An item as the store keeps it; rows come in order of ``created``, then of ``id``."""

    @property
    def id(self) -> str: ...
    @property
    def created(self) -> int: ...
    @property
    def text(self) -> str: ...


class Page(msgspec.Struct, frozen=True):
    """One page of an answer."""

    rows: Sequence[Any]
    """Of those that ``Plan.page`` was given."""
    items: list[Any] | None
    """As much of the typed value of each row as the plan looks at, if it does."""
    count: int | None
    """How many items match, whatever the paging; None unless ``$count`` asks."""
    next: Cursor | None
    """Where the next page begins; None after the last."""


class Key(msgspec.Struct, frozen=True):
    """One sort key of ``$orderby``."""

    evaluate: EvaluateEach
    descending: bool


SortValues: TypeAlias = "dict[int, Any]"
"""The values of one sort key, by the item's index."""


class Expansion(msgspec.Struct, frozen=True):
    """One navigation property that ``$expand`` inlines."""

    name: str
    target: type[Entity]
    collection: bool
    references: bool
    """``/$ref``: only the references of what it leads to."""
    count_only: bool
    """``/$count``: only how many it leads to."""
    levels: int
    plan: Plan


class Plan:
    """Compiled options for the items of one type; immutable, and used by many requests at once.

    ``verbatim`` tells that the answer shows the items' texts as they are stored.
    """

    def __init__(
        self,
        item: Type,
        chosen: Options,
        limits: Limits,
        *,
        keep: EvaluateEach | None,
        match: Match | None,
        keys: Sequence[Key],
        shown: Selection | None,
        expand: Sequence[Expansion],
        steps: int,
        follows: bool,
        attributes: frozenset[str] | None,
    ) -> None:
        """``attributes`` are those of an item that ``keep`` and ``keys`` look at, None for all."""
        self.options = chosen
        """Of ``aliases``, all that the expressions may use, wherever they were given a value."""
        self.selection = shown
        self.expand = tuple(expand)
        self.navigates = follows
        """
        Whether ``$filter``, ``$orderby`` or ``$compute`` follow navigation properties, so that
        ``navigate`` is needed; without it evaluation raises NotSupported.
        """
        self.verbatim = shown is None
        self.evaluates = keep is not None or match is not None or bool(keys)
        """Whether the typed items are looked at to decide which come, and in which order."""
        self._shows_evaluated = shown is not None and shown.evaluates
        self._cuts_to: frozenset[str] | None = None
        """The properties that are shown, where others are just left out."""
        if shown is not None and shown.parts is not None and shown.cuts:
            self._cuts_to = frozenset(shown.parts)
        self._limits = limits
        self._keep = keep
        self._match = match
        self._keys = tuple(keys)
        self._steps = steps
        self._gather = texts(item)
        self._fingerprint = _fingerprint(chosen)
        self._kind: type[Entity] | None = None
        if item.kind is not None and issubclass(item.kind, Entity):
            self._kind = item.kind
        whole = match is not None or self._shows_evaluated
        self._attributes = None if whole else attributes

    def page(
        self,
        rows: Sequence[Row],
        *,
        page_size: int,
        now: int,
        cursor: Cursor | None = None,
        navigate: Navigate | None = None,
        guard: Guard | None = None,
    ) -> Page:
        """The page of ``rows``, all items of a collection, that begins at ``cursor``.

        ``page_size`` is a bound on its items, ``now`` is in ticks, ``guard`` is one that others use
        up as well. Raises BadRequest for a cursor
        of other options, and for an evaluation that takes too much work or divides by zero.
        """
        if cursor is not None and cursor.fingerprint != self._fingerprint:
            raise refused()
        items: list[Any] | None = None
        order: Sequence[int] = range(len(rows))
        sorted_by: Sequence[SortValues] = ()
        if self.evaluates:
            items = self.typed(rows)
            frame = self.frame(now, navigate, guard=guard)
            order, sorted_by = self._arranged(items, frame)
        count = len(order) if self.options.count else None
        left = self.options.top if cursor is None else cursor.left
        start = self.options.skip or 0
        if cursor is not None:
            start = self._after(cursor, rows, order, sorted_by)
        width = max(1, min(page_size, self._limits.page))
        if left is not None:
            width = min(width, left)
            left -= width
        shown = order[start : start + width]
        if items is None:
            # of all rows, in their own order; all of them are the very same
            found = rows[start : start + width] if start or width < len(rows) else rows
        else:
            found = [rows[index] for index in shown]
            items = [items[index] for index in shown]
        following = None
        if shown and start + width < len(order) and left != 0:
            last = shown[-1]
            keys = tuple([written(values[last]) for values in sorted_by])
            row = rows[last]
            following = Cursor(self._fingerprint, keys, row.created, row.id, left)
        return Page(found, items, count, following)

    def count(
        self,
        rows: Sequence[Row],
        *,
        now: int,
        navigate: Navigate | None = None,
        guard: Guard | None = None,
    ) -> int:
        """How many of ``rows`` match ``$filter`` and ``$search``: the answer of ``/$count``."""
        if not self.evaluates:
            return len(rows)
        return len(self._kept(self.typed(rows), self.frame(now, navigate, guard=guard)))

    def inside(self, members: Sequence[Any], frame: Frame) -> tuple[list[int], int | None]:
        """Which members of a collection inside an item, in order; and their number if asked."""
        order, _ = self._arranged(list(members), frame)
        count = len(order) if self.options.count else None
        start = self.options.skip or 0
        end = None if self.options.top is None else start + self.options.top
        return order[start:end], count

    def typed(self, rows: Sequence[Row]) -> list[Any]:
        """As much of the typed values of rows as the plan looks at."""
        assert self._kind is not None
        read_text = decoder(self._kind, self._attributes).decode
        return [read_text(row.text) for row in rows]

    def frame(
        self,
        now: int,
        navigate: Navigate | None = None,
        *,
        guard: Guard | None = None,
        ieee754: bool = False,
        prefix: str = "@odata.",
    ) -> Frame:
        """What one request's evaluations share: the time, and a budget of work."""
        made = guard or Guard(self._limits)
        return Frame(made, now, navigate, ieee754=ieee754, prefix=prefix)

    def shown(self, text: str, frame: Frame) -> str:
        """What the answer shows of the item with this text, as JSON text: the selected and computed
        members.
        """
        selection = self.selection
        if selection is None:
            return text
        assert self._kind is not None
        if self._cuts_to is not None:
            return cutter(self._kind, self._cuts_to)(text)
        item = None
        if self._shows_evaluated:
            item = frame.slots[0] = decoder(self._kind).decode(text)
        return msgspec.json.encode(
            selection.project(msgspec.json.decode(text), item, frame)
        ).decode()

    def _kept(self, items: list[Any], frame: Frame) -> list[int]:
        frame.guard.spend(self._steps * len(items))
        kept = list(range(len(items)))
        if self._keep is not None:
            holds = self._keep(frame, items)
            kept = [index for index in kept if holds[index] is True]
        if self._match is not None:
            gather, match = self._gather, self._match
            kept = [index for index in kept if match(gather(items[index], frame.guard))]
        return kept

    def _arranged(self, items: list[Any], frame: Frame) -> tuple[list[int], list[SortValues]]:
        """Which items are kept, in order, and what they are sorted by, for each key."""
        order = self._kept(items, frame)
        if not self._keys:
            return order, []
        kept = [items[index] for index in order]
        cut = self._limits.sort_text
        sorted_by = [
            [
                value[:cut] if isinstance(value, (str, bytes)) else value
                for value in key.evaluate(frame, kept)
            ]
            for key in self._keys
        ]
        found = [dict(zip(order, values, strict=True)) for values in sorted_by]
        # Sorting is stable: by the last key first, each time keeping the order of the next ones.
        for key, values in zip(reversed(self._keys), reversed(found), strict=True):
            value_of = values.__getitem__
            # strings are in order as they are, and nearly everything is sorted by strings
            plain = set(map(type, values.values())) <= {str}
            order.sort(
                key=value_of if plain else lambda index, of=value_of: rank(of(index)),
                reverse=key.descending,
            )
        return order, found

    def _after(
        self,
        cursor: Cursor,
        rows: Sequence[Row],
        order: Sequence[int],
        sorted_by: Sequence[SortValues],
    ) -> int:
        """The place in ``order`` of the first row after the one that the cursor describes."""
        passed = [rank(read(each)) for each in cursor.keys]
        last = (cursor.created, cursor.id.casefold())

        def is_after(index: int) -> bool:
            for key, values, before in zip(self._keys, sorted_by, passed, strict=True):
                here = rank(values[index])
                if here != before:
                    return (here > before) is not key.descending
            row = rows[index]
            return (row.created, row.id.casefold()) > last

        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if is_after(order[middle]):
                high = middle
            else:
                low = middle + 1
        return low


def rank(value: Any) -> tuple[Any, ...]:
    """A sort value that compares with any other of its key: null first, then what is no number."""
    if value is None:
        return (0,)
    if isinstance(value, float) and math.isnan(value):
        return (1,)
    return (2, value)


def _fingerprint(chosen: Options) -> str:
    """Of what decides which items there are and in which order."""
    aliases = sorted(chosen.aliases)
    text = repr((chosen.filter, chosen.search, chosen.orderby, chosen.compute, aliases))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

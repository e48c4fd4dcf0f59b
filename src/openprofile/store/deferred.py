"""A store that tries a write at once and carries it out later, so that what follows from the write
can be stored along with it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from openprofile.store.base import (
    Change,
    Delete,
    Erase,
    EraseTenant,
    Insert,
    Join,
    Leave,
    PutItem,
    Record,
    Remember,
    Store,
    Update,
    UpdatePerson,
)
from openprofile.store.rehearsal import Rehearsal

R = TypeVar("R", bound=Record | None)
T = TypeVar("T")


class Moved(Exception):
    """A record is not any more what the write was tried on; nothing is stored."""


class Deferred(Rehearsal):
    """The store beneath as it reads; its one write is tried, and held back until ``commit``."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.changes: tuple[Change, ...] = ()
        """What has been written, and is to be carried out."""

    async def write(self, changes: Sequence[Change]) -> list[Record | None]:
        """Try ``changes`` and return their records, which a ``commit`` leaves behind exactly so
        where they are items. A second write is refused with RuntimeError.
        """
        if self.changes:
            raise RuntimeError("a request that is held back wrote twice")
        fixed = tuple(settled(change) for change in changes)
        records = await super().write(fixed)
        self.changes = fixed
        return records

    async def commit(self, *more: Change) -> None:
        """Carry out what has been written, and ``more``, in one transaction.

        Raises Moved, or what the store raises, when that does not leave behind what was returned.
        """
        await self._store.write([*self.changes, *more])

    @property
    def owner(self) -> str:
        """Whose data the write is about: the owner of the first change."""
        return _owner(self.changes[0])


class _Settled(Generic[R, T]):
    """A function of a record that has one result, whatever it is called with later: it is the
    result for one version, and raises Moved for any other.
    """

    def __init__(
        self, function: Callable[[R], T], same: Callable[[R, R], bool] = operator.eq
    ) -> None:
        self._function = function
        self._same = same
        self._settled: tuple[R, T] | None = None

    def __call__(self, record: R) -> T:
        if self._settled is None:
            self._settled = (record, self._function(record))
        first, result = self._settled
        if not self._same(record, first):
            raise Moved
        return result


def settled(change: Change) -> Change:
    """``change`` with one result whenever it is looked at: the same, or Moved."""
    match change:
        case Update(key, revise):
            return Update(key, _Settled(revise))
        case Delete(key, check):
            return Delete(key, _Settled(check))
        case PutItem(key, make, limit):
            return PutItem(key, _Settled(make), limit)
        case UpdatePerson(revise=revise_person):
            return msgspec.structs.replace(change, revise=_Settled(revise_person, _same_text))
        case _:
            return change


def _same_text(one: Record, other: Record) -> bool:
    """Whether two records of people are alike: their versions are nobody's business."""
    return one.text == other.text


def _owner(change: Change) -> str:
    match change:
        case Insert(key) | PutItem(key) | Update(key) | Delete(key):
            return key.owner
        case Erase(_, owner) | Remember(owner=owner):
            return owner
        case EraseTenant():
            return ""
        case Join(_, _, person) | Leave(_, _, person):
            return person
        case _:
            return change.id

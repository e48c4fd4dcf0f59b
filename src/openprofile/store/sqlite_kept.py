"""The items that were read lately, kept for as long as those of their owner stay as they are.

Every commit of a Writer sets the database's mark to a number never used before, and tells ``Kept``
of its own process, before anybody can see it, which mark it follows and whose items it touches. A
reader that finds another mark goes back from it, commit by commit, to the one it knew, and forgets
those who were touched on the way. Where the way is broken, another process has written: then it
forgets all, as it does when the database has changed and the mark has not, which is somebody who
does not write by a Writer.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from sys import getsizeof
from typing import NamedTuple, TypeAlias

from openprofile.store.base import (
    Change,
    DeletePerson,
    Erase,
    EraseTenant,
    Key,
    Record,
)
from openprofile.store.collection import Collection
from openprofile.store.sqlite_items import OF_ITEMS

KEPT = 64 * 1024 * 1024
"""Bytes that the items take at most, about."""
_RECORD = 400
"""Bytes that one takes besides its text."""
_COMMITS = 1_000
"""Commits that are remembered at most, for a reader that has not looked for long."""
_SET = "UPDATE item_mark SET mark = ?"

Owner: TypeAlias = "tuple[str, str]"
"""A tenant, and the id of a person."""


class _Commit(NamedTuple):
    before: int | None
    """The mark that it follows; None where somebody else may have written in between."""
    touched: frozenset[Owner] | None
    """Whose items it may have changed; None for those of a whole tenant."""


class _Profile:
    """What is kept of one owner."""

    __slots__ = ("collections", "items", "size", "whole")

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Record | None] = {}
        """By facet and id."""
        self.collections: dict[str, Collection] = {}
        self.whole: list[tuple[str, Record]] | None = None
        self.size = 0


class Kept:
    """Items, collections and whole profiles as the store reads them: in its loop's thread, but for
    ``commit``.
    """

    def __init__(self) -> None:
        self._mark: int | None = None
        self._state: int | None = None
        self._profiles: OrderedDict[Owner, _Profile] = OrderedDict()
        self._size = 0
        self._commits: dict[int, _Commit] = {}
        """By the marks that they set. The writer's thread adds, and the loop's takes away."""

    def commit(self, mark: int, commit: _Commit) -> None:
        """Know of a commit, before it can be seen."""
        if len(self._commits) >= _COMMITS:
            self._commits.clear()  # whoever has not looked by now forgets all
        self._commits[mark] = commit

    def look(self, mark: int, state: int) -> None:
        """Forget what is not as it was, in the transaction that has just begun to read:
        ``state`` is its ``PRAGMA data_version``.
        """
        if mark != self._mark:
            self._follow(mark)
        elif state != self._state:
            self.forget()
        self._mark, self._state = mark, state

    def forget(self) -> None:
        """Forget all."""
        self._profiles.clear()
        self._size = 0
        self._mark = None

    def item(self, key: Key) -> Record | None:
        """What ``keep_item`` took; raises KeyError where that is nothing."""
        owner = (key.tenant, key.owner)
        found = self._profiles[owner].items[key.facet, key.id]
        self._profiles.move_to_end(owner)
        return found

    def collection(self, tenant: str, owner: str, facet: str) -> Collection | None:
        """What ``keep_collection`` took."""
        profile = self._found((tenant, owner))
        return None if profile is None else profile.collections.get(facet)

    def whole(self, tenant: str, owner: str) -> list[tuple[str, Record]] | None:
        """What ``keep_whole`` took."""
        profile = self._found((tenant, owner))
        return None if profile is None else profile.whole

    def keep_item(self, key: Key, item: Record | None) -> None:
        """Keep what was read in the transaction that ``look`` was last called in: also that there
        is nothing, which is to take no longer to say again than what there is.
        """
        profile = self._profile((key.tenant, key.owner), (item,) if item else (), 1)
        profile.items[key.facet, key.id] = item

    def keep_collection(self, tenant: str, owner: str, facet: str, items: Collection) -> None:
        """Likewise."""
        self._profile((tenant, owner), items, 2).collections[facet] = items

    def keep_whole(self, tenant: str, owner: str, items: list[tuple[str, Record]]) -> None:
        """Likewise."""
        self._profile((tenant, owner), [record for _, record in items], 1).whole = items

    def _follow(self, mark: int) -> None:
        """Forget those who were touched between the mark that is known and this one."""
        at: int | None = mark
        touched: set[Owner] = set()
        while at != self._mark or at is None:
            commit = None if at is None else self._commits.pop(at, None)
            if commit is None or commit.touched is None:
                self.forget()
                return
            touched |= commit.touched
            at = commit.before
        for owner in touched:
            profile = self._profiles.pop(owner, None)
            if profile is not None:
                self._size -= profile.size

    def _found(self, owner: Owner) -> _Profile | None:
        profile = self._profiles.get(owner)
        if profile is not None:
            self._profiles.move_to_end(owner)
        return profile

    def _profile(self, owner: Owner, more: Sequence[Record], times: int) -> _Profile:
        """What is kept of an owner, once there is room for more; ``times`` is how often the texts
        are there: once more in what is derived of a collection.
        """
        profile = self._profiles.get(owner)
        if profile is None:
            profile = self._profiles[owner] = _Profile()
        size = sum([_RECORD + times * getsizeof(record.text) for record in more], _RECORD)
        profile.size += size
        self._size += size
        while self._size > KEPT:
            _, oldest = self._profiles.popitem(last=False)
            self._size -= oldest.size
        return profile


class Marks:
    """Sets the mark for the one connection that a process writes by: numbers in a row, from where
    no other process is likely to come.
    """

    def __init__(self, connection: sqlite3.Connection, kept: Kept) -> None:
        self._connection = connection
        self._kept = kept
        self._last: int | None = None
        """The mark of the last commit, where that is known."""
        self._next = secrets.randbits(62)

    def set(self, changes: Iterable[Change], *, alone: bool) -> None:
        """Set the mark in the transaction that is to carry out ``changes``; ``alone`` is whether
        nobody else has written since the last one.
        """
        self._next += 1
        commit = _Commit(self._last if alone else None, _touched(changes))
        self._last = None
        self._kept.commit(self._next, commit)
        self._connection.execute(_SET, (self._next,))

    def committed(self) -> None:
        """Note that the transaction has been committed."""
        self._last = self._next


def _touched(changes: Iterable[Change]) -> frozenset[Owner] | None:
    touched = set()
    for change in changes:
        if isinstance(change, OF_ITEMS):
            touched.add((change.key.tenant, change.key.owner))
        elif isinstance(change, Erase):
            touched.add((change.tenant, change.owner))
        elif isinstance(change, DeletePerson):
            touched.add((change.tenant, change.id))
        elif isinstance(change, EraseTenant):
            return None
    return frozenset(touched)

"""A store for a group of requests that share one fate: what they write is one transaction.

Each member runs on a Store of its own that holds its write back, and through which it reads what
the members before it hold back. When every member has come to its write, or has ended without
one, all changes are carried out by one ``write`` of the store beneath, in the members' order, and
each member gets its own records. What a member has read through a change is what that change
leaves behind, or the transaction ends with Moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from openprofile.metering import StoreFigures
from openprofile.store.base import (
    Change,
    Delete,
    PutItem,
    Record,
    Remembered,
    Store,
    StoreError,
    Unavailable,
    Update,
    UpdatePerson,
)
from openprofile.store.deferred import settled
from openprofile.store.overlay import Overlay

R = TypeVar("R", bound="Record | None")
T = TypeVar("T")


class GroupFailed(StoreError):
    """Another member of the group failed: nothing that the group wrote is stored."""


async def atomically(
    store: Store, work: Sequence[Callable[[Member], Awaitable[T]]]
) -> list[T | Exception]:
    """Run all of ``work``, each on a Member of one group; return what each returned or raised.

    A member that raises before the group is stored ends it: nothing is stored, and every member
    without an error of its own has GroupFailed. An error of the transaction goes to the member
    whose change caused it, or to all where it is nobody's.
    """
    group = _Group(store, len(work))
    return await group.outcomes(work)


class Member(Overlay):
    """The Store of one member: it reads what those before it are about to write, as far as they
    have come to it, and holds its own write back.
    """

    def __init__(self, group: _Group, index: int) -> None:
        super().__init__(group.store)
        self._group = group
        self._index = index
        self.changes: tuple[Change, ...] = ()
        self.written: asyncio.Future[list[Record | None]] | None = None
        self.arrived = asyncio.Event()
        """Set when the member has come to its write, or has ended."""

    def held_back(self) -> Sequence[Change]:
        before = self._group.members[: self._index]
        return [change for member in before for change in member.changes]

    async def after(self, other: int) -> Sequence[Change]:
        """What the member at the index ``other`` is about to write, once that is known: it has come
        to its write, or has ended. Raises GroupFailed if the group has failed by then.

        A member may wait so for those before it; for one behind it, it might wait for ever.
        """
        member = self._group.members[other]
        await member.arrived.wait()
        self._group.require_hope()
        return member.changes

    async def write(self, changes: Sequence[Change]) -> list[Record | None]:
        """Hold ``changes`` back until the group is stored, and return their records then.

        Raises GroupFailed when it is not. A member writes once: what came later could not be
        part of the transaction any more, and is refused with RuntimeError.
        """
        if self.written is not None:
            raise RuntimeError("a member of an atomicity group wrote twice")
        self._group.require_hope()
        self.written = asyncio.get_running_loop().create_future()
        self.changes = tuple(settled(change) for change in changes)
        self._group.arrive(self)
        return await self.written

    async def next_tenant(self, after: str = "") -> str | None:
        return await self._store.next_tenant(after)

    async def remembered(self, tenant: str, caller: str, request_id: str) -> Remembered | None:
        return await self._store.remembered(tenant, caller, request_id)

    async def departed(self, tenant: str, mark: str) -> int | None:
        return await self._store.departed(tenant, mark)

    async def secret(self) -> bytes:
        return await self._store.secret()

    def figures(self) -> StoreFigures:
        return self._store.figures()

    async def check(self) -> None:
        await self._store.check()

    async def close(self) -> None:
        """Do nothing: the store beneath belongs to others too."""


class _Group:
    """Counts who is still on the way, and stores or fails for all."""

    def __init__(self, store: Store, size: int) -> None:
        self.store = store
        self.members = [Member(self, index) for index in range(size)]
        self._on_the_way = size
        self._failed = False
        self._shared: StoreError = GroupFailed()
        """What members without an error of their own have, once the group has failed."""
        self._stored = False
        self._commit: asyncio.Task[None] | None = None
        self._culprit: Member | None = None

    async def outcomes(
        self, work: Sequence[Callable[[Member], Awaitable[T]]]
    ) -> list[T | Exception]:
        outcomes = await asyncio.gather(
            *(self._run(member, each) for member, each in zip(self.members, work, strict=True))
        )
        if self._commit is not None:
            await self._commit
        if self._stored or not self._failed:
            return outcomes
        return [outcome if isinstance(outcome, Exception) else self._shared for outcome in outcomes]

    async def _run(self, member: Member, work: Callable[[Member], Awaitable[T]]) -> T | Exception:
        try:
            result = await work(member)
        except Exception as error:  # noqa: BLE001  it is the member's outcome
            self._fail(error)
            self.arrive(member)
            return error
        self.arrive(member)
        return result

    def require_hope(self) -> None:
        """Raise GroupFailed once nothing of the group will be stored."""
        if self._failed:
            raise self._shared

    def arrive(self, member: Member) -> None:
        """Note that ``member`` has come to its write or to its end; the last one sets off all."""
        if member.arrived.is_set():
            return
        member.arrived.set()
        self._on_the_way -= 1
        if self._on_the_way == 0 and not self._failed:
            self._commit = asyncio.get_running_loop().create_task(self._store_all())

    def _fail(self, error: Exception) -> None:
        """Give up: unless the changes are with the store already, nobody's will be."""
        if self._commit is not None or self._failed:
            return
        self._note_failure(error)
        for member in self.members:
            if member.written is not None and not member.written.done():
                member.written.set_exception(self._shared)

    def _note_failure(self, error: Exception) -> None:
        """A database that does not answer is everybody's error, any other is its member's alone."""
        self._failed = True
        if isinstance(error, Unavailable):
            self._shared = error

    async def _store_all(self) -> None:
        writers = [member for member in self.members if member.written is not None]
        owners = [member for member in writers for _ in member.changes]
        changes = [self._watched(change, member) for member in writers for change in member.changes]
        try:
            records = await self.store.write(changes) if writers else []
        except Exception as error:  # noqa: BLE001  whoever waits for the write is told
            self._note_failure(error)
            culprit = self._culprit
            if isinstance(error, StoreError) and culprit is None:
                blamed = [change is error.change for change in changes]
                culprit = owners[blamed.index(True)] if any(blamed) else None
            for member in writers:
                own = culprit is None or member is culprit
                _settle(member, error if own else GroupFailed())
            return
        self._stored = True
        for member in writers:
            count = len(member.changes)
            _settle(member, records[:count])
            del records[:count]

    def _watched(self, change: Change, member: Member) -> Change:
        """``change``, which tells whose it is if the function that it carries raises."""
        match change:
            case PutItem(key, make, limit):
                return PutItem(key, self._blaming(member, make), limit)
            case Update(key, revise):
                return Update(key, self._blaming(member, revise))
            case Delete(key, check):
                return Delete(key, self._blaming(member, check))
            case UpdatePerson(revise=revise_person):
                watched = self._blaming(member, revise_person)
                return msgspec.structs.replace(change, revise=watched)
            case _:
                return change

    def _blaming(self, member: Member, function: Callable[[R], T]) -> Callable[[R], T]:
        def watched(record: R) -> T:
            try:
                return function(record)
            except Exception:
                self._culprit = member
                raise

        return watched


def _settle(member: Member, outcome: list[Record | None] | Exception) -> None:
    written = member.written
    if written is None or written.done():  # whoever waited has given up
        return
    if isinstance(outcome, Exception):
        written.set_exception(outcome)
    else:
        written.set_result(outcome)

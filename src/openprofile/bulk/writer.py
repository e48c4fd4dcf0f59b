"""Changes that belong to lines, or to people of another store, written in groups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from openprofile.abroad import MARKS
from openprofile.model.primitives import quoted
from openprofile.store.base import (
    Change,
    Conflict,
    Full,
    Join,
    Missing,
    PutGroup,
    PutItem,
    PutPerson,
    Record,
    Store,
    Unavailable,
)

_CHANGES, _BYTES = 1000, 4 * 1024 * 1024
"""A group is written once it has so many of either."""


class Counts(msgspec.Struct):
    """How much there is, or has been read."""

    people: int = 0
    groups: int = 0
    items: int = 0
    memberships: int = 0

    def __str__(self) -> str:
        return (
            f"{self.people} people, {self.groups} groups, {self.items} items, "
            f"{self.memberships} memberships"
        )

    def add(self, changes: Sequence[Change]) -> None:
        """Count what the changes store."""
        for change in changes:
            self.people += isinstance(change, PutPerson)
            self.groups += isinstance(change, PutGroup)
            self.items += isinstance(change, PutItem) and change.key.facet != MARKS
            self.memberships += isinstance(change, Join)


class Refused(Exception):
    """The store does not take what belongs to one number; what came before it is stored."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"{number}: {reason}")
        self.number = number
        self.reason = reason


class Writer:
    """Gathers changes under ascending numbers and writes them in groups, in their order.

    A person or a group of the directory that the store has already as it is to be stays untouched.
    """

    def __init__(self, store: Store, progress: Callable[[int], None]) -> None:
        """``progress`` is told the number up to which all is on the disk."""
        self._store = store
        self._progress = progress
        self._waiting: list[tuple[int, Sequence[Change]]] = []
        self._changes = 0
        self._bytes = 0
        self.counts = Counts()
        """Of what is on the disk."""

    async def add(self, number: int, changes: Sequence[Change], size: int) -> None:
        """Take changes that go together, of about ``size`` bytes; raises as ``flush`` does."""
        self._waiting.append((number, changes))
        self._changes += len(changes)
        self._bytes += size
        if self._changes >= _CHANGES or self._bytes >= _BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits, and return when it is on the disk.

        Raises Refused for what can never be stored, with nothing of it and all before it stored,
        and Unavailable where that is not known: writing all of it again leaves nothing twice.
        """
        waiting, self._waiting = self._waiting, []
        self._changes = self._bytes = 0
        try:
            await self._write(waiting)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whose it is shows when each is written by itself
            for number, changes in waiting:
                try:
                    await self._write([(number, changes)])
                except Unavailable:
                    raise
                except (Conflict, Missing, Full, ValueError) as error:
                    raise Refused(number, reason(error)) from error

    async def _write(self, group: Sequence[tuple[int, Sequence[Change]]]) -> None:
        wanted = [change for _, changes in group for change in changes]
        if changes := await self._needed(wanted):
            await self._store.write(changes)
        self.counts.add(wanted)
        if group:
            self._progress(group[-1][0])

    async def _needed(self, wanted: Sequence[Change]) -> list[Change]:
        """``wanted`` without the people and groups that are there already, to the letter."""
        objects = [change for change in wanted if isinstance(change, PutPerson | PutGroup)]
        records = await asyncio.gather(*(self._there(change) for change in objects))
        if len({(type(change), change.id) for change in objects}) < len(objects):
            return list(wanted)  # the last of the same name counts, whatever is there before
        stays = {
            id(change)
            for change, record in zip(objects, records, strict=True)
            if record is not None and (record.id, record.text) == (change.id, change.text)
        }
        return [change for change in wanted if id(change) not in stays]

    async def _there(self, change: PutPerson | PutGroup) -> Record | None:
        if isinstance(change, PutPerson):
            return await self._store.person(change.tenant, change.id)
        return await self._store.group(change.tenant, change.id)


def reason(error: Exception) -> str:
    """Why a store cannot keep what a line has, in the words of the line."""
    match error:
        case Conflict(change=PutPerson(name=name)):
            return f"Property 'userPrincipalName': another person has {quoted(name)}."
        case Missing(change=Join(group=group)):
            return (
                f"Property 'memberOf': no group has the id {quoted(group)}; groups stand before "
                "their members."
            )
        case Full(change=PutItem(key=key, limit=limit)):
            return f"Property 'profile/{key.facet}': with those there it has more than {limit}."
        case _:
            return f"{error}."

"""A store in which nothing is kept: every write is tried against what is there, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openprofile.store.base import (
    Change,
    Conflict,
    Delete,
    DeletePerson,
    Erase,
    EraseTenant,
    Full,
    Insert,
    Join,
    Key,
    Leave,
    Missing,
    PutGroup,
    PutItem,
    PutPerson,
    Record,
    Remember,
    Store,
    Update,
    UpdatePerson,
)
from openprofile.store.overlay import left_behind


class Rehearsal:
    """The store beneath as it reads; a write raises what it would raise and leaves no trace."""

    def __init__(self, store: Store, *, welcomes: bool = False) -> None:
        """One that ``welcomes`` finds the people who were put, as long as it lasts."""
        self._store = store
        self._welcomed: dict[tuple[str, str], Record] | None = {} if welcomes else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        """The person with this id or folded name."""
        found = await self._store.person(tenant, id_or_name)
        if found is None and self._welcomed is not None:
            return self._welcomed.get((tenant, id_or_name))
        return found

    async def write(self, changes: Sequence[Change]) -> list[Record | None]:
        """What each change would leave behind, as if it were the only one."""
        return [await self._try(change) for change in changes]

    async def _try(self, change: Change) -> Record | None:
        match change:
            case Insert(key, limit=limit):
                if await self._store.get(key):
                    raise Conflict(f"{key.id} is taken")
                await self._require_room(key, limit)
                return left_behind(change, None)
            case PutItem(key, limit=limit):
                there = await self._store.get(key)
                if there is None:
                    await self._require_room(key, limit)
                return left_behind(change, there)
            case Update(key) | Delete(key):
                return left_behind(change, self._there(await self._store.get(key), key.id))
            case Erase() | EraseTenant() | Remember():
                return None
            case Join() | Leave():
                await self._try_membership(change)
                return None
            case _:
                return await self._try_object(change)

    async def _try_object(
        self, change: PutPerson | UpdatePerson | DeletePerson | PutGroup
    ) -> Record | None:
        if isinstance(change, PutGroup):
            return Record(change.id, 1, change.text)
        if isinstance(change, PutPerson):
            await self._require_free(change)
            made = Record(change.id, 1, change.text)
            if self._welcomed is not None:
                self._welcomed[change.tenant, change.id] = made
                self._welcomed[change.tenant, change.name] = made
            return made
        before = self._there(await self.person(change.tenant, change.id), change.id)
        if isinstance(change, DeletePerson):
            return None
        for other in change.needed:
            self._there(await self.person(change.tenant, other), other)
        put = change.revise(before)
        await self._require_free(put)
        return Record(put.id, before.version + 1, put.text)

    async def _try_membership(self, change: Join | Leave) -> None:
        tenant, group, person = change.tenant, change.group, change.person
        found = await self._store.related(tenant, "members", group, after=person[:-1], limit=100)
        is_member = any(one.id == person for one in found)
        if isinstance(change, Leave):
            if not is_member:
                raise Missing(person)
            return
        self._there(await self._store.group(tenant, group), group)
        self._there(await self.person(tenant, person), person)
        if is_member and not change.anyway:
            raise Conflict(f"{person} is in {group}")

    async def _require_room(self, key: Key, limit: int) -> None:
        self._there(await self.person(key.tenant, key.owner), key.owner)
        there = await self._store.collection(key.tenant, key.owner, key.facet)
        if len(there) >= limit:
            raise Full(f"{key.facet} holds {len(there)} items")

    @staticmethod
    def _there(record: Record | None, id_: str) -> Record:
        if record is None:
            raise Missing(id_)
        return record

    async def _require_free(self, put: PutPerson) -> None:
        """Raise Conflict where somebody else has the name, or anybody the id of a new person."""
        named = await self.person(put.tenant, put.name)
        if named is not None and named.id != put.id:
            raise Conflict(f"another person is named {put.name}")
        if put.new and await self.person(put.tenant, put.id):
            raise Conflict(f"{put.id} is taken")

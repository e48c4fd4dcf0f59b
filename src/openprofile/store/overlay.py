"""A store as it will read once changes that are held back have been carried out.

What one of them raises when it is looked through is not raised here: the transaction will raise
it, for whoever made the change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from openprofile.errors import NotSupported
from openprofile.store.base import (
    Change,
    Delete,
    DeletePerson,
    Entry,
    Erase,
    EraseTenant,
    Insert,
    Join,
    Key,
    Kind,
    Leave,
    PutGroup,
    PutItem,
    PutPerson,
    Record,
    Relation,
    Span,
    Store,
    Update,
    UpdatePerson,
    next_version,
)

Items: TypeAlias = dict[tuple[str, str], Record]
"""By facet and id."""

_OF_PEOPLE = (PutPerson, UpdatePerson, DeletePerson, EraseTenant)
_OF_GROUPS = (PutGroup, EraseTenant)
_OF_MEMBERSHIPS = (Join, Leave, PutGroup, DeletePerson, EraseTenant)


def left_behind(change: Insert | PutItem | Update | Delete, before: Record | None) -> Record | None:
    """The item that a change leaves under its key, where there was ``before``."""
    match change:
        case Insert(key, created, text):
            return Record(key.id, change.version, text, created)
        case PutItem(_, make):
            return make(before)
        case Update(key, revise) if before is not None:
            text = revise(before)
            return Record(key.id, next_version(before.version, text), text, before.created)
        case Delete(_, check) if before is not None:
            check(before)
    return None


class Overlay:
    """Reads of items, of a person and of a group, as ``changes`` will leave them.

    Reads that go through an index of the directory raise NotSupported where a change would show
    in them.
    """

    def __init__(self, store: Store, changes: Sequence[Change] = ()) -> None:
        self._store = store
        self._changes = changes

    def held_back(self) -> Sequence[Change]:
        """The changes that reads look through, in their order."""
        return self._changes

    async def get(self, key: Key) -> Record | None:
        found = await self._store.get(key)
        items = {(key.facet, key.id): found} if found is not None else {}
        self._lay(items, key.tenant, key.owner, key.facet)
        return items.get((key.facet, key.id))

    async def collection(self, tenant: str, owner: str, facet: str) -> Sequence[Record]:
        found = await self._store.collection(tenant, owner, facet)
        items = {(facet, each.id): each for each in found}
        self._lay(items, tenant, owner, facet)
        return [each for _, each in _sorted(items)]

    async def owned(self, tenant: str, owner: str) -> Sequence[tuple[str, Record]]:
        found = await self._store.owned(tenant, owner)
        items = {(facet, each.id): each for facet, each in found}
        self._lay(items, tenant, owner, None)
        return _sorted(items)

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        found = await self._store.person(tenant, id_or_name)
        changes = self.held_back()
        for number, change in enumerate(changes):
            match change:
                case EraseTenant(of) if of == tenant:
                    found = None
                case DeletePerson(of, id_) if of == tenant and found and found.id == id_:
                    found = None
                case PutPerson(of) if of == tenant:
                    found = _put(change, id_or_name, found)
                case UpdatePerson(of, id_, revise, name) if of == tenant:
                    before = found
                    if before is None and name == id_or_name:
                        before = await Overlay(self._store, changes[:number]).person(of, id_)
                    if before is not None and before.id == id_:
                        with contextlib.suppress(Exception):
                            found = _put(revise(before), id_or_name, before)
        return found

    async def group(self, tenant: str, group_id: str) -> Record | None:
        found = await self._store.group(tenant, group_id)
        for change in self.held_back():
            match change:
                case EraseTenant(of) if of == tenant:
                    found = None
                case PutGroup(of, id_, text) if (of, id_) == (tenant, group_id):
                    found = Record(id_, found.version + 1 if found else 1, text)
        return found

    async def objects(
        self, tenant: str, kind: Kind, *, after: str = "", limit: int
    ) -> list[Record]:
        self._require_unchanged(tenant, _OF_PEOPLE if kind == "user" else _OF_GROUPS)
        return await self._store.objects(tenant, kind, after=after, limit=limit)

    async def entries(
        self,
        tenant: str,
        kind: Kind,
        span: Span,
        *,
        after: tuple[str, str] | None = None,
        descending: bool = False,
        limit: int,
    ) -> list[Entry]:
        self._require_unchanged(tenant, _OF_PEOPLE if kind == "user" else _OF_GROUPS)
        return await self._store.entries(
            tenant, kind, span, after=after, descending=descending, limit=limit
        )

    async def count_entries(self, tenant: str, kind: Kind, span: Span) -> int:
        self._require_unchanged(tenant, _OF_PEOPLE if kind == "user" else _OF_GROUPS)
        return await self._store.count_entries(tenant, kind, span)

    async def related(
        self, tenant: str, relation: Relation, of: str, *, after: str = "", limit: int
    ) -> list[Record]:
        self._require_unchanged(tenant, (*_OF_MEMBERSHIPS, *_OF_PEOPLE))
        return await self._store.related(tenant, relation, of, after=after, limit=limit)

    async def count_related(self, tenant: str, relation: Relation, of: str) -> int:
        self._require_unchanged(tenant, _OF_MEMBERSHIPS)
        return await self._store.count_related(tenant, relation, of)

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        self._require_unchanged(tenant, _OF_MEMBERSHIPS)
        return await self._store.share_group(tenant, one, other)

    def _lay(self, items: Items, tenant: str, owner: str, facet: str | None) -> None:
        """Carry out on ``items``, those of one facet or of all, what the changes do to them."""
        for change in self.held_back():
            match change:
                case EraseTenant(of) if of == tenant:
                    items.clear()
                case Erase(of, who) | DeletePerson(of, who) if (of, who) == (tenant, owner):
                    items.clear()
                case Insert(key) | PutItem(key) | Update(key) | Delete(key):
                    own = (key.tenant, key.owner) == (tenant, owner)
                    if own and facet in (None, key.facet):
                        _replace(items, change)

    def _require_unchanged(self, tenant: str, kinds: tuple[type[Change], ...]) -> None:
        relevant = [each for each in self.held_back() if isinstance(each, kinds)]
        if any(getattr(each, "tenant", None) == tenant for each in relevant):
            raise NotSupported(
                "What people or groups there are, and who belongs to which, cannot be read in the "
                "atomicity group that changes it; read it in a request that depends on the group."
            )


def _replace(items: Items, change: Insert | PutItem | Update | Delete) -> None:
    place = (change.key.facet, change.key.id)
    with contextlib.suppress(Exception):
        after = left_behind(change, items.get(place))
        items.pop(place, None)
        if after is not None:
            items[place] = after


def _sorted(items: Items) -> list[tuple[str, Record]]:
    """In the order of a store: facet by facet, oldest first."""
    found: Iterable[tuple[str, Record]] = ((facet, each) for (facet, _), each in items.items())
    return sorted(found, key=lambda each: (each[0], each[1].created, each[1].id))


def _put(put: PutPerson, id_or_name: str, before: Record | None) -> Record | None:
    """Who has an id or a name after a person is put, where ``before`` had it."""
    if id_or_name in (put.id, put.name):
        version = before.version + 1 if before is not None and before.id == put.id else 1
        return Record(put.id, version, put.text)
    return None if before is not None and before.id == put.id else before

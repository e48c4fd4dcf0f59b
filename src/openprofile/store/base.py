"""The Store protocol: what every store promises; ``tests/contract`` holds each to it.

A store knows nothing of profiles. An item is opaque text under a key; what must be decided
between a read and the write that depends on it travels as a function inside the change, and runs
in the transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec


class Key(msgspec.Struct, frozen=True):
    """Where one item lies."""

    tenant: str
    owner: str
    facet: str
    id: str


class Record(msgspec.Struct, frozen=True):
    """An item as it is stored."""

    id: str
    version: int
    """Positive; grows with each change, and is new again when a deleted id is inserted again."""
    text: str
    created: int = 0
    """Its place in its collection, as the Insert gave it; 0 for people and groups."""


def new_version() -> int:
    """Where versions start: at random, so that an ETag of a deleted item never fits a new one."""
    return secrets.randbits(48) + 1


class Insert(msgspec.Struct, frozen=True):
    """Store a new item. Raises Conflict if the key is taken, Full if the collection is."""

    key: Key
    created: int
    """Its place in the collection: lists run by ``created``, then by id."""
    text: str
    limit: int
    """How many items the collection may hold with this one."""


class Update(msgspec.Struct, frozen=True):
    """Replace an item's text by what ``revise`` makes of the record. Raises Missing if there is
    none; what ``revise`` raises leaves the item as it was.
    """

    key: Key
    revise: Callable[[Record], str]


class Delete(msgspec.Struct, frozen=True):
    """Remove an item, after ``check`` has seen the record. Raises Missing if there is none; what
    ``check`` raises leaves the item where it was.
    """

    key: Key
    check: Callable[[Record], None]


class Erase(msgspec.Struct, frozen=True):
    """Remove every item of an owner, of whatever facet."""

    tenant: str
    owner: str


class PutPerson(msgspec.Struct, frozen=True):
    """Store a person of the directory, new or in place of the one with this id.

    Raises Conflict if another person has the name.
    """

    tenant: str
    id: str
    name: str
    """What the person is also found by, folded by the caller: the principal name."""
    text: str


class PutGroup(msgspec.Struct, frozen=True):
    """Store a group of the directory with its members, new or in place of the one there."""

    tenant: str
    id: str
    text: str
    members: tuple[str, ...]
    """The ids of people."""


Change: TypeAlias = Insert | Update | Delete | Erase | PutPerson | PutGroup


class StoreError(Exception):
    """What a store raises; nothing of the changes that raised it is stored."""

    change: Change | None = None
    """The change that could not be carried out, where it is one of them that failed."""


class Conflict(StoreError):
    """The key, or the name, is taken."""


class Missing(StoreError):
    """There is no item under the key."""


class Full(StoreError):
    """The collection holds as many items as its limit."""


class Unavailable(StoreError):
    """The database cannot be written or read now: a full disk, a locked or read-only file."""


class SchemaTooNew(StoreError):
    """A newer program wrote this database; this one does not know what its tables mean."""


class Store(Protocol):
    """One database. Every method raises Unavailable when the database does not answer."""

    async def get(self, key: Key) -> Record | None:
        """The item under ``key``."""

    async def collection(self, tenant: str, owner: str, facet: str) -> list[Record]:
        """All items of one collection, oldest first."""

    async def owned(self, tenant: str, owner: str) -> list[tuple[str, Record]]:
        """All items of one owner with their facets, facet by facet, oldest first."""

    async def write(self, changes: Sequence[Change]) -> list[Record | None]:
        """Carry out ``changes`` in order, all or none, and return when they are on the disk.

        Returns the record that each leaves behind, None for one that leaves none.
        """

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        """The person with this id or folded name."""

    async def people(self, tenant: str) -> list[Record]:
        """All people of a tenant, by name."""

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        """Whether two people, by their ids, are members of one group."""

    async def secret(self) -> bytes:
        """32 random bytes, made with the database, that all who share it sign with."""

    async def check(self) -> None:
        """Return once a write has been stored; raise Unavailable if none can be."""

    async def close(self) -> None:
        """Finish the writes that were accepted, and let go of the database."""

"""The Store protocol: what every store promises; ``tests/contract`` holds each to it.

A store knows nothing of profiles. An item is opaque text under a key; what must be decided
between a read and the write that depends on it travels as a function inside the change, and runs
in the transaction.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from openprofile.clock import random_bytes
from openprofile.metering import StoreFigures


class Key(msgspec.Struct, frozen=True):
    """Where one item lies."""

    tenant: str
    owner: str
    facet: str
    id: str


class Record(msgspec.Struct, frozen=True, gc=False):  # it is made by the dozen, and has no parts
    """An item as it is stored."""

    id: str
    version: int
    """Positive; grows with each change, and is new again when a deleted id is inserted again."""
    text: str
    created: int = 0
    """Its place in its collection, as the Insert gave it; 0 for people and groups."""


LONGEST_STATEMENT = 5
"""Seconds that the database works on one statement of a read."""


def new_version() -> int:
    """Where versions start: at random, so that an ETag of a deleted item never fits a new one."""
    return int.from_bytes(random_bytes()[:6]) + 1


def next_version(before: int, text: str) -> int:
    """The version of an item that was at ``before`` and now has ``text``.

    It depends on the text: when an older state is put back, what is written then does not come to
    the version of something else that was written after that state before.
    """
    return before + 1 + zlib.crc32(text.encode()) % 2**20


Kind: TypeAlias = Literal["user", "group"]
"""The kinds of object in the directory: people, and groups of people."""
Relation: TypeAlias = Literal["members", "memberOf"]
"""What membership looks like from a group, and from a person."""


class Term(NamedTuple):
    """What an object of the directory is found by: the folded value of one of its properties."""

    property: str
    value: str


class Span(NamedTuple):
    """The terms of one property from one value to another by code points, both included."""

    property: str
    low: str
    high: str


class Entry(NamedTuple):
    """One term of a span, and the object that has it."""

    value: str
    record: Record


class Insert(msgspec.Struct, frozen=True):
    """Store a new item. Raises Missing if its owner is no person of the directory, Conflict if the
    key is taken, Full if the collection is.
    """

    key: Key
    created: int
    """Its place in the collection: lists run by ``created``, then by id."""
    text: str
    limit: int
    """How many items the collection may hold with this one."""
    version: int = msgspec.field(default_factory=new_version)
    """Where the item's versions start."""


class PutItem(msgspec.Struct, frozen=True):
    """Store an item with a version and a place of its own, new or instead of the one there.

    ``make`` is given the record under the key, if there is one, and returns the one to be kept,
    with the key's id: the very record that it was given, where that is to stay. Raises Missing if
    the item is new and its owner no person of the directory, Full if the item is new and the
    collection is full; what ``make`` raises leaves all as it was.
    """

    key: Key
    make: Callable[[Record | None], Record]
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


class EraseTenant(msgspec.Struct, frozen=True):
    """Remove everything of a tenant: items, people, groups, memberships."""

    tenant: str


class PutPerson(msgspec.Struct, frozen=True):
    """Store a person of the directory, new or in place of the one with this id.

    Raises Conflict if another person has the name, and of a ``new`` one if the id is taken.
    """

    tenant: str
    id: str
    name: str
    """What the person is also found by, folded by the caller: the principal name."""
    text: str
    terms: tuple[Term, ...] = ()
    new: bool = False


class UpdatePerson(msgspec.Struct, frozen=True):
    """Replace a person by what ``revise`` makes of the record: a PutPerson of the same tenant and
    id. Raises Missing if there is none, or none of those that are ``needed``, Conflict if another
    person has the name; what ``revise`` raises leaves the person as they were.
    """

    tenant: str
    id: str
    revise: Callable[[Record], PutPerson]
    name: str | None = None
    """The folded name that ``revise`` gives the person; None where it keeps theirs."""
    needed: tuple[str, ...] = ()
    """The ids of people whom ``revise`` puts into the record."""


class DeletePerson(msgspec.Struct, frozen=True):
    """Remove a person, every item they own and every membership; raises Missing if there is none.

    Whoever has a term of one of the properties ``links`` with the person's id is replaced by what
    ``release`` makes of their record, which has those terms no more.
    """

    tenant: str
    id: str
    links: tuple[str, ...]
    release: Callable[[Record], PutPerson]
    marks: tuple[str, ...] = ()
    """What is kept of the person, so that ``departed`` knows of them; nothing should name them."""
    at: int = 0
    """When that was, in seconds."""


class PutGroup(msgspec.Struct, frozen=True):
    """Store a group of the directory with its members, new or in place of the one there."""

    tenant: str
    id: str
    text: str
    members: tuple[str, ...] | None
    """The ids of people; None where the members stay who they are."""
    terms: tuple[Term, ...] = ()


class Join(msgspec.Struct, frozen=True):
    """Make a person a member of a group. Raises Missing if there is no such group or person,
    Conflict if the person is a member already.
    """

    tenant: str
    group: str
    person: str
    anyway: bool = False
    """Whether a person who is a member already just stays one, without a Conflict."""


class Leave(msgspec.Struct, frozen=True):
    """End a membership; raises Missing if there is none."""

    tenant: str
    group: str
    person: str


class Remember(msgspec.Struct, frozen=True):
    """Keep what a request was answered with, in one transaction with what it wrote.

    Raises Conflict if an answer that has not expired is kept under this id. Some answers of the
    tenant that have expired are removed along with it.
    """

    tenant: str
    caller: str
    id: str
    """Names the request among those of its caller."""
    owner: str
    """Whose data it is about: to Erase what they own, or to delete them, empties ``text``."""
    text: str
    now: int
    expires: int
    """When the answer may be forgotten; in seconds, like ``now``."""


class Remembered(NamedTuple):
    """An answer that is kept for when its request is repeated."""

    text: str
    """Empty where what it was about has been erased."""
    expires: int


Change: TypeAlias = (
    Insert
    | PutItem
    | Update
    | Delete
    | Erase
    | EraseTenant
    | PutPerson
    | UpdatePerson
    | DeletePerson
    | PutGroup
    | Join
    | Leave
    | Remember
)


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

    async def collection(self, tenant: str, owner: str, facet: str) -> Sequence[Record]:
        """All items of one collection, oldest first; a Collection where others share it."""

    async def owned(self, tenant: str, owner: str) -> Sequence[tuple[str, Record]]:
        """All items of one owner with their facets, facet by facet, oldest first."""

    async def next_tenant(self, after: str = "") -> str | None:
        """The first tenant, by code points, that is greater than ``after`` and has a person, a
        group or an item; None where there is none.
        """

    async def objects(
        self, tenant: str, kind: Kind, *, after: str = "", limit: int
    ) -> list[Record]:
        """The first ``limit`` people, or groups, of a tenant by their ids, of which the first is
        greater than ``after``.
        """

    async def write(self, changes: Sequence[Change]) -> list[Record | None]:
        """Carry out ``changes`` in order, all or none, and return when they are on the disk.

        Returns the record that each leaves behind, None for one that leaves none.
        """

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        """The person with this id or folded name."""

    async def group(self, tenant: str, group_id: str) -> Record | None:
        """The group with this id."""

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
        """The first ``limit`` terms of a span, by value and then by id, with their objects.

        ``after`` is the value and the id of the entry that a former call ended with, which may
        be there no more. An object stands there once for each term that lies in the span.
        """

    async def count_entries(self, tenant: str, kind: Kind, span: Span) -> int:
        """How many terms a span has."""

    async def related(
        self, tenant: str, relation: Relation, of: str, *, after: str = "", limit: int
    ) -> list[Record]:
        """The first ``limit`` people of a group, or groups of a person, whose id is ``of``, by
        their own ids, of which the first is greater than ``after``.
        """

    async def count_related(self, tenant: str, relation: Relation, of: str) -> int:
        """How many people a group has, or groups a person."""

    async def departed(self, tenant: str, mark: str) -> int | None:
        """When the last DeletePerson was that left this mark."""

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        """Whether two people, by their ids, are members of one group."""

    async def remembered(self, tenant: str, caller: str, request_id: str) -> Remembered | None:
        """The answer that is kept under this id, also one that has expired and is there yet."""

    async def secret(self) -> bytes:
        """32 random bytes, made with the database, that all who share it sign with."""

    def figures(self) -> StoreFigures:
        """What the store has done so far, and has yet to do."""

    async def check(self) -> None:
        """Return once a write has been stored; raise Unavailable if none can be."""

    async def close(self) -> None:
        """Finish the writes that were accepted, and let go of the database."""

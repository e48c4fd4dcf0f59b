"""What a group of writes makes of the rows that it touches, decided in memory between one read of
them and one write.

The rows are read in one round trip, each write is decided on, and what the writes come to goes
out with the commit in a second round trip. So a write that fails has touched nothing, and takes
nothing of its neighbours with it.

Before it reads, a transaction takes the turn of every owner whose rows it touches: it locks a row
of the table ``turn``, in an order that is the same everywhere. Whoever writes for the same owner,
on whatever node, waits there. What was read stays true until the commit, the size of a collection
included, and no two transactions wait for each other. It is a row, and not an advisory lock,
because a row lies with those that it guards wherever these are distributed to. For the same
reason every statement names one tenant, and one owner where the table has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import TypeAlias

import psycopg

from openprofile.store.base import (
    Change,
    Conflict,
    Delete,
    DeletePerson,
    Erase,
    EraseTenant,
    Full,
    Insert,
    Key,
    Missing,
    PutItem,
    Record,
    Remember,
    StoreError,
    Update,
    next_version,
)
from openprofile.store.postgres_lane import Connection
from openprofile.store.postgres_people import DIRECTORY, PeopleDraft, storable

Outcome: TypeAlias = "list[Record | None] | Exception"
_Collection: TypeAlias = "tuple[str, str, str]"
_Turn: TypeAlias = "tuple[str, str]"


def turn(change: Change) -> _Turn:
    """Whose rows ``change`` touches: an owner's, or no owner's where they are the directory's."""
    match change:
        case Insert(key) | PutItem(key) | Update(key) | Delete(key):
            return (key.tenant, key.owner)
        case Erase(tenant, owner):
            return (tenant, owner)
        case Remember(tenant, caller):
            return (tenant, caller)
        case _:
            return (change.tenant, DIRECTORY)


async def carry_out(connection: Connection, writes: Sequence[Sequence[Change]]) -> list[Outcome]:
    """Carry out a group of writes in one transaction, each of them all or none, and return once
    they are on the disk.

    The outcome of each is what it leaves behind, or what one of its changes raised. Raises
    psycopg.Error when nothing has been stored, or when nobody can know whether anything was.
    """
    draft = _Draft(chain.from_iterable(writes))
    await draft.read(connection)
    outcomes = [draft.decide(changes) for changes in writes]
    await draft.write(connection)
    return outcomes


class _Draft(PeopleDraft):
    """The rows that some changes touch, as they were read and as decisions have left them."""

    def __init__(self, changes: Iterable[Change]) -> None:
        super().__init__()
        self._turns: set[_Turn] = set()
        self._wanted_items: defaultdict[_Collection, set[str]] = defaultdict(set)
        self._wanted_sizes: set[_Collection] = set()
        self._wanted_owners: defaultdict[str, set[str]] = defaultdict(set)
        self._wanted_answers: set[_Collection] = set()
        self._erased_tenants: set[str] = set()
        for change in changes:
            self._want(change)
        self._items: dict[Key, Record | None] = {}
        self._sizes: dict[_Collection, int] = {}
        self._answers: dict[_Collection, int | None] = {}
        """When each expires, by tenant, caller and id."""

    def _want(self, change: Change) -> None:
        """Note whose turn ``change`` takes, and the rows that deciding on it takes."""
        self._turns.add(turn(change))
        match change:
            case Insert(key) | PutItem(key) | Update(key) | Delete(key):
                self._wanted_items[_collection(key)].add(key.id)
                if isinstance(change, (Insert, PutItem)):
                    self._wanted_sizes.add(_collection(key))
                    self._wanted_owners[key.tenant].add(key.owner)
            case Erase():
                pass
            case Remember(tenant, caller, id_):
                self._wanted_answers.add((tenant, caller, id_))
            case EraseTenant(tenant):
                self._erased_tenants.add(tenant)
            case _:
                self.want_directory(change)
                if isinstance(change, DeletePerson):
                    self._turns.add((change.tenant, change.id))

    async def read(self, connection: Connection) -> None:
        """Begin the transaction, take the turns, then read what was noted."""
        async with connection.pipeline():
            await connection.execute(_BEGIN)
            await self._take_turns(connection)
            sizes = {place: await connection.execute(_SIZE, place) for place in self._wanted_sizes}
            items = {
                place: await connection.execute(_ITEMS, (*place, list(ids)))
                for place, ids in self._wanted_items.items()
            }
            owners = {
                tenant: await connection.execute(_OWNERS, (tenant, list(ids)))
                for tenant, ids in self._wanted_owners.items()
            }
            answers = {
                place: await connection.execute(_ANSWER, place) for place in self._wanted_answers
            }
            directory = await self.ask_directory(connection)
        for place, cursor in sizes.items():
            for (size,) in await cursor.fetchall():
                self._sizes[place] = size
        for place, cursor in items.items():
            for id_, *rest in await cursor.fetchall():
                self._items[Key(*place, id_)] = Record(id_, *rest)
        for tenant, cursor in owners.items():
            self.there.update({(tenant, id_): True for (id_,) in await cursor.fetchall()})
        for place, cursor in answers.items():
            for (expires,) in await cursor.fetchall():
                self._answers[place] = expires
        await self.read_directory(directory)

    async def _take_turns(self, connection: Connection) -> None:
        """Take them in their order: in a tenant that is erased, those of all its people as well.

        Nobody becomes one of its people meanwhile: the directory's turn, which comes before those
        of owners, is taken by then.
        """
        for tenant, turns in groupby(sorted(self._turns), key=itemgetter(0)):
            owners = [owner for _, owner in turns]
            if tenant in self._erased_tenants:
                await connection.execute(_TAKE_TURN, (tenant, DIRECTORY))
                await connection.execute(_TAKE_ALL_TURNS, (tenant, owners))
            else:
                places = [(tenant, owner) for owner in owners]
                await connection.cursor().executemany(_TAKE_TURN, places)

    def decide(self, changes: Sequence[Change]) -> Outcome:
        """Decide on one write; where a change raises, all is as it was before the write."""
        if not changes:
            self._statements.append((_BEAT, ()))
        before = len(self._statements)
        self._undo.clear()
        try:
            return [self._carried_out(change) for change in changes]
        except Exception as error:  # noqa: BLE001  what a change raises is its caller's
            del self._statements[before:]
            for rows, key, value in reversed(self._undo):
                rows[key] = value
            return error

    async def write(self, connection: Connection) -> None:
        """Write what was decided, and commit."""
        if not self._statements:
            await connection.execute("ROLLBACK")
            return
        async with connection.pipeline():
            for sql, alike in groupby(self._statements, key=itemgetter(0)):
                await connection.cursor().executemany(sql, [values for _, values in alike])
            commit = await connection.execute("COMMIT")
        if commit.statusmessage != "COMMIT":
            raise psycopg.OperationalError(f"COMMIT was answered with {commit.statusmessage}")

    def _carried_out(self, change: Change) -> Record | None:
        try:
            return self._decide(change)
        except StoreError as error:
            error.change = change
            raise

    def _decide(self, change: Change) -> Record | None:
        match change:
            case Insert():
                return self._insert(change)
            case PutItem():
                return self._put(change)
            case Update():
                return self._update(change)
            case Delete():
                self._delete(change)
                return None
            case Erase(tenant, owner):
                self.erase(tenant, owner)
                return None
            case Remember():
                self._remember(change)
                return None
            case EraseTenant(tenant):
                self._erase_tenant(tenant)
                return None
            case _:
                return self.decide_directory(change)

    def _insert(self, change: Insert) -> Record:
        self._require_room(change)
        if self._items.get(change.key):
            raise Conflict(f"{change.key.id} is taken")
        return self._add(
            change.key, Record(change.key.id, change.version, change.text, change.created)
        )

    def _put(self, change: PutItem) -> Record:
        key, before = change.key, self._items.get(change.key)
        if before is None:
            self._require_room(change)
            return self._add(key, change.make(None))
        record = change.make(before)
        if record is not before:
            self._set(self._items, key, record)
            values = (record.version, record.created, storable(record.text))
            self._then(_REPLACE, *values, *_place(key))
        return record

    def _require_room(self, change: Insert | PutItem) -> None:
        key = change.key
        if not self.has_person(key.tenant, key.owner):
            raise Missing(key.owner)
        size = self._sizes[_collection(key)]
        if size >= change.limit:
            raise Full(f"{key.facet} holds {size} items")

    def _add(self, key: Key, record: Record) -> Record:
        collection = _collection(key)
        values = (record.version, record.created, storable(record.text))
        self._set(self._items, key, record)
        self._set(self._sizes, collection, self._sizes[collection] + 1)
        self._then(_INSERT, *_place(key), *values)
        return record

    def _update(self, change: Update) -> Record:
        key, before = change.key, self._existing(change.key)
        text = storable(change.revise(before))
        version = next_version(before.version, text)
        record = Record(key.id, version, text, before.created)
        self._set(self._items, key, record)
        self._then(_UPDATE, record.version, record.text, *_place(key))
        return record

    def _delete(self, change: Delete) -> None:
        key, collection = change.key, _collection(change.key)
        change.check(self._existing(key))
        self._set(self._items, key, None)
        if collection in self._sizes:
            self._set(self._sizes, collection, self._sizes[collection] - 1)
        self._then(_DELETE, *_place(key))

    def _remember(self, change: Remember) -> None:
        place = (change.tenant, change.caller, change.id)
        expires = self._answers.get(place)
        if expires is not None and expires > change.now:
            raise Conflict(f"the answer to {change.id} is kept already")
        self._set(self._answers, place, change.expires)
        self._then(_REMEMBER, *place, change.owner, storable(change.text), change.expires)
        self._then(_FORGET, change.tenant, change.now)

    def erase(self, tenant: str, owner: str) -> None:
        for key in self._items:
            if (key.tenant, key.owner) == (tenant, owner):
                self._set(self._items, key, None)
        for collection in self._sizes:
            if collection[:2] == (tenant, owner):
                self._set(self._sizes, collection, 0)
        self._then(_ERASE, tenant, owner)
        self._then(_EMPTY_ANSWERS, tenant, owner)
        self._then(_END_TURNS, tenant, owner)

    def _erase_tenant(self, tenant: str) -> None:
        for key in self._items:
            if key.tenant == tenant:
                self._set(self._items, key, None)
        for collection in self._sizes:
            if collection[0] == tenant:
                self._set(self._sizes, collection, 0)
        for answer in self._answers:
            if answer[0] == tenant:
                self._set(self._answers, answer, None)
        self._then(_ERASE_ITEMS, tenant)
        self._then(_ERASE_ANSWERS, tenant)
        self._then(_END_ALL_TURNS, tenant)
        self.erase_directory(tenant)

    def _existing(self, key: Key) -> Record:
        record = self._items.get(key)
        if record is None:
            raise Missing(key.id)
        return record


def _place(key: Key) -> tuple[str, str, str, str]:
    return (key.tenant, key.owner, key.facet, key.id)


def _collection(key: Key) -> _Collection:
    return (key.tenant, key.owner, key.facet)


# Each statement must see what was committed before the turn was taken, so whatever the database
# has for its default, the level is this.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TAKE_TURN = (
    "INSERT INTO turn (tenant, owner, taken) VALUES ($1, $2, 1)"
    " ON CONFLICT (tenant, owner) DO UPDATE SET taken = turn.taken + 1"
)
# But the directory's, which is taken already.
_TAKE_ALL_TURNS = (
    "INSERT INTO turn (tenant, owner, taken) SELECT $1, owner, 1 FROM"
    " (SELECT id AS owner FROM person WHERE tenant = $1 UNION SELECT unnest($2::text[])) AS owners"
    " WHERE owner <> '' ORDER BY owner COLLATE \"C\""
    " ON CONFLICT (tenant, owner) DO UPDATE SET taken = turn.taken + 1"
)
_SIZE = "SELECT count(*) FROM item WHERE tenant = $1 AND owner = $2 AND facet = $3"
# Nobody deletes a person without the turn that the insert has taken.
_OWNERS = "SELECT id FROM person WHERE tenant = $1 AND id = ANY ($2)"
_ITEMS = (
    "SELECT id, version, text, created FROM item"
    " WHERE tenant = $1 AND owner = $2 AND facet = $3 AND id = ANY ($4) FOR UPDATE"
)
_INSERT = (
    "INSERT INTO item (tenant, owner, facet, id, version, created, text)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_UPDATE = (
    "UPDATE item SET version = $1, text = $2"
    " WHERE tenant = $3 AND owner = $4 AND facet = $5 AND id = $6"
)
_REPLACE = (
    "UPDATE item SET version = $1, created = $2, text = $3"
    " WHERE tenant = $4 AND owner = $5 AND facet = $6 AND id = $7"
)
_DELETE = "DELETE FROM item WHERE tenant = $1 AND owner = $2 AND facet = $3 AND id = $4"
_ERASE = "DELETE FROM item WHERE tenant = $1 AND owner = $2"
_ANSWER = "SELECT expires FROM answer WHERE tenant = $1 AND caller = $2 AND id = $3"
_REMEMBER = (
    "INSERT INTO answer (tenant, caller, id, owner, text, expires) VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (tenant, caller, id) DO UPDATE"
    " SET owner = excluded.owner, text = excluded.text, expires = excluded.expires"
)
# More than one goes for each that comes, so they do not gather. They are of other callers, whose
# turn it is not: what somebody else has locked is left to them.
_FORGET = (
    "DELETE FROM answer WHERE tenant = $1 AND (caller, id) IN (SELECT caller, id FROM answer"
    " WHERE tenant = $1 AND expires <= $2 ORDER BY expires LIMIT 4 FOR UPDATE SKIP LOCKED)"
)
_EMPTY_ANSWERS = "UPDATE answer SET text = '' WHERE tenant = $1 AND owner = $2"
_ERASE_ITEMS = "DELETE FROM item WHERE tenant = $1"
_ERASE_ANSWERS = "DELETE FROM answer WHERE tenant = $1"
# The row stays locked until the commit, and whoever waits for it makes it anew.
_END_TURNS = "DELETE FROM turn WHERE tenant = $1 AND owner = $2"
_END_ALL_TURNS = "DELETE FROM turn WHERE tenant = $1"
_BEAT = "UPDATE heartbeat SET beats = beats + 1 WHERE id = 1"

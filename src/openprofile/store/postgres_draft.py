"""What a group of writes makes of the items that it touches, decided in memory between one read of
them and one write.

The rows are read in one round trip, each write is decided on, and what the writes come to goes
out with the commit in a second round trip. So a write that fails has touched nothing, and takes
nothing of its neighbours with it.

Before it reads, a transaction takes the turn of every owner whose rows it touches: it locks a row
of the table ``turn``, in an order that is the same everywhere. Whoever writes for the same owner,
on whatever node, waits there; ``postgres_people`` takes turns in the same way. What was read stays
true until the commit, the size of a collection included, and no two transactions wait for each
other. It is a row, and not an advisory lock, because a row lies with those that it guards wherever
these are distributed to. For the same reason every statement names one tenant and one owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg.rows import TupleRow

from openprofile.store.base import (
    Conflict,
    Delete,
    Erase,
    Full,
    Insert,
    ItemChange,
    Key,
    Missing,
    Record,
    StoreError,
    Update,
    new_version,
)
from openprofile.store.postgres_lane import Connection
from openprofile.store.postgres_names import storable

Outcome: TypeAlias = "list[Record | None] | Exception"
Turn: TypeAlias = "tuple[str, str]"
"""A tenant and an owner."""
Cursor: TypeAlias = psycopg.AsyncCursor[TupleRow]
_Collection: TypeAlias = "tuple[str, str, str]"
_K = TypeVar("_K")
_V = TypeVar("_V")


def turn(change: ItemChange) -> Turn:
    """Whose items ``change`` touches."""
    match change:
        case Insert(key) | Update(key) | Delete(key):
            return (key.tenant, key.owner)
        case Erase(tenant, owner):
            return (tenant, owner)


async def carry_out(
    connection: Connection, writes: Sequence[Sequence[ItemChange]]
) -> list[Outcome]:
    """Carry out a group of writes in one transaction, each of them all or none, and return once
    they are on the disk.

    The outcome of each is what it leaves behind, or what one of its changes raised. Raises
    psycopg.Error when nothing has been stored, or when nobody can know whether anything was.
    """
    draft = Draft(chain.from_iterable(writes))
    async with connection.pipeline():
        await begin(connection, draft.turns)
        await draft.ask(connection)
    await draft.read()
    outcomes = [draft.decide(changes) for changes in writes]
    if not draft.statements:
        await connection.execute("ROLLBACK")
        return outcomes
    async with connection.pipeline():
        await draft.write(connection)
        commit = await connection.execute("COMMIT")
    require_committed(commit)
    return outcomes


async def begin(connection: Connection, turns: Collection[Turn]) -> None:
    """Begin a transaction, and take ``turns`` in the order that is the same everywhere."""
    await connection.execute(_BEGIN)
    if turns:
        await connection.cursor().executemany(_TAKE_TURN, sorted(turns))


def require_committed(commit: Cursor) -> None:
    """Raise psycopg.Error where a COMMIT was answered, but with something else."""
    if commit.statusmessage != "COMMIT":
        raise psycopg.OperationalError(f"COMMIT was answered with {commit.statusmessage}")


class Draft:
    """The items that some changes touch, as they were read and as decisions have left them.

    Whoever uses one has begun a transaction and taken ``turns`` in it.
    """

    def __init__(self, changes: Iterable[ItemChange]) -> None:
        self.turns: set[Turn] = set()
        self._wanted_items: defaultdict[_Collection, set[str]] = defaultdict(set)
        self._wanted_sizes: set[_Collection] = set()
        for change in changes:
            self._want(change)
        self._items: dict[Key, Record | None] = {}
        self._sizes: dict[_Collection, int] = {}
        self._asked_sizes: dict[_Collection, Cursor] = {}
        self._asked_items: dict[_Collection, Cursor] = {}
        self.statements: list[tuple[str, tuple[object, ...]]] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def _want(self, change: ItemChange) -> None:
        """Note whose turn ``change`` takes, and the rows that deciding on it takes."""
        self.turns.add(turn(change))
        match change:
            case Insert(key) | Update(key) | Delete(key):
                self._wanted_items[_collection(key)].add(key.id)
                if isinstance(change, Insert):
                    self._wanted_sizes.add(_collection(key))

    async def ask(self, connection: Connection) -> None:
        """Ask for the rows that were noted, as part of a pipeline; ``read`` takes them."""
        for place in self._wanted_sizes:
            self._asked_sizes[place] = await connection.execute(_SIZE, place)
        for place, ids in self._wanted_items.items():
            self._asked_items[place] = await connection.execute(_ITEMS, (*place, list(ids)))

    async def read(self) -> None:
        """Take the rows that were asked for."""
        for place, cursor in self._asked_sizes.items():
            for (size,) in await cursor.fetchall():
                self._sizes[place] = size
        for place, cursor in self._asked_items.items():
            for id_, *rest in await cursor.fetchall():
                self._items[Key(*place, id_)] = Record(id_, *rest)

    def decide(self, changes: Sequence[ItemChange]) -> Outcome:
        """Decide on one write; where a change raises, all is as it was before the write."""
        if not changes:
            self.statements.append((_BEAT, ()))
        before = len(self.statements)
        self._undo.clear()
        try:
            return [self._carried_out(change) for change in changes]
        except Exception as error:  # noqa: BLE001  what a change raises is its caller's
            del self.statements[before:]
            for rows, key, value in reversed(self._undo):
                rows[key] = value
            return error

    async def write(self, connection: Connection) -> None:
        """Write what was decided, as part of a pipeline."""
        for sql, alike in groupby(self.statements, key=itemgetter(0)):
            await connection.cursor().executemany(sql, [values for _, values in alike])

    def _carried_out(self, change: ItemChange) -> Record | None:
        try:
            return self._decide(change)
        except StoreError as error:
            error.change = change
            raise

    def _decide(self, change: ItemChange) -> Record | None:
        match change:
            case Insert():
                return self._insert(change)
            case Update():
                return self._update(change)
            case Delete():
                self._delete(change)
                return None
            case Erase():
                self._erase(change)
                return None

    def _insert(self, change: Insert) -> Record:
        key, collection = change.key, _collection(change.key)
        size = self._sizes[collection]
        if size >= change.limit:
            raise Full(f"{key.facet} holds {size} items")
        if self._items.get(key):
            raise Conflict(f"{key.id} is taken")
        record = Record(key.id, new_version(), storable(change.text), change.created)
        self._set(self._items, key, record)
        self._set(self._sizes, collection, size + 1)
        self._then(_INSERT, *_place(key), record.version, record.created, record.text)
        return record

    def _update(self, change: Update) -> Record:
        key, before = change.key, self._existing(change.key)
        text = storable(change.revise(before))
        record = Record(key.id, before.version + 1, text, before.created)
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

    def _erase(self, change: Erase) -> None:
        owner = (change.tenant, change.owner)
        for key in self._items:
            if (key.tenant, key.owner) == owner:
                self._set(self._items, key, None)
        for collection in self._sizes:
            if collection[:2] == owner:
                self._set(self._sizes, collection, 0)
        self._then(ERASE, *owner)
        self._then(END_TURNS, *owner)

    def _existing(self, key: Key) -> Record:
        record = self._items.get(key)
        if record is None:
            raise Missing(key.id)
        return record

    def _set(self, rows: dict[_K, _V], key: _K, value: _V) -> None:
        self._undo.append((rows, key, rows.get(key)))
        rows[key] = value

    def _then(self, sql: str, *values: object) -> None:
        self.statements.append((sql, values))


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
_SIZE = "SELECT count(*) FROM item WHERE tenant = $1 AND owner = $2 AND facet = $3"
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
_DELETE = "DELETE FROM item WHERE tenant = $1 AND owner = $2 AND facet = $3 AND id = $4"
ERASE = "DELETE FROM item WHERE tenant = $1 AND owner = $2"
# The row stays locked until the commit, and whoever waits for it makes it anew.
END_TURNS = "DELETE FROM turn WHERE tenant = $1 AND owner = $2"
_BEAT = "UPDATE heartbeat SET beats = beats + 1 WHERE id = 1"

"""The store on SQLite: reads on the caller's thread, writes on one thread that commits groups.

WAL with ``synchronous=FULL`` (https://sqlite.org/pragma.html#pragma_synchronous): a commit has
been synced to the disk when it returns, and ``write`` returns after it. While one commit waits
for the disk, the writes that arrive queue up and share the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from openprofile.metering import SIZES, Histogram, StoreFigures
from openprofile.store import sqlite_answers as answers
from openprofile.store import sqlite_people as people
from openprofile.store.base import (
    LONGEST_STATEMENT,
    Change,
    Conflict,
    Delete,
    Entry,
    Erase,
    EraseTenant,
    Full,
    Insert,
    Key,
    Kind,
    Missing,
    PutItem,
    Record,
    Relation,
    Remember,
    Remembered,
    Span,
    StoreError,
    Unavailable,
    Update,
    next_version,
)
from openprofile.store.migrate import pending
from openprofile.store.sqlite_room import Room
from openprofile.store.sqlite_turn import Turn

WAITING = 1000
"""How many writes wait at most, unless told otherwise."""
GROUP = 256
"""How many writes one commit carries at most."""

_BULK_CACHE, _BULK_LOG = 64 * 1024, 16 * 1024
"""KiB, and pages: places in an index are scattered, and what is written twice soon is kept."""
_STEPS = 50_000
"""Steps of SQLite's virtual machine, a few milliseconds, between two looks at the clock."""
PAGE = 8192
"""Bytes of a page. Items lie in the tree of their key, and of one profile side by side; with few of
them on a page the tree would be deep."""
CACHE = 16_000
"""Kilobytes of the database that each connection keeps; SQLite's own 2,000 hold few profiles."""
CHECKPOINT = 4000
"""Pages of the log after which they are put into the database; one changed often goes once."""

_OF_ITEMS = (Insert, PutItem, Update, Delete, Erase)
"""The changes that write by one statement."""

Result: TypeAlias = "list[Record | None]"


class _Write:
    """Changes on their way to the writer, and the future of whoever waits for them."""

    __slots__ = ("changes", "error", "future", "loop", "result", "room")

    def __init__(self, changes: Sequence[Change], room: int = 0) -> None:
        self.changes = changes
        self.room = room
        """Bytes that a heartbeat writes; one is what has no changes."""
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Result] = self.loop.create_future()
        self.result: Result = []
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteStore:
    """A Store in one file, or in memory where ``path`` is None.

    In memory, reads and writes share the one connection that there is; a lock keeps a read from
    seeing a transaction that is under way.
    """

    def __init__(self, path: Path | None, *, waiting: int = WAITING, bulk: bool = False) -> None:
        """``waiting`` is how many writes may wait; any further raises Unavailable. With ``bulk``,
        much is about to be written: that takes memory, and a longer log.
        """
        self._waiting = waiting
        self._groups = Histogram(SIZES)
        self._writer = _connect(path)
        try:
            with availability():
                _migrate(self._writer)
                self._writer.execute("PRAGMA busy_timeout = 0")  # from here on it takes its turn
                if bulk:
                    self._writer.execute(f"PRAGMA cache_size = -{_BULK_CACHE:d}")
                    self._writer.execute(f"PRAGMA wal_autocheckpoint = {_BULK_LOG:d}")
        except BaseException:
            self._writer.close()
            raise
        self._gate: contextlib.AbstractContextManager[Any]
        if path is None:
            self._reader, self._gate = self._writer, threading.Lock()
        else:
            self._reader, self._gate = _connect(path), contextlib.nullcontext()
            self._reader.execute("PRAGMA query_only = ON")
            self._reader.set_progress_handler(self._is_overdue, _STEPS)
        self._until = math.inf
        """When the statement that is being read has taken too long."""
        self._turn, self._room = Turn(path), Room(path)
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closed = False
        self._turn_of: asyncio.AbstractEventLoop | None = None
        """The loop in whose turn a transaction of reads is open."""
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def get(self, key: Key) -> Record | None:
        return self._one(_GET, (key.tenant, key.owner, key.facet, key.id))

    async def collection(self, tenant: str, owner: str, facet: str) -> list[Record]:
        return self._all(_LIST, (tenant, owner, facet))

    async def owned(self, tenant: str, owner: str) -> list[tuple[str, Record]]:
        return [(facet, Record(*rest)) for facet, *rest in self._rows(_OWNED, (tenant, owner))]

    async def next_tenant(self, after: str = "") -> str | None:
        ((tenant,),) = self._rows(people.NEXT_TENANT, (after, after, after))
        return None if tenant is None else str(tenant)

    async def objects(
        self, tenant: str, kind: Kind, *, after: str = "", limit: int
    ) -> list[Record]:
        return self._all(people.OBJECTS[kind], (tenant, after, limit))

    async def write(self, changes: Sequence[Change]) -> Result:
        return await self._queued(_Write(changes))

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        return self._one(people.PERSON, (tenant, id_or_name)) or self._one(
            people.PERSON_BY_NAME, (tenant, id_or_name)
        )

    async def group(self, tenant: str, group_id: str) -> Record | None:
        return self._one(people.GROUP, (tenant, group_id))

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
        sql, parameters = people.entries(tenant, kind, span, after, limit, descending=descending)
        return [Entry(value, Record(*rest)) for value, *rest in self._rows(sql, parameters)]

    async def count_entries(self, tenant: str, kind: Kind, span: Span) -> int:
        return self._number(people.COUNT_ENTRIES, (tenant, kind, *span))

    async def related(
        self, tenant: str, relation: Relation, of: str, *, after: str = "", limit: int
    ) -> list[Record]:
        return self._all(people.RELATED[relation], (tenant, of, after, limit))

    async def count_related(self, tenant: str, relation: Relation, of: str) -> int:
        return self._number(people.COUNT_RELATED[relation], (tenant, of))

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        return bool(self._rows(people.SHARE_GROUP, (tenant, one, other)))

    async def remembered(self, tenant: str, caller: str, request_id: str) -> Remembered | None:
        rows = self._rows(answers.REMEMBERED, (tenant, caller, request_id))
        return Remembered(*rows[0]) if rows else None

    async def secret(self) -> bytes:
        with self._gate, availability():
            (secret,) = self._reader.execute("SELECT value FROM secret").fetchone()
        return bytes(secret)

    def figures(self) -> StoreFigures:
        return StoreFigures(waiting=self._queue.qsize(), groups=self._groups.copy())

    async def check(self) -> None:
        await self._queued(_Write((), self._room.to_prove()))
        self._room.proved()

    async def _queued(self, write: _Write) -> Result:
        if self._closed:
            raise Unavailable("the store is closed")
        if self._queue.qsize() >= self._waiting:
            raise Unavailable(f"{self._waiting} writes wait for the database already")
        self._queue.put(write)
        return await write.future

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._end_reading()
        if self._reader is not self._writer:
            self._reader.close()
        self._writer.close()
        self._turn.close()

    def _one(self, sql: str, parameters: tuple[str, ...]) -> Record | None:
        rows = self._rows(sql, parameters)
        return Record(*rows[0]) if rows else None

    def _all(self, sql: str, parameters: tuple[str | int, ...]) -> list[Record]:
        return [Record(*row) for row in self._rows(sql, parameters)]

    def _rows(self, sql: str, parameters: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        self._begin_reading()
        self._until = time.monotonic() + LONGEST_STATEMENT
        with self._gate:
            try:
                return self._reader.execute(sql, parameters).fetchall()
            except sqlite3.DatabaseError as error:
                raise Unavailable(str(error)) from error
            finally:
                self._until = math.inf  # what begins and ends a transaction is never given up

    def _is_overdue(self) -> bool:
        """Whether SQLite is to give up the statement that it works on."""
        return time.monotonic() > self._until

    def _begin_reading(self) -> None:
        """Let all that is read in this turn of the loop be one transaction, as each costs more
        than most statements.

        It sees what had been committed when it began. The turn's tasks were all waiting by then;
        whoever comes later, and may know of later writes, comes in another turn.
        """
        loop = asyncio.get_running_loop()
        if loop is self._turn_of or self._reader is self._writer:
            return
        self._end_reading()  # of a loop that has stopped
        try:
            self._reader.execute("BEGIN")
        except sqlite3.DatabaseError as error:
            raise Unavailable(str(error)) from error
        self._turn_of = loop
        loop.call_soon(self._end_reading)

    def _end_reading(self) -> None:
        if self._turn_of is not None:
            self._turn_of = None
            self._reader.execute("COMMIT")

    def _number(self, sql: str, parameters: tuple[str, ...]) -> int:
        ((number,),) = self._rows(sql, parameters)
        return int(number)

    def _run(self) -> None:
        """The writer's life: take all that wait, commit them together, tell each how it went."""
        while (first := self._queue.get()) is not None:
            group, more = [first], True
            while more and len(group) < GROUP:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    self._queue.put(None)
                    more = False
                else:
                    group.append(waiting)
            self._groups.add(len(group))
            self._commit(group)
            for loop in {write.loop for write in group}:
                settled = [write for write in group if write.loop is loop]
                with contextlib.suppress(RuntimeError):  # that loop has ended; nobody waits
                    loop.call_soon_threadsafe(_settle, settled)

    def _commit(self, group: list[_Write]) -> None:
        try:
            with self._gate, availability():
                self._turn.begin(self._writer)
                try:
                    for write in group:
                        self._carry_out(write)
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
        except Exception as error:  # noqa: BLE001  whoever waits for the write is told
            for write in group:
                write.error = write.error or error
                self._room.lacked(write.changes)

    def _carry_out(self, write: _Write) -> None:
        """Run one write inside the group's transaction; its failure takes back only itself.

        An error of the database itself is raised: it ends the whole group.
        """
        if not write.changes:
            self._writer.execute(_BEAT, (write.room,))
            return
        # One statement that fails leaves nothing behind: only several need a savepoint.
        several = len(write.changes) > 1 or not isinstance(write.changes[0], _OF_ITEMS)
        if several:
            self._writer.execute("SAVEPOINT write")
        try:
            write.result = [self._apply(change) for change in write.changes]
        except sqlite3.DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  what a change raises is its caller's
            write.error = error
            if several:
                self._writer.execute("ROLLBACK TO write")
        if several:
            self._writer.execute("RELEASE write")

    def _apply(self, change: Change) -> Record | None:
        try:
            return self._carried_out(change)
        except StoreError as error:
            error.change = change
            raise

    def _carried_out(self, change: Change) -> Record | None:
        match change:
            case Insert():
                return self._insert(change)
            case PutItem():
                return self._put(change)
            case Update(key, revise):
                before = self._existing(key)
                text = revise(before)
                version = next_version(before.version, text)
                self._writer.execute(_UPDATE, (version, text, *_place(key)))
                return Record(key.id, version, text, before.created)
            case Delete(key, check):
                check(self._existing(key))
                self._writer.execute(_DELETE, _place(key))
                return None
            case Erase(tenant, owner):
                people.erase(self._writer, tenant, owner)
                return None
            case Remember():
                answers.remember(self._writer, change)
                return None
            case EraseTenant(tenant):
                for statement in people.ERASE_TENANT:
                    self._writer.execute(statement, (tenant,))
                return None
            case _:
                return people.apply(self._writer, change)

    def _insert(self, change: Insert) -> Record:
        key, version = change.key, change.version
        parameters = (*_place(key), version, change.created, change.text)
        self._require_room(key, change.limit)
        try:
            self._writer.execute(_INSERT, parameters)
        except sqlite3.IntegrityError as error:
            raise Conflict(f"{key.id} is taken") from error
        return Record(key.id, version, change.text, change.created)

    def _put(self, change: PutItem) -> Record:
        key = change.key
        row = self._writer.execute(_GET, _place(key)).fetchone()
        before = Record(*row) if row else None
        if before is None:
            self._require_room(key, change.limit)
        record = change.make(before)
        if record is not before:
            parameters = (*_place(key), record.version, record.created, record.text)
            self._writer.execute(_PUT, parameters)
        return record

    def _require_room(self, key: Key, limit: int) -> None:
        place = (key.tenant, key.owner, key.facet)
        count, has_owner = self._writer.execute(_COUNT, place).fetchone()
        if not has_owner:
            raise Missing(key.owner)
        if count >= limit:
            raise Full(f"{key.facet} holds {count} items")

    def _existing(self, key: Key) -> Record:
        row = self._writer.execute(_GET, _place(key)).fetchone()
        if row is None:
            raise Missing(key.id)
        return Record(*row)


_GET = (
    "SELECT id, version, text, created FROM item"
    " WHERE tenant = ? AND owner = ? AND facet = ? AND id = ?"
)
_LIST = (
    "SELECT id, version, text, created FROM item WHERE tenant = ? AND owner = ? AND facet = ?"
    " ORDER BY created, id"
)
_COUNT = (
    "SELECT count(*), EXISTS (SELECT 1 FROM person WHERE tenant = ?1 AND id = ?2)"
    " FROM item WHERE tenant = ?1 AND owner = ?2 AND facet = ?3"
)
_INSERT = (
    "INSERT INTO item (tenant, owner, facet, id, version, created, text)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT = _INSERT.replace("INSERT", "INSERT OR REPLACE", 1)
_UPDATE = (
    "UPDATE item SET version = ?, text = ? WHERE tenant = ? AND owner = ? AND facet = ? AND id = ?"
)
_DELETE = "DELETE FROM item WHERE tenant = ? AND owner = ? AND facet = ? AND id = ?"
_BEAT = "UPDATE heartbeat SET beats = beats + 1, room = zeroblob(?)"
_OWNED = (
    "SELECT facet, id, version, text, created FROM item WHERE tenant = ? AND owner = ?"
    " ORDER BY facet, created, id"
)


def _place(key: Key) -> tuple[str, str, str, str]:
    return (key.tenant, key.owner, key.facet, key.id)


def _settle(writes: Sequence[_Write]) -> None:
    for write in writes:
        write.settle()


def _connect(path: Path | None) -> sqlite3.Connection:
    with availability():
        connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute(f"PRAGMA page_size = {PAGE}")  # of a file that is new
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{CACHE}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        except sqlite3.DatabaseError:
            connection.close()
            raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for migration in pending("sqlite", version):
            for statement in migration.sql.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migration.number:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def availability() -> Iterator[None]:
    """Turn an error of the database itself into Unavailable."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Unavailable(str(error)) from error

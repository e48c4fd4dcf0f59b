"""The store on SQLite: reads on the loop's thread; the writer has a thread and a connection."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import threading
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from openprofile.metering import StoreFigures
from openprofile.store import sqlite_answers as answers
from openprofile.store import sqlite_items as items
from openprofile.store import sqlite_people as people
from openprofile.store.base import (
    LONGEST_STATEMENT,
    Change,
    Entry,
    Key,
    Kind,
    Record,
    Relation,
    Remembered,
    Span,
    Unavailable,
)
from openprofile.store.collection import Collection
from openprofile.store.sqlite_connection import availability, connect, migrate
from openprofile.store.sqlite_counts import STATE
from openprofile.store.sqlite_kept import Kept
from openprofile.store.sqlite_writer import WAITING, Result, Writer

_BULK_CACHE, _BULK_LOG = 64 * 1024, 16 * 1024
"""KiB, and pages: places in an index are scattered, and what is written twice soon is kept."""
_MARKS = "SELECT people_mark.mark, item_mark.mark FROM people_mark, item_mark"
_STEPS = 50_000
"""Steps of SQLite's virtual machine, a few milliseconds, between two looks at the clock."""


class SqliteStore:
    """A Store in one file, or in memory where ``path`` is None.

    In memory, reads and writes share the one connection that there is; a lock keeps a read from
    seeing a transaction that is under way.
    """

    def __init__(self, path: Path | None, *, waiting: int = WAITING, bulk: bool = False) -> None:
        """``waiting`` is how many writes may wait; any further raises Unavailable. With ``bulk``,
        much is about to be written: that takes memory, and a longer log.
        """
        self._writer = connect(path)
        try:
            with availability():
                migrate(self._writer)
                self._writer.execute("PRAGMA busy_timeout = 0")  # from here on it takes its turn
                if bulk:
                    self._writer.execute(f"PRAGMA cache_size = -{_BULK_CACHE:d}")
                    self._writer.execute(f"PRAGMA wal_autocheckpoint = {_BULK_LOG:d}")
        except BaseException:
            self._writer.close()
            raise
        self._gate = threading.Lock()
        """Held while something is read, which takes less than to do nothing by a nullcontext."""
        gate: contextlib.AbstractContextManager[Any] = self._gate
        if path is None:
            self._reader = self._writer
        else:
            gate = contextlib.nullcontext()
            self._reader = connect(path)
            self._reader.execute("PRAGMA query_only = ON")
            self._reader.set_progress_handler(self._is_overdue, _STEPS)
        self._cursor = self._reader.cursor()
        self._until = math.inf
        """When the statement that is being read has taken too long."""
        self._closed = False
        self._turn_of: asyncio.AbstractEventLoop | None = None
        """The loop in whose turn a transaction of reads is open."""
        self._known = people.Known()
        self._kept = Kept()
        self._writes = Writer(self._writer, path, gate, self._kept, waiting=waiting)

    async def get(self, key: Key) -> Record | None:
        self._begin_reading()
        try:
            return self._kept.item(key)
        except KeyError:
            found = self._one(items.GET, items.place(key))
        if self._turn_of is not None:
            self._kept.keep_item(key, found)
        return found

    async def collection(self, tenant: str, owner: str, facet: str) -> Sequence[Record]:
        self._begin_reading()
        found = self._kept.collection(tenant, owner, facet)
        if found is None:
            found = Collection(items.oldest_first(self._rows(items.LIST, (tenant, owner, facet))))
            if self._turn_of is not None:
                self._kept.keep_collection(tenant, owner, facet, found)
        return found

    async def owned(self, tenant: str, owner: str) -> Sequence[tuple[str, Record]]:
        self._begin_reading()
        found = self._kept.whole(tenant, owner)
        if found is None:
            found = items.facet_by_facet(self._rows(items.OWNED, (tenant, owner)))
            if self._turn_of is not None:
                self._kept.keep_whole(tenant, owner, found)
        return found

    async def next_tenant(self, after: str = "") -> str | None:
        ((tenant,),) = self._rows(people.NEXT_TENANT, (after, after, after))
        return None if tenant is None else str(tenant)

    async def objects(
        self, tenant: str, kind: Kind, *, after: str = "", limit: int
    ) -> list[Record]:
        return self._all(people.OBJECTS[kind], (tenant, after, limit))

    def write(self, changes: Sequence[Change]) -> Coroutine[Any, Any, Result]:
        return self._writes.write(changes)

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        self._begin_reading()
        try:
            return self._known.get(tenant, id_or_name)
        except KeyError:
            found = self._one(people.PERSON, (tenant, id_or_name)) or self._one(
                people.PERSON_BY_NAME, (tenant, id_or_name)
            )
        if self._turn_of is not None:
            self._known.keep(tenant, id_or_name, found)
        return found

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

    async def departed(self, tenant: str, mark: str) -> int | None:
        rows = self._rows(people.DEPARTED, (tenant, mark))
        return rows[0][0] if rows else None

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
        return StoreFigures(waiting=self._writes.waiting, groups=self._writes.groups.copy())

    async def check(self) -> None:
        await self._writes.beat()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writes.close()
        self._end_reading()
        if self._reader is not self._writer:
            self._reader.close()
        self._writer.close()

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
                return self._cursor.execute(sql, parameters).fetchall()
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
        if self._turn_of is not None and self._turn_of.is_running():
            return
        if self._reader is self._writer:
            return
        self._end_reading()  # of a loop that has stopped
        loop = asyncio.get_running_loop()
        with availability():
            self._reader.execute("BEGIN")
            self._turn_of = loop
            loop.call_soon(self._end_reading)
            self._look()

    def _look(self) -> None:
        """Forget what is kept and has changed since."""
        try:
            people_mark, item_mark = self._cursor.execute(_MARKS).fetchone()
            (state,) = self._cursor.execute(STATE).fetchone()
        except BaseException:
            self._known.forget()
            self._kept.forget()
            raise
        self._known.look(people_mark)
        self._kept.look(item_mark, state)

    def _end_reading(self) -> None:
        if self._turn_of is not None:
            self._turn_of = None
            self._reader.execute("COMMIT")

    def _number(self, sql: str, parameters: tuple[str, ...]) -> int:
        ((number,),) = self._rows(sql, parameters)
        return int(number)

"""The one thread that writes to a SQLite database, and commits what waits in groups.

A write is answered after the commit that carries it. While one commit waits for the disk, the
writes that arrive queue up and share the next. The thread is called when a turn of the loop is
over, for all that wait by then: each switch from one thread to the other costs both.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from openprofile.metering import SIZES, Histogram
from openprofile.store import sqlite_answers as answers
from openprofile.store import sqlite_items as items
from openprofile.store import sqlite_people as people
from openprofile.store.base import (
    Change,
    Erase,
    EraseTenant,
    Record,
    Remember,
    StoreError,
    Unavailable,
)
from openprofile.store.sqlite_connection import availability
from openprofile.store.sqlite_counts import Counts
from openprofile.store.sqlite_kept import Kept, Marks
from openprofile.store.sqlite_room import Room
from openprofile.store.sqlite_turn import Turn

WAITING = 1000
"""How many writes wait at most, unless told otherwise."""
GROUP = 256
"""How many writes one commit carries at most."""
_PATIENCE = 0.05
"""Seconds that the thread leaves writes waiting for the loop that is to call it."""

_BEAT = "UPDATE heartbeat SET beats = beats + 1, room = zeroblob(?)"

Result: TypeAlias = "list[Record | None]"


class _Write:
    """Changes on their way to the writer, and the future of whoever waits for them."""

    __slots__ = ("changes", "error", "future", "loop", "result", "room")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, changes: Sequence[Change], room: int = 0
    ) -> None:
        self.loop = loop
        self.changes = changes
        self.room = room
        """Bytes that a heartbeat writes; one is what has no changes."""
        self.future: asyncio.Future[Result] = loop.create_future()
        self.result: Result = []
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """Writes by one connection, in the thread that it starts."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path | None,
        gate: contextlib.AbstractContextManager[Any],
        kept: Kept,
        *,
        waiting: int,
    ) -> None:
        """``path`` is the database's, None where it is in memory; ``gate`` is held by each
        transaction; ``kept`` is told of each; ``waiting`` is how many writes may wait.
        """
        self.groups = Histogram(SIZES)
        """The writes that each commit carried."""
        self._connection = connection
        self._gate = gate
        self._waiting = waiting
        self._turn, self._room, self._counts = Turn(path), Room(path), Counts(connection)
        self._marks = Marks(connection, kept)
        self._writes: deque[_Write] = deque()
        """Those that wait; the thread takes them."""
        self._calls: queue.SimpleQueue[bool] = queue.SimpleQueue()
        """What the thread waits for: each call is for one group, the last one is False."""
        self._busy = False
        """Whether the thread has been called and has not carried out its group."""
        self._calling: asyncio.AbstractEventLoop | None = None
        """The loop that calls when its turn is over."""
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many writes wait for their turn."""
        return len(self._writes)

    async def write(self, changes: Sequence[Change], room: int = 0) -> Result:
        """Carry out changes as the Store promises it; without any, write ``room`` bytes."""
        if self._closed:
            raise Unavailable("the store is closed")
        if len(self._writes) >= self._waiting:
            raise Unavailable(f"{self._waiting} writes wait for the database already")
        loop = asyncio.get_running_loop()
        write = _Write(loop, changes, room)
        self._writes.append(write)
        if not self._busy:
            self._call_after_turn(loop)
        return await write.future

    async def beat(self) -> None:
        """Return once a write has been stored; raise Unavailable if none can be."""
        await self.write((), self._room.to_prove())
        self._room.proved()

    def _call_after_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._calling is not loop:  # what a loop left that has stopped is taken along
            self._calling = loop
            loop.call_soon(self._call)

    def _call(self) -> None:
        self._calling = None
        if self._writes and not self._busy:
            self._busy = True
            self._calls.put(True)

    def _settle(self, loop: asyncio.AbstractEventLoop, writes: Sequence[_Write]) -> None:
        """Tell those who wait on a loop, and call for those who have come in the meantime."""
        for write in writes:
            write.settle()
        if self._writes:
            self._call_after_turn(loop)

    async def close(self) -> None:
        """Finish what was accepted; any further write is Unavailable."""
        self._closed = True
        self._calls.put(False)
        await asyncio.to_thread(self._thread.join)
        self._turn.close()

    def _run(self) -> None:
        """The writer's life: take those that wait, commit them together, tell each how it went."""
        while self._is_called():
            self._carry_out_group()
        while self._writes:
            self._carry_out_group()

    def _is_called(self) -> bool:
        """Wait for the next call, and say whether it is not the last.

        Who comes while the thread is busy relies on another's loop, which may have stopped.
        """
        try:
            return self._calls.get(timeout=_PATIENCE if self._writes else None)
        except queue.Empty:
            return True

    def _carry_out_group(self) -> None:
        if not self._writes:
            self._busy = False
            return
        group = [self._writes.popleft() for _ in range(min(len(self._writes), GROUP))]
        self.groups.add(len(group))
        self._commit(group)
        self._busy = False
        for loop in {write.loop for write in group}:
            settled = [write for write in group if write.loop is loop]
            with contextlib.suppress(RuntimeError):  # that loop has ended; nobody waits
                loop.call_soon_threadsafe(self._settle, loop, settled)

    def _commit(self, group: list[_Write]) -> None:
        try:
            self._room.require_file()
            with self._gate, availability():
                self._turn.begin(self._connection)
                try:
                    alone = self._counts.begin()
                    changes = [change for write in group for change in write.changes]
                    self._marks.set(changes, alone=alone)
                    for write in group:
                        self._carry_out(write)
                    self._connection.execute("COMMIT")
                    self._marks.committed()
                except BaseException:
                    self._counts.forget()
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
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
            self._connection.execute(_BEAT, (write.room,))
            return
        # One statement that fails leaves nothing behind: only several need a savepoint.
        several = len(write.changes) > 1 or not isinstance(write.changes[0], items.OF_ITEMS)
        if several:
            self._connection.execute("SAVEPOINT write")
        try:
            write.result = [self._apply(change) for change in write.changes]
        except sqlite3.DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  what a change raises is its caller's
            write.error = error
            if several:
                self._connection.execute("ROLLBACK TO write")
                self._counts.forget()
        if several:
            self._connection.execute("RELEASE write")

    def _apply(self, change: Change) -> Record | None:
        try:
            return self._carried_out(change)
        except StoreError as error:
            error.change = change
            raise

    def _carried_out(self, change: Change) -> Record | None:
        connection = self._connection
        if isinstance(change, items.OF_ITEMS):
            return items.apply(connection, self._counts, change)
        if isinstance(change, Remember):
            answers.remember(connection, change)
            return None
        self._counts.forget()
        match change:
            case Erase(tenant, owner):
                people.erase(connection, tenant, owner)
                return None
            case EraseTenant(tenant):
                for statement in people.ERASE_TENANT:
                    connection.execute(statement, (tenant,))
                return None
            case _:
                return people.apply(connection, change)

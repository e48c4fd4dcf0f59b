"""Whose turn it is to write to a SQLite file, among the processes that share it.

SQLite has one writer at a time, and lets those who wait look again after pauses that grow to a
tenth of a second: who has just written is back before them. Here they queue up. Whoever holds the
lock on a file beside the database is the next to write, and alone looks for the moment, often;
who has written finds the lock taken. SQLite's own lock still decides: without the queue, where
the file cannot be made say, writes are as safe and less fair.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PATIENCE = 5.0
"""Seconds after which a writer gives up."""
_PAUSE = 0.0003
_LONGER_PAUSE = 0.002


class Turn:
    """The turn of one process; ``begin`` takes it."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is the database; None for one in memory, which is nobody else's."""
        self._queue: int | None = None
        if path is not None and sys.platform != "win32":
            with contextlib.suppress(OSError):
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._queue = os.open(f"{path}-turn", flags, 0o600)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that writes; raises sqlite3.OperationalError when others have not
        let it for as long as PATIENCE.
        """
        until = time.monotonic() + PATIENCE
        self._queue_up(until)
        try:
            while True:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not busy or time.monotonic() > until:
                        raise
                    time.sleep(_PAUSE)
                else:
                    return
        finally:
            self._leave()

    def close(self) -> None:
        """Let go of the queue."""
        if self._queue is not None:
            os.close(self._queue)
            self._queue = None

    if sys.platform == "win32":

        def _queue_up(self, until: float) -> None:
            pass

        def _leave(self) -> None:
            pass

    else:

        def _queue_up(self, until: float) -> None:
            pause = _PAUSE
            while self._queue is not None and time.monotonic() <= until:
                try:
                    fcntl.flock(self._queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(pause)
                    pause = min(pause * 1.5, _LONGER_PAUSE)
                except OSError:  # a file system without such locks
                    return
                else:
                    return

        def _leave(self) -> None:
            if self._queue is not None:
                with contextlib.suppress(OSError):
                    fcntl.flock(self._queue, fcntl.LOCK_UN)

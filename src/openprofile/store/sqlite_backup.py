"""A SQLite database to a file while it is in use, and such a file in the place of a database."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from openprofile.store.base import Unavailable
from openprofile.store.migrate import pending
from openprofile.store.sqlite_connection import availability
from openprofile.whole import whole

if sys.platform != "win32":
    import fcntl

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many pages have been copied, and of how many."""

_STEP = 1000
"""Pages that are copied between two calls of a Progress."""
_TABLES = {"item", "person", "secret"}
_LOCKED_FROM, _LOCKED_BYTES = 0x40000002, 510
"""The bytes of its file that whoever has a database open in WAL mode holds a shared lock on
(https://sqlite.org/src/file?name=src/os.h)."""


class NotDone(Exception):
    """Nothing was changed: the message says what is in the way."""


def backup(database: Path, file: Path, progress: Progress, *, overwrite: bool = False) -> None:
    """Write a database as it is at this moment to ``file``; others read and write it meanwhile.

    Raises NotDone where there is no database, or ``file`` is there and not to ``overwrite``;
    Unavailable where the database cannot be read, or the copy does not pass its check.
    """
    if not database.is_file():
        raise NotDone(f"There is no database {database}.")
    if file.exists() and file.samefile(database):
        raise NotDone(f"{file} is the database itself.")
    if file.exists() and not overwrite:
        raise NotDone(f"{file} is there already.")
    with whole(file) as copy, availability():
        _copy(database, "rw", copy, progress)
        _check(copy)


def restore(file: Path, database: Path, progress: Progress, *, overwrite: bool = False) -> None:
    """Put what ``backup`` wrote in the place of ``database``.

    Raises NotDone where there is no such file or it holds something else, where the database is
    there and not to ``overwrite``, and where a program has it open; SchemaTooNew; Unavailable
    where the file does not pass its check. The database then is as it was.
    """
    if not file.is_file():
        raise NotDone(f"There is no file {file}.")
    if database.exists() and file.samefile(database):
        raise NotDone(f"{file} is the database itself.")
    if database.exists() and not overwrite:
        raise NotDone(f"The database {database} is there already.")
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    alone = _alone(database) if database.exists() else contextlib.nullcontext()
    with alone, whole(database) as copy:
        with availability():
            _copy(file, "ro", copy, progress)
            _check(copy)
        for rest in ("-wal", "-shm", "-journal"):  # of the database that there was
            database.with_name(database.name + rest).unlink(missing_ok=True)


def _copy(source: Path, mode: str, target: Path, progress: Progress) -> None:
    uri = f"{source.absolute().as_uri()}?mode={mode}"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as read,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as written,
    ):
        # A transaction holds the copy to one state. Without it, each write of another program
        # would have the copy begin anew.
        read.execute("BEGIN")
        read.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        read.backup(
            written, pages=_STEP, progress=lambda _, left, of: progress(of - left, of), sleep=0
        )
        written.execute("PRAGMA journal_mode = DELETE")


def _check(copy: Path) -> None:
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise Unavailable(f"The copy does not pass its integrity check: {said}.")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        if not tables >= _TABLES:
            raise NotDone("The file is a database of another program than openprofile.")
        pending("sqlite", version)


@contextlib.contextmanager
def _alone(database: Path) -> Iterator[None]:
    """See to it that nobody has a database open, now and until the end, and that all that was
    written to it lies in its own file. Raises NotDone.
    """
    in_use = NotDone(f"A program has {database} open: stop the service first.")
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise in_use from error
    except sqlite3.DatabaseError:  # it is to be replaced because it is broken
        pass
    with database.open("rb+") as file:
        if sys.platform != "win32":
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _LOCKED_FROM)
            except OSError as error:
                raise in_use from error
        yield

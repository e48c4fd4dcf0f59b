"""A connection to SQLite: how the file is laid out and synced, and which schema it has.

WAL with ``synchronous=FULL`` (https://sqlite.org/pragma.html#pragma_synchronous): a commit has
been synced to the disk when it returns.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from openprofile.store.base import Unavailable
from openprofile.store.migrate import pending

PAGE = 8192
"""Bytes of a page. Items lie in the tree of their key, and of one profile side by side; with few of
them on a page the tree would be deep."""
CACHE = 16_000
"""Kilobytes of the database that each connection keeps; SQLite's own 2,000 hold few profiles."""
CHECKPOINT = 4000
"""Pages of the log after which they are put into the database; one changed often goes once."""


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection to the file ``path``, or to memory; raises Unavailable."""
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


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to the schema of this program; raises SchemaTooNew."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for migration in pending("sqlite", version):
            for statement in _statements(migration.sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migration.number:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(sql: str) -> Iterator[str]:
    """The statements of a file, of which each ends with its line; a trigger holds several."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextlib.contextmanager
def availability() -> Iterator[None]:
    """Turn an error of the database itself into Unavailable."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Unavailable(str(error)) from error

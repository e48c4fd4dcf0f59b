"""Concrete stores: the only place that names one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from openprofile.settings import BadSettings
from openprofile.store.base import Store, Unavailable
from openprofile.store.migrate import pending
from openprofile.store.sqlite import SqliteStore


def database(data: Path) -> Path:
    """The stand-in's database file in its data folder."""
    return data / "openprofile.sqlite3"


def embedded_store(data: Path, *, memory: bool = False) -> Store:
    """The stand-in's store, in its data folder or in memory; raises what the store raises."""
    return _sqlite(None if memory else database(data))


def _sqlite(file: Path | None, *, waiting: int = 1000, bulk: bool = False) -> Store:
    with contextlib.suppress(OSError):  # SQLite will say it
        if file and not file.exists():
            file.touch(mode=0o600)  # what lies beside it gets the same; it holds everybody's
    try:
        return SqliteStore(file, waiting=waiting, bulk=bulk)
    except Unavailable as error:  # SQLite does not say which
        raise Unavailable(f"The database {file} cannot be used: {error}.") from error


_POSTGRES = ("postgresql", "postgres")


def sqlite_file(dsn: str) -> Path | None:
    """The file that a database's URL names; None where it is no SQLite database."""
    kind, _, rest = dsn.partition("://")
    if kind == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return Path(rest[1:])
    return None


async def open_store(dsn: str, *, waiting: int = 1000, bulk: bool = False) -> Store:
    """The store that a database's URL names, in which so many writes may wait; ``bulk`` prepares
    it for much that is written.

    Raises BadSettings for a URL that cannot be read, and what the store raises.
    """
    if file := sqlite_file(dsn):
        return _sqlite(file, waiting=waiting, bulk=bulk)
    kind, _, rest = dsn.partition("://")
    if kind in _POSTGRES:
        return await _postgres(dsn, waiting)
    told = f" {kind}://…" if rest and kind.isalnum() else ""  # anything else might hold a password
    raise BadSettings(
        f"The database{told} is of no kind that is known; expected sqlite:///FILE or postgresql://…"
    )


async def _postgres(dsn: str, waiting: int) -> Store:
    try:  # its driver is an extra, and nobody else should wait for it to load
        from psycopg import ProgrammingError  # noqa: PLC0415
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        from openprofile.store.postgres import PostgresStore  # noqa: PLC0415
    except ImportError as error:
        raise BadSettings(
            "The database is PostgreSQL, and its driver is not installed: install "
            "openprofile[postgres]."
        ) from error
    try:
        conninfo_to_dict(dsn)
    except ProgrammingError as error:
        # libpq quotes what is at fault, which may be the password or the whole URL
        fault = str(error).partition('"')[0].rstrip(": ")
        raise BadSettings(f"The database's URL is none that libpq takes: {fault}.") from None
    return await PostgresStore.open(dsn, waiting=waiting)


@asynccontextmanager
async def look_into_store(dsn: str) -> AsyncIterator[Store]:
    """The store that a database's URL names, to be read alone; closed at the end.

    Raises BadSettings where there is none, or one of an older schema: nothing is made or brought
    up to date. And raises what ``open_store`` raises.
    """
    if file := sqlite_file(dsn):
        _require_ready(file)
    elif dsn.partition("://")[0] in _POSTGRES:
        dsn = _only_read(dsn)
    store = await open_store(dsn)
    try:
        yield store
    finally:
        await store.close()


def _only_read(dsn: str) -> str:
    """The URL of a PostgreSQL database for sessions that cannot write."""
    base, _, query = dsn.partition("?")
    words = dict(parse_qsl(query, keep_blank_values=True))
    words["options"] = f"{words.get('options', '')} -c default_transaction_read_only=on".strip()
    return f"{base}?{urlencode(words, quote_via=quote)}"


def _require_ready(file: Path) -> None:
    if not file.is_file():
        raise BadSettings(f"There is no database {file}: start the service once.")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as found:
            (version,) = found.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Unavailable(str(error)) from error
    if pending("sqlite", version):
        raise BadSettings(f"The database {file} is of an older version: start the service once.")

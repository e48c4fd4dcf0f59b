"""Concrete stores: the only place that names one."""

from __future__ import annotations

from pathlib import Path

from openprofile.settings import BadSettings
from openprofile.store.base import Store
from openprofile.store.sqlite import SqliteStore


def database(data: Path) -> Path:
    """The stand-in's database file in its data folder."""
    return data / "openprofile.sqlite3"


def embedded_store(data: Path, *, memory: bool = False) -> Store:
    """The stand-in's store, in its data folder or in memory; raises what the store raises."""
    return SqliteStore(None if memory else database(data))


def sqlite_file(dsn: str) -> Path | None:
    """The file that a database's URL names; None where it is no SQLite database."""
    kind, _, rest = dsn.partition("://")
    if kind == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return Path(rest[1:])
    return None


async def open_store(dsn: str, *, waiting: int = 1000, bulk: bool = False) -> Store:
    """The store that a database's URL names, in which so many writes may wait; ``bulk`` prepares
    it for much that is written.

    Raises BadSettings for a URL of no kind that is known, and what the store raises.
    """
    if file := sqlite_file(dsn):
        return SqliteStore(file, waiting=waiting, bulk=bulk)
    kind = dsn.partition("://")[0]
    if kind in ("postgresql", "postgres"):
        try:  # its driver is an extra, and nobody else should wait for it to load
            from openprofile.store.postgres import PostgresStore  # noqa: PLC0415
        except ImportError as error:
            raise BadSettings(
                "The database is PostgreSQL, and its driver is not installed: install "
                "openprofile[postgres]."
            ) from error
        return await PostgresStore.open(dsn, waiting=waiting)
    raise BadSettings(
        f"The database {kind}://… is of no kind that is known; expected sqlite:///FILE or "
        "postgresql://…"
    )

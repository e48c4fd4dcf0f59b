"""The schema of a PostgreSQL database: which version it has, and how it comes to this program's."""

from __future__ import annotations

from typing import Any

from openprofile.store.base import Unavailable
from openprofile.store.migrate import pending
from openprofile.store.postgres_lane import Connection

_MIGRATION_LOCK = 0x6F70656E70726F66
"""The advisory lock under which the schema changes; any number that is nobody else's."""


async def migrate(connection: Connection) -> None:
    """Apply the migrations that the database lacks; nodes that start together do so in turn."""
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise Unavailable(
            f"The database's encoding is {encoding} and must be UTF8:"
            " CREATE DATABASE openprofile ENCODING 'UTF8' TEMPLATE template0."
        )
    # Without a lock first: a role that may not change the schema can start on one that is ready.
    if not pending("postgres", await _version(connection)):
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", (_MIGRATION_LOCK,))
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version"
            " (version INTEGER PRIMARY KEY, name TEXT NOT NULL)"
        )
        for migration in pending("postgres", await _version(connection)):
            await connection.execute(migration.sql, prepare=False)
            await connection.execute(
                "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
                (migration.number, migration.name),
            )


async def _version(connection: Connection) -> int:
    if not await _value(connection, "SELECT to_regclass('schema_version') IS NOT NULL"):
        return 0
    version: int = await _value(connection, "SELECT coalesce(max(version), 0) FROM schema_version")
    return version


async def _value(connection: Connection, sql: str) -> Any:
    row = await (await connection.execute(sql)).fetchone()
    assert row is not None
    return row[0]

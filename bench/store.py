"""How many creates and reads a second each store carries out: ``python bench/store.py``.

PostgreSQL is the server that ``--postgres DSN`` names, or each version that the tests bring. The
database and this program share the machine. Nothing here is asserted; docs/postgresql.md has the
figures of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from openprofile.store.base import Insert, Key, PutPerson, Store, Update
from openprofile.store.postgres import PostgresStore
from openprofile.store.sqlite import SqliteStore
from postgres import VERSIONS, Server

TEXT = '{"displayName":"x"}'.ljust(1000)
OWNERS = 1000
ITEMS = 20


async def measure(name: str, store: Store, *, tasks: int, seconds: float) -> None:
    """Print a row of the table: operations a second with ``tasks`` at a time."""
    turn = 0

    def place(item: int | str) -> Key:
        return Key("tenant", f"owner {turn % OWNERS}", "interests", str(item))

    async def create() -> None:
        await store.write([Insert(place(str(uuid.uuid4())), turn, TEXT, sys.maxsize)])

    async def update() -> None:
        await store.write([Update(place(turn % ITEMS), lambda _: TEXT)])

    async def read() -> None:
        assert await store.get(place(turn % ITEMS))

    async def collection() -> None:
        await store.collection("tenant", place(0).owner, "interests")

    async def rate(operation: Callable[[], Awaitable[None]]) -> float:
        nonlocal turn
        turn, done, end = 0, 0, time.perf_counter() + seconds

        async def repeat() -> None:
            nonlocal turn, done
            while time.perf_counter() < end:
                turn += 1
                await operation()
                done += 1

        began = time.perf_counter()
        await asyncio.gather(*(repeat() for _ in range(tasks)))
        return done / (time.perf_counter() - began)

    for _ in range(OWNERS):
        turn += 1
        owner = place("").owner
        await store.write([PutPerson("tenant", owner, owner, "{}")])
        await store.write([Insert(place(item), item, TEXT, ITEMS) for item in range(ITEMS)])
    rates = [await rate(operation) for operation in (read, collection, update, create)]
    print(f"| {name} |", " | ".join(f"{each:,.0f}" for each in rates), "|", flush=True)


@contextlib.asynccontextmanager
async def postgres(dsn: str) -> AsyncIterator[Store]:
    """A store in a schema of its own, which is dropped afterwards."""
    schema = f"bench_{uuid.uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(f"CREATE SCHEMA {schema}")
        options = psycopg.conninfo.make_conninfo(dsn, options=f"-c search_path={schema}")
        store = await PostgresStore.open(options)
        try:
            yield store
        finally:
            await store.close()
            await connection.execute(f"DROP SCHEMA {schema} CASCADE")


async def main() -> None:
    """Measure every store there is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--postgres", metavar="DSN", help="a server to measure")
    parser.add_argument("--seconds", type=float, default=3, help="for each figure")
    parser.add_argument("--tasks", type=int, default=64, help="how many at a time")
    given = parser.parse_args()
    print("| store | read by key | list of 20 | update | create |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        sqlite = SqliteStore(Path(folder) / "db")
        await measure("SQLite", sqlite, tasks=given.tasks, seconds=given.seconds)
        await sqlite.close()
    if given.postgres:
        async with postgres(given.postgres) as store:
            await measure("PostgreSQL", store, tasks=given.tasks, seconds=given.seconds)
        return
    for version in VERSIONS:
        with Server(version) as server:
            async with postgres(server.dsn) as store:
                name = f"PostgreSQL {version}"
                await measure(name, store, tasks=given.tasks, seconds=given.seconds)


if __name__ == "__main__":
    uvloop.run(main())

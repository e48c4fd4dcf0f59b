"""What a store on PostgreSQL acknowledged is there, whatever becomes of the server."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from openprofile.store.base import (
    Delete,
    Insert,
    Key,
    PutPerson,
    Record,
    Store,
    Unavailable,
    Update,
)
from openprofile.store.postgres import PostgresStore
from postgres import VERSIONS, Server

pytestmark = pytest.mark.anyio

CRASHES = int(os.environ.get("OPENPROFILE_CRASHES", "20"))
WRITES = 300
OWNERS = 5
COUNTER = Key("t", "counter", "f", "1")


@pytest.fixture(scope="module", params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(request.param) as server:
        yield server


class Load:
    """Creates, deletes and increments, all at once, and what was answered of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sent: set[Key] = set()
        self.created: set[Key] = set()
        self.deleting: set[Key] = set()
        self.deleted: set[Key] = set()
        self.counting = 0
        self.counted = 0
        self.answers = 0

    async def run(self, server: Server, enough: int) -> None:
        """Send everything, and kill the server after ``enough`` answers."""

        async def write(number: int) -> None:
            with suppress(Unavailable):
                await self._write(number)
                self.answers += 1
                if self.answers == enough:
                    server.kill()

        await asyncio.gather(*(write(number) for number in range(WRITES)))

    async def _write(self, number: int) -> None:
        key = Key("t", f"owner {number % OWNERS}", "f", str(uuid.uuid4()))
        if number % 3 == 0:
            self.counting += 1
            await self._store.write([Update(COUNTER, lambda found: str(int(found.text) + 1))])
            self.counted += 1
            return
        self.sent.add(key)
        await self._store.write([Insert(key, 0, "x" * 1000, WRITES)])
        self.created.add(key)
        if number % 3 == 1:
            self.deleting.add(key)
            await self._store.write([Delete(key, _allow)])
            self.deleted.add(key)


async def opened(server: Server, **options: Any) -> PostgresStore:
    """A store with the owners in it."""
    store = await PostgresStore.open(server.dsn, **options)
    owners = ["counter", "restart", "away", "silent", *(f"owner {n}" for n in range(OWNERS))]
    await store.write([PutPerson("t", owner, owner, "") for owner in owners])
    return store


def _allow(_: Record) -> None:
    pass


async def test_every_acknowledged_write_outlives_a_kill_of_the_server(server: Server) -> None:
    store = await opened(server)
    cut_short = 0
    for crash in range(CRASHES):
        await store.write([Insert(COUNTER, 0, "0", 1)])
        load = Load(store)
        # Another moment each time: from the first answers to almost all of them.
        enough = (crash + 1) * WRITES // (CRASHES + 2)
        await load.run(server, enough)
        cut_short += load.answers < WRITES
        with pytest.raises(Unavailable):
            await store.check()
        server.start()
        stored = {
            Key("t", f"owner {owner}", "f", found.id)
            for owner in range(OWNERS)
            for found in await store.collection("t", f"owner {owner}", "f")
        }
        assert load.created - load.deleting <= stored, "an acknowledged create is lost"
        assert not stored & load.deleted, "an acknowledged delete is lost"
        assert stored <= load.sent, "there is what nobody sent"
        counter = await store.get(COUNTER)
        assert counter is not None
        assert load.counted <= int(counter.text) <= load.counting, "an update is lost, or twice"
        await store.write([Delete(key, _allow) for key in (*stored, COUNTER)])
    await store.close()
    assert cut_short, "no crash came before the last answer: the test shows nothing"


async def test_a_restart_between_requests_fails_none_of_them(server: Server) -> None:
    store = await opened(server, readers=3)
    key = Key("t", "restart", "f", str(uuid.uuid4()))
    await store.write([Insert(key, 0, "kept", WRITES)])
    await asyncio.gather(*(store.get(key) for _ in range(100)))
    server.stop()
    server.start()
    found = await asyncio.gather(*(store.get(key) for _ in range(100)))
    assert {record.text for record in found if record} == {"kept"}
    assert None not in found
    await store.write([Delete(key, _allow)])
    await store.close()


async def test_while_the_server_is_away_every_request_is_told(server: Server) -> None:
    store = await opened(server)
    key = Key("t", "away", "f", str(uuid.uuid4()))
    server.stop()
    outcomes = await asyncio.gather(
        *(store.get(key) for _ in range(50)),
        *(store.write([Insert(key, 0, "", WRITES)]) for _ in range(50)),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    with pytest.raises(Unavailable):
        await PostgresStore.open(server.dsn)
    server.start()
    await store.write([Insert(key, 0, "", WRITES)])
    await store.close()


async def test_a_server_that_does_not_answer_is_given_up(server: Server) -> None:
    patience = 1.5  # what a server that does answer needs of it on a busy machine is less
    store = await opened(server, answer_timeout=patience)
    key = Key("t", "silent", "f", str(uuid.uuid4()))
    await asyncio.gather(store.check(), store.get(key))
    server.suspend()
    outcomes = await asyncio.gather(
        *(store.get(key) for _ in range(10)),
        *(store.write([Insert(key, 0, "", WRITES)]) for _ in range(10)),
        store.check(),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    with pytest.raises(Unavailable):  # nor does it take a connection
        await PostgresStore.open(server.dsn, answer_timeout=patience)
    server.resume()
    await store.check()
    await store.close()

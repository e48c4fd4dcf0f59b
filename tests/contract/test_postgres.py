import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from contract.answers_contract import AnswersContract
from contract.group_contract import GroupContract
from contract.store_contract import StoreContract, allow, insert, key, people
from openprofile.store.base import (
    Conflict,
    Delete,
    EraseTenant,
    Full,
    Missing,
    PutPerson,
    Record,
    SchemaTooNew,
    Store,
    Unavailable,
    Update,
)
from openprofile.store.migrate import migrations
from openprofile.store.postgres import PostgresStore
from openprofile.store.postgres_lane import Queue, Session
from postgres import VERSIONS, Server

GIVEN = "OPENPROFILE_TEST_POSTGRES"
"""The variable that may hold the DSN of a further server to test with."""


@pytest.fixture(scope="session", params=[*VERSIONS, *([GIVEN] if GIVEN in os.environ else [])])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == GIVEN:
        yield os.environ[GIVEN]
    else:
        with Server(request.param) as server:
            yield server.dsn


@pytest.fixture
async def dsn(server: str) -> AsyncIterator[str]:
    """A DSN that leads into an empty schema of its own."""
    schema = f"test_{uuid.uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f"CREATE SCHEMA {schema}")
        yield psycopg.conninfo.make_conninfo(server, options=f"-c search_path={schema}")
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")


async def opened(dsn: str, **options: Any) -> PostgresStore:
    """A store with ``people`` in it."""
    store = await PostgresStore.open(dsn, **options)
    await people(store)
    return store


class TestPostgres(StoreContract, GroupContract, AnswersContract):
    @pytest.fixture
    async def store(self, dsn: str) -> AsyncIterator[Store]:
        store = await opened(dsn)
        yield store
        await store.close()


async def run(dsn: str, sql: str) -> list[tuple[object, ...]]:
    """Carry out ``sql`` on a connection of its own, and return the rows if it has any."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        cursor = await connection.execute(sql)
        return await cursor.fetchall() if cursor.description else []


async def waiting(dsn: str, statement: str) -> None:
    """Return once somebody waits for a lock with a statement that begins so."""
    found = (
        "SELECT 1 FROM pg_stat_activity"
        f" WHERE wait_event_type = 'Lock' AND query LIKE '{statement}%'"
    )
    async with asyncio.timeout(4):
        while not await run(dsn, found):
            pass


@pytest.mark.anyio
class TestNodes:
    async def test_nodes_may_start_at_once_on_an_empty_database(self, dsn: str) -> None:
        nodes = await asyncio.gather(*(PostgresStore.open(dsn) for _ in range(5)))
        await people(nodes[0])
        (written,) = await nodes[0].write([insert(key())])
        for node in nodes:
            assert await node.get(key()) == written
            await node.close()
        assert await run(dsn, "SELECT version, name FROM schema_version ORDER BY version") == [
            (migration.number, migration.name) for migration in migrations("postgres")
        ]

    @pytest.mark.parametrize("default", ["read committed", "serializable"])
    async def test_nodes_together_keep_the_limit_of_a_collection(
        self, dsn: str, default: str
    ) -> None:
        options = psycopg.conninfo.conninfo_to_dict(dsn)["options"]
        level = default.replace(" ", "\\ ")
        isolated = psycopg.conninfo.make_conninfo(
            dsn, options=f"{options} -c default_transaction_isolation={level}"
        )
        nodes = [await opened(isolated) for _ in range(3)]
        outcomes = await asyncio.gather(
            *(
                node.write([insert(key(f"{name}{n}"), limit=10)])
                for n in range(20)
                for name, node in enumerate(nodes)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, list) for outcome in outcomes) == 10
        assert sum(isinstance(outcome, Full) for outcome in outcomes) == 50
        assert len(await nodes[0].collection("t", "o", "f")) == 10
        for node in nodes:
            await node.close()

    async def test_nodes_together_store_a_key_once(self, dsn: str) -> None:
        nodes = [await opened(dsn) for _ in range(3)]
        for number in range(20):
            outcomes = await asyncio.gather(
                *(node.write([insert(key(str(number)))]) for node in nodes), return_exceptions=True
            )
            assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 2
        for node in nodes:
            await node.close()

    async def test_writes_that_cross_do_not_lock_each_other_out(self, dsn: str) -> None:
        nodes = [await PostgresStore.open(dsn, writers=3) for _ in range(2)]
        places = [key(owner=str(owner)) for owner in range(5)]
        await nodes[0].write([PutPerson("t", at.owner, at.owner, "") for at in places])
        await nodes[0].write([insert(place, "0") for place in places])

        def count(order: list[int]) -> list[Update]:
            return [Update(places[n], lambda found: str(int(found.text) + 1)) for n in order]

        await asyncio.gather(
            *(
                node.write(count([start, *((start + step * n) % 5 for n in range(1, 5))]))
                for start in range(5)
                for step in (1, -1)
                for node in nodes
                for _ in range(10)
            )
        )
        for place in places:
            found = await nodes[0].get(place)
            assert found is not None
            assert found.text == "200"
        for node in nodes:
            await node.close()

    async def test_a_tenant_is_erased_once_what_is_being_written_to_it_is_there(
        self, dsn: str
    ) -> None:
        """Also what somebody writes who has never had anything, and so no turn to be waited for."""
        eraser, writer = await opened(dsn), await opened(dsn)
        async with await psycopg.AsyncConnection.connect(dsn) as holder:
            await holder.execute("LOCK TABLE item IN SHARE MODE")  # holds the insert up
            inserted = asyncio.create_task(writer.write([insert(key())]))
            await waiting(dsn, "INSERT INTO item")
            erased = asyncio.create_task(eraser.write([EraseTenant("t")]))
            await waiting(dsn, "INSERT INTO turn")
        await asyncio.gather(inserted, erased)
        assert await run(dsn, "SELECT id FROM item WHERE tenant = 't'") == []
        assert await run(dsn, "SELECT owner FROM turn WHERE tenant = 't'") == []
        await eraser.close()
        await writer.close()

    async def test_a_role_that_may_not_change_the_schema_starts_on_a_ready_one(
        self, dsn: str
    ) -> None:
        await (await PostgresStore.open(dsn)).close()
        ((schema,),) = await run(dsn, "SELECT current_schema()")
        await run(
            dsn,
            f"CREATE ROLE {schema}; GRANT USAGE ON SCHEMA {schema} TO {schema};"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema}",
        )
        options = f"-c search_path={schema} -c role={schema}"
        store = await opened(psycopg.conninfo.make_conninfo(dsn, options=options))
        await store.write([insert(key())])
        await store.write([PutPerson("t", "1", "ada@x", "Ada"), Delete(key(), allow)])
        await store.check()
        await store.close()
        await run(dsn, f"DROP OWNED BY {schema}; DROP ROLE {schema}")


@pytest.mark.anyio
class TestSchema:
    async def test_a_newer_schema_is_refused_with_a_sentence(self, dsn: str) -> None:
        await (await PostgresStore.open(dsn)).close()
        newest = migrations("postgres")[-1].number
        await run(dsn, f"INSERT INTO schema_version VALUES ({newest + 1}, 'later')")
        with pytest.raises(SchemaTooNew, match=f"version {newest + 1} .* up to {newest}"):
            await PostgresStore.open(dsn)

    async def test_every_index_begins_with_the_tenant_and_orders_by_code_point(
        self, dsn: str
    ) -> None:
        await (await PostgresStore.open(dsn)).close()
        columns = await run(
            dsn,
            "SELECT index.indexrelid::regclass::text, columns.attnum, columns.attname, collname"
            " FROM pg_index AS index JOIN pg_attribute AS columns ON attrelid = indexrelid"
            " LEFT JOIN pg_collation ON pg_collation.oid = columns.attcollation"
            " JOIN pg_class AS class ON class.oid = index.indexrelid"
            " WHERE relnamespace = current_schema()::regnamespace"
            " AND index.indrelid::regclass::text NOT IN ('heartbeat', 'secret', 'schema_version')"
            " AND columns.attcollation <> 0",  # numbers have one order
        )
        assert len({index for index, *_ in columns}) >= 7
        assert {name for _, number, name, _ in columns if number == 1} == {"tenant"}
        assert {collation for *_, collation in columns} == {"C"}

    async def test_a_database_in_another_encoding_is_refused_with_a_sentence(
        self, server: str
    ) -> None:
        name = f"test_{uuid.uuid4().hex}"
        await run(server, f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(Unavailable, match="LATIN1 and must be UTF8"):
                await PostgresStore.open(psycopg.conninfo.make_conninfo(server, dbname=name))
        finally:
            await run(server, f"DROP DATABASE {name}")


@pytest.mark.anyio
class TestDurability:
    @pytest.mark.parametrize(
        ("configured", "used"),
        [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
    )
    async def test_a_commit_is_answered_when_it_is_on_the_disk(
        self, dsn: str, configured: str, used: str
    ) -> None:
        options = f"-c synchronous_commit={configured}"
        session = Session(psycopg.conninfo.make_conninfo(dsn, options=options), 3, 5, 10)
        async with await session.connect() as connection:
            cursor = await connection.execute("SHOW synchronous_commit")
            assert await cursor.fetchall() == [(used,)]

    async def test_a_connection_lost_in_the_commit_is_no_success(self, dsn: str) -> None:
        store = await opened(dsn)
        await run(
            dsn,
            "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
            "CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON item"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leave()",
        )
        with pytest.raises(Unavailable):
            await store.write([insert(key())])
        await run(dsn, "DROP TRIGGER leave ON item")
        await store.write([insert(key("2"))])
        await store.close()


@pytest.mark.anyio
class TestFaults:
    async def test_what_the_database_cannot_hold_is_refused_before_it_is_sent(
        self, dsn: str
    ) -> None:
        store = await opened(dsn)
        for name in ("\0", "\ud800", "é" * 1500):
            for change in (insert(key(name)), PutPerson("t", "1", name, "")):
                with pytest.raises(ValueError, match="cannot hold"):
                    await store.write([change])
            with pytest.raises(Missing):
                await store.write([Delete(key(name), allow)])
            assert await store.get(key(name)) is None
        for text in ("\0", "\ud800"):
            with pytest.raises(ValueError, match="cannot hold"):
                await store.write([insert(key(), text)])
            with pytest.raises(ValueError, match="cannot hold"):
                await store.write([insert(key()), Update(key(), lambda _, text=text: text)])
        assert await store.collection("t", "o", "f") == []
        await store.close()

    async def test_a_row_that_came_in_between_fails_its_own_write_alone(self, dsn: str) -> None:
        """As when somebody writes by hand, without taking the owner's turn."""
        store = await opened(dsn)
        await store.write([insert(key("1"))])
        statement = (
            "INSERT INTO item VALUES ('t', 'o', 'f', '2', 1, 1, 'by hand') ON CONFLICT DO NOTHING"
        )

        def meddle(_: Record) -> str:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(statement)
            return "updated"

        updated, conflict = await asyncio.gather(
            store.write([Update(key("1"), meddle)]),
            store.write([insert(key("2"), "by the store")]),
            return_exceptions=True,
        )
        assert isinstance(updated, list)
        assert isinstance(conflict, Conflict)
        texts = [found.text for found in await store.collection("t", "o", "f")]
        assert sorted(texts) == ["by hand", "updated"]
        await store.close()

    async def test_a_lock_that_somebody_holds_makes_it_unavailable_for_as_long(
        self, dsn: str
    ) -> None:
        store = await opened(dsn, statement_timeout=0.1)
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            await connection.execute("LOCK TABLE item")
            with pytest.raises(Unavailable, match="statement timeout"):
                await store.get(key())
            with pytest.raises(Unavailable, match="statement timeout"):
                await store.write([insert(key())])
        await store.write([insert(key())])
        assert await store.get(key()) is not None
        await store.close()

    async def test_a_read_only_database_is_read_and_refuses_writes(self, dsn: str) -> None:
        first = await opened(dsn)
        await first.write([insert(key())])
        await first.close()
        options = psycopg.conninfo.conninfo_to_dict(dsn)["options"]
        store = await PostgresStore.open(
            psycopg.conninfo.make_conninfo(
                dsn, options=f"{options} -c default_transaction_read_only=on"
            )
        )
        with pytest.raises(Unavailable, match="read-only transaction"):
            await store.write([insert(key("2"))])
        with pytest.raises(Unavailable, match="read-only transaction"):
            await store.check()
        assert await store.get(key()) is not None
        await store.close()

    async def test_no_server_is_unavailable_at_once(self) -> None:
        with pytest.raises(Unavailable, match="no-such-folder"):
            await PostgresStore.open("host=/no-such-folder")

    async def test_a_queue_that_is_full_refuses_more(self) -> None:
        queue: Queue[str, str] = Queue(2)
        waiting = [asyncio.ensure_future(queue.ask(job)) for job in "ab"]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="2 requests wait"):
            await queue.ask("c")
        for ticket in await queue.take(10):
            ticket.settle(ticket.job.upper())
        assert await asyncio.gather(*waiting) == ["A", "B"]

import asyncio
import contextlib
import fcntl
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contract.answers_contract import AnswersContract
from contract.group_contract import GroupContract
from contract.store_contract import StoreContract, allow, insert, key, people, release, walk
from openprofile.store import sqlite, sqlite_counts, sqlite_people, sqlite_room, sqlite_turn
from openprofile.store.base import (
    Delete,
    DeletePerson,
    EraseTenant,
    Full,
    PutPerson,
    SchemaTooNew,
    Store,
    Unavailable,
    UpdatePerson,
)
from openprofile.store.migrate import migrations
from openprofile.store.sqlite import SqliteStore


class TestFile(StoreContract, GroupContract, AnswersContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = SqliteStore(tmp_path / "db")
        yield await people(store)
        await store.close()


class TestMemory(StoreContract, GroupContract, AnswersContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = SqliteStore(None)
        yield await people(store)
        await store.close()


@pytest.mark.anyio
class TestDatabase:
    async def test_what_was_written_is_there_after_reopening(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "db")
        await people(store)
        (written,) = await store.write([insert(key(), "kept")])
        await store.close()
        again = SqliteStore(tmp_path / "db")
        assert await again.get(key()) == written
        await again.close()

    async def test_commits_reach_the_disk_before_they_are_answered(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "db")
        pragma = {
            name: store._writer.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        }
        await store.close()
        assert pragma == {"journal_mode": "wal", "synchronous": 2}  # 2 is FULL

    async def test_a_newer_schema_is_refused_with_a_sentence(self, tmp_path: Path) -> None:
        newest = migrations("sqlite")[-1].number
        with sqlite3.connect(tmp_path / "db") as connection:
            connection.execute(f"PRAGMA user_version = {newest + 1}")
        connection.close()
        with pytest.raises(SchemaTooNew, match=f"version {newest + 1} .* up to {newest}"):
            SqliteStore(tmp_path / "db")

    async def test_two_processes_share_a_file(self, tmp_path: Path) -> None:
        one, other = SqliteStore(tmp_path / "db"), SqliteStore(tmp_path / "db")
        await people(one)
        (written,) = await one.write([insert(key())])
        assert await other.get(key()) == written
        await other.write([insert(key("2"))])
        assert len(await one.collection("t", "o", "f")) == 2
        await one.close()
        await other.close()

    async def test_what_another_process_does_to_people_is_seen_by_one_who_has_read_them(
        self, tmp_path: Path
    ) -> None:
        one, other = SqliteStore(tmp_path / "db"), SqliteStore(tmp_path / "db")
        assert await one.person("t", "o") is None
        for change in (
            PutPerson("t", "o", "ada@x", "as she came"),
            UpdatePerson("t", "o", lambda _: PutPerson("t", "o", "ada@y", "as she is"), "ada@y"),
            DeletePerson("t", "o", (), release),
            PutPerson("t", "o", "ada@x", "again"),
            EraseTenant("t"),
        ):
            await other.write([change])
            await asyncio.sleep(0)  # the next turn of the loop reads what was committed by then
            for name in ("o", "ada@x", "ada@y"):
                assert await one.person("t", name) == await other.person("t", name)
        assert await one.person("t", "o") is None
        await one.close()
        await other.close()

    async def test_of_those_who_were_read_the_last_are_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_people, "KNOWN", 2)
        store = SqliteStore(tmp_path / "db")
        await people(store)
        for owner in ("o", "other", "x"):
            assert await store.person("t", owner) is await store.person("t", owner)
        assert list(store._known._found) == [("t", "other"), ("t", "x")]

    @pytest.mark.parametrize("seed", range(8))
    async def test_of_two_processes_each_counts_what_the_other_writes(
        self, tmp_path: Path, seed: int
    ) -> None:
        stores = [SqliteStore(tmp_path / "db") for _ in range(2)]
        await people(stores[0])
        await walk(stores, seed)
        for store in stores:
            await store.close()

    async def test_a_collection_of_which_the_number_is_kept_no_more_is_counted_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_counts, "KEPT", 1)
        store = await people(SqliteStore(tmp_path / "db"))
        for n in range(2):
            await store.write([insert(key(str(n)), limit=2)])
            await store.write([insert(key(str(n), owner="x"), limit=2)])
        await store.write([Delete(key("0"), allow)])
        with pytest.raises(Full):
            await store.write([insert(key("2", owner="x"), limit=2)])
        await store.write([insert(key("2"), limit=2)])
        with pytest.raises(Full):
            await store.write([insert(key("3"), limit=2)])
        await store.close()

    async def test_the_writes_of_one_turn_of_the_loop_share_a_commit(self, tmp_path: Path) -> None:
        store = await people(SqliteStore(tmp_path / "db"))
        before = sum(store.figures().groups.counts)
        await asyncio.gather(*(store.write([insert(key(str(n)))]) for n in range(100)))
        assert sum(store.figures().groups.counts) == before + 1
        await store.close()

    async def test_a_file_that_is_no_database_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "db").write_bytes(b"not a database, by any means" * 100)
        with pytest.raises(Unavailable, match="not a database"):
            SqliteStore(tmp_path / "db")

    async def test_a_database_that_fails_refuses_the_group_and_recovers(
        self, tmp_path: Path
    ) -> None:
        store = SqliteStore(tmp_path / "db")
        await people(store)
        store._writer.execute("PRAGMA query_only = ON")
        with pytest.raises(Unavailable):
            await store.write([insert(key())])
        with pytest.raises(Unavailable):
            await store.check()
        store._writer.execute("PRAGMA query_only = OFF")
        await store.write([insert(key())])
        await store.close()


def test_what_a_loop_left_behind_is_written_with_what_comes_next(tmp_path: Path) -> None:
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    store = SqliteStore(tmp_path / "db")
    first.run_until_complete(people(store))
    left = first.create_task(store.write([insert(key("1"))]))
    first.call_soon(first.stop)
    first.run_forever()  # one turn: the write is accepted, and nobody has heard of it
    assert not left.done()
    second.run_until_complete(store.write([insert(key("2"))]))
    found = second.run_until_complete(store.collection("t", "o", "f"))
    assert [record.id for record in found] == ["1", "2"]
    first.run_until_complete(left)
    first.run_until_complete(store.write([insert(key("3"))]))
    second.run_until_complete(store.close())
    first.close()
    second.close()


def test_who_comes_while_another_loop_s_group_is_written_does_not_wait_for_that_loop(
    tmp_path: Path,
) -> None:
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    store = SqliteStore(tmp_path / "db")
    first.run_until_complete(people(store))
    with contextlib.closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        left = first.create_task(store.write([insert(key("1"))]))
        first.run_until_complete(asyncio.sleep(0))
        first.run_until_complete(asyncio.sleep(0))
        assert store._writes._busy
        second.call_soon(second.call_soon, other.execute, "COMMIT")
        written = asyncio.wait_for(store.write([insert(key("2"))]), 30)
        second.run_until_complete(written)
    first.run_until_complete(left)
    second.run_until_complete(store.close())
    first.close()
    second.close()


@pytest.mark.anyio
class TestTurn:
    async def test_writers_of_several_processes_all_get_their_turn(self, tmp_path: Path) -> None:
        stores = [SqliteStore(tmp_path / "db") for _ in range(3)]
        await people(stores[0])
        await asyncio.gather(
            *(
                store.write([insert(key(f"{name}-{n}"))])
                for name, store in enumerate(stores)
                for n in range(50)
            )
        )
        assert len(await stores[0].collection("t", "o", "f")) == 150
        for store in stores:
            await store.close()

    async def test_a_lock_that_somebody_keeps_makes_it_unavailable_for_as_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = SqliteStore(tmp_path / "db")
        await people(store)
        monkeypatch.setattr(sqlite_turn, "PATIENCE", 0.05)
        with contextlib.closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable, match="locked"):
                await store.write([insert(key())])
            other.execute("COMMIT")
            await store.write([insert(key())])
        await store.close()

    async def test_somebody_who_keeps_the_queue_keeps_nobody_from_writing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = SqliteStore(tmp_path / "db")
        await people(store)
        monkeypatch.setattr(sqlite_turn, "PATIENCE", 0.05)
        with (tmp_path / "db-turn").open("rb") as queue:
            fcntl.flock(queue, fcntl.LOCK_EX)
            await store.write([insert(key())])
        await store.close()

    async def test_where_there_can_be_no_queue_it_writes_without(self, tmp_path: Path) -> None:
        (tmp_path / "db-turn").mkdir()
        store = SqliteStore(tmp_path / "db")
        await people(store)
        await store.write([insert(key())])
        await store.close()


@pytest.mark.anyio
async def test_no_more_writes_wait_than_may(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "db", waiting=0)
    with pytest.raises(Unavailable, match="0 writes wait"):
        await store.write([insert(key())])
    with pytest.raises(Unavailable, match="0 writes wait"):
        await store.check()
    await store.close()


@pytest.mark.anyio
async def test_a_statement_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_STEPS", 1)
    store = SqliteStore(tmp_path / "db")
    await people(store)
    await store.write([insert(key(str(n))) for n in range(9)])
    with monkeypatch.context() as impatient:
        impatient.setattr(sqlite, "LONGEST_STATEMENT", -1)
        with pytest.raises(Unavailable, match="interrupted"):
            await store.collection("t", "o", "f")
        await store.write([insert(key("9"))])
    assert len(await store.collection("t", "o", "f")) == 10
    await store.close()


@pytest.mark.anyio
class TestRoom:
    @pytest.mark.parametrize("in_its_place", [False, True])
    async def test_nothing_is_written_where_the_file_is_not_that_which_was_opened(
        self, in_its_place: bool, tmp_path: Path
    ) -> None:
        file = tmp_path / "db"
        store = await people(SqliteStore(file))
        await store.check()
        file.rename(tmp_path / "elsewhere")
        if in_its_place:
            file.touch()
        with pytest.raises(Unavailable, match="removed or replaced"):
            await store.check()
        with pytest.raises(Unavailable, match="removed or replaced"):
            await store.write([insert(key("2"))])
        (tmp_path / "elsewhere").replace(file)
        await store.check()
        await store.write([insert(key("2"))])
        await store.close()

    async def test_a_heartbeat_fails_where_an_item_would(self, tmp_path: Path) -> None:
        store = await people(SqliteStore(tmp_path / "db"))
        (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
        store._writer.execute(f"PRAGMA max_page_count = {pages + 3}")
        await store.check()
        with pytest.raises(Unavailable, match="full"):
            await store.write([insert(key(), "x" * 100_000)])
        with pytest.raises(Unavailable, match="full"):
            await store.check()
        await store.write([insert(key("2"))])  # there is room for this one
        with pytest.raises(Unavailable, match="full"):
            await store.check()
        store._writer.execute(f"PRAGMA max_page_count = {pages + 1000}")
        await store.check()
        await store.write([insert(key(), "x" * 100_000)])
        assert store._writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        await store.close()

    async def test_what_a_full_disk_took_back_is_not_counted(self, tmp_path: Path) -> None:
        store = await people(SqliteStore(tmp_path / "db"))
        (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
        store._writer.execute(f"PRAGMA max_page_count = {pages + 3}")
        outcomes = await asyncio.gather(
            store.write([insert(key("1"), limit=1)]),
            store.write([insert(key("2", owner="x"), "x" * 100_000)]),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
        await store.write([insert(key("1"), limit=1)])
        await store.close()

    async def test_on_a_disk_that_is_nearly_full_it_proves_room_before_an_item_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_room, "PLENTY", 1 << 60)
        store = SqliteStore(tmp_path / "db")
        (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
        store._writer.execute(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(Unavailable, match="full"):
            await store.check()
        await store.close()

"""What the SQLite store keeps in memory is what the database holds, whoever has written to it."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.store_contract import (
    OWNERS,
    Refusal,
    allow,
    insert,
    key,
    people,
    put,
    refuse,
    release,
)
from openprofile.store import sqlite_kept
from openprofile.store.base import (
    Change,
    Delete,
    DeletePerson,
    Erase,
    EraseTenant,
    PutPerson,
    Record,
    StoreError,
    Update,
)
from openprofile.store.collection import Collection
from openprofile.store.sqlite import SqliteStore

_FACETS = ("f", "g")
_KEYS = st.builds(
    lambda where, facet, item: key(item, tenant=where[0], owner=where[1], facet=facet),
    st.sampled_from(OWNERS[:3]),
    st.sampled_from(_FACETS),
    st.sampled_from(("1", "2", "3")),
)
_WHERE = st.sampled_from(OWNERS[:3])
_CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(insert, _KEYS, st.sampled_from(("one", "two"))),
    st.builds(lambda at: put(at, Record(at.id, 7, "put", 3)), _KEYS),
    st.builds(lambda at: Update(at, lambda before: before.text + "+"), _KEYS),
    st.builds(lambda at: Update(at, refuse), _KEYS),
    st.builds(lambda at: Delete(at, allow), _KEYS),
    st.builds(lambda where: Erase(*where), _WHERE),
    st.builds(lambda where: DeletePerson(*where, (), release), _WHERE),
    st.builds(lambda where: PutPerson(*where, f"owner {where[1]}", ""), _WHERE),
    st.just(EraseTenant("t")),
)
_BY_HAND = (
    "UPDATE item SET text = text || '!', version = version + 1",
    "DELETE FROM item WHERE owner = 'o' AND facet = 'f'",
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 1), st.lists(_CHANGES, max_size=3), st.booleans()),
        st.sampled_from(_BY_HAND),
    ),
    max_size=12,
)
Step = tuple[int, list[Change], bool] | str
"""Who writes what, and whether it is looked at before the next; or a statement by hand, between two
looks."""


def _read(connection: sqlite3.Connection, where: tuple[str, str]) -> list[tuple[str, Record]]:
    rows = connection.execute(
        "SELECT facet, id, version, text, created FROM item WHERE tenant = ? AND owner = ?"
        " ORDER BY facet, created, id",
        where,
    )
    return [(facet, Record(*rest)) for facet, *rest in rows]


async def _agree(stores: Sequence[SqliteStore], connection: sqlite3.Connection) -> None:
    """Every store reads what the database holds: at once, and what it has kept by then."""
    await asyncio.sleep(0)  # the next turn of the loop reads what was committed by then
    for store in stores * 2:
        for where in OWNERS[:3]:
            there = _read(connection, where)
            assert list(await store.owned(*where)) == there
            for name in _FACETS:
                expected = [record for facet, record in there if facet == name]
                assert await store.collection(*where, name) == expected
                for id_ in ("1", "2", "3"):
                    (one,) = [each for each in expected if each.id == id_] or [None]
                    found = await store.get(key(id_, tenant=where[0], owner=where[1], facet=name))
                    assert found == one


async def _walk(path: Path, steps: Sequence[Step]) -> None:
    stores = [SqliteStore(path) for _ in range(2)]
    await people(stores[0])
    connection = sqlite3.connect(path, isolation_level=None)
    await _agree(stores, connection)
    for step in steps:
        if isinstance(step, str):
            await _agree(stores, connection)
            connection.execute(step)
            looks = True
        else:
            at, changes, looks = step
            written = await asyncio.gather(
                *(stores[at].write([change]) for change in changes), return_exceptions=True
            )
            assert all(isinstance(each, list | StoreError | Refusal) for each in written)
        if looks:
            await _agree(stores, connection)
    await _agree(stores, connection)
    connection.close()
    for store in stores:
        await store.close()


@settings(deadline=None)  # each commit waits for the disk
@given(_STEPS)
@example([(0, [insert(key())], True), _BY_HAND[0], (0, [insert(key("2"))], False)])
@example(
    [
        (0, [insert(key())], True),
        (0, [insert(key(owner="other"))], False),
        (1, [Delete(key(), allow)], False),
        (0, [insert(key("2", owner="other"))], True),
    ]
)
@example([(0, [insert(key())], False), (0, [insert(key(owner="other"))], True)])
def test_what_is_read_is_what_two_processes_and_others_have_written(steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_walk(Path(folder) / "db", steps))


@pytest.mark.anyio
class TestKept:
    async def test_it_is_read_once_while_its_owner_s_items_stay(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "db")
        await people(store)
        await store.write([insert(key()), insert(key(owner="x"))])
        found, whole = await store.collection("t", "o", "f"), await store.owned("t", "o")
        assert isinstance(found, Collection)
        item = await store.get(key())
        await store.write([insert(key("2", owner="x"))])
        await store.write([PutPerson("t", "o", "owner o", "as they are")])
        await store.check()
        with pytest.raises(StoreError):
            await store.write([insert(key("3", owner="x")), insert(key("2", owner="x"))])
        await asyncio.sleep(0)
        assert await store.collection("t", "o", "f") is found
        assert await store.owned("t", "o") is whole
        assert await store.get(key()) is item
        await store.write([insert(key("2"))])
        await asyncio.sleep(0)
        assert await store.collection("t", "o", "f") is not found
        assert await store.owned("t", "o") is not whole
        assert await store.get(key()) is not item
        await store.close()

    async def test_those_who_were_asked_for_last_stay_where_there_is_no_room_for_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = SqliteStore(tmp_path / "db")
        await people(store)
        owners = ("o", "x", "other")
        await store.write([insert(key(owner=owner), "x" * 1000) for owner in owners])
        monkeypatch.setattr(sqlite_kept, "KEPT", 6000)
        first = [await store.collection("t", owner, "f") for owner in ("o", "x", "o", "other")]
        again = [await store.collection("t", owner, "f") for owner in ("o", "other", "x")]
        assert again[0] is first[0]
        assert again[1] is first[3]
        assert again[2] is not first[1]
        await store.close()

    async def test_a_reader_who_has_not_looked_for_long_reads_all_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite_kept, "_COMMITS", 2)
        store = SqliteStore(tmp_path / "db")
        await people(store)
        found = await store.collection("t", "o", "f")
        for number in range(5):
            await store.write([insert(key(str(number), owner="x"))])
        await asyncio.sleep(0)
        again = await store.collection("t", "o", "f")
        assert again == found
        assert again is not found
        await store.close()


def test_what_is_derived_is_made_once_and_not_more_than_a_few_are_kept() -> None:
    collection = Collection([Record("1", 1, "text")])
    made = [collection.derived(number, lambda: [*collection]) for number in range(20)]
    again = [collection.derived(number, lambda: [*collection]) for number in range(20)]
    same = [one is other for one, other in zip(made, again, strict=True)]
    assert same == [True] * 8 + [False] * 12

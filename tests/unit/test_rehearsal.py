"""A rehearsed write raises what it would raise, and leaves no trace."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from openprofile.store.base import (
    Change,
    Conflict,
    Delete,
    DeletePerson,
    Erase,
    EraseTenant,
    Full,
    Insert,
    Join,
    Key,
    Leave,
    Missing,
    PutGroup,
    PutItem,
    PutPerson,
    Record,
    Store,
    Update,
    UpdatePerson,
)
from openprofile.store.rehearsal import Rehearsal
from openprofile.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio
ANN, BOB = PutPerson("t", "ann", "a", "Ann"), PutPerson("t", "bob", "b", "Bob")
KEY, OTHER = Key("t", "o", "f", "1"), Key("t", "o", "f", "2")


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = SqliteStore(None)
    await store.write(
        [
            PutPerson("t", "o", "o", ""),
            Insert(KEY, 0, "kept", 9),
            ANN,
            BOB,
            PutGroup("t", "g", "group", ("ann",)),
        ]
    )
    yield store
    await store.close()


def refuse(_: Record) -> None:
    raise PermissionError


def refused(_: Record | None) -> Record:
    raise PermissionError


async def test_it_reads_what_is_there(store: Store) -> None:
    rehearsal = cast("Store", Rehearsal(store))
    assert await rehearsal.get(KEY) == await store.get(KEY)
    assert await rehearsal.collection("t", "o", "f") == await store.collection("t", "o", "f")


async def everything(store: Store) -> list[object]:
    members = await store.related("t", "members", "g", limit=9)
    people = [await store.person("t", each) for each in ("ann", "bob", "cat")]
    return [await store.owned("t", "o"), people, members]


async def test_it_answers_as_a_write_would_and_keeps_nothing(store: Store) -> None:
    before = await everything(store)
    changes: list[Change] = [
        Insert(OTHER, 0, "new", 9),
        PutItem(OTHER, lambda _: Record("2", 1, "put"), 9),
        PutItem(KEY, lambda _: Record("1", 1, "put"), 1),
        Update(KEY, lambda record: record.text + "!"),
        Delete(KEY, lambda _: None),
        Erase("t", "o"),
        EraseTenant("t"),
        PutPerson("t", "cleo", "c", "Cleo", new=True),
        PutPerson("t", "ann", "a", "Anna"),
        UpdatePerson("t", "ann", lambda record: PutPerson("t", "ann", "z", record.text + "!")),
        DeletePerson("t", "ann", ("manager",), lambda _: ANN),
        PutGroup("t", "h", "new group", ()),
        Join("t", "g", "bob"),
        Join("t", "g", "ann", anyway=True),
        Leave("t", "g", "ann"),
    ]
    found = await Rehearsal(store).write(changes)
    assert [record and record.text for record in found] == [
        *("new", "put", "put", "kept!", None, None, None),
        *("Cleo", "Anna", "Ann!", None),
        *("new group", None, None, None),
    ]
    assert await everything(store) == before


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Insert(KEY, 0, "", 9), Conflict),
        (Insert(OTHER, 0, "", 1), Full),
        (Insert(Key("t", "nobody", "f", "1"), 0, "", 9), Missing),
        (UpdatePerson("t", "ann", lambda _: ANN, needed=("cleo",)), Missing),
        (PutItem(OTHER, lambda _: Record("2", 1, ""), 1), Full),
        (PutItem(KEY, refused, 9), PermissionError),
        (Update(OTHER, lambda record: record.text), Missing),
        (Delete(OTHER, lambda _: None), Missing),
        (Delete(KEY, refuse), PermissionError),
        (PutPerson("t", "cleo", "b", ""), Conflict),
        (PutPerson("t", "ann", "c", "", new=True), Conflict),
        (UpdatePerson("t", "ann", lambda _: PutPerson("t", "ann", "b", "")), Conflict),
        (UpdatePerson("t", "cleo", lambda _: ANN), Missing),
        (DeletePerson("t", "cleo", ("manager",), lambda _: ANN), Missing),
        (Join("t", "g", "ann"), Conflict),
        (Join("t", "g", "cleo"), Missing),
        (Join("t", "h", "bob"), Missing),
        (Leave("t", "g", "bob"), Missing),
    ],
)
async def test_it_raises_what_a_write_would(
    store: Store, change: Change, error: type[Exception]
) -> None:
    before = await everything(store)
    with pytest.raises(error):
        await store.write([change])
    with pytest.raises(error):
        await Rehearsal(store).write([change])
    assert await everything(store) == before

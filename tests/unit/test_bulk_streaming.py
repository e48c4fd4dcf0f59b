"""Bulk work holds a bounded part of the whole in memory, however much there is."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from openprofile.bulk.content import PAGE
from openprofile.bulk.export import export
from openprofile.bulk.load import load
from openprofile.clock import Clock
from openprofile.settings import Limits
from openprofile.store.base import Kind, Record, Store
from openprofile.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio
PEOPLE = 3000
AHEAD = 1100
"""Lines that may have been read and not been stored."""


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    store = SqliteStore(None)
    yield store
    await store.close()


def lines() -> Iterator[bytes]:
    for number in range(PEOPLE):
        yield json.dumps({"userPrincipalName": f"p{number}", "displayName": "P"}).encode()


async def test_lines_are_read_as_they_are_stored(store: Store) -> None:
    stored, furthest = 0, 0

    def watched() -> Iterator[bytes]:
        nonlocal furthest
        for number, line in enumerate(lines(), 1):
            furthest = max(furthest, number - stored)
            yield line

    def progress(number: int) -> None:
        nonlocal stored
        assert number > stored
        stored = number

    await load(store, "t", watched(), limits=Limits(), clock=Clock(), progress=progress)
    assert stored == PEOPLE
    assert furthest <= AHEAD


async def test_people_are_read_as_their_lines_are_taken(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(store, "t", lines(), limits=Limits(), clock=Clock())
    read, taken, objects = 0, 0, store.objects

    async def watched(tenant: str, kind: Kind, *, after: str = "", limit: int) -> list[Record]:
        nonlocal read
        page = await objects(tenant, kind, after=after, limit=limit)
        read += len(page)
        return page

    monkeypatch.setattr(store, "objects", watched)
    async for _ in export(store, "t"):
        taken += 1
        assert read - taken < PAGE
    assert taken == PEOPLE

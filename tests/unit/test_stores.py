"""The store that a database's URL names."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openprofile.server.stores import look_into_store, open_store
from openprofile.settings import BadSettings
from openprofile.store.base import Unavailable

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "dsn", ["mysql://x", "postgresql:/user:secret@host", "secret", "sqlite://"]
)
async def test_a_url_of_no_kind_is_refused_without_what_is_in_it(dsn: str) -> None:
    with pytest.raises(BadSettings) as caught:
        await open_store(dsn)
    assert "expected sqlite:///FILE" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    dsn = f"sqlite:///{tmp_path}/db"
    with pytest.raises(BadSettings, match="no database"):
        async with look_into_store(dsn):
            pass
    assert list(tmp_path.iterdir()) == []
    with closing(sqlite3.connect(tmp_path / "db")) as older:
        older.execute("PRAGMA user_version = 1")
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(BadSettings, match="older version"):
        async with look_into_store(dsn):
            pass
    assert (tmp_path / "db").read_bytes() == before
    (tmp_path / "db").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable):
        async with look_into_store(dsn):
            pass


async def test_what_is_ready_is_looked_into(tmp_path: Path) -> None:
    dsn = f"sqlite:///{tmp_path}/db"
    await (await open_store(dsn)).close()
    async with look_into_store(dsn) as store:
        assert await store.person("t", "nobody") is None

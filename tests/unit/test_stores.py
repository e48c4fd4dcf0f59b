"""The store that a database's URL names."""

import re
import sqlite3
import stat
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


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("user:sec%ret@host/db", "invalid percent-encoded token"),
        ("user:secret@[host/db", "end of string reached"),
        ("user@host/db?password=secret&none=secret", "invalid URI query parameter"),
    ],
)
async def test_a_url_that_cannot_be_read_is_refused_without_what_is_in_it(
    rest: str, fault: str
) -> None:
    with pytest.raises(BadSettings, match=fault) as caught:
        await open_store(f"postgresql://{rest}")
    assert "sec" not in str(caught.value)


async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=re.escape(str(tmp_path))):
        await open_store(f"sqlite:///{tmp_path}")


async def test_a_new_file_is_for_this_user_alone(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/db")
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    await store.close()


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

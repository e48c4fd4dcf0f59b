"""A backup is taken while the service writes, and put back whole or not at all."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from commands import openprofile
from openprofile.store.base import Insert, Key, PutPerson
from openprofile.store.migrate import migrations
from openprofile.store.sqlite import SqliteStore
from program import Program

NEVER = "postgresql://reader:secret@nowhere.example/profiles"


def database(data: Path) -> Path:
    return data / "openprofile.sqlite3"


def fill(data: Path, *texts: str) -> None:
    """A database with an item for each text."""
    data.mkdir(exist_ok=True)

    async def write() -> None:
        store = SqliteStore(database(data))
        await store.write([PutPerson("t", "o", "o", "{}")])
        for text in texts:
            await store.write([Insert(Key("t", "o", "f", text), 0, text, 1000)])
        await store.close()

    asyncio.run(write())


def texts(data: Path) -> list[str]:
    with closing(sqlite3.connect(database(data))) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM item ORDER BY id")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    fill(tmp_path / "data", "first", "second")
    return tmp_path / "data"


def test_a_backup_of_a_service_that_writes_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    data, file, other = tmp_path / "data", tmp_path / "backup", tmp_path / "other"
    with Program(data) as program:
        enough, done = threading.Event(), threading.Event()
        headers = {"Authorization": f"Bearer {program.token()}"}
        created: list[str] = []

        def write() -> None:
            with httpx2.Client(
                base_url=program.url, headers=headers, limits=httpx2.Limits(max_connections=1)
            ) as client:
                while not done.is_set() and len(created) < 900:
                    answer = client.post("/beta/me/profile/interests", json={})
                    assert answer.status_code == 201
                    created.append(answer.json()["id"])
                    if len(created) == 50:
                        enough.set()

        writing = threading.Thread(target=write)
        writing.start()
        assert enough.wait(60)
        acknowledged = created.copy()
        told = openprofile("backup", "--data", data, file)
        done.set()
        writing.join()
        assert told.exit_code == 0, told.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert openprofile("restore", "--data", other, file).exit_code == 0
    with Program(other) as program:
        answer = httpx2.get(
            f"{program.url}/beta/me/profile/interests?$top=1000",
            headers={"Authorization": f"Bearer {program.token()}"},
        )
        kept = {item["id"] for item in answer.json()["value"]}
    assert set(acknowledged) <= kept <= set(created)


def test_a_backup_is_one_file_that_anybody_can_check(data: Path, tmp_path: Path) -> None:
    told = openprofile("backup", "--data", data, tmp_path / "backup")
    assert told.exit_code == 0, told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]
    with closing(sqlite3.connect(tmp_path / "backup")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


def test_a_backup_replaces_a_file_only_when_told(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    told = openprofile("backup", "--data", data, file)
    assert (told.exit_code, file.read_text()) == (1, "precious")
    assert "is there already. --overwrite replaces it." in told.stderr
    assert openprofile("backup", "--data", data, file, "--overwrite").exit_code == 0
    assert file.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_does_not_take_its_own_place(data: Path, command: str) -> None:
    before = database(data).stat().st_ino
    told = openprofile(command, "--data", data, "--overwrite", database(data))
    assert (told.exit_code, "is the database itself" in told.stderr) == (1, True)
    assert database(data).stat().st_ino == before


def test_there_is_no_backup_of_what_is_not_there(tmp_path: Path) -> None:
    told = openprofile("backup", "--data", tmp_path, tmp_path / "backup")
    assert (told.exit_code, "There is no database" in told.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_gives_no_backup(data: Path, tmp_path: Path) -> None:
    damage(database(data))
    told = openprofile("backup", "--data", data, tmp_path / "backup")
    assert told.exit_code == 1
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "backup").exists()


def damage(file: Path) -> None:
    """Overwrite a page of the items' table, which is there then and cannot be read."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'item'"
        ((page,),) = connection.execute(sql).fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with file.open("rb+") as opened:
        opened.seek((page - 1) * size)
        opened.write(b"\xff" * size)


def test_a_database_is_replaced_only_when_told(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    openprofile("backup", "--data", data, file)
    fill(data, "third")
    told = openprofile("restore", "--data", data, file)
    assert (told.exit_code, len(texts(data))) == (1, 3)
    assert "is there already. --overwrite replaces it." in told.stderr
    assert openprofile("restore", "--data", data, file, "--overwrite").exit_code == 0
    assert texts(data) == ["first", "second"]


def test_a_database_that_a_service_has_open_is_not_replaced(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "backup"
    with Program(data) as program:
        openprofile("backup", "--data", data, file)
        told = openprofile("restore", "--data", data, file, "--overwrite")
        assert (told.exit_code, "stop the service first" in told.stderr) == (1, True)
        answer = httpx2.get(
            f"{program.url}/beta/me/profile", headers={"Authorization": f"Bearer {program.token()}"}
        )
        assert answer.status_code == 200
        program.kill()
    assert openprofile("restore", "--data", data, file, "--overwrite").exit_code == 0


def test_what_a_killed_service_left_beside_its_database_does_not_come_back(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "backup"
    with Program(data) as program:
        openprofile("backup", "--data", data, file)
        httpx2.post(
            f"{program.url}/beta/me/profile/interests",
            json={},
            headers={"Authorization": f"Bearer {program.token()}"},
        )
        program.kill()
    assert database(data).with_name(f"{database(data).name}-wal").stat().st_size
    assert openprofile("restore", "--data", data, file, "--overwrite").exit_code == 0
    assert texts(data) == []
    fill(data, "after")
    assert texts(data) == ["after"]


@pytest.mark.parametrize(
    "step",
    [
        "openprofile.store.sqlite_backup._copy",
        "openprofile.store.sqlite_backup._check",
        "pathlib.Path.unlink",
        "os.fsync",
        "pathlib.Path.replace",
    ],
)
def test_a_restore_that_ends_early_leaves_the_database_as_it_was(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    file = tmp_path / "backup"
    openprofile("backup", "--data", data, file)
    fill(data, "third")

    def power_cut(*_: object, **__: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(step, power_cut)
        told = openprofile("restore", "--data", data, file, "--overwrite")
    assert (told.exit_code, "power cut" in told.stderr) == (1, True)
    assert texts(data) == ["first", "second", "third"]
    assert openprofile("restore", "--data", data, file, "--overwrite").exit_code == 0
    assert texts(data) == ["first", "second"]


def test_a_damaged_database_can_be_replaced(data: Path, tmp_path: Path) -> None:
    openprofile("backup", "--data", data, tmp_path / "backup")
    database(data).write_bytes(b"no database at all" * 1000)
    told = openprofile("restore", "--data", data, tmp_path / "backup", "--overwrite")
    assert told.exit_code == 0, told.stderr
    assert texts(data) == ["first", "second"]


def test_a_file_that_is_no_backup_is_not_restored(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"

    def refused(reason: str) -> None:
        told = openprofile("restore", "--data", data, file, "--overwrite")
        assert told.exit_code == 1
        assert reason in told.stderr
        assert texts(data) == ["first", "second"]
        assert not list(data.glob("*.part"))

    refused("There is no file")
    file.write_bytes(b"no database at all" * 1000)
    refused("not a database")
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE item (id)")
    refused("of another program than openprofile")
    openprofile("backup", "--data", data, file, "--overwrite")
    damage(file)
    refused("does not pass its integrity check")
    openprofile("backup", "--data", data, file, "--overwrite")
    newest = migrations("sqlite")[-1].number
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {newest + 1}")
    refused(f"has schema version {newest + 1}")


@pytest.mark.parametrize(
    ("command", "tool"), [("backup", "pg_dump --format=custom"), ("restore", "pg_restore --clean")]
)
def test_postgresql_has_its_own_tools(command: str, tool: str, tmp_path: Path) -> None:
    told = openprofile(command, tmp_path / "file", OPENPROFILE_DATABASE=NEVER)
    assert told.exit_code == 1
    assert tool in told.stderr
    assert "secret" not in told.stderr

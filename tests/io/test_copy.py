"""Everything goes from one store to another, whichever they are, and nothing is missed."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from commands import openprofile
from openprofile import sample
from openprofile.bulk.copy import Survey, survey
from openprofile.server.stores import open_store
from openprofile.store.base import EraseTenant, PutGroup, PutPerson
from postgres import VERSIONS, Server

PEOPLE = 150


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(max(VERSIONS)) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/target.sqlite3"
    server: Server = request.getfixturevalue("server")
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    folder = server.dsn.partition("host=")[2].partition(" ")[0]
    return f"postgresql://openprofile@/{name}?host={folder}"


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of a database with people of two tenants."""
    url = f"sqlite:///{tmp_path}/source.sqlite3"
    group = {"@odata.type": "#microsoft.graph.group", "id": "g", "displayName": "G"}
    people = [
        {
            "userPrincipalName": f"p{number}@x.example",
            "displayName": f"P {number} é\0",
            "memberOf": ["g"] if number % 2 else [],
            "profile": {"skills": [{"displayName": "Go"}] * (number % 4)},
        }
        for number in range(PEOPLE)
    ]
    for tenant, some in ((sample.TENANT, people), ("é", people[:3])):
        lines = b"".join(json.dumps(each).encode() + b"\n" for each in (group, *some))
        told = openprofile("import", "--tenant", tenant, stdin=lines, OPENPROFILE_DATABASE=url)
        assert told.exit_code == 0, told.stderr
    return url


def surveyed(url: str) -> Survey:
    async def read() -> Survey:
        store = await open_store(url)
        try:
            return await survey(store)
        finally:
            await store.close()

    return asyncio.run(read())


def change(url: str, *changes: PutPerson | PutGroup | EraseTenant) -> None:
    async def write() -> None:
        store = await open_store(url)
        try:
            await store.write(changes)
        finally:
            await store.close()

    asyncio.run(write())


def test_a_copy_is_the_same_there_and_back(source: str, target: str, tmp_path: Path) -> None:
    told = openprofile("copy", "--from", source, "--to", target)
    assert told.exit_code == 0, told.stderr
    assert "Copied, and compared: 153 people, 2 groups, 226 items, 76 memberships." in told.stderr
    assert surveyed(target) == surveyed(source)
    back = f"sqlite:///{tmp_path}/back.sqlite3"
    assert openprofile("copy", "--from", target, "--to", back).exit_code == 0
    assert surveyed(back) == surveyed(source)


def test_a_copy_goes_to_an_empty_database_unless_told_otherwise(source: str, target: str) -> None:
    change(target, PutPerson("t", "1", "somebody", '{"user":{"userPrincipalName":"somebody"}}'))
    before = surveyed(target)
    told = openprofile("copy", "--from", source, "--to", target)
    assert told.exit_code == 1
    assert "is not empty. --resume adds to what it has." in told.stderr
    assert surveyed(target) == before


def test_a_copy_goes_on_where_it_was_interrupted(source: str, target: str) -> None:
    assert openprofile("copy", "--from", source, "--to", target).exit_code == 0
    change(target, EraseTenant("é"))
    change(source, PutGroup(sample.TENANT, "h", '{"id":"h"}', None))
    told = openprofile("copy", "--from", source, "--to", target, "--resume")
    assert told.exit_code == 0, told.stderr
    assert surveyed(target) == surveyed(source)
    assert surveyed(target).counts.groups == 3


def test_a_copy_that_is_not_the_same_is_told(source: str, target: str) -> None:
    assert openprofile("copy", "--from", source, "--to", target).exit_code == 0
    change(target, PutGroup("é", "more", '{"id":"more"}', None))
    told = openprofile("copy", "--from", source, "--to", target, "--resume")
    assert told.exit_code == 1
    assert "2 groups, 226 items, 76 memberships, the other 153 people, 3 groups" in told.stderr
    change(target, EraseTenant("é"))
    twin = PutPerson("é", "twin", "p1@x.example", '{"user":{"userPrincipalName":"p1@x.example"}}')
    change(target, twin)
    told = openprofile("copy", "--from", source, "--to", target, "--resume")
    assert told.exit_code == 1
    assert "another person has 'p1@x.example'" in told.stderr


def test_a_copy_names_what_it_cannot_open(source: str, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/nowhere.sqlite3"
    for told, reason in (
        (openprofile("copy", "--from", nowhere, "--to", source), "There is no database"),
        (openprofile("copy", "--from", source, "--to", source), "are the same database"),
        (openprofile("copy", "--from", source, "--to", "mysql://x"), "is of no kind"),
    ):
        assert told.exit_code != 0
        assert reason in told.stderr

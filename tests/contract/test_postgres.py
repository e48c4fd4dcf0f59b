import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from contract.store_contract import StoreContract, allow, insert, key
from openprofile.store.base import (
    Conflict,
    Delete,
    Full,
    Missing,
    PutPerson,
    SchemaTooNew,
    Store,
    Unavailable,
    Update,
)
from openprofile.store.migrate import migrations
from openprofile.store.postgres import PostgresStore
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


class TestPostgres(StoreContract):
    @pytest.fixture
    async def store(self, dsn: str) -> AsyncIterator[Store]:
        store = await PostgresStore.open(dsn)
        yield store
        await store.close()

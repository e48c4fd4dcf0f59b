"""The real program, spawned once for all clients."""

from collections.abc import Iterator
from typing import Any

import pytest

from program import Program


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("run") / "data") as program:
        yield program


@pytest.fixture(scope="session")
def endpoints(program: Program) -> dict[str, Any]:
    """What the running stand-in tells other programs: the content of its endpoints.json."""
    return program.endpoints


@pytest.fixture(scope="session")
def url(program: Program) -> str:
    """Where the stand-in answers, without the API's version."""
    return program.url


@pytest.fixture(scope="session")
def token(program: Program) -> str:
    """A bearer token for the first sample person, as a developer gets one."""
    return program.token()

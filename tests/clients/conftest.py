"""The real program, spawned once for all clients."""

import html
import re
import shlex
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from clients.client_contract import stored
from program import Program

__all__ = ["stored"]


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


@pytest.fixture
def tls_url(program: Program, endpoints: dict[str, Any]) -> Iterator[str]:
    """Where the stand-in answers over TLS, trusted in the way that it says itself.

    For one test: what another one starts is to trust what the machine trusts.
    """
    line = re.search("^export (.*)$", program.announcement, re.MULTILINE)
    assert line is not None
    with pytest.MonkeyPatch.context() as environment:
        for assignment in shlex.split(line[1]):
            environment.setenv(*assignment.split("=", 1))
        yield endpoints["tls_url"]


@pytest.fixture(params=["http", "https"])
def base(request: pytest.FixtureRequest, url: str, tls_url: str) -> str:
    """Where a client finds the API: over http, then over https."""
    return f"{url if request.param == 'http' else tls_url}/beta"


@pytest.fixture(scope="session")
def application(endpoints: dict[str, Any]) -> dict[str, str]:
    """The id and the secret of the sample application."""
    found: dict[str, str] = endpoints["client"]
    return found


@pytest.fixture
def visitor(tls_url: str) -> Iterator[httpx2.Client]:
    """What a person's browser does on the sign-in pages."""
    with httpx2.Client() as client:
        yield client


class Interests:
    """The API over TLS, for whoever has a token."""

    def __init__(self, visitor: httpx2.Client, base: str) -> None:
        self._visitor = visitor
        self._base = base

    def add(self, token: str, who: str = "me") -> dict[str, Any]:
        """Add an interest, read it back, and return it."""
        headers = {"Authorization": f"Bearer {token}"}
        path = f"{self._base}/beta/{who}/profile/interests"
        answer = self._visitor.post(path, json={"displayName": "Chess"}, headers=headers)
        assert answer.status_code == 201, answer.text
        item: dict[str, Any] = answer.json()
        read = self._visitor.get(f"{path}/{item['id']}", headers=headers)
        assert read.status_code == 200
        return item


@pytest.fixture
def interests_api(visitor: httpx2.Client, tls_url: str) -> Interests:
    return Interests(visitor, tls_url)


def choose(visitor: httpx2.Client, page: str, person: str | None) -> httpx2.Response:
    """Press the button of ``person``, or the one that refuses, on the sign-in page at ``page``."""
    shown = visitor.get(page)
    assert shown.status_code == 200, shown.text
    action = re.search(r'action="([^"]*)"', shown.text)
    assert action is not None
    pressed = {"person": person} if person else {"refuse": "yes"}
    for name, value in pressed.items():
        assert f'<button name="{name}" value="{value}">' in shown.text
    return visitor.post(html.unescape(action[1]), data=pressed)

"""What a token must grant, and whose profile it reaches."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.conftest import Service, fault
from openprofile import permissions, sample
from openprofile.policy.grants import READ_PROFILE, WRITE_OTHERS, WRITE_PROFILE

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "", {}),
    ("GET", "/{id}", {}),
    ("POST", "", {"json": {}}),
    ("POST", "/$ref", {"json": {}}),
    ("PATCH", "/{id}", {"json": {}}),
    ("DELETE", "/{id}", {}),
]
READERS = ["User.Read", "User.ReadBasic.All", "User.Read.All"]
WRITERS = ["User.ReadWrite", "User.ReadWrite.All"]
NAMES = sorted({*READ_PROFILE.delegated, *READ_PROFILE.application, "Mail.Read", "People.Read"})


@pytest.mark.parametrize("facet", ["interests", "names", "notes"])
@pytest.mark.parametrize(("method", "path", "options"), CALLS)
@pytest.mark.parametrize("scope", [*READERS, *WRITERS, "Mail.Read", ""])
async def test_a_scope_reaches_what_it_is_for(
    service: Service, facet: str, method: str, path: str, options: dict[str, Any], scope: str
) -> None:
    own = (await service.person("ada")("POST", f"me/profile/{facet}", json={})).json()
    response = await service.person("ada", scope)(
        method, f"me/profile/{facet}{path.format(id=own['id'])}", **options
    )
    if scope in WRITERS or (method == "GET" and scope in READERS):
        assert response.is_success
    else:
        error = fault(response, 403, "Authorization_RequestDenied")
        assert "User.ReadWrite.All" in error["message"]


async def test_scopes_are_checked_before_anything_is_told(service: Service) -> None:
    ada = service.person("ada", "Mail.Read")
    for path in ("users/nobody/profile/interests", "me/profile/interests/nope"):
        fault(await ada("GET", path), 403, "Authorization_RequestDenied")


@pytest.mark.parametrize(("method", "path", "options"), CALLS[2:])
async def test_only_an_administrator_writes_for_another(
    service: Service, method: str, path: str, options: dict[str, Any]
) -> None:
    item = (await service.person("ada")("POST", "me/profile/interests", json={})).json()
    url = f"users/{ADA}/profile/interests{path.format(id=item['id'])}"
    for denied in (
        service.person("bram", "User.ReadWrite"),
        service.person("bram", "User.ReadWrite.All"),
        service.administrator("User.ReadWrite"),
    ):
        fault(await denied(method, url, **options), 403, "Authorization_RequestDenied")
    assert (await service.administrator()(method, url, **options)).is_success


async def test_application_permissions_are_roles(service: Service) -> None:
    url = f"users/{ADA}/profile/interests"
    reader, writer = service.application("User.Read.All"), service.application("User.ReadWrite.All")
    assert (await reader("GET", url)).status_code == 200
    assert (await writer("GET", url)).status_code == 200
    fault(await reader("POST", url, json={}), 403, "Authorization_RequestDenied")
    fault(await service.application()("GET", url), 403, "Authorization_RequestDenied")
    assert (await writer("POST", url, json={})).status_code == 201


async def test_me_is_nobody_for_an_application(service: Service) -> None:
    for role in ("User.Read.All", "User.ReadWrite.All"):
        error = fault(
            await service.application(role)("GET", "me/profile/interests"), 400, "BadRequest"
        )
        assert "delegated" in error["message"]


async def test_an_item_is_not_reached_through_another_person(service: Service) -> None:
    created = await service.person("ada")("POST", "me/profile/interests", json={})
    bram = service.person("bram")
    fault(await bram("GET", f"me/profile/interests/{created.json()['id']}"), 404, "itemNotFound")
    other = f"users/{sample.person_id('mei')}/profile/interests/{created.json()['id']}"
    fault(await service.administrator()("DELETE", other), 404, "itemNotFound")


@pytest.mark.parametrize("name", NAMES)
async def test_each_permission_of_the_table_allows_its_operations_and_no_other(
    service: Service, name: str
) -> None:
    person, application = service.person("ada", name), service.application(name)
    for operation in permissions.profile_operations():
        needed = permissions.needed(operation)
        path = operation.path.replace("{user-id}", ADA)
        path = re.sub(r"\{.+?\}", "00000000-0000-0000-0000-000000000000", path)[1:]
        options: dict[str, Any] = {"json": {}} if operation.method in ("POST", "PATCH") else {}
        answer = await person(operation.method, path, **options)
        assert (answer.status_code != 403) is (name in needed.delegated), operation
        if path.startswith("users/"):
            answer = await application(operation.method, path, **options)
            assert (answer.status_code != 403) is (name in needed.application), operation


@pytest.mark.parametrize("name", WRITE_PROFILE.delegated)
async def test_what_an_administrator_needs_is_more_than_the_owner(
    service: Service, name: str
) -> None:
    url = f"users/{ADA}/profile/interests"
    answer = await service.administrator(name)("POST", url, json={})
    assert (answer.status_code == 201) is (name in WRITE_OTHERS.delegated)


async def test_a_refusal_says_what_would_have_allowed_the_call(service: Service) -> None:
    own, other = "me/profile/interests", f"users/{ADA}/profile/interests"
    refused = await service.person("ada", "Mail.Read", "Files.Read")("GET", own)
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert "delegated permissions (scp) " + ", ".join(READ_PROFILE.delegated) in message
    assert message.endswith("the token has Files.Read, Mail.Read.")

    refused = await service.application("User.Read.All")("POST", other, json={})
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert "application permissions (roles) " + ", ".join(WRITE_PROFILE.application) in message
    assert "administrator" not in message

    refused = await service.person("bram", "User.Read")("POST", other, json={})
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert "delegated permissions (scp) " + ", ".join(WRITE_PROFILE.delegated) in message
    assert "an administrator" in message

    refused = await service.person("bram", "User.ReadWrite.All")("POST", other, json={})
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert all(name in message for name in WRITE_OTHERS.delegated)
    assert message.endswith("the person is no administrator.")


Table = dict[tuple[str, str], dict[str, dict[str, list[str]]]]


@pytest.fixture
def theirs() -> Table:
    path = os.environ.get("OPENPROFILE_PERMISSIONS")
    if not path:
        pytest.skip("OPENPROFILE_PERMISSIONS names no file with Graph's permissions to compare")
    paths = json.loads(Path(path).read_text(encoding="utf-8"))["paths"]
    return {
        (method, path): kinds
        for path, methods in paths.items()
        if not path.startswith("/admin/people")
        for method, kinds in methods.items()
    }


def test_every_difference_from_graph_is_written_down_and_none_besides(theirs: Table) -> None:
    written = {
        (one.method, root + one.path): one.how
        for one in permissions.DIFFERENCES
        for root in ("/me", "/users/{id}")
    }
    assert dict(differences(theirs)) == written


def differences(theirs: Table) -> Iterator[tuple[tuple[str, str], str]]:
    ours = {
        (one.method, re.sub(r"\{.+?\}", "{id}", one.path).lower()): permissions.needed(one)
        for one in permissions.profile_operations()
    }
    assert ours.keys() <= theirs.keys()
    for key, kinds in theirs.items():
        if key not in ours:
            yield key, "not served"
            continue
        mine = ours[key]
        tables = {"DelegatedWork": (mine.delegated, mine.least_delegated)}
        if key[1].startswith("/users/"):
            tables["Application"] = (mine.application, mine.least_application)
        assert tables.keys() == kinds.keys() - {"DelegatedPersonal"}
        found = {
            _difference(kinds[kind]["leastPrivileged"], kinds[kind]["alsoAccepted"], names, least)
            for kind, (names, least) in tables.items()
        }
        for how in found - {None}:
            yield key, how


def _difference(
    least: list[str], also: list[str], names: tuple[str, ...], first: int
) -> str | None:
    if {*names} != {*least, *also}:
        return "stricter" if {*names} < {*least, *also} else "more"
    return None if {*names[:first]} == {*least} else "least"

"""What a token must grant, and whose profile it reaches."""

from typing import Any

import pytest

from api.conftest import Service, fault
from openprofile import sample

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


@pytest.mark.parametrize(
    ("audiences", "seen_by"),
    [
        ("me", {"ada"}),
        ("family", {"ada"}),
        ("contacts", {"ada"}),
        ("federatedOrganizations", {"ada"}),
        ("groupMembers", {"ada", "bram", "mei", "hiro"}),
        ("organization", {"ada", "bram", "mei", "greta", "hiro"}),
        ("everyone", {"ada", "bram", "mei", "greta", "hiro"}),
        ("me,groupMembers", {"ada", "bram", "mei", "hiro"}),
    ],
)
async def test_an_item_is_seen_by_its_audiences(
    service: Service, audiences: str, seen_by: set[str]
) -> None:
    created = await service.person("ada")(
        "POST", "me/profile/interests", json={"allowedAudiences": audiences}
    )
    url = f"users/{ADA}/profile/interests"
    item = f"{url}/{created.json()['id']}"
    for alias in ("ada", "bram", "mei", "greta", "hiro"):
        caller = service.person(alias, "User.Read.All")
        listed = (await caller("GET", url)).json()["value"]
        assert bool(listed) is (alias in seen_by), alias
        read = await caller("GET", item)
        if alias in seen_by:
            assert read.status_code == 200
        else:
            fault(read, 404, "itemNotFound")
    assert (await service.application("User.Read.All")("GET", item)).status_code == 200


async def test_what_an_administrator_cannot_see_cannot_be_changed(service: Service) -> None:
    created = await service.person("ada")(
        "POST", "me/profile/interests", json={"allowedAudiences": "me"}
    )
    url = f"users/{ADA}/profile/interests/{created.json()['id']}"
    admin = service.administrator()
    fault(await admin("PATCH", url, json={"displayName": "x"}), 404, "itemNotFound")
    fault(await admin("DELETE", url), 404, "itemNotFound")
    assert (await service.person("ada")("GET", url)).status_code == 200


async def test_an_item_is_not_reached_through_another_person(service: Service) -> None:
    created = await service.person("ada")("POST", "me/profile/interests", json={})
    bram = service.person("bram")
    fault(await bram("GET", f"me/profile/interests/{created.json()['id']}"), 404, "itemNotFound")
    other = f"users/{sample.person_id('mei')}/profile/interests/{created.json()['id']}"
    fault(await service.administrator()("DELETE", other), 404, "itemNotFound")

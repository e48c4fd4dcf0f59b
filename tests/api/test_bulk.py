"""What is exported is what the service has, and what is loaded is what it had."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.conftest import Service, of_another_tenant
from openprofile import sample
from openprofile.bulk.copy import survey
from openprofile.bulk.export import export
from openprofile.bulk.load import BadLine, load, replace
from openprofile.bulk.writer import Counts
from openprofile.clock import Clock
from openprofile.model.directory import User
from openprofile.settings import Limits
from openprofile.store.base import EraseTenant, Store
from openprofile.store.sqlite import SqliteStore
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")
LISTS = {"family": [sample.person_id("bram")], "contacts": [sample.person_id("mei")]}


@pytest.fixture
async def other() -> AsyncIterator[Store]:
    store = SqliteStore(None)
    yield store
    await store.close()


@pytest.fixture
async def lived_in(service: Service) -> Service:
    """The service once people have written to it: every facet, every property, null ones too."""
    ada = service.person("ada")
    for facet in WRITABLE:
        kind = f"me/profile/{facet}"
        for body in (settable_of(facet), {}):
            assert (await ada("POST", kind, json=body)).status_code == 201
    items = (await ada("GET", "me/profile/interests")).json()["value"]
    first = f"me/profile/interests/{items[0]['id']}"
    assert (await ada("PATCH", first, json={"allowedAudiences": None})).status_code == 200
    assert (await ada("PATCH", first, json={"displayName": "changed"})).status_code == 200
    service.parts.clock.freeze()
    for name in "cba":
        answer = await ada("POST", "me/profile/languages", json={"displayName": name})
        assert answer.status_code == 201
    assert (await ada("PUT", f"/openprofile/people/{ADA}/relations", json=LISTS)).status_code == 200
    return service


def settable_of(facet: str) -> dict[str, Any]:
    from openprofile.model.facets import FACETS

    return settable(FACETS[facet])


async def exported(store: Store, tenant: str = sample.TENANT) -> list[bytes]:
    return [line async for line in export(store, tenant)]


async def into(store: Store, lines: list[bytes]) -> Counts:
    return await load(store, sample.TENANT, lines, limits=Limits(), clock=Clock())


async def test_what_is_loaded_is_what_was_exported(lived_in: Service, other: Store) -> None:
    source = lived_in.parts.store
    lines = await exported(source)
    assert await into(other, lines) == (await survey(source)).counts
    assert await exported(other) == lines


async def test_a_tenant_is_what_it_is_replaced_by(lived_in: Service) -> None:
    store, ada = lived_in.parts.store, lived_in.person("ada")
    lines = await exported(store)
    body = (await ada("GET", "me/profile?$expand=interests,languages")).json()
    await ada("POST", "me/profile/interests", json={"displayName": "more"})
    await store.write([EraseTenant(sample.TENANT)])
    assert (await ada("GET", "me/profile")).status_code == 404
    await replace(store, sample.TENANT, lines, limits=Limits(), clock=Clock())
    assert await exported(store) == lines
    assert (await ada("GET", "me/profile?$expand=interests,languages")).json() == body


async def test_a_tenant_that_cannot_be_replaced_stays(lived_in: Service) -> None:
    store = lived_in.parts.store
    lines, before = await exported(store), await survey(store)
    twin = lines[-1].replace(json.loads(lines[-1])["id"].encode(), b"twin")
    lost = b'{"userPrincipalName": "x@y", "memberOf": ["nowhere"]}'
    bad = b'{"userPrincipalName": "x@y", "profile": {"skills": [{"displayName": 1}]}}'
    for wrong, reason in (
        (twin, "Line 16: Property 'userPrincipalName': another person has"),
        (lost, "Line 16: Property 'memberOf': no group has the id 'nowhere'"),
        (bad, "Line 16: Property 'profile/skills/0/displayName': expected Edm.String"),
        (b"nothing", "Line 16: It is not a JSON object"),
    ):
        with pytest.raises(BadLine, match=reason):
            await replace(store, sample.TENANT, [*lines, wrong], limits=Limits(), clock=Clock())
        assert await survey(store) == before


async def test_what_other_tenants_are_shown_is_loaded_as_that(service: Service, data: Path) -> None:
    token = await of_another_tenant(
        data, service.parts, User(id="zoe", user_principal_name="z@meadow.example"), "User.Read.All"
    )
    ada, zoe = service.person("ada"), service.bearing(token)
    url = f"users/{sample.person_id('ada')}/profile/interests"
    body = {"displayName": "Chess", "allowedAudiences": "everyone"}
    assert (await ada("POST", "me/profile/interests", json=body)).status_code == 201
    lines = await exported(service.parts.store)
    assert not any(b"~shown" in line for line in lines)
    assert (await ada("DELETE", "me/profile")).status_code == 204
    assert (await zoe("GET", url)).status_code == 404
    counts = await into(service.parts.store, lines)
    assert counts.items == 1
    assert [one["displayName"] for one in (await zoe("GET", url)).json()["value"]] == ["Chess"]

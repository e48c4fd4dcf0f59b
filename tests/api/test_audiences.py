"""Who sees an item, and that nobody else can tell that it is there."""

import re
from typing import Any

import httpx2
import pytest

from api.conftest import Client, Service, fault
from openprofile import sample
from openprofile.model.enums import AllowedAudiences
from values import WRITABLE

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")
URL = f"users/{ADA}/profile/interests"
RELATIONS = "/openprofile/people/{}/relations"
ABSENT = "00000000-0000-4000-8000-000000000000"


async def hide(service: Service, facet: str = "interests", audiences: str = "me") -> str:
    """The id of an item of Ada's."""
    created = await service.person("ada")(
        "POST", f"me/profile/{facet}", json={"allowedAudiences": audiences}
    )
    assert created.status_code == 201
    found: str = created.json()["id"]
    return found


@pytest.mark.parametrize("facet", WRITABLE)
@pytest.mark.parametrize("audience", [*AllowedAudiences.members][:-1])
async def test_every_facet_obeys_every_audience(
    service: Service, facet: str, audience: str
) -> None:
    await service.person("ada")(
        "PUT", RELATIONS.format("me"), json={"family": [sample.person_id("farah")]}
    )
    item = await hide(service, facet, audience)
    url = f"users/{ADA}/profile/{facet}"
    seen_by = {
        "family": {"ada", "farah"},
        "groupMembers": {"ada", "bram"},
        "organization": {"ada", "bram", "farah", "greta"},
        "everyone": {"ada", "bram", "farah", "greta"},
    }.get(audience, {"ada"})
    for alias in ("ada", "bram", "farah", "greta"):
        caller = service.person(alias, "User.Read.All")
        assert ((await caller("GET", f"{url}/{item}")).status_code == 200) is (alias in seen_by)
        listed = (await caller("GET", url)).json()["value"]
        assert [one["id"] for one in listed] == [item] * (alias in seen_by)


@pytest.mark.parametrize(
    ("audiences", "seen_by"),
    [
        ("me", {"ada"}),
        ("family", {"ada", "farah"}),
        ("contacts", {"ada", "greta"}),
        ("family,contacts", {"ada", "farah", "greta"}),
        ("federatedOrganizations", {"ada"}),
        ("groupMembers", {"ada", "bram", "mei", "hiro"}),
        ("organization", {"ada", "bram", "mei", "greta", "farah", "hiro"}),
        ("everyone", {"ada", "bram", "mei", "greta", "farah", "hiro"}),
        ("me,groupMembers", {"ada", "bram", "mei", "hiro"}),
    ],
)
async def test_an_item_is_seen_by_its_audiences(
    service: Service, audiences: str, seen_by: set[str]
) -> None:
    await service.person("ada")(
        "PUT",
        RELATIONS.format("me"),
        json={"family": ["farah@harbour.example"], "contacts": ["greta@harbour.example"]},
    )
    item = f"{URL}/{await hide(service, audiences=audiences)}"
    for alias in ("ada", "bram", "mei", "greta", "farah", "hiro"):
        caller = service.person(alias, "User.Read.All")
        listed = (await caller("GET", URL)).json()["value"]
        assert bool(listed) is (alias in seen_by), alias
        read = await caller("GET", item)
        if alias in seen_by:
            assert read.status_code == 200
        else:
            fault(read, 404, "itemNotFound")
    assert (await service.application("User.Read.All")("GET", item)).status_code == 200


async def test_what_an_administrator_cannot_see_cannot_be_changed(service: Service) -> None:
    url = f"{URL}/{await hide(service)}"
    admin = service.administrator()
    fault(await admin("PATCH", url, json={"displayName": "x"}), 404, "itemNotFound")
    fault(await admin("DELETE", url), 404, "itemNotFound")
    assert (await service.person("ada")("GET", url)).status_code == 200


async def test_relations_are_followed_at_once(service: Service) -> None:
    item = f"{URL}/{await hide(service, audiences='contacts')}"
    ada, greta = service.person("ada"), service.person("greta", "User.Read.All")
    for contacts in (["greta@harbour.example"], [], [sample.person_id("greta")]):
        await ada("PUT", RELATIONS.format("me"), json={"contacts": contacts})
        assert ((await greta("GET", item)).status_code == 200) is bool(contacts)


@pytest.mark.parametrize("facet", WRITABLE)
async def test_an_item_without_audiences_is_its_owners_alone(service: Service, facet: str) -> None:
    item = await hide(service, facet)
    ada, url = service.person("ada"), f"users/{ADA}/profile/{facet}/{item}"
    cleared = await ada("PATCH", url, json={"allowedAudiences": None})
    assert cleared.json()["allowedAudiences"] is None
    assert (await ada("GET", url)).status_code == 200
    fault(await service.person("bram")("GET", url), 404, "itemNotFound")


async def test_null_audiences_mean_the_owner_alone_however_they_are_sent(
    service: Service,
) -> None:
    ada, url = service.person("ada"), f"users/{ADA}/profile/interests"
    nobody: dict[str, None] = {"allowedAudiences": None}
    created = (await ada("POST", url, json=nobody)).json()
    updated, put, deleted = [(await ada("POST", url, json={})).json() for _ in range(3)]
    assert updated["allowedAudiences"] == "organization"
    await ada("PATCH", f"{url}/{updated['id']}", json=nobody)
    await ada("PUT", f"{url}/{put['id']}/allowedAudiences", json={"value": None})
    await ada("DELETE", f"{url}/{deleted['id']}/allowedAudiences")
    for item in (created, updated, put, deleted):
        read = (await ada("GET", f"{url}/{item['id']}")).json()
        assert read["allowedAudiences"] is None
        answer = await service.person("bram", "User.Read.All")("GET", f"{url}/{item['id']}")
        fault(answer, 404, "itemNotFound")


def bytes_of(answer: httpx2.Response, item: str) -> tuple[int, dict[str, str], str]:
    """An answer but for what no two answers share: the id asked for, its own ids, its time."""
    headers = {name: value for name, value in answer.headers.items() if name != "request-id"}
    text = answer.text.replace(item, "ID").replace(answer.headers["request-id"], "REQUEST")
    return answer.status_code, headers, re.sub(r'"date":"[^"]+"', "DATE", text)


ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "", {}),
    ("GET", "/$ref", {}),
    ("GET", "/displayName", {}),
    ("GET", "/displayName/$value", {}),
    ("GET", "?$select=id", {}),
    ("GET", "", {"headers": {"If-None-Match": "*"}}),
    ("HEAD", "", {}),
    ("PATCH", "", {"json": {}}),
    ("PATCH", "", {"json": {}, "headers": {"If-Match": 'W/"1"'}}),
    ("PATCH", "", {"json": {"displayName": "x"}, "headers": {"If-None-Match": "*"}}),
    ("PUT", "/displayName", {"json": {"value": "x"}}),
    ("DELETE", "/displayName", {}),
    ("DELETE", "", {}),
    ("DELETE", "", {"headers": {"If-Match": 'W/"1"'}}),
]


@pytest.mark.parametrize(("method", "path", "options"), ASKED)
async def test_what_is_hidden_and_what_is_missing_are_the_same_to_the_byte(
    service: Service, method: str, path: str, options: dict[str, Any]
) -> None:
    item, admin = await hide(service), service.administrator()
    before = (await service.person("ada")("GET", f"{URL}/{item}")).text
    hidden = await admin(method, f"{URL}/{item}{path}", **options)
    missing = await admin(method, f"{URL}/{ABSENT}{path}", **options)
    assert hidden.status_code == 404
    assert bytes_of(hidden, item) == bytes_of(missing, ABSENT)
    assert (await service.person("ada")("GET", f"{URL}/{item}")).text == before


async def test_a_person_of_another_tenant_is_missing_as_one_who_never_was(
    service: Service, stranger: Client
) -> None:
    bram = sample.person_id("bram")
    for method, path in (("GET", ""), ("GET", "/interests"), ("DELETE", "")):
        hidden = await stranger(method, f"users/{bram}/profile{path}")
        missing = await stranger(method, f"users/{ABSENT}/profile{path}")
        assert hidden.status_code == 404
        assert bytes_of(hidden, bram) == bytes_of(missing, ABSENT)


async def test_the_same_id_in_another_tenant_is_another_person(
    service: Service, stranger: Client
) -> None:
    await hide(service, audiences="everyone")
    for url in (URL, "me/profile/interests", "users/ada@harbour.example/profile/interests"):
        assert (await stranger("GET", url)).json()["value"] == []
    assert (await stranger("DELETE", "me/profile")).status_code == 204
    assert len((await service.person("ada")("GET", URL)).json()["value"]) == 1


async def test_the_owner_keeps_the_lists(service: Service) -> None:
    ada = service.person("ada")
    url = RELATIONS.format("me")
    assert (await ada("GET", url)).json() == {"family": [], "contacts": []}
    bram, mei = sample.person_id("bram"), sample.person_id("mei")
    put = await ada(
        "PUT", url, json={"family": ["BRAM@harbour.example", bram.upper()], "contacts": [mei]}
    )
    assert put.status_code == 200
    assert put.json() == {"family": [bram], "contacts": [mei]}
    assert put.headers["cache-control"] == "no-store"
    for who in ("me", ADA, "ada@harbour.example", "ADA%40harbour.example"):
        assert (await ada("GET", RELATIONS.format(who))).json() == put.json()
    assert (await ada("PUT", url, json={"contacts": []})).json() == {"family": [], "contacts": []}


async def test_an_application_with_consent_keeps_the_lists_too(service: Service) -> None:
    url = RELATIONS.format(ADA)
    lists = {"family": [sample.person_id("mei")], "contacts": []}
    writer = service.application("User.ReadWrite.All")
    assert (await writer("PUT", url, json=lists)).json() == lists
    assert (await service.application("User.Read.All")("GET", url)).json() == lists
    reader = service.application("User.Read.All")
    fault(await reader("PUT", url, json=lists), 403, "Authorization_RequestDenied")


async def test_the_lists_are_nobody_elses(service: Service, stranger: Client) -> None:
    url = RELATIONS.format(ADA)
    fault(await service.anonymous()("GET", url), 401, "InvalidAuthenticationToken")
    for alias in ("bram", "hiro"):
        caller = service.person(alias, "User.ReadWrite.All")
        fault(await caller("GET", url), 403, "Authorization_RequestDenied")
        fault(await caller("PUT", url, json={}), 403, "Authorization_RequestDenied")
    for denied in (service.administrator(), service.person("ada", "Mail.Read")):
        fault(await denied("GET", url), 403, "Authorization_RequestDenied")
    reader = service.person("ada", "User.Read")
    assert (await reader("GET", url)).status_code == 200
    fault(await reader("PUT", url, json={}), 403, "Authorization_RequestDenied")
    await service.person("ada")("PUT", url, json={"family": [sample.person_id("mei")]})
    assert (await stranger("GET", url)).json() == {"family": [], "contacts": []}
    for alias in ("bram", "nobody"):
        answer = await stranger("GET", RELATIONS.format(f"{alias}@harbour.example"))
        fault(answer, 404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"family": ["nobody"]}, "'family/0'"),
        ({"contacts": [ADA]}, "the owner of the list"),
        ({"family": "bram"}, "$.family"),
        ({"family": [1]}, "$.family[0]"),
        ({"friends": []}, "friends"),
        ([], "object"),
        ({"family": ["bram@harbour.example"] * 501}, "500"),
    ],
)
async def test_lists_that_are_not_lists_of_people_are_refused(
    service: Service, body: Any, told: str
) -> None:
    ada, url = service.person("ada"), RELATIONS.format("me")
    lists = {"family": [], "contacts": [sample.person_id("mei")]}
    await ada("PUT", url, json=lists)
    error = fault(await ada("PUT", url, json=body), 400, "BadRequest")
    assert told in error["message"]
    assert (await ada("GET", url)).json() == lists


async def test_the_lists_are_got_and_put_and_nothing_else(service: Service) -> None:
    ada, url = service.person("ada"), RELATIONS.format("me")
    for method in ("POST", "PATCH", "DELETE"):
        answer = await ada(method, url, json={})
        fault(answer, 405, "Request_BadRequest")
        assert answer.headers["allow"] == "GET, HEAD, PUT"
    fault(await ada("PUT", url, content=b"{"), 415, "unsupportedMediaType")
    application = service.application("User.Read.All")
    fault(await application("GET", url), 400, "BadRequest")

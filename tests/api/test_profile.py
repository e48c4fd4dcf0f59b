"""The profile itself: all facets at once, the facet that the directory fills, the end of it."""

from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_facets import create
from openprofile import sample
from openprofile.model.facets import FACETS
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")
CONTEXT = f"{BASE}/beta/$metadata#users('{ADA}')/profile"


async def test_the_profile_holds_every_facet_with_its_context_before_it(ada: Client) -> None:
    stored = {facet: await create(ada, facet, **settable(FACETS[facet])) for facet in WRITABLE}
    response = await ada("GET", "me/profile")
    assert response.status_code == 200
    profile = response.json()
    names = list(profile)
    assert names[:2] == ["@odata.context", "id"]
    assert profile["@odata.context"] == f"{CONTEXT}/$entity"
    assert profile["id"] == "profileId"
    assert names[2:] == [
        name for facet in sorted(FACETS) for name in (f"{facet}@odata.context", facet)
    ]
    for facet, item in stored.items():
        assert profile[f"{facet}@odata.context"] == f"{CONTEXT}/{facet}"
        del item["@odata.context"]
        assert profile[facet] == [item]


async def test_the_profile_shows_others_what_they_may_see(service: Service, ada: Client) -> None:
    for audiences in ("me", "organization"):
        await create(ada, "skills", displayName=audiences, allowedAudiences=audiences)
    seen = await service.person("greta", "User.Read.All")("GET", f"users/{ADA}/profile")
    assert [item["displayName"] for item in seen.json()["skills"]] == ["organization"]


async def test_the_account_is_what_the_directory_knows(ada: Client) -> None:
    (account,) = (await ada("GET", "me/profile/account")).json()["value"]
    assert account["id"] == ADA
    assert account["userPrincipalName"] == "ada@harbour.example"
    assert account["userPersona"] == "internalMember"
    assert account["countryCode"] == "PT"
    assert account["preferredLanguageTag"] == {"displayName": None, "locale": "en-GB"}
    assert account["source"] == {"type": ["AAD"]}
    assert account["createdBy"]["application"] == {"displayName": "AAD", "id": None}
    read = (await ada("GET", f"me/profile/account/{ADA}")).json()
    assert read.pop("@odata.context") == f"{CONTEXT}/account/$entity"
    assert read == account
    fault(await ada("GET", "me/profile/account/other"), 404, "itemNotFound")


@pytest.mark.parametrize("facet", sorted(set(FACETS) - set(WRITABLE)))
async def test_a_read_only_facet_refuses_every_write(ada: Client, facet: str) -> None:
    (item,) = (await ada("GET", f"me/profile/{facet}")).json()["value"]
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "", {"json": {}}),
        ("POST", "/$ref", {"json": {}}),
        ("PATCH", f"/{item['id']}", {"json": {}}),
        ("DELETE", f"/{item['id']}", {}),
    ]
    for method, path, options in calls:
        response = await ada(method, f"me/profile/{facet}{path}", **options)
        error = fault(response, 405, "Request_BadRequest")
        assert "read-only" in error["message"]
        assert "POST" not in response.headers["allow"]


async def test_delete_erases_the_whole_profile_and_no_other(service: Service, ada: Client) -> None:
    bram = service.person("bram")
    for facet in WRITABLE:
        await create(ada, facet, allowedAudiences="me")
        await create(bram, facet)
    denied = await service.person("bram", "User.ReadWrite.All")("DELETE", f"users/{ADA}/profile")
    fault(denied, 403, "Authorization_RequestDenied")
    response = await service.administrator()("DELETE", f"users/{ADA}/profile")
    assert response.status_code == 204
    assert response.content == b""
    profile = (await ada("GET", "me/profile")).json()
    assert [facet for facet in WRITABLE if profile[facet]] == []
    other = (await bram("GET", "me/profile")).json()
    assert all(len(other[facet]) == 1 for facet in WRITABLE)
    assert (await ada("DELETE", "me/profile")).status_code == 204


async def test_another_method_on_the_profile_is_refused(ada: Client) -> None:
    for method in ("POST", "PUT", "PATCH"):
        response = await ada(method, "me/profile", json={})
        fault(response, 405, "Request_BadRequest")
        assert response.headers["allow"] == "GET, HEAD, DELETE"


async def test_a_web_account_leads_to_its_page(ada: Client) -> None:
    service = {"name": "GitHub", "webUrl": "https://github.com/"}
    item = await create(ada, "webAccounts", service=service, userId="ada l")
    assert item["webUrl"] == "https://github.com/ada%20l"
    path = f"me/profile/webAccounts/{item['id']}"

    async def update(**changes: Any) -> Any:
        return (await ada("PATCH", path, json=changes)).json()["webUrl"]

    assert await update(userId="lindqvist") == "https://github.com/lindqvist"
    assert await update(description="mine") == "https://github.com/lindqvist"
    assert await update(webUrl="https://ada.example") == "https://ada.example"
    assert await update(statusMessage="busy") == "https://ada.example"
    assert (
        await update(service={"webUrl": "https://git.example"}) == "https://git.example/lindqvist"
    )
    said = await create(ada, "webAccounts", service=service, userId="x", webUrl="https://x.example")
    assert said["webUrl"] == "https://x.example"


@pytest.mark.parametrize("facet", ["emails", "phones"])
async def test_a_type_that_cannot_be_null_has_its_first_member(ada: Client, facet: str) -> None:
    item = await create(ada, facet)
    assert item["type"] == {"emails": "unknown", "phones": "home"}[facet]
    response = await ada("PATCH", f"me/profile/{facet}/{item['id']}", json={"type": None})
    assert "got null" in fault(response, 400, "BadRequest")["message"]


@pytest.mark.parametrize(
    ("facet", "member", "value"),
    [
        ("awards", "issuedDate", "2020-02-30"),
        ("awards", "issuedDate", "2020-2-3"),
        ("awards", "issuedDate", "Date"),
        ("awards", "issuedDate", "2020-02-03T00:00:00Z"),
        ("awards", "issuedDate", 20200203),
        ("positions", "detail/layer", 1.5),
        ("positions", "detail/layer", 2**31),
        ("positions", "detail/layer", "1"),
        ("addresses", "geoCoordinates/latitude", "NaN"),
        ("skills", "proficiency", "Expert"),
        ("notes", "detail/contentType", "markdown"),
        ("positions", "colleagues/0/relationship", "boss"),
        ("projects", "client/address/city", 7),
    ],
)
async def test_a_value_of_another_type_is_named(
    ada: Client, facet: str, member: str, value: Any
) -> None:
    body: Any = value
    for name in reversed(member.split("/")):
        body = [body] if name == "0" else {name: body}
    error = fault(await ada("POST", f"me/profile/{facet}", json=body), 400, "BadRequest")
    assert error["target"] == member
    assert f"'{member}'" in error["message"]

"""An explanation says what becomes of a request, by the same rules, and writes nothing."""

from typing import Any

import pytest

from api.conftest import FACET_LIMIT, Client, Service, fault
from openprofile import sample

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")
URL = f"/beta/users/{ADA}/profile/interests"
PATH = "/_openprofile/explain"


async def explained(client: Client, method: str, path: str, **question: Any) -> dict[str, Any]:
    answer = await client("POST", PATH, json={"method": method, "path": path, **question})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_refusal_is_explained_by_what_the_refusal_says(service: Service) -> None:
    bram = service.person("bram", "User.ReadWrite.All")
    found = await explained(bram, "POST", URL, body="{}")
    refused = fault(await bram("POST", URL, json={}), 403, "Authorization_RequestDenied")
    assert found["status"] == 403
    assert found["message"] == refused["message"]
    assert found["callerName"] == "bram@harbour.example"
    assert found["owner"] == "ada@harbour.example"
    assert [(one["rule"], one["allowed"]) for one in found["decisions"]] == [
        ("permission", True),
        ("person", False),
    ]
    assert found["decisions"][-1]["reason"] in refused["message"]


async def test_every_item_of_a_list_is_explained(service: Service) -> None:
    ada = service.person("ada")
    items = {}
    for audiences in ("me", "groupMembers", "organization", "family,contacts"):
        body = {"allowedAudiences": audiences}
        created = await ada("POST", "me/profile/interests", json=body)
        items[created.json()["id"]] = audiences
    found = await explained(service.person("greta"), "get", f"{URL}?$top=1")
    assert (found["status"], found["code"]) == (200, None)
    permission, *decisions = found["decisions"]
    assert "User.ReadWrite" in permission["reason"]
    assert {items[one["item"]]: one["allowed"] for one in decisions} == {
        "me": False,
        "groupMembers": False,
        "organization": True,
        "family,contacts": False,
    }
    for one in decisions:
        assert one["reason"] == (
            f"The item is for {items[one['item']]}; to its owner the caller is of "
            "organization, everyone."
        )
    everything = await explained(ada, "GET", URL)
    assert all(one["allowed"] for one in everything["decisions"])


async def test_no_explained_write_is_carried_out(service: Service) -> None:
    ada = service.person("ada")
    item = (await ada("POST", URL, json={"displayName": "Chess"})).json()
    before = (await ada("GET", "me/profile")).text
    for method, path, status in [
        ("POST", "", 201),
        ("PATCH", f"/{item['id']}", 200),
        ("PUT", f"/{item['id']}/displayName", 200),
        ("DELETE", f"/{item['id']}/displayName", 204),
        ("DELETE", f"/{item['id']}", 204),
    ]:
        body = '{"value": "x"}' if method == "PUT" else '{"displayName": "x"}'
        found = await explained(ada, method, URL + path, body=body)
        assert found["status"] // 100 == 2, found
        assert found["status"] == status or method == "PUT"
    assert (await explained(ada, "DELETE", "/beta/me/profile"))["status"] == 204
    assert (await ada("GET", "me/profile")).text == before


async def test_what_a_write_would_meet_is_met(service: Service) -> None:
    ada = service.person("ada")
    item = (await ada("POST", URL, json={})).json()["id"]
    stale = {"If-Match": 'W/"1"'}
    path = f"{URL}/{item}"
    missing = f"{URL}/{ADA}"
    taken = f'{{"id": "{item}"}}'
    assert (await explained(ada, "PATCH", path, body="{}", headers=stale))["status"] == 412
    assert (await explained(ada, "DELETE", path, headers=stale))["status"] == 412
    assert (await explained(ada, "PATCH", missing, body="{}"))["status"] == 404
    assert (await explained(ada, "DELETE", missing))["status"] == 404
    assert (await explained(ada, "POST", URL, body=taken))["status"] == 409
    assert (await explained(ada, "POST", URL, body="{"))["status"] == 400
    for _ in range(FACET_LIMIT - 1):
        await ada("POST", URL, json={})
    assert (await explained(ada, "POST", URL, body="{}"))["status"] == 507


async def test_changes_of_the_directory_are_explained_and_not_made(service: Service) -> None:
    admin = service.administrator("User.ReadWrite.All", "GroupMember.ReadWrite.All")
    person, group = f"/beta/users/{ADA}", f"/v1.0/groups/{sample.groups()[0][0].id}/members"
    before = (await admin("GET", person)).text
    new = '{"displayName": "X", "userPrincipalName": "x@harbour.example"}'
    taken = new.replace("x@", "bram@")
    mei = f'{{"@odata.id": "http://localhost:8080/v1.0/users/{sample.person_id("mei")}"}}'
    for method, path, body, status in [
        ("PATCH", person, '{"jobTitle": "x"}', 204),
        ("DELETE", person, "", 204),
        ("POST", "/beta/users", new, 201),
        ("POST", "/beta/users", taken, 409),
        ("PUT", f"{person}/manager/$ref", mei, 204),
        ("POST", f"{group}/$ref", mei, 204),
        ("DELETE", f"{group}/{ADA}/$ref", "", 204),
    ]:
        found = await explained(admin, method, path, body=body)
        assert found["status"] == status, found
        assert found["decisions"][-1]["reason"] == "An administrator may write the directory."
    assert (await admin("GET", person)).text == before
    assert (await admin("GET", f"users/{ADA}/manager")).json()["id"] == sample.person_id("noor")
    refused = await explained(service.person("bram", "User.ReadWrite.All"), "DELETE", person)
    assert (refused["status"], refused["decisions"][-1]["rule"]) == (403, "person")


async def test_a_token_that_does_not_hold_is_explained(service: Service) -> None:
    for client in (service.anonymous(), service.bearing("x.y.z")):
        found = await explained(client, "GET", URL)
        assert (found["status"], found["caller"], found["decisions"]) == (401, None, [])
        assert found["code"] == "InvalidAuthenticationToken"


async def test_an_application_is_explained_by_its_roles(service: Service) -> None:
    found = await explained(service.application("User.Read.All"), "GET", URL)
    assert (found["status"], found["callerName"]) == (200, None)
    assert found["caller"]["roles"] == ["User.Read.All"]


@pytest.mark.parametrize("body", [{}, {"method": "GET"}, {"method": 1, "path": ""}, [], {"x": 1}])
async def test_a_question_that_is_none_is_refused(service: Service, body: Any) -> None:
    fault(await service.person("ada")("POST", PATH, json=body), 400, "BadRequest")


async def test_a_question_is_posted(service: Service) -> None:
    answer = await service.person("ada")("GET", PATH)
    fault(answer, 405, "Request_BadRequest")
    assert answer.headers["allow"] == "POST"

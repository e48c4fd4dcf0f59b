"""Conditions: in headers and in bodies, on what has an ETag, on what has none, on what is new."""

import asyncio
from typing import Any

import pytest

from api.batching import JSON
from api.conftest import BASE, Client, Service, fault
from api.test_facets import create
from openprofile import sample

pytestmark = pytest.mark.anyio
PATH = "me/profile/positions"
ADA, BRAM = sample.person_id("ada"), sample.person_id("bram")
UPDATES: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "", {"detail": {"jobTitle": "late"}}),
    ("PATCH", "/detail", {"jobTitle": "late"}),
    ("PUT", "/detail", {"jobTitle": "late"}),
    ("PUT", "/detail/jobTitle", {"value": "late"}),
    ("PUT", "/categories", {"value": ["late"]}),
]
every_update = pytest.mark.parametrize(("method", "below", "body"), UPDATES)


@pytest.fixture
async def position(ada: Client) -> dict[str, Any]:
    return await create(ada, "positions", categories=["a"], detail={"jobTitle": "first"})


async def changed(ada: Client, item: dict[str, Any]) -> dict[str, Any]:
    """The item as another client leaves it."""
    after = await ada("PATCH", f"{PATH}/{item['id']}", json={"isCurrent": True})
    found: dict[str, Any] = after.json()
    return found


# ----- the ETag in a body


@pytest.mark.parametrize("name", ["@odata.etag", "@etag"])
@pytest.mark.parametrize("version", ["4.0", "4.01"])
@every_update
async def test_a_body_that_was_read_before_a_change_is_refused(
    ada: Client, position: dict[str, Any], name: str, version: str,
    method: str, below: str, body: dict[str, Any],
) -> None:  # fmt: skip
    path, headers = f"{PATH}/{position['id']}", {"OData-Version": version}
    now = await changed(ada, position)
    stale = {name: position["@odata.etag"], **body}
    response = await ada(method, path + below, json=stale, headers=headers)
    error = fault(response, 412, "resourceModified")
    assert now["@odata.etag"] in error["message"]
    assert (await ada("GET", path)).json() == now
    fresh = {name: now["@odata.etag"].removeprefix("W/"), **body}
    response = await ada(method, path + below, json=fresh, headers=headers)
    assert response.status_code in {200, 204}


async def test_an_item_that_is_sent_back_as_it_was_read_undoes_nobodys_change(
    ada: Client, position: dict[str, Any]
) -> None:
    path = f"{PATH}/{position['id']}"
    mine = (await ada("GET", path)).json() | {"isCurrent": False}
    theirs = await changed(ada, position)
    fault(await ada("PATCH", path, json=mine), 412, "resourceModified")
    again = (await ada("GET", path)).json()
    assert again["isCurrent"] is True
    saved = await ada("PATCH", path, json=again | {"isCurrent": False})
    assert saved.json()["isCurrent"] is False
    assert saved.json()["@odata.etag"] not in (theirs["@odata.etag"], position["@odata.etag"])


async def test_header_and_body_must_both_hold(ada: Client, position: dict[str, Any]) -> None:
    path, old = f"{PATH}/{position['id']}", position["@odata.etag"]
    new = (await changed(ada, position))["@odata.etag"]
    for header, inside in ((old, new), (new, old), ("*", old), (old, old)):
        sent = {"@odata.etag": inside, "isCurrent": None}
        response = await ada("PATCH", path, json=sent, headers={"If-Match": header})
        fault(response, 412, "resourceModified")
    both = {"@odata.etag": old, "@etag": new, "isCurrent": None}
    fault(await ada("PATCH", path, json=both), 412, "resourceModified")
    sent = {"@odata.etag": new, "isCurrent": None}
    assert (await ada("PATCH", path, json=sent, headers={"If-Match": new})).status_code == 200


@pytest.mark.parametrize("tag", [None, 7, ['W/"1"'], {}])
async def test_an_etag_in_a_body_is_a_string(
    ada: Client, position: dict[str, Any], tag: Any
) -> None:
    response = await ada("PATCH", f"{PATH}/{position['id']}", json={"@odata.etag": tag})
    error = fault(response, 400, "BadRequest")
    assert error["target"] == "@odata.etag"


@pytest.mark.parametrize("tag", ["", "*", "W/", "x", '"', 'W/"1"'])
async def test_an_etag_in_a_body_that_is_none_of_the_items_is_refused(
    ada: Client, position: dict[str, Any], tag: str
) -> None:
    response = await ada("PATCH", f"{PATH}/{position['id']}", json={"@odata.etag": tag})
    fault(response, 412, "resourceModified")


@pytest.mark.parametrize("where", ["header", "body", "batch"])
async def test_of_many_who_read_the_same_one_writes(
    ada: Client, position: dict[str, Any], where: str
) -> None:
    path, tag = f"{PATH}/{position['id']}", position["@odata.etag"]

    async def write(number: int) -> int:
        body: dict[str, Any] = {"detail": {"layer": number}}
        if where == "header":
            return (await ada("PATCH", path, json=body, headers={"If-Match": tag})).status_code
        body["@odata.etag"] = tag
        if where == "body":
            return (await ada("PATCH", path, json=body)).status_code
        sent = {"id": "1", "method": "PATCH", "url": f"/{path}", "headers": JSON, "body": body}
        batch = await ada("POST", "$batch", json={"requests": [sent]})
        status: int = batch.json()["responses"][0]["status"]
        return status

    assert sorted(await asyncio.gather(*map(write, range(12)))) == [200, *[412] * 11]


async def test_a_create_does_not_look_at_the_etag_of_what_it_copies(
    ada: Client, position: dict[str, Any]
) -> None:
    copy = await create(ada, "positions", **{**position, "id": "", "@odata.etag": 'W/"1"'})
    assert copy["id"] != position["id"]
    assert copy["detail"] == position["detail"]


# ----- what is new


@pytest.mark.parametrize("condition", ["*", 'W/"1"', "x"])
async def test_a_create_cannot_depend_on_what_is_there(ada: Client, condition: str) -> None:
    for path in (PATH, f"{PATH}/$ref"):
        response = await ada("POST", path, json={}, headers={"If-Match": condition})
        fault(response, 412, "resourceModified")
    assert (await ada("GET", f"{PATH}/$count")).text == "0"


async def test_a_create_may_insist_that_it_creates(ada: Client) -> None:
    response = await ada("POST", PATH, json={}, headers={"If-None-Match": "*"})
    assert response.status_code == 201
    again = {"id": response.json()["id"]}
    response = await ada("POST", PATH, json=again, headers={"If-None-Match": "*"})
    fault(response, 409, "nameAlreadyExists")


# ----- what has no ETag


async def test_no_tag_is_the_tag_of_what_has_none(service: Service) -> None:
    hiro = service.administrator(
        "User.ReadWrite.All", "Directory.ReadWrite.All", "GroupMember.ReadWrite.All"
    )
    (group, *_) = (await hiro("GET", "groups")).json()["value"]
    reference = {"@odata.id": f"{BASE}/beta/users/{BRAM}"}
    (member, *_) = (await hiro("GET", f"groups/{group['id']}/members")).json()["value"]
    person = (await hiro("GET", f"users/{BRAM}")).json()
    writes: list[tuple[str, str, Any]] = [
        ("PATCH", f"users/{BRAM}", {"city": "Oslo"}),
        ("PUT", f"users/{BRAM}/city", {"value": "Oslo"}),
        ("DELETE", f"users/{BRAM}/city", None),
        ("PUT", f"users/{ADA}/manager/$ref", reference),
        ("DELETE", f"users/{ADA}/manager/$ref", None),
        ("DELETE", f"groups/{group['id']}/members/{member['id']}/$ref", None),
        ("DELETE", f"users/{BRAM}/profile", None),
        ("DELETE", f"users/{BRAM}", None),
    ]
    for method, path, body in writes:
        options = {} if body is None else {"json": body}
        for headers in ({"If-Match": 'W/"1"'}, {"If-None-Match": "*"}):
            response = await hiro(method, path, headers=headers, **options)
            fault(response, 412, "resourceModified")
    stale = {"@odata.etag": 'W/"1"', "city": "Oslo"}
    fault(await hiro("PATCH", f"users/{BRAM}", json=stale), 412, "resourceModified")
    assert (await hiro("GET", f"users/{BRAM}")).json() == person
    for headers in ({"If-Match": "*"}, {"If-None-Match": '"1"'}):
        response = await hiro("PATCH", f"users/{BRAM}", json={"city": "Oslo"}, headers=headers)
        assert response.status_code == 204


async def test_a_manager_may_be_set_only_where_there_is_none(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    path, body = f"users/{ADA}/manager/$ref", {"@odata.id": f"{BASE}/beta/users/{BRAM}"}
    new, there = {"If-None-Match": "*"}, {"If-Match": "*"}
    fault(await hiro("PUT", path, json=body, headers=new), 412, "resourceModified")
    assert (await hiro("DELETE", path, headers=there)).status_code == 204
    fault(await hiro("PUT", path, json=body, headers=there), 412, "resourceModified")
    fault(await hiro("DELETE", path, headers=there), 412, "resourceModified")
    answers = await asyncio.gather(*(hiro("PUT", path, json=body, headers=new) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [204, *[412] * 4]


async def test_new_people_and_members_cannot_be_there_already(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "GroupMember.ReadWrite.All")
    (group, *_) = (await hiro("GET", "groups")).json()["value"]
    person = {"displayName": "Olga", "userPrincipalName": "olga@harbour.example"}
    reference = {"@odata.id": f"{BASE}/beta/users/{BRAM}"}
    for path, body in (("users", person), (f"groups/{group['id']}/members/$ref", reference)):
        response = await hiro("POST", path, json=body, headers={"If-Match": "*"})
        fault(response, 412, "resourceModified")
    fault(await hiro("GET", "users/olga@harbour.example"), 404, "Request_ResourceNotFound")
    response = await hiro("POST", "users", json=person, headers={"If-None-Match": "*"})
    assert response.status_code == 201


# ----- reading


@pytest.mark.parametrize("below", ["", "/isCurrent", "/isCurrent/$value", "/detail"])
async def test_what_a_reader_has_is_not_sent_again_in_any_form(
    ada: Client, position: dict[str, Any], below: str
) -> None:
    path, tag = f"{PATH}/{position['id']}{below}", position["@odata.etag"]
    for method in ("GET", "HEAD"):
        response = await ada(method, path, headers={"If-None-Match": tag})
        assert (response.status_code, response.content) == (304, b"")
        assert "content-length" not in response.headers  # it would be that of the 200
        assert response.headers["etag"] == tag
        assert response.headers["cache-control"] == "no-cache"
        assert "Accept" in response.headers["vary"]
        response = await ada(method, path, headers={"If-Match": 'W/"1"'})
        assert response.status_code == 412


READ = [
    "", "$metadata", "me", "me/displayName", "me/displayName/$value", "me/manager",
    "me/manager/$ref", "users", "users/$count", "groups", "me/memberOf", "me/profile",
    "me/profile/id", "me/profile/$ref", "me/profile/positions", "me/profile/positions/$count",
    "me/profile/positions/$ref", "me/profile/positions/{position}",
    "me/profile/positions/{position}/$ref", "/openprofile/people/me/relations", "/v1.0/me",
]  # fmt: skip


@pytest.mark.parametrize("path", READ)
async def test_a_read_of_what_is_there_only_if_nothing_is_has_a_304(
    service: Service, position: dict[str, Any], path: str
) -> None:
    ada, path = service.person("ada", "Directory.Read.All"), path.format(position=position["id"])
    reader = ada if "profile" not in path else service.person("ada")
    known = {"If-None-Match": "*"}
    whole = await reader("GET", path)
    assert whole.status_code == 200, whole.text
    for method in ("GET", "HEAD"):
        answer = await reader(method, path, headers=known)
        assert (answer.status_code, answer.content) == (304, b"")
        for name in ("cache-control", "etag", "odata-version", "vary"):
            assert answer.headers.get(name) == whole.headers.get(name)
    other = await reader("GET", path, headers={"If-None-Match": '"1"'})
    assert (other.status_code, other.content) == (200, whole.content)


async def test_what_is_not_there_is_told_whatever_the_condition(ada: Client) -> None:
    known = {"If-None-Match": "*"}
    fault(await ada("GET", f"{PATH}/{BRAM}", headers=known), 404, "itemNotFound")
    fault(await ada("GET", "users", headers=known), 403, "Authorization_RequestDenied")

"""``Prefer`` on every write, and the preference on members of enumerations."""

from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_directory import CHESS
from api.test_facets import create
from openprofile import sample
from openprofile.model.directory import BETA
from openprofile.model.primitives import UNKNOWN_FUTURE_VALUE
from openprofile.odata.schema import schema

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
ADA, BRAM = sample.person_id("ada"), sample.person_id("bram")
LESS, MORE = {"Prefer": "return=minimal"}, {"Prefer": "return=representation"}
PROPERTIES: list[tuple[str, str, Any]] = [
    ("PUT", "displayName", {"value": "Go"}),
    ("PUT", "categories", {"value": ["a", "b"]}),
    ("PUT", "inference", {"confidenceScore": 0.5}),
    ("PATCH", "inference", {"userHasVerifiedAccuracy": True}),
    ("PUT", "inference/confidenceScore", {"value": 0.25}),
    ("PUT", "displayName/$value", "Shogi"),
    ("PUT", "description", {"value": None}),
    ("DELETE", "displayName", None),
    ("DELETE", "displayName/$value", None),
    ("DELETE", "categories", None),
    ("DELETE", "inference", None),
]
every_property = pytest.mark.parametrize(("method", "name", "body"), PROPERTIES)


def sending(body: Any) -> dict[str, Any]:
    if isinstance(body, str):
        return {"content": body, "extra": {"Content-Type": "text/plain"}}
    return {} if body is None else {"json": body}


async def write(client: Client, method: str, path: str, body: Any, prefer: str | None) -> Any:
    options = sending(body)
    headers = options.pop("extra", {}) | ({"Prefer": prefer} if prefer else {})
    return await client(method, path, headers=headers, **options)


@every_property
async def test_a_written_property_comes_back_where_that_is_preferred(
    ada: Client, method: str, name: str, body: Any
) -> None:
    item = await create(ada, displayName="Chess", description="old", inference={})
    path = f"{PATH}/{item['id']}/{name}"
    response = await write(ada, method, path, body, "odata.track-changes, return=representation")
    assert response.headers["preference-applied"] == "return=representation"
    read = await ada("GET", path)
    assert response.status_code == read.status_code
    assert response.content == read.content
    for header in ("etag", "odata-version"):
        assert response.headers[header] == read.headers[header]
    assert response.headers.get("content-type") == read.headers.get("content-type")
    assert response.headers["etag"] != item["@odata.etag"]


@every_property
async def test_a_written_property_does_not_come_back_otherwise(
    ada: Client, method: str, name: str, body: Any
) -> None:
    item = await create(ada, displayName="Chess", inference={})
    path = f"{PATH}/{item['id']}/{name}"
    for prefer, applied in (("return=minimal", "return=minimal"), (None, None),
                            ("return=everything", None)):  # fmt: skip
        response = await write(ada, method, path, body, prefer)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers.get("preference-applied") == applied
        assert response.headers["etag"] == (await ada("GET", path)).headers["etag"]


async def test_what_cannot_come_back_is_not_written(ada: Client) -> None:
    item = await create(ada, displayName="Chess")
    path = f"{PATH}/{item['id']}"
    headers = MORE | {"Accept": "application/xml"}
    for name in ("displayName", "displayName?$format=xml", "displayName?$top=1"):
        response = await ada("PUT", f"{path}/{name}", json={"value": "Go"}, headers=headers)
        assert response.status_code in {400, 406}
    response = await ada("PATCH", path, json={"displayName": "Go"}, headers=headers)
    fault(response, 406, "notAcceptable")
    response = await ada("POST", PATH, json={"displayName": "Go"}, headers=headers)
    fault(response, 406, "notAcceptable")
    (only,) = (await ada("GET", PATH)).json()["value"]
    assert only["displayName"] == "Chess"


async def test_a_write_of_a_person_is_answered_as_preferred(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All")
    person = {"displayName": "Olga", "userPrincipalName": "olga@harbour.example"}
    created = await hiro("POST", "users", json=person, headers=LESS)
    assert (created.status_code, created.content) == (204, b"")
    assert created.headers["preference-applied"] == "return=minimal"
    url = created.headers["location"]
    assert created.headers["odata-entityid"] == url
    changes: list[tuple[str, dict[str, Any]]] = [
        ("PATCH", {"city": "Oslo"}), ("PUT", {"value": "Bergen"})
    ]  # fmt: skip
    for method, body in changes:
        path = url if method == "PATCH" else f"{url}/city"
        silent = await hiro(method, path, json=body)
        assert (silent.status_code, silent.content) == (204, b"")
        assert "preference-applied" not in silent.headers
        less = await hiro(method, path, json=body, headers=LESS)
        assert (less.status_code, less.content) == (204, b"")
        assert less.headers["preference-applied"] == "return=minimal"
        more = await hiro(method, path, json=body, headers=MORE)
        assert more.status_code == 200
        assert more.json() == (await hiro("GET", path)).json()
        assert more.headers["preference-applied"] == "return=representation"
    await hiro("DELETE", url)
    created = await hiro("POST", "users", json=person, headers=MORE)
    assert created.status_code == 201
    assert created.headers["preference-applied"] == "return=representation"
    assert created.json()["displayName"] == "Olga"


async def test_a_reference_that_is_written_never_comes_back(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "GroupMember.ReadWrite.All")
    group = CHESS
    for prefer, applied in ((LESS, "return=minimal"), (MORE, None)):
        for alias, method, path in (
            ("deniz", "POST", f"groups/{group}/members/$ref"),
            ("bram", "PUT", f"users/{ADA}/manager/$ref"),
        ):
            reference = {"@odata.id": f"{BASE}/beta/users/{sample.person_id(alias)}"}
            response = await hiro(method, path, json=reference, headers=prefer)
            assert (response.status_code, response.content) == (204, b"")
            assert response.headers.get("preference-applied") == applied
        leaving = f"groups/{group}/members/{sample.person_id('deniz')}/$ref"
        assert (await hiro("DELETE", leaving, headers=prefer)).status_code == 204


def test_no_enumeration_has_a_member_after_its_sentinel() -> None:
    """With one, ``include-unknown-enum-members`` would decide what an answer shows of it."""
    for enumeration in schema(BETA).enumerations.values():
        sentinel = enumeration.members.get(UNKNOWN_FUTURE_VALUE, 2**31)
        assert max(enumeration.members.values()) <= sentinel


async def test_unknown_members_are_shown_to_those_who_know_more(ada: Client) -> None:
    item = await create(ada, "skills", proficiency="expert")
    url = f"me/profile/skills/{item['id']}"
    prefer = {"Prefer": "include-unknown-enum-members"}
    reads = ("me/profile/skills", url, f"{url}/proficiency", f"{url}/proficiency/$value", "me")
    for path in reads:
        plain, known = await ada("GET", path), await ada("GET", path, headers=prefer)
        assert known.content == plain.content
        assert known.headers["preference-applied"] == "include-unknown-enum-members"
        assert "preference-applied" not in plain.headers
    both = {"Prefer": "include-unknown-enum-members, return=representation, odata.maxpagesize=1"}
    written = await ada("PATCH", url, json={}, headers=both)
    assert written.headers["preference-applied"] == (
        "return=representation, include-unknown-enum-members"
    )
    listed = await ada("GET", "me/profile/skills", headers=both)
    assert listed.headers["preference-applied"] == (
        "odata.maxpagesize=1, include-unknown-enum-members"
    )


async def test_who_selects_from_what_is_written_wants_it(service: Service, ada: Client) -> None:
    hiro = service.administrator("User.ReadWrite.All")
    url = f"users/{BRAM}"
    for query in ("$select=city,id", "$select=city&$expand=manager($select=id)"):
        response = await hiro("PATCH", f"{url}?{query}", json={"city": "Oslo"})
        assert response.json() == (await hiro("GET", f"{url}?{query}")).json()
        response = await hiro("PATCH", f"{url}?{query}", json={"city": "Oslo"}, headers=LESS)
        assert response.status_code == 204
    item = await create(ada, displayName="Chess", inference={})
    inside = f"{PATH}/{item['id']}/inference?$select=confidenceScore"
    for method in ("PUT", "PATCH"):
        response = await ada(method, inside, json={"confidenceScore": 0.5})
        assert response.json() == (await ada("GET", inside)).json()

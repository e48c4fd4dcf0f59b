"""The five calls on every facet."""

import re
import uuid
from typing import Any

import pytest

from api.conftest import BASE, FACET_LIMIT, Client, Service, fault
from openprofile import sample
from openprofile.model.facets import FACETS
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio
every_facet = pytest.mark.parametrize("facet", WRITABLE)

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
ADA = sample.person_id("ada")
AUTHOR = {
    "application": None,
    "device": None,
    "user": {"displayName": "Ada Lindqvist", "id": ADA},
}


async def create(client: Client, facet: str = "interests", /, **members: Any) -> dict[str, Any]:
    response = await client("POST", f"me/profile/{facet}", json=members)
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()
    return item


@every_facet
async def test_create_answers_with_the_stored_item(ada: Client, facet: str) -> None:
    sent = settable(FACETS[facet])
    response = await ada("POST", f"me/profile/{facet}", json=sent)
    assert response.status_code == 201
    item = response.json()
    assert {name: item[name] for name in sent} == sent
    uuid.UUID(item["id"])
    assert item["createdBy"] == item["lastModifiedBy"] == AUTHOR
    assert STAMP.fullmatch(item["createdDateTime"])
    assert item["lastModifiedDateTime"] == item["createdDateTime"]
    assert item["@odata.context"] == (
        f"{BASE}/beta/$metadata#users('{ADA}')/profile/{facet}/$entity"
    )
    assert response.headers["etag"] == item["@odata.etag"]
    assert item["@odata.etag"].startswith('W/"')
    assert response.headers["location"] == f"{BASE}/beta/me/profile/{facet}/{item['id']}"
    read = await ada("GET", response.headers["location"])
    assert read.json() == item
    assert read.headers["etag"] == item["@odata.etag"]


@every_facet
async def test_what_is_left_out_has_its_default(ada: Client, facet: str) -> None:
    item = await create(ada, facet)
    assert item["allowedAudiences"] == "organization"
    assert item["isSearchable"] is False
    assert item["inference"] is None
    assert item["source"] == {"type": ["user"]}
    assert item["sources"] == [
        {"isDefaultSource": True, "sourceId": "46a57efc-33f8-4eec-a512-b90039ad6187"}
    ]


@every_facet
async def test_list_runs_from_the_oldest_to_the_newest(ada: Client, facet: str) -> None:
    items = [await create(ada, facet) for _ in range(5)]
    response = await ada("GET", f"me/profile/{facet}")
    assert response.status_code == 200
    body = response.json()
    assert body.pop("@odata.context") == f"{BASE}/beta/$metadata#users('{ADA}')/profile/{facet}"
    for item in items:
        del item["@odata.context"]
    assert body == {"value": items}


@every_facet
async def test_an_item_has_two_urls(ada: Client, facet: str) -> None:
    item = await create(ada, facet)
    for form in (
        f"me/profile/{facet}/{item['id']}",
        f"me/profile/{facet}('{item['id']}')",
        f"me/profile/{facet}(id='{item['id']}')",
        f"me/profile/{facet}(%27{item['id']}%27)",
        f"me/profile/{facet}/{item['id'].upper()}",
        f"users/{ADA}/profile/{facet}/{item['id']}",
        f"users('{ADA}')/profile/{facet}('{item['id']}')",
        f"users/ada@harbour.example/profile/{facet}/{item['id']}",
        f"users/ADA%40harbour.example/profile/{facet}/{item['id']}",
    ):
        response = await ada("GET", form)
        assert response.status_code == 200, form
        assert response.json() == item


@every_facet
async def test_delete_answers_nothing_and_leaves_nothing(ada: Client, facet: str) -> None:
    item = await create(ada, facet)
    path = f"me/profile/{facet}/{item['id']}"
    response = await ada("DELETE", path)
    assert response.status_code == 204
    assert response.content == b""
    assert "content-type" not in response.headers
    for method, options in (("GET", {}), ("DELETE", {}), ("PATCH", {"json": {}})):
        fault(await ada(method, path, **options), 404, "itemNotFound")


@every_facet
async def test_update_merges_what_it_is_sent(ada: Client, facet: str) -> None:
    sent = settable(FACETS[facet])
    before = await create(ada, facet, **sent)
    response = await ada(
        "PATCH",
        f"me/profile/{facet}/{before['id']}",
        json={"allowedAudiences": "everyone", "inference": {"confidenceScore": 1}},
    )
    assert response.status_code == 200
    after = response.json()
    assert after["inference"] == {"confidenceScore": 1.0, "userHasVerifiedAccuracy": True}
    assert after["lastModifiedDateTime"] > before["lastModifiedDateTime"]
    changed = {"allowedAudiences", "inference", "lastModifiedDateTime", "@odata.etag"}
    assert {name for name in before if before[name] != after[name]} == changed
    assert (await ada("GET", f"me/profile/{facet}/{before['id']}")).json() == after


async def test_update_replaces_collections_and_clears_with_null(ada: Client) -> None:
    item = await create(ada, displayName="Chess", description="slow", categories=["Games", "Mind"])
    response = await ada(
        "PATCH",
        f"me/profile/interests/{item['id']}",
        json={"categories": ["Sport"], "description": None, "inference": None},
    )
    after = response.json()
    assert after["displayName"] == "Chess"
    assert after["categories"] == ["Sport"]
    assert after["description"] is None


async def test_a_complex_value_is_built_by_an_update_and_cleared(ada: Client) -> None:
    item = await create(ada)
    path = f"me/profile/interests/{item['id']}"
    first = await ada("PATCH", path, json={"inference": {"confidenceScore": 0.5}})
    assert first.json()["inference"] == {"confidenceScore": 0.5, "userHasVerifiedAccuracy": None}
    second = await ada("PATCH", path, json={"inference": {"userHasVerifiedAccuracy": False}})
    assert second.json()["inference"] == {"confidenceScore": 0.5, "userHasVerifiedAccuracy": False}
    third = await ada("PATCH", path, json={"inference": None})
    assert third.json()["inference"] is None


@pytest.mark.parametrize("not_an_id", ["not-a-guid", "", "../x", None, 7])
async def test_what_the_service_sets_is_ignored(ada: Client, not_an_id: Any) -> None:
    mine = {
        "id": not_an_id,
        "createdDateTime": "2001-01-01T00:00:00Z",
        "createdBy": {"user": {"displayName": "Somebody else"}},
        "lastModifiedDateTime": "String",
        "lastModifiedBy": 7,
        "sources": [{"sourceId": "x"}],
    }
    item = await create(ada, displayName="Chess", **mine)
    assert item["createdBy"] == item["lastModifiedBy"] == AUTHOR
    path = f"me/profile/interests/{item['id']}"
    after = (await ada("PATCH", path, json=mine | {"displayName": "Go"})).json()
    assert after["displayName"] == "Go"
    for name in ("id", "createdDateTime", "createdBy", "lastModifiedBy", "sources"):
        assert after[name] == item[name]


async def test_an_id_that_is_a_guid_is_kept_once(ada: Client) -> None:
    chosen = str(uuid.uuid4())
    item = await create(ada, id=chosen, displayName="Chess")
    assert item["id"] == chosen
    for again in (chosen, chosen.upper()):
        response = await ada("POST", "me/profile/interests", json={"id": again})
        error = fault(response, 409, "nameAlreadyExists")
        assert again in error["message"]
    assert len((await ada("GET", "me/profile/interests")).json()["value"]) == 1


async def test_several_audiences_are_one_string(ada: Client) -> None:
    item = await create(ada, allowedAudiences="contacts, family")
    assert item["allowedAudiences"] == "family,contacts"


async def test_annotations_are_read_over(ada: Client) -> None:
    item = await create(
        ada,
        **{
            "@odata.type": "#microsoft.graph.personInterest",
            "@odata.context": "…",
            "categories@odata.type": "#Collection(String)",
            "categories": ["a"],
            "inference": {"@odata.type": "microsoft.graph.inferenceData", "confidenceScore": 1},
        },
    )
    assert item["categories"] == ["a"]
    assert "@odata.type" not in item


@pytest.mark.parametrize("ref", ["$ref", "%24ref", "$ref/"])
async def test_post_to_ref_is_a_create(ada: Client, ref: str) -> None:
    response = await ada("POST", f"me/profile/interests/{ref}", json={"displayName": "Chess"})
    assert response.status_code == 201
    item = response.json()
    assert response.headers["location"] == f"{BASE}/beta/me/profile/interests/{item['id']}"
    assert (await ada("GET", response.headers["location"])).json() == item


@pytest.mark.parametrize("name", ["@odata.id", "@id"])
async def test_a_reference_to_another_item_is_no_create(ada: Client, name: str) -> None:
    item = await create(ada, displayName="Chess")
    url = f"{BASE}/beta/me/profile/interests('{item['id']}')"
    for body in ({name: url}, {name: url, "@odata.context": "x"}):
        response = await ada("POST", "me/profile/interests/$ref", json=body)
        assert fault(response, 400, "BadRequest")["target"] == "@odata.id"
    assert (await ada("GET", "me/profile/interests/$count")).text == "1"
    copied = await ada("POST", "me/profile/interests/$ref", json={name: url, "displayName": "Go"})
    assert copied.status_code == 201


def founding_example(audiences: Any, score: Any) -> dict[str, Any]:
    """The request body of the page "Add interests"."""
    return {
        "@odata.type": "#microsoft.graph.personInterest",
        "allowedAudiences": audiences,
        "inference": {
            "@odata.type": "microsoft.graph.inferenceData",
            "confidenceScore": score,
            "userHasVerifiedAccuracy": True,
        },
        "createdBy": {
            "@odata.type": "microsoft.graph.identitySet",
            "application": {
                "@odata.type": "microsoft.graph.identity",
                "id": "Id value",
                "displayName": "Display Name value",
            },
            "device": {"@odata.type": "microsoft.graph.identity"},
            "user": {"@odata.type": "microsoft.graph.identity"},
        },
        "categories": ["Categories value"],
        "description": "Description value",
        "displayName": "Display Name value",
        "webUrl": "https://example.com/webUrl/",
    }


@pytest.mark.parametrize("path", ["me/profile/interests", "me/profile/interests/$ref"])
async def test_the_founding_example_works_with_values(ada: Client, path: str) -> None:
    response = await ada("POST", path, json=founding_example("organization", 0.9))
    assert response.status_code == 201
    item = response.json()
    assert item["categories"] == ["Categories value"]
    assert item["inference"] == {"confidenceScore": 0.9, "userHasVerifiedAccuracy": True}


async def test_the_founding_example_with_its_placeholders_names_both(ada: Client) -> None:
    response = await ada(
        "POST", "me/profile/interests/$ref", json=founding_example("String", "Double")
    )
    error = fault(response, 400, "BadRequest")
    assert {detail["target"] for detail in error["details"]} == {
        "allowedAudiences",
        "inference/confidenceScore",
    }
    assert "'allowedAudiences'" in error["message"]
    assert "'inference/confidenceScore'" in error["message"]
    assert (await ada("GET", "me/profile/interests")).json()["value"] == []


async def test_a_facet_holds_so_many_items(ada: Client) -> None:
    path = "me/profile/interests"
    for _ in range(FACET_LIMIT):
        assert (await ada("POST", path, json={})).status_code == 201
    error = fault(await ada("POST", path, json={}), 507, "quotaLimitReached")
    assert str(FACET_LIMIT) in error["message"]


async def test_if_match_protects_from_a_lost_update(ada: Client) -> None:
    item = await create(ada, displayName="Chess")
    path = f"me/profile/interests/{item['id']}"
    old = {"If-Match": item["@odata.etag"]}
    first = await ada("PATCH", path, json={"displayName": "Go"}, headers=old)
    assert first.status_code == 200
    for method, options in (("PATCH", {"json": {"displayName": "Shogi"}}), ("DELETE", {})):
        fault(await ada(method, path, headers=old, **options), 412, "resourceModified")
    assert (await ada("GET", path)).json()["displayName"] == "Go"
    current = {"If-Match": f'"other", {first.headers["etag"]}'}
    assert (await ada("DELETE", path, headers=current)).status_code == 204


async def test_app_only_calls_are_signed_by_the_application(service: Service, ada: Client) -> None:
    app = service.application("User.ReadWrite.All")
    response = await app("POST", f"users/{ADA}/profile/interests", json={"displayName": "Chess"})
    assert response.status_code == 201
    author = response.json()["createdBy"]
    assert author["user"] is None
    assert author["application"]["displayName"] == "Sample application"
    path = f"me/profile/interests/{response.json()['id']}"
    after = (await ada("PATCH", path, json={"displayName": "Go"})).json()
    assert after["createdBy"] == author
    assert after["lastModifiedBy"] == AUTHOR


@pytest.mark.parametrize(
    ("facet", "members"),
    [
        ("anniversaries", {"@odata.type": "#microsoft.graph.personAnniversary"}),
        ("names", {"pronunciation": {"@odata.type": "#microsoft.graph.yomiPersonName"}}),
        ("skills", {"source": {"@odata.type": "#microsoft.graph.personDataSource"}}),
    ],
)
async def test_a_type_may_be_named_as_graphs_pages_name_it(
    ada: Client, facet: str, members: dict[str, Any]
) -> None:
    item = await create(ada, facet, **members)
    response = await ada("PATCH", f"me/profile/{facet}/{item['id']}", json=members)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "sent",
    ["#microsoft.graph.personSkill", "#microsoft.graph.itemFacet", "#other.personInterest",
     "personInterest", "#microsoft.graph.personAnniversary", "", None, 7],
)  # fmt: skip
async def test_another_type_is_refused(ada: Client, sent: Any) -> None:
    for name in ("@odata.type", "@type"):
        response = await ada("POST", "me/profile/interests", json={name: sent})
        assert fault(response, 400, "BadRequest")["target"] == name


@pytest.mark.parametrize(
    ("path", "members"),
    [
        (f"users/{ADA}", {"manager@odata.bind": "https://localhost/beta/users/x"}),
        (f"users/{ADA}", {"manager@bind": "users/x"}),
        (f"users/{ADA}", {"directReports@odata.bind": ["users/x"], "city": "Oslo"}),
        (f"users/{ADA}", {"directReports@delta": []}),
        (f"users/{ADA}", {"@removed": {"reason": "deleted"}}),
        ("me/profile/interests", {"@odata.removed": {}}),
    ],
)
async def test_what_a_body_asks_for_besides_is_not_passed_over(
    service: Service, path: str, members: dict[str, Any]
) -> None:
    hiro = service.administrator("User.ReadWrite.All")
    before = (await hiro("GET", path)).json()
    method = "POST" if path.endswith("interests") else "PATCH"
    error = fault(await hiro(method, path, json=members), 501, "NotImplemented")
    assert error["target"] in members
    assert (await hiro("GET", path)).json() == before

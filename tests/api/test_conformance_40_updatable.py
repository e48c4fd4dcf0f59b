"""OData 4.0 Minimal, of services that can be written (Protocol 4.01, section 13.1.1)."""

import json
from typing import Any

import pytest

from api.conformance import (
    ADA,
    BRAM,
    INTERESTS,
    PATH,
    ada_with_interests,
    body,
    links,
    references,
    the_id,
)
from api.conftest import BASE, Client, Service, fault
from api.test_directory import CHESS
from api.test_facets import create
from openprofile import sample
from openprofile.model.facets import FACETS
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


async def test_m18_an_item_tells_where_it_is_changed(ada: Client) -> None:
    item = await body(
        ada, f"{PATH}/{await the_id(ada)}", Accept="application/json;odata.metadata=full"
    )
    assert item["@odata.editLink"] == item["@odata.id"]
    changed = await ada("PATCH", item["@odata.editLink"], json={"displayName": "Shogi"})
    assert changed.json()["displayName"] == "Shogi"
    listed = await body(ada, PATH)
    by_convention = f"{BASE}/beta/{PATH}('{listed['value'][0]['id']}')"
    assert (await ada("DELETE", by_convention)).status_code == 204


async def test_m19_no_entity_set_claims_to_take_what_it_refuses(ada: Client) -> None:
    response = await ada("POST", "users", json={"displayName": "Nobody"})
    assert response.status_code in {400, 403, 405, 501}
    assert "allow" in response.headers or response.status_code != 405


@pytest.mark.parametrize("facet", WRITABLE)
async def test_m20_a_contained_collection_takes_new_items(ada: Client, facet: str) -> None:
    response = await ada("POST", f"me/profile/{facet}", json=settable(FACETS[facet]))
    assert response.status_code == 201
    assert response.json()["id"] in {
        item["id"] for item in (await body(ada, f"me/profile/{facet}"))["value"]
    }


async def test_m21_a_reference_is_added_to_a_collection(service: Service) -> None:
    hiro = service.administrator("User.Read.All", "GroupMember.ReadWrite.All")
    assert links() == ["groups/members"]
    path = f"groups/{CHESS}/members"
    before = {one["id"] for one in (await body(hiro, path))["value"]}
    (new, *_) = (one.id for one in sample.people() if one.id not in before)
    reference = {"@odata.id": f"{BASE}/beta/users/{new}"}
    assert (await hiro("POST", f"{path}/$ref", json=reference)).status_code == 204
    assert {one["id"] for one in (await body(hiro, path))["value"]} == {*before, new}


async def test_m22_a_single_reference_is_set_by_its_url(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    for name in references(collection=False):
        reference = {"@odata.id": f"{BASE}/beta/users/{BRAM}"}
        path = f"users/{ADA}/{name}"
        assert (await hiro("PUT", f"{path}/$ref", json=reference)).status_code == 204
        assert (await body(hiro, path))["id"] == BRAM


@pytest.mark.parametrize("facet", WRITABLE)
async def test_m23_patch_changes_an_item_at_every_url_that_it_has(ada: Client, facet: str) -> None:
    item = await create(ada, facet)
    paths = [
        f"{person}/profile/{facet}{key}"
        for person in ("me", f"users/{ADA}", f"users('{ADA}')")
        for key in (f"/{item['id']}", f"('{item['id']}')", f"({item['id']})")
    ]
    for number, path in enumerate(paths):
        changes = {"inference": {"confidenceScore": number}}
        response = await ada("PATCH", path, json=changes)
        assert response.json()["inference"]["confidenceScore"] == number


@pytest.mark.parametrize("facet", WRITABLE)
async def test_m24_delete_removes_an_item(ada: Client, facet: str) -> None:
    path = f"me/profile/{facet}/{(await create(ada, facet))['id']}"
    assert (await ada("DELETE", path)).status_code == 204
    fault(await ada("GET", path), 404, "itemNotFound")


async def test_m25_a_reference_is_removed_and_what_it_led_to_stays(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    for name in references(collection=False):
        path = f"users/{ADA}/{name}"
        before = await body(hiro, path)
        assert (await hiro("DELETE", f"{path}/$ref")).status_code == 204
        assert (await hiro("GET", path)).status_code == 404
        assert (await hiro("GET", f"users/{before['id']}")).status_code == 200


async def test_m25_a_contained_item_is_no_reference_to_remove(ada: Client) -> None:
    response = await ada("DELETE", f"{PATH}/{await the_id(ada)}/$ref")
    fault(response, 405, "Request_BadRequest")


@pytest.mark.parametrize("suffix", ["", "/displayName", "/inference"])
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_m26_if_match_protects_all_that_has_an_etag(
    ada: Client, method: str, suffix: str
) -> None:
    path = f"{PATH}/{await the_id(ada)}"
    stale = (await ada("GET", path)).headers["etag"]
    await ada("PATCH", path, json={"description": "newer"})
    sent: Any = {"description": "x"} if not suffix else {"confidenceScore": 1, "value": "x"}
    if suffix == "/displayName":
        sent = {"value": "x"}
    elif suffix == "/inference":
        sent = {"confidenceScore": 1}
    options = {} if method == "DELETE" else {"json": sent}
    response = await ada(method, f"{path}{suffix}", headers={"If-Match": stale}, **options)
    if response.status_code != 405:
        fault(response, 412, "resourceModified")
    assert (await body(ada, path))["description"] == "newer"


async def test_m27_a_create_tells_where_the_item_is(ada: Client) -> None:
    for prefer in ("return=representation", "return=minimal"):
        response = await ada("POST", PATH, json={"displayName": "x"}, headers={"Prefer": prefer})
        assert response.headers["location"].startswith(f"{BASE}/beta/{PATH}/")
        assert (await body(ada, response.headers["location"]))["displayName"] == "x"


async def test_m28_a_create_without_a_body_tells_the_entity_id(ada: Client) -> None:
    response = await ada("POST", PATH, json={}, headers={"Prefer": "return=minimal"})
    assert response.status_code == 204
    found = await body(
        ada, response.headers["odata-entityid"], Accept="application/json;odata.metadata=full"
    )
    assert found["@odata.id"] == response.headers["odata-entityid"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("condition", [{}, {"If-None-Match": "*"}, {"If-Match": "*"}])
async def test_m29_an_update_of_nothing_inserts_nothing(
    ada: Client, method: str, condition: dict[str, str]
) -> None:
    path = f"{PATH}/0fb4c1e3-c1e3-0fb4-e3c1-b40fe3c1b40f"
    response = await ada(method, path, content=json.dumps({"displayName": "new"}), headers={
        "Content-Type": "application/json", **condition,
    })  # fmt: skip
    assert response.status_code in {404, 405, 412}
    assert len((await body(ada, PATH))["value"]) == len(INTERESTS)


async def test_m30_a_single_property_is_set(ada: Client) -> None:
    path = f"{PATH}/{await the_id(ada)}"
    put = await ada("PUT", f"{path}/displayName", json={"value": "Shogi"})
    assert put.status_code == 204
    patched = await ada("PATCH", f"{path}/inference", json={"userHasVerifiedAccuracy": True})
    assert patched.status_code == 204
    item = await body(ada, path)
    assert item["displayName"] == "Shogi"
    assert item["inference"] == {"confidenceScore": 0.9, "userHasVerifiedAccuracy": True}


async def test_m31_delete_of_a_property_makes_it_null(ada: Client) -> None:
    path = f"{PATH}/{await the_id(ada)}"
    assert (await ada("DELETE", f"{path}/displayName")).status_code == 204
    assert (await ada("GET", f"{path}/displayName")).status_code == 204
    assert (await body(ada, path))["displayName"] is None

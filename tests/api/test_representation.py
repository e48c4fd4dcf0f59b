"""Formats, versions, preferences, conditions, references and single properties."""

import json
from typing import Any

import httpx2
import pytest

from api.conftest import BASE, Client, fault
from api.test_facets import create
from openprofile import sample
from openprofile.model.facets import FACETS

pytestmark = pytest.mark.anyio
PATH = "me/profile/positions"
OWNER = f"{BASE}/beta/users('{sample.person_id('ada')}')/profile/positions"
POSITION: dict[str, Any] = {
    "isCurrent": True,
    "categories": ["Design", "Work"],
    "detail": {
        "jobTitle": "Designer",
        "layer": 3,
        "startMonthYear": "2020-05-01",
        "company": {"displayName": "Harbour"},
    },
}


@pytest.fixture
async def position(ada: Client) -> dict[str, Any]:
    return await create(ada, "positions", **POSITION)


async def get(client: Client, path: str, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client("GET", path, headers=named)


async def test_minimal_metadata_is_the_default(ada: Client, position: dict[str, Any]) -> None:
    for accept in ("application/json", "*/*", "application/*;q=0.5", "text/html,*/*;q=0.1",
                   "application/json;ExponentialDecimals=true"):  # fmt: skip
        response = await get(ada, PATH, Accept=accept)
        assert response.headers["content-type"] == (
            "application/json;odata.metadata=minimal;odata.streaming=true;"
            "IEEE754Compatible=false;charset=utf-8"
        )
        assert response.headers["odata-version"] == "4.0"
        assert set(response.json()) == {"@odata.context", "value"}


async def test_no_metadata_leaves_links_and_counts_alone(
    ada: Client, position: dict[str, Any]
) -> None:
    await create(ada, "positions")
    response = await get(
        ada, f"{PATH}?$count=true", Accept="application/json;odata.metadata=none",
        Prefer="maxpagesize=1",
    )  # fmt: skip
    body = response.json()
    assert set(body) == {"@odata.count", "value", "@odata.nextLink"}
    assert not any("@" in name for name in body["value"][0])
    item = (
        await get(ada, f"{PATH}/{position['id']}?$format=application/json;metadata=none")
    ).json()
    assert not any("@" in name for name in item)


async def test_full_metadata_tells_types_and_links(ada: Client, position: dict[str, Any]) -> None:
    response = await get(
        ada, f"{PATH}/{position['id']}", Accept="application/json;odata.metadata=full"
    )
    item = response.json()
    assert item["@odata.type"] == "#microsoft.graph.workPosition"
    assert item["@odata.id"] == item["@odata.editLink"] == f"{OWNER}('{position['id']}')"
    assert item["createdDateTime@odata.type"] == "#DateTimeOffset"
    assert item["allowedAudiences@odata.type"] == "#microsoft.graph.allowedAudiences"
    assert item["categories@odata.type"] == "#Collection(String)"
    assert item["detail"]["layer@odata.type"] == "#Int32"
    assert item["detail"]["startMonthYear@odata.type"] == "#Date"
    plain = {name: value for name, value in item.items() if "@" not in name}
    assert set(plain) == {name for name in position if "@" not in name}
    names = list(item)
    assert names.index("categories@odata.type") == names.index("categories") - 1


async def test_large_integers_are_strings_where_asked(ada: Client) -> None:
    await create(ada, "positions", **POSITION)
    response = await get(
        ada, f"{PATH}?$count=true", Accept="application/json;IEEE754Compatible=true"
    )
    assert response.json()["@odata.count"] == "1"
    assert "IEEE754Compatible=true" in response.headers["content-type"]


async def test_the_newer_version_is_given_on_request(ada: Client, position: dict[str, Any]) -> None:
    response = await get(ada, f"{PATH}?$count=true", OData_MaxVersion="4.01")
    assert response.headers["odata-version"] == "4.01"
    assert set(response.json()) == {"@context", "@count", "value"}
    assert "@etag" in response.json()["value"][0]
    for old in ("4.0", "4.00"):
        assert (await get(ada, PATH, OData_MaxVersion=old)).headers["odata-version"] == "4.0"
    for wrong in ("3.0", "x", "", "4", "1e1", "nan", "4.0;x", "4.0.1"):
        fault(await get(ada, PATH, OData_MaxVersion=wrong), 400, "BadRequest")


@pytest.mark.parametrize(
    "accept",
    ["application/xml", "text/html", "application/json;odata.metadata=most",
     "application/json;odata=verbose", "application/json;q=0"],
)  # fmt: skip
async def test_what_cannot_be_given_is_not_acceptable(ada: Client, accept: str) -> None:
    fault(await get(ada, PATH, Accept=accept), 406, "notAcceptable")


async def test_a_client_may_prefer_to_hear_less(ada: Client) -> None:
    prefer = {"Prefer": "return=minimal"}
    created = await ada("POST", PATH, json=POSITION, headers=prefer)
    assert created.status_code == 204
    assert created.content == b""
    assert created.headers["preference-applied"] == "return=minimal"
    assert created.headers["odata-entityid"].startswith(f"{OWNER}('")
    stored = (await get(ada, created.headers["location"])).json()
    assert (await get(ada, created.headers["odata-entityid"])).json() == stored
    assert created.headers["etag"] == stored["@odata.etag"]
    changed = await ada(
        "PATCH", f"{PATH}/{stored['id']}", json={"isCurrent": False}, headers=prefer
    )
    assert changed.status_code == 204
    assert changed.headers["etag"] != stored["@odata.etag"]
    prefer = {"Prefer": "respond-async, return=representation; foo=1"}
    changed = await ada("PATCH", f"{PATH}/{stored['id']}", json={"isCurrent": True}, headers=prefer)
    assert changed.status_code == 200
    assert changed.headers["preference-applied"] == "return=representation"


async def test_what_a_reader_has_is_not_sent_again(ada: Client, position: dict[str, Any]) -> None:
    path, tag = f"{PATH}/{position['id']}", position["@odata.etag"]
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        response = await get(ada, path, If_None_Match=known)
        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["etag"] == tag
    assert (await get(ada, path, If_None_Match='W/"1"')).status_code == 200


async def test_if_none_match_forbids_a_write(ada: Client, position: dict[str, Any]) -> None:
    path = f"{PATH}/{position['id']}"
    for known in ("*", position["@odata.etag"]):
        headers = {"If-None-Match": known}
        fault(await ada("PATCH", path, json={}, headers=headers), 412, "resourceModified")
        fault(await ada("DELETE", path, headers=headers), 412, "resourceModified")
    assert (await ada("DELETE", path, headers={"If-None-Match": '"1"'})).status_code == 204


async def test_references_name_the_items(ada: Client, position: dict[str, Any]) -> None:
    other = await create(ada, "positions")
    urls = [f"{OWNER}('{item['id']}')" for item in (position, other)]
    body = (await get(ada, f"{PATH}/$ref")).json()
    assert body["@odata.context"] == f"{BASE}/beta/$metadata#Collection($ref)"
    assert body["value"] == [{"@odata.id": url} for url in urls]
    one = (await get(ada, f"{PATH}/{position['id']}/$ref")).json()
    assert one == {"@odata.context": f"{BASE}/beta/$metadata#$ref", "@odata.id": urls[0]}
    assert (await get(ada, urls[0])).json()["id"] == position["id"]


async def test_a_property_has_a_url(ada: Client, position: dict[str, Any]) -> None:
    path = f"{PATH}/{position['id']}"
    context = f"{BASE}/beta/$metadata#users('{sample.person_id('ada')}')/profile/positions"
    title = await get(ada, f"{path}/detail/jobTitle")
    assert title.json() == {
        "@odata.context": f"{context}('{position['id']}')/detail/jobTitle",
        "value": "Designer",
    }
    assert title.headers["etag"] == position["@odata.etag"]
    assert (await get(ada, f"{path}/categories")).json()["value"] == ["Design", "Work"]
    assert (await get(ada, f"{path}/detail/company")).json()["displayName"] == "Harbour"
    assert (await get(ada, f"{path}/categories/$count")).text == "2"
    for name, text in (
        ("detail/jobTitle", "Designer"),
        ("isCurrent", "true"),
        ("detail/layer", "3"),
    ):
        raw = await get(ada, f"{path}/{name}/$value")
        assert raw.headers["content-type"].startswith("text/plain")
        assert raw.text == text
    for empty in ("manager", "manager/displayName", "detail/summary", "detail/summary/$value"):
        response = await get(ada, f"{path}/{empty}")
        assert response.status_code == 204
        assert response.content == b""
    fault(await get(ada, f"{path}/detail/$value"), 400, "BadRequest")
    fault(await get(ada, f"{path}/detail/nothing"), 400, "BadRequest")
    fault(await get(ada, f"{PATH}/nope/isCurrent"), 404, "itemNotFound")


async def test_a_property_is_set_and_cleared(ada: Client, position: dict[str, Any]) -> None:
    path = f"{PATH}/{position['id']}"

    async def detail() -> Any:
        return (await get(ada, path)).json()["detail"]

    put = await ada("PUT", f"{path}/detail/jobTitle", json={"value": "Head of Design"})
    assert put.status_code == 204
    assert put.headers["etag"] != position["@odata.etag"]
    assert await detail() == position["detail"] | {"jobTitle": "Head of Design"}
    assert (await ada("DELETE", f"{path}/detail/layer")).status_code == 204
    assert (await detail())["layer"] is None
    await ada("PATCH", f"{path}/detail/company", json={"department": "Studio"})
    company = (await detail())["company"]
    assert (company["displayName"], company["department"]) == ("Harbour", "Studio")
    await ada("PUT", f"{path}/detail", json={"summary": "new"})
    now = await detail()
    assert now["summary"] == "new"
    assert {name for name, value in now.items() if value} == {"summary"}
    await ada("PUT", f"{path}/categories", json={"value": ["Only"]})
    assert (await get(ada, path)).json()["categories"] == ["Only"]
    error = fault(await ada("PUT", f"{path}/detail/layer", json={"value": "x"}), 400, "BadRequest")
    assert error["target"] == "detail/layer"
    fault(await ada("PUT", f"{path}/detail/layer", json={}), 400, "BadRequest")
    fault(
        await ada("PUT", f"{path}/createdDateTime", json={"value": None}), 405, "Request_BadRequest"
    )
    stale = {"If-Match": position["@odata.etag"]}
    fault(await ada("DELETE", f"{path}/detail", headers=stale), 412, "resourceModified")
    email = await create(ada, "emails")
    fault(await ada("DELETE", f"me/profile/emails/{email['id']}/type"), 400, "BadRequest")


async def test_a_body_may_be_of_either_version(ada: Client) -> None:
    for members in (
        {"@odata.type": "#microsoft.graph.workPosition"},
        {"@type": "#microsoft.graph.workPosition"},
    ):
        assert (await ada("POST", PATH, content=json.dumps(members), headers={
            "Content-Type": "application/json;odata.metadata=minimal;IEEE754Compatible=true",
            "OData-Version": "4.01",
        })).status_code == 201  # fmt: skip


async def test_conditions_hold_for_every_answer_with_an_etag(
    ada: Client, position: dict[str, Any]
) -> None:
    path, tag = f"{PATH}/{position['id']}", position["@odata.etag"]
    for known in (tag, "*"):
        assert (await get(ada, f"{path}/isCurrent", If_None_Match=known)).status_code == 304
    fault(await get(ada, path, If_Match='"other"'), 412, "resourceModified")
    fault(await get(ada, f"{path}/isCurrent", If_Match='"other"'), 412, "resourceModified")
    assert (await get(ada, path, If_Match=tag)).status_code == 200
    assert (await get(ada, f"{path}/isCurrent/$value")).headers["etag"] == tag


async def test_what_would_be_ignored_is_refused(ada: Client) -> None:
    options = "$select=interests($top=1;$select=displayName)"
    error = fault(await ada("GET", f"me/profile?{options}"), 400, "BadRequest")
    assert "$expand" in error["message"]
    fault(await ada("GET", "me/profile?$compute=1 add 1 as x"), 501, "NotImplemented")
    context = (await ada("GET", f"{PATH}?$compute=1 add 1 as x")).json()["@odata.context"]
    assert "()" not in context


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "text/plain"),
        ("", "text/plain"),
        ("text/plain;q=0.9", "text/plain"),
        ("application/json, text/plain, */*", "text/plain"),
        ("text/*", "text/plain"),
        ("text/plain;charset=UTF-8", "text/plain"),
        ("text/html, */*;q=0.1", "text/plain"),
        ("application/json", "application/json"),
        ("application/json;odata.metadata=minimal", "application/json"),
        ("application/json, text/plain;q=0.5", "application/json"),
        ("application/json, text/plain;q=0", "application/json"),
        ("text/plain;charset=utf-16, application/*", "application/json"),
    ],
)
async def test_a_raw_value_is_text_unless_the_client_takes_none(
    ada: Client, position: dict[str, Any], accept: str | None, media: str
) -> None:
    item = f"{PATH}/{position['id']}"
    values: dict[str, Any] = {
        f"{PATH}/$count": 1,
        f"{item}/categories/$count": 2,
        f"{item}/detail/layer/$value": 3,
        f"{item}/isCurrent/$value": True,
        f"{item}/detail/jobTitle/$value": "Designer",
        "me/memberOf/$count": 2,
    }
    for path, value in values.items():
        response = await ada("GET", path, headers={} if accept is None else {"Accept": accept})
        assert response.headers["content-type"].split(";")[0] == media, path
        assert "Accept" in response.headers["vary"]
        as_json = json.dumps(value)
        text = as_json if media == "application/json" else as_json.strip('"')
        assert response.text == text


async def test_the_format_of_a_raw_value_may_be_an_option(
    ada: Client, position: dict[str, Any]
) -> None:
    for path in (f"{PATH}/$count", f"{PATH}/{position['id']}/detail/layer/$value"):
        for option, media in (
            ("json", "json"),
            ("application/json", "json"),
            ("text/plain", "plain"),
        ):
            response = await get(ada, f"{path}?$format={option}", Accept="text/csv")
            assert response.headers["content-type"].split(";")[0].endswith(media)
        for option in ("xml", "text/csv", "application/json;odata.metadata=most", ""):
            fault(await get(ada, f"{path}?$format={option or 'x'}"), 406, "notAcceptable")
        for accept in ("text/csv", "text/plain;q=0", "application/xml, application/json;x=1"):
            fault(await get(ada, path, Accept=accept), 406, "notAcceptable")


async def test_full_metadata_tells_the_type_of_a_property(
    ada: Client, position: dict[str, Any]
) -> None:
    path = f"{PATH}/{position['id']}"
    for name, kind in (
        ("detail/layer", "#Int32"),
        ("categories", "#Collection(String)"),
        ("detail", "#microsoft.graph.positionDetail"),
        ("detail/jobTitle", None),
    ):
        body = (await get(ada, f"{path}/{name}", Accept="application/json;metadata=full")).json()
        assert body.get("@odata.type") == kind
        plain = (await get(ada, f"{path}/{name}", Accept="application/json;metadata=none")).json()
        assert not any("@" in each for each in plain)
    detail = (await get(ada, f"{path}/detail?$format=application/json;metadata=full")).json()
    assert detail["startMonthYear@odata.type"] == "#Date"


async def test_full_metadata_leads_to_what_hangs_on_a_person(ada: Client) -> None:
    for version, contained in (("beta", True), ("v1.0", False)):
        path = f"{BASE}/{version}/users/{sample.person_id('ada')}"
        person = (await get(ada, f"/{version}/me", Accept="application/json;metadata=full")).json()
        assert person["@odata.id"] == person["@odata.editLink"] == path
        assert person["manager@odata.navigationLink"] == f"{path}/manager"
        assert person["manager@odata.associationLink"] == f"{path}/manager/$ref"
        assert ("profile@odata.navigationLink" in person) is contained
        assert "profile@odata.associationLink" not in person


async def test_full_metadata_tells_what_a_profile_is_and_leads_to(ada: Client) -> None:
    await create(ada, "positions", **POSITION)
    url = f"{BASE}/beta/users('{sample.person_id('ada')}')/profile"
    for path in ("me/profile", "me/profile?$select=id", "me/profile?$expand=positions"):
        profile = (await get(ada, path, Accept="application/json;odata.metadata=full")).json()
        assert profile["@odata.type"] == "#microsoft.graph.profile"
        assert profile["@odata.id"] == profile["@odata.editLink"] == url
        assert profile["id"] == "profileId"
        for facet in FACETS:
            assert profile[f"{facet}@odata.navigationLink"] == f"{url}/{facet}"
            assert f"{facet}@odata.associationLink" not in profile
        for item in profile.get("positions", []):
            assert item["@odata.id"].startswith(f"{url}/positions('")
    plain = (await get(ada, "me/profile", Accept="application/json;odata.metadata=none")).json()
    assert set(plain) == {"id", *FACETS}


async def test_a_consistency_level_makes_no_difference(ada: Client) -> None:
    await create(ada, "positions", **POSITION)
    for path in (PATH, f"{PATH}/$count", f"{PATH}?$count=true&$search=Designer", "me/profile"):
        plain = await get(ada, path)
        for level in ("eventual", "session", "", "x" * 1000):
            assert (await get(ada, path, ConsistencyLevel=level)).content == plain.content

"""Single properties and references, of items, profiles, people and groups."""

from typing import Any
from urllib.parse import quote

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_directory import CHESS
from api.test_facets import create
from openprofile import sample
from openprofile.model.facets import FACETS
from openprofile.model.shape import Property, Shape, shape
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio
ADA, BRAM = sample.person_id("ada"), sample.person_id("bram")
PROFILE = f"{BASE}/beta/users('{ADA}')/profile"
CONTEXT = f"{BASE}/beta/$metadata#users('{ADA}')/profile"
PATH = "me/profile/positions"
POSITION: dict[str, Any] = {
    "isCurrent": True,
    "categories": ["Design", "Work"],
    "detail": {"jobTitle": "Designer", "layer": 3,
               "company": {"displayName": "Harbour", "department": "Studio",
                           "address": {"city": "Oslo"}}},
}  # fmt: skip
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture
async def position(ada: Client) -> str:
    """The path of a position."""
    return f"{PATH}/{(await create(ada, 'positions', **POSITION))['id']}"


@pytest.fixture
def hiro(service: Service) -> Client:
    return service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All", "Group.Read.All")


# ----- reading


async def test_the_profile_has_one_property_and_a_reference(ada: Client) -> None:
    response = await ada("GET", "me/profile/id")
    assert response.json() == {"@odata.context": f"{CONTEXT}/id", "value": "profileId"}
    assert (await ada("GET", "me/profile/id/$value")).text == "profileId"
    reference = (await ada("GET", "me/profile/$ref")).json()
    assert reference == {"@odata.context": f"{BASE}/beta/$metadata#$ref", "@odata.id": PROFILE}
    assert (await ada("GET", reference["@odata.id"])).json()["id"] == "profileId"
    for method in ("PUT", "DELETE", "PATCH"):
        for path in ("me/profile/id", "me/profile/id/$value", "me/profile/$ref"):
            response = await ada(method, path, json={"value": "x"})
            fault(response, 405, "Request_BadRequest")
            assert response.headers["allow"] == "GET, HEAD"
    fault(await ada("GET", "users/nobody/profile/$ref"), 404, "Request_ResourceNotFound")


async def test_a_path_leads_as_deep_as_values_nest(ada: Client, position: str) -> None:
    response = await ada("GET", f"{position}/detail/company/address/city")
    assert response.json()["value"] == "Oslo"
    assert response.json()["@odata.context"].endswith("/detail/company/address/city")
    assert (await ada("GET", f"{position}/detail/company/displayName/$value")).text == "Harbour"
    company = (await ada("GET", f"{position}/detail/company?$select=displayName")).json()
    assert {name for name in company if "@" not in name} == {"displayName"}
    assert (await ada("GET", f"{position}/createdBy/user/id")).json()["value"] == ADA


async def test_names_in_a_path_are_known_in_any_case_and_past_a_cast(
    ada: Client, position: str
) -> None:
    for path in (
        "DETAIL/Company/DisplayName",
        "microsoft.graph.workPosition/detail/company/displayName",
        "detail/microsoft.graph.positionDetail/company/graph.companyDetail/displayName",
    ):
        response = await ada("GET", f"{position}/{path}")
        assert response.json()["value"] == "Harbour"
        assert response.json()["@odata.context"].endswith("/detail/company/displayName")


@pytest.mark.parametrize("facet", sorted(FACETS))
async def test_every_property_of_every_item_is_read_by_its_path(ada: Client, facet: str) -> None:
    kind = FACETS[facet]
    if kind.read_only:
        (item,) = (await ada("GET", f"me/profile/{facet}")).json()["value"]
    else:
        item = await create(ada, facet, **settable(kind))
    url = f"me/profile/{facet}/{item['id']}"
    for path, found, value in leaves(shape(kind), item):
        response = await ada("GET", f"{url}/{path}")
        raw = await ada("GET", f"{url}/{path}/$value")
        if value is None:
            assert (response.status_code, raw.status_code) == (204, 400 if found.shape else 204)
            continue
        body = response.json()
        assert body.pop("@odata.context").endswith(f"{facet}('{item['id']}')/{path}")
        assert body == (value if isinstance(value, dict) else {"value": value})
        if isinstance(value, list):
            assert (await ada("GET", f"{url}/{path}/$count")).text == str(len(value))
        if isinstance(value, (dict, list)):
            fault(raw, 400, "BadRequest")
        else:
            shown = {True: "true", False: "false"}.get(value, str(value))
            assert raw.text == shown


def leaves(at: Shape, values: dict[str, Any], path: str = "") -> list[tuple[str, Property, Any]]:
    """Every property of a value, with its path."""
    found = []
    for name, each in at.properties.items():
        value = values[name]
        found.append((f"{path}{name}", each, value))
        if each.shape is not None and isinstance(value, dict):
            found += leaves(each.shape, value, f"{path}{name}/")
    return found


async def test_a_collection_of_values_takes_options_and_is_counted(
    ada: Client, position: str
) -> None:
    listed = await ada("GET", f"{position}/categories?$filter=startswith($it,'W')&$count=true")
    assert (listed.json()["value"], listed.json()["@odata.count"]) == (["Work"], 1)
    counted = await ada("GET", f"{position}/categories/$count?$filter=startswith($it,'W')")
    assert counted.text == "1"
    empty = await create(ada, "positions")
    assert (await ada("GET", f"{PATH}/{empty['id']}/categories/$count")).text == "0"


@pytest.mark.parametrize(
    "path",
    ["nothing", "detail/nothing", "isCurrent/x", "categories/0", "categories/Design", "$ref/$ref",
     "isCurrent/$ref", "detail/$ref", "detail/$count", "isCurrent/$count", "detail/$value",
     "categories/$value", "$value", "$count", "detail/$value/x", "isCurrent/$value/$value",
     "detail(x)", "detail/microsoft.graph.companyDetail/displayName", "id/profile"],
)  # fmt: skip
async def test_a_path_to_nothing_is_refused(ada: Client, position: str, path: str) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = await ada(method, f"{position}/{path}")
        assert response.status_code == 400, path
    fault(await ada("GET", f"{position}/{path}"), 400, "BadRequest")


async def test_a_person_and_a_group_have_properties_and_references(
    service: Service, hiro: Client
) -> None:
    (group, *_) = (await hiro("GET", "groups")).json()["value"]
    for version in ("beta", "v1.0"):
        for path, one, name in (
            (f"users/{ADA}", f"users('{ADA}')", "displayName"),
            (f"groups/{group['id']}", f"groups('{group['id']}')", "displayName"),
        ):
            url = f"/{version}/{path}"
            whole = (await hiro("GET", url)).json()
            read = (await hiro("GET", f"{url}/{name}")).json()
            assert read == {
                "@odata.context": f"{BASE}/{version}/$metadata#{one}/{name}", "value": whole[name],
            }  # fmt: skip
            assert (await hiro("GET", f"{url}/{name}/$value")).text == whole[name]
            reference = (await hiro("GET", f"{url}/$ref")).json()
            assert reference["@odata.id"] == f"{BASE}/{version}/{path}"
        listed = (await hiro("GET", f"/{version}/users/$ref?$top=2")).json()
        assert set(listed) == {"@odata.context", "value", "@odata.nextLink"}
        assert [list(each) for each in listed["value"]] == [["@odata.id"]] * 2
        groups = (await hiro("GET", f"/{version}/groups/$ref")).json()["value"]
        assert f"{BASE}/{version}/groups/{group['id']}" in [each["@odata.id"] for each in groups]
    assert (await hiro("GET", f"groups/{group['id']}/groupTypes/$count")).text == "0"
    manager = (await hiro("GET", f"users/{ADA}/manager")).json()
    read = await hiro("GET", f"users/{ADA}/manager/displayName/$value")
    assert read.text == manager["displayName"]
    ada = service.person("ada", "User.Read")
    assert (await ada("GET", "me/displayName/$value")).text == "Ada Lindqvist"
    assert (await ada("GET", "me/businessPhones/$count")).text == "0"
    assert (await ada("GET", "me/$ref")).json()["@odata.id"] == f"{BASE}/beta/users/{ADA}"


async def test_a_property_is_no_way_around_a_permission(service: Service) -> None:
    basic = service.person("ada", "User.ReadBasic.All")
    assert (await basic("GET", f"users/{BRAM}/displayName/$value")).status_code == 200
    for path in ("jobTitle", "jobTitle/$value", "businessPhones/$count", "businessPhones"):
        response = await basic("GET", f"users/{BRAM}/{path}")
        fault(response, 403, "Authorization_RequestDenied")
    nothing = service.person("ada", "openid")
    for path in (f"users/{BRAM}/$ref", "users/$ref", "groups/$ref", "me/profile/$ref",
                 "me/profile/id", "me/$ref", "me/id", "me/manager/displayName"):  # fmt: skip
        fault(await nothing("GET", path), 403, "Authorization_RequestDenied")
    reader = service.person("ada", "User.Read.All")
    for method in ("PUT", "DELETE"):
        response = await reader(method, f"users/{BRAM}/city", json={"value": "x"})
        fault(response, 403, "Authorization_RequestDenied")


# ----- writing


@pytest.mark.parametrize("facet", WRITABLE)
async def test_every_property_is_set_and_cleared_by_its_path(ada: Client, facet: str) -> None:
    kind = FACETS[facet]
    before = await create(ada, facet)
    url = f"me/profile/{facet}/{before['id']}"
    for name, value in settable(kind).items():
        found = shape(kind).properties[name]
        body = value if found.shape and not found.collection else {"value": value}
        assert (await ada("PUT", f"{url}/{name}", json=body)).status_code == 204
        item = (await ada("GET", url)).json()
        assert item[name] == value
        cleared = await ada("DELETE", f"{url}/{name}")
        item = (await ada("GET", url)).json()
        if found.collection:
            assert (cleared.status_code, item[name]) == (204, [])
        elif not found.nullable:
            error = fault(cleared, 400, "BadRequest")
            assert (error["target"], item[name]) == (name, value)
        elif name != "webUrl" or facet != "webAccounts":  # where it is made anew
            assert (cleared.status_code, item[name]) == (204, None)
    for name in (name for name, found in shape(kind).properties.items() if found.computed):
        for method in ("PUT", "PATCH", "DELETE"):
            response = await ada(method, f"{url}/{name}", json={"value": None})
            fault(response, 405, "Request_BadRequest")


async def test_a_complex_value_that_is_put_keeps_nothing_of_the_one_before(
    ada: Client, position: str
) -> None:
    body = {"company": {"displayName": "Quay"}}
    assert (await ada("PUT", f"{position}/detail", json=body)).status_code == 204
    detail = (await ada("GET", f"{position}/detail")).json()
    assert detail["jobTitle"] is None
    company = detail["company"]
    assert {name for name, value in company.items() if value} == {"displayName"}
    await ada("PATCH", f"{position}/detail", json={"company": {"department": "Docks"}})
    company = (await ada("GET", f"{position}/detail/company")).json()
    assert (company["displayName"], company["department"]) == ("Quay", "Docks")
    await ada("PUT", f"{position}/detail/company/address/city", json={"value": "Bergen"})
    assert (await ada("GET", f"{position}/detail/company/address/city/$value")).text == "Bergen"


async def test_what_a_computed_value_holds_cannot_be_written(ada: Client, position: str) -> None:
    for path in ("createdBy/user/displayName", "createdBy/user", "lastModifiedBy", "sources", "id"):
        for method in ("PUT", "DELETE"):
            response = await ada(method, f"{position}/{path}", json={"value": "x"})
            fault(response, 405, "Request_BadRequest")


@pytest.mark.parametrize(
    ("path", "body"),
    [("isCurrent", {}), ("isCurrent", {"Value": True}), ("isCurrent", {"value": True, "x": 1}),
     ("isCurrent", {"value": "yes"}), ("isCurrent", {"value": {}}), ("categories", {"value": "x"}),
     ("categories", {"value": [None]}), ("detail", {"x": 1}), ("detail", {"layer": "3"}),
     ("detail", {"value": {}}), ("allowedAudiences", {"value": "friends"}), ("detail", [])],
)  # fmt: skip
async def test_a_body_that_is_no_value_of_the_property_is_refused(
    ada: Client, position: str, path: str, body: Any
) -> None:
    before = (await ada("GET", position)).json()
    fault(await ada("PUT", f"{position}/{path}", json=body), 400, "BadRequest")
    assert (await ada("GET", position)).json() == before


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [("detail/jobTitle", "Head of “Design”", "Head of “Design”"), ("detail/jobTitle", "", ""),
     ("detail/jobTitle", "true", "true"), ("detail/layer", "4", 4), ("isCurrent", "false", False),
     ("allowedAudiences", "family,contacts", "family,contacts"),
     ("detail/startMonthYear", "2020-05-01", "2020-05-01"),
     ("inference/confidenceScore", "0.5", 0.5)],
)  # fmt: skip
async def test_a_raw_value_is_set(
    ada: Client, position: str, path: str, text: str, value: Any
) -> None:
    response = await ada("PUT", f"{position}/{path}/$value", content=text.encode(), headers=TEXT)
    assert response.status_code == 204, response.text
    assert (await ada("GET", f"{position}/{path}")).json()["value"] == value
    assert (await ada("GET", f"{position}/{path}/$value")).headers["etag"] == (
        response.headers["etag"]
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [("detail/layer", "x"), ("detail/layer", "null"), ("detail/layer", '"3"'),
     ("detail/layer", "3.5"), ("isCurrent", "1"), ("isCurrent", ""),
     ("detail/startMonthYear", "yesterday"), ("allowedAudiences", "nobody"),
     ("inference/confidenceScore", "[1]")],
)  # fmt: skip
async def test_a_raw_value_of_another_type_is_refused(
    ada: Client, position: str, path: str, text: str
) -> None:
    response = await ada("PUT", f"{position}/{path}/$value", content=text, headers=TEXT)
    error = fault(response, 400, "BadRequest")
    assert error["target"] == path


async def test_a_raw_value_is_text_in_utf_8(ada: Client, position: str) -> None:
    path = f"{position}/detail/jobTitle/$value"
    fault(await ada("PUT", path, json={"value": "x"}), 415, "unsupportedMediaType")
    fault(await ada("PUT", path, content=b"\xff", headers=TEXT), 400, "BadRequest")
    fault(await ada("PATCH", path, content=b"x", headers=TEXT), 405, "Request_BadRequest")
    assert (await ada("DELETE", path)).status_code == 204
    assert (await ada("GET", path)).status_code == 204


NESTED = [
    (facet, outer, name)
    for facet, kind in FACETS.items()
    if not kind.read_only
    for outer, found in shape(kind).properties.items()
    if found.shape and not found.collection and found.nullable and not found.computed
    for name, inner in found.shape.properties.items()
    if not inner.computed and (inner.nullable or inner.collection)
]


@pytest.mark.parametrize(("facet", "outer", "name"), NESTED)
async def test_to_clear_a_part_of_what_is_null_leaves_it_null(
    ada: Client, facet: str, outer: str, name: str
) -> None:
    item = await create(ada, facet)
    url = f"me/profile/{facet}/{item['id']}"
    assert (await ada("DELETE", f"{url}/{outer}")).status_code == 204
    path = [outer, name]
    complex_value = shape(FACETS[facet]).properties[outer].shape
    assert complex_value is not None
    parts = complex_value.properties[name]
    if parts.shape and not parts.collection:  # as deep as it goes
        path.append(next(iter(parts.shape.properties)))
    for depth in range(2, len(path) + 1):
        below = "/".join(path[:depth])
        assert (await ada("DELETE", f"{url}/{below}")).status_code == 204
        if not parts.collection and not parts.shape:
            assert (await ada("PUT", f"{url}/{below}", json={"value": None})).status_code == 204
        assert (await ada("GET", url)).json()[outer] is None
    assert (await ada("GET", f"{url}/{outer}")).status_code == 204


async def test_to_clear_a_part_leaves_the_others(ada: Client, position: str) -> None:
    await ada("PATCH", position, json={"detail": {"jobTitle": "Pilot", "role": "Harbour"}})
    assert (await ada("DELETE", f"{position}/detail/jobTitle")).status_code == 204
    detail = (await ada("GET", position)).json()["detail"]
    assert (detail["jobTitle"], detail["role"]) == (None, "Harbour")


async def test_a_persons_property_is_written_by_an_administrator(
    service: Service, hiro: Client
) -> None:
    url = f"users/{BRAM}"
    assert (await hiro("PUT", f"{url}/city", json={"value": "Oslo"})).status_code == 204
    response = await hiro("PUT", f"{url}/department/$value", content="Docks", headers=TEXT)
    assert response.status_code == 204
    await hiro("PUT", f"{url}/businessPhones", json={"value": ["1", "2"]})
    person = (await hiro("GET", url)).json()
    assert (person["city"], person["department"], person["businessPhones"]) == (
        "Oslo", "Docks", ["1", "2"],
    )  # fmt: skip
    assert (await hiro("GET", "users?$filter=department eq 'docks'")).json()["value"]
    assert (await hiro("DELETE", f"{url}/city")).status_code == 204
    assert (await hiro("GET", f"{url}/city")).status_code == 204
    fault(await hiro("DELETE", f"{url}/userPrincipalName"), 400, "BadRequest")
    fault(await hiro("DELETE", f"{url}/displayName"), 400, "BadRequest")
    fault(await hiro("PUT", f"{url}/id", json={"value": "x"}), 405, "Request_BadRequest")
    (group, *_) = (await hiro("GET", "groups")).json()["value"]
    for path in (f"groups/{group['id']}/displayName", f"{url}/manager/displayName"):
        response = await hiro("PUT", path, json={"value": "x"})
        fault(response, 405, "Request_BadRequest")
    denied = service.person("ada", "User.ReadWrite.All")
    fault(
        await denied("PUT", f"{url}/city", json={"value": "x"}), 403, "Authorization_RequestDenied"
    )


async def test_a_path_is_percent_encoded_like_any_other(ada: Client, position: str) -> None:
    encoded = "/".join(
        quote(each, safe="").replace("e", "%65") for each in ("detail", "company", "displayName")
    )
    for suffix in ("/$value", "/%24value", "/$value/"):
        assert (await ada("GET", f"{position}/{encoded}{suffix}")).text == "Harbour"


async def test_the_sentinel_of_an_enumeration_is_no_value(ada: Client) -> None:
    item = await create(ada, "skills", proficiency="expert")
    url = f"me/profile/skills/{item['id']}"
    unknown = {"value": "unknownFutureValue"}
    for name in ("proficiency", "allowedAudiences"):
        error = fault(await ada("PUT", f"{url}/{name}", json=unknown), 400, "BadRequest")
        assert error["target"] == name
        raw = await ada("PUT", f"{url}/{name}/$value", content=unknown["value"], headers=TEXT)
        fault(raw, 400, "BadRequest")
    assert (await ada("PUT", f"{url}/displayName", json=unknown)).status_code == 204
    assert (await ada("GET", url)).json()["proficiency"] == "expert"


# ----- one of those that a person or a group leads to


@pytest.mark.parametrize("version", ["beta", "v1.0"])
async def test_one_of_many_is_reached_by_its_key(hiro: Client, version: str) -> None:
    noor = sample.person_id("noor")
    for path, facet, kind in (
        (f"users/{noor}/directReports", "users", "user"),
        (f"users/{ADA}/memberOf", "groups", "group"),
        (f"groups/{CHESS}/members", "users", "user"),
    ):
        listed = (await hiro("GET", f"/{version}/{path}")).json()["value"]
        assert listed
        for one in listed:
            for url in (f"/{version}/{path}/{one['id']}", f"/{version}/{path}('{one['id']}')"):
                read = (await hiro("GET", url)).json()
                assert read["@odata.context"].endswith("#directoryObjects/$entity")
                assert read["@odata.type"] == f"#microsoft.graph.{kind}"
                assert {name: read[name] for name in one} == one
                reference = (await hiro("GET", f"{url}/$ref")).json()
                assert reference["@odata.id"] == f"{BASE}/{version}/{facet}/{one['id']}"
                name = await hiro("GET", f"{url}/displayName/$value")
                assert name.text == one["displayName"]
                for method in ("PUT", "DELETE"):
                    response = await hiro(method, f"{url}/displayName", json={"value": "x"})
                    fault(response, 405, "Request_BadRequest")


async def test_who_is_not_among_them_is_not_found(hiro: Client) -> None:
    (other, *_) = [
        group.id for group, people in sample.groups() if ADA not in people and group.id != CHESS
    ]
    (outsider, *_) = [
        one.id for one in sample.people()
        if one.id not in next(people for group, people in sample.groups() if group.id == CHESS)
    ]  # fmt: skip
    for path in (
        f"users/{ADA}/directReports/{ADA}", f"users/{ADA}/directReports/nobody",
        f"users/{ADA}/memberOf/{other}", f"users/{ADA}/memberOf/nothing",
        f"groups/{CHESS}/members/{outsider}", f"groups/{CHESS}/members/nobody",
        f"groups/nothing/members/{ADA}", f"users/nobody/directReports/{ADA}",
    ):  # fmt: skip
        for below in ("", "/$ref", "/displayName", "/displayName/$value"):
            fault(await hiro("GET", path + below), 404, "Request_ResourceNotFound")


async def test_what_a_relation_shows_of_others_is_what_the_token_shows(service: Service) -> None:
    noor = service.person("noor", "User.Read")
    read = (await noor("GET", f"me/directReports/{ADA}")).json()
    assert {name for name, value in read.items() if value and "@" not in name} == {"id"}
    assert (await noor("GET", f"me/directReports/{ADA}/id/$value")).text == ADA
    for path in (f"me/directReports/{ADA}/displayName", f"users/{ADA}/directReports/{BRAM}",
                 f"groups/{CHESS}/members/{ADA}"):  # fmt: skip
        fault(await noor("GET", path), 403, "Authorization_RequestDenied")
    ada = service.person("ada", "User.Read")
    fault(await ada("GET", f"me/memberOf/{CHESS}/displayName"), 403, "Authorization_RequestDenied")
    assert (await ada("GET", f"me/memberOf/{CHESS}/id/$value")).text == CHESS


async def test_no_relation_leads_to_another_tenant(stranger: Client) -> None:
    noor = sample.person_id("noor")
    for path in (f"users/{noor}/directReports/{ADA}", f"users/{ADA}/memberOf/{CHESS}",
                 f"groups/{CHESS}/members/{ADA}", f"users/{noor}/$ref", f"groups/{CHESS}/$ref",
                 f"groups/{CHESS}/displayName"):  # fmt: skip
        response = await stranger("GET", path)
        assert response.status_code in {403, 404}
        assert "Harbour" not in response.text

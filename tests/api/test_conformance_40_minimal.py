"""OData 4.0 Minimal (Protocol 4.01, section 13.1.1): a test for each requirement, by its id."""

import pytest

from api.batching import batch, get, post
from api.conformance import (
    ADA,
    BRAM,
    CONTEXT,
    EDM,
    INTERESTS,
    PATH,
    ada_with_interests,
    body,
    metadata,
    names,
    the_id,
)
from api.conftest import BASE, Client, Service, fault
from api.test_facets import create
from openprofile.model.facets import FACETS
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


@pytest.mark.parametrize("version", ["beta", "v1.0"])
async def test_m1_the_root_is_a_service_document(ada: Client, version: str) -> None:
    document = await body(ada, f"/{version}")
    assert document["@odata.context"] == f"{BASE}/{version}/$metadata"
    assert {(entry["name"], entry["kind"]) for entry in document["value"]} >= {
        ("me", "Singleton"), ("users", "EntitySet"),
    }  # fmt: skip
    assert all(entry["url"] == entry["name"] for entry in document["value"])


async def test_m2_answers_are_json_with_their_context(ada: Client) -> None:
    for path, context in (
        (PATH, CONTEXT),
        (f"{PATH}/{await the_id(ada)}", f"{CONTEXT}/$entity"),
        ("me/profile", f"{CONTEXT.removesuffix('/interests')}/$entity"),
    ):
        response = await ada("GET", path)
        assert response.headers["content-type"].startswith("application/json;odata.metadata=")
        assert response.json()["@odata.context"] == context


async def test_m3_what_is_left_out_of_a_page_has_a_link(ada: Client) -> None:
    found, url = [], PATH
    while url:
        page = await body(ada, url, Prefer="maxpagesize=2")
        assert len(page["value"]) <= 2
        found += [item["displayName"] for item in page["value"]]
        url = page.get("@odata.nextLink", "")
    assert found == [interest["displayName"] for interest in INTERESTS]


@pytest.mark.parametrize("asked", [{}, {"OData-MaxVersion": "4.0"}, {"OData-MaxVersion": "4.01"}])
async def test_m4_every_answer_carries_its_version(
    service: Service, ada: Client, asked: dict[str, str]
) -> None:
    item = f"{PATH}/{await the_id(ada)}"
    tag = (await ada("GET", item)).headers["etag"]
    minimal = {"Prefer": "return=minimal"}
    for status, method, path, options in (
        (200, "GET", "/beta", {}),
        (200, "GET", "$metadata", {}),
        (200, "GET", PATH, {}),
        (200, "GET", f"{PATH}/$count", {}),
        (200, "GET", f"{PATH}/$ref", {}),
        (200, "GET", item, {}),
        (304, "GET", item, {"headers": {"If-None-Match": tag}}),
        (200, "GET", f"{item}/displayName", {}),
        (200, "GET", f"{item}/displayName/$value", {}),
        (204, "GET", f"{item}/description", {}),
        (201, "POST", PATH, {"json": {}}),
        (204, "POST", PATH, {"json": {}, "headers": minimal}),
        (200, "PATCH", item, {"json": {}}),
        (204, "PATCH", item, {"json": {}, "headers": minimal}),
        (204, "PUT", f"{item}/displayName", {"json": {"value": "x"}}),
        (400, "GET", f"{PATH}?$top=x", {}),
        (404, "GET", f"{PATH}/nope", {}),
        (405, "PUT", item, {}),
        (406, "GET", PATH, {"headers": {"Accept": "text/csv"}}),
        (412, "PATCH", item, {"json": {}, "headers": {"If-Match": '"0"'}}),
        (413, "POST", PATH, {"content": b" " * 1024 * 1025}),
        (414, "GET", f"{PATH}?x={'y' * 20_000}", {}),
        (415, "POST", PATH, {"content": b"{}"}),
        (501, "GET", f"{PATH}?$apply=x", {}),
        (200, "POST", "$batch", {"json": {"requests": [get("1")]}}),
        (400, "POST", "$batch", {"json": {}}),
        (204, "DELETE", item, {}),
        (204, "DELETE", "me/profile", {}),
    ):
        headers = {**asked, **options.pop("headers", {})}
        response = await ada(method, path, headers=headers, **options)
        assert response.status_code == status, (method, path, response.text)
        expected = "4.0" if status >= 400 else asked.get("OData-MaxVersion", "4.0")
        assert response.headers["odata-version"] == expected, (method, path)
    unknown = await service.anonymous()("GET", PATH)
    assert (unknown.status_code, unknown.headers["odata-version"]) == (401, "4.0")


async def test_m4_every_answer_in_a_batch_carries_its_version(ada: Client) -> None:
    answers = await batch(
        ada,
        get("read"),
        get("refused", f"{PATH}/nope"),
        post("write"),
        get("out", "//evil.example"),
    )
    assert [answer["headers"]["OData-Version"] for answer in answers.values()] == ["4.0"] * 4


async def test_m4_every_answer_of_the_directory_carries_its_version(service: Service) -> None:
    admin = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    person = f"users/{ADA}"
    reference = {"@odata.id": f"{BASE}/beta/users/{BRAM}"}
    for status, method, path, options in (
        (200, "GET", "users", {}),
        (200, "GET", person, {}),
        (204, "PATCH", person, {"json": {"city": "Oslo"}}),
        (204, "PUT", f"{person}/manager/$ref", {"json": reference}),
        (204, "DELETE", f"{person}/manager/$ref", {}),
        (404, "GET", f"{person}/manager", {}),
        (204, "DELETE", person, {}),
    ):
        response = await admin(method, path, **options)
        assert response.status_code == status, (method, path, response.text)
        assert response.headers["odata-version"] == "4.0", (method, path)


async def test_m5_a_header_that_decides_the_answer_is_obeyed_or_refused(ada: Client) -> None:
    for path in ("/beta", "$metadata", PATH, "me/profile", f"{PATH}/$count"):
        fault(await ada("GET", path, headers={"OData-MaxVersion": "3.0"}), 400, "BadRequest")
    for path in ("/beta", "$metadata", PATH, "me/profile", f"{PATH}/$ref"):
        fault(await ada("GET", path, headers={"Accept": "text/csv"}), 406, "notAcceptable")
    for name in ("Isolation", "OData-Isolation"):
        response = await ada("GET", PATH, headers={name: "snapshot"})
        fault(response, 412, "preconditionFailed")


@pytest.mark.parametrize(
    ("accept", "level"),
    [
        ("application/json", "minimal"),
        ("application/json;odata.metadata=none", "none"),
        ("application/json; metadata=full; q=0.8, application/json;q=0.2", "full"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "minimal"),
    ],
)
async def test_m5_1_accept_decides_the_format(ada: Client, accept: str, level: str) -> None:
    response = await ada("GET", PATH, headers={"Accept": accept})
    assert f"metadata={level};" in response.headers["content-type"]
    assert "Accept" in response.headers["vary"]


@pytest.mark.parametrize(
    "accept", ["application/xml", "application/json;odata.metadata=most", "application/json;x=1"]
)
async def test_m5_1_a_format_that_cannot_be_given_is_refused(ada: Client, accept: str) -> None:
    fault(await ada("GET", PATH, headers={"Accept": accept}), 406, "notAcceptable")


@pytest.mark.parametrize(
    ("newest", "given", "prefix"),
    [("4.0", "4.0", "@odata."), ("4.01", "4.01", "@"), ("4.02", "4.01", "@"), ("5.0", "4.01", "@")],
)
async def test_m5_2_no_answer_is_newer_than_its_client_takes(
    ada: Client, newest: str, given: str, prefix: str
) -> None:
    response = await ada("GET", PATH, headers={"OData-MaxVersion": newest})
    assert response.headers["odata-version"] == given
    assert "OData-MaxVersion" in response.headers["vary"]
    assert f"{prefix}context" in response.json()


async def test_m6_what_a_client_adds_of_its_own_changes_nothing(ada: Client) -> None:
    plain = await body(ada, PATH)
    assert await body(ada, f"{PATH}?custom=$filter&client-request-id=1", X_Mine="1") == plain
    item = await create(
        ada, displayName="Sailing",
        **{"@my.note": "x", "displayName@my.note": {"a": 1}, "inference@my.note": [1]},
    )  # fmt: skip
    assert item["displayName"] == "Sailing"
    assert not any("my.note" in name for name in item)
    fault(await ada("POST", PATH, json={"mine": 1}), 400, "BadRequest")


@pytest.mark.parametrize("option", ["$apply=x", "$deltatoken=x", "$index=0", "$schemaversion=2",
                                    "$unknown=1", "apply=x"])  # fmt: skip
async def test_m7_an_option_that_is_not_supported_is_told(ada: Client, option: str) -> None:
    item = await the_id(ada)
    for path in (
        PATH,
        f"{PATH}/$count",
        f"{PATH}/{item}",
        f"{PATH}/{item}/displayName",
        f"{PATH}/{item}/displayName/$value",
        "me/profile",
        "$metadata",
        "/beta",
    ):
        error = fault(await ada("GET", f"{path}?{option}"), 501, "NotImplemented")
        assert option.partition("=")[0] in error["message"]


@pytest.mark.parametrize(
    "query",
    ["$filter=displayName", "$filter=(true", "$orderby=displayName down", "$top=-1", "$skip=x",
     "$count=1", "$select=,", "$expand=", "$search=(", "$top=1&$top=1", "$filter=true)&$top=1"],
)  # fmt: skip
async def test_m7_an_option_that_is_malformed_is_refused(ada: Client, query: str) -> None:
    fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")


async def test_m8_all_types_are_those_of_csdl(ada: Client) -> None:
    root = await metadata(ada)
    declared = {f"graph.{each.get('Name')}" for each in root.iter() if each.tag.endswith("Type")}
    primitive = {"Edm.Boolean", "Edm.Date", "Edm.DateTimeOffset", "Edm.Double", "Edm.Int32",
                 "Edm.String"}  # fmt: skip
    for found in root.iter(f"{EDM}Property"):
        name = found.attrib["Type"].removeprefix("Collection(").removesuffix(")")
        assert name in declared | primitive


async def test_m9_an_answer_is_read_without_annotations_or_custom_headers(ada: Client) -> None:
    bare = await body(ada, PATH, Accept="application/json;odata.metadata=none")
    assert set(bare) == {"value"}
    known = {found.get("Name") for found in (await metadata(ada)).iter(f"{EDM}Property")}
    for item in bare["value"]:
        assert set(item) <= known


@pytest.mark.parametrize("facet", WRITABLE)
async def test_m10_an_update_changes_what_it_names_and_nothing_else(
    ada: Client, facet: str
) -> None:
    before = await create(ada, facet, **settable(FACETS[facet]))
    path = f"me/profile/{facet}/{before['id']}"
    after = (await ada("PATCH", path, json={"allowedAudiences": "family"})).json()
    differing = {name for name in before if before[name] != after[name]}
    assert differing == {"allowedAudiences", "lastModifiedDateTime", "@odata.etag"}
    fault(await ada("PATCH", path, json={"allowedAudiences": 1}), 400, "BadRequest")
    assert (await body(ada, path)) == after


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$orderby=description", ["Chess", "Hiking", "Go"]),
        ("$orderby=description desc", ["Go", "Chess", "Hiking"]),
        ("$filter=description ne 'x'", ["Chess", "Go", "Hiking"]),
        ("$filter=not contains(description,'x')", ["Go"]),
        ("$filter=not (inference/confidenceScore gt 0.5)", ["Go", "Hiking"]),
        ("$filter=categories/all(c:c eq 'Games')", ["Go", "Hiking"]),
        ("$skip=1&$top=1&$orderby=displayName desc", ["Go"]),
    ],
)
async def test_m11_null_order_and_paging_are_as_odata_says(
    ada: Client, query: str, expected: list[str]
) -> None:
    assert await names(ada, query) == expected


async def test_m12_expand_inlines_what_is_named(ada: Client) -> None:
    profile = await body(ada, "me/profile?$expand=interests($select=displayName)")
    assert [item["displayName"] for item in profile["interests"]] == ["Chess", "Go", "Hiking"]


async def test_m13_the_metadata_is_xml(ada: Client) -> None:
    response = await ada("GET", "$metadata")
    assert response.headers["content-type"] == "application/xml"
    assert response.headers["odata-version"] == "4.0"


@pytest.mark.parametrize("prefix", ["", "odata."])
async def test_m14_preferences_and_parameters_are_known_with_their_prefix(
    ada: Client, prefix: str
) -> None:
    page = await ada("GET", PATH, headers={"Prefer": f"{prefix}maxpagesize=1"})
    assert len(page.json()["value"]) == 1
    assert page.headers["preference-applied"] == "odata.maxpagesize=1"
    bare = await body(ada, PATH, Accept=f"application/json;{prefix}metadata=none")
    assert set(bare) == {"value"}
    long = await body(ada, f"{PATH}?$count=true", Accept="application/json;IEEE754Compatible=true")
    assert long["@odata.count"] == "3"
    header = f"{prefix.replace('.', '-')}isolation"
    response = await ada("GET", PATH, headers={header: "snapshot"})
    fault(response, 412, "preconditionFailed")


@pytest.mark.parametrize(
    "query",
    ["$filter=allowedAudiences eq microsoft.graph.allowedAudiences'everyone'",
     "$filter=allowedAudiences has microsoft.graph.allowedAudiences'everyone'",
     "$filter=allowedAudiences eq 'everyone' and duration'PT1H' gt duration'PT1M'"],
)  # fmt: skip
async def test_m15_enumerations_and_durations_are_known_with_their_prefix(
    ada: Client, query: str
) -> None:
    assert await names(ada, query) == ["Chess"]

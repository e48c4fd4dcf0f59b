"""OData 4.01 Minimal (Protocol 4.01, section 13.2.1): a test for each requirement, by its id."""

from typing import Any
from urllib.parse import quote

import pytest

from api.conformance import (
    ADA,
    CONTEXT,
    EDM,
    PATH,
    ada_with_interests,
    body,
    metadata,
    names,
    references,
    the_id,
)
from api.conftest import Client, Service, fault
from api.test_directory import CHESS
from docs.conformance_page import unmet
from openprofile.model.facets import FACETS

pytestmark = pytest.mark.anyio
CONTAINER = "microsoft.graph.GraphService"
CORE, CAPABILITIES = "Org.OData.Core.V1", "Org.OData.Capabilities.V1"


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


def test_M1_the_same_level_of_the_older_version_is_met() -> None:
    assert unmet("m") == []


async def test_M2_a_newer_answer_has_short_names(ada: Client) -> None:
    newer = {"OData_MaxVersion": "4.01"}
    page = await body(ada, f"{PATH}?$count=true", Prefer="maxpagesize=1", **newer)
    assert set(page) == {"@context", "@count", "value", "@nextLink"}
    full = "application/json;metadata=full"
    item = await body(ada, f"{PATH}/{await the_id(ada)}", Accept=full, **newer)
    control = {name for name in item if name.startswith("@")}
    assert control == {"@context", "@type", "@id", "@etag", "@editLink"}
    assert item["categories@type"] == "#Collection(String)"
    profile = await body(ada, "me/profile?$expand=interests($count=true)", **newer)
    assert {name for name in profile if "@" in name} == {
        "@context", "interests@context", "interests@count",
    }  # fmt: skip


@pytest.mark.parametrize("version", ["4.0", "4.01"])
@pytest.mark.parametrize("prefix", ["@", "@odata."])
async def test_M2_a_body_may_have_short_names_or_long(
    ada: Client, version: str, prefix: str
) -> None:
    sent = {f"{prefix}type": "#microsoft.graph.personInterest", "displayName": "x"}
    response = await ada("POST", PATH, json=sent, headers={"OData-Version": version})
    assert response.status_code == 201
    wrong = {f"{prefix}type": "#microsoft.graph.personName"}
    fault(
        await ada("POST", PATH, json=wrong, headers={"OData-Version": version}), 400, "BadRequest"
    )


@pytest.mark.parametrize("version", ["3.0", "4.02", "x"])
async def test_M2_a_body_of_another_version_is_refused(ada: Client, version: str) -> None:
    response = await ada("POST", PATH, json={}, headers={"OData-Version": version})
    assert fault(response, 400, "BadRequest")["target"] == "OData-Version"


@pytest.mark.parametrize("version", ["4.0", "4.01"])
@pytest.mark.parametrize("prefix", ["", "odata."])
async def test_M4_preferences_and_parameters_may_have_their_prefix(
    ada: Client, version: str, prefix: str
) -> None:
    response = await ada("GET", PATH, headers={
        "OData-MaxVersion": version,
        "Prefer": f"{prefix}maxpagesize=2",
        "Accept": f"application/json;{prefix}metadata=none",
    })  # fmt: skip
    assert response.headers["preference-applied"].endswith("maxpagesize=2")
    assert len(response.json()["value"]) == 2
    assert "metadata=none" in response.headers["content-type"]


@pytest.mark.parametrize("dollar", ["", "$", "%24"])
@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("filter=displayName eq 'Go'", ["Go"]),
        ("orderby=displayName desc", ["Hiking", "Go", "Chess"]),
        ("search=hiking", ["Hiking"]),
        ("top=1", ["Chess"]),
        ("skip=2", ["Hiking"]),
        ("count=true", ["Chess", "Go", "Hiking"]),
        ("select=displayName", ["Chess", "Go", "Hiking"]),
        ("format=json", ["Chess", "Go", "Hiking"]),
    ],
)
async def test_M6_options_may_go_without_their_dollar(
    ada: Client, dollar: str, option: str, expected: list[str]
) -> None:
    assert await names(ada, f"{dollar}{option}") == expected


async def test_M6_an_option_stands_once_by_either_name(ada: Client) -> None:
    fault(await ada("GET", f"{PATH}?$top=1&TOP=1"), 400, "BadRequest")


@pytest.mark.parametrize(
    "query",
    ["$FILTER=displayName EQ 'Go'", "Filter=Contains(displayName,'Go')",
     "$filter=NOT (displayName NE 'Go')", "$Filter=displayName IN ('Go')",
     "$filter=categories/ANY(c:c EQ 'Games') And description Ne NULL",
     "$OrderBy=displayName DESC&$Skip=1&$TOP=1", "$search=go"],
)  # fmt: skip
async def test_M7_options_operators_and_functions_have_any_case(ada: Client, query: str) -> None:
    assert await names(ada, query) == ["Go"]


async def test_M8_names_are_returned_as_the_metadata_spells_them(ada: Client) -> None:
    found = await body(ada, "ME/Profile/INTERESTS?$select=DISPLAYNAME,inference/ConfidenceScore")
    assert found["@odata.context"] == f"{CONTEXT}(displayName,inference/confidenceScore)"
    assert set(found["value"][0]) == {"@odata.etag", "id", "displayName", "inference"}
    assert set(found["value"][0]["inference"]) == {"confidenceScore"}
    profile = await body(ada, "me/profile?$expand=INTERESTS")
    assert "interests" in profile


@pytest.mark.parametrize("newest", ["4.0", "4.01"])
@pytest.mark.parametrize(
    "query",
    ["$filter=displayName in ('Go')", "filter=displayName eq 'Go'",
     "$filter=allowedAudiences eq 'organization' and length(displayName) divby 4 eq 0.5",
     "$filter=allowedAudiences eq graph.allowedAudiences'organization' and displayName eq 'Go'"],
)  # fmt: skip
async def test_M9_urls_of_both_versions_are_read_whatever_is_answered(
    ada: Client, newest: str, query: str
) -> None:
    found = await body(ada, f"{PATH}?{query}", OData_MaxVersion=newest)
    assert [item["displayName"] for item in found["value"]] == ["Go"]


@pytest.mark.parametrize(
    "condition",
    [
        "createdDateTime gt cast('2020-01-01T00:00:00Z',Edm.DateTimeOffset)",
        "date(createdDateTime) gt cast('2020-01-01',Edm.Date)",
        "length(displayName) eq cast('2',Edm.Int32)",
        "inference/confidenceScore eq cast('0.4',Edm.Double)",
        "isSearchable eq cast('false',Edm.Boolean) and displayName eq 'Go'",
        "cast('PT1H',Edm.Duration) eq duration'PT60M' and displayName eq 'Go'",
    ],
)
async def test_M9a_a_string_is_cast_to_a_primitive_type(ada: Client, condition: str) -> None:
    assert "Go" in await names(ada, f"$filter={condition}")


@pytest.mark.parametrize(
    "condition",
    ["allowedAudiences eq 'everyone'", "allowedAudiences eq graph.allowedAudiences'everyone'",
     "allowedAudiences eq microsoft.graph.allowedAudiences'everyone'",
     "allowedAudiences has 'everyone' and duration'PT1H' eq 'PT60M'",
     "allowedAudiences in ('everyone') and 'PT1H' eq duration'PT60M'"],
)  # fmt: skip
async def test_M9b_enumerations_and_durations_may_go_without_their_type(
    ada: Client, condition: str
) -> None:
    assert await names(ada, f"$filter={condition}") == ["Chess"]


async def test_M9f_a_key_may_be_an_alias(ada: Client) -> None:
    item = await the_id(ada)
    for path in (
        f"users(@u)/profile/interests?@u='{ADA}'",
        "users(userPrincipalName=@u)/profile/interests?@u='ada@harbour.example'",
        "users(%40u)/profile/interests?%40u=%27ada%40harbour.example%27",
    ):
        assert len((await body(ada, path))["value"]) == 3
    for path in (
        f"{PATH}(@k)?@k='{item}'",
        f"{PATH}(id=@k)?@k={item}",
        f"users(@u)/profile/interests(@k)?@k='{item}'&@u='{ADA}'&$select=displayName",
    ):
        assert (await body(ada, path))["displayName"] == "Chess"
    changed = await ada("PATCH", f"{PATH}(@k)?@k='{item}'", json={"displayName": "Shogi"})
    assert changed.json()["displayName"] == "Shogi"
    for query in ("", "?@k=", "?@k=null and", "?@k=@k2&@k2='x'&@k='y'", "?@other='x'"):
        assert (await ada("GET", f"{PATH}(@k){query}")).status_code in {400, 404}


@pytest.mark.parametrize("key", ["a/b", "a\\b", "\0", "a'b", "%2F", "é", "a b", "?#&=+"])
async def test_M9f_a_key_may_hold_any_character(ada: Client, key: str) -> None:
    literal = quote("'" + key.replace("'", "''") + "'", safe="")
    for path in (f"{PATH}(@k)?@k={literal}", f"{PATH}({literal})", f"{PATH}/{quote(key, safe='')}"):
        fault(await ada("GET", path), 404, "itemNotFound")


async def test_M9h_a_single_reference_is_compared_with_null(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    for name in references(collection=False):
        found = await body(hiro, f"users?$filter={name} ne null&$select=id")
        assert ADA in {each["id"] for each in found["value"]}


async def test_M9i_in_finds_what_is_listed(ada: Client) -> None:
    assert await names(ada, "$filter=displayName in ('Go','Chess')") == ["Chess", "Go"]


async def test_M9j_divby_gives_a_decimal(ada: Client) -> None:
    assert await names(ada, "$filter=length(displayName) divby 2 eq 2.5") == ["Chess"]
    assert await names(ada, "$filter=length(displayName) div 2 eq 2") == ["Chess"]


async def test_M9k_substring_counts_from_the_end(ada: Client) -> None:
    assert await names(ada, "$filter=substring(displayName,-2) eq 'ss'") == ["Chess"]
    assert await names(ada, "$filter=substring(displayName,-2,1) eq 'G'") == ["Go"]


@pytest.mark.parametrize("facet", sorted(FACETS))
async def test_M9l_keys_are_segments(ada: Client, facet: str) -> None:
    for item in (await body(ada, f"users/{ADA}/profile/{facet}"))["value"]:
        assert (await body(ada, f"me/profile/{facet}/{item['id']}"))["id"] == item["id"]


async def test_M9l_a_a_key_in_parentheses_is_the_same(ada: Client) -> None:
    item = await the_id(ada)
    paths = [f"{PATH}/{item}", f"{PATH}('{item}')", f"{PATH}(id='{item}')", f"{PATH}({item})"]
    answers: list[Any] = [await body(ada, path) for path in paths]
    assert answers == [answers[0]] * 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('$filter=inference eq {"confidenceScore":0.9}', ["Chess"]),
        ('$filter=inference eq @a&@a={"confidenceScore":0.9}', ["Chess"]),
        ('$filter=inference ne {"confidenceScore":0.9}', ["Go", "Hiking"]),
        ('$filter=inference in [{"confidenceScore":0.4},null]', ["Go", "Hiking"]),
        ("$filter=inference eq inference and createdBy eq lastModifiedBy&$top=1", ["Chess"]),
        ("$filter=sources eq sources&$top=1", ["Chess"]), ("$filter=sources eq []", []),
    ],
)  # fmt: skip
async def test_M9n_complex_values_are_compared(
    ada: Client, query: str, expected: list[str]
) -> None:
    assert await names(ada, query) == expected


async def test_M9m_what_is_filtered_is_counted(ada: Client) -> None:
    query = "$filter=categories/$count($filter=$this eq 'Mind') eq 1"
    assert await names(ada, query) == ["Chess"]


async def test_M10_the_metadata_is_xml_or_json(ada: Client) -> None:
    for option, form in (("xml", "application/xml"), ("json", "application/json")):
        for path, headers in ((f"$metadata?$format={option}", {}), ("$metadata", {"Accept": form})):
            response = await ada("GET", path, headers=headers)
            assert response.headers["content-type"] == form
    fault(await ada("GET", "$metadata?$format=atom"), 406, "notAcceptable")


async def test_M11_no_two_names_differ_by_case_alone(ada: Client) -> None:
    root = await metadata(ada)
    kinds = [each for each in root.iter() if each.tag.endswith(("Type", "EntityContainer"))]
    for group in (kinds, *kinds):
        found = [each.get("Name") for each in group if each.get("Name")]
        assert len({str(name).lower() for name in found}) == len(found)


async def test_M12_the_metadata_tells_the_versions(ada: Client) -> None:
    container = (await container_annotations(ada))[f"{CORE}.ODataVersions"]
    assert container.get("String") == "4.0 4.01"
    json = (await ada("GET", "$metadata?$format=json")).json()
    assert (
        json["microsoft.graph"]["$Annotations"][CONTAINER][f"@{CORE}.ODataVersions"] == "4.0 4.01"
    )


async def test_M13_the_metadata_tells_the_capabilities(ada: Client) -> None:
    found = await container_annotations(ada)
    level = f"{CAPABILITIES}.ConformanceLevelType/Intermediate"
    assert found[f"{CAPABILITIES}.ConformanceLevel"].get("EnumMember") == level
    assert unmet("I") == unmet("M") == unmet("i") == unmet("m") == []
    for term, said in (
        ("AsynchronousRequestsSupported", "false"),
        ("CrossJoinSupported", "false"),
        ("KeyAsSegmentSupported", "true"),
    ):
        assert found[f"{CAPABILITIES}.{term}"].get("Bool") == said
    formats = found[f"{CAPABILITIES}.SupportedFormats"].iter(f"{EDM}String")
    for media in formats:
        assert (await ada("GET", PATH, headers={"Accept": str(media.text)})).status_code == 200
    functions = found[f"{CAPABILITIES}.FilterFunctions"].iter(f"{EDM}String")
    assert {"contains", "cast", "now"} <= {each.text for each in functions}
    json = (await ada("GET", "$metadata?$format=json")).json()
    assert set(json["$Reference"]) == {
        each.get("Uri") for each in (await metadata(ada)) if each.tag.endswith("Reference")
    }
    said = json["microsoft.graph"]["$Annotations"][CONTAINER]
    assert {name.removeprefix("@") for name in said} == set(found)


async def container_annotations(client: Client) -> dict[str, Any]:
    """The annotations of the entity container in the XML, by term."""
    (annotations,) = (await metadata(client)).iter(f"{EDM}Annotations")
    assert annotations.get("Target") == CONTAINER
    return {each.attrib["Term"]: each for each in annotations.iter(f"{EDM}Annotation")}


async def test_M15_what_is_computed_is_shown(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$compute=toupper(displayName) as loud&$select=loud")
    assert [item["loud"] for item in found["value"]] == ["CHESS", "GO", "HIKING"]


@pytest.mark.parametrize("facet", sorted(FACETS))
async def test_M16_every_collection_is_searched(ada: Client, facet: str) -> None:
    assert (await body(ada, f"me/profile/{facet}?$search=zebra"))["value"] == []


def test_M18_what_a_service_that_can_be_written_needs_is_met() -> None:
    assert unmet("m") == []


async def test_M19_a_reference_is_removed_by_its_key(service: Service) -> None:
    hiro = service.administrator("User.Read.All", "GroupMember.ReadWrite.All")
    path = f"groups/{CHESS}/members"
    leaving, *staying = [one["id"] for one in (await body(hiro, path))["value"]]
    assert (await hiro("DELETE", f"{path}('{leaving}')/$ref")).status_code == 204
    assert [one["id"] for one in (await body(hiro, path))["value"]] == staying
    assert (await hiro("GET", f"users/{leaving}")).status_code == 200


async def test_M25_a_type_in_the_path_is_written_through(ada: Client) -> None:
    path = f"{PATH}/{await the_id(ada)}/microsoft.graph.personInterest"
    assert (await ada("PATCH", path, json={"displayName": "x"})).json()["displayName"] == "x"
    assert (await ada("DELETE", path)).status_code == 204


async def test_M27_a_write_selects_its_answer(ada: Client) -> None:
    response = await ada("POST", f"{PATH}?$select=displayName", json={"displayName": "x"})
    assert set(response.json()) == {"@odata.context", "@odata.etag", "id", "displayName"}
    path = f"{PATH}/{response.json()['id']}?$select=webUrl"
    response = await ada("PATCH", path, json={"displayName": "y"})
    assert set(response.json()) == {"@odata.context", "@odata.etag", "id", "webUrl"}

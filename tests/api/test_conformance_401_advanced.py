"""OData 4.01 Advanced (Protocol 4.01, section 13.2.3): a test for each requirement, by its id."""

import json
from typing import Any

import pytest

from api.batching import batch, get
from api.conformance import PATH, ada_with_interests, body, names
from api.conftest import Client, Service, fault
from docs.conformance_page import unmet

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


async def selected(client: Client, options: str) -> list[Any]:
    """The categories of each interest, with these options in $select."""
    found = await body(client, f"{PATH}?$select=categories({options})")
    return [item["categories"] for item in found["value"]]


def test_A1_the_level_below_is_met() -> None:
    assert unmet("I") == []


def test_A2_the_same_level_of_the_older_version_is_met() -> None:
    assert unmet("a") == []


async def test_A3_what_is_filtered_or_searched_is_counted(ada: Client) -> None:
    for condition in (
        "categories/$count($filter=$this eq 'Mind') eq 1",
        "categories/$count($search=mind) eq 1",
        "categories/$count($filter=$this ne 'Games';$search=mind) gt 0",
    ):
        assert await names(ada, f"$filter={condition}") == ["Chess"]


async def test_A4_what_is_computed_is_filtered_ordered_and_shown(ada: Client) -> None:
    query = "$compute=length(displayName) as size,displayName as name&$orderby=size&$select=name"
    found = await body(ada, f"{PATH}?{query}")
    assert [item["name"] for item in found["value"]] == ["Go", "Chess", "Hiking"]
    response = await ada("GET", f"{PATH}?$compute=1 as displayName")
    fault(response, 400, "BadRequest")


async def test_A5_options_stand_inside_select(ada: Client) -> None:
    query = "$select=displayName,inference($select=confidenceScore),categories($top=1)"
    item = (await body(ada, f"{PATH}?{query}"))["value"][0]
    del item["@odata.etag"], item["id"]
    assert item == {
        "displayName": "Chess",
        "inference": {"confidenceScore": 0.9},
        "categories": ["Games"],
    }


async def test_A5_1_what_is_selected_is_filtered(ada: Client) -> None:
    assert await selected(ada, "$filter=$this eq 'Mind'") == [["Mind"], [], []]


async def test_A5_2_what_is_selected_is_ordered(ada: Client) -> None:
    assert await selected(ada, "$orderby=$this desc") == [["Mind", "Games"], ["Games"], []]


async def test_A5_3_what_is_selected_is_counted(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$select=categories($count=true;$top=1)")
    assert [item["categories@odata.count"] for item in found["value"]] == [2, 1, 0]


async def test_A5_4_what_is_selected_is_cut(ada: Client) -> None:
    assert await selected(ada, "$skip=1;$top=1") == [["Mind"], [], []]


async def test_A5_5_what_is_selected_is_searched(ada: Client) -> None:
    assert await selected(ada, "$search=mind") == [["Mind"], [], []]


async def test_A6_the_metadata_is_json(ada: Client) -> None:
    response = await ada("GET", "$metadata", headers={"Accept": "application/json"})
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert {"$Version", "$EntityContainer", "$Reference", "microsoft.graph"} == set(document)
    assert document["microsoft.graph"]["personInterest"]["$BaseType"] == "graph.itemFacet"


async def test_A7_a_batch_has_either_format_and_either_answer(ada: Client) -> None:
    assert (await batch(ada, get("1", f"{PATH}/$ref")))["1"]["status"] == 200
    sent = json.dumps({"requests": [get("1", f"{PATH}/$ref")]}).encode()
    response = await ada("POST", "$batch", content=sent, headers={
        "Content-Type": "application/json", "Accept": "multipart/mixed",
    })  # fmt: skip
    assert response.headers["content-type"].startswith("multipart/mixed")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$filter(displayName eq 'Go')", ["Go"]),
        ("%24filter%28inference%2FconfidenceScore%20gt%200.5%29", ["Chess"]),
        ("$filter(inference/confidenceScore gt 0.5)", ["Chess"]),
        ("$filter(@a)/$filter(@b)?@a=length(displayName) gt 2&@b=categories/any()", ["Chess"]),
        ("$filter(true)?$filter=displayName eq 'Go' or displayName eq 'Chess'", ["Chess", "Go"]),
        ("$filter(false or true)?%24Filter=false or displayName eq 'Go'", ["Go"]),
        ("$filter(displayName ne ')''(')?$orderby=displayName desc&$top=1", ["Hiking"]),
    ],
)
async def test_A8_a_segment_of_the_path_filters(
    ada: Client, path: str, expected: list[str]
) -> None:
    found = (await body(ada, f"{PATH}/{path}"))["value"]
    assert [item["displayName"] for item in found] == expected


async def test_A8_what_is_filtered_is_counted_referred_to_and_paged(ada: Client) -> None:
    filtered = f"{PATH}/$filter(categories/any())"
    assert (await ada("GET", f"{filtered}/$count")).text == "2"
    assert len((await body(ada, f"{filtered}/$ref"))["value"]) == 2
    page = await body(ada, f"{filtered}?$select=displayName", Prefer="maxpagesize=1")
    rest = await body(ada, page["@odata.nextLink"])
    assert [item["displayName"] for item in rest["value"]] == ["Go"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("$filter(displayName eq)", 400, "BadRequest"), ("$filter()", 400, "BadRequest"),
        ("$filter(true", 400, "BadRequest"), ("$filter(true) or (true)", 400, "BadRequest"),
        ("$filter(true)or(true)", 400, "BadRequest"), ("$filter(%ff)", 400, "BadRequest"),
        ("$count/$filter(true)", 400, "BadRequest"), ("$filter(nope)", 400, "BadRequest"),
        ("$filter(true)('a')", 501, "NotImplemented"), ("$filter(true)/a", 501, "NotImplemented"),
        ("$filter(true)/$each", 501, "NotImplemented"), ("$filter", 501, "NotImplemented"),
        ("$filter($root/me eq null)", 501, "NotImplemented"),
    ],
)  # fmt: skip
async def test_A8_a_segment_that_does_not_fit_is_refused(
    ada: Client, path: str, status: int, code: str
) -> None:
    fault(await ada("GET", f"{PATH}/{path}"), status, code)


async def test_A9_an_alias_is_defined_inside_options(ada: Client) -> None:
    found = await body(
        ada, f"{PATH}?$select=categories(@a=$this;$filter=@a eq @b)&@a='outer'&@b='Games'"
    )
    assert [item["categories"] for item in found["value"]] == [["Games"], ["Games"], []]
    profile = await body(
        ada, "me/profile?$expand=interests(@n='Go';$filter=displayName eq @n)&@n='Chess'"
    )
    assert [item["displayName"] for item in profile["interests"]] == ["Go"]


@pytest.mark.parametrize(
    "query", ["$filter=DISPLAYNAME eq 'Go'", "$orderby=DisplayName desc&$skip=1&$top=1"]
)
async def test_A10_names_may_have_any_case_where_none_fits_exactly(ada: Client, query: str) -> None:
    assert await names(ada, query) == ["Go"]

"""OData 4.01 Intermediate (Protocol 4.01, section 13.2.2): a test for each requirement."""

import pytest

from api.conformance import ADA, CONTEXT, PATH, ada_with_interests, body, names, references
from api.conftest import Client, Service
from docs.conformance_page import unmet

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


def test_I1_the_level_below_is_met() -> None:
    assert unmet("M") == []


def test_I2_the_same_level_of_the_older_version_is_met() -> None:
    assert unmet("i") == []


async def test_I3_a_single_reference_is_compared_with_null(service: Service) -> None:
    hiro = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    for name in references(collection=False):
        without = await body(hiro, f"users?$filter={name} eq null&$select=id")
        with_it = await body(hiro, f"users?$filter={name} ne null&$select=id")
        assert ADA not in {each["id"] for each in without["value"]}
        assert ADA in {each["id"] for each in with_it["value"]}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("displayName in ('Go','Hiking','x')", ["Go", "Hiking"]),
        ("displayName in []", []),
        ("displayName in ()", []),
        ("description in ('x',null)", ["Chess", "Hiking"]),
        ("'Mind' in categories", ["Chess"]),
        ("allowedAudiences in ('everyone','me')", ["Chess"]),
        ("inference/confidenceScore in (0.4,0.5)", ["Go"]),
        ("not (displayName in ('Go'))", ["Chess", "Hiking"]),
    ],
)
async def test_I4_in_looks_into_a_list(ada: Client, condition: str, expected: list[str]) -> None:
    assert await names(ada, f"$filter={condition}") == expected


@pytest.mark.parametrize(
    "selected", ["inference($select=confidenceScore)", "inference/confidenceScore"]
)
async def test_I5_select_stands_inside_select(ada: Client, selected: str) -> None:
    found = await body(ada, f"{PATH}?$select={selected}")
    assert [item["inference"] for item in found["value"]] == [
        {"confidenceScore": 0.9}, {"confidenceScore": 0.4}, None,
    ]  # fmt: skip
    assert found["@odata.context"] == f"{CONTEXT}(inference/confidenceScore)"


async def test_I6_what_is_filtered_is_counted(ada: Client) -> None:
    query = "$filter=categories/$count($filter=$this eq 'Games') eq 1"
    assert await names(ada, query) == ["Chess", "Go"]


async def test_I8_what_is_computed_is_filtered_ordered_and_shown(ada: Client) -> None:
    query = "$compute=length(displayName) as size&$filter=size gt 2&$orderby=size desc"
    found = await body(ada, f"{PATH}?{query}&$select=displayName,size")
    assert [(item["displayName"], item["size"]) for item in found["value"]] == [
        ("Hiking", 6), ("Chess", 5),
    ]  # fmt: skip


async def test_I9_options_stand_inside_select(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$select=categories($filter=$this ne 'Games')")
    assert [item["categories"] for item in found["value"]] == [["Mind"], [], []]


async def test_I7_complex_values_are_compared(ada: Client) -> None:
    assert await names(ada, '$filter=inference eq {"confidenceScore":0.4}') == ["Go"]


async def test_I10_an_alias_is_defined_inside_options(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$select=categories(@a='Mind';$filter=$this eq @a)")
    assert [item["categories"] for item in found["value"]] == [["Mind"], [], []]


async def test_I11_a_segment_of_the_path_filters(ada: Client) -> None:
    found = await body(ada, f"{PATH}/$filter(inference/confidenceScore gt 0.5)")
    assert [item["displayName"] for item in found["value"]] == ["Chess"]

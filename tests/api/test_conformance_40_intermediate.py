"""OData 4.0 Intermediate (Protocol 4.01, section 13.1.2): a test for each requirement."""

import pytest

from api.conformance import CONTEXT, INTERESTS, PATH, ada_with_interests, body, names, the_id
from api.conftest import Client, Service, fault
from docs.conformance_page import unmet
from openprofile.model.facets import FACETS
from openprofile.odata.query.functions import FUNCTIONS

pytestmark = pytest.mark.anyio
ALL = [interest["displayName"] for interest in INTERESTS]


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


def test_i1_the_level_below_is_met() -> None:
    assert unmet("m") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$filter=displayName eq 'O''Neill'", 200),
        ("$filter= displayName  eq  'x' ", 200),
        ("$filter=(((true)))", 200),
        ("$filter=displayName eq 'x", 400),
        ("$filter=displayName=='x'", 400),
        ("$filter=geo.distance(id,id) lt 1", 501),
        ("$filter=$root/users/any()", 501),
        ("$filter=@my.note eq 1", 501),
        ("$filter=displayName eq 'x' and", 400),
        ("$orderby=displayName asc,", 400),
        ("$expand=interests/$value", 400),
        ("$apply=aggregate($count as n)", 501),
    ],
)
async def test_i2_what_the_grammar_has_is_done_or_told(
    ada: Client, query: str, status: int
) -> None:
    assert (await ada("GET", f"{PATH}?{query}")).status_code == status


@pytest.mark.parametrize(
    "path",
    [f"{PATH}/$filter(displayName eq 'Go')('id')", f"{PATH}/$each", f"{PATH}/$query", "$all",
     "$crossjoin(users)", "$entity?$id=users"],
)  # fmt: skip
async def test_i2_a_segment_that_is_not_supported_is_told(ada: Client, path: str) -> None:
    fault(await ada("GET", path), 501, "NotImplemented")


async def test_i3_select_shows_what_is_named(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$select=displayName,categories")
    assert found["@odata.context"] == f"{CONTEXT}(displayName,categories)"
    for item in found["value"]:
        assert set(item) == {"@odata.etag", "id", "displayName", "categories"}
    star = await body(ada, f"{PATH}?$select=*")
    assert star["value"] == (await body(ada, PATH))["value"]


@pytest.mark.parametrize("facet", sorted(FACETS))
async def test_i4_a_path_may_name_the_type(ada: Client, facet: str) -> None:
    path = f"me/profile/{facet}"
    name = FACETS[facet].__name__
    name = name[0].lower() + name[1:]
    plain = await body(ada, path)
    for cast in (f"microsoft.graph.{name}", f"graph.{name}", "microsoft.graph.itemFacet"):
        assert (await body(ada, f"{path}/{cast}"))["value"] == plain["value"]
        count = await ada("GET", f"{path}/{cast}/$count")
        assert count.text == str(len(plain["value"]))
        for item in plain["value"]:
            for url in (f"{path}/{cast}/{item['id']}", f"{path}/{item['id']}/{cast}"):
                assert (await body(ada, url))["id"] == item["id"]
    assert (await ada("GET", f"{path}/microsoft.graph.user")).status_code == 404


async def test_i4_an_expression_may_name_the_type(ada: Client) -> None:
    cast = "microsoft.graph.personInterest"
    assert await names(ada, f"$filter={cast}/displayName eq 'Go'") == ["Go"]
    assert await names(ada, f"$filter=isof({cast})") == ALL
    assert await names(ada, "$filter=isof(graph.itemFacet)") == ALL


@pytest.mark.parametrize(("top", "expected"), [(0, []), (1, ALL[:1]), (2, ALL[:2]), (99, ALL)])
async def test_i5_top_bounds_the_answer(ada: Client, top: int, expected: list[str]) -> None:
    found = await body(ada, f"{PATH}?$top={top}")
    assert [item["displayName"] for item in found["value"]] == expected
    assert "@odata.nextLink" not in found


async def test_i6_a_single_property_has_its_raw_value(ada: Client) -> None:
    path = f"{PATH}/{await the_id(ada)}"
    for name, text in (
        ("displayName", "Chess"),
        ("inference/confidenceScore", "0.9"),
        ("isSearchable", "false"),
        ("allowedAudiences", "everyone"),
    ):
        response = await ada("GET", f"{path}/{name}/$value")
        assert response.headers["content-type"] == "text/plain;charset=utf-8"
        assert response.text == text
    assert (await ada("GET", f"{path}/description/$value")).status_code == 204
    fault(await ada("GET", f"{path}/inference/$value"), 400, "BadRequest")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=displayName eq 'Go' or description eq null", ["Chess", "Go", "Hiking"]),
        ("$filter=displayName eq 'Go' and description eq null", []),
    ],
)
async def test_i7_filter_keeps_what_matches(ada: Client, query: str, expected: list[str]) -> None:
    assert await names(ada, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=displayName eq 'Go'", ["Go"]),
        ("$filter=displayName ne 'Go'", ["Chess", "Hiking"]),
        ("$filter=inference/confidenceScore eq 0.9", ["Chess"]),
        ("$filter=inference/confidenceScore ne 0.9", ["Go", "Hiking"]),
        ("$filter=description eq null", ["Chess", "Hiking"]),
        ("$filter=null ne description", ["Go"]),
        ("$filter=isSearchable eq false", ALL),
        ("$filter=allowedAudiences eq 'everyone'", ["Chess"]),
    ],
)
async def test_i7_1_eq_and_ne_compare_properties(
    ada: Client, query: str, expected: list[str]
) -> None:
    assert await names(ada, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=displayName eq @name&@name='Go'", ["Go"]),
        ("@name='Go'&$filter=displayName eq @name or displayName eq @name", ["Go"]),
        ("$filter=description eq @unset", ["Chess", "Hiking"]),
        ("$filter=inference/confidenceScore gt @least&@least=0.5", ["Chess"]),
        ('$filter=displayName in @names&@names=["Go","Hiking"]', ["Go", "Hiking"]),
    ],
)
async def test_i7_2_an_alias_stands_for_a_value(
    ada: Client, query: str, expected: list[str]
) -> None:
    assert await names(ada, query) == expected


@pytest.mark.parametrize("query", ["$filter=@a&@a=true&@a=false", "$filter=@a&@a=@b&@b=@a"])
async def test_i7_2_an_alias_stands_for_one_value(ada: Client, query: str) -> None:
    fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("displayName gt 'Go'", ["Hiking"]),
        ("displayName ge 'Go'", ["Go", "Hiking"]),
        ("displayName lt 'Go'", ["Chess"]),
        ("displayName le 'Go'", ["Chess", "Go"]),
        ("not (displayName eq 'Go')", ["Chess", "Hiking"]),
        ("displayName in ('Go','Chess')", ["Chess", "Go"]),
        ("allowedAudiences has 'everyone'", ["Chess"]),
        ("length(displayName) add 1 eq 6", ["Chess"]),
        ("length(displayName) sub 1 eq 1", ["Go"]),
        ("length(displayName) mul 2 eq 10", ["Chess"]),
        ("length(displayName) div 2 eq 3", ["Hiking"]),
        ("length(displayName) divby 2 eq 2.5", ["Chess"]),
        ("length(displayName) mod 2 eq 0", ["Go", "Hiking"]),
        ("-length(displayName) lt -5", ["Hiking"]),
    ],
)
async def test_i7_3_every_operator_works(ada: Client, operator: str, expected: list[str]) -> None:
    assert await names(ada, f"$filter={operator}") == expected


CALLS = {
    "ceiling": "ceiling(inference/confidenceScore) eq 1",
    "concat": "concat(displayName,'!') eq 'Go!'",
    "contains": "contains(displayName,'o')",
    "date": "date(createdDateTime) gt 2020-01-01",
    "day": "day(createdDateTime) ge 1",
    "endswith": "endswith(displayName,'o')",
    "floor": "floor(inference/confidenceScore) eq 0",
    "fractionalseconds": "fractionalseconds(createdDateTime) ge 0",
    "hassubsequence": "hassubsequence(categories,['Games'])",
    "hassubset": "hassubset(categories,['Games'])",
    "hour": "hour(createdDateTime) ge 0",
    "indexof": "indexof(displayName,'o') eq 1",
    "length": "length(displayName) eq 2",
    "matchespattern": "matchesPattern(displayName,'^G')",
    "maxdatetime": "maxdatetime() gt createdDateTime",
    "mindatetime": "mindatetime() lt createdDateTime",
    "minute": "minute(createdDateTime) ge 0",
    "month": "month(createdDateTime) ge 1",
    "round": "round(inference/confidenceScore) eq 0",
    "second": "second(createdDateTime) ge 0",
    "startswith": "startswith(displayName,'G')",
    "substring": "substring(displayName,1) eq 'o'",
    "time": "time(createdDateTime) ge 00:00:00",
    "tolower": "tolower(displayName) eq 'go'",
    "totaloffsetminutes": "totaloffsetminutes(createdDateTime) eq 0",
    "totalseconds": "totalseconds(duration'PT1M') eq 60",
    "toupper": "toupper(displayName) eq 'GO'",
    "trim": "trim(displayName) eq 'Go'",
    "year": "year(createdDateTime) gt 2020",
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
async def test_i7_4_every_canonical_function_works(ada: Client, name: str) -> None:
    assert "Go" in await names(ada, f"$filter={CALLS[name]}")


@pytest.mark.parametrize("call", ["geo.length(id) gt 1", "geo.intersects(id,id)"])
async def test_i7_4_a_function_that_is_not_supported_is_told(ada: Client, call: str) -> None:
    fault(await ada("GET", f"{PATH}?$filter={call}"), 501, "NotImplemented")


async def test_i7_5_what_is_expanded_can_be_filtered(ada: Client) -> None:
    profile = await body(ada, "me/profile?$expand=interests($filter=description eq null)")
    assert [item["displayName"] for item in profile["interests"]] == ["Chess", "Hiking"]


async def test_i8_the_metadata_is_xml(ada: Client) -> None:
    response = await ada("GET", "$metadata", headers={"Accept": "application/xml"})
    assert response.headers["content-type"] == "application/xml"


async def test_i9_answers_are_json(ada: Client) -> None:
    response = await ada("GET", f"{PATH}?$format=json")
    assert response.headers["content-type"].startswith("application/json;")


async def test_i11_search_finds_words(ada: Client) -> None:
    assert await names(ada, "$search=game") == ["Chess", "Go"]
    assert await names(ada, '$search="old game"') == ["Go"]
    assert await names(ada, "$search=game NOT mind") == ["Go"]


async def test_i12_skip_leaves_out_the_first(ada: Client) -> None:
    assert await names(ada, "$skip=1") == ALL[1:]
    assert await names(ada, "$skip=9") == []


async def test_i13_count_is_of_all_that_match(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$count=true&$top=0&$filter=categories/any()")
    assert (found["@odata.count"], found["value"]) == (2, [])
    assert "@odata.count" not in await body(ada, f"{PATH}?$count=false")


async def test_i14_expand_inlines_several(ada: Client) -> None:
    profile = await body(ada, "me/profile?$expand=interests,skills")
    assert {name for name in profile if "@" not in name} == {"id", "interests", "skills"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("categories/any(c:c eq 'Mind')", ["Chess"]),
        ("categories/any()", ["Chess", "Go"]),
        ("categories/all(c:c eq 'Games')", ["Go", "Hiking"]),
        ("sources/any(s:s/isDefaultSource)", ALL),
    ],
)
async def test_i15_any_and_all_look_into_collections(
    ada: Client, condition: str, expected: list[str]
) -> None:
    assert await names(ada, f"$filter={condition}") == expected


async def test_i16_count_is_a_resource(ada: Client) -> None:
    path = f"{PATH}/{await the_id(ada)}/categories"
    for url, text in (
        (f"{PATH}/$count", "3"),
        (f"{PATH}/$count?$filter=categories/any()", "2"),
        (f"{PATH}/$count?$search=game", "2"),
        (f"{path}/$count", "2"),
        (f"{path}/$count?$filter=$it eq 'Mind'", "1"),
        (f"{path}/$count?$search=mind", "1"),
    ):
        response = await ada("GET", url)
        assert response.headers["content-type"] == "text/plain;charset=utf-8"
        assert response.text == text
    fault(await ada("GET", f"{PATH}/$count?$top=1"), 400, "BadRequest")


async def test_i17_orderby_goes_up_and_down(ada: Client) -> None:
    assert await names(ada, "$orderby=displayName desc") == ALL[::-1]
    assert await names(ada, "$orderby=displayName asc") == ALL
    assert await names(ada, "$orderby=inference/confidenceScore,displayName") == [
        "Hiking", "Go", "Chess",
    ]  # fmt: skip

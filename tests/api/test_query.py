"""Query options through HTTP: what a client asks is what it gets."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_facets import create
from openprofile import sample

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
ADA = sample.person_id("ada")
CONTEXT = f"{BASE}/beta/$metadata#users('{ADA}')/profile/interests"

INTERESTS: list[dict[str, Any]] = [
    {"displayName": "Chess", "categories": ["Games", "Mind"], "allowedAudiences": "everyone",
     "inference": {"confidenceScore": 0.9}},
    {"displayName": "Café culture", "categories": ["Food"], "description": "Espresso & more"},
    {"displayName": "Go", "categories": ["Games"], "allowedAudiences": "me",
     "inference": {"confidenceScore": 0.4}},
    {"displayName": "Hiking", "categories": [], "webUrl": "https://hike.example"},
    {"displayName": "chess problems", "categories": ["Games"], "allowedAudiences": "groupMembers"},
]  # fmt: skip


@pytest.fixture
async def ada(service: Service) -> Client:
    ada = service.person("ada")
    for interest in INTERESTS:
        await create(ada, **interest)
    return ada


async def names(client: Client, query: str, path: str = PATH) -> list[str]:
    response = await client("GET", f"{path}?{query}")
    assert response.status_code == 200, response.text
    return [item["displayName"] for item in response.json()["value"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=displayName eq 'Chess'", ["Chess"]),
        ("%24filter=displayName%20eq%20%27Chess%27", ["Chess"]),
        ("$filter=displayName+eq+'Chess'", ["Chess"]),
        ("filter=displayName EQ 'Chess'", ["Chess"]),
        ("$FILTER=startswith(displayName,'Ch')", ["Chess"]),
        ("$filter=startswith(tolower(displayName),'ch')", ["Chess", "chess problems"]),
        ("$filter=categories/any(c:c eq 'Games')", ["Chess", "Go", "chess problems"]),
        ("$filter=categories/any()", ["Chess", "Café culture", "Go", "chess problems"]),
        ("$filter=not categories/any()", ["Hiking"]),
        ("$filter=categories/all(c:c eq 'Games')", ["Go", "Hiking", "chess problems"]),
        ("$filter=categories/$count gt 1", ["Chess"]),
        ("$filter=inference/confidenceScore gt 0.5", ["Chess"]),
        ("$filter=inference/confidenceScore ne 0.9",
         ["Café culture", "Go", "Hiking", "chess problems"]),
        ("$filter=inference eq null", ["Café culture", "Hiking", "chess problems"]),
        ("$filter=description ne null", ["Café culture"]),
        ("$filter=allowedAudiences eq 'me'", ["Go"]),
        ("$filter=allowedAudiences eq microsoft.graph.allowedAudiences'everyone'", ["Chess"]),
        ("$filter=displayName in ('Go','Hiking')", ["Go", "Hiking"]),
        ("$filter=displayName in (@a)&@a='Go'", ["Go"]),
        ("$filter=createdDateTime gt 2020-01-01T00:00:00Z and length(displayName) lt 3", ["Go"]),
        ("$filter=contains(description,'%26')", ["Café culture"]),
        ("$filter=displayName eq 'O''Neill'", []),
        ("$orderby=displayName", ["Café culture", "Chess", "Go", "Hiking", "chess problems"]),
        ("$orderby=displayName desc", ["chess problems", "Hiking", "Go", "Chess", "Café culture"]),
        ("$orderby=inference/confidenceScore desc,displayName",
         ["Chess", "Go", "Café culture", "Hiking", "chess problems"]),
        ("$orderby=length(displayName)&$top=2", ["Go", "Chess"]),
        ("$search=chess", ["Chess", "chess problems"]),
        ("$search=cafe", ["Café culture"]),
        ('$search="chess problems"', ["chess problems"]),
        ("$search=games NOT chess", ["Go"]),
        ("$search=hiking OR go", ["Go", "Hiking"]),
        ("$top=2", ["Chess", "Café culture"]),
        ("$skip=3", ["Hiking", "chess problems"]),
        ("$top=1&$skip=1", ["Café culture"]),
        ("$top=0", []),
        ("$format=json", ["Chess", "Café culture", "Go", "Hiking", "chess problems"]),
        ("x=1&ignored=$filter", ["Chess", "Café culture", "Go", "Hiking", "chess problems"]),
    ],
)  # fmt: skip
async def test_options_decide_which_items_come(
    ada: Client, query: str, expected: list[str]
) -> None:
    assert await names(ada, query) == expected


async def test_search_reads_over_a_collection_that_is_null(ada: Client) -> None:
    await create(ada, displayName="Null", categories=None)
    assert await names(ada, "$search=null") == ["Null"]


async def test_count_tells_what_matches_whatever_is_shown(ada: Client) -> None:
    body = (await ada("GET", f"{PATH}?$count=true&$top=1&$filter=categories/any()")).json()
    assert body["@odata.count"] == 4
    assert len(body["value"]) == 1
    assert "@odata.nextLink" not in body
    for query, number in (("", 5), ("?$filter=displayName eq 'Go'", 1), ("?$search=chess", 2)):
        response = await ada("GET", f"{PATH}/$count{query}", headers={"Accept": "text/plain"})
        assert response.headers["content-type"].startswith("text/plain")
        assert response.text == str(number)


async def test_select_shows_what_is_named_and_the_key(ada: Client) -> None:
    body = (await ada("GET", f"{PATH}?$select=displayName,inference/confidenceScore&$top=1")).json()
    (item,) = body["value"]
    assert set(item) == {"@odata.etag", "id", "displayName", "inference"}
    assert item["inference"] == {"confidenceScore": 0.9}
    assert body["@odata.context"] == f"{CONTEXT}(displayName,inference/confidenceScore)"
    one = (await ada("GET", f"{PATH}/{item['id']}?$select=webUrl")).json()
    assert set(one) == {"@odata.context", "@odata.etag", "id", "webUrl"}
    assert one["@odata.context"] == f"{CONTEXT}(webUrl)/$entity"


async def test_compute_defines_what_other_options_use(ada: Client) -> None:
    query = "$compute=length(displayName) as size&$filter=size gt 6&$select=displayName,size"
    body = (await ada("GET", f"{PATH}?{query}")).json()
    assert [item["size"] for item in body["value"]] == [12, 14]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"size": 9000000000, "half": 4.5, "times": 9, "categories@odata.count": 2}),
        ({"Accept": "application/json;IEEE754Compatible=true"},
         {"size": "9000000000", "half": "4.5", "times": 9, "categories@odata.count": "2"}),
        ({"OData-MaxVersion": "4.01"},
         {"size": 9000000000, "half": 4.5, "times": 9, "categories@count": 2}),
    ],
)  # fmt: skip
async def test_what_is_computed_and_counted_is_written_as_the_format_says(
    ada: Client, headers: dict[str, str], expected: dict[str, Any]
) -> None:
    computed = "9000000000 as size,9 divby 2 as half,length('ninechars') as times"
    query = f"$compute={computed}&$select=size,half,times,categories($count=true;$top=0)&$top=1"
    (item,) = (await ada("GET", f"{PATH}?{query}", headers=headers)).json()["value"]
    assert {name: item[name] for name in expected} == expected
    one = (await ada("GET", f"{PATH}/{item['id']}?$compute={computed}", headers=headers)).json()
    assert one["size"] == expected["size"]


async def test_a_write_can_select_its_answer(ada: Client) -> None:
    response = await ada("POST", f"{PATH}?$select=displayName", json={"displayName": "Sailing"})
    assert response.status_code == 201
    assert set(response.json()) == {"@odata.context", "@odata.etag", "id", "displayName"}


@pytest.mark.parametrize(
    ("query", "status", "saying"),
    [
        ("$filter=displayName eq", 400, "position 14"),
        ("$filter=displaynames eq 'x'", 400, "displaynames"),
        ("$filter=displayName eq 5", 400, "Edm.String"),
        ("$filter=foo(displayName)", 400, "foo"),
        ("$filter=geo.distance(displayName,displayName) lt 5", 501, "geo.distance"),
        ("$filter=" + "(" * 200 + "true" + ")" * 200, 400, "nest"),
        ("$filter=displayName in (" + ",".join(["'x'"] * 500) + ")", 400, "200"),
        ("$orderby=nothing", 400, "nothing"),
        ("$select=nothing", 400, "nothing"),
        ("$expand=nothing", 400, "nothing"),
        ("$top=-1", 400, "$top"),
        ("$top=x", 400, "$top"),
        ("$skip=1.5", 400, "$skip"),
        ("$count=yes", 400, "$count"),
        ("$top=1&top=2", 400, "twice"),
        ("$top=1&%24top=2", 400, "twice"),
        ("$skiptoken=forged", 400, "$skiptoken"),
        ("$apply=groupby((displayName))", 501, "$apply"),
        ("$unknown=1", 501, "$unknown"),
        ("$filter=%ff", 400, "UTF-8"),
        ("$search=", 400, "$search"),
        ("$format=atom", 406, "atom"),
    ],
)
async def test_what_cannot_be_answered_is_told(
    ada: Client, query: str, status: int, saying: str
) -> None:
    response = await ada("GET", f"{PATH}?{query}")
    code = {400: "BadRequest", 406: "notAcceptable", 501: "NotImplemented"}[status]
    assert saying in fault(response, status, code)["message"]


@pytest.mark.parametrize("option", ["$filter=true", "$top=1", "$count=true", "$orderby=id"])
async def test_options_of_collections_do_not_apply_to_an_item(ada: Client, option: str) -> None:
    fault(await ada("GET", f"{PATH}/x?{option}"), 400, "BadRequest")


async def pages(client: Client, url: str, **headers: str) -> list[list[dict[str, Any]]]:
    """All pages from ``url`` on, by the links alone."""
    found = []
    following: str | None = url
    while following is not None:
        response = await client("GET", following, headers=headers)
        assert response.status_code == 200, response.text
        body = response.json()
        found.append(body["value"])
        following = body.get("@odata.nextLink")
        assert following is None or following.startswith(f"{BASE}/beta/")
    return found


def flat(found: Iterable[list[dict[str, Any]]]) -> list[str]:
    return [item["displayName"] for page in found for item in page]


@pytest.mark.parametrize(
    "query",
    ["", "$orderby=displayName desc", "$orderby=inference/confidenceScore,description desc",
     "$filter=categories/any()&$orderby=length(displayName)", "$top=4", "$skip=1&$top=3",
     "$select=displayName&$count=true"],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_hold_what_one_page_would(ada: Client, query: str, size: int) -> None:
    found = await pages(ada, f"{PATH}?{query}", Prefer=f"odata.maxpagesize={size}")
    assert all(len(page) <= size for page in found)
    assert flat(found) == await names(ada, query)


async def test_the_next_link_carries_every_option(ada: Client) -> None:
    query = "$filter=categories/any()&$select=displayName&$orderby=displayName&custom=1"
    response = await ada("GET", f"{PATH}?{query}", headers={"Prefer": "maxpagesize=1"})
    assert response.headers["preference-applied"] == "odata.maxpagesize=1"
    link = urlsplit(response.json()["@odata.nextLink"])
    assert link.path == f"/beta/{PATH}"
    sent, carried = parse_qs(query), parse_qs(link.query)
    assert {name: carried[name] for name in sent} == sent
    assert set(carried) - set(sent) == {"$skiptoken"}


@pytest.mark.parametrize("size", ["0", "-1", "x", ""])
async def test_no_page_size_means_unlimited(ada: Client, size: str) -> None:
    response = await ada("GET", PATH, headers={"Prefer": f"odata.maxpagesize={size}"})
    assert len(response.json()["value"]) == 5
    assert "preference-applied" not in response.headers


async def test_paging_is_stable_while_items_come_and_go(ada: Client) -> None:
    headers = {"Prefer": "odata.maxpagesize=2"}
    first = (await ada("GET", f"{PATH}?$orderby=displayName", headers=headers)).json()
    assert flat([first["value"]]) == ["Café culture", "Chess"]
    for item in first["value"]:
        await ada("DELETE", f"{PATH}/{item['id']}")
    await create(ada, displayName="Archery")
    await create(ada, displayName="Guitar")
    rest = flat(await pages(ada, first["@odata.nextLink"], **headers))
    assert rest == ["Go", "Guitar", "Hiking", "chess problems"]


async def test_a_skiptoken_is_its_readers_and_its_querys_own(service: Service, ada: Client) -> None:
    headers = {"Prefer": "odata.maxpagesize=2"}
    link = (await ada("GET", PATH, headers=headers)).json()["@odata.nextLink"]
    token = link.partition("$skiptoken=")[2]
    bram = service.person("bram", "User.Read.All")
    for client, url in (
        (ada, f"{PATH}?$filter=true&$skiptoken={token}"),
        (ada, f"{PATH}?$orderby=displayName&$skiptoken={token}"),
        (ada, f"{PATH}?$skiptoken={token[:-2]}AA"),
        (ada, f"{PATH}?$skiptoken={token[4:]}"),
        (ada, f"me/profile/skills?$skiptoken={token}"),
        (bram, f"users/{ADA}/profile/interests?$skiptoken={token}"),
        (bram, f"{PATH}?$skiptoken={token}"),
    ):
        error = fault(await client("GET", url), 400, "BadRequest")
        assert "$skiptoken" in error["message"]


async def test_what_is_hidden_is_in_no_count_and_no_order(service: Service, ada: Client) -> None:
    greta = service.person("greta", "User.Read.All")
    path = f"users/{ADA}/profile/interests"
    assert await names(greta, "$orderby=displayName", path) == ["Café culture", "Chess", "Hiking"]
    assert (await greta("GET", f"{path}/$count")).text == "3"
    body = (await greta("GET", f"{path}?$count=true&$filter=categories/any()")).json()
    assert body["@odata.count"] == 2
    assert await names(greta, "$search=chess", path) == ["Chess"]
    assert flat(await pages(greta, path, Prefer="odata.maxpagesize=1")) == [
        "Chess", "Café culture", "Hiking",
    ]  # fmt: skip


async def test_the_profile_expands_what_is_named(ada: Client) -> None:
    await create(ada, "names", first="Ada", last="Lindqvist", title="Dr")
    await create(ada, "skills", displayName="Sketching", proficiency="expert")
    response = await ada(
        "GET", "me/profile?$expand=names($select=first,last),skills($select=displayName)"
    )
    profile = response.json()
    shown = {name for name in profile if "@" not in name}
    assert shown == {"id", "names", "skills"}
    (name,) = profile["names"]
    assert set(name) == {"@odata.etag", "id", "first", "last"}
    assert [skill["displayName"] for skill in profile["skills"]] == ["Sketching"]
    options = "$filter=categories/any(c:c eq 'Games');$orderby=displayName desc;$top=2;$count=true"
    query = f"$expand=interests({options})"
    profile = (await ada("GET", f"me/profile?{query}")).json()
    assert [item["displayName"] for item in profile["interests"]] == ["chess problems", "Go"]
    assert profile["interests@odata.count"] == 3
    selected = (await ada("GET", "me/profile?$select=interests,skills")).json()
    assert {name for name in selected if "@" not in name} == {"id", "interests", "skills"}
    assert {
        name for name in (await ada("GET", "me/profile?$select=id")).json() if "@" not in name
    } == {"id"}
    fault(await ada("GET", "me/profile?$expand=nothing"), 400, "BadRequest")
    fault(await ada("GET", "me/profile?$filter=true"), 400, "BadRequest")

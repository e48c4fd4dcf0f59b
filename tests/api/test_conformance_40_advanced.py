"""OData 4.0 Advanced (Protocol 4.01, section 13.1.3): a test for each requirement, by its id."""

import pytest

from api.batching import batch, delete, get, patch, post
from api.conformance import ADA, PATH, ada_with_interests, body, names, the_id
from api.conftest import BASE, Client, Service, fault
from docs.conformance_page import unmet

pytestmark = pytest.mark.anyio
OWNER = f"{BASE}/beta/users('{ADA}')/profile/interests"


@pytest.fixture
async def ada(service: Service) -> Client:
    return await ada_with_interests(service)


async def expanded(client: Client, options: str) -> list[str]:
    """The names of the interests that a profile inlines with these options."""
    profile = await body(client, f"me/profile?$expand=interests({options})")
    return [item["displayName"] for item in profile["interests"]]


def test_a1_the_level_below_is_met() -> None:
    assert unmet("i") == []


async def test_a2_the_metadata_is_xml(ada: Client) -> None:
    response = await ada("GET", "$metadata?$format=application/xml")
    assert response.headers["content-type"] == "application/xml"


async def test_a3_answers_are_json(ada: Client) -> None:
    response = await ada("GET", PATH, headers={"Accept": "application/json"})
    assert response.headers["content-type"].startswith("application/json;")


async def test_a4_count_is_a_resource(ada: Client) -> None:
    assert (await ada("GET", f"{PATH}/$count")).text == "3"


async def test_a5_any_and_all_nest(ada: Client) -> None:
    query = "$filter=categories/any(c:categories/all(d:d ge c) and c eq 'Games')"
    assert await names(ada, query) == ["Chess", "Go"]


async def test_a6_skip_leaves_out_the_first(ada: Client) -> None:
    assert await names(ada, "$orderby=displayName desc&$skip=2") == ["Chess"]


async def test_a7_count_is_of_all_that_match(ada: Client) -> None:
    assert (await body(ada, f"{PATH}?$count=true&$skip=2"))["@odata.count"] == 3


async def test_a8_orderby_goes_up_and_down(ada: Client) -> None:
    query = "$orderby=categories/$count desc,displayName asc"
    assert await names(ada, query) == ["Chess", "Go", "Hiking"]


async def test_a9_expand_inlines_everything_with_a_star(ada: Client) -> None:
    assert await body(ada, "me/profile?$expand=*") == await body(ada, "me/profile")


async def test_a9_1_expand_gives_references(ada: Client) -> None:
    profile = await body(ada, "me/profile?$expand=interests/$ref")
    listed = await body(ada, f"{PATH}/$ref")
    assert profile["interests"] == listed["value"]
    profile = await body(ada, "me/profile?$expand=interests/$ref($top=1;$orderby=displayName desc)")
    hiking = await the_id(ada, "Hiking")
    assert profile["interests"] == [{"@odata.id": f"{OWNER}('{hiking}')"}]
    profile = await body(ada, "me/profile?$expand=interests/$count,skills/$count($filter=false)")
    assert (profile["interests@odata.count"], profile["skills@odata.count"]) == (3, 0)
    assert "interests" not in profile


async def test_a9_2_what_is_expanded_is_filtered(ada: Client) -> None:
    assert await expanded(ada, "$filter=categories/any()") == ["Chess", "Go"]


async def test_a9_3_expand_may_name_the_type(ada: Client) -> None:
    plain = await body(ada, "me/profile?$expand=interests")
    for path in (
        "interests/microsoft.graph.personInterest",
        "microsoft.graph.profile/interests",
        "graph.profile/interests/graph.itemFacet",
    ):
        assert await body(ada, f"me/profile?$expand={path}") == plain
    response = await ada("GET", "me/profile?$expand=interests/microsoft.graph.personName")
    assert response.status_code in {400, 501}


async def test_a9_4_what_is_expanded_is_ordered(ada: Client) -> None:
    assert await expanded(ada, "$orderby=displayName desc") == ["Hiking", "Go", "Chess"]


async def test_a9_5_what_is_expanded_is_counted(ada: Client) -> None:
    profile = await body(ada, "me/profile?$expand=interests($count=true;$top=1)")
    assert profile["interests@odata.count"] == 3
    assert len(profile["interests"]) == 1


async def test_a9_6_what_is_expanded_is_cut(ada: Client) -> None:
    assert await expanded(ada, "$skip=1;$top=1") == ["Go"]


async def test_a9_7_what_is_expanded_is_searched(ada: Client) -> None:
    assert await expanded(ada, "$search=game NOT mind") == ["Go"]


async def test_a9_8_expand_goes_as_many_levels_as_it_is_told(service: Service) -> None:
    reader = service.person("ada", "User.Read.All")
    for levels, leaders in (
        ("1", ["Ada"]),
        ("2", ["Ada", "Noor"]),
        ("max", ["Ada", "Noor", "Ines"]),
    ):
        one = await body(
            reader,
            f"users/mei@harbour.example?$expand=manager($levels={levels};$select=givenName)",
        )
        chain = []
        while one := one.get("manager"):
            chain.append(one["givenName"])
        assert chain == leaders
    refused = await reader("GET", "me?$expand=directReports($levels=2)")
    fault(refused, 400, "Request_UnsupportedQuery")


async def test_a9_9_what_is_expanded_is_computed(ada: Client) -> None:
    options = "$compute=length(displayName) as size;$select=size;$filter=size gt 5"
    profile = await body(ada, f"me/profile?$expand=interests({options})")
    assert [item["size"] for item in profile["interests"]] == [6]


async def test_a10_search_has_words_phrases_and_operators(ada: Client) -> None:
    for terms, expected in (
        ("games", ["Chess", "Go"]),
        ('"old game"', ["Go"]),
        ("chess OR hiking", ["Chess", "Hiking"]),
        ("games AND NOT mind", ["Go"]),
        ("(chess OR go) mind", ["Chess"]),
    ):
        assert await names(ada, f"$search={terms}") == expected


async def test_a11_a_batch_is_multipart(ada: Client) -> None:
    lines = [
        "--b", "Content-Type: application/http", "Content-ID: 1", "",
        f"GET /beta/{PATH}/$count HTTP/1.1", "Host: localhost:8080", "", "", "--b--", "",
    ]  # fmt: skip
    response = await ada(
        "POST", "$batch", content="\r\n".join(lines).encode(),
        headers={"Content-Type": "multipart/mixed; boundary=b"},
    )  # fmt: skip
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("multipart/mixed; boundary=")
    assert "HTTP/1.1 200 OK" in response.text
    assert "\r\n\r\n3" in response.text


async def test_a11_a_batch_is_json(ada: Client) -> None:
    path = f"{PATH}/{await the_id(ada)}"
    answers = await batch(
        ada, get("1", path), post("2"), patch("3", path, dependsOn=["1"]),
        delete("4", path, dependsOn=["3"]),
    )  # fmt: skip
    assert {id: answer["status"] for id, answer in answers.items()} == {
        "1": 200, "2": 201, "3": 200, "4": 204,
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/beta", "/beta/", "$metadata", "me/profile", "me/profile/interests", f"users/{ADA}/profile",
     f"users('{ADA}')/profile", "users/ada@harbour.example/profile/interests/$count",
     "users('ada%40harbour.example')/profile/interests/$ref", "me/profile/", "me/profile/account"],
)  # fmt: skip
async def test_a12_paths_are_read_by_the_conventions(ada: Client, path: str) -> None:
    assert (await ada("GET", path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["me//profile", "me/profile('x')", "me/profile/interests/x/y", "nothing", "me/$x"]
)
async def test_a12_other_paths_lead_nowhere(ada: Client, path: str) -> None:
    fault(await ada("GET", path), 400, "BadRequest")


async def test_a15_crossjoin_is_not_supported(ada: Client) -> None:
    fault(await ada("GET", "$crossjoin(users,users)"), 501, "NotImplemented")


async def test_a16_what_is_computed_is_shown(ada: Client) -> None:
    found = await body(ada, f"{PATH}?$compute=concat(displayName,'!') as loud&$select=loud")
    assert [item["loud"] for item in found["value"]] == ["Chess!", "Go!", "Hiking!"]

"""Collections inside a profile: cut into pages that go on at the collection's own URL."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_facets import create
from openprofile import sample
from openprofile.http import profile as face

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
ADA = sample.person_id("ada")
PAGED = {"Prefer": "odata.maxpagesize=2"}


@pytest.fixture
async def ada(service: Service) -> Client:
    ada = service.person("ada")
    for name in "edcba":
        await create(ada, displayName=name, categories=[name, "all"])
    await create(ada, "skills", displayName="one")
    return ada


async def walked(
    client: Client, query: str = "", headers: dict[str, str] | None = None, **members: str
) -> list[list[str]]:
    """What each page shows of the interests, and of the list that the first one leads to."""
    shown = members.get("member", "displayName")
    response = await client("GET", f"me/profile{query}", headers=headers)
    assert response.status_code == 200, response.text
    body = response.json()
    pages = [[each[shown] for each in body["interests"]]]
    link = body.get("interests@odata.nextLink")
    while link is not None:
        response = await client("GET", link, headers=headers)
        assert response.status_code == 200, response.text
        pages.append([each[shown] for each in response.json()["value"]])
        link = response.json().get("@odata.nextLink")
    return pages


async def test_a_preferred_page_size_holds_for_every_facet_of_a_profile(ada: Client) -> None:
    response = await ada("GET", "me/profile", headers=PAGED)
    assert response.headers["preference-applied"] == "odata.maxpagesize=2"
    body = response.json()
    assert [each["displayName"] for each in body["interests"]] == ["e", "d"]
    names = list(body)
    assert names[names.index("interests") + 1] == "interests@odata.nextLink"
    assert body["interests@odata.nextLink"].startswith(f"{BASE}/beta/{PATH}?$skiptoken=")
    assert [each for each in names if each.endswith("nextLink")] == ["interests@odata.nextLink"]
    assert await walked(ada, headers=PAGED) == [["e", "d"], ["c", "b"], ["a"]]
    assert await walked(ada) == [["e", "d", "c", "b", "a"]]


@pytest.mark.parametrize("size", ["0", "-1", "x", ""])
async def test_a_page_size_that_is_none_does_not_change_the_page(ada: Client, size: str) -> None:
    response = await ada("GET", "me/profile", headers={"Prefer": f"odata.maxpagesize={size}"})
    assert "preference-applied" not in response.headers
    assert len(response.json()["interests"]) == 5


@pytest.mark.parametrize(
    ("options", "pages"),
    [
        ("", [["e", "d"], ["c", "b"], ["a"]]),
        ("($orderby=displayName)", [["a", "b"], ["c", "d"], ["e"]]),
        ("($orderby=displayName desc;$top=3)", [["e", "d"], ["c"]]),
        ("($orderby=displayName;$skip=2)", [["c", "d"], ["e"]]),
        ("($orderby=displayName;$skip=1;$top=3)", [["b", "c"], ["d"]]),
        ("($top=2)", [["e", "d"]]),
        ("($filter=displayName gt 'b')", [["e", "d"], ["c"]]),
        ("($filter=contains(displayName,@a) or displayName in @b;$orderby=@c)",
         [["a", "b"], ["c"]]),
        ("(@a='c';$filter=displayName ge @a)", [["e", "d"], ["c"]]),
        ("($search=all;$select=displayName)", [["e", "d"], ["c", "b"], ["a"]]),
        ("($compute=concat(displayName,'!') as loud;$orderby=loud;$select=displayName,loud)",
         [["a", "b"], ["c", "d"], ["e"]]),
        ("($filter=categories/any(c:c eq 'all') and displayName ne 'it''s %2526 %2B+é')",
         [["e", "d"], ["c", "b"], ["a"]]),
    ],
)  # fmt: skip
async def test_the_link_carries_every_option_of_an_expansion(
    ada: Client, options: str, pages: list[list[str]]
) -> None:
    query = f"?$expand=interests{options}&@a='c'&@b=['a','b']&@c=displayName"
    assert await walked(ada, query, PAGED) == pages


async def test_the_link_has_the_count_the_selection_and_the_format(ada: Client) -> None:
    query = "?$expand=interests($top=4;$count=true;$select=displayName)&$format=application/json"
    body = (await ada("GET", f"me/profile{query};odata.metadata=none", headers=PAGED)).json()
    assert body["interests@odata.count"] == 5
    asked = parse_qs(urlsplit(body["interests@odata.nextLink"]).query)
    assert asked.pop("$skiptoken")
    assert asked == {
        "$top": ["4"],
        "$count": ["true"],
        "$select": ["displayName"],
        "$format": ["application/json;odata.metadata=none"],
    }
    page = (await ada("GET", body["interests@odata.nextLink"], headers=PAGED)).json()
    assert page["@odata.count"] == 5
    assert [set(each) for each in page["value"]] == [{"id", "displayName"}] * 2
    assert "@odata.nextLink" not in page


async def test_a_selection_of_facets_is_paged_too(ada: Client) -> None:
    assert await walked(ada, "?$select=interests&@unused=1", PAGED) == [
        ["e", "d"],
        ["c", "b"],
        ["a"],
    ]


async def test_references_go_on_as_references(ada: Client) -> None:
    pages = await walked(ada, "?$expand=interests/$ref", PAGED, member="@odata.id")
    assert [len(page) for page in pages] == [2, 2, 1]
    counted = (await ada("GET", "me/profile?$expand=interests/$count", headers=PAGED)).json()
    assert counted["interests@odata.count"] == 5
    assert "interests@odata.nextLink" not in counted


async def test_a_newer_version_writes_the_link_without_the_prefix(ada: Client) -> None:
    body = (await ada("GET", "me/profile", headers=PAGED | {"OData-MaxVersion": "4.01"})).json()
    assert "interests@nextLink" in body


async def test_pages_stay_what_they_are_while_items_come_and_go(ada: Client) -> None:
    body = (
        await ada("GET", "me/profile?$expand=interests($orderby=displayName)", headers=PAGED)
    ).json()
    first, second = body["interests"]
    await create(ada, displayName="0 before")
    await create(ada, displayName="bb between")
    for gone in (first, second):
        assert (await ada("DELETE", f"{PATH}/{gone['id']}")).status_code == 204
    page = (await ada("GET", body["interests@odata.nextLink"], headers=PAGED)).json()
    assert [each["displayName"] for each in page["value"]] == ["bb between", "c"]


async def test_the_link_is_good_for_nobody_else_and_nothing_else(
    service: Service, ada: Client
) -> None:
    link = (await ada("GET", "me/profile", headers=PAGED)).json()["interests@odata.nextLink"]
    for other in (
        link.replace("interests", "skills"),
        link.replace("/me/", f"/users/{ADA}/"),
        f"{link}&$filter=true",
        f"{link}x",
    ):
        fault(await ada("GET", other), 400, "BadRequest")
    fault(await service.person("bram")("GET", link), 400, "BadRequest")


async def test_others_page_through_what_they_may_see(service: Service, ada: Client) -> None:
    for name in ("hidden", "seen"):
        audience = "me" if name == "hidden" else "organization"
        await create(ada, "notes", displayName=name, allowedAudiences=audience)
    greta = service.person("greta", "User.Read.All")
    body = (await greta("GET", f"users/{ADA}/profile", headers={"Prefer": "maxpagesize=1"})).json()
    assert [each["displayName"] for each in body["notes"]] == ["seen"]
    assert "notes@odata.nextLink" not in body
    link = body["interests@odata.nextLink"]
    assert urlsplit(link).path == f"/beta/users/{ADA}/profile/interests"
    assert len((await greta("GET", link)).json()["value"]) == 4


async def test_a_profile_has_so_many_bytes(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (await ada("GET", "me/profile")).json()
    monkeypatch.setattr(face, "LARGEST_PAGE", 1)
    body = (await ada("GET", "me/profile")).json()
    for facet in ("interests", "skills", "account"):
        assert len(body[facet]) == 1
    assert "skills@odata.nextLink" not in body
    rest: list[Any] = (await ada("GET", body["interests@odata.nextLink"])).json()["value"]
    assert [*body["interests"], *rest] == whole["interests"]

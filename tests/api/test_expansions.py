"""What ``$expand`` inlines of the directory, and where it goes on."""

from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_directory import CHESS, NOOR
from openprofile import sample
from openprofile.http.expansions import EXPANDED
from openprofile.model.directory import Person, User

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")
TEAM = [f"00000000-0000-4000-8000-{number:012}" for number in range(45)]


@pytest.fixture
async def reader(service: Service) -> Client:
    """Somebody who reads all, in a tenant in which 45 more people report to Ada."""
    people = [
        Person(
            user=User(
                id=one,
                display_name=f"Member {number:02}",
                user_principal_name=f"member{number}@harbour.example",
            ),
            manager=ADA,
        )
        for number, one in enumerate(TEAM)
    ]
    await service.parts.directory.put(sample.TENANT, people, [])
    return service.person("ada", "User.Read.All", "Group.Read.All")


async def body(client: Client, path: str, **headers: str) -> dict[str, Any]:
    response = await client("GET", path, headers=headers)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize("version", ["beta", "v1.0"])
@pytest.mark.parametrize("path", ["me", f"users/{ADA}", f"users?$filter=id eq '{ADA}'"])
async def test_what_is_not_inlined_is_reached_by_the_link(
    reader: Client, version: str, path: str
) -> None:
    inside = "$expand=directReports($select=id;$orderby=displayName desc;$filter=id ge '0')"
    found = await body(reader, f"/{version}/{path}{'&' if '?' in path else '?'}{inside}")
    one = found["value"][0] if "value" in found else found
    people, link = one["directReports"], one["directReports@odata.nextLink"]
    assert len(people) == EXPANDED
    assert link.startswith(f"{BASE}/{version}/users/{ADA}/directReports?")
    while link:
        page = await body(reader, link)
        people += page["value"]
        link = page.get("@odata.nextLink")
    assert {name for each in people for name in each} == {"id", "@odata.type"}
    whole = await body(reader, f"/{version}/me/directReports?$top=999&$orderby=displayName desc")
    assert [each["id"] for each in people] == [each["id"] for each in whole["value"]]
    assert len(people) >= len(TEAM)


async def test_who_asks_for_so_many_gets_no_link(reader: Client) -> None:
    for top in (1, EXPANDED):
        me = await body(reader, f"me?$expand=directReports($top={top})")
        assert len(me["directReports"]) == top
        assert "directReports@odata.nextLink" not in me
    me = await body(reader, f"me?$expand=directReports($top={EXPANDED + 1})")
    assert "directReports@odata.nextLink" in me
    chess = await body(reader, f"groups/{CHESS}?$expand=members")
    assert "members@odata.nextLink" not in chess


async def test_an_expansion_is_counted_and_searched(reader: Client) -> None:
    number = int((await reader("GET", "me/directReports/$count")).text)
    me = await body(reader, "me?$expand=directReports($count=true;$top=2)")
    assert (me["directReports@odata.count"], len(me["directReports"])) == (number, 2)
    me = await body(reader, "me?$expand=directReports/$count")
    assert me["directReports@odata.count"] == number
    assert "directReports" not in me
    me = await body(reader, "me?$expand=directReports/$count($filter=startswith(displayName,'M'))")
    assert 45 <= me["directReports@odata.count"] < number + 1
    me = await body(
        reader, 'me?$expand=directReports($search="displayName:member";$count=true;$top=1)'
    )
    assert me["directReports@odata.count"] == len(TEAM)
    me = await body(
        reader, "me?$expand=directReports/$count", Accept="application/json;IEEE754Compatible=true"
    )
    assert me["directReports@odata.count"] == str(number)


async def test_an_expansion_gives_references(reader: Client) -> None:
    me = await body(reader, "me?$select=id&$expand=manager/$ref,directReports/$ref,memberOf/$ref")
    assert me["manager"] == {"@odata.id": f"{BASE}/beta/users/{NOOR}"}
    assert [list(each) for each in me["directReports"]] == [["@odata.id"]] * EXPANDED
    page = await body(reader, me["directReports@odata.nextLink"])
    assert [list(each) for each in page["value"]] == [["@odata.id"]] * len(page["value"])
    assert {"@odata.id": f"{BASE}/beta/groups/{CHESS}"} in me["memberOf"]
    newer = await body(reader, "me?$expand=manager/$ref", **{"OData-MaxVersion": "4.01"})
    assert newer["manager"] == {"@id": f"{BASE}/beta/users/{NOOR}"}


async def test_the_link_is_good_for_the_one_who_got_it_and_there_alone(
    service: Service, reader: Client
) -> None:
    me = await body(reader, "me?$expand=directReports($select=id)")
    link = me["directReports@odata.nextLink"]
    other = service.person("bram", "User.Read.All")
    fault(await other("GET", link), 400, "BadRequest")
    fault(await reader("GET", link.replace(ADA, NOOR)), 400, "BadRequest")


@pytest.mark.parametrize("level", ["none", "minimal", "full"])
async def test_what_is_inlined_has_the_control_information_of_its_level(
    reader: Client, level: str
) -> None:
    me = await body(
        reader,
        "me?$select=id&$expand=manager($select=id;$levels=2),directReports($select=id;$top=1)",
        Accept=f"application/json;odata.metadata={level}",
    )
    leader = me["manager"]
    for one in (leader, leader["manager"], me["directReports"][0]):
        control = {name for name in one if name.startswith("@")}
        expected = {
            "none": set(),
            "minimal": {"@odata.type"},
            "full": {"@odata.type", "@odata.id", "@odata.editLink"},
        }
        assert control == expected[level]
        assert ("manager@odata.navigationLink" in one) is (level == "full")
    if level == "full":
        assert leader["@odata.id"] == f"{BASE}/beta/users/{NOOR}"

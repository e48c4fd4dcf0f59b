"""What is kept for a tenant of the stand-in as a whole: seeded, reset, kept and put back."""

from typing import Any

import httpx2
import pytest

from api.conftest import Service, fault
from api.test_control import INTERESTS, ROOT, Tenant
from openprofile import sample
from openprofile.clock import new_id
from openprofile.state import MOST_SEEDS, MOST_SNAPSHOTS

pytestmark = pytest.mark.anyio
YAML = {"Content-Type": "application/yaml"}
SEED = """\
groups:
  - displayName: Sailing Crew
    members: [lea@harbour.example, bram@harbour.example]
people:
  - userPrincipalName: lea@harbour.example
    displayName: Lea Brandt
    manager: noor@harbour.example
    memberOf: [Chess Club]
    relations:
      family: [mats@harbour.example]
    directoryRoles: [62e90394-69f5-4237-9190-012177145e10]
    profile:
      interests:
        - displayName: Chess
          categories: [Games]
          allowedAudiences: family
      skills:
        - {displayName: Sailing, proficiency: expert}
  - userPrincipalName: mats@harbour.example
    displayName: Mats Brandt
    manager: lea@harbour.example
"""
TWICE = """\
  - userPrincipalName: LEA@harbour.example
    id: 11111111-2222-4333-8444-555555555555
    displayName: Another
"""


@pytest.fixture(params=["first", "fresh"])
async def tenant(request: pytest.FixtureRequest, service: Service) -> Tenant:
    if request.param == "first":
        return Tenant(service)
    return Tenant(service, (await Tenant(service).made("tenants"))["tenant"])


def seeded(tenant: Tenant, text: str = SEED) -> Any:
    return tenant("POST", "seed", content=text.encode(), headers=YAML)


async def test_a_seed_is_stored(tenant: Tenant) -> None:
    answer = await seeded(tenant)
    assert answer.json() == {"people": 2, "groups": 1, "items": 2, "memberships": 3}
    lea = await tenant.client(user="lea@harbour.example", scope="User.ReadWrite Directory.Read.All")
    me = (await lea("GET", "me?$expand=manager")).json()
    assert me["displayName"] == "Lea Brandt"
    assert me["manager"]["displayName"] == "Noor Rahman"
    groups = (await lea("GET", "me/memberOf")).json()["value"]
    assert {one["displayName"] for one in groups} == {"Chess Club", "Sailing Crew"}
    (chess,) = (await lea("GET", INTERESTS)).json()["value"]
    assert (chess["categories"], chess["allowedAudiences"]) == (["Games"], "family")
    for who, seen in (("mats", 1), ("bram", 0)):
        other = await tenant.client(user=f"{who}@harbour.example")
        found = (await other("GET", f"users/{me['id']}/profile/interests")).json()["value"]
        assert len(found) == seen
    reports = (await lea("GET", "me/directReports")).json()["value"]
    assert [one["displayName"] for one in reports] == ["Mats Brandt"]


async def test_a_seed_that_comes_again_leaves_nothing_twice(tenant: Tenant) -> None:
    await seeded(tenant)
    before = (await tenant("GET", "endpoints")).json()["users"]
    assert (await seeded(tenant)).status_code == 200
    assert (await tenant("GET", "endpoints")).json()["users"] == before
    lea = await tenant.client(user="lea@harbour.example")
    assert len((await lea("GET", INTERESTS)).json()["value"]) == 1


async def test_a_seed_may_be_json_and_add_to_a_sample_person(tenant: Tenant) -> None:
    person = {
        "userPrincipalName": "ada@harbour.example",
        "displayName": "Ada L.",
        "profile": {"interests": [{"displayName": "Go"}]},
    }
    assert (await tenant.made("seed", people=[person]))["people"] == 1
    ada = await tenant.client(user="ada@harbour.example")
    assert (await ada("GET", "me")).json()["displayName"] == "Ada L."
    assert len((await ada("GET", INTERESTS)).json()["value"]) == 1
    assert len((await tenant("GET", "endpoints")).json()["users"]) == len(sample.people())


@pytest.mark.parametrize(
    ("before", "after", "line", "saying"),
    [
        ("proficiency: expert", "proficiency: 7", 18, "proficiency"),
        ("categories: [Games]", "categories: Games", 15, "categories"),
        ("allowedAudiences: family", "allowedAudiences: friends", 16, "allowedAudiences"),
        ("displayName: Lea Brandt", "dispalyName: Lea Brandt", 6, "dispalyName"),
        ("interests:", "intrests:", 13, "intrests"),
        ("manager: noor@", "manager: nora@", 7, "Nobody is called 'nora@harbour.example'"),
        ("manager: noor@", "manager: lea@", 7, "a person cannot be their own"),
        ("userPrincipalName: mats@harbour.example", "userPrincipalName: mats", 19, "got 'mats'"),
        ("[mats@harbour.example]", "[zoe@harbour.example]", 10, "Nobody is called 'zoe@"),
        ("bram@harbour.example]", "zoe@harbour.example]", 3, "Nobody is called 'zoe@"),
        ("[Chess Club]", "[Ches Club]", 8, "There is no group 'Ches Club'."),
        ("- displayName: Sailing Crew", "- id: 7\n  - displayName: Sailing Crew", 2, "id"),
        ("people:", "persons:", 4, "There is no 'persons'; expected 'people' and 'groups'."),
        ("  - displayName: Sailing Crew", "  - Sailing Crew\n  - ", 2, "Expected an object."),
        ("  - userPrincipalName: mats@", f"{TWICE}  - userPrincipalName: mats@", 19, "another"),
        ("userPrincipalName: mats@", "userPrincipalName: LEA@", 19, "is there twice."),
        ("people:", "  - displayName: Sailing Crew\npeople:", 4, "'Sailing Crew' is there twice."),
    ],
)
async def test_what_is_wrong_in_a_seed_is_told_with_its_line_and_nothing_is_stored(
    service: Service, before: str, after: str, line: int, saying: str
) -> None:
    tenant = Tenant(service)
    assert before in SEED
    refused = await seeded(tenant, SEED.replace(before, after))
    message = fault(refused, 400, "BadRequest")["message"]
    assert message.startswith(f"Line {line}: ")
    assert saying in message
    assert len((await tenant("GET", "endpoints")).json()["users"]) == len(sample.people())


@pytest.mark.parametrize("text", ["[1]", "7", "people: 7", "people: {a: 1}", "- people"])
async def test_a_seed_of_another_shape_is_refused(service: Service, text: str) -> None:
    message = fault(await seeded(Tenant(service), text), 400, "BadRequest")["message"]
    assert message.startswith("Line 1: Expected ")


async def test_reset_brings_back_what_was_seeded(tenant: Tenant) -> None:
    await seeded(tenant)
    lea = await tenant.client(user="lea@harbour.example")
    assert (await lea("DELETE", "me/profile")).status_code == 204
    assert (await tenant("POST", "reset")).status_code == 204
    assert len((await lea("GET", INTERESTS)).json()["value"]) == 1
    assert len((await tenant("GET", "endpoints")).json()["users"]) == len(sample.people()) + 2


async def test_a_reset_stores_the_first_seed_and_the_newest_again(tenant: Tenant) -> None:
    def named(number: int) -> dict[str, Any]:
        name = f"p{number}@harbour.example"
        return {"userPrincipalName": name, "displayName": str(number)}

    for number in (*range(MOST_SEEDS + 2), MOST_SEEDS):  # one of which comes again
        await tenant.made("seed", people=[named(number)])
    assert (await tenant("POST", "reset")).status_code == 204
    people = (await tenant("GET", "endpoints")).json()["users"]
    kept = {one["userPrincipalName"].partition("@")[0] for one in people}
    assert {name for name in kept if name[1:].isdecimal()} == {
        f"p{number}" for number in (0, *range(3, MOST_SEEDS + 2))
    }


async def test_of_two_seeds_the_later_has_the_last_word_after_a_reset_too(tenant: Tenant) -> None:
    for title in ("Pilot", "Diver", "Pilot"):
        await tenant.made("seed", people=[{"userPrincipalName": "p@x.example", "jobTitle": title}])
    await tenant("POST", "reset")
    client = await tenant.client(user="p@x.example")
    assert (await client("GET", "me")).json()["jobTitle"] == "Pilot"


async def test_a_seed_that_can_be_stored_no_more_is_told_and_forgotten(tenant: Tenant) -> None:
    hiro = await tenant.client(
        user="hiro@harbour.example", scope="User.ReadWrite.All Directory.ReadWrite.All"
    )
    body = {"displayName": "Zoe", "userPrincipalName": "zoe@harbour.example"}
    assert (await hiro("POST", "users", json=body)).status_code == 201
    people = [{"userPrincipalName": "lea@harbour.example", "manager": "zoe@harbour.example"}]
    await tenant.made("seed", people=people)
    await seeded(tenant)
    message = fault(await tenant("POST", "reset"), 400, "BadRequest")["message"]
    assert "Line 1: Nobody is called 'zoe@harbour.example'." in message
    names = [one["userPrincipalName"] for one in (await tenant("GET", "endpoints")).json()["users"]]
    assert "mats@harbour.example" in names
    assert "zoe@harbour.example" not in names
    assert (await tenant("POST", "reset")).status_code == 204


async def test_reset_stamps_what_was_seeded_with_the_time_it_goes_back_to(tenant: Tenant) -> None:
    await seeded(tenant)
    await tenant.made("clock", now="2050-01-01T00:00:00Z", frozen=True)
    assert (await tenant("POST", "reset")).status_code == 204
    lea = await tenant.client(user="lea@harbour.example")
    (item,) = (await lea("GET", INTERESTS)).json()["value"]
    assert item["createdDateTime"] < "2050"


async def whole(tenant: Tenant) -> list[httpx2.Response]:
    everybody = await tenant.client(app=True, role=["User.Read.All", "Group.Read.All"])
    people = (await tenant("GET", "endpoints")).json()["users"]
    paths = ["users?$orderby=displayName&$expand=manager", "groups?$expand=members"]
    paths += [f"users/{one['id']}/profile" for one in people]
    return [(await everybody("GET", path)).json() for path in paths]


async def test_a_snapshot_is_put_back_to_the_letter(tenant: Tenant) -> None:
    await seeded(tenant)
    before = await whole(tenant)
    taken = (await tenant.made("snapshot"))["id"]
    lea = await tenant.client(user="lea@harbour.example")
    await lea("POST", INTERESTS, json={"displayName": "Go"})
    second = await tenant.made("snapshot")
    admin = await tenant.client(app=True, role=["User.ReadWrite.All"])
    assert (await admin("DELETE", "users/lea@harbour.example")).status_code == 204
    assert (await tenant("POST", "restore")).status_code == 204
    assert len((await lea("GET", INTERESTS)).json()["value"]) == 2
    assert (await tenant("POST", "restore", json={"id": taken})).status_code == 204
    assert await whole(tenant) == before
    assert (await tenant("POST", "restore", json=second)).status_code == 204
    assert len((await lea("GET", INTERESTS)).json()["value"]) == 2


async def test_a_snapshot_is_of_one_tenant(service: Service) -> None:
    first = Tenant(service)
    other = Tenant(service, (await first.made("tenants"))["tenant"])
    fault(await other("POST", "restore"), 404, "itemNotFound")
    taken = await first.made("snapshot")
    fault(await other("POST", "restore", json=taken), 404, "itemNotFound")
    fault(await first("POST", "restore", json={"id": new_id()}), 404, "itemNotFound")


async def test_so_many_snapshots_are_kept_and_the_oldest_gives_way(service: Service) -> None:
    tenant = Tenant(service)
    taken = [await tenant.made("snapshot") for _ in range(MOST_SNAPSHOTS + 1)]
    fault(await tenant("POST", "restore", json=taken[0]), 404, "itemNotFound")
    assert (await tenant("POST", "restore", json=taken[1])).status_code == 204


async def test_a_seed_is_read_so_far_and_no_further(service: Service) -> None:
    text = "# " + "x" * 1024 * 1024
    fault(await seeded(Tenant(service), text), 413, "requestEntityTooLarge")
    plain = await service.anonymous()(
        "POST", f"{ROOT}/seed", content=b"x", headers={"Content-Type": "text/plain"}
    )
    fault(plain, 415, "unsupportedMediaType")

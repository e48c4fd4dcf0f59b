"""What a token must grant to read and write the directory, and what it then shows."""

from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault
from openprofile import permissions, sample
from openprofile.model.directory import VERSIONS, User
from openprofile.policy.directory import NEEDED

pytestmark = pytest.mark.anyio
ADA, NOOR = sample.person_id("ada"), sample.person_id("noor")
ABSENT = "00000000-0000-4000-8000-000000000000"
CHESS = sample.groups()[2][0].id
EVERY = (
    "User.Read", "User.ReadWrite", "User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All",
    "Directory.Read.All", "Directory.ReadWrite.All", "GroupMember.Read.All", "Group.Read.All",
    "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Mail.Read",
)  # fmt: skip
ALL_OF_PEOPLE = {
    "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
}  # fmt: skip
PEOPLE = ALL_OF_PEOPLE | {"User.ReadBasic.All"}
OWN = {"User.Read", "User.ReadWrite"}
GROUPS = {
    "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All", "Directory.ReadWrite.All",
}  # fmt: skip
READS = [
    # path, delegated, application
    ("me", PEOPLE | OWN, None),
    (f"users/{ADA}", PEOPLE | OWN, PEOPLE),
    ("users/ada@harbour.example", PEOPLE | OWN, PEOPLE),
    (f"users/{NOOR}", PEOPLE, PEOPLE),
    ("users", PEOPLE, PEOPLE),
    ("users/$count", PEOPLE, PEOPLE),
    ("me/manager", ALL_OF_PEOPLE, None),
    (f"users/{ADA}/manager", ALL_OF_PEOPLE, ALL_OF_PEOPLE),
    ("me?$expand=manager", ALL_OF_PEOPLE, None),
    ("me/directReports", ALL_OF_PEOPLE | OWN, None),
    (f"users/{NOOR}/directReports", ALL_OF_PEOPLE, ALL_OF_PEOPLE),
    ("me/memberOf", GROUPS | OWN, None),
    (f"users/{NOOR}/memberOf", GROUPS, GROUPS),
    ("groups", GROUPS, GROUPS),
    (f"groups/{CHESS}", GROUPS, GROUPS),
    (f"groups/{CHESS}/members", GROUPS, GROUPS),
]


@pytest.mark.parametrize(("path", "delegated", "application"), READS)
@pytest.mark.parametrize("name", EVERY)
async def test_a_permission_reaches_what_it_is_for(
    service: Service, path: str, delegated: set[str], application: set[str] | None, name: str
) -> None:
    response = await service.person("ada", name)("GET", path)
    if name in delegated:
        assert response.status_code == 200, response.text
    else:
        error = fault(response, 403, "Authorization_RequestDenied")
        assert min(delegated & PEOPLE | delegated & GROUPS) in error["message"]
    response = await service.application(name)("GET", path)
    if application is not None and name in application:
        assert response.status_code == 200
    else:
        assert response.status_code in (400, 403)
        assert name not in (application or ())


async def test_nobody_without_a_right_to_others_is_told_who_there_is(service: Service) -> None:
    ada = service.person("ada", "User.Read")
    known = fault(await ada("GET", f"users/{NOOR}"), 403, "Authorization_RequestDenied")
    unknown = fault(await ada("GET", "users/nobody"), 403, "Authorization_RequestDenied")
    assert known["message"] == unknown["message"]


async def test_basic_permission_shows_basic_properties_of_others(service: Service) -> None:
    ada = service.person("ada", "User.ReadBasic.All")
    noor = (await ada("GET", f"users/{NOOR}")).json()
    hidden = {name: value for name, value in noor.items() if name not in User.basic}
    assert noor["mail"] == "noor@harbour.example"
    assert noor["displayName"] == "Noor Rahman"
    del hidden["@odata.context"]
    assert all(value in (None, []) for value in hidden.values())
    assert (await ada("GET", "me")).json()["jobTitle"] == "Product Designer"
    listed = (await ada("GET", "users?$select=id,jobTitle")).json()["value"]
    assert [one["id"] for one in listed if one["jobTitle"] is not None] == [ADA]
    fault(await ada("GET", f"users/{NOOR}/jobTitle"), 403, "Authorization_RequestDenied")
    assert (await ada("GET", f"users/{NOOR}/mail")).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        "$filter=jobTitle eq 'Head of Engineering'",
        "$filter=displayName eq 'Noor Rahman' and startswith(jobTitle,'h')",
        "$filter=manager eq null",
        "$filter=startswith(displayName,'n') and businessPhones/any(p:p eq '1')",
        "$filter=startswith(displayName,'n') and (city eq null or not (state ne null))",
    ],
)
async def test_what_is_not_shown_cannot_be_asked_for(service: Service, options: str) -> None:
    ada = service.person("ada", "User.ReadBasic.All")
    for path in ("users", "users/$count"):
        fault(await ada("GET", f"{path}?{options}"), 403, "Authorization_RequestDenied")
    shown = await ada("GET", "users?$filter=startswith(displayName,'n')&$orderby=displayName")
    assert shown.status_code == 200


async def test_a_relation_shows_ids_where_people_or_groups_are_not_shown(service: Service) -> None:
    members = service.application("GroupMember.Read.All")
    for one in (await members("GET", f"groups/{CHESS}/members")).json()["value"]:
        assert {name for name, value in one.items() if value} == {"@odata.type", "id"}
    denied = await members("GET", f"groups/{CHESS}/members?$orderby=displayName")
    fault(denied, 403, "Authorization_RequestDenied")
    mine = service.person("ada", "User.Read")
    for one in (await mine("GET", "me/memberOf")).json()["value"]:
        assert one["id"]
        assert one["displayName"] is None


WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "users", {"displayName": "Olga", "userPrincipalName": "olga@harbour.example"}),
    ("PATCH", f"users/{ADA}", {"jobTitle": "Captain"}),
    ("PATCH", "me", {"jobTitle": "Captain"}),
    ("PUT", f"users/{ADA}/manager/$ref", {"@odata.id": f"{BASE}/beta/users/{NOOR}"}),
    ("DELETE", f"users/{ADA}/manager/$ref", {}),
    ("POST", f"groups/{CHESS}/members/$ref", {"@odata.id": f"{BASE}/beta/users/{NOOR}"}),
    ("DELETE", f"groups/{CHESS}/members/{ADA}/$ref", {}),
    ("DELETE", f"users/{ADA}", {}),
]
_WRITES_PEOPLE = {"User.ReadWrite.All", "Directory.ReadWrite.All"}


def _writers(method: str, path: str) -> set[str]:
    if path.startswith("groups"):
        return {"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
    return (
        {"User.ReadWrite.All"} if (method, path) == ("DELETE", f"users/{ADA}") else _WRITES_PEOPLE
    )


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_administrators_and_applications_write_the_directory(
    service: Service, method: str, path: str, body: dict[str, Any]
) -> None:
    async def call(caller: Client) -> Any:
        return await caller(method, path, **({"json": body} if body else {}))

    needed = _writers(method, path)
    for name in (one for one in EVERY if one not in needed):
        fault(await call(service.administrator(name)), 403, "Authorization_RequestDenied")
        fault(await call(service.application(name)), 403, "Authorization_RequestDenied")
    for alias in ("ada", "bram"):
        error = fault(
            await call(service.person(alias, *needed)), 403, "Authorization_RequestDenied"
        )
        assert "administrator" in error["message"]
    allowed = service.administrator if path == "me" else service.application
    assert (await call(allowed(min(needed)))).status_code in (201, 204)


async def test_me_is_nobody_for_an_application(service: Service) -> None:
    application = service.application("Directory.ReadWrite.All")
    for path in ("me", "me/manager", "me/directReports", "me/memberOf"):
        error = fault(await application("GET", path), 400, "BadRequest")
        assert "delegated" in error["message"]
    fault(await application("PATCH", "me", json={}), 400, "BadRequest")


def test_every_operation_on_the_directory_says_what_it_needs() -> None:
    for model in VERSIONS.values():
        found = {operation.name for operation in permissions.directory_operations(model)}
        assert found == NEEDED.keys()


KEYS = {
    "/users/{user-id}": f"/users/{ADA}",
    "/members/{user-id}": f"/members/{NOOR}",
    "{group-id}": CHESS,
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", EVERY)
async def test_each_permission_of_the_table_allows_its_operations_and_no_other(
    service: Service, name: str, version: str
) -> None:
    """As an administrator, whom no operation needs more than its permissions of."""
    person, application = service.administrator(name), service.application(name)
    operations = permissions.directory_operations(VERSIONS[version])
    assert len(operations) > 15
    for operation in operations:
        needed = permissions.needed(operation)
        path = f"/{version}{operation.path}"
        for key, value in KEYS.items():
            path = path.replace(key, value)
        options: dict[str, Any] = {"json": {}} if operation.method in ("POST", "PATCH") else {}
        if operation.method == "PUT" or operation.name == "members.link":
            options = {"json": {"@odata.id": f"{BASE}/beta/users/nobody"}}
        elif operation.method == "DELETE":
            path = path.replace(ADA, ABSENT).replace(NOOR, ABSENT)
        for caller, able in ((person, needed.delegated), (application, needed.application)):
            if caller is application and operation.path.startswith("/me"):
                continue
            answer = await caller(operation.method, path, **options)
            assert (answer.status_code != 403) is (name in able), (operation, answer.text)
            if answer.status_code == 403:
                assert all(one in answer.json()["error"]["message"] for one in able)


async def test_a_query_for_what_is_not_shown_says_what_would_show_it(service: Service) -> None:
    basic = service.person("ada", "User.ReadBasic.All")
    refused = await basic("GET", "users?$filter=jobTitle eq 'x'")
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert "The query asks for jobTitle. " in message
    assert all(name in message for name in ALL_OF_PEOPLE)
    members = service.application("GroupMember.Read.All")
    refused = await members("GET", f"groups/{CHESS}/members?$orderby=displayName")
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert "User.ReadBasic.All" in message
    mine = service.person("ada", "User.Read")
    refused = await mine("GET", "me/memberOf?$filter=startswith(displayName,'c')")
    message = fault(refused, 403, "Authorization_RequestDenied")["message"]
    assert "GroupMember.Read.All" in message

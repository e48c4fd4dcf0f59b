"""People and groups: reading them, what hangs on them, and who may change them."""

from collections.abc import Sequence
from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault
from openprofile import sample
from openprofile.model.directory import Person, User
from openprofile.model.shape import shape
from openprofile.store.base import Change, Record

pytestmark = pytest.mark.anyio
ADA = sample.person_id("ada")
NOOR = sample.person_id("noor")
VERSIONS = ["beta", "v1.0"]
CHESS, ENGINEERING, SALES = (
    next(group.id for group, _ in sample.groups() if group.display_name == name)
    for name in ("Chess Club", "Engineering", "Sales")
)
NEW = {"displayName": "Olga Petrova", "userPrincipalName": "olga@harbour.example"}


@pytest.fixture
def reader(service: Service) -> Client:
    """Ada, who may read everything in the directory."""
    return service.person("ada", "Directory.Read.All")


@pytest.fixture
def admin(service: Service) -> Client:
    return service.administrator("User.ReadWrite.All", "GroupMember.ReadWrite.All")


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [one["displayName"].split()[0] for one in response.json()["value"]]


# ----- reading people


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_person_is_read_by_id_and_by_principal_name(reader: Client, version: str) -> None:
    me = (await reader("GET", f"/{version}/me")).json()
    assert me["@odata.context"] == f"{BASE}/{version}/$metadata#users/$entity"
    assert me["displayName"] == "Ada Lindqvist"
    for who in (ADA, ADA.upper(), "ada@harbour.example", "ADA@Harbour.example"):
        assert (await reader("GET", f"/{version}/users/{who}")).json() == me
        assert (await reader("GET", f"/{version}/users('{who}')")).json() == me
    fault(await reader("GET", f"/{version}/users/nobody"), 404, "Request_ResourceNotFound")


async def test_the_versions_show_what_they_show_in_graph(reader: Client) -> None:
    shown = (await reader("GET", "/v1.0/me")).json()
    assert list(shown)[1:] == list(User.usual)
    shown = (await reader("GET", "me")).json()
    assert set(shown) - {"@odata.context"} == set(shape(User).properties)
    assert shown["businessPhones"] == []
    assert shown["city"] is None


async def test_properties_are_selected(reader: Client) -> None:
    response = await reader("GET", "/v1.0/me?$select=displayName,department")
    assert response.json() == {
        "@odata.context": f"{BASE}/v1.0/$metadata#users(displayName,department)/$entity",
        "displayName": "Ada Lindqvist",
        "department": "Engineering",
    } | {key: value for key, value in response.json().items() if key == "id"}
    fault(await reader("GET", "me?$select=nothing"), 400, "BadRequest")


async def test_a_property_has_a_url(reader: Client) -> None:
    response = await reader("GET", "me/jobTitle")
    assert response.json() == {
        "@odata.context": f"{BASE}/beta/$metadata#users('{ADA}')/jobTitle",
        "value": "Product Designer",
    }
    assert (await reader("GET", "me/city")).status_code == 204
    fault(await reader("GET", "me/nothing"), 400, "BadRequest")


# ----- what hangs on a person


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_manager_is_a_directory_object(reader: Client, version: str) -> None:
    manager = (await reader("GET", f"/{version}/me/manager")).json()
    context = f"{BASE}/{version}/$metadata#directoryObjects/$entity"
    assert manager["@odata.context"] == context
    assert manager["@odata.type"] == "#microsoft.graph.user"
    assert manager["id"] == NOOR
    assert (await reader("GET", f"/{version}/users/{ADA}/manager")).json() == manager
    reference = (await reader("GET", f"/{version}/me/manager/$ref")).json()
    assert reference["@odata.id"] == f"{BASE}/{version}/users/{NOOR}"
    error = fault(
        await reader("GET", f"/{version}/users/ines@harbour.example/manager"),
        404,
        "Request_ResourceNotFound",
    )
    assert "manager" in error["message"]


async def test_those_who_report_to_a_person_are_listed(reader: Client) -> None:
    url = "users/noor@harbour.example/directReports"
    response = await reader("GET", f"{url}?$count=true&$select=displayName")
    body = response.json()
    assert body["@odata.context"] == f"{BASE}/beta/$metadata#directoryObjects(displayName)"
    assert body["@odata.count"] == 4
    assert {one["@odata.type"] for one in body["value"]} == {"#microsoft.graph.user"}
    assert sorted(names(response)) == ["Ada", "Bram", "Chiara", "Deniz"]
    found = await reader("GET", f"{url}?$filter=contains(jobTitle,'SOFT')&$orderby=displayName")
    assert names(found) == ["Bram", "Chiara"]
    assert (await reader("GET", f"{url}/$count")).text == "4"
    assert (await reader("GET", f"{url}/$count?$filter=surname ne 'okafor'")).text == "3"
    references = (await reader("GET", "me/directReports/$ref")).json()
    assert references["value"] == [{"@odata.id": f"{BASE}/beta/users/{sample.person_id('mei')}"}]


async def test_the_groups_of_a_person_are_listed(reader: Client) -> None:
    response = await reader("GET", "me/memberOf?$count=true")
    assert sorted(one["displayName"] for one in response.json()["value"]) == [
        "Chess Club",
        "Engineering",
    ]
    assert {one["@odata.type"] for one in response.json()["value"]} == {"#microsoft.graph.group"}
    assert response.json()["@odata.count"] == 2
    url = "users/emeka@harbour.example/memberOf"
    assert (await reader("GET", f"{url}/$count")).text == "2"
    assert names(await reader("GET", f"{url}?$filter=displayName eq 'SALES'")) == ["Sales"]
    assert names(await reader("GET", f"{url}?$orderby=displayName desc")) == ["Sales", "Chess"]


async def test_what_a_person_leads_to_is_expanded(reader: Client) -> None:
    me = (await reader("GET", "me?$select=id&$expand=manager($select=displayName)")).json()
    assert me["manager"]["displayName"] == "Noor Rahman"
    assert me["manager"]["@odata.type"] == "#microsoft.graph.user"
    chain = (
        await reader(
            "GET", "users/mei@harbour.example?$expand=manager($levels=max;$select=givenName)"
        )
    ).json()
    leaders = []
    while chain := chain["manager"]:
        leaders.append(chain["givenName"])
    assert leaders == ["Ada", "Noor", "Ines"]
    two = (
        await reader(
            "GET", "users/mei@harbour.example?$expand=manager($levels=2;$select=givenName)"
        )
    ).json()
    assert two["manager"]["manager"]["givenName"] == "Noor"
    assert "manager" not in two["manager"]["manager"]
    noor = (
        await reader(
            "GET",
            f"users/{NOOR}?$expand=directReports($select=givenName;$orderby=displayName;$top=2),"
            "memberOf($select=displayName)",
        )
    ).json()
    assert [one["givenName"] for one in noor["directReports"]] == ["Ada", "Bram"]
    assert [one["displayName"] for one in noor["memberOf"]] == ["Engineering"]
    listed = (await reader("GET", "users?$top=2&$expand=manager($select=givenName)")).json()
    assert [one["manager"]["givenName"] for one in listed["value"]] == ["Noor", "Noor"]
    ines = (await reader("GET", "users/ines@harbour.example?$expand=manager")).json()
    assert ines["manager"] is None
    fault(await reader("GET", "me?$expand=profile"), 400, "Request_UnsupportedQuery")


async def test_a_circle_of_managers_ends(admin: Client, reader: Client) -> None:
    url = "users/ines@harbour.example/manager/$ref"
    body = {"@odata.id": f"{BASE}/beta/users/{ADA}"}
    assert (await admin("PUT", url, json=body)).status_code == 204
    response = await reader("GET", "me?$expand=manager($levels=max;$select=givenName)")
    leaders, one = [], response.json()
    while one := one.get("manager"):
        leaders.append(one["givenName"])
    assert leaders == ["Noor", "Ines", "Ada"]


# ----- groups


@pytest.mark.parametrize("version", VERSIONS)
async def test_groups_are_listed_and_read(reader: Client, version: str) -> None:
    response = await reader("GET", f"/{version}/groups?$count=true")
    assert names(response) == ["Chess", "Engineering", "Sales"]
    assert response.json()["@odata.context"] == f"{BASE}/{version}/$metadata#groups"
    assert response.json()["@odata.count"] == 3
    group = (await reader("GET", f"/{version}/groups/{SALES}")).json()
    assert group["description"] == "Those who bring it to people."
    assert group["@odata.context"] == f"{BASE}/{version}/$metadata#groups/$entity"
    assert (await reader("GET", f"/{version}/groups/$count")).text == "3"
    found = await reader("GET", f'/{version}/groups?$search="description:thurs"')
    assert names(found) == ["Chess"]
    found = await reader("GET", f"/{version}/groups?$filter=startswith(displayName,'eng')")
    assert names(found) == ["Engineering"]
    fault(await reader("GET", f"/{version}/groups/nothing"), 404, "Request_ResourceNotFound")


async def test_the_members_of_a_group_are_listed(reader: Client) -> None:
    url = f"groups/{CHESS}/members"
    response = await reader("GET", f"{url}?$orderby=displayName&$select=displayName")
    assert names(response) == ["Ada", "Emeka", "Hiro", "Mei"]
    assert {one["@odata.type"] for one in response.json()["value"]} == {"#microsoft.graph.user"}
    assert (await reader("GET", f"{url}/$count")).text == "4"
    assert names(await reader("GET", f"{url}?$filter=contains(jobTitle,'design')")) == ["Ada"]
    assert names(await reader("GET", f"{url}?$filter=manager eq null")) == []
    seen, link = [], f"{url}?$top=3"
    while link:
        page = (await reader("GET", link)).json()
        seen += [one["id"] for one in page["value"]]
        link = page.get("@odata.nextLink")
    assert len(seen) == len(set(seen)) == 4
    fault(await reader("GET", "groups/nothing/members"), 404, "Request_ResourceNotFound")


async def test_members_join_and_leave(admin: Client, reader: Client) -> None:
    url = f"groups/{SALES}/members"
    for reference in (
        f"{BASE}/beta/users/{ADA}",
        f"{BASE}/v1.0/directoryObjects/{ADA}",
        "users/ada@harbour.example",
    ):
        response = await admin("POST", f"{url}/$ref", json={"@odata.id": reference})
        assert response.status_code == 204
        assert (await reader("GET", f"{url}/$count")).text == "4"
        again = await admin("POST", f"{url}/$ref", json={"@odata.id": reference})
        fault(again, 409, "Request_MultipleObjectsWithSameKeyValue")
        assert (await admin("DELETE", f"{url}/{ADA}/$ref")).status_code == 204
        fault(await admin("DELETE", f"{url}/{ADA}/$ref"), 404, "itemNotFound")
    await admin("POST", f"{url}/$ref", json={"@odata.id": f"users/{ADA}"})
    gone = await admin("DELETE", f"{url}/$ref?$id={BASE}/beta/users/{ADA}")
    assert gone.status_code == 204
    fault(await admin("DELETE", f"{url}/$ref"), 400, "BadRequest")
    unknown = await admin("POST", f"{url}/$ref", json={"@odata.id": "users/nobody"})
    fault(unknown, 404, "Request_ResourceNotFound")


async def test_what_is_read_only_refuses_writes(admin: Client) -> None:
    calls: list[tuple[str, str, str]] = [
        ("DELETE", "me", "GET, HEAD, PATCH"),
        ("POST", "groups", "GET, HEAD"),
        ("PATCH", f"groups/{CHESS}", "GET, HEAD"),
        ("DELETE", f"groups/{CHESS}", "GET, HEAD"),
        ("POST", "me/directReports", "GET, HEAD"),
        ("PUT", "me/manager", "GET, HEAD"),
        ("PUT", f"users/{ADA}", "GET, HEAD, PATCH, DELETE"),
    ]
    for method, path, allowed in calls:
        response = await admin(method, path, json={})
        fault(response, 405, "Request_BadRequest")
        assert response.headers["allow"] == allowed


# ----- writing people


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_created_person_is_there(admin: Client, version: str) -> None:
    sent = NEW | {
        "@odata.type": "#microsoft.graph.user",
        "mailNickname": "olga",
        "accountEnabled": False,
        "businessPhones": ["+351 1"],
        "passwordProfile": {"password": "s3cret", "forceChangePasswordNextSignIn": False},
    }
    response = await admin("POST", f"/{version}/users", json=sent)
    assert response.status_code == 201
    created = response.json()
    assert response.headers["location"] == f"{BASE}/{version}/users/{created['id']}"
    assert created["displayName"] == "Olga Petrova"
    assert created["businessPhones"] == ["+351 1"]
    read = (await admin("GET", response.headers["location"])).json()
    assert read == created
    everything = await admin("GET", f"users/{created['id']}")
    assert everything.json()["accountEnabled"] is False
    assert everything.json()["createdDateTime"].endswith("Z")
    assert everything.json()["passwordProfile"] is None
    assert "s3cret" not in everything.text
    found = await admin(
        "GET", "users?$filter=startswith(surname,'x') or displayName eq 'OLGA PETROVA'"
    )
    assert names(found) == ["Olga"]


async def test_a_create_may_choose_its_id_and_answer_little(admin: Client) -> None:
    chosen = "0D3B7F0E-6B5C-4F39-9C47-2F4E7B1D8A11"
    response = await admin(
        "POST", "users", json=NEW | {"id": chosen}, headers={"Prefer": "return=minimal"}
    )
    assert response.status_code == 204
    assert response.headers["odata-entityid"] == f"{BASE}/beta/users/{chosen.lower()}"
    taken = NEW | {"id": chosen, "userPrincipalName": "other@harbour.example"}
    error = fault(
        await admin("POST", "users", json=taken), 409, "Request_MultipleObjectsWithSameKeyValue"
    )
    assert error["target"] == "id"
    again = (await admin("POST", "users", json=taken | {"id": "mine"})).json()
    assert again["id"] != "mine"


async def test_a_principal_name_belongs_to_one_person(admin: Client) -> None:
    for call in (
        ("POST", "users", NEW | {"userPrincipalName": "ADA@harbour.example"}),
        ("PATCH", f"users/{NOOR}", {"userPrincipalName": "Ada@Harbour.Example"}),
    ):
        method, path, body = call
        error = fault(
            await admin(method, path, json=body), 409, "Request_MultipleObjectsWithSameKeyValue"
        )
        assert error["target"] == "userPrincipalName"
    assert (
        (await admin("GET", f"users/{NOOR}/userPrincipalName")).json()["value"].startswith("noor")
    )


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"displayName": "X"}, "userPrincipalName"),
        ({"userPrincipalName": "x@y.example"}, "displayName"),
        (NEW | {"displayName": " "}, "displayName"),
        (NEW | {"displayName": None}, "displayName"),
        (NEW | {"displayName": 7}, "displayName"),
        (NEW | {"displayName": "x" * 257}, "displayName"),
        (NEW | {"userPrincipalName": None}, "userPrincipalName"),
        (NEW | {"userPrincipalName": "olga"}, "userPrincipalName"),
        (NEW | {"userPrincipalName": "a b@c"}, "userPrincipalName"),
        (NEW | {"userPrincipalName": "a/b@c"}, "userPrincipalName"),
        (NEW | {"userPrincipalName": "@c"}, "userPrincipalName"),
        (NEW | {"userPrincipalName": "a@"}, "userPrincipalName"),
        (NEW | {"nothing": 1}, "nothing"),
        (NEW | {"businessPhones": "1"}, "businessPhones"),
        (NEW | {"businessPhones": ["1"] * 101}, "businessPhones"),
        (NEW | {"@odata.type": "#microsoft.graph.group"}, "@odata.type"),
    ],
)
async def test_a_person_who_is_not_one_is_refused(
    admin: Client, body: dict[str, Any], target: str
) -> None:
    error = fault(await admin("POST", "users", json=body), 400, "BadRequest")
    assert error["target"] == target
    assert (await admin("GET", "users/$count")).text == "12"


async def test_an_update_merges_what_it_is_sent_and_answers_nothing(admin: Client) -> None:
    url = f"/v1.0/users/{ADA}"
    response = await admin(
        "PATCH", url, json={"jobTitle": "Head of Design", "businessPhones": ["1", "2"]}
    )
    assert (response.status_code, response.content) == (204, b"")
    ada = (await admin("GET", url)).json()
    assert ada["jobTitle"] == "Head of Design"
    assert ada["businessPhones"] == ["1", "2"]
    assert ada["displayName"] == "Ada Lindqvist"
    assert names(await admin("GET", "users?$filter=jobTitle eq 'head of design'")) == ["Ada"]
    assert names(await admin("GET", "users?$filter=jobTitle eq 'product designer'")) == []
    shown = await admin(
        "PATCH", url, json={"jobTitle": None}, headers={"Prefer": "return=representation"}
    )
    assert shown.status_code == 200
    assert shown.json()["jobTitle"] is None
    for body in ({"displayName": None}, {"userPrincipalName": "x"}, {"nothing": 1}):
        fault(await admin("PATCH", url, json=body), 400, "BadRequest")
    fault(await admin("PATCH", "users/nobody", json={}), 404, "Request_ResourceNotFound")


async def test_a_new_principal_name_keeps_the_person(service: Service, admin: Client) -> None:
    ada = service.person("ada")
    item = (await ada("POST", "me/profile/interests", json={"displayName": "Sailing"})).json()
    await admin("PATCH", f"users/{ADA}", json={"userPrincipalName": "ada.l@harbour.example"})
    fault(await admin("GET", "users/ada@harbour.example"), 404, "Request_ResourceNotFound")
    assert (await admin("GET", "users/ada.l@harbour.example")).json()["id"] == ADA
    assert (await ada("GET", f"me/profile/interests/{item['id']}")).status_code == 200
    assert (await admin("GET", f"users/{ADA}/manager")).json()["id"] == NOOR


async def test_a_manager_is_set_and_taken_away(admin: Client) -> None:
    greta = sample.person_id("greta")
    url = f"users/{ADA}/manager/$ref"
    for reference in (
        f"{BASE}/beta/users/{greta}",
        f"{BASE}/v1.0/users('greta@harbour.example')",
        f"{BASE}/beta/directoryObjects/{greta}",
        f"/users/{greta}",
    ):
        assert (await admin("PUT", url, json={"@odata.id": reference})).status_code == 204
        assert (await admin("GET", f"users/{ADA}/manager")).json()["id"] == greta
        assert ADA in (await admin("GET", f"users/{greta}/directReports")).text
        assert ADA not in (await admin("GET", f"users/{NOOR}/directReports")).text
        assert (await admin("DELETE", url)).status_code == 204
        fault(await admin("GET", f"users/{ADA}/manager"), 404, "Request_ResourceNotFound")
    assert (await admin("DELETE", url)).status_code == 204


@pytest.mark.parametrize(
    "reference",
    [
        "https://graph.microsoft.com/v1.0/users/{id}",
        "http://localhost:8081/beta/users/{id}",
        "//elsewhere.example/beta/users/{id}",
        "file:///beta/users/{id}",
        f"{BASE}/beta/groups/{{id}}",
        f"{BASE}/beta/users",
        f"{BASE}/beta/users/{{id}}/manager",
        f"{BASE}/beta/users/{{id}}/$value",
        f"{BASE}/beta/me/../users/{{id}}",
        f"{BASE}/other/users/{{id}}",
        "{id}",
        "",
        7,
        None,
    ],
)
async def test_a_reference_leads_to_a_person_of_ours_or_nowhere(
    admin: Client, reference: Any
) -> None:
    sent = reference.format(id=ADA) if isinstance(reference, str) else reference
    response = await admin("PUT", f"users/{NOOR}/manager/$ref", json={"@odata.id": sent})
    assert fault(response, 400, "BadRequest")["target"] == "@odata.id"
    assert (await admin("GET", f"users/{NOOR}/manager")).json()["displayName"] == "Ines Duarte"


async def test_nobody_is_their_own_manager_nor_has_one_who_is_not_there(admin: Client) -> None:
    url = f"users/{ADA}/manager/$ref"
    own = await admin("PUT", url, json={"@odata.id": f"users/{ADA}"})
    fault(own, 409, "Request_MultipleObjectsWithSameKeyValue")
    nobody = await admin("PUT", url, json={"@odata.id": "users/nobody"})
    fault(nobody, 404, "Request_ResourceNotFound")


async def test_a_deleted_person_leaves_nothing_behind(service: Service, admin: Client) -> None:
    ada = service.person("ada")
    for audience in ("me", "organization"):
        body = {"displayName": "Sailing", "allowedAudiences": audience}
        assert (await ada("POST", "me/profile/interests", json=body)).status_code == 201
    response = await admin("DELETE", f"users/{ADA}")
    assert (response.status_code, response.content) == (204, b"")
    for path in ("", "/manager", "/profile", "/profile/interests"):
        fault(await admin("GET", f"users/{ADA}{path}"), 404, "Request_ResourceNotFound")
    fault(await ada("GET", "me"), 404, "Request_ResourceNotFound")
    fault(await admin("GET", "users/mei@harbour.example/manager"), 404, "Request_ResourceNotFound")
    for path in ("users?$filter=startswith(displayName,'ada')", f"users/{NOOR}/directReports"):
        assert "Lindqvist" not in (await admin("GET", path)).text
    groups = service.application("Directory.Read.All")
    assert (await groups("GET", f"groups/{CHESS}/members/$count")).text == "3"
    fault(await admin("DELETE", f"users/{ADA}"), 404, "Request_ResourceNotFound")
    again = NEW | {"id": ADA, "userPrincipalName": "ada@harbour.example"}
    assert (await admin("POST", "users", json=again)).status_code == 201
    assert (await admin("GET", f"users/{ADA}/profile/interests")).json()["value"] == []
    assert (await groups("GET", f"users/{ADA}/memberOf/$count")).text == "0"
    assert (await groups("GET", f"users/{ADA}/directReports/$count")).text == "0"


async def test_a_deleted_person_is_on_nobodys_list(service: Service, admin: Client) -> None:
    ada, lists = service.person("ada"), "/openprofile/people/me/relations"
    bram, mei = sample.person_id("bram"), sample.person_id("mei")
    await ada("PUT", lists, json={"family": [bram, mei], "contacts": [bram]})
    hidden = {"displayName": "Sailing", "allowedAudiences": "family,contacts"}
    item = (await ada("POST", "me/profile/interests", json=hidden)).json()["id"]
    url = f"users/{ADA}/profile/interests/{item}"
    assert (await service.person("bram")("GET", url)).status_code == 200
    assert (await admin("DELETE", f"users/{bram}")).status_code == 204
    assert (await ada("GET", lists)).json() == {"family": [mei], "contacts": []}
    again = NEW | {"id": bram, "userPrincipalName": "bram@harbour.example"}
    assert (await admin("POST", "users", json=again)).status_code == 201
    fault(await service.person("bram")("GET", url), 404, "itemNotFound")
    assert (await service.person("mei")("GET", url)).status_code == 200


async def test_nobody_is_named_who_is_deleted_in_between(
    service: Service, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look-up of a person and the write that names them, they are deleted."""
    bram = sample.person_id("bram")
    write, administrator = service.parts.store.write, service.administrator()

    async def late(changes: Sequence[Change]) -> list[Record | None]:
        monkeypatch.setattr(service.parts.store, "write", write)
        assert (await administrator("DELETE", f"users/{bram}")).status_code == 204
        return await write(changes)

    monkeypatch.setattr(service.parts.store, "write", late)
    lists = "/openprofile/people/me/relations"
    put = await service.person("ada")("PUT", lists, json={"family": [bram]})
    fault(put, 404, "Request_ResourceNotFound")
    assert (await service.person("ada")("GET", lists)).json()["family"] == []


async def test_a_profile_does_not_outlive_its_owner(
    service: Service, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, write = service.person("ada"), service.parts.store.write

    async def late(changes: Sequence[Change]) -> list[Record | None]:
        monkeypatch.setattr(service.parts.store, "write", write)
        assert (await admin("DELETE", f"users/{ADA}")).status_code == 204
        return await write(changes)

    monkeypatch.setattr(service.parts.store, "write", late)
    created = await ada("POST", "me/profile/interests", json={"displayName": "Sailing"})
    fault(created, 404, "Request_ResourceNotFound")
    assert await service.parts.store.owned(sample.TENANT, ADA) == []


async def test_a_person_whose_name_is_no_address_can_be_changed(
    service: Service, admin: Client
) -> None:
    """As of somebody whom an issuer's token named, and nobody created."""
    stranger = User(id="11111111-2222-3333-4444-555555555555", user_principal_name="stranger")
    await service.parts.directory.put(sample.TENANT, [Person(user=stranger)], [])
    response = await admin("PATCH", "users/stranger", json={"displayName": "Olga"})
    assert response.status_code == 204
    assert (await admin("GET", "users/stranger/displayName")).json()["value"] == "Olga"
    response = await admin("PATCH", "users/stranger", json={"userPrincipalName": "still not"})
    assert fault(response, 400, "BadRequest")["target"] == "userPrincipalName"


@pytest.mark.parametrize("name", ["@odata.id", "@id"])
async def test_a_reference_is_written_in_either_version(
    admin: Client, reader: Client, name: str
) -> None:
    bram = sample.person_id("bram")
    for url in (f"{BASE}/beta/users/{bram}", f"users('{bram}')", f"/users/{bram}"):
        response = await admin("PUT", f"users/{ADA}/manager/$ref", json={name: url})
        assert response.status_code == 204, response.text
        assert (await reader("GET", "me/manager/id/$value")).text == bram
        assert (await admin("DELETE", f"users/{ADA}/manager/$ref")).status_code == 204
    for body in ({"@odata.id": url, "@id": url}, {name: 7}, {name: None}, {"id": bram}, {}):
        response = await admin("PUT", f"users/{ADA}/manager/$ref", json=body)
        fault(response, 400, "BadRequest")

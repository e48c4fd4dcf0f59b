"""People of another tenant: what is seen of them, and that nobody can tell that they are there."""

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from api import batching
from api.conftest import OTHER_TENANT, TRUSTED_TENANT, Client, Service, fault, of_another_tenant
from api.test_audiences import ABSENT, ADA, URL, bytes_of, hide
from openprofile import sample
from openprofile.abroad import MARKS
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person, User
from openprofile.policy.caller import GLOBAL_ADMINISTRATOR
from values import WRITABLE

pytestmark = pytest.mark.anyio
FIRST_SENT = format_datetime(datetime.now(UTC), usegmt=True)
EVERY_RIGHT = ("User.ReadWrite.All", "Directory.ReadWrite.All", "Group.ReadWrite.All")


def someone(alias: str, tenant: str, **members: Any) -> User:
    domain = {OTHER_TENANT: "meadow", TRUSTED_TENANT: "forest"}[tenant]
    return User(
        id=sample.person_id(f"{alias} of {domain}"),
        display_name=alias.title(),
        user_principal_name=f"{alias}@{domain}.example",
    )


async def of(tenant: str, service: Service, data: Path) -> Client:
    """An administrator of another tenant, with every right there."""
    token = await of_another_tenant(
        data,
        service.parts,
        someone("zoe", tenant),
        *EVERY_RIGHT,
        directory_roles=[GLOBAL_ADMINISTRATOR],
        tenant=tenant,
    )
    return service.bearing(token)


@pytest.fixture
async def stranger(service: Service, data: Path) -> Client:
    """Of a tenant that nobody trusts."""
    return await of(OTHER_TENANT, service, data)


@pytest.fixture
async def ally(service: Service, data: Path) -> Client:
    """Of the tenant that Ada's trusts."""
    return await of(TRUSTED_TENANT, service, data)


SEEN = [
    ("me", False, False),
    ("family", False, False),
    ("contacts", False, False),
    ("groupMembers", False, False),
    ("organization", False, False),
    ("federatedOrganizations", False, True),
    ("me,federatedOrganizations", False, True),
    ("everyone", True, True),
]


@pytest.mark.parametrize(("audiences", "by_stranger", "by_ally"), SEEN)
async def test_an_item_is_seen_by_those_whom_its_audiences_name(
    service: Service,
    stranger: Client,
    ally: Client,
    audiences: str,
    by_stranger: bool,
    by_ally: bool,
) -> None:
    item = await hide(service, audiences=audiences)
    for caller, seen in ((stranger, by_stranger), (ally, by_ally)):
        for url in (URL, "users/ADA@harbour.example/profile/interests"):
            one = await caller("GET", f"{url}/{item}")
            listed = await caller("GET", url)
            if seen:
                assert one.json()["id"] == item
                assert [each["id"] for each in listed.json()["value"]] == [item]
            else:
                fault(one, 404, "Request_ResourceNotFound")
                fault(listed, 404, "Request_ResourceNotFound")


@pytest.mark.parametrize("facet", WRITABLE)
async def test_every_facet_is_for_the_federation_alike(
    service: Service, stranger: Client, ally: Client, facet: str
) -> None:
    shown = await hide(service, facet, "federatedOrganizations")
    hidden = await hide(service, facet)
    url = f"users/{ADA}/profile"
    assert [one["id"] for one in (await ally("GET", url)).json()[facet]] == [shown]
    assert (await ally("GET", f"{url}/{facet}/$count")).text == "1"
    fault(await ally("GET", f"{url}/{facet}/{hidden}"), 404, "itemNotFound")
    fault(await stranger("GET", url), 404, "Request_ResourceNotFound")


async def test_trust_is_the_owners_and_not_mutual(
    service: Service, ally: Client, data: Path
) -> None:
    body = {"displayName": "Chess", "allowedAudiences": "federatedOrganizations"}
    assert (await ally("POST", "me/profile/interests", json=body)).status_code == 201
    zoe = someone("zoe", TRUSTED_TENANT).id
    seen = await service.person("ada")("GET", f"users/{zoe}/profile/interests")
    fault(seen, 404, "Request_ResourceNotFound")


async def test_what_is_shown_of_a_person_shows_no_more_of_them(
    service: Service, ally: Client
) -> None:
    await hide(service, audiences="everyone")
    profile = (await ally("GET", f"users/{ADA}/profile")).json()
    assert profile["account"] == []
    assert [facet for facet, value in profile.items() if isinstance(value, list) and value] == [
        "interests"
    ]
    for path in ("", "/manager", "/directReports", "/memberOf", "/displayName"):
        fault(await ally("GET", f"users/{ADA}{path}"), 404, "Request_ResourceNotFound")
    fault(
        await ally("GET", f"/openprofile/people/{ADA}/relations"), 404, "Request_ResourceNotFound"
    )
    listed = (await ally("GET", "users?$count=true")).json()
    assert listed["@odata.count"] == 1


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/profile/interests", {}),
    ("POST", "/profile/interests/$ref", {}),
    ("PATCH", "/profile/interests/{item}", {}),
    ("PUT", "/profile/interests/{item}/displayName", {"value": "x"}),
    ("DELETE", "/profile/interests/{item}/displayName", None),
    ("DELETE", "/profile/interests/{item}", None),
    ("DELETE", "/profile", None),
    ("PATCH", "", {"jobTitle": "x"}),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_nothing_is_written_across_tenants(
    service: Service, stranger: Client, ally: Client, method: str, path: str, body: Any
) -> None:
    item = await hide(service, audiences="everyone,federatedOrganizations")
    before = (await service.person("ada")("GET", "me/profile")).text
    for caller in (stranger, ally):
        options = {} if body is None else {"json": body}
        refused = await caller(method, f"users/{ADA}{path.format(item=item)}", **options)
        missing = await caller(method, f"users/{ABSENT}{path.format(item=item)}", **options)
        fault(refused, 404, "Request_ResourceNotFound")
        assert bytes_of(refused, ADA) == bytes_of(missing, ABSENT)
    assert (await service.person("ada")("GET", "me/profile")).text == before


@pytest.mark.parametrize("tenant", [OTHER_TENANT, TRUSTED_TENANT])
async def test_an_application_stays_in_its_tenant(
    service: Service, data: Path, tenant: str
) -> None:
    item = await hide(service, audiences="everyone,federatedOrganizations")
    authority = Authority(data / "authority", tenant, service.parts.clock)
    application = service.bearing(authority.application(EVERY_RIGHT, expires_in=60))
    for url in (f"users/{ADA}/profile", URL, f"{URL}/{item}", f"{URL}/$count"):
        fault(await application("GET", url), 404, "Request_ResourceNotFound")


READS = ["", "/interests", "/interests/{item}", "/interests/$count", "/interests/$ref",
         "/interests?$filter=id ne null&$count=true", "/interests/{item}/displayName/$value",
         "?$expand=interests"]  # fmt: skip


@pytest.mark.parametrize("path", READS)
async def test_who_shows_nothing_is_answered_as_nobody(
    service: Service, stranger: Client, ally: Client, path: str
) -> None:
    item = await hide(service, audiences="organization,groupMembers")
    for caller in (stranger, ally):
        for method in ("GET", "HEAD"):
            hidden = await caller(method, f"users/{ADA}/profile{path.format(item=item)}")
            missing = await caller(method, f"users/{ABSENT}/profile{path.format(item=item)}")
            assert hidden.status_code == 404
            assert bytes_of(hidden, ADA) == bytes_of(missing, ABSENT)


async def test_who_is_there_and_who_is_not_are_looked_for_alike(
    service: Service, stranger: Client, ally: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is asked for the same and finds nothing of either, so the time tells nothing."""
    for _ in range(3):
        await hide(service)
    store, asked = service.parts.store, []

    def watched(name: str) -> Any:
        method = getattr(store, name)

        async def call(*arguments: Any) -> Any:
            found = await method(*arguments)
            what = arguments[0] if name == "get" else None
            asked.append((name, what and (what.tenant, what.facet, what.id), found and name))
            return found

        return call

    runs = {}
    for caller, gets in ((stranger, 2), (ally, 3)):
        for who in (ADA, "ada@harbour.example", ABSENT, "nobody@harbour.example"):
            with monkeypatch.context() as patched:
                for name in ("person", "owned", "collection", "get", "share_group", "entries"):
                    patched.setattr(store, name, watched(name))
                answer = await caller("GET", f"users/{who}/profile")
            fault(answer, 404, "Request_ResourceNotFound")
            runs[who] = [(name, what) for name, what, _ in asked]
            assert not any(found for name, _, found in asked if name != "person")
            asked.clear()
        assert runs[ADA] == runs[ABSENT] == runs["ada@harbour.example"]
        assert runs["nobody@harbour.example"] == runs[ABSENT]
        assert [name for name, _ in runs[ADA]].count("get") == gets
        assert "owned" not in dict(runs[ADA])


async def shown_to(caller: Client) -> int:
    answer = await caller("GET", URL)
    return len(answer.json()["value"]) if answer.status_code == 200 else 0


async def test_whatever_way_an_audience_is_given_it_is_seen_abroad(
    service: Service, stranger: Client, ally: Client
) -> None:
    ada, url = service.person("ada"), "me/profile/interests"
    item = await hide(service)
    assert await shown_to(stranger) == await shown_to(ally) == 0
    await ada("PATCH", f"{url}/{item}", json={"allowedAudiences": "me,federatedOrganizations"})
    assert (await shown_to(stranger), await shown_to(ally)) == (0, 1)
    put = await ada("PUT", f"{url}/{item}/allowedAudiences", json={"value": "everyone"})
    assert put.is_success
    assert (await shown_to(stranger), await shown_to(ally)) == (1, 1)
    await ada("DELETE", f"{url}/{item}")
    assert (await shown_to(stranger), await shown_to(ally)) == (0, 0)
    body = {"displayName": "x", "allowedAudiences": "everyone"}
    grouped = [batching.post("1", body, "/me/profile/interests") | {"atomicityGroup": "g"}]
    await batching.send(ada, *grouped)
    assert await shown_to(stranger) == 1
    await ada("DELETE", "me/profile")
    assert await service.parts.store.owned(sample.TENANT, ADA) == []
    headers = {"Repeatability-Request-ID": "1", "Repeatability-First-Sent": FIRST_SENT}
    for _ in range(2):
        assert (await ada("POST", url, json=body, headers=headers)).status_code == 201
    assert await shown_to(stranger) == 1
    owned = {facet for facet, _ in await service.parts.store.owned(sample.TENANT, ADA)}
    assert owned == {"interests", MARKS}
    whole = (await ada("GET", "me/profile")).json()
    assert MARKS not in whole
    fault(await ada("GET", f"me/profile/{MARKS}"), 400, "BadRequest")
    fault(await ada("POST", f"me/profile/{MARKS}", json={}), 400, "BadRequest")


async def test_ones_own_tenant_comes_first_and_then_those_that_trust_it(
    service: Service, ally: Client, data: Path
) -> None:
    """An id that another tenant has as well leads nobody away."""
    item = await hide(service, audiences="federatedOrganizations")
    impostor = User(id=ADA, display_name="Not Ada", user_principal_name="ada@harbour.example")
    token = await of_another_tenant(data, service.parts, impostor, *EVERY_RIGHT)
    body = {"allowedAudiences": "everyone", "displayName": "An impostor's"}
    await service.bearing(token)("POST", "me/profile/interests", json=body)
    assert [one["id"] for one in (await ally("GET", URL)).json()["value"]] == [item]
    assert [one["id"] for one in (await service.person("bram")("GET", URL)).json()["value"]] == []
    await service.person("ada")("DELETE", "me/profile")
    seen = (await ally("GET", URL)).json()["value"]
    assert [one["displayName"] for one in seen] == ["An impostor's"]


async def test_ids_of_another_tenant_are_on_no_list(service: Service, data: Path) -> None:
    """Somebody with the id of one of Ada's family, in a tenant that hers trusts."""
    bram = sample.person_id("bram")
    await service.person("ada")(
        "PUT", "/openprofile/people/me/relations", json={"family": [bram], "contacts": [bram]}
    )
    item = await hide(service, audiences="family,contacts,groupMembers")
    shown = await hide(service, audiences="everyone")
    user = User(id=bram, user_principal_name="bram@forest.example")
    token = await of_another_tenant(
        data, service.parts, user, "User.Read.All", tenant=TRUSTED_TENANT
    )
    seen = (await service.bearing(token)("GET", URL)).json()["value"]
    assert [one["id"] for one in seen] == [shown]
    same = User(id=ADA, user_principal_name="ada@forest.example")
    await service.parts.directory.put(TRUSTED_TENANT, [Person(user=same)], [])
    assert (await service.bearing(token)("GET", f"{URL}/{item}")).status_code == 404


async def test_pages_links_and_batches_cross_as_well(service: Service, ally: Client) -> None:
    items = {await hide(service, audiences="federatedOrganizations") for _ in range(5)}
    await hide(service)
    found, link = set(), f"{URL}?$count=true"
    while link:
        page = (await ally("GET", link, headers={"Prefer": "odata.maxpagesize=2"})).json()
        assert page["@odata.count"] == 5
        found |= {one["id"] for one in page["value"]}
        link = page.get("@odata.nextLink")
    assert found == items
    request = batching.get("1", f"/{URL}")
    (answer,) = (await batching.send(ally, request)).json()["responses"]
    assert {one["id"] for one in answer["body"]["value"]} == items


async def test_the_audit_log_tells_of_somebody_who_shows_nothing_any_more(
    service: Service, stranger: Client
) -> None:
    item = await hide(service, audiences="everyone")
    await service.person("ada")("DELETE", f"me/profile/interests/{item}")
    with capture_logs() as logs:
        hidden = await stranger("GET", f"users/{ADA}/profile")
        missing = await stranger("GET", f"users/{ABSENT}/profile")
    assert bytes_of(hidden, ADA) == bytes_of(missing, ABSENT)
    told, untold = (line for line in logs if line["event"] == "audit")
    assert (told["rule"], told["owner"], told["tenant"]) == ("audience", ADA, OTHER_TENANT)
    assert (untold["rule"], untold["owner"]) == (None, None)

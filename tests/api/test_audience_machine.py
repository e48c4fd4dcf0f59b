"""Any history of items, lists and groups, read in every way by everybody, against a plain model."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    rule,
    run_state_machine_as_test,
)

from api.conftest import (
    BASE,
    FEDERATION,
    OTHER_TENANT,
    TRUSTED_TENANT,
    Client,
    Service,
    of_another_tenant,
    user,
)
from api.test_audiences import ABSENT, bytes_of
from openprofile import sample
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Group
from openprofile.model.enums import AllowedAudiences
from openprofile.server.stand_in import stand_in

ADA = sample.person_id("ada")
PROFILE = f"users/{ADA}/profile"
FACETS = ("interests", "notes", "skills")
PEOPLE = ("bram", "farah", "greta", "hiro")
APPLICATION = "application"
STRANGER, ALLY, THEIR_APPLICATION = "stranger", "ally", "application of the ally's tenant"
ABROAD = (STRANGER, ALLY, THEIR_APPLICATION)
"""Of other tenants; Ada's trusts that of the ally and their application."""
EVERYBODY = ("ada", *PEOPLE, APPLICATION, *ABROAD)
ADMINISTRATOR = "hiro"
AUDIENCES = [*AllowedAudiences.members][:-1]

Ids = set[str]


class Model:
    """Who may see what, as plainly as it can be said."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[str, set[str] | None]] = {}
        self.family: set[str] = set()
        self.contacts: set[str] = set()
        self.group: set[str] = set()

    def sees(self, who: str, item: str) -> bool:
        _, audiences = self.items[item]
        if who == THEIR_APPLICATION:
            return False
        if who in ("ada", APPLICATION):
            return True
        if audiences is None:
            return False
        if who in ABROAD:
            met = {"everyone", "federatedOrganizations"} if who == ALLY else {"everyone"}
            return bool(audiences & met)
        return (
            bool(audiences & {"everyone", "organization"})
            or ("groupMembers" in audiences and {who, "ada"} <= self.group)
            or ("family" in audiences and who in self.family)
            or ("contacts" in audiences and who in self.contacts)
        )

    def seen(self, who: str, facet: str) -> Ids:
        return {
            item for item, (of, _) in self.items.items() if of == facet and self.sees(who, item)
        }


Way = Callable[[Client, str, Model], Awaitable[Ids]]
"""A way to read a facet of Ada's: the ids of the items that it shows."""


def ids(values: list[dict[str, Any]]) -> Ids:
    found = {value["id"] for value in values}
    assert len(found) == len(values)
    return found


async def json(client: Client, path: str, **options: Any) -> Any:
    answer = await client("GET", path, **options)
    if answer.status_code == 404:
        return {"value": []}
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(client: Client, facet: str, model: Model, query: str = "") -> Ids:
    return ids((await json(client, f"{PROFILE}/{facet}{query}"))["value"])


async def paged(client: Client, facet: str, model: Model) -> Ids:
    values: list[dict[str, Any]] = []
    link = f"{PROFILE}/{facet}?$orderby=displayName desc"
    while link:
        page = await json(client, link, headers={"Prefer": "odata.maxpagesize=2"})
        values += page["value"]
        link = page.get("@odata.nextLink", "")
    return ids(values)


async def first_and_counted(client: Client, facet: str, model: Model) -> Ids:
    """The items by the page of one, the counts, and the rest of the list."""
    first = await json(client, f"{PROFILE}/{facet}?$count=true&$top=1&$orderby=displayName")
    rest = await json(client, f"{PROFILE}/{facet}?$skip=1&$orderby=displayName")
    found = ids(first["value"] + rest["value"])
    assert first.get("@odata.count", 0) == len(found)
    counted = await client("GET", f"{PROFILE}/{facet}/$count?$filter=id ne null")
    assert counted.status_code == 404 or int(counted.text) == len(found)
    return found


async def referred(client: Client, facet: str, model: Model) -> Ids:
    values = (await json(client, f"{PROFILE}/{facet}/$ref"))["value"]
    return {value["@odata.id"].split("'")[-2] for value in values}


async def in_profile(client: Client, facet: str, model: Model, query: str = "") -> Ids:
    return ids((await json(client, f"{PROFILE}{query}")).get(facet, []))


async def expanded(client: Client, facet: str, model: Model) -> Ids:
    query = f"?$expand={facet}($count=true;$filter=displayName ne 'x';$orderby=displayName)"
    answer = await json(client, f"{PROFILE}{query}")
    found = ids(answer.get(facet, []))
    assert answer.get(f"{facet}@odata.count", 0) == len(found)
    return found


async def one_by_one(client: Client, facet: str, model: Model, form: str = "/{}") -> Ids:
    found = set()
    for item, (of, _) in model.items.items():
        if of == facet:
            answer = await client("GET", f"{PROFILE}/{facet}{form.format(item)}")
            assert answer.status_code in (200, 404), answer.text
            if answer.status_code == 200:
                found.add(item)
    return found


async def batched(client: Client, facet: str, model: Model) -> Ids:
    path = f"/{PROFILE}/{facet}"
    wanted = [item for item, (of, _) in model.items.items() if of == facet][:18]
    requests = [
        {"id": "list", "method": "GET", "url": path},
        *({"id": item, "method": "GET", "url": f"{path}('{item}')"} for item in wanted),
    ]
    sent = await client("POST", "$batch", json={"requests": requests})
    answers = {each["id"]: each for each in sent.json()["responses"]}
    found = ids(answers["list"]["body"].get("value", []))
    assert {item for item in wanted if answers[item]["status"] == 200} == found & {*wanted}
    return found


WAYS: list[Way] = [
    listed,
    partial(listed, query="?$filter=startswith(displayName,'item')"),
    partial(listed, query="?$filter=allowedAudiences ne 'everyone' or displayName ne null"),
    partial(listed, query="?$search=item&$select=id"),
    paged,
    first_and_counted,
    referred,
    in_profile,
    expanded,
    one_by_one,
    partial(one_by_one, form="('{}')"),
    partial(one_by_one, form="(id='{}')/displayName/$value"),
    partial(one_by_one, form="/{}/$ref"),
    batched,
]


class Histories(RuleBasedStateMachine):
    """Ada's profile under everybody's hands."""

    portal: anyio.from_thread.BlockingPortal
    service: Service
    clients: dict[str, Client]

    items = Bundle("items")
    some = st.sets(st.sampled_from(PEOPLE))
    audiences = st.sets(st.sampled_from(AUDIENCES), min_size=1)
    writers = st.sampled_from(["ada", APPLICATION, ADMINISTRATOR])

    def call(self, who: str, method: str, path: str, **options: Any) -> httpx2.Response:
        return self.portal.call(partial(self.clients[who], method, path, **options))

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        assert self.call("ada", "DELETE", "me/profile").status_code == 204
        self.relate(set(), set())
        self.regroup(set())

    @rule(target=items, facet=st.sampled_from(FACETS), audiences=audiences, who=writers)
    def create(self, facet: str, audiences: set[str], who: str) -> str:
        body = {"allowedAudiences": ",".join(audiences), "displayName": "item"}
        answer = self.call(who, "POST", f"{PROFILE}/{facet}", json=body)
        assert answer.status_code == 201
        item: str = answer.json()["id"]
        self.model.items[item] = (facet, audiences)
        return item

    @rule(item=items, audiences=st.none() | audiences, who=writers, stale=st.booleans())
    def change(self, item: str, audiences: set[str] | None, who: str, stale: bool) -> None:
        if item not in self.model.items:
            return
        facet, _ = self.model.items[item]
        answer = self.call(
            who,
            "PATCH",
            f"{PROFILE}/{facet}/{item}",
            json={"allowedAudiences": audiences and ",".join(audiences)},
            headers={"If-Match": 'W/"1"'} if stale else {},
        )
        if not self.model.sees(who, item):
            assert answer.status_code == 404
        elif stale:
            assert answer.status_code == 412
        else:
            assert answer.status_code == 200
            self.model.items[item] = (facet, audiences)

    @rule(item=consumes(items), who=writers)
    def delete(self, item: str, who: str) -> None:
        if item not in self.model.items:
            return
        facet, _ = self.model.items[item]
        answer = self.call(who, "DELETE", f"{PROFILE}/{facet}/{item}")
        assert answer.status_code == (204 if self.model.sees(who, item) else 404)
        if answer.status_code == 204:
            del self.model.items[item]

    @rule(item=items, who=st.sampled_from(["bram", "farah", *ABROAD]))
    def meddle(self, item: str, who: str) -> None:
        for facet in FACETS:
            url = f"{PROFILE}/{facet}/{item}"
            refused = 404 if who in ABROAD else 403
            assert self.call(who, "DELETE", url).status_code == refused
            assert self.call(who, "PATCH", url, json={}).status_code == refused

    @rule()
    def erase(self) -> None:
        assert self.call("ada", "DELETE", "me/profile").status_code == 204
        self.model.items.clear()

    @rule(family=some, contacts=some)
    def relate(self, family: set[str], contacts: set[str]) -> None:
        lists = {
            "family": [sample.person_id(alias) for alias in family],
            "contacts": [f"{alias}@{sample.DOMAIN}" for alias in contacts],
        }
        answer = self.call("ada", "PUT", "/openprofile/people/me/relations", json=lists)
        assert answer.status_code == 200
        self.model.family, self.model.contacts = family, contacts

    @rule(members=st.sets(st.sampled_from(["ada", *PEOPLE])))
    def regroup(self, members: set[str]) -> None:
        groups: list[tuple[Group, tuple[str, ...]]] = [
            (group, ()) for group, _ in sample.groups()[1:]
        ]
        together = tuple(sample.person_id(alias) for alias in members)
        groups.append((sample.groups()[0][0], together))
        self.portal.call(self.service.parts.directory.put, sample.TENANT, [], groups)
        self.model.group = members

    @rule(who=st.sampled_from(EVERYBODY), facet=st.sampled_from(FACETS), way=st.sampled_from(WAYS))
    def read(self, who: str, facet: str, way: Way) -> None:
        found = self.portal.call(way, self.clients[who], facet, self.model)
        assert found == self.model.seen(who, facet)

    @rule(who=st.sampled_from(ABROAD), path=st.sampled_from(["", "/notes", "/notes/$count"]))
    def look_for_somebody_abroad(self, who: str, path: str) -> None:
        """Who shows nothing is answered as nobody."""
        found = self.call(who, "GET", f"{PROFILE}{path}")
        nobody = self.call(who, "GET", f"users/{ABSENT}/profile{path}")
        shows = any(self.model.sees(who, item) for item in self.model.items)
        assert found.status_code == (200 if shows else 404)
        if not shows:
            assert bytes_of(found, ADA) == bytes_of(nobody, ABSENT)

    @rule(facet=st.sampled_from(FACETS))
    def read_in_every_way(self, facet: str) -> None:
        for who in EVERYBODY:
            for way in WAYS:
                found = self.portal.call(way, self.clients[who], facet, self.model)
                assert found == self.model.seen(who, facet), (who, way)


@pytest.fixture
def machine(data: Path) -> Iterator[type[Histories]]:
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            stand_in(
                data,
                memory=True,
                tenants=[OTHER_TENANT, TRUSTED_TENANT],
                federation=FEDERATION,
            )
        ) as parts,
    ):
        http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=parts.app), base_url=BASE, verify=False
        )
        service = Service(parts, http)
        abroad = partial(of_another_tenant, data, parts, user("mei"), "User.ReadWrite.All")
        trusted = Authority(data / "authority", TRUSTED_TENANT, parts.clock)
        clients = {alias: service.person(alias, "User.ReadWrite.All") for alias in ("ada", *PEOPLE)}
        clients |= {
            ADMINISTRATOR: service.administrator(),
            APPLICATION: service.application("User.ReadWrite.All"),
            STRANGER: service.bearing(portal.call(abroad)),
            ALLY: service.bearing(portal.call(partial(abroad, tenant=TRUSTED_TENANT))),
            THEIR_APPLICATION: service.bearing(
                trusted.application(["User.ReadWrite.All"], expires_in=3600)
            ),
        }

        class Bound(Histories):
            pass

        Bound.portal, Bound.service, Bound.clients = portal, service, clients
        yield Bound


def test_every_answer_shows_what_the_model_says(machine: type[Histories]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

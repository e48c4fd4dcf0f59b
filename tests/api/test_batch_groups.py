"""Atomicity groups: all of their requests succeed, or none is stored."""

import asyncio
from typing import Any

import pytest

from api.batching import JSON, PATH, batch, delete, error, get, names, patch, post
from api.conftest import FACET_LIMIT, Client, Service

pytestmark = pytest.mark.anyio


def grouped(*requests: dict[str, Any], group: str = "g") -> list[dict[str, Any]]:
    return [request | {"atomicityGroup": group} for request in requests]


async def created(client: Client, name: str) -> str:
    id: str = (await client("POST", PATH, json={"displayName": name})).json()["id"]
    return id


async def test_a_group_that_succeeds_is_stored_whole(ada: Client) -> None:
    old, gone = await created(ada, "old"), await created(ada, "gone")
    answers = await batch(
        ada,
        *grouped(
            post("1"),
            patch("2", f"{PATH}/{old}", {"displayName": "changed"}),
            delete("3", f"{PATH}/{gone}"),
            get("4", "me/profile/languages"),
        ),
    )
    assert [answers[id]["status"] for id in "1234"] == [201, 200, 204, 200]
    assert all(answer["atomicityGroup"] == "g" for answer in answers.values())
    assert await names(ada) == ["changed", "1"]
    stored = (await ada("GET", answers["1"]["headers"]["Location"])).json()
    assert stored == answers["1"]["body"]


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (get("x", f"{PATH}/nope"), 404),
        (post("x", {"colour": 1}), 400),
        (post("x", url="/nothing"), 400),
        (post("x", url="https://evil.example/beta/me"), 400),
        (patch("x", f"{PATH}/nope"), 404),
        (delete("x", f"{PATH}/nope"), 404),
        (patch("x", PATH), 405),
        (get("x") | {"method": "HEAD"}, 400),
        (get("x") | {"if": "true"}, 501),
        (post("x", headers=JSON | {"Authorization": "Bearer x"}), 401),
        (post("x", url="users/bram@harbour.example/profile/interests"), 403),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_request_that_fails_undoes_its_group(
    ada: Client, bad: dict[str, Any], status: int, place: int
) -> None:
    old = await created(ada, "old")
    good = [post("1"), patch("2", f"{PATH}/{old}", {"displayName": "changed"})]
    good.insert(place, bad)
    answers = await batch(ada, *grouped(*good), post("free"))
    assert answers["x"]["status"] == status
    for id in "12":
        assert "'x'" in error(answers[id], 424, "failedDependency")
    assert answers["free"]["status"] == 201
    assert await names(ada) == ["old", "free"]


async def test_a_conflict_in_the_transaction_undoes_the_group(ada: Client) -> None:
    taken = await created(ada, "old")
    answers = await batch(
        ada,
        *grouped(
            post("1"),
            patch("2", f"{PATH}/{taken}", headers=JSON | {"If-Match": 'W/"1"'}),
            post("3"),
        ),
        *grouped(post("4"), post("5", {"id": taken}), group="h"),
    )
    error(answers["2"], 412, "resourceModified")
    error(answers["5"], 409, "nameAlreadyExists")
    for id in "134":
        error(answers[id], 424, "failedDependency")
    assert await names(ada) == ["old"]


async def test_a_group_that_would_overfill_a_facet_is_not_stored(ada: Client) -> None:
    for n in range(FACET_LIMIT - 2):
        await created(ada, str(n))
    answers = await batch(ada, *grouped(post("1"), post("2"), post("3")))
    error(answers["3"], 507, "quotaLimitReached")
    assert len(await names(ada)) == FACET_LIMIT - 2


async def test_requests_of_a_group_may_build_on_each_other(ada: Client) -> None:
    answers = await batch(
        ada,
        *grouped(
            post("1"),
            patch("2", "$1", {"description": "d"}),
            post("3", dependsOn=["1"], url=f"{PATH}/$ref"),
            delete("4", "$3", dependsOn=["3"]),
        ),
        get("5", "$1"),
    )
    assert [answers[id]["status"] for id in "12345"] == [201, 200, 201, 204, 200]
    assert answers["5"]["body"]["description"] == "d"
    assert await names(ada) == ["1"]


async def test_a_request_reads_what_those_before_it_in_its_group_will_write(ada: Client) -> None:
    old, gone = await created(ada, "old"), await created(ada, "gone")
    listed = f"{PATH}?$orderby=displayName&$select=displayName&$count=true"
    answers = await batch(
        ada,
        *grouped(
            get("before", listed),
            post("1"),
            get("one", "$1"),
            patch("2", "$1", {"displayName": "renamed"}),
            get("two", "$1?$select=displayName"),
            patch("3", f"{PATH}/{old}", {"description": "d"}),
            delete("4", f"{PATH}/{gone}"),
            get("listed", listed),
            get("profile", "me/profile?$expand=interests($filter=description eq 'd')"),
            get("property", f"{PATH}/{old}/description"),
        ),
    )

    def names_in(id: str) -> list[str]:
        return [each["displayName"] for each in answers[id]["body"]["value"]]

    assert {answer["status"] for answer in answers.values()} == {200, 201, 204}
    assert names_in("before") == ["gone", "old"]
    assert answers["one"]["body"] == answers["1"]["body"]
    assert answers["two"]["body"]["displayName"] == "renamed"
    assert names_in("listed") == ["old", "renamed"]
    assert answers["listed"]["body"]["@odata.count"] == 2
    assert [each["id"] for each in answers["profile"]["body"]["interests"]] == [old]
    assert answers["property"]["body"]["value"] == "d"
    stored = (await ada("GET", answers["1"]["headers"]["Location"])).json()
    assert stored["@odata.etag"] == answers["two"]["body"]["@odata.etag"]


async def test_what_is_gone_is_not_found_in_its_group(ada: Client) -> None:
    old = await created(ada, "old")
    answers = await batch(
        ada, *grouped(delete("1", f"{PATH}/{old}"), get("2", f"{PATH}/{old}"), post("3"))
    )
    error(answers["2"], 404, "itemNotFound")
    for id in "13":
        error(answers[id], 424, "failedDependency")
    assert await names(ada) == ["old"]


async def test_the_etag_of_a_write_is_known_in_its_group(ada: Client) -> None:
    old = await created(ada, "old")
    condition = {"headers": JSON | {"If-Match": "$1"}}
    for first in (post("1"), patch("1", f"{PATH}/{old}"), get("1", f"{PATH}/{old}")):
        target = "$1" if first["method"] == "POST" else f"{PATH}/{old}"
        answers = await batch(
            ada,
            *grouped(first, patch("2", target, **condition)),
            get("3", target, headers={"If-Match": "$2"}),
        )
        assert [answers[id]["status"] for id in "23"] == [200, 200]
    stale = await batch(
        ada,
        *grouped(
            get("1", f"{PATH}/{old}"), patch("2", f"{PATH}/{old}"),
            patch("3", f"{PATH}/{old}", **condition),
        ),
    )  # fmt: skip
    error(stale["3"], 412, "resourceModified")
    assert stale["2"]["status"] == 424


async def test_what_has_no_etag_gives_none_to_its_group(service: Service, ada: Client) -> None:
    condition = {"headers": JSON | {"If-Match": "$1"}}
    old = await created(ada, "old")
    for first in (delete("1", f"{PATH}/{old}"), get("1")):
        answers = await batch(ada, *grouped(first, patch("2", f"{PATH}/{old}", **condition)))
        assert "which has none" in error(answers["2"], 400, "BadRequest")
    assert await names(ada) == ["old"]


async def test_a_person_is_created_and_described_at_once(service: Service) -> None:
    account = {
        "displayName": "Nia", "userPrincipalName": "nia@harbour.example", "mailNickname": "nia",
        "accountEnabled": True, "passwordProfile": {"password": "x"},
    }  # fmt: skip
    administrator = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    requests = grouped(
        post("1", account, url="users"),
        get("2", "users/nia@harbour.example?$select=displayName"),
        patch("3", "users/nia@harbour.example", {"displayName": "Nia N."}),
        post("4", url="users/nia@harbour.example/profile/interests"),
        get("5", "users/nia@harbour.example/profile"),
        get("6", "users/nia@harbour.example?$select=displayName"),
    )
    answers = await batch(administrator, *requests)
    assert [answers[id]["status"] for id in "123456"] == [201, 200, 204, 201, 200, 200]
    assert answers["2"]["body"]["displayName"] == "Nia"
    assert [each["displayName"] for each in answers["5"]["body"]["interests"]] == ["4"]
    assert answers["6"]["body"]["displayName"] == "Nia N."


async def test_the_directory_is_not_searched_in_the_group_that_changes_it(
    service: Service,
) -> None:
    administrator = service.administrator("User.ReadWrite.All", "Directory.ReadWrite.All")
    renamed = patch("1", "users/bram@harbour.example", {"displayName": "Bo"})
    for url in ("users", "users/$count", "users?$filter=displayName eq 'Bo'"):
        answers = await batch(administrator, *grouped(renamed, get("2", url)))
        assert "depends on the group" in error(answers["2"], 501, "NotImplemented")
        error(answers["1"], 424, "failedDependency")
    answers = await batch(
        administrator,
        *grouped(get("0", "users"), renamed),
        get("2", "users?$filter=displayName eq 'Bo'", dependsOn=["g"]),
    )
    assert [answers[id]["status"] for id in "012"] == [200, 204, 200]
    assert len(answers["2"]["body"]["value"]) == 1


async def test_a_group_whose_reads_are_overtaken_is_not_stored(
    service: Service, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await created(ada, "old")
    store = service.parts.store
    owned = store.owned

    async def overtaken(tenant: str, owner: str) -> Any:
        found = await owned(tenant, owner)
        assert (await ada("PATCH", f"{PATH}/{old}", json={"displayName": "new"})).is_success
        return found

    monkeypatch.setattr(store, "owned", overtaken)
    answers = await batch(
        ada, *grouped(patch("1", f"{PATH}/{old}", {"description": "d"}), get("2", "me/profile"))
    )
    assert "meanwhile" in error(answers["1"], 503, "serviceNotAvailable")
    assert answers["1"]["headers"]["Retry-After"] == "1"
    assert answers["2"]["status"] == 424
    assert await names(ada) == ["new"]


async def test_the_case_of_a_group_s_name_makes_no_difference(ada: Client) -> None:
    answers = await batch(
        ada,
        post("1", atomicityGroup="g"),
        post("2", {"colour": 1}, atomicityGroup="G"),
        get("3", dependsOn=["g"]),
    )
    error(answers["2"], 400, "BadRequest")
    for id in "13":
        error(answers[id], 424, "failedDependency")
    assert [answers[id]["atomicityGroup"] for id in "12"] == ["g", "G"]


async def test_groups_wait_for_what_they_depend_on(ada: Client) -> None:
    answers = await batch(
        ada,
        *grouped(post("1"), post("2"), group="a"),
        *grouped(post("3", dependsOn=["a"]), post("4"), group="b"),
        get("5", dependsOn=["B"]),
    )
    assert {answer["status"] for answer in answers.values()} == {200, 201}
    assert [item["displayName"] for item in answers["5"]["body"]["value"]][:2] != ["3", "4"]
    assert len(answers["5"]["body"]["value"]) == 4


async def test_a_failed_group_fails_what_depends_on_it_or_on_a_request_in_it(ada: Client) -> None:
    answers = await batch(
        ada,
        *grouped(get("1"), get("2", f"{PATH}/nope"), group="a"),
        *grouped(post("3"), post("4", dependsOn=["a"]), group="b"),
        post("5", dependsOn=["1"]),
        post("6", dependsOn=["3"]),
    )
    error(answers["2"], 404, "itemNotFound")
    for id in "13456":
        error(answers[id], 424, "failedDependency")
    assert await names(ada) == []


async def test_groups_of_many_batches_do_not_disturb_each_other(
    service: Service, ada: Client
) -> None:
    clients = [ada, service.person("bram"), service.person("mei")]
    answers = await asyncio.gather(
        *(
            batch(client, *grouped(post("1"), post("2", {"colour": 1} if n % 2 else {})))
            for client in clients
            for n in range(6)
        )
    )
    assert [each["1"]["status"] for each in answers] == [201, 424] * 9
    for client in clients:
        assert len(await names(client)) == 6

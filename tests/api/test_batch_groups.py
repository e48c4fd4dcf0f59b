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


async def test_what_is_not_stored_yet_is_not_read_in_its_group(ada: Client) -> None:
    answers = await batch(ada, *grouped(post("1"), get("2", "$1")))
    error(answers["2"], 404, "itemNotFound")
    error(answers["1"], 424, "failedDependency")
    answers = await batch(ada, *grouped(post("1"), get("2", dependsOn=["1"])))
    assert answers["2"]["body"]["value"] == []
    assert await names(ada) == ["1"]


async def test_the_etag_of_a_write_is_not_known_in_its_group(ada: Client) -> None:
    old = await created(ada, "old")
    condition = {"headers": JSON | {"If-Match": "$1"}}
    answers = await batch(ada, *grouped(post("1"), patch("2", "$1", **condition)))
    assert "stored" in error(answers["2"], 400, "BadRequest")
    answers = await batch(
        ada, *grouped(get("1", f"{PATH}/{old}"), patch("2", f"{PATH}/{old}", **condition))
    )
    assert answers["2"]["status"] == 200
    assert await names(ada) == ["2"]


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

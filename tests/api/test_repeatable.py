"""Requests that are sent again: OASIS Repeatable Requests 1.0, and repeated client-request-ids."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from api.batching import JSON, PATH, batch, delete, names, patch, post, send
from api.conftest import BASE, FACET_LIMIT, Client, Service, fault, user
from api.test_metrics import count, figures
from openprofile.http import repeatable
from openprofile.http.repeatable import CLIENT_WINDOW, WINDOW
from openprofile.model.facets import FACETS
from openprofile.server.stand_in import stand_in

pytestmark = pytest.mark.anyio
CHESS = {"displayName": "Chess"}


def headers(service: Service, request_id: str = "1", *, ago: float = 0) -> dict[str, str]:
    sent = formatdate(service.parts.clock.seconds() - ago, usegmt=True)
    return {"Repeatability-Request-ID": request_id, "Repeatability-First-Sent": sent}


def whole(response: httpx2.Response) -> tuple[int, dict[str, str], bytes]:
    """An answer but for what is of the request that it answers: its id."""
    of_its_own = {"request-id"}
    kept = {name: value for name, value in response.headers.items() if name not in of_its_own}
    return response.status_code, kept, response.content


def result(response: httpx2.Response) -> str | None:
    found: str | None = response.headers.get("Repeatability-Result")
    return found


WRITABLE = [facet for facet, kind in FACETS.items() if not kind.read_only]


@pytest.mark.parametrize("facet", WRITABLE)
async def test_a_create_that_is_repeated_is_carried_out_once(
    service: Service, ada: Client, facet: str
) -> None:
    path, sent = f"me/profile/{facet}", headers(service)
    before = (await ada("GET", f"{path}/$count")).text
    first = await ada("POST", path, json={}, headers=sent)
    assert first.status_code == 201, first.text
    assert result(first) == "accepted"
    again = await ada("POST", path, json={}, headers=sent)
    assert whole(again) == whole(first)
    assert (await ada("GET", f"{path}/$count")).text == str(int(before) + 1)
    stored = await ada("GET", first.headers["Location"])
    assert stored.headers["ETag"] == first.headers["ETag"]


async def test_a_repetition_is_told_of_as_one_and_counted_with_its_operation(
    service: Service, ada: Client
) -> None:
    sent = headers(service)
    await ada("POST", PATH, json=CHESS, headers=sent)
    with capture_logs() as logs:
        again = await ada("POST", PATH, json=CHESS, headers=sent)
    (line,) = [line for line in logs if line["event"] == "audit"]
    assert again.status_code == 201
    told = (line["outcome"], line["rule"], line["owner"])
    assert told == ("allowed", "repeated", user("ada").id)
    assert "carried out before" in line["reason"]
    found = await figures(service)
    assert found[count(f"/beta/{PATH}", "POST", 201)] == 2


async def test_the_original_answer_comes_also_when_the_item_has_changed_since(
    service: Service, ada: Client
) -> None:
    sent = headers(service)
    first = await ada("POST", PATH, json=CHESS, headers=sent)
    url = first.headers["Location"]
    await ada("PATCH", url, json={"displayName": "Go"})
    assert whole(await ada("POST", PATH, json=CHESS, headers=sent)) == whole(first)
    await ada("DELETE", url)
    assert whole(await ada("POST", PATH, json=CHESS, headers=sent)) == whole(first)
    assert await names(ada) == []


async def test_every_method_that_writes_can_be_repeated(service: Service, ada: Client) -> None:
    url = (await ada("POST", PATH, json=CHESS)).headers["Location"]
    change = await ada("PATCH", url, json={"displayName": "Go"}, headers=headers(service, "1"))
    part = await ada(
        "PUT", f"{url}/displayName", json={"value": "Shogi"}, headers=headers(service, "2")
    )
    gone = await ada("DELETE", url, headers=headers(service, "3"))
    assert [change.status_code, part.status_code, gone.status_code] == [200, 204, 204]
    assert whole(
        await ada("PATCH", url, json={"displayName": "Go"}, headers=headers(service, "1"))
    ) == whole(change)
    assert whole(
        await ada(
            "PUT", f"{url}/displayName", json={"value": "Shogi"}, headers=headers(service, "2")
        )
    ) == whole(part)
    assert whole(await ada("DELETE", url, headers=headers(service, "3"))) == whole(gone)


async def test_what_is_written_to_the_directory_can_be_repeated(service: Service) -> None:
    admin = service.administrator("User.ReadWrite.All", "User.DeleteRestore.All")
    new = {
        "displayName": "Nia", "userPrincipalName": "nia@harbour.example",
        "mailNickname": "nia", "accountEnabled": True,
    }  # fmt: skip
    first = await admin("POST", "users", json=new, headers=headers(service, "1"))
    assert first.status_code == 201, first.text
    assert whole(await admin("POST", "users", json=new, headers=headers(service, "1"))) == whole(
        first
    )
    path = f"users/{first.json()['id']}"
    gone = await admin("DELETE", path, headers=headers(service, "2"))
    assert gone.status_code == 204, gone.text
    assert whole(await admin("DELETE", path, headers=headers(service, "2"))) == whole(gone)
    lists = {"family": [user("bram").id], "contacts": []}
    path = "/openprofile/people/me/relations"
    ada = service.person("ada")
    put = await ada("PUT", path, json=lists, headers=headers(service, "3"))
    assert put.status_code == 200
    assert whole(await ada("PUT", path, json=lists, headers=headers(service, "3"))) == whole(put)


async def test_a_repetition_is_asked_for_the_permission_again(service: Service) -> None:
    first = await service.person("ada")("POST", PATH, json=CHESS, headers=headers(service))
    assert first.status_code == 201
    less = service.person("ada", "User.Read")
    with capture_logs() as logs:
        again = await less("POST", PATH, json=CHESS, headers=headers(service))
    fault(again, 403, "Authorization_RequestDenied")
    (line,) = [line for line in logs if line["event"] == "audit"]
    assert (line["outcome"], line["rule"], line["status"]) == ("refused", "permission", 403)
    # What is refused before permissions are looked at is no way around them.
    told = headers(service) | {"Accept": "text/html"}
    fault(await less("POST", PATH, json=CHESS, headers=told), 406, "notAcceptable")


async def test_a_repetition_by_an_administrator_takes_one(service: Service) -> None:
    url = f"users/{user('ada').id}/profile/interests"
    admin, sent = service.administrator(), headers(service)
    made = await admin("POST", url, json={"displayName": "Chess"}, headers=sent)
    assert made.status_code == 201, made.text
    dismissed = service.person("hiro", "User.ReadWrite.All")
    refused = await dismissed("POST", url, json={"displayName": "Chess"}, headers=sent)
    fault(refused, 403, "Authorization_RequestDenied")
    item, sent = made.headers["Location"], headers(service, "2")
    change = {"displayName": "Go"}
    first = await admin("PATCH", item, json=change, headers=sent)
    assert first.status_code == 200
    await service.person("ada")("PATCH", item, json={"allowedAudiences": "me"})
    fault(await admin("PATCH", item, json=change, headers=sent), 404, "itemNotFound")
    await service.person("ada")("DELETE", item)
    assert whole(await admin("PATCH", item, json=change, headers=sent)) == whole(first)


async def test_two_at_once_are_one_write(service: Service, ada: Client) -> None:
    sent = headers(service)
    answers = await asyncio.gather(
        *(ada("POST", PATH, json=CHESS, headers=sent) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await names(ada) == ["Chess"]


async def test_writes_to_one_item_at_once_all_come_through(service: Service, ada: Client) -> None:
    url = (await ada("POST", PATH, json=CHESS)).headers["Location"]
    answers = await asyncio.gather(
        *(
            ada("PATCH", url, json={"displayName": str(n)}, headers=headers(service, str(n)))
            for n in range(4)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == 4


async def test_no_more_than_the_limit_is_stored_by_several_at_once(
    service: Service, ada: Client
) -> None:
    for _ in range(FACET_LIMIT - 1):
        await ada("POST", PATH, json=CHESS)
    answers = await asyncio.gather(
        *(ada("POST", PATH, json=CHESS, headers=headers(service, str(n))) for n in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 507, 507]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", PATH, {"displayName": "Go"}),
        ("POST", f"{PATH}?$select=id", CHESS),
        ("POST", "me/profile/skills", CHESS),
        ("PUT", f"{PATH}/x/displayName", CHESS),
    ],
)
async def test_another_request_under_the_same_id_is_refused(
    service: Service, ada: Client, method: str, path: str, body: dict[str, str]
) -> None:
    sent = headers(service)
    await ada("POST", PATH, json=CHESS, headers=sent)
    refused = await ada(method, path, json=body, headers=sent)
    assert "Another request" in fault(refused, 400, "BadRequest")["message"]
    assert result(refused) == "rejected"
    assert await names(ada) == ["Chess"]


async def test_the_same_id_of_another_caller_is_another_request(
    service: Service, ada: Client, stranger: Client
) -> None:
    sent = headers(service)
    first = await ada("POST", PATH, json=CHESS, headers=sent)
    application = service.application("User.ReadWrite.All")
    adas = f"users/{user('ada').id}/profile/interests"
    others = [
        await stranger("POST", PATH, json=CHESS, headers=sent),
        await service.person("bram")("POST", PATH, json=CHESS, headers=sent),
        await application("POST", adas, json=CHESS, headers=sent),
    ]
    assert {answer.status_code for answer in others} == {201}
    assert len({answer.json()["id"] for answer in [first, *others]}) == 4


async def test_what_was_refused_is_asked_again(service: Service, ada: Client) -> None:
    """Nothing was written, so nothing can be written twice."""
    sent, id = headers(service), "7b6a8c1e-2c1a-4d6e-9f00-0123456789ab"
    path = f"{PATH}/{id}"
    missing = await ada("PATCH", path, json=CHESS, headers=sent)
    fault(missing, 404, "itemNotFound")
    assert result(missing) == "accepted"
    await ada("POST", PATH, json={"id": id})
    assert (await ada("PATCH", path, json=CHESS, headers=sent)).status_code == 200


async def test_a_token_that_does_not_hold_is_not_accepted(service: Service) -> None:
    refused = await service.anonymous()("POST", PATH, json=CHESS, headers=headers(service))
    fault(refused, 401, "InvalidAuthenticationToken")
    assert result(refused) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"Repeatability-First-Sent": None},
        {"Repeatability-Request-ID": None},
        {"Repeatability-Request-ID": ""},
        {"Repeatability-Request-ID": "x" * 129},
        {"Repeatability-First-Sent": ""},
        {"Repeatability-First-Sent": "yesterday"},
        {"Repeatability-First-Sent": "2026-11-23T12:00:00Z"},
        {"Repeatability-First-Sent": "Sun, 06 Nov 1994 08:49:37 +0100"},
        {"Repeatability-First-Sent": "Fri, 31 Dec 9999 23:59:59 GMT"},
    ],
)
async def test_headers_that_do_not_hold_are_refused(
    service: Service, ada: Client, changed: dict[str, str | None]
) -> None:
    both = {**headers(service), **changed}
    sent = {name: value for name, value in both.items() if value is not None}
    refused = await ada("POST", PATH, json=CHESS, headers=sent)
    assert next(iter(changed)) in fault(refused, 400, "BadRequest")["message"]
    assert result(refused) == "rejected"
    assert await names(ada) == []


async def test_after_the_window_it_is_refused_and_not_carried_out_again(
    service: Service, ada: Client
) -> None:
    clock = service.parts.clock
    clock.freeze()
    sent = headers(service)
    first = await ada("POST", PATH, json=CHESS, headers=sent)
    clock.advance(WINDOW)
    fresh = service.person("ada")
    assert whole(await fresh("POST", PATH, json=CHESS, headers=sent)) == whole(first)
    clock.advance(2 * 3600)
    fresh = service.person("ada")
    await fresh("POST", PATH, json=CHESS, headers=headers(service, "2"))
    refused = await fresh("POST", PATH, json=CHESS, headers=sent)
    fault(refused, 412, "preconditionFailed")
    assert result(refused) == "rejected"
    assert await names(fresh) == ["Chess", "Chess"]


async def test_a_clock_that_is_ahead_does_not_outlive_the_answer(
    service: Service, ada: Client
) -> None:
    clock = service.parts.clock
    clock.freeze()
    sent = headers(service, ago=-WINDOW)
    await ada("POST", PATH, json=CHESS, headers=sent)
    clock.advance(2 * WINDOW)
    fresh = service.person("ada")
    assert (await fresh("POST", PATH, json=CHESS, headers=sent)).status_code == 201
    assert await names(fresh) == ["Chess"]


async def test_a_request_that_reads_is_answered_as_ever(service: Service, ada: Client) -> None:
    for sent in (headers(service), {"Repeatability-Request-ID": "1"}):
        read = await ada("GET", PATH, headers=sent)
        assert read.status_code == 200
        assert result(read) is None


async def test_erasing_a_person_erases_what_answers_told_of_them(service: Service) -> None:
    admin = service.administrator("User.ReadWrite.All", "User.DeleteRestore.All")
    path, sent = f"users/{user('bram').id}", headers(service)
    await admin("POST", f"{path}/profile/interests", json=CHESS, headers=sent)
    await admin("DELETE", path)
    refused = await admin("POST", f"{path}/profile/interests", json=CHESS, headers=sent)
    fault(refused, 412, "preconditionFailed")
    assert result(refused) == "rejected"


async def test_a_batch_as_a_whole_cannot_be_repeated(service: Service, ada: Client) -> None:
    refused = await send(ada, post("1"), headers=headers(service))
    assert "batch" in fault(refused, 501, "NotImplemented")["message"]
    assert result(refused) == "rejected"
    assert await names(ada) == []


async def test_a_request_of_a_batch_can_be_repeated(service: Service, ada: Client) -> None:
    sent = JSON | headers(service)
    first = await batch(ada, post("1", headers=sent), post("2"))
    again = await batch(ada, post("2"), post("1", headers=sent))
    assert first["1"]["headers"]["Repeatability-Result"] == "accepted"
    assert again["1"]["body"] == first["1"]["body"]
    assert sorted(await names(ada)) == ["1", "2", "2"]
    alone = await ada(
        "POST", f"/beta/{PATH}", json={"displayName": "other"}, headers=headers(service)
    )
    fault(alone, 400, "BadRequest")


async def test_a_group_of_a_batch_can_be_repeated_whole(service: Service, ada: Client) -> None:
    kept = (await ada("POST", PATH, json={"displayName": "kept"})).json()["id"]
    requests = [
        post("1", headers=JSON | headers(service, "1"), atomicityGroup="g"),
        patch("2", f"{PATH}/{kept}", headers=JSON | headers(service, "2"), atomicityGroup="g"),
        post("3", headers=JSON | headers(service, "3"), atomicityGroup="g"),
    ]
    first = await batch(ada, *requests)
    assert [first[id]["status"] for id in "123"] == [201, 200, 201]
    again = await batch(ada, *requests)
    assert [again[id]["body"] for id in "123"] == [first[id]["body"] for id in "123"]
    assert sorted(await names(ada)) == ["1", "2", "3"]


async def test_a_group_that_fails_keeps_no_answer(service: Service, ada: Client) -> None:
    one = post("1", headers=JSON | headers(service), atomicityGroup="g")
    bad = delete("2", f"{PATH}/nope", atomicityGroup="g")
    assert (await batch(ada, one, bad))["1"]["status"] == 424
    assert (await batch(ada, one))["1"]["status"] == 201
    assert await names(ada) == ["1"]


async def test_in_a_group_each_is_tried_on_what_those_before_it_leave(
    service: Service, ada: Client
) -> None:
    id = "7b6a8c1e-2c1a-4d6e-9f00-0123456789ab"
    requests = [
        post(name, {"id": id}, headers=JSON | headers(service, name), atomicityGroup="g")
        for name in "12"
    ]
    answers = await batch(ada, *requests)
    assert [answers[name]["status"] for name in "12"] == [424, 409]
    assert await names(ada) == []


async def test_under_contention_that_does_not_end_it_gives_up_and_stores_nothing(
    service: Service, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeatable, "_ATTEMPTS", 0)
    gave_up = await ada("POST", PATH, json=CHESS, headers=headers(service))
    fault(gave_up, 503, "serviceNotAvailable")
    assert gave_up.headers["Retry-After"] == "1"
    assert await names(ada) == []


class TestClientRequestIds:
    @pytest.fixture
    async def service(self, data: Path) -> AsyncIterator[Service]:
        async with (
            stand_in(data, memory=True, repeat_client_requests=True) as parts,
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=parts.app), base_url=BASE, verify=False
            ) as http,
        ):
            yield Service(parts, http)

    async def test_one_that_comes_again_is_the_same_request(
        self, service: Service, ada: Client
    ) -> None:
        sent = {"client-request-id": "1"}
        first = await ada("POST", PATH, json=CHESS, headers=sent)
        again = await ada("POST", PATH, json=CHESS, headers=sent)
        assert first.status_code == 201
        assert whole(again) == whole(first)
        assert result(first) is None
        assert await names(ada) == ["Chess"]

    async def test_a_body_is_the_same_compressed_and_plain(
        self, service: Service, ada: Client
    ) -> None:
        sent, body = JSON | {"client-request-id": "1"}, b'{"displayName":"Chess"}'
        first = await ada("POST", PATH, content=body, headers=sent)
        compressed = sent | {"Content-Encoding": "gzip"}
        again = await ada("POST", PATH, content=gzip.compress(body), headers=compressed)
        assert first.status_code == 201
        assert whole(again) == whole(first)
        assert await names(ada) == ["Chess"]
        broken = await ada("POST", PATH, content=b"x", headers=compressed)
        fault(broken, 400, "BadRequest")

    async def test_what_differs_is_another_request(self, service: Service, ada: Client) -> None:
        sent = {"client-request-id": "1"}
        await ada("POST", PATH, json=CHESS, headers=sent)
        for client, path, body, name in (
            (ada, PATH, {"displayName": "Go"}, "1"),
            (ada, PATH, CHESS, "2"),
            (ada, "me/profile/skills", CHESS, "1"),
            (service.person("bram"), PATH, CHESS, "1"),
        ):
            other = await client("POST", path, json=body, headers={"client-request-id": name})
            assert other.status_code == 201, other.text
        assert await names(ada) == ["Chess", "Go", "Chess"]

    async def test_after_five_minutes_it_is_another_request(
        self, service: Service, ada: Client
    ) -> None:
        service.parts.clock.freeze()
        sent: dict[str, Any] = {"json": CHESS, "headers": {"client-request-id": "1"}}
        await ada("POST", PATH, **sent)
        service.parts.clock.advance(CLIENT_WINDOW - 1)
        await ada("POST", PATH, **sent)
        assert await names(ada) == ["Chess"]
        service.parts.clock.advance(1)
        await ada("POST", PATH, **sent)
        assert await names(ada) == ["Chess", "Chess"]


async def test_by_itself_a_client_request_id_repeats_nothing(ada: Client) -> None:
    for _ in range(2):
        await ada("POST", PATH, json=CHESS, headers={"client-request-id": "1"})
    assert await names(ada) == ["Chess", "Chess"]

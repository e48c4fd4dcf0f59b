"""The audit line of every write and every refused read, and the log of recent requests."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from api.conftest import Client, Service, fault
from openprofile import sample
from openprofile.http.recent import KEPT, LONGEST_MESSAGE

pytestmark = pytest.mark.anyio
ADA, BRAM = sample.person_id("ada"), sample.person_id("bram")
RECENT = "/_openprofile/requests"
SECRET = "not-for-any-log"
NAMES = [f"unknown{number}" for number in range(9)]


async def lines(client: Client, method: str, path: str, **options: Any) -> list[dict[str, Any]]:
    """The audit lines that one request leaves."""
    with capture_logs() as logs:
        await client(method, path, **options)
    return [dict(line) for line in logs if line["event"] == "audit"]


async def item_of_ada(service: Service, audiences: str = "me") -> str:
    body = {"allowedAudiences": audiences, "displayName": SECRET}
    created = await service.person("ada")("POST", "me/profile/interests", json=body)
    found: str = created.json()["id"]
    return found


async def test_a_write_is_told_with_who_and_what(service: Service) -> None:
    with capture_logs() as logs:
        answer = await service.person("ada")("POST", "me/profile/interests", json={})
    (line,) = [line for line in logs if line["event"] == "audit"]
    assert line == {
        "event": "audit",
        "log_level": "info",
        "outcome": "allowed",
        "status": 201,
        "code": None,
        "method": "POST",
        "target": "/beta/me/profile/interests",
        "tenant": sample.TENANT,
        "person": ADA,
        "application": service.parts.authority.sample.id,
        "owner": ADA,
        "rule": "person",
        "reason": "The profile is the caller's own.",
        "request_id": answer.headers["request-id"],
    }


WRITES = [
    ("POST", "users/{ada}/profile/interests", {"json": {}}),
    ("PATCH", "users/{ada}/profile/interests/{item}", {"json": {}}),
    ("PUT", "users/{ada}/profile/interests/{item}/displayName", {"json": {"value": "x"}}),
    ("DELETE", "users/{ada}/profile/interests/{item}", {}),
    ("DELETE", "users/{ada}/profile", {}),
    ("PUT", "/openprofile/people/{ada}/relations", {"json": {}}),
    ("PATCH", "users/{ada}", {"json": {"jobTitle": "x"}}),
    ("DELETE", "users/{ada}", {}),
]


@pytest.mark.parametrize(("method", "path", "options"), WRITES)
async def test_every_write_is_told_and_so_is_its_refusal(
    service: Service, method: str, path: str, options: dict[str, Any]
) -> None:
    path = path.format(ada=ADA, item=await item_of_ada(service, "everyone"))
    (refused,) = await lines(service.person("bram"), method, path, **options)
    assert (refused["outcome"], refused["status"], refused["person"]) == ("refused", 403, BRAM)
    assert refused["target"].endswith(path)
    (allowed,) = await lines(service.application("User.ReadWrite.All"), method, path, **options)
    assert (allowed["outcome"], allowed["person"], allowed["owner"]) == ("allowed", None, ADA)
    (malformed,) = await lines(service.person("ada"), "POST", "me/profile/interests", content="{")
    assert (malformed["outcome"], malformed["rule"]) == ("refused", None)


async def test_a_refused_read_is_told_and_an_allowed_one_is_not(service: Service) -> None:
    item = await item_of_ada(service)
    url = f"users/{ADA}/profile/interests"
    assert await lines(service.person("bram"), "GET", url) == []
    (hidden,) = await lines(service.person("bram"), "GET", f"{url}/{item}")
    assert (hidden["outcome"], hidden["status"], hidden["rule"]) == ("refused", 404, "audience")
    assert hidden["reason"].startswith("The item is for me;")
    (missing,) = await lines(service.person("bram"), "GET", f"{url}/{ADA}")
    assert (missing["outcome"], missing["status"], missing["rule"]) == ("refused", 404, None)
    (denied,) = await lines(service.person("bram", "Mail.Read"), "GET", url)
    assert (denied["status"], denied["rule"], denied["owner"]) == (403, "permission", None)
    (unknown,) = await lines(service.anonymous(), "GET", url)
    assert (unknown["status"], unknown["rule"], unknown["person"]) == (401, "token", None)
    assert unknown["reason"].startswith("Access token is empty")


async def test_each_request_of_a_batch_is_told_by_itself(service: Service) -> None:
    item = await item_of_ada(service)
    requests = [
        {"id": "1", "method": "GET", "url": f"/users/{ADA}/profile/interests/{item}"},
        {"id": "2", "method": "GET", "url": "/me/profile/interests"},
        {"id": "3", "method": "DELETE", "url": "/me/profile"},
    ]
    found = await lines(service.person("bram"), "POST", "$batch", json={"requests": requests})
    assert sorted((one["method"], one["outcome"], one["owner"]) for one in found) == [
        ("DELETE", "allowed", BRAM),
        ("GET", "refused", ADA),
    ]


async def test_what_fails_is_told_as_that(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("the disk")

    monkeypatch.setattr(service.parts.store, "write", broken)
    (line,) = await lines(service.person("ada"), "POST", "me/profile/interests", json={})
    assert (line["outcome"], line["status"], line["code"]) == ("failed", None, None)


async def test_no_log_holds_a_body_or_a_token(service: Service) -> None:
    token = service.parts.authority.delegated(
        sample.people()[0].user, ["User.ReadWrite"], expires_in=60
    )
    with capture_logs() as logs:
        client = service.bearing(token)
        await client("POST", "me/profile/interests", json={"displayName": SECRET})
        await client("GET", f"me/profile/interests?access_token={token}&$search={'x'}&y={SECRET}")
        await service.bearing(token[:-9])("GET", "me/profile")
    shown = (await service.anonymous()("GET", RECENT)).text
    for text in (str(logs), shown):
        assert SECRET not in text
        assert token[:40] not in text
        assert token[-40:] not in text
    with capture_logs() as logs:  # the stand-in's own tells what the answer said of the body
        await client("POST", "me/profile/interests", json={SECRET: 1})
    assert SECRET not in str(logs)


async def test_the_log_keeps_the_beginning_of_a_message(service: Service) -> None:
    answer = await service.person()("POST", "me/profile/interests", json=dict.fromkeys(NAMES, 1))
    message = answer.json()["error"]["message"]
    assert len(message) > LONGEST_MESSAGE
    newest, *_ = (await service.anonymous()("GET", RECENT)).json()["value"]
    assert newest["message"] == message[:LONGEST_MESSAGE]


async def test_recent_requests_say_who_what_and_why(service: Service) -> None:
    item = await item_of_ada(service)
    url = f"users/{ADA}/profile/interests"
    await service.person("bram")("GET", f"{url}?$top=1&$filter=id ne null")
    hidden = await service.person("bram")("GET", f"{url}/{item}")
    newest, before, *_ = (await service.anonymous()("GET", RECENT)).json()["value"]
    assert newest | {"time": "", "reason": ""} == {
        "time": "",
        "requestId": hidden.headers["request-id"],
        "method": "GET",
        "target": f"/beta/{url}/{item}",
        "query": "",
        "outcome": "refused",
        "status": 404,
        "code": "itemNotFound",
        "tenant": sample.TENANT,
        "person": BRAM,
        "application": service.parts.authority.sample.id,
        "permissions": ["User.ReadWrite"],
        "owner": ADA,
        "rule": "audience",
        "reason": "",
        "decisions": newest["decisions"],
        "message": hidden.json()["error"]["message"],
    }
    permission, audience = newest["decisions"]
    assert (permission["rule"], permission["allowed"]) == ("permission", True)
    assert (audience["rule"], audience["allowed"], audience["item"]) == ("audience", False, item)
    assert before["outcome"] == "allowed"
    assert before["query"].startswith("$top=1&$filter=id")


async def test_the_log_of_recent_requests_is_bounded(service: Service) -> None:
    for _ in range(KEPT + 5):
        await service.anonymous()("GET", "me/profile")
    assert len((await service.anonymous()("GET", RECENT)).json()["value"]) == KEPT
    assert (await service.anonymous()("POST", RECENT)).status_code == 405


async def test_a_page_whose_name_was_turned_to_this_machine_gets_no_log(service: Service) -> None:
    answer = await service.anonymous()("GET", RECENT, headers={"Host": "evil.example"})
    fault(answer, 404, "Request_ResourceNotFound")

"""The audit line of every write and every refused read, and the log of recent requests."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from api.conftest import Client, Service, fault
from openprofile import sample
from openprofile.http import places
from openprofile.http.recent import KEPT, LONGEST_MESSAGE
from openprofile.settings import Limits

pytestmark = pytest.mark.anyio
ADA, BRAM = sample.person_id("ada"), sample.person_id("bram")
RECENT = "/_openprofile/requests"
SECRET = "not-for-any-log"
JSON = {"Content-Type": "application/json"}
GZIP = JSON | {"Content-Encoding": "gzip"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
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
    told = (line["outcome"], line["status"], line["code"])
    assert told == ("failed", 500, "generalException")


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
        "planned": [],
        "hints": newest["hints"],
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


LARGE = "x" * (Limits().batch_body + 1)
REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    # method, path, options, status
    ("POST", "$batch", {"content": "{", "headers": JSON}, 400),
    ("POST", "$batch", {"json": {"requests": "none"}}, 400),
    ("POST", "$batch", {"content": "x"}, 415),
    ("POST", "$batch", {"content": LARGE, "headers": JSON}, 413),
    ("PUT", "$batch", {"json": {}}, 405),
    ("POST", "me/profile/interests", {"content": "{", "headers": JSON}, 400),
    ("POST", "me/profile/interests", {"json": {"displayName": 1}}, 400),
    ("POST", "me/profile/interests", {"content": LARGE, "headers": JSON}, 413),
    ("POST", "me/profile/interests", {"content": b"x", "headers": GZIP}, 400),
    ("POST", "me/profile/interests?$select=" + "x" * 20_000, {"json": {}}, 414),
    ("POST", "me/profile/unknown", {"json": {}}, 400),
    ("PUT", "me/profile/interests", {"json": {}}, 405),
    ("PATCH", "me/profile/interests/unknown", {"json": {}}, 404),
    ("DELETE", "users/nobody/profile", {}, 404),
    ("GET", "users/nobody/profile", {}, 404),
    ("GET", "users/nobody", {}, 403),
    ("GET", "groups", {}, 403),
    ("GET", "me/manager", {}, 403),
    ("GET", "me/memberOf?$filter=startswith(displayName,'x')", {}, 403),
    ("POST", "users", {"json": {}}, 403),
    ("GET", "/openprofile/people/bram@harbour.example/relations", {}, 403),
    ("PUT", "/openprofile/people/me/relations", {"content": "{", "headers": JSON}, 400),
    ("PUT", "/openprofile/people/me/relations", {"content": LARGE, "headers": JSON}, 413),
]


@pytest.mark.parametrize(("method", "path", "options", "status"), REFUSED)
async def test_every_refusal_leaves_one_line_wherever_it_falls(
    service: Service, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    (line,) = await lines(service.person("ada"), method, path, **options)
    assert (line["outcome"], line["status"], line["method"]) == ("refused", status, method)
    (line,) = await lines(service.anonymous(), method, path, **options)
    assert (line["outcome"], line["person"]) == ("refused", None)
    assert line["status"] == (status if status in (413, 414) else 401)
    entries = (await service.anonymous()("GET", RECENT)).json()["value"]
    assert [one["status"] for one in entries[:2]] == [line["status"], status]


async def test_a_batch_that_is_carried_out_leaves_the_lines_of_its_requests_alone(
    service: Service,
) -> None:
    requests = [{"id": "1", "method": "GET", "url": "/me/profile"}]
    assert await lines(service.person("ada"), "POST", "$batch", json={"requests": requests}) == []
    (line,) = await lines(service.anonymous(), "POST", "$batch", json={"requests": requests})
    assert (line["target"], line["status"], line["rule"]) == ("/beta/$batch", 401, "token")


async def test_a_write_of_a_batch_that_goes_nowhere_is_told_as_well(service: Service) -> None:
    requests = [
        {"id": "1", "method": "DELETE", "url": "https://elsewhere.example/beta/me/profile"},
        {"id": "2", "method": "DELETE", "url": "/me/profile", "dependsOn": ["1"]},
    ]
    found = await lines(service.person("ada"), "POST", "$batch", json={"requests": requests})
    assert [(line["method"], line["outcome"], line["status"]) for line in found] == [
        ("DELETE", "refused", 400),
        ("DELETE", "refused", 424),
    ]


async def test_a_request_of_a_group_that_fails_is_told_with_its_status(service: Service) -> None:
    requests = [
        {"id": "1", "method": "POST", "url": "/me/profile/interests", "body": {},
         "headers": JSON, "atomicityGroup": "g"},
        {"id": "2", "method": "POST", "url": "/me/profile/interests", "body": {"unknown": 1},
         "headers": JSON, "atomicityGroup": "g"},
        {"id": "3", "method": "DELETE", "url": "/me/profile", "dependsOn": ["g"]},
    ]  # fmt: skip
    found = await lines(service.person("ada"), "POST", "$batch", json={"requests": requests})
    told = [(line["status"], line["code"], line["outcome"], line["person"]) for line in found]
    assert sorted(told) == [
        (400, "BadRequest", "refused", ADA),
        (424, "failedDependency", "refused", ADA),
        (424, "failedDependency", "refused", ADA),
    ]
    assert {line["owner"] for line in found} == {ADA, None}  # the last was not looked at


async def test_what_is_refused_unread_is_told_with_whose_it_is(service: Service) -> None:
    requests = [
        {"id": "1", "method": "DELETE", "url": "https://elsewhere.example/beta/me/profile"},
        {"id": "2", "method": "DELETE", "url": "/me/profile", "dependsOn": ["1"]},
    ]
    ada = service.person("ada")
    for path, options in (
        ("$batch", {"json": {"requests": requests}}),
        ("$batch", {"content": LARGE, "headers": JSON}),
        ("$batch", {"json": {"requests": "none"}}),
        ("me/profile/interests", {"content": LARGE, "headers": JSON}),
    ):
        for line in await lines(ada, "POST", path, **options):
            assert (line["tenant"], line["person"]) == (sample.TENANT, ADA)


async def test_a_write_that_is_turned_away_is_told_and_a_read_is_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "PATIENCE", 0)
    app, ada = service.parts.app, service.person("ada")
    monkeypatch.setattr(app.meter, "in_flight", app.capacity.requests)
    (stranger,) = await lines(ada, "POST", "me/profile/interests", json={})
    assert (stranger["status"], stranger["person"]) == (503, None)  # nobody is asked who it is
    app.meter.in_flight = 0
    assert (await ada("GET", "me")).status_code == 200
    app.meter.in_flight = app.capacity.requests
    for method, path in (("POST", "me/profile/interests"), ("POST", "$batch")):
        (line,) = await lines(ada, method, path, json={})
        assert (line["outcome"], line["status"], line["person"]) == ("failed", 503, ADA)
        assert line["code"] == "serviceNotAvailable"
    assert await lines(ada, "GET", "me/profile") == []
    newest, *_ = service.parts.tenants.first.recent.told()
    assert (newest["method"], newest["status"]) == ("GET", 503)


SENT = {"client_id": "x", "client_secret": SECRET, "username": "u", "password": SECRET,
        "code": SECRET, "code_verifier": SECRET, "assertion": SECRET, "refresh_token": SECRET,
        "device_code": SECRET, "redirect_uri": "http://localhost"}  # fmt: skip


@pytest.mark.parametrize(
    "grant",
    [
        "client_credentials",
        "password",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        SECRET,
    ],
)
@pytest.mark.parametrize("known", [False, True])
async def test_a_refused_grant_is_told_without_what_was_sent(
    service: Service, grant: str, known: bool
) -> None:
    client = {"client_id": service.parts.authority.sample.id} if known else {}
    with capture_logs() as logs:
        answer = await service.anonymous()(
            "POST",
            f"/{sample.TENANT}/oauth2/v2.0/token",
            data=SENT | client | {"grant_type": grant, "scope": SECRET},
        )
    (line,) = [line for line in logs if line["event"] == "audit"]
    assert answer.status_code in (400, 401)
    assert line["status"] == answer.status_code
    assert (line["outcome"], line["rule"]) == ("refused", "grant")
    assert line["code"] == answer.json()["error"]
    assert line["request_id"] == answer.json()["trace_id"]
    assert line["reason"] == f"AADSTS{answer.json()['error_codes'][0]}"
    assert SECRET not in str(logs)


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "oauth2/v2.0/devicecode", {"data": {"client_id": "unknown"}}),
        ("POST", "oauth2/v2.0/token", {"content": "x" * 70_000, "headers": FORM}),
        ("GET", f"oauth2/v2.0/authorize?client_id=unknown&state={SECRET}", {}),
        ("GET", "oidc/userinfo", {}),
        ("GET", "oidc/userinfo", {"headers": {"Authorization": f"Bearer {SECRET}"}}),
    ],
)
async def test_what_the_authority_refuses_is_told(
    service: Service, method: str, path: str, options: dict[str, Any]
) -> None:
    with capture_logs() as logs:
        answer = await service.anonymous()(method, f"/{sample.TENANT}/{path}", **options)
    (line,) = [line for line in logs if line["event"] == "audit"]
    assert line["status"] == answer.status_code >= 400
    assert SECRET not in str(logs)

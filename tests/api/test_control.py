"""The stand-in by remote control: tenants, faults, time and tokens, each tenant by itself."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from structlog.testing import capture_logs

from api import batching
from api.conftest import Client, Service, fault
from openprofile import parity, sample
from openprofile.clock import new_id
from openprofile.http.faults import LONGEST_DELAY, MOST_PLANNED
from openprofile.http.tenants import MOST_TENANTS
from openprofile.identity.forgery import FORGERIES
from openprofile.identity.issuer import AUDIENCE

pytestmark = pytest.mark.anyio
ROOT = "/_openprofile"
INTERESTS = "me/profile/interests"


class Tenant:
    """A tenant by its control routes; without an id the first."""

    def __init__(self, service: Service, id: str | None = None) -> None:
        self.service = service
        self.root = f"{ROOT}/tenants/{id}" if id else ROOT
        self._client = service.anonymous()

    async def __call__(self, method: str, path: str, /, **options: Any) -> httpx2.Response:
        return await self._client(method, f"{self.root}/{path}", **options)

    async def made(self, path: str, /, **body: Any) -> dict[str, Any]:
        answer = await self("POST", path, json=body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def client(self, **token: Any) -> Client:
        return self.service.bearing((await self.made("tokens", **token))["token"])

    async def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self("GET", "requests")).json()["value"]
        return found


@pytest.fixture
def first(service: Service) -> Tenant:
    return Tenant(service)


@pytest.fixture
async def fresh(service: Service) -> Tenant:
    made = await Tenant(service).made("tenants")
    return Tenant(service, made["tenant"])


# ----- tenants


async def test_a_tenant_has_the_sample_people_under_ids_of_its_own(service: Service) -> None:
    one, other = [await Tenant(service).made("tenants") for _ in range(2)]
    assert one["tenant"] != other["tenant"]
    for made in (one, other):
        assert [user["userPrincipalName"] for user in made["users"]] == sorted(
            person.user.user_principal_name for person in sample.people()
        )
        assert made["client"]["id"] == service.parts.authority.sample.id
    assert not {user["id"] for user in one["users"]} & {user["id"] for user in other["users"]}


async def test_tenants_never_meet(first: Tenant, fresh: Tenant) -> None:
    mine, theirs = await fresh.client(), await first.client()
    created = await mine("POST", INTERESTS, json={"displayName": "Chess"})
    assert created.status_code == 201
    assert (await theirs("GET", INTERESTS)).json()["value"] == []
    owner = (await mine("GET", "me")).json()["id"]
    assert (await theirs("GET", f"users/{owner}/profile")).status_code == 404
    await fresh.made("clock", now="2030-01-01T00:00:00Z", frozen=True)
    await fresh.made("faults", status=503)
    assert (await theirs("GET", INTERESTS)).status_code == 200
    assert not (await first("GET", "clock")).json()["now"].startswith("2030")
    assert [one["method"] for one in await fresh.log()] == ["GET", "POST"]


async def test_each_item_of_a_batch_is_of_the_tenant_of_its_token(
    first: Tenant, fresh: Tenant
) -> None:
    token = (await first.made("tokens"))["token"]
    mine = await fresh.client()
    await fresh.made("faults", status=503, path="/me")
    own = batching.get("1", "/me")
    others = batching.get("2", "/me") | {"headers": {"Authorization": f"Bearer {token}"}}
    found = (await batching.send(mine, own, others)).json()["responses"]
    assert {one["id"]: one["status"] for one in found} == {"1": 503, "2": 200}


async def test_the_authority_speaks_for_every_tenant(service: Service, fresh: Tenant) -> None:
    tenant = fresh.root.rpartition("/")[2]
    http = service.anonymous()
    told = (await http("GET", f"/{tenant}/v2.0/.well-known/openid-configuration")).json()
    assert told["issuer"].endswith(f"/{tenant}/v2.0")
    application = service.parts.authority.sample
    answer = await http(
        "POST",
        f"/{tenant}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": application.id,
            "client_secret": application.secret,
            "scope": "https://graph.microsoft.com/.default",
        },
    )
    client = service.bearing(answer.json()["access_token"])
    assert (await client("GET", f"users/{sample.person_id('ada', tenant)}")).status_code == 200
    assert (await client("GET", f"users/{sample.person_id('ada')}")).status_code == 404
    fault_ = await http("GET", f"/{new_id()}/v2.0/.well-known/openid-configuration")
    assert fault_.json()["error"] == "invalid_tenant"


async def test_a_tenant_that_is_deleted_is_gone(service: Service, fresh: Tenant) -> None:
    client = await fresh.client()
    await client("POST", INTERESTS, json={"displayName": "Chess"})
    http = service.anonymous()
    assert (await http("DELETE", fresh.root)).status_code == 204
    fault(await http("DELETE", fresh.root), 404, "Request_ResourceNotFound")
    fault(await client("GET", INTERESTS), 401, "InvalidAuthenticationToken")
    again = await Tenant(service).made("tenants", id=fresh.root.rpartition("/")[2])
    client = await Tenant(service, again["tenant"]).client()
    assert (await client("GET", INTERESTS)).json()["value"] == []
    fault(await http("DELETE", f"{ROOT}/tenants/{sample.TENANT}"), 400, "BadRequest")


async def test_a_tenant_may_be_empty(service: Service) -> None:
    made = await Tenant(service).made("tenants", sample=False)
    assert made["users"] == []
    refused = await Tenant(service, made["tenant"])("POST", "tokens", json={})
    assert "There are no people" in fault(refused, 400, "BadRequest")["message"]


async def test_there_are_so_many_tenants(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_TENANTS == 1000
    monkeypatch.setattr("openprofile.http.control.MOST_TENANTS", len(service.parts.tenants) + 1)
    await Tenant(service).made("tenants")
    fault(await Tenant(service)("POST", "tenants", json={}), 400, "BadRequest")


# ----- faults


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 507])
async def test_a_planned_status_is_answered_as_graph_answers_it(
    first: Tenant, ada: Client, status: int
) -> None:
    planned = await first.made("faults", status=status, count=1)
    answer = await ada("GET", INTERESTS)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert planned["id"] in error["message"]
    assert answer.headers.get("retry-after") == ("1" if status in (429, 503) else None)
    assert (await ada("GET", INTERESTS)).status_code == 200
    (told,) = (await first("GET", "faults")).json()["value"]
    assert (told["happened"], told["status"]) == (1, status)


async def test_a_planned_fault_is_in_the_log(first: Tenant, ada: Client) -> None:
    planned = await first.made("faults", status=429, retryAfter=7, count=1)
    answer = await ada("POST", INTERESTS, json={"displayName": "Chess"})
    assert answer.headers["retry-after"] == "7"
    (line,) = await first.log()
    assert (line["rule"], line["status"], line["outcome"]) == ("fault", 429, "refused")
    assert planned["id"] in line["reason"]
    assert line["planned"] == [line["reason"]]


MATCHES = [
    ({}, {"GET me/profile", "POST me/profile/interests", "GET users"}),
    ({"method": "get"}, {"GET me/profile", "GET users"}),
    ({"path": "/me/profile"}, {"GET me/profile"}),
    ({"path": "me/profile/"}, {"GET me/profile"}),
    ({"path": "/beta/ME/profile/*"}, {"POST me/profile/interests"}),
    ({"path": "/me/profile/**"}, {"GET me/profile", "POST me/profile/interests"}),
    ({"path": "/me/**/profile/**/interests"}, {"POST me/profile/interests"}),
    ({"path": "/**/users"}, {"GET users"}),
    ({"path": "/me/**"}, {"GET me/profile", "POST me/profile/interests"}),
    ({"path": "/{who}/profile/inter*"}, {"POST me/profile/interests"}),
    ({"path": "/v1.0/**"}, set()),
    ({"path": "/me"}, set()),
    ({"path": "/me/profile/interest."}, set()),
    ({"person": "ADA@harbour.example"}, {"GET me/profile", "POST me/profile/interests"}),
    ({"person": sample.person_id("ada"), "method": "POST"}, {"POST me/profile/interests"}),
    ({"person": "bram@harbour.example"}, set()),
]


@pytest.mark.parametrize(("plan", "hit"), MATCHES)
async def test_faults_happen_to_the_requests_they_are_planned_for(
    service: Service, first: Tenant, ada: Client, plan: dict[str, Any], hit: Collection[str]
) -> None:
    await first.made("faults", status=503, **plan)
    callers = {"users": service.application("User.Read.All")}
    found = set()
    for one in ("GET me/profile", "POST me/profile/interests", "GET users"):
        method, path = one.split()
        body = {"json": {"displayName": "x"}} if method == "POST" else {}
        answer = await callers.get(path, ada)(method, path, **body)
        if answer.status_code == 503:
            found.add(one)
    assert found == hit


async def test_faults_happen_after_so_many_and_so_many_times(first: Tenant, ada: Client) -> None:
    await first.made("faults", status=500, skip=2, count=2)
    found = [(await ada("GET", INTERESTS)).status_code for _ in range(6)]
    assert found == [200, 200, 500, 500, 200, 200]


async def test_a_rate_is_a_share_of_requests_and_the_same_each_time(
    first: Tenant, ada: Client
) -> None:
    runs = []
    for _ in range(2):
        planned = await first.made("faults", status=500, rate=0.3)
        runs.append([(await ada("GET", "me")).status_code for _ in range(60)])
        assert (await first("DELETE", f"faults/{planned['id']}")).status_code == 204
    assert runs[0] == runs[1]
    assert 8 < runs[0].count(500) < 30


async def test_a_request_may_be_carried_out_before_its_answer_is_lost(
    first: Tenant, ada: Client
) -> None:
    await first.made("faults", status=504, method="POST", count=1, after=True)
    assert (await ada("POST", INTERESTS, json={"displayName": "Chess"})).status_code == 504
    (stored,) = (await ada("GET", INTERESTS)).json()["value"]
    assert stored["displayName"] == "Chess"
    await first.made("faults", status=504, method="POST", count=1)
    assert (await ada("POST", INTERESTS, json={"displayName": "Go"})).status_code == 504
    assert len((await ada("GET", INTERESTS)).json()["value"]) == 1


async def test_an_item_of_a_batch_fails_by_itself(first: Tenant, ada: Client) -> None:
    await first.made("faults", status=429, path="/me/profile/skills")
    found = await batching.send(
        ada, batching.get("1", f"/{INTERESTS}"), batching.get("2", "/me/profile/skills")
    )
    responses = {one["id"]: one for one in found.json()["responses"]}
    assert (responses["1"]["status"], responses["2"]["status"]) == (200, 429)
    assert responses["2"]["headers"]["Retry-After"] == "1"


async def test_a_member_that_fails_fails_its_atomicity_group(first: Tenant, ada: Client) -> None:
    await first.made("faults", status=503, path="/me/profile/skills")
    group = {"atomicityGroup": "g", "headers": {"Content-Type": "application/json"}}
    body = {"displayName": "x"}
    found = await batching.send(
        ada,
        {"id": "1", "method": "POST", "url": f"/{INTERESTS}", "body": body, **group},
        {"id": "2", "method": "POST", "url": "/me/profile/skills", "body": body, **group},
    )
    assert {one["id"]: one["status"] for one in found.json()["responses"]} == {"1": 424, "2": 503}
    assert (await ada("GET", INTERESTS)).json()["value"] == []


async def test_a_batch_as_a_whole_fails_where_its_path_is_named(first: Tenant, ada: Client) -> None:
    await first.made("faults", status=503, path="/$batch", count=1)
    fault(await batching.send(ada, batching.get("1", "/me")), 503, "serviceNotAvailable")
    (line,) = await first.log()
    assert (line["target"], line["rule"], line["status"]) == ("/beta/$batch", "fault", 503)
    assert (await batching.send(ada, batching.get("1", "/me"))).status_code == 200


TOKEN = {"grant_type": "client_credentials", "scope": f"{AUDIENCE}/.default"}
OF_THE_AUTHORITY = [
    ("/oauth2/v2.0/token", "POST", "oauth2/v2.0/token"),
    (f"/{sample.TENANT}/oauth2/**", "POST", "oauth2/v2.0/token"),
    ("/{tenant}/oauth2/v2.0/token", "POST", "oauth2/v2.0/token"),
    ("**/token", "POST", "oauth2/v2.0/token"),
    ("discovery/v2.0/keys", "GET", "discovery/v2.0/keys"),
    ("/v2.0/.well-known/*", "GET", "v2.0/.well-known/openid-configuration"),
    ("/oauth2/v2.0/authorize", "GET", "oauth2/v2.0/authorize"),
]


@pytest.mark.parametrize(("pattern", "method", "path"), OF_THE_AUTHORITY)
async def test_the_token_authority_has_the_faults_whose_path_names_it(
    service: Service, first: Tenant, pattern: str, method: str, path: str
) -> None:
    client = service.parts.authority.sample
    form = TOKEN | {"client_id": client.id, "client_secret": client.secret}
    options: dict[str, Any] = {"data": form} if method == "POST" else {}

    async def asked() -> httpx2.Response:
        return await service.anonymous()(method, f"/{sample.TENANT}/{path}", **options)

    before = await asked()
    await first.made("faults", status=429, retryAfter=7, path=pattern, method=method, count=1)
    with capture_logs() as logs:
        answer = await asked()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"] == "temporarily_unavailable"
    assert "Planned fault" in answer.json()["error_description"]
    (line,) = [line for line in logs if line["event"] == "audit"]
    assert (line["status"], line["rule"]) == (429, "fault")
    newest, *_ = await first.log()
    assert (newest["target"], newest["rule"]) == (f"/{sample.TENANT}/{path}", "fault")
    assert (await asked()).status_code == before.status_code
    assert len(await first.log()) == 1


async def test_the_token_authority_has_no_fault_that_does_not_name_it(
    service: Service, first: Tenant, fresh: Tenant
) -> None:
    for path in (None, "/**", "**", "/me/**", "/users/*"):
        await first.made("faults", status=503, path=path)
    await first.made("faults", status=503, path="**/keys", person="ada@harbour.example")
    await fresh.made("faults", status=503, path="**/keys")
    keys = await service.anonymous()("GET", f"/{sample.TENANT}/discovery/v2.0/keys")
    assert keys.status_code == 200
    tenant = fresh.root.rpartition("/")[2]
    keys = await service.anonymous()("GET", f"/{tenant}/discovery/v2.0/keys")
    assert keys.status_code == 503


async def test_faults_are_taken_back(first: Tenant, ada: Client) -> None:
    await first.made("faults", status=500)
    await first.made("faults", latency=0.001)
    assert (await first("DELETE", "faults")).status_code == 204
    assert (await first("GET", "faults")).json()["value"] == []
    assert (await ada("GET", INTERESTS)).status_code == 200
    fault(await first("DELETE", f"faults/{new_id()}"), 404, "itemNotFound")


@pytest.mark.parametrize(
    ("plan", "saying"),
    [
        ({}, "does nothing"),
        ({"status": 404}, "404; expected one of 429"),
        ({"status": 503, "drop": True}, "exclude each other"),
        ({"latency": 1, "retryAfter": 1}, "goes with a 'status'"),
        ({"latency": LONGEST_DELAY + 1}, "latency"),
        ({"status": 500, "count": 0}, "count"),
        ({"status": 500, "rate": 1.5}, "rate"),
        ({"status": 500, "path": "*/" * 21}, "20 wildcards"),
        ({"status": 500, "path": "x" * 1001}, "path"),
        ({"status": 500, "path": ""}, "expected a path alone"),
        ({"status": 500, "path": "/me?$top=1"}, "'/me?$top=1'; expected a path alone"),
        ({"status": 500, "path": "http://localhost/beta/me"}, "expected a path alone"),
        ({"status": 500, "method": "FETCH"}, "'FETCH'; expected one of GET"),
        ({"staus": 500}, "staus"),
        ({"status": "500"}, "status"),
    ],
)
async def test_a_fault_that_cannot_happen_is_refused(
    first: Tenant, plan: dict[str, Any], saying: str
) -> None:
    error = fault(await first("POST", "faults", json=plan), 400, "BadRequest")
    assert saying in error["message"]
    assert (await first("GET", "faults")).json()["value"] == []


async def test_so_many_faults_are_planned_at_a_time(first: Tenant) -> None:
    for _ in range(MOST_PLANNED):
        await first.made("faults", status=500)
    fault(await first("POST", "faults", json={"status": 500}), 400, "BadRequest")


# ----- time


async def test_what_is_written_is_stamped_by_the_clock(first: Tenant, ada: Client) -> None:
    await first.made("clock", now="2026-12-24T18:00:00Z", frozen=True)
    client = await first.client()
    created = (await client("POST", INTERESTS, json={"displayName": "x"})).json()
    assert created["createdDateTime"] == "2026-12-24T18:00:00.0000000Z"
    assert (await first.log())[0]["time"] == created["createdDateTime"]
    missing = fault(await client("GET", f"{INTERESTS}/{new_id()}"), 404, "itemNotFound")
    assert missing["innerError"]["date"] == "2026-12-24T18:00:00"
    shown = await first.made("clock", advance=1.5)
    assert shown == {"now": "2026-12-24T18:00:01.5000000Z", "frozen": True}
    assert (await first("DELETE", "clock")).status_code == 204
    assert not (await first("GET", "clock")).json()["now"].startswith("2026-12-24T18")


async def test_tokens_run_out_by_the_clock(first: Tenant) -> None:
    client = await first.client(expiresIn=60)
    assert (await client("GET", "me")).status_code == 200
    assert (await first.made("clock", advance=61))["frozen"] is False
    assert (
        "expired" in fault(await client("GET", "me"), 401, "InvalidAuthenticationToken")["message"]
    )
    assert (await (await first.client())("GET", "me")).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"now": "1969-01-01T00:00:00Z"},
        {"now": "9999-01-01T00:00:00Z"},
        {"now": "yesterday"},
        {"now": "2026-01-01T00:00:00"},
        {"advance": 1e12},
        {"advance": -1e11},
        {"advance": "1"},
        {"freeze": True},
    ],
)
async def test_a_time_that_cannot_be_is_refused(first: Tenant, change: dict[str, Any]) -> None:
    fault(await first("POST", "clock", json=change), 400, "BadRequest")
    assert (await first("GET", "clock")).json()["frozen"] is False


# ----- tokens


@pytest.mark.parametrize("app", [False, True])
@pytest.mark.parametrize("kind", FORGERIES)
@pytest.mark.parametrize("where", ["first", "fresh"])
async def test_a_forged_token_is_refused_for_its_one_reason(
    first: Tenant, fresh: Tenant, where: str, kind: str, app: bool
) -> None:
    tenant = first if where == "first" else fresh
    role = {"role": ["User.ReadWrite.All"]} if app else {}
    good = await tenant.client(app=app, **role)
    path = "users" if app else INTERESTS
    assert (await good("GET", path)).status_code == 200
    forged = await tenant.client(app=app, forge=kind, **role)
    refused = await forged("GET", path)
    assert refused.status_code == FORGERIES[kind].status
    assert (await tenant.log())[0]["outcome"] == "refused"


REASONS = {
    "expired": "expired",
    "not-yet-valid": "not valid before",
    "wrong-audience": "another audience",
    "wrong-issuer": "claim 'iss'",
    "wrong-tenant": "claim 'tid'",
    "bad-signature": "signature",
    "unknown-key": "does not publish",
    "alg-none": "must be signed",
    "missing-scope": "the token has Calendars.Read",
}


@pytest.mark.parametrize("kind", FORGERIES)
async def test_the_refusal_of_a_forged_token_names_the_reason(first: Tenant, kind: str) -> None:
    forged = await first.client(forge=kind)
    error = (await forged("GET", INTERESTS)).json()["error"]
    assert REASONS[kind] in error["message"]


@pytest.mark.parametrize(
    ("wanted", "saying"),
    [
        ({"user": "nobody@harbour.example"}, "Nobody is called nobody@"),
        ({"app": True, "user": "ada@harbour.example"}, "for no user"),
        ({"forge": "wax"}, "expected one of expired"),
        ({"expiresIn": 1e30}, "expiresIn"),
        ({"scopes": "x"}, "scopes"),
    ],
)
async def test_a_token_that_there_is_not_is_refused(
    first: Tenant, wanted: dict[str, Any], saying: str
) -> None:
    answer = await first("POST", "tokens", json=wanted)
    assert saying in fault(answer, 400, "BadRequest")["message"]


# ----- state and the rest


async def test_reset_leaves_what_there_was_at_first(first: Tenant, fresh: Tenant) -> None:
    for tenant in (first, fresh):
        client = await tenant.client()
        await client("POST", INTERESTS, json={"displayName": "Chess"})
        admin = await tenant.client(app=True, role=["User.ReadWrite.All"])
        assert (await admin("DELETE", "users/bram@harbour.example")).status_code == 204
        await tenant.made("faults", status=500)
        await tenant.made("clock", advance=30)
        assert (await tenant("POST", "reset")).status_code == 204
        assert await tenant.log() == []
        assert (await tenant("GET", "faults")).json()["value"] == []
        assert (await client("GET", INTERESTS)).json()["value"] == []
        people = (await tenant("GET", "endpoints")).json()["users"]
        assert len(people) == len(sample.people())


async def test_the_parity_map_is_there_as_data_and_as_text(first: Tenant) -> None:
    data = (await first("GET", "parity")).json()
    assert {"knownOn", "operations", "choices", "differences"} == set(data)
    text = await first("GET", "parity", headers={"Accept": "text/markdown"})
    assert text.text == parity.markdown()
    assert text.headers["content-type"].startswith("text/markdown")


async def test_a_page_of_another_site_controls_nothing(service: Service) -> None:
    http = service.anonymous()
    for path in service.parts.control.faces():
        target = path.replace("{tenant}", sample.TENANT).replace("{id}", new_id())
        for method in ("GET", "POST", "DELETE"):
            for headers in (
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {"Origin": "http://localhost:3000"},
                {"Host": "rebound.example"},
            ):
                refused = await http(method, target, headers=headers)
                assert refused.status_code in (403, 404, 405), (method, target, headers)
                assert "access-control-allow-origin" not in refused.headers
    own = {"Origin": "http://localhost:8080"}
    assert (await http("POST", f"{ROOT}/reset", headers=own)).status_code == 204
    form = await http("POST", f"{ROOT}/faults", data={"status": "500"})
    fault(form, 415, "unsupportedMediaType")


async def test_control_knows_its_paths_and_methods(service: Service, first: Tenant) -> None:
    fault(await first("PUT", "reset"), 405, "Request_BadRequest")
    fault(await first("POST", "nothing"), 404, "Request_ResourceNotFound")
    fault(await Tenant(service, new_id())("GET", "clock"), 404, "Request_ResourceNotFound")
    fault(await first("POST", "faults", content=b"{", headers=JSON), 400, "BadRequest")
    fault(await first("POST", "faults", content=b"[" * 100_000, headers=JSON), 400, "BadRequest")


JSON = {"Content-Type": "application/json"}


async def test_the_certificate_is_to_be_had_where_there_is_one(
    service: Service, first: Tenant, tmp_path: Path
) -> None:
    fault(await first("GET", "ca.pem"), 404, "itemNotFound")
    ca = tmp_path / "ca.pem"
    ca.write_text("a certificate")
    told = service.parts.addresses
    service.parts.addresses = msgspec.structs.replace(told, ca=ca)
    assert (await first("GET", "ca.pem")).text == "a certificate"

"""The local authority over HTTP: what it hands out, to whom, and what it refuses."""

import base64
import hashlib
import html
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from api.conftest import BASE, Service, user
from openprofile import sample
from openprofile.identity.applications import Application
from openprofile.identity.flows import CODE_SECONDS, DEVICE_SECONDS, PASSWORD
from openprofile.identity.issuer import AUDIENCE

pytestmark = pytest.mark.anyio
OAUTH = f"/{sample.TENANT}/oauth2/v2.0"
REDIRECT = "http://localhost:3000/back?app=1"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
SCOPE = f"{AUDIENCE}/.default"


class Endpoint:
    """The token endpoint and the pages, as a client and a browser use them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.http = service._http
        self.client = service.parts.authority.sample

    async def token(self, *, path: str = f"{OAUTH}/token", **form: str | None) -> httpx2.Response:
        sent = {"client_id": self.client.id} | form
        return await self.http.post(path, data={n: v for n, v in sent.items() if v is not None})

    async def granted(self, **form: str | None) -> dict[str, Any]:
        answer = await self.token(**form)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        body: dict[str, Any] = answer.json()
        assert body["token_type"] == "Bearer"
        return body

    async def refused(self, error: str, number: int, **form: str | None) -> str:
        answer = await self.token(**form)
        assert answer.status_code in (400, 401)
        body = answer.json()
        assert (body["error"], body["error_codes"]) == (error, [number])
        assert body["error_description"].startswith(f"AADSTS{number}: ")
        assert {"trace_id", "correlation_id", "timestamp"} < set(body)
        assert "access_token" not in body
        told: str = body["error_description"]
        return told

    def query(self, **changes: str | None) -> dict[str, str]:
        whole = {
            "client_id": self.client.id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "openid offline_access User.ReadWrite",
            "state": "s&<",
            "nonce": "n",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in whole.items() if value is not None}

    async def authorize(self, **changes: str | None) -> httpx2.Response:
        return await self.http.get(f"{OAUTH}/authorize", params=self.query(**changes))

    async def choose(
        self, alias: str = "ada", headers: dict[str, str] | None = None, **changes: str | None
    ) -> httpx2.Response:
        page = await self.authorize(**changes)
        assert page.status_code == 200, page.text
        return await self.http.post(
            _action(page), data={"person": sample.person_id(alias)}, headers=headers
        )

    async def code(self, alias: str = "ada", **changes: str | None) -> str:
        answer = await self.choose(alias, **changes)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]

    async def redeem(self, code: str, **changes: str | None) -> dict[str, str | None]:
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        } | changes


def _action(page: httpx2.Response) -> str:
    found = re.search(r'action="([^"]*)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def claims(token: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return body


@pytest.fixture
async def endpoint(service: Service) -> Endpoint:
    return Endpoint(service)


@pytest.mark.parametrize("tenant", [sample.TENANT, "common", "organizations", sample.DOMAIN])
async def test_discovery_leads_to_everything(endpoint: Endpoint, tenant: str) -> None:
    path = f"/{tenant}/v2.0/.well-known/openid-configuration"
    told = (await endpoint.http.get(path)).json()
    assert told["issuer"] == f"{BASE}/{sample.TENANT}/v2.0"
    for name, address in told.items():
        if name.endswith(("_endpoint", "_uri")):
            assert address.startswith(f"{BASE}/{tenant}/")
            answer = await endpoint.http.get(address)
            assert answer.status_code != 404
    answer = await endpoint.token(
        path=urlsplit(told["token_endpoint"]).path,
        grant_type="client_credentials",
        client_secret=endpoint.client.secret,
        scope=SCOPE,
    )
    assert claims(answer.json()["access_token"])["iss"] == told["issuer"]


async def test_an_unknown_tenant_is_told(endpoint: Endpoint) -> None:
    answer = await endpoint.http.get("/elsewhere/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_tenant"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.0.2.1:8080"])
async def test_a_name_that_is_not_ours_gets_no_tokens(endpoint: Endpoint, host: str) -> None:
    """A page elsewhere whose name was turned to this machine is still that page."""
    for path in (f"{OAUTH}/authorize", f"/{sample.TENANT}/discovery/v2.0/keys"):
        answer = await endpoint.http.get(path, headers={"Host": host})
        assert answer.status_code == 421


class TestApplication:
    """The grant client_credentials."""

    @pytest.mark.parametrize(
        ("scope", "audience"),
        [
            (SCOPE, AUDIENCE),
            (f"{AUDIENCE}//.default", AUDIENCE),
            (
                "00000003-0000-0000-c000-000000000000/.default",
                "00000003-0000-0000-c000-000000000000",
            ),
            ("https://localhost/.default", "https://localhost"),
            ("https://127.0.0.1:8443/.default", "https://127.0.0.1:8443"),
            ("http://[::1]:8080/.default", "http://[::1]:8080"),
        ],
    )
    async def test_its_token_is_for_what_the_scope_names(
        self, endpoint: Endpoint, scope: str, audience: str
    ) -> None:
        body = await endpoint.granted(
            grant_type="client_credentials", client_secret=endpoint.client.secret, scope=scope
        )
        found = claims(body["access_token"])
        assert found["aud"] == audience
        assert found["roles"] == ["User.ReadWrite.All"]
        assert "scp" not in found
        assert "refresh_token" not in body
        bearer = endpoint.service.bearing(body["access_token"])
        path = f"users/{sample.person_id('ada')}/profile/interests"
        assert (await bearer("POST", path, json={})).status_code == 201

    async def test_its_secret_may_come_in_the_header(self, endpoint: Endpoint) -> None:
        pair = f"{endpoint.client.id}:{endpoint.client.secret}".encode()
        for text, status in ((pair, 200), (pair + b"x", 401), (b"no colon", 401)):
            answer = await endpoint.http.post(
                f"{OAUTH}/token",
                data={"grant_type": "client_credentials", "scope": SCOPE},
                headers={"Authorization": f"Basic {base64.b64encode(text).decode()}"},
            )
            assert answer.status_code == status
            assert ("www-authenticate" in answer.headers) == (status == 401)

    async def test_without_its_secret_it_gets_none(self, endpoint: Endpoint) -> None:
        asked = {"grant_type": "client_credentials", "scope": SCOPE}
        await endpoint.refused("invalid_client", 7000218, **asked)
        told = await endpoint.refused("invalid_client", 7000215, **asked, client_secret="guess")
        assert endpoint.client.secret not in told
        await endpoint.refused(
            "unauthorized_client", 700016, **asked, client_id="other", client_secret="x"
        )

    @pytest.mark.parametrize(
        ("scope", "error", "number"),
        [
            (None, "invalid_request", 900144),
            ("https://example.com/.default", "invalid_resource", 500011),
            ("https://localhost.example.com/.default", "invalid_resource", 500011),
            ("https://x@localhost/.default", "invalid_resource", 500011),
            (f"{AUDIENCE}/User.Read.All", "invalid_scope", 1002012),
            (f"{AUDIENCE}/", "invalid_scope", 70011),
            (f"{SCOPE} https://localhost/.default", "invalid_scope", 28000),
        ],
    )
    async def test_a_scope_that_it_cannot_have_is_refused(
        self, endpoint: Endpoint, scope: str | None, error: str, number: int
    ) -> None:
        await endpoint.refused(
            error,
            number,
            grant_type="client_credentials",
            client_secret=endpoint.client.secret,
            scope=scope,
        )


class TestSignIn:
    """The grant authorization_code, with PKCE."""

    async def test_the_page_lists_the_people_and_needs_no_script(self, endpoint: Endpoint) -> None:
        page = await endpoint.authorize()
        for person in sample.people():
            assert (person.user.display_name or "") in html.unescape(page.text)
        assert "<script" not in page.text
        policy = page.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert "style=" not in page.text
        for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            assert (await endpoint.http.get(path)).status_code == 200
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]

    async def test_the_code_becomes_tokens_for_the_person(self, endpoint: Endpoint) -> None:
        answer = await endpoint.choose("bram")
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(f"{REDIRECT}&")
        sent = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert sent["state"] == "s&<"
        body = await endpoint.granted(**await endpoint.redeem(sent["code"]), client_info="1")
        access = claims(body["access_token"])
        assert access["scp"] == "User.ReadWrite"
        assert access["oid"] == sample.person_id("bram")
        assert "User.ReadWrite" in body["scope"].split()

        keys = await endpoint.http.get(f"/{sample.TENANT}/discovery/v2.0/keys")
        key = RSAKey.import_key(keys.json()["keys"][0])
        identity = jwt.decode(body["id_token"], key, algorithms=["RS256"]).claims
        assert identity["aud"] == endpoint.client.id
        assert identity["iss"] == endpoint.service.parts.authority.issuers()[-1]
        assert identity["nonce"] == "n"
        assert identity["oid"] == sample.person_id("bram")
        assert identity["tid"] == sample.TENANT
        assert identity["preferred_username"] == user("bram").user_principal_name
        assert identity["name"] == "Bram Okafor"
        assert identity["sub"] not in ("", identity["oid"])
        about = json.loads(base64.urlsafe_b64decode(body["client_info"] + "=="))
        assert about == {"uid": sample.person_id("bram"), "utid": sample.TENANT}

        told = await endpoint.http.get(
            f"/{sample.TENANT}/oidc/userinfo",
            headers={"Authorization": f"Bearer {body['access_token']}"},
        )
        assert told.json()["sub"] == identity["sub"]
        assert told.json()["name"] == "Bram Okafor"

    async def test_an_id_token_opens_nothing(self, endpoint: Endpoint) -> None:
        body = await endpoint.granted(**await endpoint.redeem(await endpoint.code()))
        for other in (body["id_token"], body["refresh_token"]):
            answer = await endpoint.service.bearing(other)("GET", "me/profile/interests")
            assert answer.status_code == 401

    async def test_a_code_is_good_once(self, endpoint: Endpoint) -> None:
        code = await endpoint.code()
        await endpoint.granted(**await endpoint.redeem(code))
        await endpoint.refused("invalid_grant", 70008, **await endpoint.redeem(code))

    async def test_a_code_is_good_for_a_short_while(self, endpoint: Endpoint) -> None:
        code = await endpoint.code()
        endpoint.service.parts.clock.advance(CODE_SECONDS)
        await endpoint.refused("invalid_grant", 70008, **await endpoint.redeem(code))

    @pytest.mark.parametrize(
        ("changes", "number"),
        [
            ({"code_verifier": "w" * 43}, 501481),
            ({"code_verifier": CHALLENGE}, 501481),
            ({"code_verifier": None}, 501481),
            ({"redirect_uri": "http://localhost:3000/"}, 500112),
            ({"redirect_uri": None}, 500112),
        ],
    )
    async def test_a_code_is_bound_to_its_request(
        self, endpoint: Endpoint, changes: dict[str, str | None], number: int
    ) -> None:
        code = await endpoint.code()
        await endpoint.refused("invalid_grant", number, **await endpoint.redeem(code, **changes))
        # and whoever guessed has spoiled it
        await endpoint.refused("invalid_grant", 70008, **await endpoint.redeem(code))

    async def test_without_pkce_the_secret_is_needed(self, endpoint: Endpoint) -> None:
        plain = {"code_challenge": None, "code_challenge_method": None}
        asked = await endpoint.redeem(await endpoint.code(**plain), code_verifier=None)
        await endpoint.refused("invalid_client", 7000218, **asked)
        asked = await endpoint.redeem(await endpoint.code(**plain), code_verifier=None)
        await endpoint.granted(**asked, client_secret=endpoint.client.secret)

    @pytest.mark.parametrize(
        "uri",
        [
            "https://evil.example/",
            "http://localhost.evil.example/",
            "http://localhost@evil.example/",
            "http://evil.example\\@localhost/",
            "http://localhost:99999/",
            "javascript:alert(1)",
            "//localhost/",
            "http://localhost/#fragment",
            "http://local host/",
        ],
    )
    async def test_nobody_is_sent_elsewhere(self, endpoint: Endpoint, uri: str) -> None:
        answer = await endpoint.authorize(redirect_uri=uri)
        assert answer.status_code == 400
        assert "AADSTS50011" in answer.text
        assert "location" not in answer.headers

    async def test_an_unknown_application_is_told_on_the_page(self, endpoint: Endpoint) -> None:
        answer = await endpoint.authorize(client_id="<b>other")
        assert answer.status_code == 400
        assert "AADSTS700016" in answer.text
        assert "<b>" not in answer.text

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": None}, "invalid_request"),
            ({"scope": "https://example.com/.default"}, "invalid_resource"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": None}, "invalid_request"),
            ({"prompt": "none"}, "login_required"),
        ],
    )
    async def test_what_the_client_got_wrong_it_is_told(
        self, endpoint: Endpoint, changes: dict[str, str | None], error: str
    ) -> None:
        answer = await endpoint.authorize(**changes)
        assert answer.status_code == 302
        sent = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert sent["error"] == error
        assert sent["state"] == "s&<"
        assert "code" not in sent

    async def test_a_hint_spares_the_choice(self, endpoint: Endpoint) -> None:
        name = user("mei").user_principal_name
        page = await endpoint.authorize(login_hint=name)
        assert page.text.count('name="person"') == 1
        answer = await endpoint.authorize(login_hint=name, prompt="none")
        code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
        body = await endpoint.granted(**await endpoint.redeem(code))
        assert claims(body["access_token"])["oid"] == sample.person_id("mei")

    @pytest.mark.parametrize("mode", ["fragment", "form_post"])
    async def test_the_answer_comes_as_it_was_asked_for(
        self, endpoint: Endpoint, mode: str
    ) -> None:
        answer = await endpoint.choose(response_mode=mode, state='"><script>x')
        if mode == "fragment":
            assert answer.headers["location"].startswith(f"{REDIRECT}#code=")
        else:
            assert _action(answer) == REDIRECT
            assert '"><script>x' not in answer.text
            assert '"><script>x' in html.unescape(answer.text)

    async def test_another_site_cannot_choose(self, endpoint: Endpoint) -> None:
        for origin in ("https://evil.example", "null"):
            answer = await endpoint.choose(headers={"Origin": origin})
            assert "code=" not in answer.headers["location"]
        answer = await endpoint.choose(headers={"Origin": BASE})
        assert "code=" in answer.headers["location"]

    async def test_a_page_of_this_machine_may_fetch_tokens(self, endpoint: Endpoint) -> None:
        for origin, told in (("http://localhost:3000", True), ("https://evil.example", False)):
            answer = await endpoint.http.options(f"{OAUTH}/token", headers={"Origin": origin})
            assert ("access-control-allow-origin" in answer.headers) == told

    async def test_so_may_a_page_that_a_sign_in_may_return_to(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registered = Application(
            id="spa", name="SPA", redirect_uris=("https://App.example:443/in", "x:y")
        )
        applications = endpoint.service.parts.authority.applications
        monkeypatch.setitem(applications, "spa", registered)
        paths = [
            f"{OAUTH}/token",
            f"{OAUTH}/devicecode",
            f"/{sample.TENANT}/v2.0/.well-known/openid-configuration",
            f"/{sample.TENANT}/discovery/v2.0/keys",
            f"/{sample.TENANT}/oidc/userinfo",
        ]
        for path in paths:
            for origin, told in (
                ("https://app.example", True),
                ("http://app.example", False),
                ("https://app.example.evil.example", False),
                ("https://app.example:8443", False),
                ("x:y", False),
                ("null", False),
            ):
                asked = {"Origin": origin, "Access-Control-Request-Headers": "x-client-sku"}
                for method in ("OPTIONS", "GET", "POST"):
                    answer = await endpoint.http.request(method, path, headers=asked)
                    if answer.status_code == 405:
                        continue
                    allowed = answer.headers.get("access-control-allow-origin")
                    assert allowed == (origin if told else None), (path, method)

    async def test_signing_out_leads_back_to_this_machine_alone(self, endpoint: Endpoint) -> None:
        for uri, status in (("http://localhost:3000/", 302), ("https://evil.example/", 200)):
            query = urlencode({"post_logout_redirect_uri": uri})
            answer = await endpoint.http.get(f"{OAUTH}/logout?{query}")
            assert answer.status_code == status


class TestRefresh:
    """The grant refresh_token."""

    async def test_a_refresh_token_is_replaced_by_each_use(self, endpoint: Endpoint) -> None:
        body = await endpoint.granted(**await endpoint.redeem(await endpoint.code("bram")))
        first = body["refresh_token"]
        renewed = await endpoint.granted(grant_type="refresh_token", refresh_token=first)
        found = claims(renewed["access_token"])
        assert (found["oid"], found["scp"]) == (sample.person_id("bram"), "User.ReadWrite")
        assert "id_token" in renewed
        await endpoint.refused(
            "invalid_grant", 70000, grant_type="refresh_token", refresh_token=first
        )
        await endpoint.granted(grant_type="refresh_token", refresh_token=renewed["refresh_token"])

    async def test_it_is_used_up_also_where_a_planned_fault_loses_the_answer(
        self, endpoint: Endpoint
    ) -> None:
        body = await endpoint.granted(**await endpoint.redeem(await endpoint.code()))
        form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
        fault = {"status": 500, "path": "**/token", "after": True, "count": 1}
        planned = await endpoint.http.post("/_openprofile/faults", json=fault)
        assert planned.status_code == 201
        assert (await endpoint.token(**form)).status_code == 500
        await endpoint.refused("invalid_grant", 70000, **form)

    async def test_it_may_ask_for_another_scope(self, endpoint: Endpoint) -> None:
        body = await endpoint.granted(**await endpoint.redeem(await endpoint.code()))
        renewed = await endpoint.granted(
            grant_type="refresh_token", refresh_token=body["refresh_token"], scope="User.Read"
        )
        assert claims(renewed["access_token"])["scp"] == "User.Read"

    async def test_no_other_token_renews(self, endpoint: Endpoint) -> None:
        body = await endpoint.granted(**await endpoint.redeem(await endpoint.code()))
        for token in (body["access_token"], body["id_token"], "x", "a.b.c"):
            await endpoint.refused(
                "invalid_grant", 70000, grant_type="refresh_token", refresh_token=token
            )

    async def test_nobody_asked_for_one_without_offline_access(self, endpoint: Endpoint) -> None:
        code = await endpoint.code(scope="User.Read")
        body = await endpoint.granted(**await endpoint.redeem(code))
        assert {"refresh_token", "id_token"}.isdisjoint(body)


class TestDevice:
    """The device authorization grant (RFC 8628)."""

    GRANT = "urn:ietf:params:oauth:grant-type:device_code"

    async def begin(self, endpoint: Endpoint) -> dict[str, Any]:
        form = {"client_id": endpoint.client.id, "scope": "User.ReadWrite"}
        answer = await endpoint.http.post(f"{OAUTH}/devicecode", data=form)
        assert answer.status_code == 200
        told: dict[str, Any] = answer.json()
        return told

    async def enter(self, endpoint: Endpoint, code: str, **pressed: str) -> httpx2.Response:
        page = await endpoint.http.post(f"{OAUTH}/deviceauth", data={"user_code": code})
        return await endpoint.http.post(_action(page), data=pressed)

    async def test_it_waits_for_a_person(self, endpoint: Endpoint) -> None:
        told = await self.begin(endpoint)
        asked = {"grant_type": self.GRANT, "device_code": told["device_code"]}
        await endpoint.refused("authorization_pending", 70016, **asked)
        shown = f"{told['user_code'][:4].lower()}-{told['user_code'][4:]}"
        page = await self.enter(endpoint, shown, person=sample.person_id("mei"))
        assert "Signed in" in page.text
        body = await endpoint.granted(**asked)
        assert claims(body["access_token"])["oid"] == sample.person_id("mei")
        await endpoint.refused("expired_token", 70020, **asked)
        again = await endpoint.http.post(
            f"{OAUTH}/deviceauth", data={"user_code": told["user_code"]}
        )
        assert again.status_code == 400

    async def test_a_person_may_refuse(self, endpoint: Endpoint) -> None:
        told = await self.begin(endpoint)
        await self.enter(endpoint, told["user_code"], refuse="yes")
        asked = {"grant_type": self.GRANT, "device_code": told["device_code"]}
        await endpoint.refused("authorization_declined", 70018, **asked)

    async def test_it_does_not_wait_for_ever(self, endpoint: Endpoint) -> None:
        told = await self.begin(endpoint)
        endpoint.service.parts.clock.advance(DEVICE_SECONDS)
        asked = {"grant_type": self.GRANT, "device_code": told["device_code"]}
        await endpoint.refused("expired_token", 70020, **asked)

    async def test_a_code_that_nobody_showed_is_told(self, endpoint: Endpoint) -> None:
        page = await endpoint.http.post(f"{OAUTH}/deviceauth", data={"user_code": "<b>"})
        assert page.status_code == 400
        assert "No device waits" in page.text


class TestPassword:
    """The grant password."""

    async def test_every_person_has_the_one_of_the_documentation(self, endpoint: Endpoint) -> None:
        body = await endpoint.granted(
            grant_type="password",
            username="HIRO@harbour.example",
            password=PASSWORD,
            scope="User.ReadWrite.All",
        )
        found = claims(body["access_token"])
        assert found["oid"] == sample.person_id("hiro")
        assert found["scp"] == "User.ReadWrite.All"
        assert found["wids"]

    @pytest.mark.parametrize(
        ("name", "password"),
        [("ada@harbour.example", "guess"), ("nobody@harbour.example", PASSWORD)],
    )
    async def test_others_are_refused(self, endpoint: Endpoint, name: str, password: str) -> None:
        await endpoint.refused(
            "invalid_grant",
            50126,
            grant_type="password",
            username=name,
            password=password,
            scope="User.Read",
        )


class TestOnBehalf:
    """The grant jwt-bearer, on behalf of a person."""

    FORM = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "requested_token_use": "on_behalf_of",
        "scope": SCOPE,
    }

    async def test_the_person_stays_the_same(self, endpoint: Endpoint) -> None:
        for audience in (f"api://{endpoint.client.id}", endpoint.client.id, AUDIENCE):
            assertion = endpoint.service.parts.authority.delegated(
                user("farah"), ["access"], audience=audience, expires_in=60
            )
            body = await endpoint.granted(
                **self.FORM, assertion=assertion, client_secret=endpoint.client.secret
            )
            found = claims(body["access_token"])
            assert (found["oid"], found["aud"]) == (sample.person_id("farah"), AUDIENCE)

    async def test_nothing_else_is_an_assertion(self, endpoint: Endpoint) -> None:
        authority = endpoint.service.parts.authority
        expired = authority.delegated(user("ada"), ["User.Read"], expires_in=-1)
        elsewhere = authority.delegated(
            user("ada"), ["User.Read"], audience="https://example.com", expires_in=60
        )
        by_itself = authority.application(["User.Read.All"], expires_in=60)
        identity = authority.identity(user("ada"), endpoint.client, nonce=None, expires_in=60)
        for assertion in (expired, elsewhere, by_itself, identity, "x"):
            await endpoint.refused(
                "invalid_grant",
                50013,
                **self.FORM,
                assertion=assertion,
                client_secret=endpoint.client.secret,
            )

    async def test_it_takes_the_secret(self, endpoint: Endpoint) -> None:
        assertion = endpoint.service.parts.authority.delegated(
            user("ada"), ["User.Read"], expires_in=60
        )
        await endpoint.refused("invalid_client", 7000218, **self.FORM, assertion=assertion)


async def test_default_is_what_the_application_has_and_what_was_asked(endpoint: Endpoint) -> None:
    body = await endpoint.granted(
        grant_type="password",
        username="ada@harbour.example",
        password=PASSWORD,
        scope=f"{SCOPE} {AUDIENCE}/User.Read.All",
    )
    assert claims(body["access_token"])["scp"].split() == ["User.Read.All", "User.ReadWrite"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"grant_type=password&grant_type=password", None, 400),
        (b"{}", "application/json", 400),
        (b"grant_type=\xff\xfe", None, 400),
        (b"x" * 70_000, None, 413),
        (b"&".join(b"a%d=1" % number for number in range(200)), None, 400),
        (b"grant_type=magic&client_id=x", None, 400),
        (b"", None, 400),
    ],
)
async def test_a_request_that_cannot_be_read_is_told(
    endpoint: Endpoint, content: bytes, kind: str | None, status: int
) -> None:
    answer = await endpoint.http.post(
        f"{OAUTH}/token",
        content=content,
        headers={"Content-Type": kind or "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == status
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "x"}])
async def test_who_signed_in_is_told_to_a_token_alone(
    endpoint: Endpoint, header: dict[str, str]
) -> None:
    answer = await endpoint.http.get(f"/{sample.TENANT}/oidc/userinfo", headers=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")

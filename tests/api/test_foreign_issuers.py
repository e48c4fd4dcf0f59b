"""Tokens of issuers that are not ours: found by discovery, trusted as far as the settings say."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey, RSAKey
from starlette.routing import Route

from api.conftest import Client, Started, fault
from issuer import ForeignIssuer, encoded
from openprofile.clock import Clock
from openprofile.errors import InvalidAuthenticationToken
from openprofile.http.app import App
from openprofile.identity.discovery import foreign_issuers
from openprofile.identity.fetcher import LARGEST
from openprofile.identity.keys import REFRESH_AFTER, RETRY_AFTER, STALE_AFTER
from openprofile.identity.tokens import TokenVerifier
from openprofile.server.stand_in import stand_in
from openprofile.settings import BadSettings, IssuerSettings

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"


async def refused(response: httpx2.Response, saying: str) -> None:
    error = fault(response, 401, "InvalidAuthenticationToken")
    assert saying in error["message"]


async def test_its_token_is_believed_and_its_person_known_from_then_on(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started() as running:
        caller = running.bearing(issuer.token())
        added = await caller("POST", PATH, json={"displayName": "Chess"})
        assert added.status_code == 201
        who = added.json()["createdBy"]["user"]
        assert who == {"id": "11111111-2222-3333-4444-555555555555", "displayName": "Adé Müller"}
        found = await caller("GET", "users/ade@example.org/profile/interests")
        assert [item["displayName"] for item in found.json()["value"]] == ["Chess"]
    assert issuer.fetches == 1


async def test_people_may_be_left_to_the_directory_alone(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started(create_people=False) as running:
        fault(await running.get(issuer.token()), 404, "Request_ResourceNotFound")


@pytest.mark.parametrize("claim", ["oid", "preferred_username"])
@pytest.mark.parametrize("issued", [True, False])
async def test_who_was_deleted_is_not_put_back_by_a_token_of_before(
    started: Started, issuer: ForeignIssuer, claim: str, issued: bool
) -> None:
    old = issuer.token(**({} if issued else {"iat": None}))
    app = issuer.token(oid=None, scp=None, idtyp="app", roles=["User.ReadWrite.All"])
    async with started(person_claim=claim) as running:
        admin, name = running.bearing(app), "ade@example.org"
        assert (await running.get(old)).status_code == 200
        if claim == "preferred_username":  # who has an id besides, as an administrator gives it
            assert (await admin("DELETE", f"users/{name}")).status_code == 204
            person = {"displayName": "Adé", "userPrincipalName": name}
            assert (await admin("POST", "users", json=person)).status_code == 201
            assert (await running.get(old)).status_code == 200
        assert (await admin("DELETE", f"users/{name}")).status_code == 204
        fault(await running.get(old), 404, "Request_ResourceNotFound")
    async with started(person_claim=claim) as running:  # which has not seen the token
        fault(await running.get(old), 404, "Request_ResourceNotFound")
        fault(await running.bearing(app)("GET", f"users/{name}"), 404, "Request_ResourceNotFound")
        running.clock.advance(3600)
        now = running.clock.seconds()
        assert (await running.get(issuer.token(iat=now, exp=now + 600))).status_code == 200


async def test_a_name_that_is_taken_does_not_lead_to_its_owner(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started() as running:
        first = running.bearing(issuer.token())
        assert (await first("POST", PATH, json={})).status_code == 201
        other = running.bearing(issuer.token(oid="another"))
        assert (await other("GET", PATH)).json()["value"] == []
        assert (await other("GET", "users/another/profile/interests")).status_code == 200


async def test_calls_that_come_together_put_their_person_there_once(
    started: Started, issuer: ForeignIssuer
) -> None:
    """Each with a token of its own, some before the first has been stored, and with lists set."""
    taken = {"preferred_username": "taken@example.org"}
    async with started() as running:
        await running.get(issuer.token(oid="bram", preferred_username="bram@example.org"))
        await running.get(issuer.token(oid="owner", **taken))
        lists = "/openprofile/people/me/relations"
        for claims in ({"oid": "ade"}, {"oid": "zoe"} | taken):
            body = {"family": ["bram"]}
            put = running.bearing(issuer.token(**claims))("PUT", lists, json=body)
            others = [running.get(issuer.token(**claims, jti=str(n))) for n in range(10)]
            first, *rest = await asyncio.gather(put, *others)
            assert {answer.status_code for answer in (first, *rest)} == {200}
            kept = await running.bearing(issuer.token(**claims))("GET", lists)
            assert kept.json()["family"] == ["bram"]


async def test_an_issuer_may_name_people_by_their_principal_names(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started() as running:
        first = running.bearing(issuer.token())
        made = (await first("POST", PATH, json={})).json()
    async with started(person_claim="preferred_username") as running:
        same = running.bearing(issuer.token(oid=None, preferred_username="ADE@example.org"))
        (item,) = (await same("GET", PATH)).json()["value"]
        assert item["id"] == made["id"]


@pytest.mark.parametrize("name", ["RS256", "PS256", "ES256"])
async def test_each_algorithm_of_the_list_is_accepted(
    started: Started, issuer: ForeignIssuer, name: str
) -> None:
    issuer.keys.append(ECKey.generate_key("P-256", {"kid": "curve"}))
    key = issuer.keys[-1] if name == "ES256" else issuer.keys[0]
    async with started() as running:
        token = issuer.token(key, {"alg": name})
        assert (await running.get(token)).status_code == 200


async def test_a_key_is_good_for_the_algorithm_that_it_is_published_for(
    started: Started, issuer: ForeignIssuer
) -> None:
    key = RSAKey.generate_key(2048, {"kid": "narrow", "alg": "PS256"})
    issuer.keys.append(key)
    unbound = RSAKey.import_key({**key.as_dict(private=True), "alg": "RS256"})
    async with started() as running:
        assert (await running.get(issuer.token(key, {"alg": "PS256"}))).status_code == 200
        await refused(await running.get(issuer.token(unbound)), "does not publish")


async def test_what_a_token_says_of_its_own_keys_is_not_followed(
    started: Started, issuer: ForeignIssuer
) -> None:
    own = RSAKey.generate_key(2048, {"kid": "own"})
    with ForeignIssuer() as attacker:
        attacker.keys = [own]
        async with started() as running:
            for header in (
                {"jku": f"{attacker.origin}/keys"},
                {"x5u": f"{attacker.origin}/keys"},
                {"jwk": own.as_dict(private=False)},
            ):
                await refused(await running.get(issuer.token(own, header)), "does not publish")
                header |= {"kid": "first"}
                await refused(await running.get(issuer.token(own, header)), "signature")
        assert attacker.requests == []


async def test_what_a_token_says_is_critical_must_be_known(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started() as running:
        assert (await running.get(issuer.token(header={"nonce": "as-entra"}))).status_code == 200
        head = {"alg": "RS256", "kid": "first", "crit": ["policy"], "policy": "x"}
        claims = {"iss": issuer.url, "aud": "profiles"}
        await refused(await running.get(issuer.signed(head, claims)), "'crit'")


@pytest.mark.parametrize(
    ("changes", "saying"),
    [
        ({"exp": 1_600_000_000}, "expired"),
        ({"nbf": 4_000_000_000}, "not valid before"),
        ({"iat": 4_000_000_000}, "'iat'"),
        ({"exp": 1e300}, "'exp'"),
        ({"exp": float("inf")}, "JSON Web Token"),
        ({"exp": True}, "'exp'"),
        ({"exp": -1}, "'exp'"),
        ({"nbf": [1]}, "'nbf'"),
        ({"aud": "other"}, "expected profiles or https://graph.microsoft.com"),
        ({"aud": ["other"]}, "another audience"),
        ({"aud": [7, None]}, "another audience"),
        ({"aud": {"profiles": 1}}, "another audience"),
        ({"aud": []}, "another audience"),
        ({"aud": None}, "'aud'"),
        ({"oid": None}, "'oid'"),
        ({"oid": ""}, "'oid'"),
        ({"oid": "x" * 300}, "'oid'"),
        ({"oid": "line\nbreak"}, "'oid'"),
        ({"padding": "x" * 20_000}, "JSON Web Token"),
    ],
)
async def test_claims_that_do_not_hold_are_refused(
    started: Started, issuer: ForeignIssuer, changes: dict[str, Any], saying: str
) -> None:
    async with started() as running:
        await refused(await running.get(issuer.token(**changes)), saying)


async def test_clocks_may_differ_by_what_the_settings_allow(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started(clock_skew=30) as running:
        now = running.clock.seconds()
        running.clock.freeze()
        for changes, status in [
            ({"exp": now - 20}, 200),
            ({"exp": now - 40}, 401),
            ({"nbf": now + 20, "iat": now + 20}, 200),
            ({"nbf": now + 40}, 401),
        ]:
            assert (await running.get(issuer.token(**changes))).status_code == status
        nearly = issuer.token(exp=now)
        assert (await running.get(nearly)).status_code == 200
        running.clock.advance(29)
        assert (await running.get(nearly)).status_code == 200
        running.clock.advance(1)
        assert (await running.get(nearly)).status_code == 401


async def test_unknown_keys_cost_one_fetch_however_many_ask(issuer: ForeignIssuer) -> None:
    clock = Clock()
    trusted = foreign_issuers(IssuerSettings(issuer=issuer.url, audience=["profiles"]), clock)
    verifier = TokenVerifier(trusted, clock)
    good = issuer.token()
    await verifier.verify(good)
    clock.freeze()
    clock.advance(REFRESH_AFTER)
    _, claims, signature = good.split(".")
    for number in range(10_000):
        head = encoded(f'{{"alg": "RS256", "kid": "unknown{number}"}}'.encode())
        with pytest.raises(InvalidAuthenticationToken, match="does not publish"):
            await verifier.verify(f"{head}.{claims}.{signature}")
    await verifier.verify(good)
    assert issuer.fetches == 2


async def test_rotation_overlaps(started: Started, issuer: ForeignIssuer) -> None:
    async with started() as running:
        running.clock.freeze()
        old = issuer.token()
        assert (await running.get(old)).status_code == 200
        issuer.keys.append(RSAKey.generate_key(2048, {"kid": "second"}))
        running.clock.advance(REFRESH_AFTER)
        assert (await running.get(issuer.token())).status_code == 200
        assert (await running.get(issuer.token(issuer.keys[0]))).status_code == 200
        assert issuer.fetches == 2


async def test_a_withdrawn_key_goes_within_the_hour(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started() as running:
        running.clock.freeze()
        assert (await running.get(issuer.token())).status_code == 200
        withdrawn = issuer.keys.pop()
        issuer.keys.append(RSAKey.generate_key(2048, {"kid": "second"}))
        running.clock.advance(STALE_AFTER)
        later = running.clock.seconds()
        # The first to come sets off the fetch and does not wait for it.
        assert (await running.get(issuer.token(withdrawn, exp=later + 60))).status_code == 200
        assert (await running.get(issuer.token(exp=later + 60))).status_code == 200
        await refused(
            await running.get(issuer.token(withdrawn, exp=later + 61)), "does not publish"
        )


async def test_many_at_once_share_one_fetch(started: Started, issuer: ForeignIssuer) -> None:
    issuer.hold.clear()
    async with started() as running:
        asked = [asyncio.create_task(running.get(issuer.token(jti=str(n)))) for n in range(50)]
        assert await asyncio.to_thread(issuer.asked.wait, 10)
        issuer.hold.set()
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
    assert issuer.requests == [issuer.discovery, "/keys"]


async def test_an_outage_keeps_the_keys_that_are_known(
    started: Started, issuer: ForeignIssuer
) -> None:
    async with started() as running:
        running.clock.freeze()
        assert (await running.get(issuer.token())).status_code == 200
        issuer.answers["/keys"] = (500, {}, b"")
        running.clock.advance(STALE_AFTER)
        later = {"exp": running.clock.seconds() + 600}
        assert (await running.get(issuer.token(**later))).status_code == 200
        assert (await running.get(issuer.token(**later, jti="2"))).status_code == 200
        # A key that is not known may be new, and nobody can tell.
        issuer.keys.append(RSAKey.generate_key(2048, {"kid": "second"}))
        answer = await running.get(issuer.token(**later))
        fault(answer, 503, "serviceNotAvailable")
        assert answer.headers["retry-after"] == str(RETRY_AFTER)
        issuer.answers.clear()
        running.clock.advance(RETRY_AFTER)
        assert (await running.get(issuer.token(**later))).status_code == 200


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/keys", (404, {}, b"")),
        ("/keys", (200, {}, b"not json")),
        ("/keys", (200, {}, b'{"keys": 7}')),
        ("/keys", (200, {}, b'{"keys": []}')),
        ("/keys", (200, {}, b"[" * 100_000)),
        ("/keys", (200, {}, b" " * (LARGEST + 1))),
        ("/keys", (302, {"Location": "https://elsewhere.example/keys"}, b"")),
        ("/keys", (200, {}, b'{"keys": [{"kty": "oct", "kid": "first", "k": "AAAA"}]}')),
        ("/.well-known/openid-configuration", (200, {}, b"[]")),
        ("/.well-known/openid-configuration", (503, {}, b"")),
        (
            "/.well-known/openid-configuration",
            (200, {}, b'{"issuer": "https://other.example", "jwks_uri": "https://x.example/"}'),
        ),
    ],
)
async def test_an_issuer_that_cannot_be_used_is_a_503(
    started: Started, issuer: ForeignIssuer, path: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    issuer.answers[path] = answer
    async with started() as running:
        fault(await running.get(issuer.token()), 503, "serviceNotAvailable")


async def test_keys_are_fetched_over_https_alone(started: Started, issuer: ForeignIssuer) -> None:
    document = f'{{"issuer": "{issuer.url}", "jwks_uri": "http://keys.example/"}}'
    issuer.answers[issuer.discovery] = (200, {}, document.encode())
    async with started() as running:
        fault(await running.get(issuer.token()), 503, "serviceNotAvailable")


class TestTenants:
    """Which tenant a token is for, and which issuer may speak for it."""

    GUID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    OTHER = "ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee"

    async def test_the_issuers_url_may_name_it(self, started: Started) -> None:
        with ForeignIssuer(f"/{self.GUID}/") as issuer:
            async with started(issuer=issuer.url) as running:
                assert (await running.get(issuer.token(tid=self.GUID))).status_code == 200
                await refused(await running.get(issuer.token(tid=self.OTHER)), "tenant")
                await refused(await running.get(issuer.token(tid=None)), "'tid'")

    async def test_it_is_the_issuer_itself_otherwise(
        self, started: Started, issuer: ForeignIssuer
    ) -> None:
        async with started() as running:
            assert (await running.get(issuer.token(tid=self.GUID))).status_code == 200
        async with started(tenant=str(uuid.uuid5(uuid.NAMESPACE_URL, issuer.url))) as running:
            reader = running.bearing(issuer.token(oid="reader", preferred_username=None))
            found = await reader("GET", "users/ade@example.org/profile/interests")
            assert found.status_code == 200

    async def test_one_issuer_of_many_tenants_speaks_for_those_that_are_listed(
        self, started: Started
    ) -> None:
        third = "99999999-bbbb-cccc-dddd-eeeeeeeeeeee"
        with ForeignIssuer("/organizations/v2.0") as issuer:
            template = f"{issuer.origin}/{{tenantid}}/v2.0"
            issuer.name = template
            settings = {"issuer": issuer.url, "tenants": [self.GUID, self.OTHER]}
            async with started(**settings) as running:

                def token(tid: str, name: str) -> str:
                    return issuer.token(tid=tid, iss=template.format(tenantid=name))

                for tenant in (self.GUID, self.OTHER):
                    assert (await running.get(token(tenant, tenant))).status_code == 200
                await refused(await running.get(token(third, third)), "not trusted")
                await refused(await running.get(token(self.GUID, self.OTHER)), "tenant")
            assert issuer.fetches == 1

    async def test_several_issuers_do_not_meet(
        self, started: Started, issuer: ForeignIssuer
    ) -> None:
        with ForeignIssuer() as second:
            more = IssuerSettings(issuer=second.url, audience=["second"], person_claim="sub")
            async with started(issuers=[more]) as running:
                first = running.bearing(issuer.token())
                assert (await first("POST", PATH, json={})).status_code == 201
                other = second.token(aud="second", sub="11111111-2222-3333-4444-555555555555")
                assert (await running.get(other)).json()["value"] == []
                await refused(await running.get(second.token()), "expected second")
                mixed = issuer.token(second.keys[0], iss=issuer.url)
                await refused(await running.get(mixed), "signature")

    async def test_a_tenant_shows_another_that_it_trusts_what_is_for_it(
        self, started: Started, issuer: ForeignIssuer
    ) -> None:
        with ForeignIssuer() as second:
            more = [IssuerSettings(issuer=second.url, audience=["second"], tenant="Theirs")]
            trusting = {"OURS": ["theirs"]}
            async with started(issuers=more, tenant="ours", federated_tenants=trusting) as running:
                ade = running.bearing(issuer.token())
                theirs = running.bearing(second.token(aud="second", oid="zoe"))
                url = "users/11111111-2222-3333-4444-555555555555/profile/interests"
                assert (await ade("GET", PATH)).status_code == 200
                fault(await theirs("GET", url), 404, "Request_ResourceNotFound")
                body = {"allowedAudiences": "federatedOrganizations"}
                item = (await ade("POST", PATH, json=body)).json()["id"]
                assert [one["id"] for one in (await theirs("GET", url)).json()["value"]] == [item]
                patched = await theirs("PATCH", f"{url}/{item}", json={})
                fault(patched, 404, "Request_ResourceNotFound")
                await theirs("POST", PATH, json=body)
                fault(
                    await ade("GET", "users/zoe/profile/interests"),
                    404,
                    "Request_ResourceNotFound",
                )
                await theirs("POST", PATH, json={"allowedAudiences": "everyone"})
                seen = (await ade("GET", "users/zoe/profile/interests")).json()["value"]
                assert [one["allowedAudiences"] for one in seen] == ["everyone"]

    @pytest.mark.parametrize("trusts", [{"ours": ["nobody's"]}, {"nobody's": ["ours"]}])
    async def test_a_trust_list_with_a_tenant_of_no_issuer_is_refused(
        self, started: Started, trusts: dict[str, list[str]]
    ) -> None:
        with pytest.raises(BadSettings, match="federated_tenants names nobody's"):
            async with started(tenant="ours", federated_tenants=trusts):
                pass


class TestClaims:
    """Issuers that are not Entra ID say the same in other words."""

    async def test_keycloak(self, started: Started, issuer: ForeignIssuer) -> None:
        settings = {
            "person_claim": "sub",
            "scope_claim": "scope",
            "role_claim": "realm_access/roles",
            "administrator_roles": ["people-admin"],
        }
        async with started(**settings) as running:
            plain = {"oid": None, "scp": None, "scope": "openid User.ReadWrite", "azp": "app"}
            ada = running.bearing(issuer.token(**plain, sub="ada", preferred_username="ada"))
            assert (await ada("POST", PATH, json={})).status_code == 201
            bram = issuer.token(**plain, sub="bram", preferred_username="bram")
            path = "users/ada/profile/interests"
            fault(
                await running.bearing(bram)("POST", path, json={}),
                403,
                "Authorization_RequestDenied",
            )
            wide = plain | {"scope": "User.ReadWrite.All"}
            roles = {"realm_access": {"roles": ["people-admin"]}}
            admin = issuer.token(**wide, **roles, sub="root", preferred_username="root")
            assert (await running.bearing(admin)("POST", path, json={})).status_code == 201

    async def test_auth0(self, started: Started, issuer: ForeignIssuer) -> None:
        settings = {
            "person_claim": "sub",
            "scope_claim": "scope",
            "role_claim": "https://example.org/roles",
        }
        async with started(**settings) as running:
            common = {"oid": None, "scp": None, "aud": ["profiles", f"{issuer.url}/userinfo"]}
            person = issuer.token(**common, sub="auth0|7", scope="openid User.ReadWrite")
            assert (await running.get(person)).status_code == 200
            machine = issuer.token(
                **common,
                sub="client@clients",
                gty="client-credentials",
                **{"https://example.org/roles": ["User.Read.All"]},
            )
            found = await running.bearing(machine)("GET", "users/auth0%7C7/profile/interests")
            assert found.status_code == 200

    async def test_roles_of_a_person_are_not_those_of_an_application(
        self, started: Started, issuer: ForeignIssuer
    ) -> None:
        async with started(person_claim="sub") as running:
            token = issuer.token(oid=None, scp=None, roles=["User.ReadWrite.All"])
            fault(await running.get(token), 403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    ("changes", "saying"),
    [
        ({"issuer": ""}, "no issuer"),
        ({"audience": []}, "no audience"),
        ({"issuers": [IssuerSettings(issuer="https://x.example")]}, "no audience"),
        ({"issuer": "http://x.example"}, "https"),
        ({"issuer": "https://user@x.example"}, "https"),
        ({"issuer": "https://x.example/organizations/v2.0"}, "tenants"),
        ({"public_url": "http://x.example"}, "https"),
        ({"public_url": "https://x.example/path"}, "scheme and host"),
        ({"public_url": "x.example"}, "scheme and host"),
        ({"trusted_proxies": ["nobody"]}, "trusted_proxies"),
        ({"trusted_proxies": ["0.0.0.0/0"]}, "whoever asks"),
        ({"database": "oracle://x"}, "expected sqlite"),
        ({"database": "sqlite://"}, "expected sqlite"),
    ],
)
async def test_a_start_that_would_not_be_secure_is_refused(
    started: Started, changes: dict[str, Any], saying: str
) -> None:
    with pytest.raises(BadSettings, match=saying):
        async with started(**changes):
            pass


async def test_the_service_has_no_route_of_the_stand_in(started: Started, tmp_path: Path) -> None:
    def paths(app: App) -> set[str]:
        assert all(isinstance(route, Route) for route in app.routes)
        return {route.path for route in app.routes if isinstance(route, Route)}

    async with started() as running, stand_in(tmp_path / "stand-in", memory=True) as parts:
        ours, only_there = paths(running.app), paths(parts.app) - paths(running.app)
    assert "/{tenant}/oauth2/v2.0/token" in only_there
    assert not [path for path in ours if path.startswith(("/{", "/_"))]


@pytest.mark.parametrize(
    ("settings", "peer", "headers", "origin"),
    [
        ({}, "192.0.2.1", {}, "https://p.example"),
        ({}, "192.0.2.1", {"host": "evil.example"}, "https://p.example"),
        (
            {},
            "192.0.2.1",
            {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example"},
            "https://p.example",
        ),
        (
            {"trusted_proxies": ["192.0.2.0/24"]},
            "192.0.2.1",
            {"x-forwarded-proto": "https", "x-forwarded-host": "other.example:444"},
            "https://other.example:444",
        ),
        (
            {"trusted_proxies": ["192.0.2.0/24"]},
            "192.0.3.1",
            {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example"},
            "https://p.example",
        ),
        (
            {"trusted_proxies": ["192.0.2.1"]},
            "192.0.2.1",
            {"x-forwarded-proto": "javascript", "x-forwarded-host": "p.example"},
            "https://p.example",
        ),
        (
            {"trusted_proxies": ["192.0.2.1"]},
            "192.0.2.1",
            {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example, real.example"},
            "https://real.example",
        ),
    ],
)
async def test_links_lead_where_a_listed_proxy_says_and_nobody_else(
    started: Started,
    issuer: ForeignIssuer,
    settings: dict[str, Any],
    peer: str,
    headers: dict[str, str],
    origin: str,
) -> None:
    async with started(public_url="https://p.example", **settings) as running:
        transport = httpx2.ASGITransport(app=running.app, client=(peer, 1))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://internal", verify=False
        ) as http:
            answer = await Client(http, issuer.token())("GET", PATH, headers=headers)
    assert answer.json()["@odata.context"].startswith(f"{origin}/beta/")

"""Which bearer tokens are believed, and what each refusal says."""

import hmac
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from api.conftest import BASE, Service, fault
from issuer import compact, encoded
from openprofile import sample
from openprofile.identity.applications import SAMPLE_ID

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"


def claims(service: Service, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "aud": "https://graph.microsoft.com",
        "iss": service.parts.authority.issuers()[-1],
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "tid": sample.TENANT,
        "oid": sample.person_id("ada"),
        "scp": "User.ReadWrite",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(
    service: Service, key: Any = None, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    own = service.parts.authority._key
    head = {"alg": "RS256", "kid": own.kid} | (header or {})
    return jwt.encode(head, claims(service, **changes), key or own, algorithms=[head["alg"]])


async def refused(service: Service, token: str, *, saying: str = "") -> None:
    response = await service.bearing(token)("GET", PATH)
    error = fault(response, 401, "InvalidAuthenticationToken")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert saying in error["message"]


async def test_a_good_token_is_believed(service: Service) -> None:
    assert (await service.bearing(signed(service))("GET", PATH)).status_code == 200


async def test_no_token_is_a_401(service: Service) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}):
        response = await service.anonymous()("GET", PATH, headers=headers)
        fault(response, 401, "InvalidAuthenticationToken")
        assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["nothing", "me/profile/nothing", "users/nobody", "$batch"])
async def test_without_a_token_nothing_is_told(service: Service, path: str) -> None:
    fault(await service.anonymous()("GET", path), 401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("changes", "saying"),
    [
        ({"exp": 1_600_000_000}, "expired at 2020-09-13T12:26:40Z"),
        ({"nbf": 4_000_000_000}, "not valid before 2096-10-02T07:06:40Z"),
        ({"aud": "https://example.com"}, "expected https://graph.microsoft.com"),
        ({"aud": ["a", "b"]}, "another audience"),
        ({"aud": None}, "lacks the claim 'aud'"),
        ({"exp": None}, "lacks the claim 'exp'"),
        ({"exp": "soon"}, "'exp'"),
        ({"tid": None}, "lacks the claim 'tid'"),
        ({"tid": "c0ffee00-1111-2222-3333-444444444444"}, "tenant"),
        ({"tid": 7}, "'tid'"),
        ({"aud": SAMPLE_ID}, "another audience"),
        ({"aud": "urn:openprofile:refresh"}, "another audience"),
        ({"aud": "https://localhost.example.com"}, "another audience"),
        ({"aud": "https://x@localhost"}, "another audience"),
        ({"oid": None}, "'oid'"),
        ({"oid": 7}, "'oid'"),
        ({"iss": None}, "not trusted"),
        ({"iss": "https://login.microsoftonline.com/common/v2.0"}, "not trusted"),
        ({"iss": ["x"]}, "not trusted"),
    ],
)
async def test_claims_that_do_not_hold_are_refused(
    service: Service, changes: dict[str, Any], saying: str
) -> None:
    await refused(service, signed(service, **changes), saying=saying)


@pytest.mark.parametrize(
    "audience",
    [
        "00000003-0000-0000-c000-000000000000",
        "https://localhost",
        "https://127.0.0.1:8443",
        "http://[::1]:8080",
    ],
)
async def test_the_service_is_an_audience_by_each_of_its_names(
    service: Service, audience: str
) -> None:
    assert (await service.bearing(signed(service, aud=audience))("GET", PATH)).status_code == 200


async def test_an_audience_among_several_is_enough(service: Service) -> None:
    token = signed(service, aud=["x", "https://graph.microsoft.com"])
    assert (await service.bearing(token)("GET", PATH)).status_code == 200


async def test_only_the_published_key_signs(service: Service) -> None:
    own = service.parts.authority._key
    other = RSAKey.generate_key(2048)
    await refused(service, signed(service, key=other), saying="signature")
    await refused(service, signed(service, header={"kid": "unknown"}), saying="does not publish")
    header, body, signature = signed(service).split(".")
    forged = compact({}, claims(service, oid=sample.person_id("hiro"))).split(".")[1]
    await refused(service, f"{header}.{forged}.{signature}", saying="signature")
    await refused(service, f"{header}.{body}.{signature[:-4]}AAAA", saying="signature")
    await refused(service, f"{header}.{body}.", saying="signature")
    confused = compact({"alg": "HS256", "kid": own.kid}, claims(service))[:-1]
    tag = hmac.digest(own.as_pem(private=False), confused.encode(), "sha256")
    await refused(service, f"{confused}.{encoded(tag)}", saying="RS256")
    for alg in ("none", "None", "HS256", None):
        head = {"alg": alg, "kid": own.kid}
        await refused(service, compact(head, claims(service)), saying="RS256")


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b.c", "..", "é.é.é", "a.b.c.d.e", "A" * 20_000, compact({}, {})]
)
async def test_what_is_no_token_is_refused(service: Service, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    response = await service._http.request("GET", f"/beta/{PATH}", headers=headers)
    fault(response, 401, "InvalidAuthenticationToken")


async def test_a_token_that_was_believed_expires(service: Service) -> None:
    ada = service.bearing(signed(service))
    assert (await ada("GET", PATH)).status_code == 200
    service.parts.clock.advance(601)
    fault(await ada("GET", PATH), 401, "InvalidAuthenticationToken")
    service.parts.clock.advance(-2000)
    fault(await ada("GET", PATH), 401, "InvalidAuthenticationToken")


async def test_the_authority_publishes_its_public_key_alone(service: Service) -> None:
    nobody = service.anonymous()
    discovery = await nobody("GET", f"/{sample.TENANT}/v2.0/.well-known/openid-configuration")
    assert discovery.json()["issuer"] == f"{BASE}/{sample.TENANT}/v2.0"
    (key,) = (await nobody("GET", discovery.json()["jwks_uri"])).json()["keys"]
    assert key["kid"] == service.parts.authority._key.kid
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    token = signed(service)
    jwt.decode(token, RSAKey.import_key(key), algorithms=["RS256"])


async def test_a_name_that_the_authority_had_stays_good(service: Service) -> None:
    ada = service.person("ada")
    service.parts.authority.answer_to("http://localhost:9999")
    try:
        assert (await ada("GET", PATH)).status_code == 200
        assert (await service.person("ada")("GET", PATH)).status_code == 200
    finally:
        service.parts.authority.answer_to(BASE)

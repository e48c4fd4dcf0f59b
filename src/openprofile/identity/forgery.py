"""Tokens that do not hold, each for one reason: what an application must cope with, and a service
must refuse.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

from openprofile.clock import TICKS_PER_SECOND, Clock
from openprofile.identity.issuer import Authority

Mint = Callable[[Authority, str], str]
"""Makes a good token of an authority, for an audience."""

ELSEWHERE = "https://management.azure.com"
"""An audience that is not this service."""
STRANGER = "https://sts.windows.net/00000000-0000-4000-8000-000000000000/"
"""An issuer that is not trusted here."""
_HOUR = 3600 * TICKS_PER_SECOND


class Forgery(msgspec.Struct, frozen=True):
    """A kind of token that does not hold."""

    sentence: str
    status: int
    """What a request with it is answered."""
    make: Callable[[Authority, Clock, Mint, str], str]


def _at(hours: int) -> Callable[[Authority, Clock, Mint, str], str]:
    def make(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
        then = Clock()
        then.freeze(clock.ticks() + hours * _HOUR)
        return mint(authority.of(authority.tenant, then), audience)

    return make


def _for_another_audience(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
    return mint(authority, ELSEWHERE)


def _with(**claims: Any) -> Callable[[Authority, Clock, Mint, str], str]:
    """A token that the authority signs although its claims are not its own."""

    def make(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
        return authority.sign(_claims(mint(authority, audience)) | claims, 3600)

    return make


def _without_permission(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
    claims = _claims(mint(authority, audience)) | {"roles": []}
    if "scp" in claims:
        claims["scp"] = "Calendars.Read"
    return authority.sign(claims, 3600)


def _tampered(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
    content, _, signature = mint(authority, audience).rpartition(".")
    return f"{content}.{signature[::-1]}"


def _by_unknown_key(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
    key = RSAKey.generate_key(2048)
    key.ensure_kid()
    header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
    return jwt.encode(header, _claims(mint(authority, audience)), key)


def _unsigned(authority: Authority, clock: Clock, mint: Mint, audience: str) -> str:
    _, claims, _ = mint(authority, audience).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{claims}."


FORGERIES = {
    "expired": Forgery("It ran out an hour ago.", 401, _at(-2)),
    "not-yet-valid": Forgery("It holds from an hour from now on.", 401, _at(1)),
    "wrong-audience": Forgery(f"It is for {ELSEWHERE}.", 401, _for_another_audience),
    "wrong-issuer": Forgery("It comes from an issuer nobody trusts.", 401, _with(iss=STRANGER)),
    "wrong-tenant": Forgery(
        "It is of a tenant that its issuer does not speak for.",
        401,
        _with(tid="00000000-0000-4000-8000-000000000000"),
    ),
    "bad-signature": Forgery("Its signature is of something else.", 401, _tampered),
    "unknown-key": Forgery("It is signed by a key that nobody publishes.", 401, _by_unknown_key),
    "alg-none": Forgery("It is not signed, and says so.", 401, _unsigned),
    "missing-scope": Forgery(
        "It holds, and grants nothing that this service asks for.", 403, _without_permission
    ),
}
"""Every kind, by its name."""


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(part + "=="), type=dict[str, Any])

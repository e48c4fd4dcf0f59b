"""From the text of a bearer token to the Caller it stands for, or a 401 that says what is wrong.

JSON Web Tokens (RFC 7519) with RS256 signatures; the claims are those of Microsoft's access
tokens, https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, MissingClaimError

from openprofile.clock import TICKS_PER_SECOND, Clock, date_time_offset
from openprofile.errors import InvalidAuthenticationToken
from openprofile.identity.keys import PublishedKeys
from openprofile.policy.caller import Caller

LONGEST = 16 * 1024
"""Characters of a bearer token."""
REMEMBERED = 10_000
"""Verified tokens that are kept, so that a repeated call does not verify again."""


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer whose tokens are accepted."""

    names: Callable[[], Sequence[str]]
    """The values of ``iss`` that it goes by."""
    audiences: Sequence[str]
    """The values of ``aud`` of which a token must have one."""
    keys: PublishedKeys


class _Verified(msgspec.Struct, frozen=True):
    caller: Caller
    not_before: int
    expires: int


class TokenVerifier:
    """Verifies bearer tokens against the issuers it trusts."""

    def __init__(self, issuers: Sequence[TrustedIssuer], clock: Clock) -> None:
        self._issuers = issuers
        self._clock = clock
        self._verified: dict[str, _Verified] = {}

    async def verify(self, token: str) -> Caller:
        """The caller that ``token`` stands for.

        Raises InvalidAuthenticationToken unless signature, issuer, audience and times hold and
        the claims name a tenant and, in a delegated token, a person.
        """
        known = self._verified.get(token)
        if known is None:
            known = await self._check(token)
            if len(self._verified) >= REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = known
        elif not known.not_before <= self._clock.seconds() < known.expires:
            del self._verified[token]
            return await self.verify(token)
        return known.caller

    async def _check(self, token: str) -> _Verified:
        header, claims = _peek(token)
        if header.get("alg") != "RS256":
            raise refuse("The token must be signed with RS256.")
        issuer = self._trusted(claims.get("iss"))
        key_id = header.get("kid")
        key = await issuer.keys.find(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise refuse("The token is signed with a key that its issuer does not publish.")
        try:
            verified = jwt.decode(token, key, algorithms=["RS256"])
        except (JoseError, ValueError) as error:
            raise refuse("The token's signature does not hold.") from error
        self._check_claims(verified.claims, issuer)
        return _Verified(
            caller=_caller(verified.claims),
            not_before=int(verified.claims.get("nbf", 0)),
            expires=int(verified.claims["exp"]),
        )

    def _trusted(self, name: Any) -> TrustedIssuer:
        for issuer in self._issuers:
            if name in issuer.names():
                return issuer
        raise refuse("The token comes from an issuer (claim 'iss') that is not trusted here.")

    def _check_claims(self, claims: dict[str, Any], issuer: TrustedIssuer) -> None:
        rules = jwt.JWTClaimsRegistry(
            now=self._clock.seconds(),
            exp={"essential": True},
            aud={"essential": True, "values": list(issuer.audiences)},
            tid={"essential": True},
        )
        try:
            rules.validate(claims)
        except ExpiredTokenError as error:
            raise refuse(f"The token expired at {_moment(claims['exp'])}.") from error
        except MissingClaimError as error:
            raise refuse(f"The token lacks the claim {error.claim!r}.") from error
        except ClaimError as error:
            raise refuse(_reason(error.claim, claims, issuer)) from error


def refuse(reason: str) -> InvalidAuthenticationToken:
    """The 401 that says ``reason``, with the challenge of RFC 6750, section 3."""
    challenge = f'Bearer realm="", error="invalid_token", error_description="{reason}"'
    return InvalidAuthenticationToken(reason, headers={"WWW-Authenticate": challenge})


def _reason(claim: str, claims: Mapping[str, Any], issuer: TrustedIssuer) -> str:
    if claim == "aud":
        return f"The token is for another audience; expected {' or '.join(issuer.audiences)}."
    if claim == "nbf" and isinstance(claims["nbf"], int):
        return f"The token is not valid before {_moment(claims['nbf'])}."
    return f"The token's claim '{claim}' does not hold."


def _moment(seconds: int) -> str:
    return f"{date_time_offset(int(seconds) * TICKS_PER_SECOND)[:19]}Z"


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and claims of a token, not yet to be believed."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:
        raise refuse("The bearer token is not a signed JSON Web Token in compact form.")
    try:
        header, claims = (
            msgspec.json.decode(urlsafe_b64decode(part + "=="), type=dict[str, Any])
            for part in parts[:2]
        )
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError) as error:
        raise refuse("The bearer token is not a signed JSON Web Token.") from error
    return header, claims


def _caller(claims: Mapping[str, Any]) -> Caller:
    """The caller that verified claims describe: delegated where they carry scopes."""
    delegated = "scp" in claims or claims.get("idtyp") == "user"
    person = claims.get("oid") if delegated else None
    if delegated and not isinstance(person, str):
        raise refuse("The token lacks the claim 'oid', the object id of the person.")
    return Caller(
        tenant=str(claims["tid"]).casefold(),
        person=person.casefold() if person is not None else None,
        application=_text(claims.get("appid") or claims.get("azp")),
        application_name=_text(claims.get("app_displayname")),
        scopes=frozenset((_text(claims.get("scp")) or "").split()),
        roles=_words(claims.get("roles")),
        directory_roles=_words(claims.get("wids")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: Any) -> frozenset[str]:
    return (
        frozenset(word for word in value if isinstance(word, str))
        if isinstance(value, list)
        else frozenset()
    )

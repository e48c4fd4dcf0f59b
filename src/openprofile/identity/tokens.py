"""From the text of a bearer token to the Caller it stands for, or a 401 that says what is wrong.

JSON Web Tokens (RFC 7519) signed with one of a short list of algorithms, by a key that their
issuer publishes; keys and addresses of keys in a token's own header are not looked at.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from openprofile.clock import TICKS_PER_SECOND, Clock, date_time_offset, is_id
from openprofile.errors import InvalidAuthenticationToken
from openprofile.identity.claims import caller, refuse
from openprofile.identity.keys import ALGORITHMS, PublishedKeys
from openprofile.policy.caller import Caller
from openprofile.settings import IssuerSettings

LONGEST = 16 * 1024
"""Characters of a bearer token."""
REMEMBERED = 10_000
"""Verified tokens that are kept, so that a repeated call does not verify again."""

_LATEST = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that a token may name."""

Admit = Callable[[Caller, Mapping[str, Any]], Awaitable[Caller]]
"""Sees each caller when their token is new, with its claims, and may say who they are here; a
caller whom the token names by something else than a GUID, with each request."""


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer whose tokens are accepted."""

    names: Callable[[], Sequence[str]]
    """The values of ``iss`` that it goes by."""
    rules: IssuerSettings
    keys: PublishedKeys
    serves: Callable[[str], bool] = lambda _: False
    """Tells which values of ``aud`` are good besides those of ``rules``."""


class _Verified(msgspec.Struct, frozen=True):
    caller: Caller
    not_before: float
    expires: float
    claims: Mapping[str, Any] | None
    """Of a caller who is to be admitted anew each time."""


class TokenVerifier:
    """Verifies bearer tokens against the issuers it trusts."""

    def __init__(
        self, issuers: Sequence[TrustedIssuer], clock: Clock, admit: Admit | None = None
    ) -> None:
        self._issuers = issuers
        self._clock = clock
        self._admit = admit
        self._verified: dict[str, _Verified] = {}

    def verified(self, token: str) -> Caller | None:
        """The caller of a token that ``verify`` has seen, holds yet, and needs no admission."""
        known = self._holding(token)
        return None if known is None or known.claims is not None else known.caller

    async def verify(self, token: str) -> Caller:
        """The caller that ``token`` stands for.

        Raises InvalidAuthenticationToken unless signature, issuer, audience and times hold and
        the claims name a tenant and, in a delegated token, a person; ServiceUnavailable where
        the issuer's keys cannot be had.
        """
        known = self._holding(token)
        if known is None:
            self._verified.pop(token, None)
            known = await self._check(token)
            if len(self._verified) >= REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = known
        return await self._admitted(known.caller, known.claims)

    def _holding(self, token: str) -> _Verified | None:
        """What is known of a token that was verified before, if its times hold."""
        known = self._verified.get(token)
        if known is not None and known.not_before <= self._clock.seconds() < known.expires:
            return known
        return None

    async def _check(self, token: str) -> _Verified:
        header, unverified = _peek(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise refuse(f"The token must be signed with {' or '.join(ALGORITHMS)}.")
        if "crit" in header:  # RFC 7515, section 4.1.11: nothing that it could list is known here
            raise refuse("The token's header has 'crit', which asks for what is not known here.")
        issuer = self._trusted(unverified.get("iss"))
        key = await issuer.keys.find(key_id, algorithm) if isinstance(key_id, str) else None
        if key is None:
            raise refuse("The token is signed with a key that its issuer does not publish.")
        from openprofile.identity.signatures import holds  # noqa: PLC0415  loaded with the keys

        if not holds(token, key, algorithm, longest=LONGEST):
            raise refuse("The token's signature does not hold.")
        claims = unverified  # no more
        not_before, expires = _times(claims, self._clock.seconds(), issuer.rules.clock_skew)
        _check_audience(claims.get("aud"), issuer)
        found = caller(claims, issuer.rules)
        if found.person is not None and not is_id(found.person):
            # Who has a name may change at any time, in this process or in another.
            return _Verified(found, not_before, expires, claims)
        return _Verified(await self._admitted(found, claims), not_before, expires, None)

    async def _admitted(self, caller: Caller, claims: Mapping[str, Any] | None) -> Caller:
        if self._admit is None or claims is None:
            return caller
        return await self._admit(caller, claims)

    def _trusted(self, name: Any) -> TrustedIssuer:
        for issuer in self._issuers:
            if name in issuer.names():
                return issuer
        raise refuse("The token comes from an issuer (claim 'iss') that is not trusted here.")


def _times(claims: Mapping[str, Any], now: int, skew: int) -> tuple[float, float]:
    """From when and until when the claims hold, the issuer's ``skew`` allowed for."""
    expires, not_before, issued = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise refuse("The token lacks the claim 'exp'.")
    if now >= expires + skew:
        raise refuse(f"The token expired at {_moment(expires)}.")
    if not_before is not None and now < not_before - skew:
        raise refuse(f"The token is not valid before {_moment(not_before)}.")
    if issued is not None and now < issued - skew:
        raise refuse("The token's claim 'iat' does not hold: it is in the future.")
    return max(not_before or 0, issued or 0) - skew, expires + skew


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise refuse(f"The token's claim '{name}' does not hold: expected seconds since 1970.")
    return value


def _check_audience(told: Any, issuer: TrustedIssuer) -> None:
    if told is None:
        raise refuse("The token lacks the claim 'aud'.")
    for one in told if isinstance(told, list) else [told]:
        if isinstance(one, str) and (one in issuer.rules.audience or issuer.serves(one)):
            return
    expected = " or ".join(issuer.rules.audience)
    raise refuse(f"The token is for another audience; expected {expected}.")


def _moment(seconds: float) -> str:
    return f"{date_time_offset(int(seconds) * TICKS_PER_SECOND)[:19]}Z"


def claimed_tenants(token: str) -> list[str]:
    """The tenants that a token, not yet to be believed, names: first as its own, then as those of
    its issuer. None where it is no token at all.
    """
    try:
        _, claims = _peek(token)
    except InvalidAuthenticationToken:
        return []
    named = [claims.get("tid"), *str(claims.get("iss", "")).split("/")]
    return [one.casefold() for one in named if isinstance(one, str)]


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

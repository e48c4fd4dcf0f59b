"""Foreign issuers: their keys, found by OpenID Connect Discovery 1.0 and fetched over https.

What is fetched comes from the issuer that the operator named, and still only from the addresses
that the operator and the issuer gave.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from openprofile.clock import Clock
from openprofile.hosts import is_loopback, web_host
from openprofile.identity.keys import KeysUnavailable, PublishedKeys
from openprofile.identity.tokens import TrustedIssuer
from openprofile.settings import BadSettings, IssuerSettings

if TYPE_CHECKING:
    from openprofile.identity.fetcher import Fetcher

_TEMPLATE = "{tenantid}"
_SHARED = re.compile(r"(?<=/)(common|organizations)(?=/)")
"""The place of the tenant in the URL of an issuer of many tenants, as Entra ID has it."""


class _Configuration(msgspec.Struct):
    issuer: str
    jwks_uri: str


def foreign_issuers(rules: IssuerSettings, clock: Clock) -> list[TrustedIssuer]:
    """The issuer of ``rules``, once for each tenant where it is one of many.

    Raises BadSettings for an issuer that cannot be trusted as it is written.
    """
    url = rules.issuer
    if not _is_safe(url):
        raise BadSettings(
            f"The issuer {url} must be an https URL: what is fetched from it decides who gets in."
        )
    name = _SHARED.sub(_TEMPLATE, url)
    keys = PublishedKeys(_Documents(url, name).keys, clock)
    if name == url:
        return [_trusted(url, rules, keys)]
    if not rules.tenants:
        raise BadSettings(
            f"The issuer {url} is one of many tenants: list those to accept in 'tenants'."
        )
    return [
        _trusted(
            name.replace(_TEMPLATE, tenant.lower()),
            msgspec.structs.replace(rules, tenants=[tenant]),
            keys,
        )
        for tenant in rules.tenants
    ]


def _trusted(name: str, rules: IssuerSettings, keys: PublishedKeys) -> TrustedIssuer:
    names = (name,)
    return TrustedIssuer(lambda: names, rules, keys)


class _Documents:
    """The documents of one issuer."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name

    async def keys(self) -> bytes:
        """The JWKS document; raises KeysUnavailable."""
        async with await asyncio.to_thread(_fetcher) as fetcher:
            return await self._found(fetcher.fetch)

    async def _found(self, fetch: Callable[[str], Awaitable[bytes]]) -> bytes:
        where = f"{self._url.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.json.decode(await fetch(where), type=_Configuration)
        except (msgspec.DecodeError, RecursionError) as error:
            raise KeysUnavailable(f"{where} is not a discovery document: {error}") from error
        if found.issuer != self._name:
            raise KeysUnavailable(
                f"{where} is the document of {found.issuer}: if that is the issuer you trust, "
                "name it so in the settings"
            )
        if not _is_safe(found.jwks_uri):
            raise KeysUnavailable(f"{where} names keys at {found.jwks_uri}, which is not https")
        return await fetch(found.jwks_uri)


def _fetcher() -> Fetcher:
    """A Fetcher, whose HTTP client takes a tenth of a second to load: while the first one does,
    in a thread, the program starts.
    """
    from openprofile.identity.fetcher import Fetcher  # noqa: PLC0415

    return Fetcher()


def _is_safe(url: str) -> bool:
    host = web_host(url)
    return host is not None and (url.startswith("https://") or is_loopback(host))

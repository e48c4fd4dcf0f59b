"""Foreign issuers: their keys, found by OpenID Connect Discovery 1.0 and fetched over https.

What is fetched comes from the issuer that the operator named, and still is bounded: in time, in
size, and to the addresses that the operator and the issuer gave, with no redirect followed.
"""

from __future__ import annotations

import asyncio
import re

import httpx2
import msgspec

from openprofile.clock import Clock
from openprofile.hosts import is_loopback, web_host
from openprofile.identity.keys import KeysUnavailable, PublishedKeys
from openprofile.identity.tokens import TrustedIssuer
from openprofile.settings import BadSettings, IssuerSettings

SECONDS = 10
"""How long one fetch may take, whatever the other side does."""
LARGEST = 512 * 1024
"""Bytes of a document of a foreign issuer."""

_TEMPLATE = "{tenantid}"
_SHARED = re.compile(r"(?<=/)(common|organizations)(?=/)")
"""The place of the tenant in the URL of an issuer of many tenants, as Entra ID has it."""


class _Configuration(msgspec.Struct):
    issuer: str
    jwks_uri: str


def foreign_issuers(
    rules: IssuerSettings, client: httpx2.AsyncClient, clock: Clock
) -> list[TrustedIssuer]:
    """The issuer of ``rules``, once for each tenant where it is one of many.

    Raises BadSettings for an issuer that cannot be trusted as it is written.
    """
    url = rules.issuer
    if not _is_safe(url):
        raise BadSettings(
            f"The issuer {url} must be an https URL: what is fetched from it decides who gets in."
        )
    name = _SHARED.sub(_TEMPLATE, url)
    keys = PublishedKeys(_Documents(url, name, client).keys, clock)
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

    def __init__(self, url: str, name: str, client: httpx2.AsyncClient) -> None:
        self._url = url
        self._name = name
        self._client = client

    async def keys(self) -> bytes:
        """The JWKS document; raises KeysUnavailable."""
        where = f"{self._url.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.json.decode(await self._fetch(where), type=_Configuration)
        except (msgspec.DecodeError, RecursionError) as error:
            raise KeysUnavailable(f"{where} is not a discovery document: {error}") from error
        if found.issuer != self._name:
            raise KeysUnavailable(
                f"{where} is the document of {found.issuer}: if that is the issuer you trust, "
                "name it so in the settings"
            )
        if not _is_safe(found.jwks_uri):
            raise KeysUnavailable(f"{where} names keys at {found.jwks_uri}, which is not https")
        return await self._fetch(found.jwks_uri)

    async def _fetch(self, url: str) -> bytes:
        try:
            async with asyncio.timeout(SECONDS), self._client.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise KeysUnavailable(f"{url} answers {answer.status_code}")
                content = b""
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > LARGEST:
                        raise KeysUnavailable(f"{url} is larger than {LARGEST} bytes")
                return content
        except TimeoutError as error:
            raise KeysUnavailable(f"{url} does not answer within {SECONDS} seconds") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise KeysUnavailable(f"{url} cannot be fetched: {error}") from error


def http_client() -> httpx2.AsyncClient:
    """The client that fetches the documents; it follows no redirect."""
    return httpx2.AsyncClient(
        follow_redirects=False,
        timeout=SECONDS,
        limits=httpx2.Limits(max_connections=10, max_keepalive_connections=0),
        headers={"Accept": "application/json"},
    )


def _is_safe(url: str) -> bool:
    host = web_host(url)
    return host is not None and (url.startswith("https://") or is_loopback(host))

"""The published keys of an issuer: a JWKS document (RFC 7517), fetched and kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from openprofile.clock import Clock

REFRESH_AFTER = 60
"""Seconds between two fetches at least: an unknown key id cannot make the service fetch more."""


class PublishedKeys:
    """The RSA keys of one JWKS document, which is read again when a key id is not among them."""

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], clock: Clock) -> None:
        """``fetch`` returns the document's bytes as its issuer publishes them."""
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, RSAKey] = {}
        self._fetched: int | None = None

    async def find(self, key_id: str) -> RSAKey | None:
        """The public key with this id, None if the issuer does not publish it."""
        if key_id not in self._keys and self._may_fetch():
            self._fetched = self._clock.seconds()
            self._keys = _read(await self._fetch())
        return self._keys.get(key_id)

    def _may_fetch(self) -> bool:
        now = self._clock.seconds()
        return self._fetched is None or abs(now - self._fetched) >= REFRESH_AFTER


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def _read(document: bytes) -> dict[str, RSAKey]:
    """The signing keys of a JWKS document by their id; those it cannot use are passed over."""
    found = {}
    for entry in msgspec.json.decode(document, type=_Document).keys:
        if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or "kid" not in entry:
            continue
        try:
            found[entry["kid"]] = RSAKey.import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found

"""The published keys of an issuer: a JWKS document (RFC 7517), fetched and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from openprofile.clock import Clock
from openprofile.errors import ServiceUnavailable
from openprofile.telemetry import log

if TYPE_CHECKING:
    from openprofile.identity.signatures import Key

REFRESH_AFTER = 60
"""Seconds between two fetches at least: an unknown key id cannot make the service fetch more."""
RETRY_AFTER = 5
"""Seconds between a fetch that failed and the next."""
STALE_AFTER = 3600
"""Seconds after which the keys are read again in any case, so that a withdrawn one goes."""

ALGORITHMS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""The algorithms that a token may be signed with, each with the type of its keys."""


class KeysUnavailable(Exception):
    """The keys cannot be fetched now; the message says why."""


class PublishedKeys:
    """The keys of one JWKS document, which is read again when a key id is not among them."""

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], clock: Clock) -> None:
        """``fetch`` returns the document's bytes as its issuer publishes them, or raises
        KeysUnavailable.
        """
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._tried: int | None = None
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str, algorithm: str) -> Key | None:
        """The public key with this id for one of ALGORITHMS, None if there is none.

        Whoever asks while a fetch is under way waits for that one. Where it fails the keys known
        before stay good; ServiceUnavailable is raised for those that are not known, because
        nobody can tell.
        """
        if key_id not in self._keys:
            if self._fetching is None and self._may_fetch():
                self.start()
            if self._fetching is not None:
                await asyncio.shield(self._fetching)
        elif self._fetching is None and self._elapsed(STALE_AFTER) and self._may_fetch():
            self.start()  # nobody waits for it
        found = self._keys.get(key_id)
        if found is None and self._failed:
            raise ServiceUnavailable(
                "The keys of the token's issuer cannot be fetched now.", retry_after=RETRY_AFTER
            )
        return found if found is not None and _fits(found, algorithm) else None

    def _may_fetch(self) -> bool:
        return self._elapsed(RETRY_AFTER if self._failed else REFRESH_AFTER)

    def _elapsed(self, seconds: int) -> bool:
        return self._tried is None or abs(self._clock.seconds() - self._tried) >= seconds

    def start(self) -> None:
        """Begin to fetch the keys, before anybody asks for one."""
        self._tried = self._clock.seconds()
        self._fetching = asyncio.create_task(self._update())

    async def close(self) -> None:
        """Give up a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def _update(self) -> None:
        try:
            self._keys = await asyncio.to_thread(_read, await self._fetch())
            self._failed = False
        except KeysUnavailable as error:
            self._failed = True
            log.warning("keys not fetched", reason=str(error), kept=len(self._keys))
        finally:
            self._fetching = None


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def _read(document: bytes) -> dict[str, Key]:
    """The signing keys of a JWKS document by their id; those it cannot use are passed over."""
    from openprofile.identity.signatures import public_key  # noqa: PLC0415  see there

    try:
        entries = msgspec.json.decode(document, type=_Document).keys
    except (msgspec.DecodeError, RecursionError) as error:
        raise KeysUnavailable(f"it is not a JWKS document: {error}") from error
    found = {}
    for entry in entries:
        if entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str):
            continue
        key = public_key(entry)
        if key is not None:
            found[entry["kid"]] = key
    if not found:
        raise KeysUnavailable("it publishes no key that can be used")
    return found


def _fits(key: Key, algorithm: str) -> bool:
    return key.key_type == ALGORITHMS[algorithm] and key.get("alg", algorithm) == algorithm

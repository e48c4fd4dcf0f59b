"""Documents of foreign issuers over HTTP, bounded in time and size, with no redirect followed."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import httpx2

from openprofile.identity.keys import KeysUnavailable

SECONDS = 10
"""How long one fetch may take, whatever the other side does."""
LARGEST = 512 * 1024
"""Bytes of a document of a foreign issuer."""


class Fetcher:
    """Fetches documents, as a context manager."""

    def __init__(self) -> None:
        """Raises KeysUnavailable where the environment names certificates or proxies that cannot
        be used.
        """
        try:
            self._client = httpx2.AsyncClient(
                follow_redirects=False,
                timeout=SECONDS,
                limits=httpx2.Limits(max_connections=10, max_keepalive_connections=0),
                headers={"Accept": "application/json"},
            )
        except (OSError, ValueError, httpx2.InvalidURL) as error:
            raise KeysUnavailable(f"nothing can be fetched: {error}") from error

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)

    async def fetch(self, url: str) -> bytes:
        """The document at ``url``; raises KeysUnavailable."""
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

"""curl, for scripts and shells."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from clients.client_contract import ClientContract, Item


class Curl:
    """curl has no iterator, no batch and no types: it sends what it is told."""

    def __init__(self, base: str, token: str, ca: str) -> None:
        self._base = base
        self._options = ["--fail", "--silent", "--show-error", "--cacert", ca,
                         "--retry", "3", "-H", f"Authorization: Bearer {token}"]  # fmt: skip

    async def create(self, item: Item) -> Item:
        return self._json("/me/profile/interests", *_content(item))

    async def list(self, *, filter: str, orderby: str, top: int, select: list[str]) -> list[Item]:
        found: list[Item] = self._json(
            "/me/profile/interests", "--get",
            "--data-urlencode", f"$filter={filter}",
            "--data-urlencode", f"$orderby={orderby}",
            "--data-urlencode", f"$top={top}",
            "--data-urlencode", f"$select={','.join(select)}",
        )["value"]  # fmt: skip
        return found

    async def pages(self, size: int) -> list[Item]:
        found: list[Item] = []
        link = f"{self._base}/me/profile/interests"
        while link:
            page = json.loads(self._curl(link, "-H", f"Prefer: odata.maxpagesize={size}"))
            found += page["value"]
            link = page.get("@odata.nextLink")
        return found

    async def patch(self, item_id: str, changes: Item) -> Item:
        return self._json(
            f"/me/profile/interests/{item_id}", "--request", "PATCH", *_content(changes)
        )

    async def delete(self, item_id: str) -> None:
        self._curl(f"{self._base}/me/profile/interests/{item_id}", "--request", "DELETE")

    async def batch(self, requests: list[Item]) -> dict[str, int]:
        content = {"requests": [_batched(request) for request in requests]}
        responses = self._json("/$batch", *_content(content))["responses"]
        return {one["id"]: one["status"] for one in responses}

    def _json(self, path: str, *options: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._curl(f"{self._base}{path}", *options))
        return found

    def _curl(self, url: str, *options: str) -> str:
        return subprocess.run(
            ["curl", *self._options, *options, url],
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip


def _content(value: Item) -> tuple[str, ...]:
    return ("-H", "Content-Type: application/json", "--data", json.dumps(value))


def _batched(request: Item) -> Item:
    if "body" not in request:
        url = f"/me/profile/interests/{request['item']}"
        return {"id": request["id"], "method": request["method"], "url": url}
    headers = {"Content-Type": "application/json"}
    return request | {"url": "/me/profile/interests", "headers": headers}


class TestCurl(ClientContract):
    @pytest.fixture
    def client(self, base: str, token: str, endpoints: dict[str, Any]) -> Curl:
        return Curl(base, token, endpoints["ca"])

"""What every client does with the service, as one class of tests; a client's module subclasses it
and shows how that client does it. ``node/client-contract.mjs`` is the same for Node's clients.

``scenarios.json`` holds what is sent and what is expected, for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import takewhile
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, Protocol

import httpx2
import pytest

SCENARIOS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "scenarios.json").read_text(encoding="utf-8")
)
UNKNOWN = "00000000-0000-4000-8000-000000000000"
"""An id that no item has."""

Item = dict[str, Any]
"""An interest with Graph's names; None for what was not in the answer."""


class Client(Protocol):
    """A client, as far as the scenarios need it, signed in as the person whose interests are used.

    What the service refuses raises what the client raises.
    """

    async def create(self, item: Item) -> Item: ...

    async def list(self, *, filter: str, orderby: str, top: int, select: list[str]) -> list[Item]:
        """The first page."""
        ...

    async def pages(self, size: int) -> list[Item]:
        """Everything, ``size`` a page (``Prefer: odata.maxpagesize``), by the client's own
        iterator.
        """
        ...

    async def patch(self, item_id: str, changes: Item) -> Item: ...

    async def delete(self, item_id: str) -> None: ...

    async def batch(self, requests: list[Item]) -> dict[str, int]:
        """One batch of the client's own: ``id``, ``method`` and ``item``, the id of an interest,
        or ``body`` where one is created. The status of each request by its id.
        """
        ...


class Stored:
    """The interests of one person, as they are without the client under test."""

    def __init__(self, http: httpx2.Client, url: str, token: str) -> None:
        self._http = http
        self._control = f"{url}/_openprofile"
        self._url = f"{url}/beta/me/profile/interests"
        self._headers = {"Authorization": f"Bearer {token}"}

    def all(self) -> list[Item]:
        answer = self._http.get(self._url, params={"$top": "999"}, headers=self._headers)
        assert answer.status_code == 200, answer.text
        found: list[Item] = answer.json()["value"]
        return found

    def clear(self) -> None:
        for item in self.all():
            self._http.delete(f"{self._url}/{item['id']}", headers=self._headers)

    def hold(self, count: int) -> list[str]:
        """Create so many; their ids."""
        return [
            self._http.post(
                self._url,
                json={
                    "displayName": f"Hobby {number:02}",
                    "categories": ["Odd" if number % 2 else "Even"],
                },
                headers=self._headers,
            ).json()["id"]
            for number in range(count)
        ]

    def plan(self, fault: Item) -> None:
        """Have a request fail on purpose."""
        assert self._http.post(f"{self._control}/faults", json=fault).status_code == 201

    def logged(self, after: str = "") -> list[Item]:
        """What the stand-in's log has of requests, the newest first: those that came after the one
        with the id ``after``.
        """
        found: list[Item] = self._http.get(f"{self._control}/requests").json()["value"]
        return list(takewhile(lambda entry: entry["requestId"] != after, found))


@pytest.fixture
def stored(url: str, token: str) -> Iterator[Stored]:
    """The interests of the first sample person, of whom there are none."""
    with httpx2.Client() as http:
        found = Stored(http, url, token)
        found.clear()
        yield found
        http.delete(f"{url}/_openprofile/faults")


@pytest.mark.anyio
class ClientContract:
    """Subclasses have a fixture ``client``, over http and https where the client can do both."""

    unable: ClassVar[dict[str, str]] = {}
    """The scenarios that the client cannot do, each with the reason."""

    @pytest.fixture(autouse=True)
    def able(self, request: pytest.FixtureRequest) -> None:
        reason = self.unable.get(request.function.__name__.removeprefix("test_"))
        if reason:
            pytest.skip(reason)

    async def test_create(self, client: Client, stored: Stored) -> None:
        item = SCENARIOS["create"]["item"]
        created = await client.create(item)
        assert item.items() <= created.items()
        (kept,) = stored.all()
        assert kept["id"] == created["id"]
        assert item.items() <= kept.items()

    async def test_list_with_options(self, client: Client, stored: Stored) -> None:
        scenario = SCENARIOS["list"]
        stored.hold(scenario["held"])
        found = await client.list(**scenario["options"])
        assert [item["displayName"] for item in found] == scenario["expected"]
        assert all(item["id"] and not item.get(scenario["absent"]) for item in found)

    async def test_pages(self, client: Client, stored: Stored) -> None:
        scenario = SCENARIOS["page"]
        held = stored.hold(scenario["held"])
        before = stored.logged()[0]["requestId"]
        assert [item["id"] for item in await client.pages(scenario["size"])] == held
        pages = [entry["status"] for entry in stored.logged(before)]
        assert pages == [200] * ceil(scenario["held"] / scenario["size"])

    async def test_patch(self, client: Client, stored: Stored) -> None:
        changes = SCENARIOS["patch"]["changes"]
        (item_id,) = stored.hold(1)
        changed = await client.patch(item_id, changes)
        assert changed["displayName"] == "Hobby 00"
        assert changes.items() <= changed.items()
        (kept,) = stored.all()
        assert changes.items() <= kept.items()

    async def test_delete(self, client: Client, stored: Stored) -> None:
        first, second = stored.hold(2)
        await client.delete(first)
        assert [item["id"] for item in stored.all()] == [second]

    async def test_retry_of_what_came_too_soon(self, client: Client, stored: Stored) -> None:
        scenario = SCENARIOS["retry"]
        stored.hold(1)
        before = stored.logged()[0]["requestId"]
        stored.plan(scenario["fault"])
        created = await client.create(scenario["item"])
        statuses = [entry["status"] for entry in reversed(stored.logged(before))]
        assert statuses == scenario["statuses"]
        assert [item["id"] for item in stored.all()][1:] == [created["id"]]

    async def test_batch(self, client: Client, stored: Stored) -> None:
        first, second = stored.hold(2)
        named = {"first": first, "second": second, "unknown": UNKNOWN}
        requests = SCENARIOS["batch"]["requests"]
        answered = await client.batch(
            [
                {"id": one["id"], "method": one["method"], "item": named[one["item"]]}
                for one in requests
            ]
        )
        assert answered == {one["id"]: one["status"] for one in requests}
        assert [item["id"] for item in stored.all()] == [first]

    async def test_batch_that_creates(self, client: Client, stored: Stored) -> None:
        items = SCENARIOS["batchCreate"]["items"]
        answered = await client.batch(
            [
                {"id": str(number), "method": "POST", "body": item}
                for number, item in enumerate(items, 1)
            ]
        )
        assert answered == {str(number): 201 for number in range(1, len(items) + 1)}
        kept = {item["displayName"] for item in stored.all()}
        assert kept == {item["displayName"] for item in items}

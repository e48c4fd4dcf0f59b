"""What any tenant of Graph can be asked without changing it: asked of this service, and of the real
one where OPENPROFILE_LIVE_TOKEN holds a delegated token for it.

OPENPROFILE_LIVE_URL names another address than https://graph.microsoft.com. Nothing but reads is
sent there. A test that fails for the real service alone is a line of the parity map to be written.
"""

import os
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from api.conftest import Service
from openprofile.clock import new_id
from openprofile.model.facets import FACETS
from openprofile.model.shape import shape

pytestmark = pytest.mark.anyio
TOKEN = os.environ.get("OPENPROFILE_LIVE_TOKEN")
URL = os.environ.get("OPENPROFILE_LIVE_URL", "https://graph.microsoft.com")
READS = {"GET", "HEAD"}


async def refuse_writes(request: httpx2.Request) -> None:
    batch = request.method == "POST" and request.url.path.endswith("/$batch")
    assert request.method in READS or batch, "nothing is changed in a live tenant"


class Graph:
    """Graph, or what stands in for it."""

    def __init__(self, http: httpx2.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def __call__(self, path: str, *, token: bool = True, **headers: str) -> httpx2.Response:
        return await self._http.get(path, headers=(self._headers if token else {}) | headers)

    async def batch(self, *paths: str) -> list[dict[str, Any]]:
        requests = [{"id": str(n), "method": "GET", "url": path} for n, path in enumerate(paths)]
        answer = await self._http.post(
            "/beta/$batch", json={"requests": requests}, headers=self._headers
        )
        found: list[dict[str, Any]] = answer.json()["responses"]
        return sorted(found, key=lambda one: int(one["id"]))


@pytest.fixture(params=["here", "live"])
async def graph(request: pytest.FixtureRequest, service: Service) -> AsyncIterator[Graph]:
    if request.param == "here":
        ada = service.person("ada")
        for facet in ("interests", "skills"):
            await ada("POST", f"me/profile/{facet}", json={"displayName": "Chess"})
        yield Graph(service._http, ada._authorization["Authorization"].removeprefix("Bearer "))
        return
    if TOKEN is None:
        pytest.skip("OPENPROFILE_LIVE_TOKEN holds no token of a tenant of Microsoft Graph")
    hooks = {"request": [refuse_writes]}
    async with httpx2.AsyncClient(base_url=URL, event_hooks=hooks, timeout=30) as http:
        yield Graph(http, TOKEN)


def error(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The error of a refusal, whose shape both have."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()["error"]
    assert found["message"]
    assert {"date", "request-id", "client-request-id"} <= found["innerError"].keys()
    assert found["innerError"]["request-id"] == answer.headers["request-id"]
    return found


@pytest.mark.parametrize("facet", sorted(FACETS))
async def test_a_facet_is_a_collection_of_what_the_metadata_declares(
    graph: Graph, facet: str
) -> None:
    answer = await graph(f"/beta/me/profile/{facet}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["@odata.context"].endswith(f"/profile/{facet}")
    for item in body["value"]:
        assert item["id"]
        undeclared = {name for name in item if "@" not in name}
        assert undeclared <= shape(FACETS[facet]).properties.keys()


async def test_the_profile_has_every_facet(graph: Graph) -> None:
    body = (await graph("/beta/me/profile")).json()
    assert body["@odata.context"].endswith("/profile/$entity")


@pytest.mark.parametrize("options", ["$top=1", "$select=displayName", "$filter=id ne null"])
async def test_documented_options_are_taken(graph: Graph, options: str) -> None:
    answer = await graph(f"/beta/me/profile/interests?{options}")
    assert answer.status_code == 200, answer.text
    if options == "$top=1":
        assert len(answer.json()["value"]) <= 1


async def test_the_profile_is_not_in_the_first_version(graph: Graph) -> None:
    found = error(await graph("/v1.0/me/profile"), 400)
    assert found["code"] == "BadRequest"
    assert found["message"] == "Resource not found for the segment 'profile'."


async def test_a_segment_that_there_is_not_is_a_bad_request(graph: Graph) -> None:
    assert error(await graph("/beta/me/profile/hobbies"), 400)["code"] == "BadRequest"


async def test_a_filter_that_is_none_is_a_bad_request(graph: Graph) -> None:
    error(await graph("/beta/me/profile/interests?$filter=displayName eq"), 400)


async def test_nobody_is_told_anything_without_a_token(graph: Graph) -> None:
    found = error(await graph("/beta/me/profile", token=False), 401)
    assert found["code"] == "InvalidAuthenticationToken"


async def test_an_item_that_there_is_not_is_not_found(graph: Graph) -> None:
    error(await graph(f"/beta/me/profile/interests/{new_id()}"), 404)


async def test_the_clients_own_id_comes_back(graph: Graph) -> None:
    sent = new_id()
    answer = await graph("/beta/me", **{"client-request-id": sent})
    assert answer.headers["client-request-id"] == sent


async def test_a_batch_of_reads_is_answered_one_by_one(graph: Graph) -> None:
    me, missing = await graph.batch("/me", "/me/profile/hobbies")
    assert (me["status"], missing["status"]) == (200, 400)
    assert me["body"]["id"]


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_the_person_is_told_who_they_are(graph: Graph, version: str) -> None:
    body = (await graph(f"/{version}/me")).json()
    assert body["@odata.context"].endswith("/$metadata#users/$entity")
    assert body["userPrincipalName"]

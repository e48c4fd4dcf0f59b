"""What ``/metrics`` tells, and to whom."""

import httpx2
import pytest
from starlette.requests import Request

from api.batching import PATH, batch, get, post
from api.conftest import BASE, Client, Service
from openprofile.errors import Fault
from openprofile.http.metrics import Readers
from openprofile.model.facets import FACETS

pytestmark = pytest.mark.anyio


async def figures(service: Service) -> dict[str, float]:
    """The samples, but for the buckets, by name and labels."""
    transport = httpx2.ASGITransport(app=service.parts.app, client=("127.0.0.1", 1))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, verify=False) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    parted = [line.rpartition(" ") for line in samples if "_bucket{" not in line]
    return {name: float(value) for name, _, value in parted}


def count(operation: str, method: str, status: int) -> str:
    return (
        f'openprofile_request_duration_seconds_count{{method="{method}",operation="{operation}",'
        f'status="{status}",worker="0"}}'
    )


async def test_requests_are_counted_by_operation_method_and_status(
    service: Service, ada: Client
) -> None:
    id = (await ada("POST", PATH, json={})).json()["id"]
    await ada("POST", PATH, json={"colour": 1})
    for _ in range(3):
        await ada("GET", f"{PATH}/{id}")
    await ada("GET", f"{PATH}('{id}')/displayName")
    await ada("GET", f"/v1.0/users/{id}")
    await service.anonymous()("GET", f"{PATH}/{id}")
    found = await figures(service)
    assert found[count("/beta/me/profile/interests", "POST", 201)] == 1
    assert found[count("/beta/me/profile/interests", "POST", 400)] == 1
    assert found[count("/beta/me/profile/interests/{id}", "GET", 200)] == 3
    assert found[count("/beta/me/profile/interests/{id}/{property}", "GET", 204)] == 1
    assert found[count("/v1.0/users/{id}", "GET", 403)] == 1
    assert found[count("unknown", "GET", 401)] == 1
    assert found['openprofile_requests_in_flight{worker="0"}'] == 0


async def test_the_requests_of_a_batch_are_counted_each(service: Service, ada: Client) -> None:
    await batch(ada, post("1"), get("2", "me/profile/skills"), get("3", "nowhere"))
    found = await figures(service)
    assert found[count("/$batch", "POST", 200)] == 1
    assert found[count("/beta/me/profile/interests", "POST", 201)] == 1
    assert found[count("/beta/me/profile/skills", "GET", 200)] == 1
    assert found[count("unknown", "GET", 400)] == 1


@pytest.mark.parametrize("facet", FACETS)
async def test_what_is_data_in_a_path_makes_no_new_series(
    service: Service, ada: Client, facet: str
) -> None:
    path = f"me/profile/{facet}"
    for n in range(3):
        for each in (f"{path}/{n}", f"{path}/{n}/p{n}", f"{path}/$x{n}", f"{path}/{n}/p/$y{n}"):
            await ada("GET", each)
            await ada("GET", f"/beta/{each}", headers={"Authorization": "Bearer x"})
    series = [name for name in await figures(service) if "duration_seconds_count" in name]
    assert len(series) <= 8, series


async def test_the_writer_tells_how_much_it_commits_at_once(service: Service, ada: Client) -> None:
    before = await figures(service)
    await batch(ada, *(post(str(n)) for n in range(8)))
    found = await figures(service)
    name = 'openprofile_store_commit_writes_{}{{worker="0"}}'
    assert found[name.format("sum")] - before[name.format("sum")] == 8
    assert 1 <= found[name.format("count")] - before[name.format("count")] <= 8
    assert found['openprofile_store_writes_waiting{worker="0"}'] == 0


def asks(*, peer: str = "127.0.0.1", host: str = "localhost", token: str = "") -> Request:
    headers = [(b"host", host.encode())]
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    return Request(
        {
            "type": "http", "method": "GET", "path": "/metrics", "query_string": b"",
            "scheme": "http", "server": None, "client": (peer, 1), "headers": headers,
        }
    )  # fmt: skip


SECRET = "0123456789abcdef"


@pytest.mark.parametrize(
    ("readers", "request_", "status"),
    [
        (Readers(None, local=True), asks(), None),
        (Readers(None, local=True), asks(peer="::1", host="[::1]:8080"), None),
        (Readers(None, local=True), asks(peer="192.0.2.1"), 404),
        (Readers(None, local=True), asks(host="profiles.example"), 404),
        (Readers(None, local=False), asks(), 404),
        (Readers(None, local=False), asks(token=SECRET), 404),
        (Readers(SECRET, local=True), asks(), 401),
        (Readers(SECRET, local=True), asks(token="x" * 16), 401),
        (Readers(SECRET, local=False), asks(peer="192.0.2.1", token=SECRET), None),
    ],
)
def test_who_may_read_the_figures(readers: Readers, request_: Request, status: int | None) -> None:
    if status is None:
        readers.require(request_)
        return
    with pytest.raises(Fault) as refused:
        readers.require(request_)
    assert refused.value.status == status

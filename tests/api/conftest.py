"""The service in process, and callers with tokens of its authority."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from issuer import ForeignIssuer
from openprofile import sample
from openprofile.clock import Clock
from openprofile.http.app import App
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person, User
from openprofile.policy.caller import GLOBAL_ADMINISTRATOR
from openprofile.policy.federation import Federation
from openprofile.server.service import service as organisation
from openprofile.server.stand_in import StandIn, stand_in
from openprofile.settings import Limits, Settings

BASE = "http://localhost:8080"


class Client:
    """One caller of the API: requests below ``/beta`` with a token."""

    def __init__(self, http: httpx2.AsyncClient, token: str | None) -> None:
        self._http = http
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    async def __call__(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        prefix = "" if path.startswith(("http", "/")) else "/beta/"
        return await self._http.request(
            method, prefix + path, headers=self._authorization | (headers or {}), **options
        )


class Service:
    """The service under test, and the people who call it."""

    def __init__(self, parts: StandIn, http: httpx2.AsyncClient) -> None:
        self.parts = parts
        self._http = http

    def anonymous(self) -> Client:
        return Client(self._http, None)

    def bearing(self, token: str) -> Client:
        return Client(self._http, token)

    def person(
        self, alias: str = "ada", *scopes: str, directory_roles: Sequence[str] = ()
    ) -> Client:
        """A sample person, with User.ReadWrite unless the scopes are named."""
        return self.bearing(
            self.parts.authority.delegated(
                user(alias),
                scopes or ["User.ReadWrite"],
                directory_roles=directory_roles,
                expires_in=3600,
            )
        )

    def administrator(self, *scopes: str) -> Client:
        return self.person(
            "hiro",
            *(scopes or ["User.ReadWrite.All"]),
            directory_roles=[GLOBAL_ADMINISTRATOR],
        )

    def application(self, *roles: str) -> Client:
        return self.bearing(self.parts.authority.application(roles, expires_in=3600))


OTHER_TENANT = "11111111-2222-4333-8444-555555555555"


TRUSTED_TENANT = "22222222-3333-4444-8555-666666666666"
FEDERATION = Federation(
    (sample.TENANT, OTHER_TENANT, TRUSTED_TENANT), {sample.TENANT: frozenset({TRUSTED_TENANT})}
)
"""The people of all three may come upon each other, and the sample people trust one."""


async def of_another_tenant(
    data: Path,
    parts: StandIn,
    who: User,
    *scopes: str,
    directory_roles: Sequence[str] = (),
    tenant: str = OTHER_TENANT,
) -> str:
    """The token of a person of another tenant, whom this puts into its directory."""
    await parts.directory.put(tenant, [Person(user=who)], [])
    authority = Authority(data / "authority", tenant, parts.clock)
    return authority.delegated(who, scopes, directory_roles=directory_roles, expires_in=3600)


def user(alias: str) -> Any:
    return next(one.user for one in sample.people() if one.id == sample.person_id(alias))


FACET_LIMIT = 50


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose signing key is made once for all tests."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def service(data: Path) -> AsyncIterator[Service]:
    async with (
        stand_in(
            data,
            memory=True,
            limits=Limits(items=FACET_LIMIT),
            tenants=[OTHER_TENANT, TRUSTED_TENANT],
            federation=FEDERATION,
        ) as parts,
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=parts.app, raise_app_exceptions=True),
            base_url=BASE,
            verify=False,  # nothing leaves the process; the system's certificates load slowly
        ) as http,
    ):
        yield Service(parts, http)


@pytest.fixture
async def stranger(service: Service, data: Path) -> Client:
    """An administrator of another tenant, who has Ada's ids and names there."""
    token = await of_another_tenant(
        data,
        service.parts,
        user("ada"),
        "User.ReadWrite.All",
        directory_roles=[GLOBAL_ADMINISTRATOR],
    )
    return service.bearing(token)


@pytest.fixture
async def ada(service: Service) -> Client:
    """Ada, who may write her own profile."""
    return service.person("ada")


Started = Callable[..., AbstractAsyncContextManager["Running"]]


class Running:
    """The service of an organisation, and the clock it goes by."""

    def __init__(self, app: App, clock: Clock, http: httpx2.AsyncClient) -> None:
        self.app = app
        self.clock = clock
        self._http = http

    def bearing(self, token: str) -> Client:
        return Client(self._http, token)

    async def get(self, token: str) -> httpx2.Response:
        return await self.bearing(token)("GET", "me/profile/interests")


@pytest.fixture
def issuer() -> Iterator[ForeignIssuer]:
    with ForeignIssuer() as issuer:
        yield issuer


@pytest.fixture
def started(tmp_path: Path, issuer: ForeignIssuer, monkeypatch: pytest.MonkeyPatch) -> Started:
    """Starts the service with settings above those that trust ``issuer``."""

    @asynccontextmanager
    async def start(**changes: Any) -> AsyncIterator[Running]:
        clock = Clock()
        monkeypatch.setattr("openprofile.server.service.Clock", lambda: clock)
        values = {
            "issuer": issuer.url,
            "audience": ["profiles", "https://graph.microsoft.com"],
            "database": f"sqlite:///{tmp_path}/profiles.sqlite3",
        } | changes
        async with (
            organisation(Settings(**values), "http://localhost") as app,
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app), base_url="http://localhost", verify=False
            ) as http,
        ):
            yield Running(app, clock, http)

    return start


def fault(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The error of a refusal, after its one shape has been checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert error["code"] == code
    assert error["message"]
    assert {"code", "message", "innerError"} <= set(error) <= {
        "code", "message", "innerError", "target", "details",
    }  # fmt: skip
    inner = error["innerError"]
    assert set(inner) == {"date", "request-id", "client-request-id"}
    assert inner["request-id"] == response.headers["request-id"]
    assert "Traceback" not in response.text
    return error

"""The stand-in in tests: a server for a run, a tenant for each test.

``with running() as openprofile`` is what the fixture ``openprofile`` of the pytest plugin is, for
whatever runs your tests.
"""

from __future__ import annotations

import contextlib
import importlib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from openprofile.options import TRUSTING, BadOptions, TestOptions, options
from openprofile.remote import Clock, Control, Faults, Refused, User
from openprofile.running import Running, started

__all__ = [
    "BadOptions",
    "Clock",
    "Credential",
    "Faults",
    "Refused",
    "Server",
    "Tenant",
    "User",
    "running",
    "serving",
]


class AccessToken(NamedTuple):
    """A token as azure-core hands it out."""

    token: str
    expires_on: int


@cache
def _access_token() -> Callable[[str, int], AccessToken]:
    """azure-core's own type where that is installed: SDKs look whether it is that."""
    try:
        found: Callable[[str, int], AccessToken]
        found = importlib.import_module("azure.core.credentials").AccessToken
    except ImportError:
        return AccessToken
    return found


class Credential:
    """What Azure's and Microsoft's SDKs call a token credential, for one caller."""

    def __init__(self, tenant: Tenant, wanted: dict[str, Any]) -> None:
        self._tenant = tenant
        self._wanted = wanted

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token, whatever scopes the SDK asks for; it is signed anew each time."""
        token = self._tenant.token(**self._wanted)
        expires_on = int(time.time()) + self._wanted.get("expires_in", 3600)
        return _access_token()(token, expires_on)

    def close(self) -> None:
        """Nothing is open."""


class Tenant:
    """A tenant of a running stand-in: people, tokens, time and faults that no other test has."""

    def __init__(self, server: Server, endpoints: Mapping[str, Any]) -> None:
        self.server = server
        self.id: str = endpoints["tenant"]
        self.url: str = endpoints["url"]
        """Where it answers http, without the API's version."""
        self.tls_url: str = endpoints["tls_url"]
        self.client_id: str = endpoints["client"]["id"]
        self.client_secret: str = endpoints["client"]["secret"]
        """The sample application, by which MSAL and azure-identity get tokens."""
        self._control = server.control(f"tenants/{self.id}/")
        self.faults = Faults(self._control, self.user)
        self.clock = Clock(self._control)
        self._opened = contextlib.ExitStack()

    @property
    def ca(self) -> Path:
        """The PEM file by which ``tls_url`` is trusted."""
        return self.server.ca

    @property
    def authority(self) -> str:
        """The URL of the tenant's token authority: what MSAL calls ``authority``."""
        return f"{self.tls_url}/{self.id}"

    @property
    def users(self) -> list[User]:
        """The people there are now, by principal name."""
        told = self._control("GET", "endpoints")["users"]
        return [User(one["id"], one["userPrincipalName"]) for one in told]

    def user(self, name: str) -> User:
        """The person with this id, principal name, or part of it before the ``@``."""
        wanted = name.casefold()
        users = self.users
        for one in users:
            if wanted in (one.id, one.name.casefold(), one.alias.casefold()):
                return one
        known = ", ".join(one.alias for one in users[:3])
        raise Refused(f"Nobody is called {name!r}; there are {known}, …")

    def token(
        self,
        user: str | User | None = None,
        *,
        scope: str = "User.ReadWrite",
        app: bool = False,
        role: Sequence[str] = (),
        expires_in: int = 3600,
        forge: str | None = None,
    ) -> str:
        """A bearer token: for the first person, unless another ``user`` is named (as ``user``
        takes them) or it is the application's own (``app``).

        ``scope`` are delegated permissions with spaces between, ``role`` the app roles, ``forge``
        a reason for which the token does not hold. Raises Refused.
        """
        if isinstance(user, str):
            user = self.user(user)
        wanted = {
            "user": user.id if user else None,
            "scope": scope,
            "app": app,
            "role": list(role),
            "expiresIn": expires_in,
            "forge": forge,
        }
        token: str = self._control("POST", "tokens", wanted)["token"]
        return token

    def client(
        self, user: str | User | None = None, *, tls: bool = False, **token: Any
    ) -> httpx2.Client:
        """An HTTP client whose paths begin below ``/beta`` and that sends a token.

        ``token`` is what ``token`` takes. It is closed with the tenant.
        """
        client = httpx2.Client(**self._client(user, token, tls=tls))
        self._opened.callback(client.close)
        return client

    def async_client(
        self, user: str | User | None = None, *, tls: bool = False, **token: Any
    ) -> httpx2.AsyncClient:
        """The same for asyncio, to be closed by whoever opens it."""
        return httpx2.AsyncClient(**self._client(user, token, tls=tls))

    def credential(self, user: str | User | None = None, **token: Any) -> Credential:
        """A credential for Azure's and Microsoft's SDKs; ``token`` is what ``token`` takes."""
        return Credential(self, {"user": user, **token})

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which other programs trust ``tls_url`` and sign in as the application."""
        return {
            **dict.fromkeys(TRUSTING, str(self.ca)),
            "AZURE_AUTHORITY_HOST": self.tls_url,
            "AZURE_TENANT_ID": self.id,
            "AZURE_CLIENT_ID": self.client_id,
            "AZURE_CLIENT_SECRET": self.client_secret,
        }

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """What trusts ``tls_url``."""
        return ssl.create_default_context(cafile=self.ca)

    def requests(self) -> list[dict[str, Any]]:
        """The newest requests first: who, what, allowed or refused, by which rule, and hints."""
        told: list[dict[str, Any]] = self._control("GET", "requests")["value"]
        return told

    def reset(self) -> None:
        """Leave what there was at first, and what was seeded: nothing in the log, no faults, and
        the machine's time.
        """
        self._control("POST", "reset")

    def seed(self, content: Path | str | Mapping[str, Any]) -> dict[str, int]:
        """Store people, groups and profiles: of a JSON or YAML file, or as a mapping.

        Returns how many there were. Raises Refused, with the line, where one cannot be stored.
        """
        if isinstance(content, Mapping):
            counts: dict[str, int] = self._control("POST", "seed", content)
        else:
            counts = self._control.send_file("seed", Path(content))
        return counts

    def snapshot(self) -> str:
        """Keep what there is, and return the id by which ``restore`` puts it back."""
        taken: str = self._control("POST", "snapshot")["id"]
        return taken

    def restore(self, snapshot: str | None = None) -> None:
        """Put back a snapshot, or the newest: people, groups and profiles."""
        self._control("POST", "restore", {"id": snapshot})

    def another(self, **options: Any) -> Tenant:
        """One more tenant on the same server; ``options`` are what ``Server.tenant`` takes."""
        return self.server.tenant(**options)

    def close(self) -> None:
        """Close the clients that ``client`` made."""
        self._opened.close()

    def _client(
        self, user: str | User | None, token: dict[str, Any], *, tls: bool
    ) -> dict[str, Any]:
        return {
            "base_url": f"{self.tls_url if tls else self.url}/beta/",
            "headers": {"Authorization": f"Bearer {self.token(user, **token)}"},
            "trust_env": False,
            # Plain http verifies nothing, and the system's certificates would take long to load.
            "verify": self.ssl_context if tls else False,
        }


class Server:
    """A stand-in that runs."""

    def __init__(self, running: Running, wanted: TestOptions) -> None:
        self._wanted = wanted
        self.url = running.url
        self.ca = running.ca
        """The PEM file by which its certificate is trusted."""
        self._http = httpx2.Client(
            base_url=f"{self.url}/_openprofile/", trust_env=False, verify=False
        )
        self._tenants: list[Tenant] = []

    @property
    def first(self) -> Tenant:
        """The tenant that is there from the start, and that requests without a token are of."""
        return self._known(Tenant(self, self.control()("GET", "endpoints")))

    def tenant(
        self,
        *,
        sample: bool | None = None,
        seed: Path | str | Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Tenant:
        """A new tenant, with the sample people and a seed as the options say unless it is told
        otherwise; ``id`` is a GUID.
        """
        wanted = self._wanted.sample if sample is None else sample
        made = Tenant(self, self.control()("POST", "tenants", {"sample": wanted, "id": id}))
        seed = self._wanted.seed if seed is None else seed
        if seed is not None:
            made.seed(seed)
        return self._known(made)

    def remove(self, tenant: Tenant) -> None:
        """Remove a tenant and all that is kept for it."""
        tenant.close()
        self.control()("DELETE", f"tenants/{tenant.id}")

    def control(self, below: str = "") -> Control:
        """Calls of ``/_openprofile/…`` below a path."""
        return Control(self._http, below)

    def close(self) -> None:
        """Close every client of it."""
        for tenant in self._tenants:
            tenant.close()
        self._http.close()

    def _known(self, tenant: Tenant) -> Tenant:
        self._tenants.append(tenant)
        return tenant


@contextlib.contextmanager
def serving(**given: Any) -> Iterator[Server]:
    """A stand-in that runs as long as the context lasts.

    Takes the options of ``openprofile.options.TestOptions``. Raises BadOptions for those that do
    not hold, OSError where a port is taken.
    """
    wanted = options(TestOptions, given)
    with started(wanted) as running:
        server = Server(running, wanted)
        try:
            yield server
        finally:
            server.close()


@contextlib.contextmanager
def running(**given: Any) -> Iterator[Tenant]:
    """A tenant of a stand-in that runs as long as the context lasts: its first, or a new one where
    a ``url`` names a stand-in that others use as well. Takes and raises what ``serving`` does.
    """
    with serving(**given) as server:
        if given.get("url") is None:
            yield server.first
            return
        tenant = server.tenant()
        try:
            yield tenant
        finally:
            server.remove(tenant)

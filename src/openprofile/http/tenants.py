"""The tenants of the stand-in: each has a clock, faults and a log of its own, so that tests which
run side by side never meet. A request's token says whose it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar

import msgspec

from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.errors import Fault
from openprofile.http.authority import AuthorityFace
from openprofile.http.exchange import Answer, Face, Request, Unread
from openprofile.http.explain import Explainer
from openprofile.http.faults import Faults
from openprofile.http.recent import RecentRequests
from openprofile.identity.issuer import Authority
from openprofile.identity.tokens import claimed_tenants
from openprofile.policy.caller import Caller
from openprofile.state import State
from openprofile.store.base import Store

MOST_TENANTS = 1000
"""Tenants that there are at a time."""
_REMEMBERED = 10_000
"""Tokens whose tenant is remembered."""


class Tenant(msgspec.Struct, frozen=True, eq=False):
    """One tenant and what answers for it."""

    id: str
    clock: Clock
    directory: Directory
    state: State
    authority: Authority
    faults: Faults
    recent: RecentRequests
    authority_face: AuthorityFace
    authenticate: Callable[[Request], Awaitable[Caller]]
    face: Face
    """The Graph API."""
    face_over: Callable[[Store], Face]
    """The same on a view of the store."""
    around_batch: Callable[[Face], Face]
    """Makes of the face of batches what this tenant's batches go through."""
    unread: Unread
    explainer: Explainer
    others: Mapping[str, Face]
    """What else it answers, by its path."""


class Tenants:
    """Every tenant that the stand-in speaks for."""

    def __init__(self, make: Callable[[str], Tenant], first: str) -> None:
        """``make`` puts the parts of a tenant together; ``first`` is the tenant of every request
        that names none.
        """
        self._make = make
        self.first = make(first)
        self._tenants = {first: self.first}
        self._named: dict[str, str] = {}
        self.clock: Clock = _CurrentClock(self.first)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._tenants.values())

    def get(self, tenant_id: str) -> Tenant | None:
        """The tenant with this id."""
        return self._tenants.get(tenant_id.casefold())

    def add(self, tenant_id: str) -> Tenant:
        """The tenant with this id, made if there is none."""
        found = self.get(tenant_id)
        if found is None:
            found = self._tenants[tenant_id.casefold()] = self._make(tenant_id.casefold())
        return found

    def remove(self, tenant: Tenant) -> None:
        """Speak no more for a tenant, which is not the first."""
        self._tenants.pop(tenant.id, None)

    def __len__(self) -> int:
        return len(self._tenants)

    # ----- what the application is made of

    async def face(self, request: Request) -> Answer:
        """The Graph API of the tenant whose token the request carries."""
        return await self._of(request).face(request)

    def face_over(self, store: Store) -> Face:
        """The same on a view of the store."""

        async def answer(request: Request) -> Answer:
            return await self._of(request).face_over(store)(request)

        return answer

    def face_at(self, path: str) -> Face:
        """What the tenant of a request answers at one of its other paths."""

        async def answer(request: Request) -> Answer:
            return await self._of(request).others[path](request)

        return answer

    def around_batch(self, batches: Face) -> Face:
        """The face of batches, as the batches of each tenant go through it."""

        async def answer(request: Request) -> Answer:
            return await self._of(request).around_batch(batches)(request)

        return answer

    async def unread(self, request: Request, fault: Fault) -> None:
        """Give account of a request that was refused before any face saw it."""
        await self._of(request).unread(request, fault)

    async def authenticate(self, request: Request) -> Caller:
        """The caller of a request; raises InvalidAuthenticationToken."""
        return await self._of(request).authenticate(request)

    def authority_face(self, name: str) -> AuthorityFace:
        """What speaks for the tenant with this id, or what knows the names of the first."""
        return (self.get(name) or self.first).authority_face

    def _of(self, request: Request) -> Tenant:
        header = request.headers.get("authorization", "")
        name = self._named.get(header)
        if name is None:
            named = claimed_tenants(header.partition(" ")[2].strip())
            name = next((one for one in named if one in self._tenants), None)
            if name is not None:
                if len(self._named) >= _REMEMBERED:
                    del self._named[next(iter(self._named))]
                self._named[header] = name
        found = self._tenants.get(name or self.first.id, self.first)
        _answering.set(found)
        return found


_answering: ContextVar[Tenant | None] = ContextVar("tenant", default=None)
"""The tenant of the request that is being answered, until the end of its task."""


class _CurrentClock(Clock):
    """The clock of the tenant whose request is being answered."""

    def __init__(self, first: Tenant) -> None:
        super().__init__()
        self._first = first

    def ticks(self) -> int:
        return (_answering.get() or self._first).clock.ticks()

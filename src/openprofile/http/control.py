"""``/_openprofile/…``: the stand-in by remote control. ``openprofile serve`` has none of it.

Everything below ``/_openprofile/tenants/{tenant}`` is there for the first tenant without that
prefix as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from openprofile import document, parity
from openprofile.clock import TICKS_PER_SECOND, Clock, date_time_offset, is_id, new_id, ticks_of
from openprofile.document import BadDocument
from openprofile.errors import (
    AuthorizationRequestDenied,
    BadRequest,
    ItemNotFound,
    MethodNotAllowed,
    ResourceNotFound,
)
from openprofile.hosts import web_host
from openprofile.http.body import decoded, json_body
from openprofile.http.exchange import Answer, Face, Request
from openprofile.http.faults import PlannedFault
from openprofile.http.pages import Addresses
from openprofile.http.tenants import MOST_TENANTS, Tenant, Tenants
from openprofile.identity.minting import BadTokenRequest, TokenRequest, mint
from openprofile.model.directory import Person
from openprofile.model.primitives import DateTimeOffset, decode, quoted
from openprofile.odata.media import media_type
from openprofile.odata.path import parse

ROOT = "/_openprofile"
LATEST = ticks_of("9000-01-01T00:00:00Z")
"""Where a clock may be put at most, in ticks."""
_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
_PEOPLE = 1000
"""People of a tenant that are told of."""

Handler: TypeAlias = Callable[[Request, Tenant, str], Awaitable[Answer]]
T = TypeVar("T")


class Endpoints(msgspec.Struct, frozen=True):
    """All that a client needs of one tenant: what ``endpoints.json`` holds."""

    url: str
    tls_url: str
    ca: str
    """The PEM file that its certificate is trusted by."""
    tenant: str
    users: list[dict[str, str]]
    client: dict[str, str | None]


class NewTenant(msgspec.Struct, forbid_unknown_fields=True):
    """A tenant to be made."""

    id: str | None = None
    """A GUID; a fresh one where there is none."""
    sample: bool = True
    """Whether the sample people are put into it, unless it has people already."""


class WantedSnapshot(msgspec.Struct, forbid_unknown_fields=True):
    """A snapshot to be put back."""

    id: str | None = None
    """The newest where there is none."""


class ClockChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to become of a clock: in this order."""

    now: DateTimeOffset | None = None
    """What it is to show."""
    advance: Annotated[float, Meta(ge=-1e11, le=1e11)] = 0
    """Seconds that it is put ahead."""
    frozen: bool | None = None
    """Whether it is to stand still; where it is left out, it does as before."""


class Control:
    """Answers the paths of ``routes``; whoever reaches them needs no token, but the name of this
    machine and, from a browser, a page of this service.
    """

    def __init__(
        self,
        tenants: Tenants,
        addresses: Callable[[], Addresses],
        *,
        believes: Callable[[str], bool],
    ) -> None:
        """``addresses`` tells where the stand-in answers; ``believes`` judges the name in the Host
        of a request.
        """
        self._tenants = tenants
        self._addresses = addresses
        self._believes = believes
        self._handlers: Mapping[str, Mapping[str, Handler]] = {
            "clock": {"GET": self._clock, "POST": self._change_clock, "DELETE": self._thaw},
            "endpoints": {"GET": self._get},
            "faults": {
                "GET": self._faults,
                "POST": self._add_fault,
                "DELETE": self._clear_faults,
            },
            "faults/{id}": {"DELETE": self._remove_fault},
            "requests": {"GET": self._requests, "DELETE": self._clear_requests},
            "reset": {"POST": self._reset},
            "restore": {"POST": self._restore},
            "seed": {"POST": self._seed},
            "snapshot": {"POST": self._snapshot},
            "tokens": {"POST": self._token},
        }

    def faces(self) -> dict[str, Face]:
        """A face for each path."""
        found: dict[str, Face] = {
            f"{ROOT}/ca.pem": self._face({"GET": self._certificate}),
            f"{ROOT}/parity": self._face({"GET": self._parity}),
            f"{ROOT}/tenants": self._face({"GET": self._list, "POST": self._make}),
            f"{ROOT}/tenants/{{tenant}}": self._face({"GET": self._get, "DELETE": self._delete}),
        }
        for path, handlers in self._handlers.items():
            face = self._face(handlers)
            found |= {f"{ROOT}/{path}": face, f"{ROOT}/tenants/{{tenant}}/{path}": face}
        return found

    def _face(self, handlers: Mapping[str, Handler]) -> Face:
        async def answer(request: Request) -> Answer:
            self._refuse_strangers(request)
            method = "GET" if request.method == "HEAD" else request.method
            handler = handlers.get(method)
            if handler is None:
                raise MethodNotAllowed(request.method, list(handlers))
            return await handler(request, *self._addressed(request.path))

        return answer

    def _refuse_strangers(self, request: Request) -> None:
        """Refuse what a page of another site may have sent, also one that has turned its own name
        to this machine.

        A browser tells the origin of every request but a page's reads of its own; what it would
        send from elsewhere without asking first is a form, which is no JSON.
        """
        host = request.headers.get("host", "")
        if not self._believes(web_host(f"http://{host}") or ""):
            raise ResourceNotFound("There is nothing at this path; the API is below /beta.")
        sender = request.headers.get("origin")
        if sender is not None and sender.partition("://")[2] != host:
            raise AuthorizationRequestDenied("A page of another origin does not control this.")

    def _addressed(self, path: str) -> tuple[Tenant, str]:
        """The tenant that a path names, and its last segment."""
        segments = parse(path)
        if segments[1:2] != ["tenants"] or len(segments) == 2:
            return self._tenants.first, segments[-1]
        found = self._tenants.get(segments[2])
        if found is None:
            raise ResourceNotFound(
                f"There is no tenant {quoted(segments[2])}; POST {ROOT}/tenants makes one."
            )
        return found, segments[-1]

    # ----- tenants

    async def endpoints(self, tenant: Tenant) -> Endpoints:
        """All that a client needs of a tenant."""
        people = await tenant.directory.people(tenant.id, most=_PEOPLE)
        addresses, application = self._addresses(), tenant.authority.sample
        return Endpoints(
            url=addresses.url,
            tls_url=addresses.tls_url,
            ca=str(addresses.ca),
            tenant=tenant.id,
            users=[
                {"id": one.id, "userPrincipalName": one.user.user_principal_name} for one in people
            ],
            client={"id": application.id, "secret": application.secret},
        )

    async def _list(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json({"value": [{"id": one.id} for one in self._tenants]})

    async def _make(self, request: Request, tenant: Tenant, last: str) -> Answer:
        wanted = _read(request, NewTenant)
        if wanted.id is not None and not is_id(wanted.id):
            raise BadRequest(f"'id' is {quoted(wanted.id)}; expected a GUID.", target="id")
        if len(self._tenants) >= MOST_TENANTS:
            raise BadRequest(f"There are {MOST_TENANTS} tenants, the most there are: delete one.")
        made = self._tenants.add(wanted.id or new_id())
        if wanted.sample:
            await made.state.fill()
        return _json(await self.endpoints(made), 201)

    async def _get(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json(await self.endpoints(tenant))

    async def _delete(self, request: Request, tenant: Tenant, last: str) -> Answer:
        if tenant is self._tenants.first:
            raise BadRequest("The first tenant stays; POST /_openprofile/reset empties it.")
        self._tenants.remove(tenant)
        await tenant.state.erase()
        return Answer(204)

    # ----- state

    async def _reset(self, request: Request, tenant: Tenant, last: str) -> Answer:
        tenant.clock.thaw()  # before what was seeded is stamped with the time
        tenant.faults.clear()
        tenant.recent.clear()
        try:
            await tenant.state.reset()
        except BadDocument as error:
            raise BadRequest(
                f"All is reset but for a seed that can be stored no more, and is forgotten: {error}"
            ) from error
        return Answer(204)

    async def _seed(self, request: Request, tenant: Tenant, last: str) -> Answer:
        sent = media_type(request.headers.get("content-type", "")).name
        yaml = sent in _YAML
        content = decoded(request) if yaml else json_body(request)
        try:
            counts = await tenant.state.seed(document.read(content, yaml=yaml))
        except BadDocument as error:
            raise BadRequest(str(error)) from error
        return _json(counts)

    async def _snapshot(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json({"id": await tenant.state.snapshot()}, 201)

    async def _restore(self, request: Request, tenant: Tenant, last: str) -> Answer:
        wanted = _read(request, WantedSnapshot).id
        if not await tenant.state.restore(wanted):
            which = f"the id {quoted(wanted)}" if wanted else "any id"
            raise ItemNotFound(f"There is no snapshot with {which}; POST …/snapshot takes one.")
        return Answer(204)

    # ----- faults

    async def _faults(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json({"value": list(tenant.faults)})

    async def _add_fault(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json(tenant.faults.add(_read(request, PlannedFault)), 201)

    async def _clear_faults(self, request: Request, tenant: Tenant, last: str) -> Answer:
        tenant.faults.clear()
        return Answer(204)

    async def _remove_fault(self, request: Request, tenant: Tenant, last: str) -> Answer:
        if not tenant.faults.remove(last):
            raise ItemNotFound(f"There is no planned fault with the id {quoted(last)}.")
        return Answer(204)

    # ----- time and tokens

    async def _clock(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json(_shown(tenant.clock))

    async def _change_clock(self, request: Request, tenant: Tenant, last: str) -> Answer:
        change, clock = _read(request, ClockChange), tenant.clock
        at = ticks_of(change.now) if change.now is not None else clock.ticks()
        at += round(change.advance * TICKS_PER_SECOND)
        if not 0 <= at <= LATEST:
            raise BadRequest("The clock would leave the years from 1970 to 9000.", target="now")
        frozen = clock.frozen if change.frozen is None else change.frozen
        (clock.freeze if frozen else clock.run)(at)
        return _json(_shown(clock))

    async def _thaw(self, request: Request, tenant: Tenant, last: str) -> Answer:
        tenant.clock.thaw()
        return Answer(204)

    async def _token(self, request: Request, tenant: Tenant, last: str) -> Answer:
        async def find(name: str | None) -> Person | None:
            if name is not None:
                return await tenant.directory.find(tenant.id, name)
            return next(iter(await tenant.directory.people(tenant.id, most=1)), None)

        wanted = _read(request, TokenRequest)
        try:
            token = await mint(wanted, tenant.authority, tenant.clock, find)
        except BadTokenRequest as error:
            raise BadRequest(str(error)) from error
        return _json({"token": token}, 201)

    # ----- what there is to see

    async def _requests(self, request: Request, tenant: Tenant, last: str) -> Answer:
        return _json({"value": tenant.recent.told()})

    async def _clear_requests(self, request: Request, tenant: Tenant, last: str) -> Answer:
        tenant.recent.clear()
        return Answer(204)

    async def _certificate(self, request: Request, tenant: Tenant, last: str) -> Answer:
        try:
            content = self._addresses().ca.read_bytes()
        except OSError as error:
            raise ItemNotFound("Nothing answers over TLS here.") from error
        return Answer(200, {"Content-Type": "application/x-pem-file"}, content)

    async def _parity(self, request: Request, tenant: Tenant, last: str) -> Answer:
        accepted = request.headers.get("accept", "")
        if "json" not in accepted and "text/" in accepted and "html" not in accepted:
            headers = {"Content-Type": "text/markdown;charset=utf-8", "Cache-Control": "no-store"}
            return Answer(200, headers, parity.markdown().encode())
        return _json(parity.told())


def _shown(clock: Clock) -> dict[str, Any]:
    return {"now": date_time_offset(clock.ticks()), "frozen": clock.frozen}


def _read(request: Request, kind: type[T]) -> T:
    """The request's body as a value; no body is as an empty object."""
    body = json_body(request) if request.body else b"{}"
    try:
        return msgspec.json.decode(body, type=kind, dec_hook=decode)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body does not hold: {error}.") from error


def _json(content: Any, status: int = 200) -> Answer:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Answer(status, headers, msgspec.json.encode(content))

"""The pages of the stand-in: where it answers, tokens, people, what is stored, and the requests.

They are made here and need no script; where scripts run, ``templates/page.js`` adds to them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from openprofile.http.origin import Origins
from openprofile.http.recent import KEPT
from openprofile.http.rendering import ASSETS_ROUTE, HEADERS, POLICY, rendered
from openprofile.http.tenants import Tenant, Tenants
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person
from openprofile.model.facets import FACETS
from openprofile.model.kinds import ItemFacet
from openprofile.model.shape import shape
from openprofile.options import TRUSTING
from openprofile.store.base import Store

OVERVIEW = "/"
LOG = "/_openprofile/log"
PERSON = "/_openprofile/people/{id}"

_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": f"{POLICY}; connect-src 'self'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_DAY = 24 * 3600
_PEOPLE = 200
"""People on the overview."""
_TENANTS = 50
"""Tenants that each page leads to."""
_ITEMS = 50
"""Items of a facet on the page of a person."""
_LATEST = 8
"""Requests on the overview."""
_SECONDS = 3
"""Between two refreshes of the log where no script runs."""

_PERMISSION = "User.ReadWrite"
_ROLE = "User.ReadWrite.All"


class Addresses(msgspec.Struct, frozen=True):
    """Where the stand-in answers, and the PEM file that its certificate is trusted by."""

    url: str
    tls_url: str
    ca: Path


Handler = Callable[[Request, Tenant], Awaitable[Response]]


class Pages:
    """The pages. They answer under a name of this machine alone, since what they show is not
    asked for with a token, and a page elsewhere could have turned its own name to here.
    """

    def __init__(
        self,
        tenants: Tenants,
        store: Store,
        origins: Origins,
        addresses: Callable[[], Addresses],
    ) -> None:
        """``addresses`` tells where the stand-in answers."""
        self._tenants = tenants
        self._store = store
        self._origins = origins
        self._addresses = addresses

    def routes(self) -> list[Route]:
        return [
            Route(OVERVIEW, self._page(self._overview)),
            Route(LOG, self._page(self._log)),
            Route(PERSON, self._page(self._person)),
            ASSETS_ROUTE,
        ]

    def _page(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            peer = request.client.host if request.client else None
            if self._origins.believed(request.url.scheme, request.headers, peer) is None:
                raise HTTPException(404)
            named = request.query_params.get("tenant")
            tenant = self._tenants.get(named) if named else self._tenants.first
            if tenant is None:
                raise HTTPException(404)
            return await handler(request, tenant)

        return endpoint

    async def _overview(self, request: Request, tenant: Tenant) -> Response:
        authority, addresses = tenant.authority, self._addresses()
        people = await tenant.directory.people(authority.tenant, most=_PEOPLE)
        tokens = [_application_token(authority)]
        if people:
            tokens.insert(0, _token(authority, people[0], _PERMISSION))
        return self._rendered(
            "overview",
            request,
            tenant,
            people=[await self._card(authority.tenant, one) for one in people],
            tokens=tokens,
            addresses=addresses,
            client=authority.sample,
            curl=_curl(addresses.url, tokens[0]["bearer"]) if people else "",
            trust=trust(addresses.ca) if addresses.ca.is_file() else "",
            entries=tenant.recent.told()[:_LATEST],
            entries_shown=_LATEST,
            names=_names(authority, people),
        )

    async def _log(self, request: Request, tenant: Tenant) -> Response:
        asked = request.query_params
        refused = asked.get("only") == "refused"
        entries = tenant.recent.told()
        if refused:
            entries = [entry for entry in entries if entry["outcome"] != "allowed"]
        most = asked.get("most", "")
        here = {name: asked[name] for name in ("only", "most", "tenant") if name in asked}
        return self._rendered(
            "log",
            request,
            tenant,
            entries=entries[: int(most) if re.fullmatch("[0-9]{1,3}", most) else KEPT],
            names=_names(
                tenant.authority,
                await tenant.directory.people(tenant.authority.tenant, most=_PEOPLE),
            ),
            refused=refused,
            live=asked.get("live") != "no",
            live_path=_with(LOG, here),
            paused_path=_with(LOG, here | {"live": "no"}),
            seconds=_SECONDS,
            kept=KEPT,
        )

    async def _person(self, request: Request, tenant: Tenant) -> Response:
        authority = tenant.authority
        person = await tenant.directory.find(authority.tenant, request.path_params["id"])
        if person is None:
            raise HTTPException(404)
        stored: dict[str, list[dict[str, Any]]] = {}
        for segment, record in await self._store.owned(authority.tenant, person.id):
            stored.setdefault(segment, []).append(msgspec.json.decode(record.text))
        manager = await tenant.directory.find(authority.tenant, person.manager or "")
        tokens = [_token(authority, person, _PERMISSION)]
        if person.directory_roles:
            tokens.append(_token(authority, person, _ROLE))
        return self._rendered(
            "person",
            request,
            tenant,
            person=await self._card(authority.tenant, person),
            facts=[("Reports to", manager.user.display_name)] if manager else [],
            tokens=tokens,
            facets=[_facet(segment, items) for segment, items in sorted(stored.items())],
            base=f"{self._addresses().url}/beta",
        )

    async def _card(self, tenant: str, person: Person) -> dict[str, Any]:
        user = person.user
        return {
            "id": person.id,
            "path": PERSON.format(id=person.id),
            "name": user.display_name or user.user_principal_name,
            "title": ", ".join(filter(None, (user.job_title, user.department))),
            "address": user.user_principal_name,
            "count": len(await self._store.owned(tenant, person.id)),
            "administrator": bool(person.directory_roles),
        }

    def _rendered(self, page: str, request: Request, tenant: Tenant, **values: Any) -> Response:
        query = "" if tenant is self._tenants.first else urlencode({"tenant": tenant.id})
        return rendered(
            page,
            headers=_HEADERS,
            page=page,
            log_path=LOG,
            tenant=tenant.id,
            tenants=[one.id for one in islice(self._tenants, _TENANTS)],
            tenant_query=query and f"?{query}",
            tenant_more=query and f"&{query}",
            **values,
        )


def trust(ca: Path) -> str:
    """The line of a shell that makes Python and Node trust the certificates of ``ca``."""
    return "export " + " ".join(f"{variable}={shlex.quote(str(ca))}" for variable in TRUSTING)


def _curl(url: str, bearer: str) -> str:
    return shlex.join(["curl", "-H", f"Authorization: Bearer {bearer}", f"{url}/beta/me/profile"])


def _token(authority: Authority, person: Person, permission: str) -> dict[str, str]:
    bearer = authority.delegated(
        person.user, [permission], directory_roles=person.directory_roles, expires_in=_DAY
    )
    return {"text": _name(person), "permissions": permission, "bearer": bearer}


def _application_token(authority: Authority) -> dict[str, str]:
    bearer = authority.application([_ROLE], expires_in=_DAY)
    text = f"{authority.sample.name}, by itself"
    return {"text": text, "permissions": _ROLE, "bearer": bearer}


def _name(person: Person) -> str:
    return person.user.display_name or person.user.user_principal_name


def _names(authority: Authority, people: list[Person]) -> Mapping[str, str]:
    """What the ids in the log are called."""
    applications = {one.id: one.name for one in authority.applications.values()}
    return applications | {one.id: _name(one) for one in people}


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _facet(segment: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    words = re.sub("([A-Z])", r" \1", segment).lower()
    return {
        "segment": segment,
        "title": words.capitalize(),
        "count": len(items),
        "shown": [
            {
                "label": next(_labels(segment, item), item["id"]),
                "audiences": item.get("allowedAudiences") or "me",
                "text": msgspec.json.format(msgspec.json.encode(item), indent=2).decode(),
            }
            for item in items[:_ITEMS]
        ],
    }


_COMMON = frozenset(shape(ItemFacet).properties)


def _labels(segment: str, item: Mapping[str, Any]) -> Iterator[str]:
    """Texts of an item that tell it from others, the best first."""
    if item.get("displayName"):
        yield item["displayName"]
    for name in shape(FACETS[segment]).properties if segment in FACETS else item:
        if name not in _COMMON:
            yield from _texts(item.get(name))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)

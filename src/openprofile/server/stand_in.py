"""The stand-in: sample people, a local authority, an embedded database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
from starlette.routing import Route

from openprofile import sample
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.hosts import is_loopback
from openprofile.http.app import App
from openprofile.http.authority import AuthorityFace
from openprofile.http.cors import ANY
from openprofile.http.explain import PATH as EXPLAIN_PATH
from openprofile.http.explain import Explainer
from openprofile.http.metrics import Readers
from openprofile.http.origin import Origins
from openprofile.http.pages import Addresses, Pages
from openprofile.http.recent import PATH as RECENT_PATH
from openprofile.http.recent import RecentRequests
from openprofile.identity.flows import Flows
from openprofile.identity.issuer import AUDIENCE, GRAPH_ID, Authority
from openprofile.identity.keys import PublishedKeys
from openprofile.identity.tokens import TokenVerifier, TrustedIssuer
from openprofile.policy.federation import Federation
from openprofile.server.assembly import assemble, graph_factory
from openprofile.server.stores import embedded_store
from openprofile.settings import IssuerSettings, Limits
from openprofile.store.base import Store
from openprofile.store.rehearsal import Rehearsal


class StandIn(msgspec.Struct):
    """The parts of a running stand-in."""

    app: App
    authority: Authority
    clock: Clock
    directory: Directory
    store: Store
    explainer: Explainer
    addresses: Addresses
    """Where it answers, to be told by whoever listens; its pages show it."""


class _Tenant(msgspec.Struct, frozen=True):
    """The one tenant, as the pages show it."""

    authority: Authority
    directory: Directory
    recent: RecentRequests


def authority(data: Path, clock: Clock) -> Authority:
    """The local authority whose key is in the data folder; raises BadFile."""
    return Authority(data / "authority", sample.TENANT, clock)


@asynccontextmanager
async def stand_in(
    data: Path,
    *,
    memory: bool = False,
    exposed: bool = False,
    limits: Limits | None = None,
    tenants: Sequence[str] = (),
    repeat_client_requests: bool = False,
    federation: Federation | None = None,
) -> AsyncIterator[StandIn]:
    """The stand-in with its data in the folder ``data``, ready to answer; closed at the end.

    With ``memory`` people and profiles are kept in memory alone. Unless it is ``exposed``, links
    lead to a loopback name whatever Host a request claims. The local authority may speak for more
    ``tenants`` than the sample people's; their people do not meet, unless a ``federation`` says so.
    Raises SchemaTooNew for a database of a newer program,
    Unavailable for one that cannot be opened.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = limits or Limits()
    clock = Clock()
    store = embedded_store(data, memory=memory)
    try:
        directory = Directory(store, clock)
        await sample.seed(directory)
        signer = authority(data, clock)

        async def published() -> bytes:
            return signer.jwks()

        rules = IssuerSettings(
            audience=[AUDIENCE, GRAPH_ID], tenants=[signer.tenant, *tenants], clock_skew=0
        )
        issuer = TrustedIssuer(
            signer.issuers, rules, PublishedKeys(published, clock), signer.serves
        )
        verifier = TokenVerifier([issuer], clock)
        origins = Origins(signer.url, believes=_anybody if exposed else is_loopback, both=True)
        face = AuthorityFace(
            Flows(signer, clock, partial(directory.find, signer.tenant)),
            verifier,
            directory,
            clock,
            origins,
            domain=sample.DOMAIN,
        )
        recent = RecentRequests(clock, origins)
        graph_over = await graph_factory(store, clock, limits, verifier, federation or Federation())
        explainer = Explainer(graph_over(cast("Store", Rehearsal(store))), directory)
        tenant = _Tenant(signer, directory, recent)
        pages = Pages(
            lambda name: tenant if name in (None, signer.tenant) else None,
            store,
            origins,
            lambda: running.addresses,
        )
        app = assemble(
            graph_over,
            store,
            clock,
            limits,
            verifier,
            origins,
            allowed_origins=[ANY],
            recent=recent,
            faces={EXPLAIN_PATH: explainer.answer},
            routes=[*face.routes(), *pages.routes(), Route(RECENT_PATH, recent.__call__)],
            repeat_client_requests=repeat_client_requests,
            readers=Readers(None, local=True),
        )
        here = Addresses(url=signer.url(), tls_url=signer.url(), ca=data / "ca.pem")
        running = StandIn(app, signer, clock, directory, store, explainer, here)
        yield running
    finally:
        await store.close()


def _anybody(host: str) -> bool:
    return True

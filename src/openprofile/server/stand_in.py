"""The stand-in: sample people, a local authority, an embedded database, tenants side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from openprofile import sample
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.hosts import is_loopback
from openprofile.http.app import App
from openprofile.http.audit import audited_batch, audited_unread
from openprofile.http.auth import authenticate
from openprofile.http.authority import AuthorityFace, authority_routes
from openprofile.http.control import Control
from openprofile.http.cors import ANY
from openprofile.http.exchange import Face
from openprofile.http.explain import PATH as EXPLAIN_PATH
from openprofile.http.explain import Explainer
from openprofile.http.faults import Faults, faulty
from openprofile.http.hints import hinted
from openprofile.http.metrics import Readers
from openprofile.http.origin import Origins
from openprofile.http.pages import Addresses, Pages
from openprofile.http.recent import RecentRequests
from openprofile.http.tenants import Tenant, Tenants
from openprofile.identity.flows import Flows
from openprofile.identity.issuer import AUDIENCE, GRAPH_ID, Authority
from openprofile.identity.keys import PublishedKeys
from openprofile.identity.tokens import TokenVerifier, TrustedIssuer
from openprofile.metering import Meter
from openprofile.policy.caller import Caller
from openprofile.policy.federation import Federation
from openprofile.server.assembly import faces, graph_factory, metrics_route
from openprofile.server.stores import embedded_store
from openprofile.settings import IssuerSettings, Limits
from openprofile.state import State
from openprofile.store.base import Store
from openprofile.store.rehearsal import Rehearsal


class StandIn(msgspec.Struct):
    """The parts of a running stand-in; ``clock``, ``authority`` and ``explainer`` are those of the
    first tenant.
    """

    app: App
    authority: Authority
    clock: Clock
    directory: Directory
    store: Store
    explainer: Explainer
    tenants: Tenants
    control: Control
    addresses: Addresses
    """Where it answers: to be told by whoever listens."""


def authority(data: Path, clock: Clock) -> Authority:
    """The local authority whose key is in the data folder; raises BadFile."""
    return Authority(data / "authority", sample.TENANT, clock)


@asynccontextmanager
async def stand_in(
    data: Path,
    *,
    memory: bool = False,
    exposed: bool = False,
    with_sample: bool = True,
    limits: Limits | None = None,
    tenants: Sequence[str] = (),
    repeat_client_requests: bool = False,
    federation: Federation | None = None,
) -> AsyncIterator[StandIn]:
    """The stand-in with its data in the folder ``data``, ready to answer; closed at the end.

    With ``memory`` people and profiles are kept in memory alone. Unless it is ``exposed``, links
    lead to a loopback name whatever Host a request claims. ``with_sample`` puts the sample people
    into the first tenant; there may be more ``tenants`` from the start, whose people do not meet
    unless a ``federation`` says so. Raises SchemaTooNew for a database of a newer program,
    Unavailable for one that cannot be opened.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = embedded_store(data, memory=memory)
    try:
        clock = Clock()
        signer = authority(data, clock)
        believes = _anybody if exposed else is_loopback
        origins = Origins(signer.url, believes=believes, both=True)
        assembly = _Assembly(
            store,
            await store.secret(),
            signer,
            clock,
            origins,
            limits or Limits(),
            federation or Federation(),
            repeat_client_requests=repeat_client_requests,
        )
        known = Tenants(assembly.tenant, signer.tenant)
        for one in tenants:
            known.add(one)
        if with_sample:
            await known.first.state.fill()
        control = Control(known, lambda: running.addresses, believes=believes)
        pages = Pages(known, store, origins, lambda: running.addresses)
        meter = Meter()
        app = App(
            face_over=known.face_over,
            authenticate=known.authenticate,
            store=store,
            clock=known.clock,
            limits=assembly.limits,
            origins=origins,
            allowed_origins=[ANY],
            faces={
                **{path: known.face_at(path) for path in known.first.others},
                **control.faces(),
            },
            routes=[
                *authority_routes(known.authority_face),
                *pages.routes(),
                metrics_route(meter, store, Readers(None, local=True)),
            ],
            meter=meter,
            around_batch=known.around_batch,
            unread=known.unread,
        )
        first, url = known.first, signer.url()
        running = StandIn(
            app=app,
            authority=first.authority,
            clock=first.clock,
            directory=first.directory,
            store=store,
            explainer=first.explainer,
            tenants=known,
            control=control,
            addresses=Addresses(url=url, tls_url=url, ca=data / "ca.pem"),
        )
        yield running
    finally:
        await store.close()


class _Assembly:
    """Puts the parts of each tenant together."""

    def __init__(
        self,
        store: Store,
        token_key: bytes,
        signer: Authority,
        clock: Clock,
        origins: Origins,
        limits: Limits,
        federation: Federation,
        *,
        repeat_client_requests: bool,
    ) -> None:
        """``signer`` and ``clock`` are those of the first tenant."""
        self._store = store
        self._token_key = token_key
        self._signer = signer
        self._clock = clock
        self._origins = origins
        self.limits = limits
        self._federation = federation
        self._repeat_client_requests = repeat_client_requests

    def tenant(self, tenant_id: str) -> Tenant:
        """A tenant; its sample people are not put there yet."""
        clock, signer = self._clock, self._signer
        if tenant_id != signer.tenant:
            clock = Clock()
            signer = signer.of(tenant_id, clock)
        store, directory = self._store, Directory(self._store, clock)
        verifier = _verifier(signer, clock)
        faults, recent = Faults(), RecentRequests(clock)

        async def name(caller: Caller) -> str | None:
            person = await directory.find(tenant_id, caller.person) if caller.person else None
            return person.user.user_principal_name.casefold() if person else None

        def around(face: Face) -> Face:
            return faulty(hinted(face), faults, partial(authenticate, verifier=verifier), name)

        graph_over = graph_factory(self._token_key, clock, self.limits, verifier, self._federation)
        found = faces(
            graph_over,
            store,
            clock,
            self.limits,
            verifier,
            recent=recent,
            around=around,
            repeat_client_requests=self._repeat_client_requests,
        )
        explainer = Explainer(graph_over(cast("Store", Rehearsal(store))), directory)
        return Tenant(
            id=tenant_id,
            clock=clock,
            directory=directory,
            state=State(store, directory, tenant_id, self.limits, clock),
            authority=signer,
            faults=faults,
            recent=recent,
            authority_face=AuthorityFace(
                Flows(signer, clock, partial(directory.find, tenant_id)),
                verifier,
                directory,
                clock,
                self._origins,
                faults,
                recent,
                domain=sample.DOMAIN,
            ),
            authenticate=found.authenticate,
            face=found.face_over(store),
            face_over=found.face_over,
            unread=partial(audited_unread, verifier=verifier, recent=recent),
            around_batch=lambda batches: audited_batch(around(batches), recent),
            explainer=explainer,
            others={**found.others, EXPLAIN_PATH: explainer.answer},
        )


def _verifier(signer: Authority, clock: Clock) -> TokenVerifier:
    """What verifies the tokens of one tenant."""

    async def published() -> bytes:
        return signer.jwks()

    rules = IssuerSettings(audience=[AUDIENCE, GRAPH_ID], tenants=[signer.tenant], clock_skew=0)
    keys = PublishedKeys(published, clock)
    return TokenVerifier([TrustedIssuer(signer.issuers, rules, keys, signer.serves)], clock)


def _anybody(host: str) -> bool:
    return True

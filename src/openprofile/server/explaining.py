"""What explains requests to the service of an organisation, beside it and on the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from openprofile.admission import Admission
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.http.explain import Explainer
from openprofile.identity.tokens import TokenVerifier
from openprofile.policy.federation import Federation
from openprofile.server.assembly import graph_factory
from openprofile.server.issuers import trusted_issuers
from openprofile.server.service import secured
from openprofile.server.stores import look_into_store
from openprofile.settings import Settings
from openprofile.store.base import Store
from openprofile.store.rehearsal import Rehearsal


@asynccontextmanager
async def explaining(settings: Settings, listening: str) -> AsyncIterator[Explainer]:
    """An Explainer of what the service of ``settings`` would answer, which changes nothing there:
    somebody whom their first call would put into the directory is there for it alone.

    Raises what ``service`` raises, and BadSettings for a database that is not there or not ready.
    """
    secured(settings, listening)
    clock = Clock()
    async with (
        trusted_issuers(settings, clock) as issuers,
        look_into_store(settings.database) as there,
    ):
        store = cast("Store", Rehearsal(there, welcomes=True))
        directory = Directory(store, clock)
        admission = Admission(directory, create=settings.create_people)
        verifier = TokenVerifier(issuers, clock, admission)
        federation = Federation(tuple(settings.all_tenants()), settings.trusts())
        graph_over = graph_factory(
            await store.secret(), clock, settings.limits, verifier, federation
        )
        yield Explainer(graph_over(store), directory)

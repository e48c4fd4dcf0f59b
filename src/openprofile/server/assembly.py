"""What the stand-in and the service have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec
from starlette.routing import Route

from openprofile.administration import Administration
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.http.audit import audited
from openprofile.http.auth import authenticate
from openprofile.http.exchange import Face, Request
from openprofile.http.graph import Graph
from openprofile.http.metrics import PATH as METRICS_PATH
from openprofile.http.metrics import Metrics, Readers
from openprofile.http.recent import RecentRequests
from openprofile.http.relations import PATH as RELATIONS_PATH
from openprofile.http.relations import RelationsFace
from openprofile.http.repeatable import Repeatable
from openprofile.identity.tokens import TokenVerifier
from openprofile.metering import Meter, Snapshot
from openprofile.policy.caller import Caller
from openprofile.policy.federation import Federation
from openprofile.profiles import Profiles
from openprofile.relations import Relations
from openprofile.server.sibling import Sibling
from openprofile.settings import Limits
from openprofile.store.base import Store


class Faces(msgspec.Struct, frozen=True):
    """What answers for a store: all of it for its tenants, or in the stand-in for one of them."""

    face_over: Callable[[Store], Face]
    """Makes the Graph API on the store, or on a view of it."""
    authenticate: Callable[[Request], Awaitable[Caller]]
    """Raises for a request without a token that holds."""
    others: Mapping[str, Face]
    """What there is besides the Graph API, by its path."""


def graph_factory(
    token_key: bytes, clock: Clock, limits: Limits, verifier: TokenVerifier, federation: Federation
) -> Callable[[Store], Face]:
    """What makes the Graph API on a store whose ``secret`` is ``token_key``, or a view of it."""

    def graph_over(store: Store) -> Face:
        directory = Directory(store, clock)
        profiles = Profiles(store, directory, clock, federation, limit=limits.items)
        administration = Administration(store, directory, clock)
        return Graph(profiles, directory, administration, verifier, clock, token_key).answer

    return graph_over


def faces(
    graph_over: Callable[[Store], Face],
    store: Store,
    clock: Clock,
    limits: Limits,
    verifier: TokenVerifier,
    *,
    recent: RecentRequests | None = None,
    around: Callable[[Face], Face] = lambda face: face,
    repeat_client_requests: bool = False,
) -> Faces:
    """The faces; every request goes through what ``around`` makes of the one that it is for.

    With ``repeat_client_requests``, a ``client-request-id`` that comes again repeats its request.
    """
    authenticated = partial(authenticate, verifier=verifier)

    def relations_over(store: Store) -> Face:
        relations = Relations(Directory(store, clock), limit=limits.relations)
        return RelationsFace(relations, verifier).answer

    def whole(face_over: Callable[[Store], Face], store: Store) -> Face:
        repeatable = Repeatable(
            face_over, store, authenticated, clock, client_ids=repeat_client_requests
        )
        return audited(around(repeatable.answer), recent)

    return Faces(
        face_over=partial(whole, graph_over),
        authenticate=authenticated,
        others={RELATIONS_PATH: whole(relations_over, store)},
    )


def metrics_route(
    meter: Meter, store: Store, readers: Readers, sibling: Sibling | None = None
) -> Route:
    """Where ``readers`` may read the figures, those of every ``sibling`` where there are several
    processes.
    """
    sibling = sibling or Sibling()

    def figures() -> Snapshot:
        return meter.snapshot(store.figures())

    sibling.tell(figures)
    return Route(METRICS_PATH, Metrics(partial(sibling.gather, figures), readers).__call__)

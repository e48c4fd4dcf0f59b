"""What the stand-in and the service have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from starlette.routing import BaseRoute, Route

from openprofile.administration import Administration
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.http.app import App
from openprofile.http.audit import audited, audited_batch, audited_unread
from openprofile.http.auth import authenticate
from openprofile.http.exchange import Face
from openprofile.http.graph import Graph
from openprofile.http.metrics import PATH as METRICS_PATH
from openprofile.http.metrics import Metrics, Readers
from openprofile.http.origin import Origins
from openprofile.http.recent import RecentRequests
from openprofile.http.relations import PATH as RELATIONS_PATH
from openprofile.http.relations import RelationsFace
from openprofile.http.repeatable import Repeatable
from openprofile.http.throttle import Throttle
from openprofile.identity.tokens import TokenVerifier
from openprofile.metering import Meter, Snapshot
from openprofile.policy.federation import Federation
from openprofile.profiles import Profiles
from openprofile.relations import Relations
from openprofile.server.sibling import Sibling
from openprofile.settings import Capacity, Limits
from openprofile.store.base import Store
from openprofile.tracing import Tracer


async def graph_factory(
    store: Store, clock: Clock, limits: Limits, verifier: TokenVerifier, federation: Federation
) -> Callable[[Store], Face]:
    """What makes the Graph API on a view of ``store``, or on the store itself."""
    token_key = await store.secret()

    def graph_over(store: Store) -> Face:
        directory = Directory(store, clock)
        profiles = Profiles(store, directory, clock, federation, limit=limits.items)
        administration = Administration(store, directory, clock)
        return Graph(profiles, directory, administration, verifier, clock, token_key).answer

    return graph_over


def assemble(
    graph_over: Callable[[Store], Face],
    store: Store,
    clock: Clock,
    limits: Limits,
    verifier: TokenVerifier,
    origins: Origins,
    *,
    allowed_origins: Collection[str],
    recent: RecentRequests | None = None,
    faces: Mapping[str, Face] | None = None,
    routes: Sequence[BaseRoute] = (),
    repeat_client_requests: bool = False,
    capacity: Capacity | None = None,
    readers: Readers,
    sibling: Sibling | None = None,
    tracer: Tracer | None = None,
) -> App:
    """The application; ``faces`` and ``routes`` are what it has besides the Graph API.

    With ``repeat_client_requests``, a ``client-request-id`` that comes again repeats its request.
    ``readers`` may read the figures, those of every ``sibling`` where there are several processes.
    """
    capacity, sibling = capacity or Capacity(), sibling or Sibling()
    meter = Meter(sibling.number)
    authenticated = partial(authenticate, verifier=verifier)

    def relations_over(store: Store) -> Face:
        relations = Relations(Directory(store, clock), limit=limits.relations)
        return RelationsFace(relations, verifier).answer

    def whole(face_over: Callable[[Store], Face], store: Store) -> Face:
        repeatable = Repeatable(
            face_over, store, authenticated, clock, client_ids=repeat_client_requests
        )
        return audited(throttled(repeatable.answer), recent)

    def throttled(face: Face) -> Face:
        return throttle.over(face) if capacity.rate else face

    def figures() -> Snapshot:
        return meter.snapshot(store.figures())

    throttle = Throttle(authenticated, meter, capacity.rate)
    sibling.tell(figures)
    metrics = Metrics(partial(sibling.gather, figures), readers)

    return App(
        face_over=partial(whole, graph_over),
        authenticate=authenticated,
        store=store,
        clock=clock,
        limits=limits,
        origins=origins,
        allowed_origins=allowed_origins,
        faces={RELATIONS_PATH: whole(relations_over, store), **(faces or {})},
        around_batch=partial(audited_batch, recent=recent),
        unread=partial(audited_unread, recent=recent),
        routes=[Route(METRICS_PATH, metrics.__call__), *routes],
        capacity=capacity,
        meter=meter,
        tracer=tracer,
    )

"""Every route, and the order in which a request passes what stands before it.

/beta/$batch       Cors -> Guard -> Batch -> for each request of it, as below
/beta/…  /v1.0/…   Cors -> Guard -> Graph -> authenticate -> use case
everything else    Starlette: health, and in the stand-in the local authority
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from openprofile.clock import Clock, new_id
from openprofile.errors import Fault, MethodNotAllowed, ResourceNotFound
from openprofile.http.batch import Batch
from openprofile.http.cors import Application, Cors
from openprofile.http.exchange import Face, Unread, printable_id, untold
from openprofile.http.exchange import Request as GraphRequest
from openprofile.http.guard import Guard, Receive, Scope, Send
from openprofile.http.health import Readyz, livez
from openprofile.http.metadata import MetadataFace
from openprofile.http.origin import Origins
from openprofile.http.places import Places
from openprofile.http.refusal import Refusals
from openprofile.metering import Meter
from openprofile.model.directory import VERSIONS
from openprofile.settings import Capacity, Limits
from openprofile.store.base import Store
from openprofile.tracing import Tracer

_ROOTS = frozenset(f"/{version}" for version in VERSIONS)
_BELOW = tuple(f"{root}/" for root in _ROOTS)
_BATCHES = frozenset(f"{root}/$batch{slash}" for root in _ROOTS for slash in ("", "/"))


class App:
    """The ASGI application."""

    def __init__(
        self,
        *,
        face_over: Callable[[Store], Face],
        authenticate: Callable[[GraphRequest], Awaitable[object]],
        store: Store,
        clock: Clock,
        limits: Limits,
        origins: Origins,
        allowed_origins: Collection[str] = (),
        faces: Mapping[str, Face] | None = None,
        routes: Sequence[BaseRoute] = (),
        around_batch: Callable[[Face], Face] = lambda face: face,
        unread: Unread = untold,
        capacity: Capacity | None = None,
        meter: Meter | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """``face_over`` makes the Graph API on a store, which is ``store`` itself or a view of it;
        ``authenticate`` raises for a request without a token that holds; ``allowed_origins`` are
        the web pages that may call the API; ``faces`` are what the service has besides the API, by
        their paths; ``routes`` are the others. ``around_batch`` makes of the face of batches what
        they go through; ``unread`` is told of what no face sees; ``meter`` counts what passes, and
        ``tracer`` traces it.
        """
        self.capacity = capacity = capacity or Capacity()
        self.meter = meter = meter or Meter()
        self._metadata = MetadataFace()
        self._refusals = Refusals(clock)
        face = face_over(store)
        refusals = self._refusals
        batch = Batch(face, face_over, store, authenticate, refusals, limits, meter, unread)
        larger = msgspec.structs.replace(limits, body=limits.batch_body)

        places = Places(capacity.requests, meter)

        def guard(face: Face, limits: Limits, operation: str) -> Guard:
            return Guard(
                face,
                self._refusals,
                limits,
                origins,
                meter,
                places,
                operation,
                tracer,
                unread=unread,
            )

        def open_to_pages(application: Application) -> Application:
            return Cors(application, allowed_origins) if allowed_origins else application

        self._graph = open_to_pages(guard(face, limits, "unknown"))
        self._batch = open_to_pages(guard(around_batch(batch.answer), larger, "/$batch"))
        self._edges = Starlette(
            routes=[
                Route("/livez", livez),
                Route("/openapi.json", self._openapi),
                Route("/readyz", Readyz(store).__call__),
                *(Route(path, guard(face, limits, path)) for path, face in (faces or {}).items()),
                *routes,
            ],
            exception_handlers={
                Fault: self._refuse,
                HTTPException: self._refuse,
                Exception: self._refuse,
            },
        )
        # A slash too many is not found: a redirect would lead to whatever Host the request names.
        self._edges.router.redirect_slashes = False

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The routes besides the API."""
        return self._edges.routes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        application: Application = self._edges
        if scope["type"] == "http":
            path = scope["path"]
            if path.startswith(_BELOW) or path in _ROOTS:
                application = self._batch if path in _BATCHES else self._graph
        return application(scope, receive, send)

    async def _openapi(self, _: Request) -> Response:
        return Response(self._metadata.openapi(), media_type="application/json")

    async def _refuse(self, request: Request, error: Exception) -> Response:
        """What is refused or fails at the edges, in the one shape of an error."""
        if isinstance(error, HTTPException) and error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "GET").split(", ")
            error = MethodNotAllowed(request.method, allowed)
        elif isinstance(error, HTTPException) and error.status_code == 404:
            error = ResourceNotFound("There is nothing at this path; the API is below /beta.")
        request_id = new_id()
        client_id = printable_id(request.headers.get("client-request-id"))
        answer = self._refusals.answer(error, request_id, client_id or request_id)
        headers = {**answer.headers, "request-id": request_id}
        if client_id:
            headers["client-request-id"] = client_id
        return Response(answer.body, answer.status, headers)

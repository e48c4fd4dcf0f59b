"""
Every route, and the order in which a request passes what stands before it.

/beta/…  /v1.0/…   Guard -> Graph -> authenticate -> use case
everything else    Starlette: health, and in the stand-in the local authority
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from openprofile.clock import Clock, new_id
from openprofile.errors import Fault, MethodNotAllowed, ResourceNotFound
from openprofile.http.graph import Graph
from openprofile.http.guard import Guard, Receive, Scope, Send
from openprofile.http.health import Readyz, livez
from openprofile.http.metadata import MetadataFace
from openprofile.http.origin import Origins
from openprofile.odata.fault import fault_body
from openprofile.settings import Limits
from openprofile.store.base import Store


class App:
    """The ASGI application."""

    def __init__(
        self,
        *,
        graph: Graph,
        store: Store,
        clock: Clock,
        limits: Limits,
        origins: Origins,
        routes: Sequence[BaseRoute] = (),
    ) -> None:
        """``routes`` are those that only the stand-in has."""
        self._clock = clock
        self._metadata = MetadataFace()
        self._graph = Guard(graph.answer, clock, limits, origins)
        self._edges = Starlette(
            routes=[
                Route("/livez", livez),
                Route("/openapi.json", self._openapi),
                Route("/readyz", Readyz(store).__call__),
                *routes,
            ],
            exception_handlers={HTTPException: self._refuse},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_graph(scope["path"]):
            await self._graph(scope, receive, send)
        else:
            await self._edges(scope, receive, send)

    async def _openapi(self, _: Request) -> Response:
        return Response(self._metadata.openapi(), media_type="application/json")

    async def _refuse(self, request: Request, error: Exception) -> Response:
        """What Starlette refuses, in the one shape of an error."""
        assert isinstance(error, HTTPException)
        fault: Fault
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "GET").split(", ")
            fault = MethodNotAllowed(request.method, allowed)
        else:
            fault = ResourceNotFound("There is nothing at this path; the API is below /beta.")
        request_id = new_id()
        body = fault_body(
            fault,
            ticks=self._clock.ticks(),
            request_id=request_id,
            client_request_id=request_id,
        )
        headers = {**fault.headers, "request-id": request_id}
        return Response(body, fault.status, headers, media_type="application/json")


def _is_graph(path: str) -> bool:
    return path.startswith(("/beta/", "/v1.0/")) or path in ("/beta", "/v1.0")

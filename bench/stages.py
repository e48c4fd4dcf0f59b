"""Where the time of one request goes: its stages, timed inside the process, without a network.

Each stage is a function that is called through a clock; what a stage calls that is a stage itself
is not counted twice. The clock's own time, about a quarter of a microsecond a call, is in it.
"""

from __future__ import annotations

import asyncio
import inspect
import statistics
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from urllib.parse import unquote

from openprofile.http import facets, graph, guard, query
from openprofile.http.repeatable import Repeatable
from openprofile.identity.tokens import TokenVerifier
from openprofile.profiles import Profiles
from openprofile.server.service import service
from openprofile.settings import Settings
from openprofile.store.sqlite import SqliteStore

_STAGES: tuple[tuple[str, Any, str], ...] = (
    ("guard: ids, headers, origin, limits", guard.Guard, "__call__"),
    ("answer to the connection", guard, "_told"),
    ("answer to the connection", guard, "_send"),
    ("log line", guard, "answered"),
    ("metrics, repeated requests", guard.Meter, "answered"),
    ("metrics, repeated requests", Repeatable, "answer"),
    ("the face: which one, and itself", graph.Graph, "answer"),
    ("token to caller", TokenVerifier, "verify"),
    ("path to target", graph, "parse"),
    ("path to target", graph, "bind"),
    ("query options to plan", facets, "prepare"),
    ("query options to plan", query, "prepare"),
    ("permission, owner, relations", Profiles, "reading"),
    ("items: audiences", Profiles, "get"),
    ("items: audiences", Profiles, "items"),
    ("SQLite", SqliteStore, "_rows"),
    ("filter, order, page", facets, "items_page"),
    ("items to entries", facets, "value_of"),
    ("answer's text", facets, "item_body"),
    ("answer's text", facets, "collection_body"),
)
_AROUND = "around the guard: routes, CORS"


class Stages:
    """Clocks around functions; ``spent`` is seconds by stage since the last reset."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner: list[float] = []

    def install(self) -> None:
        """Put a clock around every stage."""
        for name, owner, attribute in _STAGES:
            setattr(owner, attribute, self._clocked(name, getattr(owner, attribute)))

    def enter(self) -> float:
        self._inner.append(0.0)
        return time.perf_counter()

    def leave(self, name: str, began: float) -> None:
        took = time.perf_counter() - began
        inner = self._inner.pop()
        self.spent[name] = self.spent.get(name, 0.0) + took - inner
        if self._inner:
            self._inner[-1] += took

    def _clocked(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(call):

            @wraps(call)
            async def clocked(*given: Any, **named: Any) -> Any:
                began = self.enter()
                try:
                    return await call(*given, **named)
                finally:
                    self.leave(name, began)

            return clocked

        @wraps(call)
        def clocked_at_once(*given: Any, **named: Any) -> Any:
            began = self.enter()
            try:
                return call(*given, **named)
            finally:
                self.leave(name, began)

        return clocked_at_once


async def measure(
    settings: Settings, requests: dict[str, Sequence[bytes]], *, rounds: int
) -> dict[str, dict[str, float]]:
    """Microseconds of each stage by operation: medians of single requests."""
    stages = Stages()
    stages.install()
    found = {}
    async with service(settings, "http://127.0.0.1") as app:
        for name, raw in requests.items():
            scopes = [_scope(each) for each in raw]
            taken: list[dict[str, float]] = []
            for scope in scopes * (rounds + 1):
                stages.spent = {}
                began = stages.enter()
                await app(dict(scope), _receive, _send)
                stages.leave(_AROUND, began)
                taken.append(stages.spent)
                await asyncio.sleep(0)
            measured = taken[len(scopes) :]
            found[name] = {
                stage: statistics.median(spent[stage] for spent in measured) * 1e6
                for stage in measured[0]
            }
    return found


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: dict[str, Any]) -> None:
    assert message.get("status", 200) == 200


def _scope(raw: bytes) -> dict[str, Any]:
    """The ASGI scope of a request without a body."""
    first, *lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    method, target, _ = first.split(b" ")
    path, _, query_string = target.partition(b"?")
    headers = [line.partition(b": ")[::2] for line in lines]
    return {
        "type": "http",
        "method": method.decode(),
        "scheme": "http",
        "path": unquote(path.decode()),
        "raw_path": path,
        "query_string": query_string,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

"""``/metrics``: the figures of all processes of this service, as Prometheus reads them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from openprofile.errors import InvalidAuthenticationToken, ResourceNotFound
from openprofile.hosts import is_loopback
from openprofile.metering import Histogram, Snapshot

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PATH = "/metrics"
Gather = Callable[[], Awaitable[Sequence[Snapshot]]]
"""Asks every process for its figures."""


class Readers:
    """Who may read the figures: whoever has the token; without one, this machine, or nobody."""

    def __init__(self, token: str | None, *, local: bool) -> None:
        """``local`` tells that without a token, requests from this machine are let in. A proxy on
        it would make everybody's look so: not where there may be one.
        """
        self._token = token
        self._local = local

    def require(self, request: Request) -> None:
        """Raise InvalidAuthenticationToken or, where no token would help, ResourceNotFound for
        anybody else.
        """
        if self._token is not None:
            scheme, _, sent = request.headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(sent.strip().encode(), self._token.encode())
            if scheme.lower() != "bearer" or not right:
                raise InvalidAuthenticationToken(
                    "The figures are read with the token of the setting metrics_token.",
                    headers={"WWW-Authenticate": 'Bearer realm=""'},
                )
            return
        peer = request.client.host if request.client else ""
        if not self._local or not is_loopback(peer) or not is_loopback(request.url.hostname or ""):
            raise ResourceNotFound(
                "There are no figures to be read here: set OPENPROFILE_METRICS_TOKEN."
            )


class Metrics:
    """Answers PATH."""

    def __init__(self, gather: Gather, readers: Readers) -> None:
        self._gather = gather
        self._readers = readers

    async def __call__(self, request: Request) -> Response:
        self._readers.require(request)
        # In a thread: nobody waits for a long page, or for the library to load the first time.
        content_type, body = await asyncio.to_thread(_written, await self._gather())
        return Response(body, headers={"Content-Type": content_type})


def _written(snapshots: Sequence[Snapshot]) -> tuple[str, bytes]:
    # Only here: most starts are not asked.
    from prometheus_client import (  # noqa: PLC0415
        CONTENT_TYPE_LATEST,
        CollectorRegistry,
        generate_latest,
    )

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(snapshots))
    return CONTENT_TYPE_LATEST, generate_latest(registry)


class _Collected:
    """Figures as a collector gives them; each process is a series of its own, so that one that
    starts anew is seen to have.
    """

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        durations = HistogramMetricFamily(
            "openprofile_request_duration_seconds",
            "Requests, those of a batch among them, from their head to their answer.",
            labels=("worker", "operation", "method", "status"),
        )
        shed = CounterMetricFamily(
            "openprofile_requests_shed",
            "Requests that were turned away because there was too much of something.",
            labels=("worker", "reason"),
        )
        commits = HistogramMetricFamily(
            "openprofile_store_commit_writes",
            "Writes that one commit carried.",
            labels=("worker",),
        )
        for one in self._snapshots:
            worker = str(one.worker)
            for each in one.traffic:
                durations.add_metric(
                    (worker, each.operation, each.method, str(each.status)),
                    *_buckets(each.seconds),
                )
            for reason, count in one.shed.items():
                shed.add_metric((worker, reason), count)
            commits.add_metric((worker,), *_buckets(one.store.groups))
        yield durations
        yield shed
        yield commits
        for name, sentence, read in _GAUGES:
            gauge = GaugeMetricFamily(name, sentence, labels=("worker",))
            for one in self._snapshots:
                value = read(one)
                if value is not None:
                    gauge.add_metric((str(one.worker),), value)
            yield gauge
        for name, sentence, read in _COUNTERS:
            counter = CounterMetricFamily(name, sentence, labels=("worker",))
            for one in self._snapshots:
                counter.add_metric((str(one.worker),), read(one) or 0)
            yield counter


_Read = Callable[[Snapshot], float | None]
_GAUGES: tuple[tuple[str, str, _Read], ...] = (
    ("openprofile_requests_in_flight", "Requests being answered.", lambda one: one.in_flight),
    ("openprofile_body_bytes", "Larger bodies that are held.", lambda one: one.held),
    ("openprofile_connections", "Open connections of clients.", lambda one: one.connections),
    (
        "openprofile_store_writes_waiting",
        "Writes in the queue of the store.",
        lambda one: one.store.waiting,
    ),
    (
        "openprofile_store_reads_waiting",
        "Reads that wait for a connection to the database.",
        lambda one: one.store.waiting_reads,
    ),
    (
        "openprofile_store_connections",
        "Open connections to the database.",
        lambda one: one.store.connections,
    ),
    ("process_start_time_seconds", "Start of the process.", lambda one: one.started),
    ("process_resident_memory_bytes", "Memory of the process.", lambda one: one.resident_bytes),
    ("process_open_fds", "Open files of the process.", lambda one: one.open_files),
)
_COUNTERS: tuple[tuple[str, str, _Read], ...] = (
    (
        "openprofile_store_connects",
        "Connections to the database that were opened.",
        lambda one: one.store.connects,
    ),
    ("process_cpu_seconds", "Time on a processor.", lambda one: one.cpu_seconds),
)


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    total, found = 0, []
    bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
    for bound, count in zip(bounds, histogram.counts, strict=True):
        total += count
        found.append((bound, float(total)))
    return found, histogram.sum

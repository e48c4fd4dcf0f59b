"""The figures of one process: what it counts as it goes, and what it tells when asked."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

import msgspec

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds that durations are counted between."""
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""The bounds that sizes of groups are counted between."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class Histogram(msgspec.Struct):
    """How many values lie up to each of some bounds, and their sum."""

    bounds: tuple[float, ...]
    counts: list[int] = []
    """One more than the bounds: the last is of those beyond."""
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def copy(self) -> Histogram:
        """What it is now, which does not change any more."""
        return Histogram(self.bounds, self.counts.copy(), self.sum)


class Traffic(msgspec.Struct, frozen=True):
    """The requests of one kind that ended with one status."""

    operation: str
    method: str
    status: int
    seconds: Histogram


class StoreFigures(msgspec.Struct):
    """What a store counts since it was opened."""

    waiting: int = 0
    """Writes that wait for their turn or for the disk."""
    groups: Histogram = msgspec.field(default_factory=lambda: Histogram(SIZES))
    """The writes that each commit carried."""
    connections: int | None = None
    """Open connections to the database; None where there are none to speak of."""
    connects: int = 0
    """Connections that were opened."""
    waiting_reads: int = 0
    """Reads that wait for a connection."""


class Snapshot(msgspec.Struct):
    """The figures of one process at one moment."""

    worker: int
    traffic: list[Traffic]
    in_flight: int
    held: int
    shed: dict[str, int]
    connections: int
    store: StoreFigures
    started: float
    """Seconds since 1970."""
    cpu_seconds: float
    resident_bytes: int | None
    open_files: int | None


class Meter:
    """Counts the requests of this process."""

    def __init__(self, worker: int = 0) -> None:
        self._worker = worker
        self._started = time.time()
        self._seconds: dict[tuple[str, str, int], Histogram] = {}
        self.in_flight = 0
        """Requests that are being answered."""
        self.held = 0
        """Bytes of larger bodies that are held."""
        self.shed: dict[str, int] = {}
        """Requests that were turned away, by what there was too much of."""
        self.connections: Callable[[], int] = lambda: 0
        """How many connections are open."""

    def answered(self, operation: str, method: str, status: int, seconds: float) -> None:
        """Count a request; ``operation`` is one of a bounded number."""
        key = (operation, method, status)
        histogram = self._seconds.get(key)
        if histogram is None:
            if method not in _METHODS:
                key = (operation, "other", status)
            histogram = self._seconds.setdefault(key, Histogram(SECONDS))
        histogram.add(seconds)

    def turned_away(self, reason: str) -> None:
        """Count a request that there was too much of something for."""
        self.shed[reason] = self.shed.get(reason, 0) + 1

    def snapshot(self, store: StoreFigures) -> Snapshot:
        """The figures of this moment, with those of the store."""
        return Snapshot(
            worker=self._worker,
            traffic=[
                Traffic(operation, method, status, seconds.copy())
                for (operation, method, status), seconds in self._seconds.items()
            ],
            in_flight=self.in_flight,
            held=self.held,
            shed=self.shed.copy(),
            connections=self.connections(),
            store=store,
            started=self._started,
            cpu_seconds=time.process_time(),
            resident_bytes=_resident(),
            open_files=_open_files(),
        )


def _resident() -> int | None:
    """Bytes of memory that the process has, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int | None:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return None

"""How many requests are answered at once: whoever comes when all places are taken waits a little.

To turn away at once would cost a busy service more than it saves: a client that is told to come
back does so, and most do so sooner than they are told.
"""

from __future__ import annotations

import asyncio
from collections import deque

from openprofile.errors import ServiceUnavailable
from openprofile.metering import Meter

PATIENCE = 1.0
"""Seconds that a request waits for a place."""


class Places:
    """The places of one process; each that is taken must be left."""

    def __init__(self, most: int, meter: Meter) -> None:
        self._most = most
        self._meter = meter
        self._waiting: deque[asyncio.Future[None]] = deque()

    def taken(self) -> bool:
        """Take a place, if there is one at once."""
        if self._meter.in_flight < self._most:
            self._meter.in_flight += 1
            return True
        return False

    async def wait(self) -> None:
        """Return with a place; raises ServiceUnavailable if none has become free in time."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait((turn,), timeout=PATIENCE)
        except asyncio.CancelledError:
            if not turn.cancel():
                self.leave()
            raise
        if turn.cancel():
            self._meter.turned_away("requests")
            raise ServiceUnavailable(
                f"The service is busy: it answers {self._most} requests at once, and none of them "
                "has ended in time."
            )

    def leave(self) -> None:
        """Give the place to whoever waits the longest, or free it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._meter.in_flight -= 1

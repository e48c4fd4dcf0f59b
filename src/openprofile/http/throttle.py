"""How often one caller may ask: a bucket of tokens for each, which fills as time passes."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable

from openprofile.errors import TooManyRequests
from openprofile.http.exchange import Answer, Face, Request
from openprofile.metering import Meter
from openprofile.policy.caller import Caller

BURST = 10
"""Seconds' worth of requests that a caller who has been quiet may make at once."""
MOST_CALLERS = 10_000
"""Callers whose buckets are kept: those who asked last. A bucket that is made anew is full."""

_Who = tuple[str, str | None, str | None]


class Throttle:
    """Lets ``rate`` requests a second of each caller through to a face, on average."""

    def __init__(
        self,
        authenticate: Callable[[Request], Awaitable[Caller]],
        meter: Meter,
        rate: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticate = authenticate
        self._meter = meter
        self._rate = rate
        self._now = now
        self._buckets: dict[_Who, tuple[float, float]] = {}
        """Who has how many tokens since when; whoever asked last is last."""

    def over(self, face: Face) -> Face:
        """The face for callers who do not ask too often; raises TooManyRequests for the others."""

        async def answer(request: Request) -> Answer:
            caller = await self._authenticate(request)
            self._take((caller.tenant, caller.person, caller.application))
            return await face(request)

        return answer

    def _take(self, who: _Who) -> None:
        now, most = self._now(), float(self._rate * BURST)
        tokens, since = self._buckets.pop(who, (most, now))
        tokens = min(most, tokens + (now - since) * self._rate)
        allowed = tokens >= 1
        self._buckets[who] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MOST_CALLERS:
            del self._buckets[next(iter(self._buckets))]
        if not allowed:
            self._meter.turned_away("rate")
            raise TooManyRequests(
                f"You make more than {self._rate} requests a second.",
                retry_after=math.ceil((1 - tokens) / self._rate),
            )

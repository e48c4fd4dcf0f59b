"""The time and fresh ids: the only place that asks the machine for either."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import count

TICKS_PER_SECOND = 10_000_000
"""A tick is 100 nanoseconds, the finest step that an Edm.DateTimeOffset of Graph shows."""


class Clock:
    """The current time, which can be held still and moved by hand."""

    def __init__(self) -> None:
        self._held: int | None = None
        self._ahead = 0
        """Ticks by which it runs ahead of the machine's."""
        self._place = -1

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._held is not None

    def ticks(self) -> int:
        """100-nanosecond ticks since 1970-01-01T00:00:00Z."""
        return self._held if self._held is not None else time.time_ns() // 100 + self._ahead

    def seconds(self) -> int:
        """Whole seconds since 1970-01-01T00:00:00Z, as the claims of a token count them."""
        return self.ticks() // TICKS_PER_SECOND

    def place(self) -> int:
        """Ticks by which what happens at one moment keeps its order, also while the clock stands
        still.
        """
        now = self.ticks()
        behind = now <= self._place < now + TICKS_PER_SECOND
        self._place = self._place + 1 if behind else now
        return self._place

    def freeze(self, at: int | None = None) -> None:
        """Hold the clock at ``at`` ticks, or where it stands."""
        self._held = self.ticks() if at is None else at

    def run(self, at: int | None = None) -> None:
        """Let the clock run on from ``at`` ticks, or from where it stands."""
        self._ahead = (self.ticks() if at is None else at) - time.time_ns() // 100
        self._held = None

    def advance(self, seconds: float) -> None:
        """Put the clock ``seconds`` later than it stands; it runs on if it ran."""
        move = self.freeze if self.frozen else self.run
        move(self.ticks() + round(seconds * TICKS_PER_SECOND))

    def thaw(self) -> None:
        """Let the clock run with the machine's again."""
        self._held, self._ahead = None, 0


def date_time_offset(ticks: int) -> str:
    """``ticks`` as Graph prints an Edm.DateTimeOffset: ``2020-07-06T06:34:12.2294868Z``."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    return f"{_to_the_second(seconds)}.{fraction:07d}Z"


@lru_cache(maxsize=64)  # most that is asked for is of the current second
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def ticks_of(text: str) -> int:
    """The ticks of a valid Edm.DateTimeOffset, which ``date_time_offset`` is the inverse of."""
    found = _FRACTION.search(text)
    fraction = found[0] if found else ""
    moment = datetime.fromisoformat(text.replace(fraction, "", 1) if fraction else text)
    since = moment - _EPOCH
    seconds = since.days * 24 * 3600 + since.seconds
    return seconds * TICKS_PER_SECOND + int(fraction[1:].ljust(7, "0") or 0)


_EPOCH = datetime.fromtimestamp(0, UTC)
_FRACTION = re.compile(r"\.\d+")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_id(text: str) -> bool:
    """Whether ``text`` is a GUID in its canonical form: one that a client may choose."""
    return _ID.fullmatch(text) is not None


def new_id() -> str:
    """A fresh random GUID, of version 4 (RFC 9562), in its canonical text form."""
    return _guid(random_bytes().hex(), version=4)


def new_ordered_id() -> str:
    """A fresh GUID of version 7 (RFC 9562): milliseconds since 1970 and 74 random bits, so that
    what is made later mostly comes behind in the order of ids, and still cannot be guessed.
    """
    milliseconds = time.time_ns() // 1_000_000
    return _guid(f"{milliseconds:012x}{random_bytes().hex()[12:]}", version=7)


def _guid(digits: str, version: int) -> str:
    """A GUID of 32 hexadecimal digits, of which the version's and the variant's are set."""
    return (
        f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )


def new_request_id() -> str:
    """A GUID for a request, which no other has: random to this process, and counted from there.

    It is no secret, and takes a third of the time of ``new_id``.
    """
    return f"{_process()}{next(_requests):012x}"


@cache
def _process() -> str:
    return new_id()[:-12]


_requests = count()


def random_bytes() -> bytes:
    """16 random bytes, fit for secrets.

    The system is asked for many at a time: asking takes a while, and lets another thread go first.
    """
    while True:
        try:
            return _random.pop()
        except IndexError:
            found = os.urandom(4096)
            _random.extend(found[place : place + 16] for place in range(0, len(found), 16))


_random: deque[bytes] = deque()
if hasattr(os, "register_at_fork"):
    # nobody else may have the same
    os.register_at_fork(after_in_child=_random.clear)
    os.register_at_fork(after_in_child=_process.cache_clear)

_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}

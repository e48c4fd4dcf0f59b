"""The log of recent requests, which the stand-in shows to whoever asks."""

from __future__ import annotations

from collections import deque
from typing import Any
from urllib.parse import unquote

import msgspec

from openprofile.clock import Clock, date_time_offset
from openprofile.http.account import Account
from openprofile.policy.decision import Decision, Trail

KEPT = 200
"""How many requests are kept: the newest."""
LONGEST_MESSAGE = 1000
"""Characters of an error's message that the log of requests keeps."""


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of a request besides its account."""

    time: str
    query: str
    permissions: list[str]
    """The scopes or roles of the token."""
    decisions: list[Decision]
    message: str | None
    """What the client was told of its fault."""
    planned: list[str]
    hints: list[str]


class RecentRequests:
    """The newest requests, in memory alone; there are no bodies and no tokens in it, but what the
    answer said of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[tuple[Account, _Entry]] = deque(maxlen=KEPT)

    def add(self, account: Account, query: str, trail: Trail, message: str | None) -> None:
        """Keep one more; of the URL's ``query`` the system options alone, of the ``message`` that
        a fault came with the beginning.
        """
        entry = _Entry(
            time=date_time_offset(self._clock.ticks()),
            query=_options(query),
            permissions=sorted(trail.caller.permissions) if trail.caller else [],
            decisions=trail.decisions,
            message=message and message[:LONGEST_MESSAGE],
            planned=trail.planned,
            hints=trail.hints,
        )
        self._entries.append((account, entry))

    def clear(self) -> None:
        """Forget them."""
        self._entries.clear()

    def told(self) -> list[dict[str, Any]]:
        """The newest first, each with the members of its account."""
        return [
            msgspec.to_builtins(account) | msgspec.to_builtins(entry)
            for account, entry in reversed(self._entries)
        ]


def _options(query: str) -> str:
    """The system query options of a query: anything else might be a secret."""
    return "&".join(part for part in query.split("&") if unquote(part).startswith("$"))

"""What waits for its other half: values kept a short while under names nobody can guess."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

from openprofile.clock import Clock

T = TypeVar("T")

KEPT = 1000
"""Values that are kept; the oldest gives way."""


class Pending(Generic[T]):
    """Values under fresh names, each until it is taken or ``seconds`` have passed."""

    def __init__(
        self, clock: Clock, seconds: int, name: Callable[[], str] = secrets.token_urlsafe
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._name = name
        self._kept: dict[str, tuple[int, T]] = {}

    def put(self, value: T) -> str:
        """Keep ``value`` and return the name it is found by."""
        if len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        name = self._name()
        self._kept[name] = (self._clock.seconds() + self._seconds, value)
        return name

    def get(self, name: str) -> T | None:
        """The value, which stays; None if there is none (any more)."""
        until, value = self._kept.get(name, (0, None))
        return value if self._clock.seconds() < until else None

    def take(self, name: str) -> T | None:
        """The value, which nobody else gets."""
        value = self.get(name)
        self._kept.pop(name, None)
        return value

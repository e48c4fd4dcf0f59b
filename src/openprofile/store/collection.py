"""A collection that many requests read: what follows from its items is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar, cast

from openprofile.store.base import Record

T = TypeVar("T")

_MOST = 8
"""What is kept of one collection at most; usual are four: who sees it, how large it is, how it
stands in an answer."""


class Collection(list[Record]):
    """All items of a facet of one person, oldest first, as they were at one time; handed out as a
    Sequence, since others have the same one.
    """

    __slots__ = ("_derived",)

    def __init__(self, records: Iterable[Record]) -> None:
        super().__init__(records)
        self._derived: dict[Hashable, Any] = {}

    def derived(self, name: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes of the items, and of nothing that ``name`` does not tell; it is
        handed to everybody who asks, and nobody may change it.
        """
        try:
            return cast("T", self._derived[name])
        except KeyError:
            made = make()
        if len(self._derived) < _MOST:
            self._derived[name] = made
        return made

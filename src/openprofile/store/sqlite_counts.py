"""How many items each collection holds, counted once for as long as nobody else writes."""

from __future__ import annotations

import sqlite3

from openprofile.store.base import Key, Missing

KEPT = 10_000
"""Collections whose numbers are kept at most."""

_COUNT = (
    "SELECT count(*), EXISTS (SELECT 1 FROM person WHERE tenant = ?1 AND id = ?2)"
    " FROM item WHERE tenant = ?1 AND owner = ?2 AND facet = ?3"
)
STATE = "PRAGMA data_version"
"""Another number after each commit of another connection (https://sqlite.org/pragma.html)."""


class Counts:
    """The numbers of the one connection that a process writes by.

    To count walks the whole collection. Whoever changes it tells ``add``, and what changes more
    than single items, or is taken back, has to ``forget``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._state: int | None = None
        self._held: dict[tuple[str, str, str], int] = {}

    def begin(self) -> bool:
        """Forget what others may have changed; in a transaction that keeps them from writing.

        Returns whether nobody else has written since the last one.
        """
        (state,) = self._connection.execute(STATE).fetchone()
        alone = bool(state == self._state)
        if not alone:
            self._state = state
            self._held.clear()
        return alone

    def forget(self) -> None:
        """Count again from now on."""
        self._held.clear()

    def of(self, key: Key) -> int:
        """How many items there are beside ``key``, whether or not it is one of them; raises
        Missing if their owner is no person of the directory.
        """
        where = (key.tenant, key.owner, key.facet)
        held = self._held.get(where)
        if held is not None:
            return held
        count, has_owner = self._connection.execute(_COUNT, where).fetchone()
        if not has_owner:
            raise Missing(key.owner)
        if len(self._held) >= KEPT:
            del self._held[next(iter(self._held))]
        self._held[where] = count
        return int(count)

    def add(self, key: Key, number: int) -> None:
        """Note that so many items came to where ``key`` lies."""
        where = (key.tenant, key.owner, key.facet)
        if where in self._held:
            self._held[where] += number

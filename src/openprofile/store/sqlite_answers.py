"""The answers that are kept for repeated requests, in SQLite: statements and changes."""

from __future__ import annotations

import sqlite3

from openprofile.store.base import Conflict, Remember

REMEMBERED = "SELECT text, expires FROM answer WHERE tenant = ? AND caller = ? AND id = ?"
_REMEMBER = (
    "INSERT INTO answer (tenant, caller, id, owner, text, expires) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (tenant, caller, id) DO UPDATE"
    " SET owner = excluded.owner, text = excluded.text, expires = excluded.expires"
    " WHERE expires <= ?"
)
# More than one goes for each that comes, so they do not gather, and few enough that nobody waits.
_FORGET = (
    "DELETE FROM answer WHERE (tenant, caller, id) IN (SELECT tenant, caller, id FROM answer"
    " WHERE tenant = ? AND expires <= ? ORDER BY expires LIMIT 4)"
)


def remember(connection: sqlite3.Connection, change: Remember) -> None:
    """Carry out a Remember in the transaction that is open, as the Store promises it."""
    tenant, now = change.tenant, change.now
    connection.execute(_FORGET, (tenant, now))
    place = (tenant, change.caller, change.id)
    parameters = (*place, change.owner, change.text, change.expires, now)
    if connection.execute(_REMEMBER, parameters).rowcount == 0:
        raise Conflict(f"the answer to {change.id} is kept already")

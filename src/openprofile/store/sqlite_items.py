"""The items of profiles in SQLite: their statements, and their changes carried out."""

from __future__ import annotations

import sqlite3
from itertools import starmap
from operator import itemgetter
from typing import Any, TypeAlias

from openprofile.store.base import (
    Conflict,
    Delete,
    Full,
    Insert,
    Key,
    Missing,
    PutItem,
    Record,
    Update,
    next_version,
)
from openprofile.store.sqlite_counts import Counts

_CREATED, _FACET, _RECORD = itemgetter(3), itemgetter(4), itemgetter(slice(4))

Change: TypeAlias = Insert | PutItem | Update | Delete
OF_ITEMS = (Insert, PutItem, Update, Delete)
"""The changes of one item: each writes by one statement."""

GET = (
    "SELECT id, version, text, created FROM item"
    " WHERE tenant = ? AND owner = ? AND facet = ? AND id = ?"
)
LIST = (
    "SELECT id, version, text, created FROM item WHERE tenant = ? AND owner = ? AND facet = ?"
    " ORDER BY id"
)
OWNED = (
    "SELECT id, version, text, created, facet FROM item WHERE tenant = ? AND owner = ?"
    " ORDER BY facet, id"
)
_INSERT = (
    "INSERT INTO item (tenant, owner, facet, id, version, created, text)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_PUT = _INSERT.replace("INSERT", "INSERT OR REPLACE", 1)
_UPDATE = (
    "UPDATE item SET version = ?, text = ? WHERE tenant = ? AND owner = ? AND facet = ? AND id = ?"
)
_DELETE = "DELETE FROM item WHERE tenant = ? AND owner = ? AND facet = ? AND id = ?"


def apply(connection: sqlite3.Connection, counts: Counts, change: Change) -> Record | None:
    """Carry out one change in the transaction that is open, as the Store promises it; one that
    fails leaves nothing behind.
    """
    match change:
        case Insert():
            return _insert(connection, counts, change)
        case PutItem():
            return _put(connection, counts, change)
        case Update(key, revise):
            before = _existing(connection, key)
            text = revise(before)
            version = next_version(before.version, text)
            connection.execute(_UPDATE, (version, text, *place(key)))
            return Record(key.id, version, text, before.created)
        case Delete(key, check):
            check(_existing(connection, key))
            connection.execute(_DELETE, place(key))
            counts.add(key, -1)
            return None


def oldest_first(rows: list[tuple[Any, ...]]) -> list[Record]:
    """The rows of LIST in the order of a collection.

    They come in that of their key, which SQLite has them in, and stay in it where they are of the
    same time: to sort here takes less than for SQLite to copy what it sorts.
    """
    rows.sort(key=_CREATED)
    return list(starmap(Record, rows))


def facet_by_facet(rows: list[tuple[Any, ...]]) -> list[tuple[str, Record]]:
    """The rows of OWNED, likewise, with their facets."""
    rows.sort(key=_CREATED)
    rows.sort(key=_FACET)
    records = starmap(Record, map(_RECORD, rows))
    return list(zip(map(_FACET, rows), records, strict=True))


def place(key: Key) -> tuple[str, str, str, str]:
    """The parameters of a statement on one item."""
    return (key.tenant, key.owner, key.facet, key.id)


def _insert(connection: sqlite3.Connection, counts: Counts, change: Insert) -> Record:
    key, version = change.key, change.version
    _require_room(counts, key, change.limit)
    try:
        connection.execute(_INSERT, (*place(key), version, change.created, change.text))
    except sqlite3.IntegrityError as error:
        raise Conflict(f"{key.id} is taken") from error
    counts.add(key, 1)
    return Record(key.id, version, change.text, change.created)


def _put(connection: sqlite3.Connection, counts: Counts, change: PutItem) -> Record:
    key = change.key
    row = connection.execute(GET, place(key)).fetchone()
    before = Record(*row) if row else None
    if before is None:
        _require_room(counts, key, change.limit)
    record = change.make(before)
    if record is not before:
        parameters = (*place(key), record.version, record.created, record.text)
        connection.execute(_PUT, parameters)
        if before is None:
            counts.add(key, 1)
    return record


def _require_room(counts: Counts, key: Key, limit: int) -> None:
    count = counts.of(key)
    if count >= limit:
        raise Full(f"{key.facet} holds {count} items")


def _existing(connection: sqlite3.Connection, key: Key) -> Record:
    row = connection.execute(GET, place(key)).fetchone()
    if row is None:
        raise Missing(key.id)
    return Record(*row)

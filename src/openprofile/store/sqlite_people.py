"""The directory in SQLite: its statements, and its changes carried out on a connection."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import TypeAlias

from openprofile.store.base import (
    Conflict,
    DeletePerson,
    Join,
    Kind,
    Leave,
    Missing,
    PutGroup,
    PutPerson,
    Record,
    Span,
    Term,
    UpdatePerson,
    new_version,
)

Change: TypeAlias = PutPerson | UpdatePerson | DeletePerson | PutGroup | Join | Leave

PERSON = "SELECT id, version, text FROM person WHERE tenant = ? AND id = ?"
PERSON_BY_NAME = "SELECT id, version, text FROM person WHERE tenant = ? AND name = ?"
GROUP = "SELECT id, version, text FROM person_group WHERE tenant = ? AND id = ?"
OBJECTS = {
    "user": "SELECT id, version, text FROM person WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?",
    "group": (
        "SELECT id, version, text FROM person_group WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?"
    ),
}
NEXT_TENANT = (
    "SELECT min(tenant) FROM (SELECT min(tenant) AS tenant FROM person WHERE tenant > ?"
    " UNION ALL SELECT min(tenant) FROM person_group WHERE tenant > ?"
    " UNION ALL SELECT min(tenant) FROM item WHERE tenant > ?)"
)
SHARE_GROUP = (
    "SELECT 1 FROM membership AS one JOIN membership AS other"
    " ON other.tenant = one.tenant AND other.person_group = one.person_group"
    " WHERE one.tenant = ? AND one.person = ? AND other.person = ? LIMIT 1"
)
DEPARTED = "SELECT at FROM departure WHERE tenant = ? AND mark = ?"
COUNT_ENTRIES = (
    "SELECT count(*) FROM term"
    " WHERE tenant = ? AND kind = ? AND property = ? AND value >= ? AND value <= ?"
)
RELATED = {
    "members": (
        "SELECT person.id, version, text FROM membership JOIN person"
        " ON person.tenant = membership.tenant AND person.id = membership.person"
        " WHERE membership.tenant = ? AND person_group = ? AND membership.person > ?"
        " ORDER BY membership.person LIMIT ?"
    ),
    "memberOf": (
        "SELECT person_group.id, version, text FROM membership JOIN person_group"
        " ON person_group.tenant = membership.tenant"
        " AND person_group.id = membership.person_group"
        " WHERE membership.tenant = ? AND person = ? AND membership.person_group > ?"
        " ORDER BY membership.person_group LIMIT ?"
    ),
}
COUNT_RELATED = {
    "members": "SELECT count(*) FROM membership WHERE tenant = ? AND person_group = ?",
    "memberOf": "SELECT count(*) FROM membership WHERE tenant = ? AND person = ?",
}

_TABLE = {"user": "person", "group": "person_group"}
# CROSS JOIN has SQLite read the terms first, in their order; the planner would do so anyway.
_ENTRIES = {
    (kind, descending): (
        f"SELECT term.value, object.id, version, text FROM term CROSS JOIN {table} AS object"  # noqa: S608  the names are above
        " ON object.tenant = term.tenant AND object.id = term.id"
        " WHERE term.tenant = ? AND kind = ? AND property = ?"
        f" AND (term.value, term.id) {'<' if descending else '>'} (?, ?)"
        f" AND term.value {'>=' if descending else '<='} ?"
        f" ORDER BY term.value {direction}, term.id {direction} LIMIT ?"
    )
    for kind, table in _TABLE.items()
    for descending, direction in ((False, "ASC"), (True, "DESC"))
}
_LAST = "\U0010ffff"
"""Greater than every id."""

_ADD_PERSON = (
    "INSERT INTO person (tenant, id, version, name, text) VALUES (?, ?, ?, ?, ?)"
    " RETURNING id, version, text"
)
_PUT_PERSON = _ADD_PERSON.replace(
    " RETURNING",
    " ON CONFLICT (tenant, id) DO UPDATE"
    " SET version = version + 1, name = excluded.name, text = excluded.text RETURNING",
)
_PUT_GROUP = (
    "INSERT INTO person_group (tenant, id, version, text) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (tenant, id) DO UPDATE SET version = version + 1, text = excluded.text"
    " RETURNING id, version, text"
)
_DELETE_PERSON = "DELETE FROM person WHERE tenant = ? AND id = ?"
_DEPART = (
    "INSERT INTO departure (tenant, mark, at) VALUES (?, ?, ?)"
    " ON CONFLICT (tenant, mark) DO UPDATE SET at = excluded.at"
)
_LEAVE_ALL = "DELETE FROM membership WHERE tenant = ? AND person = ?"
_CLEAR_GROUP = "DELETE FROM membership WHERE tenant = ? AND person_group = ?"
_JOIN = "INSERT INTO membership (tenant, person, person_group) VALUES (?, ?, ?)"
_JOIN_ANYWAY = _JOIN.replace("INSERT", "INSERT OR IGNORE")
_LEAVE = "DELETE FROM membership WHERE tenant = ? AND person_group = ? AND person = ?"
_FORGET = "DELETE FROM term WHERE tenant = ? AND kind = ? AND id = ?"
_REMEMBER = "INSERT OR IGNORE INTO term (tenant, kind, property, value, id) VALUES (?, ?, ?, ?, ?)"
_LINKED = (
    "SELECT person.id, version, text FROM term JOIN person"
    " ON person.tenant = term.tenant AND person.id = term.id"
    " WHERE term.tenant = ? AND kind = 'user' AND property = ? AND value = ?"
)
_ERASE = (
    "DELETE FROM item WHERE tenant = ? AND owner = ?",
    "UPDATE answer SET text = '' WHERE tenant = ? AND owner = ?",
)
ERASE_TENANT = tuple(
    f"DELETE FROM {table} WHERE tenant = ?"  # noqa: S608  the names are here
    for table in ("item", "answer", "person", "person_group", "term", "membership", "departure")
)


KNOWN = 16_384
"""People whose records are kept at most; some twenty megabytes of a usual directory."""


class Known:
    """The records of people who were read lately, for as long as nobody's is changed.

    Nearly every request asks for the person that it is about. Whoever changes one, in whichever
    process, changes the mark: the database's own triggers see to it.
    """

    def __init__(self) -> None:
        self._mark: int | None = None
        # a dict would look for its first entry behind all that have been removed
        self._found: OrderedDict[tuple[str, str], Record | None] = OrderedDict()

    def look(self, mark: int) -> None:
        """Forget everybody if the mark, in the transaction that has just begun to read, is
        another.
        """
        if mark != self._mark:
            self.forget()
        self._mark = mark

    def forget(self) -> None:
        """Forget everybody."""
        self._found.clear()
        self._mark = None

    def get(self, tenant: str, id_or_name: str) -> Record | None:
        """What ``keep`` took; raises KeyError where that is nothing."""
        return self._found[tenant, id_or_name]

    def keep(self, tenant: str, id_or_name: str, record: Record | None) -> None:
        """Keep what was read in the transaction that ``look`` was last called in: also that there
        is nobody, which is to take no longer to say again than who there is.
        """
        if len(self._found) >= KNOWN:
            self._found.popitem(last=False)
        self._found[tenant, id_or_name] = record


def entries(
    tenant: str,
    kind: Kind,
    span: Span,
    after: tuple[str, str] | None,
    limit: int,
    *,
    descending: bool,
) -> tuple[str, tuple[str | int, ...]]:
    """The statement that reads entries as the Store promises them, and its parameters."""
    if descending:
        value, place = after or (span.high, _LAST)
        end = span.low
    else:
        value, place = after or (span.low, "")
        end = span.high
    return _ENTRIES[kind, descending], (tenant, kind, span.property, value, place, end, limit)


def apply(connection: sqlite3.Connection, change: Change) -> Record | None:
    """Carry out one change in the transaction that is open, as the Store promises it."""
    match change:
        case PutPerson():
            return _put_person(connection, change)
        case UpdatePerson(tenant, id_, revise, _, needed):
            before = _someone(connection, tenant, id_)
            for other in needed:
                _someone(connection, tenant, other)
            put = revise(before)
            assert (put.tenant, put.id) == (tenant, id_)
            return _put_person(connection, put)
        case DeletePerson():
            _delete_person(connection, change)
            return None
        case PutGroup():
            return _put_group(connection, change)
        case Join():
            _join(connection, change)
            return None
        case Leave(tenant, group, person):
            if connection.execute(_LEAVE, (tenant, group, person)).rowcount == 0:
                raise Missing(person)
            return None


def erase(connection: sqlite3.Connection, tenant: str, owner: str) -> None:
    """Remove every item of an owner, and what answers told of them."""
    for statement in _ERASE:
        connection.execute(statement, (tenant, owner))


def _put_person(connection: sqlite3.Connection, put: PutPerson) -> Record:
    statement = _ADD_PERSON if put.new else _PUT_PERSON
    parameters = (put.tenant, put.id, new_version(), put.name, put.text)
    try:
        row = connection.execute(statement, parameters).fetchone()
    except sqlite3.IntegrityError as error:
        raise Conflict(f"the id {put.id} or the name {put.name} is taken") from error
    _index(connection, put.tenant, "user", put.id, put.terms)
    return Record(*row)


def _delete_person(connection: sqlite3.Connection, change: DeletePerson) -> None:
    who = (change.tenant, change.id)
    if connection.execute(_DELETE_PERSON, who).rowcount == 0:
        raise Missing(change.id)
    erase(connection, *who)
    connection.executemany(_DEPART, [(change.tenant, mark, change.at) for mark in change.marks])
    connection.execute(_LEAVE_ALL, who)
    connection.execute(_FORGET, (change.tenant, "user", change.id))
    linked = {
        row[0]: row
        for link in change.links
        for row in connection.execute(_LINKED, (change.tenant, link, change.id)).fetchall()
    }
    for row in linked.values():
        _put_person(connection, change.release(Record(*row)))


def _someone(connection: sqlite3.Connection, tenant: str, id_: str) -> Record:
    row = connection.execute(PERSON, (tenant, id_)).fetchone()
    if row is None:
        raise Missing(id_)
    return Record(*row)


def _put_group(connection: sqlite3.Connection, put: PutGroup) -> Record:
    tenant, id_ = put.tenant, put.id
    row = connection.execute(_PUT_GROUP, (tenant, id_, new_version(), put.text)).fetchone()
    if put.members is not None:
        connection.execute(_CLEAR_GROUP, (tenant, id_))
        connection.executemany(_JOIN_ANYWAY, [(tenant, person, id_) for person in put.members])
    _index(connection, tenant, "group", id_, put.terms)
    return Record(*row)


def _join(connection: sqlite3.Connection, join: Join) -> None:
    if connection.execute(GROUP, (join.tenant, join.group)).fetchone() is None:
        raise Missing(join.group)
    _someone(connection, join.tenant, join.person)
    try:
        connection.execute(
            _JOIN_ANYWAY if join.anyway else _JOIN, (join.tenant, join.person, join.group)
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(f"{join.person} is a member of {join.group}") from error


def _index(
    connection: sqlite3.Connection, tenant: str, kind: Kind, id_: str, terms: tuple[Term, ...]
) -> None:
    connection.execute(_FORGET, (tenant, kind, id_))
    connection.executemany(
        _REMEMBER, [(tenant, kind, term.property, term.value, id_) for term in terms]
    )

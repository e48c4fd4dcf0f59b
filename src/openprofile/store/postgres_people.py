"""The directory in PostgreSQL: its statements, and writes that change it carried out.

Such a write is a transaction of its own, which carries out one change after the other. It takes
the turn of the tenant's directory, which is that of the owner without a name, and of every owner
whose items it touches; so of two that change one directory, the later sees what the earlier left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import psycopg

from openprofile.store.base import (
    Change,
    Conflict,
    DeletePerson,
    DirectoryChange,
    ItemChange,
    Join,
    Kind,
    Leave,
    Missing,
    PutGroup,
    PutPerson,
    Record,
    Span,
    StoreError,
    Term,
    UpdatePerson,
    new_version,
)
from openprofile.store.postgres_draft import (
    END_TURNS,
    ERASE,
    Draft,
    Outcome,
    Turn,
    begin,
    require_committed,
    turn,
)
from openprofile.store.postgres_lane import Connection
from openprofile.store.postgres_names import require_names, storable

Read: TypeAlias = "tuple[str, tuple[str | int, ...]]"
"""A statement and its parameters."""

PERSON = (
    "SELECT id, version, text FROM person WHERE tenant = $1 AND (id = $2 OR name = $2)"
    " ORDER BY id <> $2 LIMIT 1"
)
PEOPLE = "SELECT id, version, text FROM person WHERE tenant = $1 ORDER BY name"
GROUP = "SELECT id, version, text FROM person_group WHERE tenant = $1 AND id = $2"
SHARE_GROUP = (
    "SELECT 1 FROM membership AS one JOIN membership AS other"
    " ON other.tenant = one.tenant AND other.person_group = one.person_group"
    " WHERE one.tenant = $1 AND one.person = $2 AND other.person = $3 LIMIT 1"
)
COUNT_ENTRIES = (
    "SELECT count(*) FROM term"
    " WHERE tenant = $1 AND kind = $2 AND property = $3 AND value >= $4 AND value <= $5"
)
RELATED = {
    "members": (
        "SELECT person.id, version, text FROM membership JOIN person"
        " ON person.tenant = membership.tenant AND person.id = membership.person"
        " WHERE membership.tenant = $1 AND person_group = $2 AND membership.person > $3"
        " ORDER BY membership.person LIMIT $4"
    ),
    "memberOf": (
        "SELECT person_group.id, version, text FROM membership JOIN person_group"
        " ON person_group.tenant = membership.tenant"
        " AND person_group.id = membership.person_group"
        " WHERE membership.tenant = $1 AND person = $2 AND membership.person_group > $3"
        " ORDER BY membership.person_group LIMIT $4"
    ),
}
COUNT_RELATED = {
    "members": "SELECT count(*) FROM membership WHERE tenant = $1 AND person_group = $2",
    "memberOf": "SELECT count(*) FROM membership WHERE tenant = $1 AND person = $2",
}

_TABLE = {"user": "person", "group": "person_group"}
_ENTRIES = {
    (kind, descending): (
        f"SELECT term.value, object.id, version, text FROM term JOIN {table} AS object"  # noqa: S608  the names are above
        " ON object.tenant = term.tenant AND object.id = term.id"
        " WHERE term.tenant = $1 AND kind = $2 AND property = $3"
        f" AND (term.value, term.id) {'<' if descending else '>'} ($4, $5)"
        f" AND term.value {'>=' if descending else '<='} $6"
        f" ORDER BY term.value {direction}, term.id {direction} LIMIT $7"
    )
    for kind, table in _TABLE.items()
    for descending, direction in ((False, "ASC"), (True, "DESC"))
}
_LAST = "\U0010ffff"
"""Greater than every id."""

_LOCK_PERSON = "SELECT id, version, text FROM person WHERE tenant = $1 AND id = $2 FOR UPDATE"
_LOCK_GROUP = f"{GROUP} FOR UPDATE"
_LOCK_LINKED = (
    "SELECT person.id, version, text FROM term JOIN person"
    " ON person.tenant = term.tenant AND person.id = term.id"
    " WHERE term.tenant = $1 AND kind = 'user' AND property = $2 AND value = $3"
    " ORDER BY person.id FOR UPDATE OF person"
)
_ADD_PERSON = (
    "INSERT INTO person (tenant, id, version, name, text) VALUES ($1, $2, $3, $4, $5)"
    " RETURNING version"
)
_PUT_PERSON = _ADD_PERSON.replace(
    " RETURNING",
    " ON CONFLICT (tenant, id) DO UPDATE"
    " SET version = person.version + 1, name = excluded.name, text = excluded.text RETURNING",
)
_PUT_GROUP = (
    "INSERT INTO person_group (tenant, id, version, text) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (tenant, id) DO UPDATE"
    " SET version = person_group.version + 1, text = excluded.text RETURNING version"
)
_DELETE_PERSON = "DELETE FROM person WHERE tenant = $1 AND id = $2"
_LEAVE_ALL = "DELETE FROM membership WHERE tenant = $1 AND person = $2"
_CLEAR_GROUP = "DELETE FROM membership WHERE tenant = $1 AND person_group = $2"
_JOIN = "INSERT INTO membership (tenant, person, person_group) VALUES ($1, $2, $3)"
_JOIN_ANYWAY = f"{_JOIN} ON CONFLICT DO NOTHING"
_LEAVE = "DELETE FROM membership WHERE tenant = $1 AND person_group = $2 AND person = $3"
_FORGET = "DELETE FROM term WHERE tenant = $1 AND kind = $2 AND id = $3"
_REMEMBER = (
    "INSERT INTO term (tenant, kind, property, value, id) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT DO NOTHING"
)


def entries(
    tenant: str,
    kind: Kind,
    span: Span,
    after: tuple[str, str] | None,
    limit: int,
    *,
    descending: bool,
) -> Read:
    """The statement that reads entries as the Store promises them, and its parameters."""
    if descending:
        value, place = after or (span.high, _LAST)
        end = span.low
    else:
        value, place = after or (span.low, "")
        end = span.high
    return _ENTRIES[kind, descending], (tenant, kind, span.property, value, place, end, limit)


async def carry_out(connection: Connection, writes: Sequence[Sequence[Change]]) -> list[Outcome]:
    """Carry out the only one of ``writes``, all or none, and return once it is on the disk.

    Its outcome is what it leaves behind, or what one of its changes raised. Raises psycopg.Error
    when nothing has been stored, or when nobody can know whether anything was.
    """
    (changes,) = writes
    async with connection.pipeline():
        await begin(connection, set().union(*map(_turns, changes)))
    try:
        records = [await _apply(connection, change) for change in changes]
    except psycopg.Error:
        raise
    except Exception as error:  # noqa: BLE001  what a change raises is its caller's
        await connection.execute("ROLLBACK")
        return [error]
    require_committed(await connection.execute("COMMIT"))
    return [records]


def _turns(change: Change) -> set[Turn]:
    """Whose turns ``change`` takes."""
    if isinstance(change, ItemChange):
        return {turn(change)}
    turns = {(change.tenant, "")}
    if isinstance(change, DeletePerson):
        turns.add((change.tenant, change.id))
    return turns


async def _apply(connection: Connection, change: Change) -> Record | None:
    try:
        if isinstance(change, ItemChange):
            return await _change_item(connection, change)
        return await _change_directory(connection, change)
    except StoreError as error:
        error.change = change
        raise


async def _change_item(connection: Connection, change: ItemChange) -> Record | None:
    draft = Draft([change])
    async with connection.pipeline():
        await draft.ask(connection)
    await draft.read()
    outcome = draft.decide([change])
    if isinstance(outcome, Exception):
        raise outcome
    async with connection.pipeline():
        await draft.write(connection)
    return outcome[0]


async def _change_directory(connection: Connection, change: DirectoryChange) -> Record | None:
    match change:
        case PutPerson():
            return await _put_person(connection, change)
        case UpdatePerson(tenant, id_, revise):
            put = revise(await _locked(connection, _LOCK_PERSON, tenant, id_))
            assert (put.tenant, put.id) == (tenant, id_)
            return await _put_person(connection, put)
        case DeletePerson():
            await _delete_person(connection, change)
            return None
        case PutGroup():
            return await _put_group(connection, change)
        case Join():
            await _join(connection, change)
            return None
        case Leave(tenant, group, person):
            left = await connection.execute(_LEAVE, (tenant, group, person))
            if left.rowcount == 0:
                raise Missing(person)
            return None


async def _put_person(connection: Connection, put: PutPerson) -> Record:
    require_names(put)  # of one that a revision made, nobody has asked yet
    statement = _ADD_PERSON if put.new else _PUT_PERSON
    parameters = (put.tenant, put.id, new_version(), put.name, storable(put.text))
    try:
        async with connection.pipeline():
            cursor = await connection.execute(statement, parameters)
            await _index(connection, put.tenant, "user", put.id, put.terms)
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(f"the id {put.id} or the name {put.name} is taken") from error
    ((version,),) = await cursor.fetchall()
    return Record(put.id, version, put.text)


async def _delete_person(connection: Connection, change: DeletePerson) -> None:
    tenant, id_ = change.tenant, change.id
    await _locked(connection, _LOCK_PERSON, tenant, id_)
    async with connection.pipeline():
        for statement in (_DELETE_PERSON, ERASE, END_TURNS, _LEAVE_ALL):
            await connection.execute(statement, (tenant, id_))
        await connection.execute(_FORGET, (tenant, "user", id_))
        linked = await connection.execute(_LOCK_LINKED, (tenant, change.link, id_))
    for row in await linked.fetchall():
        await _put_person(connection, change.release(Record(*row)))


async def _put_group(connection: Connection, put: PutGroup) -> Record:
    tenant, id_ = put.tenant, put.id
    parameters = (tenant, id_, new_version(), storable(put.text))
    async with connection.pipeline():
        cursor = await connection.execute(_PUT_GROUP, parameters)
        await connection.execute(_CLEAR_GROUP, (tenant, id_))
        if put.members:
            members = [(tenant, person, id_) for person in put.members]
            await connection.cursor().executemany(_JOIN_ANYWAY, members)
        await _index(connection, tenant, "group", id_, put.terms)
    ((version,),) = await cursor.fetchall()
    return Record(id_, version, put.text)


async def _join(connection: Connection, join: Join) -> None:
    await _locked(connection, _LOCK_GROUP, join.tenant, join.group)
    await _locked(connection, _LOCK_PERSON, join.tenant, join.person)
    try:
        await connection.execute(_JOIN, (join.tenant, join.person, join.group))
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(f"{join.person} is a member of {join.group}") from error


async def _locked(connection: Connection, sql: str, tenant: str, id_: str) -> Record:
    row = await (await connection.execute(sql, (tenant, id_))).fetchone()
    if row is None:
        raise Missing(id_)
    return Record(*row)


async def _index(
    connection: Connection, tenant: str, kind: Kind, id_: str, terms: tuple[Term, ...]
) -> None:
    """Let an object be found by ``terms`` and no others, as part of a pipeline."""
    await connection.execute(_FORGET, (tenant, kind, id_))
    if terms:
        rows = [(tenant, kind, term.property, term.value, id_) for term in terms]
        await connection.cursor().executemany(_REMEMBER, rows)

"""The store on PostgreSQL, 16 and later: any number of nodes and processes share one database.

Reads share a few connections; those that wait together travel together, as a pipeline. Writes go
to one of a few writers, which the owner decides, so that writes for one owner gather at one
writer; a writer commits all that waits in one transaction. The server acknowledges a commit when
it is on its disk, and ``write`` returns after that. Where the connection is lost in the middle of
a commit, nobody knows what became of it, and ``write`` raises Unavailable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self, TypeAlias

import msgspec
import psycopg

from openprofile.metering import SIZES, Histogram, StoreFigures
from openprofile.store.base import (
    LONGEST_STATEMENT,
    Change,
    Delete,
    DeletePerson,
    Entry,
    Erase,
    EraseTenant,
    Insert,
    Join,
    Key,
    Kind,
    Leave,
    Missing,
    PutGroup,
    PutItem,
    PutPerson,
    Record,
    Relation,
    Remember,
    Remembered,
    Span,
    Unavailable,
    Update,
    UpdatePerson,
)
from openprofile.store.postgres_draft import carry_out, turn
from openprofile.store.postgres_lane import (
    WAITING,
    Connection,
    Lane,
    Queue,
    Session,
    unavailable,
)
from openprofile.store.postgres_people import is_text
from openprofile.store.postgres_schema import migrate

READS = 64
"""How many reads one round trip carries at most."""
WRITES = 256
"""How many writes one commit carries at most."""
NAMES = 2000
"""Bytes of the names in one key at most: an index entry is no more than a third of an 8 KB page."""

_Read: TypeAlias = "tuple[str, tuple[str | int, ...]]"
_Rows: TypeAlias = "list[tuple[Any, ...]]"


class PostgresStore:
    """A Store in a PostgreSQL database; ``open`` makes one, in the loop that uses it."""

    def __init__(self, session: Session, *, readers: int, writers: int, waiting: int) -> None:
        self._closed = False
        self._reads: Queue[_Read, _Rows] = Queue()
        self._writes: list[Queue[Sequence[Change], list[Record | None]]] = [
            Queue(waiting) for _ in range(writers)
        ]
        self._readers = [Lane(session, self._reads, _read, READS) for _ in range(readers)]
        self._writers = [Lane(session, queue, carry_out, WRITES) for queue in self._writes]

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        readers: int = 4,
        writers: int = 2,
        waiting: int = WAITING,
        connect_timeout: float = 3,
        statement_timeout: float = LONGEST_STATEMENT,
        answer_timeout: float = 10,
    ) -> Self:
        """Bring the schema up to date and return a store of at most ``readers + writers``
        connections, in which ``waiting`` writes for each writer may wait.

        ``dsn`` is what libpq takes, a URL or ``key=value`` words. Times are in seconds: to
        connect to an address (2 at least), for the server to answer a statement, and to have any
        answer at all. Raises SchemaTooNew, or Unavailable where there is no such database.
        """
        session = Session(dsn, connect_timeout, statement_timeout, answer_timeout)
        try:
            async with await session.connect() as connection:
                await migrate(connection)
        except (psycopg.Error, OSError) as error:
            raise unavailable(error) from error
        return cls(session, readers=readers, writers=writers, waiting=waiting)

    async def get(self, key: Key) -> Record | None:
        return await self._one(_GET, key.tenant, key.owner, key.facet, key.id)

    async def collection(self, tenant: str, owner: str, facet: str) -> Sequence[Record]:
        return await self._all(_LIST, tenant, owner, facet)

    async def owned(self, tenant: str, owner: str) -> Sequence[tuple[str, Record]]:
        rows = await self._rows(_OWNED, tenant, owner)
        return [(facet, Record(*rest)) for facet, *rest in rows]

    async def next_tenant(self, after: str = "") -> str | None:
        rows = await self._rows(_NEXT_TENANT, after)
        return rows[0][0] if rows else None

    async def objects(
        self, tenant: str, kind: Kind, *, after: str = "", limit: int
    ) -> list[Record]:
        return await self._all(_OBJECTS[kind], tenant, after, limit)

    async def write(self, changes: Sequence[Change]) -> list[Record | None]:
        """As the protocol says; also raises ValueError for a name or a text that PostgreSQL cannot
        hold. To look for such a name finds nothing.
        """
        if self._closed:
            raise Unavailable("the store is closed")
        for change in changes:
            _require_names(change)
        writer = hash(turn(changes[0])) % len(self._writes) if changes else 0
        return await self._writes[writer].ask(changes)

    async def person(self, tenant: str, id_or_name: str) -> Record | None:
        return await self._one(_PERSON, tenant, id_or_name)

    async def group(self, tenant: str, group_id: str) -> Record | None:
        return await self._one(_GROUP, tenant, group_id)

    async def entries(
        self,
        tenant: str,
        kind: Kind,
        span: Span,
        *,
        after: tuple[str, str] | None = None,
        descending: bool = False,
        limit: int,
    ) -> list[Entry]:
        start, end = (span.high, span.low) if descending else (span.low, span.high)
        value, place = after or (start, _LAST if descending else "")
        names = (tenant, kind, span.property, value, place, end)
        rows = await self._rows(_ENTRIES[kind, descending], *names, limit)
        return [Entry(value, Record(*rest)) for value, *rest in rows]

    async def count_entries(self, tenant: str, kind: Kind, span: Span) -> int:
        return await self._number(_COUNT_ENTRIES, tenant, kind, *span)

    async def related(
        self, tenant: str, relation: Relation, of: str, *, after: str = "", limit: int
    ) -> list[Record]:
        return await self._all(_RELATED[relation], tenant, of, after, limit)

    async def count_related(self, tenant: str, relation: Relation, of: str) -> int:
        return await self._number(_COUNT_RELATED[relation], tenant, of)

    async def departed(self, tenant: str, mark: str) -> int | None:
        rows = await self._rows(_DEPARTED, tenant, mark)
        return rows[0][0] if rows else None

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        return bool(await self._rows(_SHARE_GROUP, tenant, one, other))

    async def remembered(self, tenant: str, caller: str, request_id: str) -> Remembered | None:
        rows = await self._rows(_REMEMBERED, tenant, caller, request_id)
        return Remembered(*rows[0]) if rows else None

    async def secret(self) -> bytes:
        ((secret,),) = await self._rows("SELECT value FROM secret")
        return bytes(secret)

    def figures(self) -> StoreFigures:
        lanes: list[Lane[Any, Any]] = [*self._readers, *self._writers]
        groups = Histogram(SIZES)
        for queue in self._writes:
            groups.counts = [
                sum(pair) for pair in zip(groups.counts, queue.groups.counts, strict=True)
            ]
            groups.sum += queue.groups.sum
        return StoreFigures(
            waiting=sum(len(queue) for queue in self._writes),
            groups=groups,
            connections=sum(lane.connected for lane in lanes),
            connects=sum(lane.connects for lane in lanes),
            waiting_reads=len(self._reads),
        )

    async def check(self) -> None:
        await self.write(())

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for queue in self._writes:
            await queue.end()
        for _ in self._readers:
            await self._reads.end()
        for writer in self._writers:
            await writer.ended()
        for reader in self._readers:
            await reader.ended()

    async def _one(self, sql: str, *names: str) -> Record | None:
        rows = await self._rows(sql, *names)
        return Record(*rows[0]) if rows else None

    async def _all(self, sql: str, *names: str | int) -> list[Record]:
        return [Record(*row) for row in await self._rows(sql, *names)]

    async def _number(self, sql: str, *names: str) -> int:
        rows = await self._rows(sql, *names)
        return int(rows[0][0]) if rows else 0

    async def _rows(self, sql: str, *names: str | int) -> _Rows:
        if self._closed:
            raise Unavailable("the store is closed")
        if not _are_names([name for name in names if isinstance(name, str)]):
            return []
        return await self._reads.ask((sql, names))


async def _read(connection: Connection, reads: Sequence[_Read]) -> list[_Rows | Exception]:
    """The rows of each read, asked for together."""
    if len(reads) == 1:
        cursors = [await connection.execute(*reads[0])]
    else:
        async with connection.pipeline():
            cursors = [await connection.execute(sql, names) for sql, names in reads]
    return [await cursor.fetchall() for cursor in cursors]


_GET = (
    "SELECT id, version, text, created FROM item"
    " WHERE tenant = $1 AND owner = $2 AND facet = $3 AND id = $4"
)
_LIST = (
    "SELECT id, version, text, created FROM item WHERE tenant = $1 AND owner = $2 AND facet = $3"
    " ORDER BY created, id"
)
_REMEMBERED = "SELECT text, expires FROM answer WHERE tenant = $1 AND caller = $2 AND id = $3"
_OWNED = (
    "SELECT facet, id, version, text, created FROM item WHERE tenant = $1 AND owner = $2"
    " ORDER BY facet, created, id"
)
_PERSON = (
    "SELECT id, version, text FROM person WHERE tenant = $1 AND (id = $2 OR name = $2)"
    " ORDER BY id <> $2 LIMIT 1"
)
_GROUP = "SELECT id, version, text FROM person_group WHERE tenant = $1 AND id = $2"
_TABLES: tuple[tuple[Kind, str], ...] = (("user", "person"), ("group", "person_group"))
_OBJECTS = {
    kind: f"SELECT id, version, text FROM {table} WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3"  # noqa: E501, S608  the names are here
    for kind, table in _TABLES
}
_NEXT_TENANT = (
    "SELECT min(tenant) FROM (SELECT min(tenant) AS tenant FROM person WHERE tenant > $1"
    " UNION ALL SELECT min(tenant) FROM person_group WHERE tenant > $1"
    " UNION ALL SELECT min(tenant) FROM item WHERE tenant > $1) AS tenants"
)
_ENTRIES = {
    (kind, descending): (
        f"SELECT term.value, object.id, version, text FROM term JOIN {table} AS object"  # noqa: S608  the names are here
        " ON object.tenant = term.tenant AND object.id = term.id"
        " WHERE term.tenant = $1 AND kind = $2 AND property = $3"
        f" AND (term.value, term.id) {'<' if descending else '>'} ($4, $5)"
        f" AND term.value {'>=' if descending else '<='} $6"
        f" ORDER BY term.value {direction}, term.id {direction} LIMIT $7"
    )
    for kind, table in _TABLES
    for descending, direction in ((False, "ASC"), (True, "DESC"))
}
_LAST = "\U0010ffff"
"""Greater than every id."""
_COUNT_ENTRIES = (
    "SELECT count(*) FROM term"
    " WHERE tenant = $1 AND kind = $2 AND property = $3 AND value >= $4 AND value <= $5"
)
_RELATED = {
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
_COUNT_RELATED = {
    "members": "SELECT count(*) FROM membership WHERE tenant = $1 AND person_group = $2",
    "memberOf": "SELECT count(*) FROM membership WHERE tenant = $1 AND person = $2",
}
_DEPARTED = "SELECT at FROM departure WHERE tenant = $1 AND mark = $2"
_SHARE_GROUP = (
    "SELECT 1 FROM membership AS one JOIN membership AS other"
    " ON other.tenant = one.tenant AND other.person_group = one.person_group"
    " WHERE one.tenant = $1 AND one.person = $2 AND other.person = $3 LIMIT 1"
)


def _are_names(names: Iterable[str]) -> bool:
    """Whether there can be a row with a key of these names."""
    joined = "".join(names)
    return is_text(joined) and len(joined.encode()) <= NAMES


def _require_names(change: Change) -> None:
    """Raise Missing or ValueError for a change that names what cannot be there: asked for together
    with others, it would fail them all.
    """
    match change:
        case Update(key) | Delete(key):
            _require_possible(change, key.id, (key.tenant, key.owner, key.facet, key.id))
        case UpdatePerson(tenant, id_) | DeletePerson(tenant, id_):
            _require_possible(change, id_, (tenant, id_))
        case Join(tenant, group, person) | Leave(tenant, group, person):
            _require_possible(change, person, (tenant, group, person))
        case _:
            if isinstance(change, (Insert, PutItem)):
                _require_possible(change, change.key.owner, (change.key.tenant, change.key.owner))
            for names in _new_names(change):
                if not _are_names(names):
                    raise ValueError(f"PostgreSQL cannot hold one of the names {names!r}")


def _new_names(
    change: Insert | PutItem | Erase | EraseTenant | PutPerson | PutGroup | Remember,
) -> Iterator[tuple[str, ...]]:
    """The keys that a change may add."""
    match change:
        case Insert(key) | PutItem(key):
            yield (key.tenant, key.owner, key.facet, key.id)
        case Erase() | EraseTenant():
            yield msgspec.structs.astuple(change)
        case Remember(tenant, caller, id_, owner):
            yield (tenant, caller, id_, owner)
        case PutPerson(tenant, id_, name):
            yield (tenant, id_, name)
            yield from ((tenant, id_, *term) for term in change.terms)
        case PutGroup(tenant, id_, _, members):
            yield (tenant, id_)
            yield from ((tenant, person, id_) for person in members or ())
            yield from ((tenant, id_, *term) for term in change.terms)


def _require_possible(change: Change, name: str, names: tuple[str, ...]) -> None:
    if not _are_names(names):
        missing = Missing(name)
        missing.change = change
        raise missing

"""A population into an SQLite file in the order of its tables: minutes, not hours, for a million.

The store lays the file out. Its writes are for one person at a time, whose terms lie all over the
indexes; here rows are sorted first, and what else is indexed is built at the end.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.people import TENANT, Population, person_id

from openprofile.directory import putting, putting_group
from openprofile.store.base import Insert, Term, new_version
from openprofile.store.sqlite import SqliteStore


def fill(path: Path, people: Population) -> None:
    """Make the database ``path`` with a population in it."""
    unfinished = path.with_suffix(".unfinished")
    scratch = path.with_suffix(".scratch")
    for old in (unfinished, scratch):
        old.unlink(missing_ok=True)
    asyncio.run(SqliteStore(unfinished).close())
    connection = sqlite3.connect(unfinished, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("ATTACH ? AS scratch", (str(scratch),))
    connection.execute("PRAGMA scratch.journal_mode = OFF")
    connection.execute("CREATE TABLE scratch.term (kind, property, value, id)")
    indexes = connection.execute(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX main.{name}")
    _fill(connection, people)
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("DETACH scratch")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    scratch.unlink()
    unfinished.with_name(f"{unfinished.name}-turn").unlink(missing_ok=True)
    unfinished.rename(path)


def _fill(connection: sqlite3.Connection, people: Population) -> None:
    def put(sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        connection.execute("BEGIN")
        connection.executemany(sql, rows)
        connection.execute("COMMIT")

    terms = "INSERT INTO scratch.term VALUES (?, ?, ?, ?)"

    def persons() -> Iterator[tuple[object, ...]]:
        for number in sorted(range(people.size), key=person_id):
            person = putting(TENANT, people.person(number))
            connection.executemany(terms, _rows("user", person.id, person.terms))
            yield TENANT, person.id, new_version(), person.name, person.text

    def groups() -> Iterator[tuple[object, ...]]:
        for group, members in people.groups():
            found = putting_group(TENANT, group, members)
            connection.executemany(terms, _rows("group", found.id, found.terms))
            belonging.extend((TENANT, member, found.id) for member in members)
            yield TENANT, found.id, new_version(), found.text

    def items() -> Iterator[tuple[object, ...]]:
        for number in sorted(range(people.size), key=person_id):
            yield from sorted(_row(insert) for insert in people.items(number))

    belonging: list[tuple[str, str, str]] = []
    put("INSERT INTO person (tenant, id, version, name, text) VALUES (?, ?, ?, ?, ?)", persons())
    put("INSERT INTO person_group (tenant, id, version, text) VALUES (?, ?, ?, ?)", groups())
    put("INSERT OR IGNORE INTO membership VALUES (?, ?, ?)", sorted(belonging))
    put(
        "INSERT INTO item (tenant, owner, facet, id, version, created, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        items(),
    )
    put(
        "INSERT OR IGNORE INTO term SELECT ?, kind, property, value, id FROM scratch.term"
        " ORDER BY kind, property, value, id",
        [(TENANT,)],
    )


def _rows(kind: str, id_: str, terms: tuple[Term, ...]) -> list[tuple[str, str, str, str]]:
    return [(kind, term.property, term.value, id_) for term in terms]


def _row(insert: Insert) -> tuple[str, str, str, str, int, int, str]:
    key = insert.key
    place = (key.tenant, key.owner, key.facet, key.id)
    return (*place, new_version(), insert.created, insert.text)

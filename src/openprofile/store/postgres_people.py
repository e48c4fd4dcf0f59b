"""The directory's part of a draft: people, groups, memberships and terms, see ``postgres_draft``.

All changes to the directory of a tenant take the same turn, so what was read of it stays true
until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

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
    Term,
    UpdatePerson,
    new_version,
)
from openprofile.store.postgres_lane import Connection

DIRECTORY = ""
"""The owner whose turn the directory's changes take: nobody's."""

DirectoryChange: TypeAlias = PutPerson | UpdatePerson | DeletePerson | PutGroup | Join | Leave
Asked: TypeAlias = "dict[str, dict[str, AsyncCursor[TupleRow]]]"
_Named: TypeAlias = "tuple[str, str]"
_Link: TypeAlias = "tuple[str, str, str]"
_K = TypeVar("_K")
_V = TypeVar("_V")


class _Person(msgspec.Struct, frozen=True):
    version: int
    name: str
    text: str


class _Wanted:
    """What the changes to one tenant's directory depend on."""

    def __init__(self) -> None:
        self.people: set[str] = set()
        self.names: set[str] = set()
        self.links: set[_Named] = set()
        self.groups: set[str] = set()
        self.memberships: set[str] = set()
        """The groups whose members they are about."""
        self.members: set[str] = set()


class PeopleDraft:
    """The rows of the directory, as they were read and as decisions have left them."""

    def __init__(self) -> None:
        self._wanted: defaultdict[str, _Wanted] = defaultdict(_Wanted)
        self.there: dict[_Named, bool] = {}
        """Whether people are there, read or not."""
        self._people: dict[_Named, _Person | None] = {}
        self._names: dict[_Named, str | None] = {}
        self._groups: dict[_Named, int | None] = {}
        self._members: dict[_Link, bool] = {}
        """By tenant, group and person."""
        self._linked: dict[_Link, set[str]] = {}
        """The people who had the term, by tenant, property and value."""
        self._terms: dict[_Named, tuple[Term, ...] | None] = {}
        """The terms of the people who were put."""
        self._statements: list[tuple[str, tuple[object, ...]]] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def erase(self, tenant: str, owner: str) -> None:
        """Remove every item of an owner."""
        raise NotImplementedError

    def has_person(self, tenant: str, id_: str) -> bool:
        """Whether a person is there, after what has been decided."""
        named = (tenant, id_)
        if named in self._people:
            return self._people[named] is not None
        return self.there.get(named, False)

    def erase_directory(self, tenant: str) -> None:
        """Remove every person, group and membership of a tenant, and who there was."""
        emptied: list[tuple[dict[Any, Any], object]] = [
            (self.there, False),
            (self._people, None),
            (self._names, None),
            (self._groups, None),
            (self._members, False),
            (self._linked, set()),
            (self._terms, ()),
        ]
        for rows, nothing in emptied:
            for key in rows:
                if key[0] == tenant:
                    self._set(rows, key, nothing)
        for statement in _ERASE_DIRECTORY:
            self._then(statement, tenant)

    def want_directory(self, change: DirectoryChange) -> None:
        """Note the rows that deciding on ``change`` takes."""
        wanted = self._wanted[change.tenant]
        match change:
            case PutPerson(_, id_, name):
                wanted.people.add(id_)
                wanted.names.add(name)
            case UpdatePerson(_, id_, _, new_name, needed):
                wanted.people.update((id_, *needed))
                if new_name is not None:
                    wanted.names.add(new_name)
            case DeletePerson(_, id_, links):
                wanted.people.add(id_)
                wanted.links.update((link, id_) for link in links)
            case PutGroup(_, id_):
                wanted.groups.add(id_)
            case Join(_, group, person) | Leave(_, group, person):
                wanted.people.add(person)
                wanted.groups.add(group)
                wanted.memberships.add(group)
                wanted.members.add(person)

    async def ask_directory(self, connection: Connection) -> Asked:
        """Send the questions for what was noted; the connection is in a pipeline."""
        asked: Asked = {}
        for tenant, wanted in self._wanted.items():
            questions: dict[str, tuple[object, ...]] = {}
            if wanted.people:
                questions[_PEOPLE] = (tenant, list(wanted.people), list(wanted.names))
            if wanted.links:
                links = sorted(wanted.links)
                properties, values = {link for link, _ in links}, [value for _, value in links]
                questions[_LINKED] = (tenant, list(properties), values)
            if wanted.groups:
                questions[_GROUPS] = (tenant, list(wanted.groups))
            if wanted.memberships:
                questions[_MEMBERS] = (tenant, list(wanted.memberships), list(wanted.members))
            asked[tenant] = {
                sql: await connection.execute(sql, parameters)
                for sql, parameters in questions.items()
            }
        return asked

    async def read_directory(self, asked: Asked) -> None:
        """Read the answers."""
        for tenant, answers in asked.items():
            for sql, cursor in answers.items():
                for row in await cursor.fetchall():
                    self._take(tenant, sql, row)

    def _take(self, tenant: str, sql: str, row: TupleRow) -> None:
        if sql == _GROUPS:
            id_, version = row
            self._groups[tenant, id_] = version
        elif sql == _MEMBERS:
            group, person = row
            self._members[tenant, group, person] = True
        else:
            id_, version, name, text, *link = row
            self._people[tenant, id_] = _Person(version, name, text)
            self._names[tenant, name] = id_
            if link:
                self._linked.setdefault((tenant, link[0], link[1]), set()).add(id_)

    def decide_directory(self, change: DirectoryChange) -> Record | None:
        """What ``change`` leaves behind, once the statements noted so far are carried out."""
        match change:
            case PutPerson():
                return self._put_person(change)
            case UpdatePerson():
                return self._update_person(change)
            case DeletePerson():
                self._delete_person(change)
            case PutGroup():
                return self._put_group(change)
            case Join():
                self._join(change)
            case Leave():
                self._leave(change)
        return None

    def _put_person(self, put: PutPerson) -> Record:
        tenant, id_, name = put.tenant, put.id, put.name
        before = self._people.get((tenant, id_))
        if before and put.new:
            raise Conflict(f"the id {id_} is taken")
        if self._names.get((tenant, name)) not in {None, id_}:
            raise Conflict(f"another person is named {name}")
        if before:
            self._set(self._names, (tenant, before.name), None)
        version = before.version + 1 if before else new_version()
        self._set(self._people, (tenant, id_), _Person(version, name, put.text))
        self._set(self._names, (tenant, name), id_)
        self._set(self._terms, (tenant, id_), put.terms)
        self._then(_PUT_PERSON, tenant, id_, version, name, storable(put.text))
        self._index(tenant, "user", id_, put.terms, known=before is not None)
        return Record(id_, version, put.text)

    def _update_person(self, change: UpdatePerson) -> Record:
        before = self._someone(change.tenant, change.id)
        for other in change.needed:
            self._someone(change.tenant, other)
        put = change.revise(Record(change.id, before.version, before.text))
        assert (put.tenant, put.id) == (change.tenant, change.id)
        assert put.name in {before.name, change.name}
        return self._put_person(put)

    def _delete_person(self, change: DeletePerson) -> None:
        tenant, id_ = change.tenant, change.id
        before = self._someone(tenant, id_)
        self._set(self._people, (tenant, id_), None)
        self._set(self._names, (tenant, before.name), None)
        self._set(self._terms, (tenant, id_), ())
        for membership in self._members:
            if membership[0] == tenant and membership[2] == id_:
                self._set(self._members, membership, value=False)
        self._then(_DELETE_PERSON, tenant, id_)
        for mark in change.marks:
            self._then(_DEPART, tenant, mark, change.at)
        self._then(_LEAVE_ALL, tenant, id_)
        self._then(_FORGET, tenant, "user", id_)
        self.erase(tenant, id_)
        for linked in sorted(self._linked_to(tenant, [Term(link, id_) for link in change.links])):
            there = self._someone(tenant, linked)
            self._put_person(change.release(Record(linked, there.version, there.text)))

    def _linked_to(self, tenant: str, sought: Sequence[Term]) -> set[str]:
        """Who has one of the terms, after what has been decided."""
        found: set[str] = set()
        for term in sought:
            found.update(self._linked.get((tenant, *term), ()))
        for (where, id_), terms in self._terms.items():
            if where == tenant and terms is not None:
                has = any(term in terms for term in sought)
                (found.add if has else found.discard)(id_)
        return found

    def _put_group(self, put: PutGroup) -> Record:
        tenant, id_ = put.tenant, put.id
        before = self._groups.get((tenant, id_))
        version = before + 1 if before else new_version()
        self._set(self._groups, (tenant, id_), version)
        self._then(_PUT_GROUP, tenant, id_, version, storable(put.text))
        if put.members is not None:
            self._set_members(tenant, id_, put.members)
        self._index(tenant, "group", id_, put.terms, known=before is not None)
        return Record(id_, version, put.text)

    def _set_members(self, tenant: str, group: str, people: tuple[str, ...]) -> None:
        self._then(_CLEAR_GROUP, tenant, group)
        for membership in self._members:
            if membership[:2] == (tenant, group):
                self._set(self._members, membership, value=False)
        for person in dict.fromkeys(people):
            self._set(self._members, (tenant, group, person), value=True)
            self._then(_JOIN, tenant, person, group)

    def _join(self, change: Join) -> None:
        tenant, group, person = change.tenant, change.group, change.person
        if not self._groups.get((tenant, group)):
            raise Missing(group)
        self._someone(tenant, person)
        if self._members.get((tenant, group, person)):
            if change.anyway:
                return
            raise Conflict(f"{person} is a member of {group}")
        self._set(self._members, (tenant, group, person), value=True)
        self._then(_JOIN, tenant, person, group)

    def _leave(self, change: Leave) -> None:
        membership = (change.tenant, change.group, change.person)
        if not self._members.get(membership):
            raise Missing(change.person)
        self._set(self._members, membership, value=False)
        self._then(_LEAVE, *membership)

    def _someone(self, tenant: str, id_: str) -> _Person:
        found = self._people.get((tenant, id_))
        if found is None:
            raise Missing(id_)
        return found

    def _index(
        self, tenant: str, kind: Kind, id_: str, terms: tuple[Term, ...], *, known: bool
    ) -> None:
        if known:
            self._then(_FORGET, tenant, kind, id_)
        for term in dict.fromkeys(terms):
            self._then(_REMEMBER, tenant, kind, term.property, term.value, id_)

    def _set(self, rows: dict[_K, _V], key: _K, value: _V) -> None:
        self._undo.append((rows, key, rows.get(key)))
        rows[key] = value

    def _then(self, sql: str, *values: object) -> None:
        self._statements.append((sql, values))


def is_text(text: str) -> bool:
    """Whether PostgreSQL can hold it: its text is UTF-8 without NUL, so without lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """``text``; raises ValueError for one that PostgreSQL cannot hold."""
    if not is_text(text):
        raise ValueError(f"PostgreSQL cannot hold the text {text[:100]!r}")
    return text


_PEOPLE = (
    "SELECT id, version, name, text FROM person"
    " WHERE tenant = $1 AND (id = ANY ($2) OR name = ANY ($3)) FOR UPDATE"
)
_LINKED = (
    "SELECT person.id, version, name, text, property, value FROM term JOIN person"
    " ON person.tenant = term.tenant AND person.id = term.id"
    " WHERE term.tenant = $1 AND kind = 'user' AND property = ANY ($2) AND value = ANY ($3)"
    " FOR UPDATE OF person"
)
_GROUPS = "SELECT id, version FROM person_group WHERE tenant = $1 AND id = ANY ($2) FOR UPDATE"
_MEMBERS = (
    "SELECT person_group, person FROM membership"
    " WHERE tenant = $1 AND person_group = ANY ($2) AND person = ANY ($3) FOR UPDATE"
)
_PUT_PERSON = (
    "INSERT INTO person (tenant, id, version, name, text) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (tenant, id) DO UPDATE"
    " SET version = excluded.version, name = excluded.name, text = excluded.text"
)
_PUT_GROUP = (
    "INSERT INTO person_group (tenant, id, version, text) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (tenant, id) DO UPDATE SET version = excluded.version, text = excluded.text"
)
_DELETE_PERSON = "DELETE FROM person WHERE tenant = $1 AND id = $2"
_DEPART = (
    "INSERT INTO departure (tenant, mark, at) VALUES ($1, $2, $3)"
    " ON CONFLICT (tenant, mark) DO UPDATE SET at = excluded.at"
)
_CLEAR_GROUP = "DELETE FROM membership WHERE tenant = $1 AND person_group = $2"
_LEAVE_ALL = "DELETE FROM membership WHERE tenant = $1 AND person = $2"
_LEAVE = "DELETE FROM membership WHERE tenant = $1 AND person_group = $2 AND person = $3"
_JOIN = "INSERT INTO membership (tenant, person, person_group) VALUES ($1, $2, $3)"
_ERASE_DIRECTORY = tuple(
    f"DELETE FROM {table} WHERE tenant = $1"  # noqa: S608  the names are here
    for table in ("person", "person_group", "membership", "term", "departure")
)
_FORGET = "DELETE FROM term WHERE tenant = $1 AND kind = $2 AND id = $3"
_REMEMBER = "INSERT INTO term (tenant, kind, property, value, id) VALUES ($1, $2, $3, $4, $5)"

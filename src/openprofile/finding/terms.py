"""What people and groups are found by: the terms of an object, folded."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from openprofile.model.directory import DirectoryObject, Group, Person, User
from openprofile.model.primitives import stored
from openprofile.model.shape import shape
from openprofile.odata.query.clauses import words
from openprofile.odata.query.search import comparable
from openprofile.odata.query.seek import LAST, Reach
from openprofile.store.base import Kind, Record, Span, Term

MANAGER = "manager"
"""The term by which a person is found through the id of whom they report to; empty for one who
reports to nobody.
"""
FAMILY, CONTACTS = "family", "contacts"
"""The terms by which a person is found through the ids of those on their lists; no query asks for
them.
"""
LINKS = (MANAGER, FAMILY, CONTACTS)
"""The terms that hold the ids of other people."""
LONGEST = 128
"""Characters of a value that the index keeps; a longer one is found by its beginning."""
KINDS: dict[type[DirectoryObject], Kind] = {User: "user", Group: "group"}

Object: TypeAlias = "Person | Group"

_PERSON = msgspec.json.Decoder(Person, dec_hook=stored)
_GROUP = msgspec.json.Decoder(Group, dec_hook=stored)


def read(kind: type[DirectoryObject], record: Record) -> Object:
    """The person, or the group, that a record of this kind holds."""
    return person_of(record) if kind is User else _GROUP.decode(record.text)


@lru_cache(maxsize=2048)
def person_of(record: Record) -> Person:
    """The person that a record holds; whoever wants another makes one."""
    return _PERSON.decode(record.text)


def entity(found: Object) -> DirectoryObject:
    """What the API shows of an object."""
    return found.user if isinstance(found, Person) else found


def terms(found: DirectoryObject) -> tuple[Term, ...]:
    """What a person or a group is found by."""
    kind = type(found)
    made = []
    for name in kind.indexed:
        value = value_of(found, name)
        if value is not None or name in kind.ordered:
            made.append(Term(name, key(value or "")))
    for name in kind.worded:
        value = value_of(found, name) or ""
        made += [Term(worded(name), key(word)) for word in dict.fromkeys(words(value))]
    return tuple(made)


def linked(person: Person) -> tuple[Term, ...]:
    """What a person is found by for the other people that their record names."""
    return (
        Term(MANAGER, person.manager or ""),
        *(Term(FAMILY, other) for other in person.family),
        *(Term(CONTACTS, other) for other in person.contacts),
    )


def without(person: Person, other: str) -> Person:
    """A person whose record does not name the other, by their id."""
    return msgspec.structs.replace(
        person,
        manager=None if person.manager == other else person.manager,
        family=[one for one in person.family if one != other],
        contacts=[one for one in person.contacts if one != other],
    )


def value_of(found: DirectoryObject, name: str) -> Any:
    """The value of a property by its name on the wire."""
    return getattr(found, shape(type(found)).properties[name].attribute)


def worded(name: str) -> str:
    """The name under which the words of a property are indexed."""
    return f"{name}/words"


def key(value: str) -> str:
    """A value as the index keeps it; PostgreSQL takes no NUL in a text."""
    return comparable(value).replace("\0", "")[:LONGEST]


def span(reach: Reach) -> Span:
    """The terms of a reach."""
    low, high = key(reach.low), key(reach.high)
    return Span(reach.property, low, low + LAST if reach.high == reach.low + LAST else high)


def folded_strings(found: DirectoryObject) -> DirectoryObject:
    """An object with its strings folded."""
    changed: dict[str, Any] = {}
    for name, many in _strings(type(found)):
        value = getattr(found, name)
        if value:
            changed[name] = [comparable(each) for each in value] if many else comparable(value)
    return msgspec.structs.replace(found, **changed)


@lru_cache
def _strings(kind: type[DirectoryObject]) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (each.attribute, each.collection)
        for each in shape(kind).properties.values()
        if each.edm == "Edm.String"
    )

"""A tenant's content as lines of JSON, a group or a person each; docs/bulk.md has the format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from openprofile.bulk import content
from openprofile.bulk.content import Whole
from openprofile.finding.terms import read
from openprofile.model.directory import Group, Person, User
from openprofile.model.shape import shape
from openprofile.odata.payload import write
from openprofile.profiles import etag
from openprofile.store.base import Record, Store


class Line(msgspec.Struct, frozen=True):
    """One line, its newline included, and what it is about: ``after`` the id goes on behind it."""

    kind: type[Group | User]
    id: str
    text: bytes


async def export(
    store: Store, tenant: str, *, after: tuple[type[Group | User], str] | None = None
) -> AsyncIterator[Line]:
    """The groups of a tenant by id, then its people by id; ``after`` are the kind and the id of a
    line to go on behind.

    An export of what is being written to has each person as they were at some moment meanwhile.
    """
    kind, last = after or (Group, "")
    if kind is Group:
        async for record in content.groups(store, tenant, after=last):
            yield Line(Group, record.id, _line(Group, record.text, {}))
    async for whole in content.people(store, tenant, after=last if kind is User else ""):
        yield Line(User, whole.person.id, _person_line(whole))


def _person_line(whole: Whole) -> bytes:
    person = read(User, whole.person)
    assert isinstance(person, Person)
    profile: dict[str, list[msgspec.Raw]] = {}
    for facet, record in whole.items:
        profile.setdefault(facet, []).append(_tagged(record))
    relations = {"family": person.family, "contacts": person.contacts}
    return _line(
        User,
        write(person.user),
        {
            "manager": person.manager,
            "directoryRoles": person.directory_roles,
            "relations": relations,
            "memberOf": whole.groups,
            "profile": profile,
        },
    )


def _line(kind: type[Group | User], text: str, more: dict[str, Any]) -> bytes:
    """``text`` is that of an object with members, as ``write`` makes it."""
    typed = f'{{"@odata.type":"#{shape(kind).qualified_name}",{text[1:-1]}'.encode()
    return typed + (b"," + msgspec.json.encode(more)[1:] if more else b"}") + b"\n"


def _tagged(record: Record) -> msgspec.Raw:
    tag = etag(record).replace('"', '\\"')
    return msgspec.Raw(f'{{"@odata.etag":"{tag}",{record.text[1:]}'.encode())

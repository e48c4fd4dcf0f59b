"""A tenant's content as lines of JSON, a group or a person each; docs/bulk.md has the format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from openprofile.abroad import MARKS
from openprofile.bulk import content
from openprofile.bulk.content import Whole
from openprofile.etags import etag
from openprofile.finding.terms import read
from openprofile.model.directory import Group, Person, User
from openprofile.model.shape import shape
from openprofile.odata.payload import write
from openprofile.store.base import Record, Store


async def export(store: Store, tenant: str, *, after: bytes | None = None) -> AsyncIterator[bytes]:
    """A line for each group of a tenant, by id, then one for each person, by id; with ``after``,
    the lines behind that one.

    An export of what is being written to has each person as they were at some moment meanwhile.
    """
    group, person = _place(after) if after else ("", "")
    if not person:
        async for record in content.groups(store, tenant, after=group):
            yield _line(Group, record.text, {})
    async for whole in content.people(store, tenant, after=person):
        yield _person_line(whole)


class _Head(msgspec.Struct):
    type: str = msgspec.field(name="@odata.type")
    id: str


def _place(line: bytes) -> tuple[str, str]:
    """The id of the group, or of the person, that a line is about."""
    head = msgspec.json.decode(line, type=_Head)
    return (head.id, "") if head.type == _type(Group) else ("", head.id)


def _person_line(whole: Whole) -> bytes:
    person = read(User, whole.person)
    assert isinstance(person, Person)
    profile: dict[str, list[msgspec.Raw]] = {}
    for facet, record in whole.items:
        if facet == MARKS:
            continue
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
    typed = f'{{"@odata.type":"{_type(kind)}",{text[1:-1]}'.encode()
    return typed + (b"," + msgspec.json.encode(more)[1:] if more else b"}") + b"\n"


def _type(kind: type[Group | User]) -> str:
    return f"#{shape(kind).qualified_name}"


def _tagged(record: Record) -> msgspec.Raw:
    tag = etag(record).replace('"', '\\"')
    return msgspec.Raw(f'{{"@odata.etag":"{tag}",{record.text[1:]}'.encode())

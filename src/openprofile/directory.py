"""The use cases on people: find them, and know who they are to each other."""

from __future__ import annotations

import msgspec

from openprofile.errors import ResourceNotFound
from openprofile.model.directory import Group, Person
from openprofile.model.primitives import JSON, decode, quoted
from openprofile.store.base import PutGroup, PutPerson, Store

_PERSON = msgspec.json.Decoder(Person, dec_hook=decode)


def fold(name: str) -> str:
    """A name as it is compared: principal names and ids do not depend on case."""
    return name.casefold()


class Directory:
    """The people and groups of every tenant."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, tenant: str, id_or_name: str) -> Person | None:
        """The person with this object id or user principal name."""
        record = await self._store.person(tenant, fold(id_or_name))
        return _PERSON.decode(record.text) if record else None

    async def require(self, tenant: str, id_or_name: str) -> Person:
        """The person with this object id or user principal name; raises ResourceNotFound."""
        found = await self.find(tenant, id_or_name)
        if found is None:
            raise ResourceNotFound(
                f"Resource {quoted(id_or_name)} does not exist: no person of this tenant has "
                "that id or userPrincipalName."
            )
        return found

    async def people(self, tenant: str) -> list[Person]:
        """Everybody, by principal name."""
        records = await self._store.people(tenant)
        return [_PERSON.decode(record.text) for record in records]

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        """Whether two people, by their ids, belong to one group."""
        return await self._store.share_group(tenant, one, other)

    async def put(
        self, tenant: str, people: list[Person], groups: list[tuple[Group, tuple[str, ...]]]
    ) -> None:
        """Store people, and groups with the ids of their members, all or none."""
        await self._store.write(
            [
                PutPerson(tenant, person.id, fold(person.user.user_principal_name), _text(person))
                for person in people
            ]
            + [PutGroup(tenant, group.id, _text(group), members) for group, members in groups]
        )


def _text(value: Person | Group) -> str:
    return JSON.encode(value).decode()

"""A document of people, groups and profiles to the changes that store it in a tenant.

docs/stand-in.md has the format: that of the lines of an import, with people and groups by their
names where an import has ids.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from openprofile.administration import misnamed
from openprofile.bulk.reader import Reader
from openprofile.bulk.writer import reason
from openprofile.clock import Clock, is_id
from openprofile.directory import Directory, fold
from openprofile.document import BadDocument, Document, Step
from openprofile.errors import Fault, ResourceNotFound
from openprofile.model.directory import Group
from openprofile.model.shape import shape
from openprofile.settings import Limits
from openprofile.store.base import Change, Join, StoreError

_MEMBERS = ("groups", "people")
_A_GROUP = {"@odata.type": f"#{shape(Group).qualified_name}"}

Place = tuple[Step, ...]


class Seed:
    """What a document holds for one tenant."""

    def __init__(self, document: Document, tenant: str) -> None:
        """Raises BadDocument for a document that holds anything but people and groups."""
        self._document = document
        self._tenant = tenant
        self._people: dict[str, str] = {}
        """Ids by folded principal names."""
        self._stored: set[str] = set()
        """Folded ids of the people and groups."""
        self._places: dict[int, Place] = {}
        """Where in the document a change comes from, by the change's identity."""
        value = {} if document.value is None else document.value
        if not isinstance(value, dict):
            raise self._bad((), "Expected an object with 'people' and 'groups'.")
        for name in value:
            if name not in _MEMBERS:
                raise self._bad((name,), f"There is no {name!r}; expected 'people' and 'groups'.")
        self._groups, self._persons = (list(self._objects(value, name)) for name in _MEMBERS)

    async def changes(self, directory: Directory, limits: Limits, clock: Clock) -> list[Change]:
        """What stores it all, groups first; raises BadDocument for what cannot be stored."""
        reader, found = Reader(self._tenant, limits, clock), list[Change]()
        for place, person in self._persons:
            name = person.get("userPrincipalName")
            if isinstance(name, str):
                for fault in misnamed(name):
                    raise self._bad((*place, "userPrincipalName"), fault.message)
                there = await directory.find(self._tenant, name)
                made = str(uuid.uuid5(uuid.UUID(self._tenant), f"user/{fold(name)}"))
                person.setdefault("id", there.id if there else made)
                self._people[fold(name)] = person["id"]
                self._store_once(person, place)
        for place, group in self._groups:
            members = group.pop("members", [])
            group.setdefault("id", self._group_id(group.get("displayName")))
            self._store_once(group, place)
            found += self._read(reader, place, _A_GROUP | group)
            for one in await self._ids(members, (*place, "members"), directory):
                found.append(Join(self._tenant, fold(str(group["id"])), one, anyway=True))
                self._places[id(found[-1])] = (*place, "members")
        joins = [change for change in found if isinstance(change, Join)]
        found = [change for change in found if not isinstance(change, Join)]
        for place, person in self._persons:
            await self._name(person, place, directory)
            found += self._read(reader, place, person)
        return found + joins

    def refusal(self, error: StoreError) -> BadDocument:
        """What to tell where the store does not take one of the changes."""
        place = self._places.get(id(error.change), ())
        return self._bad(place, reason(error))

    def _objects(self, value: dict[str, Any], name: str) -> Iterator[tuple[Place, dict[str, Any]]]:
        listed = value.get(name) or []
        if not isinstance(listed, list):
            raise self._bad((name,), f"Expected a list of {name}.")
        for index, one in enumerate(listed):
            if not isinstance(one, dict):
                raise self._bad((name, index), "Expected an object.")
            yield (name, index), dict(one)

    async def _name(self, person: dict[str, Any], place: Place, directory: Directory) -> None:
        """Put ids in the place of the names of people and groups."""
        if isinstance(person.get("manager"), str):
            at = (*place, "manager")
            (person["manager"],) = await self._ids([person["manager"]], at, directory)
        relations = person.get("relations")
        if isinstance(relations, dict):
            person["relations"] = {
                name: await self._ids(people, (*place, "relations", name), directory)
                for name, people in relations.items()
            }
        if isinstance(person.get("memberOf"), list):
            named = enumerate(person["memberOf"])
            person["memberOf"] = [
                await self._known_group(one, (*place, "memberOf", index), directory)
                for index, one in named
            ]

    async def _ids(self, names: Any, place: Place, directory: Directory) -> list[str]:
        """The ids of people, by their ids or principal names."""
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise self._bad(place, "Expected ids or principal names of people.")
        found = []
        for index, name in enumerate(names):
            known = self._people.get(fold(name))
            if known is None and fold(name) not in self._people.values():
                there = await directory.find(self._tenant, name)
                if there is None:
                    raise self._bad((*place, index), f"Nobody is called {name!r}.")
                known = there.id
            found.append(fold(known or name))
        return found

    async def _known_group(self, name: Any, place: Place, directory: Directory) -> Any:
        """The id of a group of the document or of the directory, by it or by its name."""
        group_id = self._group_id(name)
        if isinstance(group_id, str) and fold(group_id) not in self._stored:
            try:
                await directory.known_group(self._tenant, fold(group_id))
            except ResourceNotFound as error:
                raise self._bad(place, f"There is no group {name!r}.") from error
        return group_id

    def _store_once(self, content: dict[str, Any], place: Place) -> None:
        """Raise BadDocument for a person or a group that the document has already."""
        one = fold(str(content.get("id")))
        if one in self._stored:
            told = content.get("userPrincipalName") or content.get("displayName") or one
            raise self._bad(place, f"{told!r} is there twice.")
        self._stored.add(one)

    def _group_id(self, name: Any) -> Any:
        """The id of a group, by it or by its name, as the sample groups have it too."""
        if not isinstance(name, str) or is_id(name):
            return name
        named = next((one for _, one in self._groups if one.get("displayName") == name), {})
        return named.get("id") or str(uuid.uuid5(uuid.UUID(self._tenant), f"group/{name}"))

    def _read(self, reader: Reader, place: Place, content: dict[str, Any]) -> Sequence[Change]:
        try:
            found = reader.read(msgspec.json.encode(content))
        except Fault as fault:
            target = fault.details[0].target if fault.details else fault.target or ""
            message = fault.details[0].message if fault.details else fault.message
            steps = [int(step) if step.isdecimal() else step for step in target.split("/")]
            raise self._bad((*place, *steps), message) from fault
        self._places |= {id(change): place for change in found}
        return found

    def _bad(self, place: Place, why: str) -> BadDocument:
        return BadDocument(self._document.line(place), why)

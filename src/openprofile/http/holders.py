"""The entities that single properties are read and written of: items, profiles, people, groups."""

from __future__ import annotations

from typing import Protocol

import msgspec

from openprofile.administration import Administration
from openprofile.directory import Directory
from openprofile.http.conditions import conditions_of, require_untagged
from openprofile.http.exchange import Call
from openprofile.http.facets import item_of, profile_context
from openprofile.http.objects import context
from openprofile.model.directory import Group, Person
from openprofile.model.facets import FACETS
from openprofile.model.profile import PROFILE_ID, Profile
from openprofile.odata.path import Target
from openprofile.odata.payload import Members, read_changes, write
from openprofile.odata.representation import item_url
from openprofile.policy.directory import (
    READ_ALL_OF_PEOPLE,
    READ_GROUPS,
    shown_of_group,
    shown_of_person,
)
from openprofile.policy.grants import require
from openprofile.profiles import Access, Profiles
from openprofile.store.base import Record


class Held(msgspec.Struct, frozen=True):
    """An entity of which a property is asked for."""

    text: str
    """The entity as ``payload.write`` writes it."""
    context: str
    """Its context URL, which the property's path follows."""
    record: Record | None = None
    """As which it is stored, where it has an ETag."""


class Holder(Protocol):
    """Reads and changes the entity of a target whose tail leads to a property."""

    writable: bool

    async def read(self, call: Call) -> Held:
        """The entity; raises a Fault where the caller may not see it, or the property."""

    async def change(self, call: Call, changes: Members, sent: Members) -> Held:
        """Set what ``changes`` hold, on the conditions of the request and of its body, which
        ``sent`` is; returns the entity as it is then.
        """


class Holders:
    """The holder of any target."""

    def __init__(
        self, profiles: Profiles, directory: Directory, administration: Administration
    ) -> None:
        self._item = _Items(profiles)
        self._derived = _Items(profiles, writable=False)
        self._profile = _OfProfile(profiles)
        self._person = _People(directory, administration)
        self._relative = _Relatives(directory)
        self._group = _Groups(directory)

    def of(self, target: Target) -> Holder | None:
        """What holds the property that ``target`` names; None where properties are not served."""
        if target.collection:
            return None
        match target.names:
            case (_, "profile", facet):
                return self._derived if FACETS[facet].read_only else self._item
            case (_, "profile"):
                return self._profile
            case ("me" | "users",):
                return self._person
            case ("groups",):
                return self._group
            case (_, _):
                return self._relative
        return None


class _ReadOnly:
    writable = False

    async def change(self, call: Call, changes: Members, sent: Members) -> Held:
        raise NotImplementedError


class _Items:
    def __init__(self, profiles: Profiles, *, writable: bool = True) -> None:
        self._profiles = profiles
        self.writable = writable

    async def read(self, call: Call) -> Held:
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        return _item(call, access, await self._profiles.get(access, *item_of(call.target)))

    async def change(self, call: Call, changes: Members, sent: Members) -> Held:
        facet, item_id = item_of(call.target)
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        checked = read_changes(changes, FACETS[facet])
        conditions = conditions_of(call, sent)
        return _item(
            call, access, await self._profiles.update(access, facet, item_id, checked, conditions)
        )


class _OfProfile(_ReadOnly):
    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    async def read(self, call: Call) -> Held:
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        return Held(write(Profile(id=PROFILE_ID)), profile_context(call, access))


class _People:
    writable = True

    def __init__(self, directory: Directory, administration: Administration) -> None:
        self._directory = directory
        self._administration = administration

    async def read(self, call: Call) -> Held:
        return _person(call, await self._directory.person(call.caller, call.target.keys[0]))

    async def change(self, call: Call, changes: Members, sent: Members) -> Held:
        require_untagged(call, sent)
        checked = read_changes(changes, call.target.kind)
        person = await self._administration.update(call.caller, call.target.keys[0], checked)
        return _held(call, person)


class _Relatives(_ReadOnly):
    """Whom a person reports to, who reports to them, the groups they are in, and who is in one."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def read(self, call: Call) -> Held:
        directory, caller = self._directory, call.caller
        who, *keys = call.target.keys
        key = keys[0] or ""
        match call.target.names[-1]:
            case "manager":
                return _person(call, await directory.manager(caller, who))
            case "directReports":
                return _person(call, await directory.report(caller, who, key))
            case "memberOf":
                return _group(call, await directory.group_of(caller, who, key))
        return _person(call, await directory.member(caller, who or "", key))


class _Groups(_ReadOnly):
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def read(self, call: Call) -> Held:
        group_id = call.target.keys[0]
        assert group_id is not None
        return _group(call, await self._directory.group(call.caller, group_id))


def _item(call: Call, access: Access, record: Record) -> Held:
    collection = f"{profile_context(call, access)}/{call.target.names[-1]}"
    return Held(record.text, item_url(collection, record.id), record)


def _person(call: Call, person: Person) -> Held:
    """A person of whom the caller may see the property."""
    seen = shown_of_person(call.caller, person.id)
    if seen is not None and call.target.property_path[0] not in seen:
        require(call.caller, READ_ALL_OF_PEOPLE)
    return _held(call, person)


def _group(call: Call, group: Group) -> Held:
    """A group of which the caller may see the property."""
    seen = shown_of_group(call.caller)
    if seen is not None and call.target.property_path[0] not in seen:
        require(call.caller, READ_GROUPS)
    return Held(write(group), context(call, f"groups('{group.id}')"))


def _held(call: Call, person: Person) -> Held:
    return Held(write(person.user), context(call, f"users('{person.id}')"))

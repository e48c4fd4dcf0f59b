"""The use cases on people and groups that change nothing: find them, and show them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from openprofile.clock import Clock
from openprofile.errors import (
    ObjectConflict,
    ResourceNotFound,
)
from openprofile.finding import sources
from openprofile.finding.finder import Finder, Page
from openprofile.finding.query import Query
from openprofile.finding.sources import Place, Source
from openprofile.finding.terms import linked, person_of, read, terms
from openprofile.model.directory import Group, Person, User
from openprofile.model.primitives import JSON, quoted
from openprofile.odata.payload import write
from openprofile.odata.query.seek import LAST
from openprofile.policy import directory as grants
from openprofile.policy.caller import Caller
from openprofile.policy.decision import concerns
from openprofile.policy.grants import require
from openprofile.store.base import (
    Conflict,
    Missing,
    PutGroup,
    PutPerson,
    Record,
    Span,
    Store,
    UpdatePerson,
)


def fold(name: str) -> str:
    """A name as it is compared: principal names and ids do not depend on case."""
    return name.casefold()


def mark(tenant: str, id_or_name: str) -> str:
    """What is kept of a person who has been deleted, of whom nothing else is."""
    return hashlib.blake2b(f"{tenant}/{fold(id_or_name)}".encode(), digest_size=16).hexdigest()


class Collection:
    """People or groups that a caller has been let in to; only ``Directory`` makes one."""

    def __init__(self, finder: Finder, asked: Query, source: Source) -> None:
        self._finder = finder
        self._asked = asked
        self._source = source

    async def page(self, *, size: int, after: Place | None) -> Page:
        """At most ``size`` of them, behind the place ``after``; see ``Finder.page``."""
        return await self._finder.page(self._asked, self._source, size=size, after=after)

    async def count(self) -> int:
        """How many there are; see ``Finder.count``."""
        return await self._finder.count(self._asked, self._source)


class Directory:
    """The people and groups of every tenant.

    The methods that take a caller ask first whether the token reaches: they raise
    AuthorizationRequestDenied where it does not, BadRequest for the ``/me`` of an application,
    and ResourceNotFound for whom or what the directory does not have. ``who`` is an id, a user
    principal name, or None for the caller.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, tenant: str, id_or_name: str) -> Person | None:
        """The person with this object id or user principal name."""
        record = await self._store.person(tenant, fold(id_or_name))
        return person_of(record) if record else None

    async def departed(self, tenant: str, id_or_name: str) -> int | None:
        """When a person with this id or principal name was deleted last, in seconds."""
        return await self._store.departed(tenant, mark(tenant, id_or_name))

    async def require(self, tenant: str, id_or_name: str) -> Person:
        """The person with this object id or user principal name; raises ResourceNotFound."""
        record = await self._store.person(tenant, fold(id_or_name))
        if record is None:
            raise _nobody(id_or_name)
        return person_of(record)

    async def concerned(self, caller: Caller, who: str | None) -> Person:
        """The person whom a caller's request is about, for the trail as well.

        Raises BadRequest for the ``/me`` of an application, ResourceNotFound for an unknown person.
        """
        name = caller.addressed(who)
        record = await self._store.person(caller.tenant, fold(name))
        if record is None:
            raise _nobody(name)
        concerns(record.id)
        return person_of(record)

    async def people(self, tenant: str, *, most: int) -> list[Person]:
        """The first people of a tenant, at ``most`` so many, by principal name."""
        by_name = Span("userPrincipalName", "", LAST)
        entries = await self._store.entries(tenant, "user", by_name, limit=most)
        return [person_of(entry.record) for entry in entries]

    async def share_group(self, tenant: str, one: str, other: str) -> bool:
        """Whether two people, by their ids, belong to one group."""
        return await self._store.share_group(tenant, one, other)

    async def put(
        self, tenant: str, people: list[Person], groups: list[tuple[Group, tuple[str, ...]]]
    ) -> None:
        """Store people, and groups with the ids of their members, all or none."""
        await self._store.write(
            [putting(tenant, person) for person in people]
            + [putting_group(tenant, group, people_in) for group, people_in in groups]
        )

    async def add(self, tenant: str, person: Person) -> None:
        """Store a new person; raises Conflict if another person has the id or the name."""
        await self._store.write([msgspec.structs.replace(putting(tenant, person), new=True)])

    async def revise(
        self,
        tenant: str,
        person_id: str,
        change: Callable[[Person], Person],
        *,
        name: str | None = None,
        needed: tuple[str, ...] = (),
    ) -> Person:
        """Store what ``change`` makes of a person, and return it.

        ``name`` is the folded principal name that it gives them, where that is another; ``needed``
        are the ids of the people that it puts into their record. Raises ResourceNotFound where
        somebody is gone, ObjectConflict for a name that another person has, and what ``change``
        raises.
        """
        wanted: list[Person] = []

        def revised(record: Record) -> PutPerson:
            wanted[:] = [change(person_of(record))]
            return putting(tenant, wanted[0])

        try:
            await self._store.write([UpdatePerson(tenant, person_id, revised, name, needed)])
        except Missing as error:
            raise gone(str(error)) from error
        except Conflict as error:
            raise await conflict(self._store, tenant, wanted[0]) from error
        return wanted[0]

    # -----

    async def person(self, caller: Caller, who: str | None) -> Person:
        """A person, of whom the caller sees what ``policy.directory.shown_of_person`` says."""
        return await self._addressed(caller, who, "users.get")

    async def everybody(self, caller: Caller, asked: Query) -> Collection:
        """The people of the caller's tenant that a query asks for; raises UnsupportedQuery."""
        _require(caller, "users.list")
        source = sources.everyone(self._store, caller.tenant, asked)
        return self._collection(caller, asked, source)

    async def manager(self, caller: Caller, who: str | None) -> Person:
        """The person to whom somebody reports; raises ResourceNotFound if there is none."""
        person = await self._addressed(caller, who, "manager.get")
        found = await self.find(caller.tenant, person.manager) if person.manager else None
        if found is None:
            raise ResourceNotFound(f"Resource 'manager' does not exist: {person.id} has none.")
        return found

    async def reports(self, caller: Caller, who: str | None, asked: Query) -> Collection:
        """The people who report to somebody."""
        person = await self._addressed(caller, who, "directReports.list")
        source = sources.reports(self._store, caller.tenant, person.id)
        return self._collection(caller, asked, source)

    async def groups_of(self, caller: Caller, who: str | None, asked: Query) -> Collection:
        """The groups that somebody is a member of."""
        person = await self._addressed(caller, who, "memberOf.list")
        source = sources.groups(self._store, caller.tenant, person.id)
        return self._collection(caller, asked, source)

    async def report(self, caller: Caller, who: str | None, key: str) -> Person:
        """One of those who report to somebody; raises ResourceNotFound for anybody else."""
        person = await self._addressed(caller, who, "directReports.list")
        found = await self.find(caller.tenant, key)
        if found is None or found.manager != person.id:
            raise _no_relative("directReports", key)
        return found

    async def group_of(self, caller: Caller, who: str | None, key: str) -> Group:
        """One of the groups that somebody is in; raises ResourceNotFound for any other."""
        person = await self._addressed(caller, who, "memberOf.list")
        if not await self._belongs(caller.tenant, person.id, fold(key)):
            raise _no_relative("memberOf", key)
        return await self.known_group(caller.tenant, key)

    async def member(self, caller: Caller, group_id: str, key: str) -> Person:
        """One of the people of a group; raises ResourceNotFound for anybody else."""
        _require(caller, "members.list")
        group = await self.known_group(caller.tenant, group_id)
        found = await self.find(caller.tenant, key)
        if found is None or not await self._belongs(caller.tenant, found.id, group.id):
            raise _no_relative("members", key)
        return found

    async def _belongs(self, tenant: str, person_id: str, group_id: str) -> bool:
        """Whether a person is in a group: people are in few groups, and groups have many people."""
        after = ""
        while True:
            found = await self._store.related(
                tenant, "memberOf", person_id, after=after, limit=_GROUPS
            )
            if any(each.id == group_id for each in found):
                return True
            if len(found) < _GROUPS:
                return False
            after = found[-1].id

    async def group(self, caller: Caller, group_id: str) -> Group:
        """A group."""
        _require(caller, "groups.get")
        return await self.known_group(caller.tenant, group_id)

    async def groups(self, caller: Caller, asked: Query) -> Collection:
        """The groups of the caller's tenant that a query asks for; raises UnsupportedQuery."""
        _require(caller, "groups.list")
        source = sources.everyone(self._store, caller.tenant, asked)
        return self._collection(caller, asked, source)

    async def members(self, caller: Caller, group_id: str, asked: Query) -> Collection:
        """The people of a group."""
        _require(caller, "members.list")
        group = await self.known_group(caller.tenant, group_id)
        source = sources.members(self._store, caller.tenant, group.id)
        return self._collection(caller, asked, source)

    # -----

    async def _addressed(self, caller: Caller, who: str | None, operation: str) -> Person:
        """The person whom a path names.

        Whoever may not see others is not told who there is.
        """
        own, others = grants.NEEDED[operation]
        reaches_others = grants.holds(caller, others)
        if caller.person is None or reaches_others or not grants.holds(caller, own):
            require(caller, own if who is None else others)
            return await self.concerned(caller, who)
        require(caller, own)
        name = caller.addressed(who)
        if fold(name) == caller.person:
            return await self.concerned(caller, who)
        found = await self.find(caller.tenant, name)
        if found is None or found.id != caller.person:
            require(caller, others)
        assert found is not None
        return found

    async def known_group(self, tenant: str, group_id: str) -> Group:
        """The group with this id; raises ResourceNotFound."""
        record = await self._store.group(tenant, fold(group_id))
        if record is None:
            raise ResourceNotFound(
                f"Resource {quoted(group_id)} does not exist: no group of this tenant has that id."
            )
        found = read(Group, record)
        assert isinstance(found, Group)
        return found

    def _collection(self, caller: Caller, asked: Query, source: Source) -> Collection:
        grants.require_shown(caller, asked.names, people=asked.kind is User)
        finder = Finder(self._store, caller.tenant, self._clock.ticks())
        return Collection(finder, asked, source)


_GROUPS = 100
"""Groups of a person that are read at once."""


def _nobody(id_or_name: str) -> ResourceNotFound:
    return ResourceNotFound(
        f"Resource {quoted(id_or_name)} does not exist: no person of this tenant has that id or "
        "userPrincipalName."
    )


def _no_relative(relation: str, key: str) -> ResourceNotFound:
    return ResourceNotFound(f"Resource {quoted(key)} does not exist among {relation}.")


def _require(caller: Caller, operation: str) -> None:
    require(caller, grants.NEEDED[operation].others)


async def conflict(store: Store, tenant: str, wanted: Person) -> ObjectConflict:
    """Which value of ``wanted`` somebody else has."""
    name = "userPrincipalName"
    value = wanted.user.user_principal_name
    there = await store.person(tenant, fold(value))
    if there is None or there.id == wanted.id:
        name, value = "id", wanted.id
    return ObjectConflict(
        f"Another object with the same value for property {name} already exists: {quoted(value)}.",
        target=name,
    )


def putting(tenant: str, person: Person) -> PutPerson:
    """The change that stores a person, with everything that they are found by."""
    name = fold(person.user.user_principal_name)
    found = (*terms(person.user), *linked(person))
    return PutPerson(tenant, person.id, name, JSON.encode(person).decode(), found)


def putting_group(tenant: str, group: Group, members: tuple[str, ...] | None) -> PutGroup:
    """The change that stores a group, with everything that it is found by."""
    return PutGroup(tenant, group.id, write(group), members, terms(group))


def gone(person_id: str) -> ResourceNotFound:
    """What is raised for a person who was there a moment ago."""
    return ResourceNotFound(f"Resource {quoted(person_id)} does not exist any more.")

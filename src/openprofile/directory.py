"""The use cases on people and groups: find them, show them, and let those who may change them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator

import msgspec

from openprofile.clock import Clock, date_time_offset, is_id, new_id
from openprofile.errors import (
    AuthorizationRequestDenied,
    Detail,
    InvalidPayload,
    ItemNotFound,
    ObjectConflict,
    ResourceNotFound,
)
from openprofile.finding import sources
from openprofile.finding.finder import Finder, Page
from openprofile.finding.query import Query
from openprofile.finding.sources import Place, Source
from openprofile.finding.terms import MANAGER, read, terms
from openprofile.model.directory import DirectoryObject, Group, Person, User
from openprofile.model.primitives import JSON, DateTimeOffset, decode, quoted
from openprofile.model.shape import shape
from openprofile.odata.payload import Members, entity, members, merge, write
from openprofile.odata.query.seek import LAST
from openprofile.policy import directory as grants
from openprofile.policy.caller import Caller
from openprofile.policy.decision import concerns
from openprofile.policy.grants import Permissions, require
from openprofile.store.base import (
    Conflict,
    DeletePerson,
    Join,
    Leave,
    Missing,
    PutGroup,
    PutPerson,
    Record,
    Span,
    Store,
    Term,
    UpdatePerson,
)


def fold(name: str) -> str:
    """A name as it is compared: principal names and ids do not depend on case."""
    return name.casefold()


class Collection:
    """People or groups that a caller has been let in to; only ``Directory`` makes one."""

    def __init__(
        self, finder: Finder, asked: Query, source: Source, shown: frozenset[str] | None
    ) -> None:
        """``shown`` are the properties that the caller sees of everybody there, None for all."""
        if shown is not None and not asked.names <= shown:
            hidden = ", ".join(sorted(asked.names - shown))
            raise AuthorizationRequestDenied(
                f"Insufficient privileges to complete the operation. The query asks for {hidden}, "
                f"and the token shows {', '.join(sorted(shown))} of the objects alone."
            )
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
        return _person(record) if record else None

    async def require(self, tenant: str, id_or_name: str) -> Person:
        """The person with this object id or user principal name; raises ResourceNotFound."""
        found = await self.find(tenant, id_or_name)
        if found is None:
            raise ResourceNotFound(
                f"Resource {quoted(id_or_name)} does not exist: no person of this tenant has "
                "that id or userPrincipalName."
            )
        return found

    async def concerned(self, caller: Caller, who: str | None) -> Person:
        """The person whom a caller's request is about, for the trail as well.

        Raises BadRequest for the ``/me`` of an application, ResourceNotFound for an unknown person.
        """
        person = await self.require(caller.tenant, caller.addressed(who))
        concerns(person.id)
        return person

    async def people(self, tenant: str, *, most: int) -> list[Person]:
        """The first people of a tenant, at ``most`` so many, by principal name."""
        by_name = Span("userPrincipalName", "", LAST)
        entries = await self._store.entries(tenant, "user", by_name, limit=most)
        return [_person(entry.record) for entry in entries]

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

    # ----- reading

    async def person(self, caller: Caller, who: str | None) -> Person:
        """A person, of whom the caller sees what ``policy.directory.shown_of_person`` says."""
        return await self._addressed(caller, who, grants.READ_ME, grants.READ_PEOPLE)

    async def everybody(self, caller: Caller, asked: Query) -> Collection:
        """The people of the caller's tenant that a query asks for; raises UnsupportedQuery."""
        require(caller, grants.READ_PEOPLE)
        source = sources.everyone(self._store, caller.tenant, asked)
        return self._collection(caller, asked, source)

    async def manager(self, caller: Caller, who: str | None) -> Person:
        """The person to whom somebody reports; raises ResourceNotFound if there is none."""
        allowed = grants.READ_ALL_OF_PEOPLE
        person = await self._addressed(caller, who, allowed, allowed)
        found = await self.find(caller.tenant, person.manager) if person.manager else None
        if found is None:
            raise ResourceNotFound(f"Resource 'manager' does not exist: {person.id} has none.")
        return found

    async def reports(self, caller: Caller, who: str | None, asked: Query) -> Collection:
        """The people who report to somebody."""
        person = await self._addressed(
            caller, who, grants.READ_MY_REPORTS, grants.READ_ALL_OF_PEOPLE
        )
        source = sources.reports(self._store, caller.tenant, person.id)
        return self._collection(caller, asked, source)

    async def groups_of(self, caller: Caller, who: str | None, asked: Query) -> Collection:
        """The groups that somebody is a member of."""
        person = await self._addressed(caller, who, grants.READ_MY_GROUPS, grants.READ_GROUPS)
        source = sources.groups(self._store, caller.tenant, person.id)
        return self._collection(caller, asked, source)

    async def group(self, caller: Caller, group_id: str) -> Group:
        """A group."""
        require(caller, grants.READ_GROUPS)
        return await self._group(caller.tenant, group_id)

    async def groups(self, caller: Caller, asked: Query) -> Collection:
        """The groups of the caller's tenant that a query asks for; raises UnsupportedQuery."""
        require(caller, grants.READ_GROUPS)
        source = sources.everyone(self._store, caller.tenant, asked)
        return self._collection(caller, asked, source)

    async def members(self, caller: Caller, group_id: str, asked: Query) -> Collection:
        """The people of a group."""
        group = await self.group(caller, group_id)
        source = sources.members(self._store, caller.tenant, group.id)
        return self._collection(caller, asked, source)

    # ----- writing

    async def create(self, caller: Caller, user: User) -> Person:
        """Store a new person and return them with everything that the service fills in.

        An id that is a GUID is kept, any other replaced. Raises InvalidPayload, and
        ObjectConflict if another person has the id or the userPrincipalName.
        """
        self._require_writer(caller, grants.WRITE_PEOPLE)
        user.id = fold(user.id) if is_id(user.id) else new_id()
        user.created_date_time = DateTimeOffset(date_time_offset(self._clock.ticks()))
        user.deleted_date_time = None
        if user.account_enabled is None:
            user.account_enabled = True
        person = Person(user=checked(user))
        put = msgspec.structs.replace(putting(caller.tenant, person), new=True)
        try:
            await self._store.write([put])
        except Conflict as error:
            raise await self._conflict(caller.tenant, person) from error
        return person

    async def update(self, caller: Caller, who: str | None, changes: Members) -> Person:
        """Merge ``changes`` into a person and return them; raises as ``create`` does."""
        person = await self._written(caller, who)

        def revise(record: Record) -> PutPerson:
            before = _person(record)
            user = entity(merge(members(write(before.user)), changes), User)
            user = checked(user, changes.keys())
            return putting(caller.tenant, msgspec.structs.replace(before, user=user))

        name = changes.get("userPrincipalName")
        return await self._update(caller, person, revise, name and fold(name))

    async def delete(self, caller: Caller, who: str | None) -> None:
        """Erase a person, their profile and their memberships in one transaction."""
        person = await self._written(caller, who, grants.DELETE_PEOPLE)

        def release(record: Record) -> PutPerson:
            return putting(caller.tenant, msgspec.structs.replace(_person(record), manager=None))

        try:
            await self._store.write([DeletePerson(caller.tenant, person.id, MANAGER, release)])
        except Missing as error:
            raise _gone(person) from error

    async def set_manager(self, caller: Caller, who: str | None, manager: str | None) -> None:
        """Let a person report to another, by their id or principal name, or to nobody (None).

        Raises ObjectConflict for whom is to report to themselves.
        """
        person = await self._written(caller, who)
        leader = None if manager is None else (await self.require(caller.tenant, manager)).id
        if leader == person.id:
            raise ObjectConflict("A person cannot be their own manager.", target="@odata.id")

        def revise(record: Record) -> PutPerson:
            return putting(caller.tenant, msgspec.structs.replace(_person(record), manager=leader))

        await self._update(caller, person, revise)

    async def set_lists(
        self, caller: Caller, person: Person, *, family: list[str], contacts: list[str]
    ) -> None:
        """Set the lists that a person keeps, by ids; raises ResourceNotFound if they are gone."""

        def revise(record: Record) -> PutPerson:
            changed = msgspec.structs.replace(_person(record), family=family, contacts=contacts)
            return putting(caller.tenant, changed)

        await self._update(caller, person, revise)

    async def add_member(self, caller: Caller, group_id: str, who: str) -> None:
        """Make a person a member of a group; raises ObjectConflict for one who is."""
        self._require_writer(caller, grants.WRITE_MEMBERS)
        group = await self._group(caller.tenant, group_id)
        person = await self.require(caller.tenant, who)
        try:
            await self._store.write([Join(caller.tenant, group.id, person.id)])
        except Conflict as error:
            raise ObjectConflict(
                f"{quoted(who)} is a member of the group already.", target="@odata.id"
            ) from error
        except Missing as error:
            raise _gone(person) from error

    async def remove_member(self, caller: Caller, group_id: str, who: str) -> None:
        """End a membership; raises ItemNotFound if there is none."""
        self._require_writer(caller, grants.WRITE_MEMBERS)
        group = await self._group(caller.tenant, group_id)
        try:
            await self._store.write([Leave(caller.tenant, group.id, fold(who))])
        except Missing as error:
            raise ItemNotFound(f"{quoted(who)} is not the id of a member of the group.") from error

    # -----

    async def _addressed(
        self, caller: Caller, who: str | None, own: Permissions, others: Permissions
    ) -> Person:
        """The person whom a path names; ``own`` is what reaches the caller themselves.

        Whoever may not see others is not told who there is.
        """
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

    async def _group(self, tenant: str, group_id: str) -> Group:
        record = await self._store.group(tenant, fold(group_id))
        if record is None:
            raise ResourceNotFound(
                f"Resource {quoted(group_id)} does not exist: no group of this tenant has that id."
            )
        found = read(Group, record)
        assert isinstance(found, Group)
        return found

    def _collection(self, caller: Caller, asked: Query, source: Source) -> Collection:
        people = asked.kind is User
        shown = grants.shown_of_person(caller, None) if people else grants.shown_of_group(caller)
        finder = Finder(self._store, caller.tenant, self._clock.ticks())
        return Collection(finder, asked, source, shown)

    def _require_writer(self, caller: Caller, needed: Permissions) -> None:
        require(caller, needed)
        grants.require_administrator(caller)

    async def _written(
        self, caller: Caller, who: str | None, needed: Permissions = grants.WRITE_PEOPLE
    ) -> Person:
        self._require_writer(caller, needed)
        return await self.concerned(caller, who)

    async def _update(
        self,
        caller: Caller,
        person: Person,
        revise: Callable[[Record], PutPerson],
        name: str | None = None,
    ) -> Person:
        put: list[PutPerson] = []

        def revised(record: Record) -> PutPerson:
            put[:] = [revise(record)]
            return put[0]

        try:
            update = UpdatePerson(caller.tenant, person.id, revised, name)
            (record,) = await self._store.write([update])
        except Missing as error:
            raise _gone(person) from error
        except Conflict as error:
            raise await self._conflict(caller.tenant, _PERSON.decode(put[0].text)) from error
        assert record is not None
        return _person(record)

    async def _conflict(self, tenant: str, wanted: Person) -> ObjectConflict:
        """Which value of ``wanted`` somebody else has."""
        name = "userPrincipalName"
        value = wanted.user.user_principal_name
        there = await self._store.person(tenant, fold(value))
        if there is None or there.id == wanted.id:
            name, value = "id", wanted.id
        return ObjectConflict(
            f"Another object with the same value for property {name} already exists: "
            f"{quoted(value)}.",
            target=name,
        )


_NAME = re.compile(r"[^\s@/\\?#%\"<>()\[\]:;,|\x00-\x1f\x7f]{1,64}@[^\W_][\w.-]{0,254}")
_LONGEST = 256
_MOST = 100
_PERSON = msgspec.json.Decoder(Person, dec_hook=decode)


def checked(user: User, changed: Container[str] | None = None) -> User:
    """A person as they may be stored: without a password; raises InvalidPayload.

    ``changed`` are the properties that have been set, None for all.
    """
    faults = [fault for fault in _faults(user) if changed is None or fault.target in changed]
    if faults:
        raise InvalidPayload(faults)
    return msgspec.structs.replace(user, password_profile=None)


def _faults(user: User) -> Iterator[Detail]:
    if not _NAME.fullmatch(user.user_principal_name):
        name = quoted(user.user_principal_name)
        expected = "it is required, like 'ada@harbour.example'"
        yield _fault("userPrincipalName", f"{expected}; got {name}")
    if not (user.display_name or "").strip():
        yield _fault("displayName", "it is required and holds a name")
    yield from too_long(user)


def too_long(found: DirectoryObject) -> Iterator[Detail]:
    """A fault for each property of a person or a group that holds more than it may."""
    for name, declared in shape(type(found)).properties.items():
        value = getattr(found, declared.attribute)
        if declared.edm != "Edm.String" or value is None:
            continue
        texts = value if declared.collection else [value]
        if any(len(text) > _LONGEST for text in texts):
            yield _fault(name, f"expected at most {_LONGEST} characters")
        if len(texts) > _MOST:
            yield _fault(name, f"expected at most {_MOST} items")


def _fault(name: str, reason: str) -> Detail:
    return Detail("invalidProperty", name, f"Property '{name}': {reason}.")


def _person(record: Record) -> Person:
    return _PERSON.decode(record.text)


def putting(tenant: str, person: Person) -> PutPerson:
    """The change that stores a person, with everything that they are found by."""
    found = (*terms(person.user), Term(MANAGER, person.manager or ""))
    name = fold(person.user.user_principal_name)
    return PutPerson(tenant, person.id, name, JSON.encode(person).decode(), found)


def putting_group(tenant: str, group: Group, members: tuple[str, ...] | None) -> PutGroup:
    """The change that stores a group, with everything that it is found by."""
    return PutGroup(tenant, group.id, write(group), members, terms(group))


def _gone(person: Person) -> ResourceNotFound:
    return ResourceNotFound(f"Resource {quoted(person.id)} does not exist any more.")

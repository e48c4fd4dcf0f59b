"""The use cases of those who administer people: create, change and delete them, set to whom they
report and which groups they are in.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Protocol

import msgspec

from openprofile.clock import Clock, date_time_offset, is_id, new_id
from openprofile.directory import Directory, conflict, fold, gone, mark, putting
from openprofile.errors import Detail, InvalidPayload, ItemNotFound, ObjectConflict
from openprofile.finding.terms import LINKS, person_of, without
from openprofile.model.directory import DirectoryObject, Person, User
from openprofile.model.primitives import DateTimeOffset, quoted
from openprofile.model.shape import shape
from openprofile.odata.payload import Members, entity, members, merge, write
from openprofile.policy.caller import Caller
from openprofile.policy.directory import NEEDED, require_administrator
from openprofile.policy.grants import require
from openprofile.store.base import (
    Conflict,
    DeletePerson,
    Join,
    Leave,
    Missing,
    PutPerson,
    Record,
    Store,
)


class CheckLink(Protocol):
    """Raises where a link may not be changed; runs in the transaction that changes it."""

    def __call__(self, *, there: bool) -> None:
        """``there`` says whether the link leads to somebody now."""


class Administration:
    """The people and groups of every tenant, in the hands of those who may change them.

    Every method asks first whether the token reaches, as those of ``Directory`` do, and for an
    administrator or an application.
    """

    def __init__(self, store: Store, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def create(self, caller: Caller, user: User) -> Person:
        """Store a new person and return them with everything that the service fills in.

        An id that is a GUID is kept, any other replaced. Raises InvalidPayload, and
        ObjectConflict if another person has the id or the userPrincipalName.
        """
        _let_in(caller, "users.create")
        user.id = fold(user.id) if is_id(user.id) else new_id()
        user.created_date_time = DateTimeOffset(date_time_offset(self._clock.ticks()))
        user.deleted_date_time = None
        if user.account_enabled is None:
            user.account_enabled = True
        created = Person(user=checked(user))
        try:
            await self._directory.add(caller.tenant, created)
        except Conflict as error:
            raise await conflict(self._store, caller.tenant, created) from error
        return created

    async def update(self, caller: Caller, who: str | None, changes: Members) -> Person:
        """Merge ``changes`` into a person and return them; raises as ``create`` does."""
        found = await self._written(caller, who, "users.modify")

        def revised(before: Person) -> Person:
            user = entity(merge(members(write(before.user)), changes), User)
            return msgspec.structs.replace(before, user=checked(user, changes.keys()))

        name = changes.get("userPrincipalName")
        return await self._directory.revise(
            caller.tenant, found.id, revised, name=name and fold(name)
        )

    async def delete(self, caller: Caller, who: str | None) -> None:
        """Erase a person, their profile, their memberships, and what the records of others say of
        them, in one transaction. What is kept is a mark, by which a token from before does not put
        them back.
        """
        found = await self._written(caller, who, "users.delete")

        def release(record: Record) -> PutPerson:
            return putting(caller.tenant, without(person_of(record), found.id))

        names = (found.id, found.user.user_principal_name)
        marks = tuple({mark(caller.tenant, name) for name in names})
        now = self._clock.seconds()
        deletion = DeletePerson(caller.tenant, found.id, LINKS, release, marks, now)
        try:
            await self._store.write([deletion])
        except Missing as error:
            raise gone(found.id) from error

    async def set_manager(
        self, caller: Caller, who: str | None, manager: str, check: CheckLink
    ) -> None:
        """Let a person report to another, by their id or principal name.

        Raises ObjectConflict for whom is to report to themselves, and what ``check`` raises.
        """
        found = await self._written(caller, who, "manager.link")
        leader = (await self._directory.require(caller.tenant, manager)).id
        if leader == found.id:
            raise ObjectConflict("A person cannot be their own manager.", target="@odata.id")

        def revised(before: Person) -> Person:
            check(there=before.manager is not None)
            return msgspec.structs.replace(before, manager=leader)

        await self._directory.revise(caller.tenant, found.id, revised, needed=(leader,))

    async def end_manager(self, caller: Caller, who: str | None, check: CheckLink) -> None:
        """Let a person report to nobody; raises what ``check`` raises."""
        found = await self._written(caller, who, "manager.unlink")

        def revised(before: Person) -> Person:
            check(there=before.manager is not None)
            return msgspec.structs.replace(before, manager=None)

        await self._directory.revise(caller.tenant, found.id, revised)

    async def add_member(self, caller: Caller, group_id: str, who: str) -> None:
        """Make a person a member of a group; raises ObjectConflict for one who is."""
        _let_in(caller, "members.link")
        group = await self._directory.known_group(caller.tenant, group_id)
        found = await self._directory.require(caller.tenant, who)
        try:
            await self._store.write([Join(caller.tenant, group.id, found.id)])
        except Conflict as error:
            raise ObjectConflict(
                f"{quoted(who)} is a member of the group already.", target="@odata.id"
            ) from error
        except Missing as error:
            raise gone(found.id) from error

    async def remove_member(self, caller: Caller, group_id: str, who: str) -> None:
        """End a membership; raises ItemNotFound if there is none."""
        _let_in(caller, "members.unlink")
        group = await self._directory.known_group(caller.tenant, group_id)
        try:
            await self._store.write([Leave(caller.tenant, group.id, fold(who))])
        except Missing as error:
            raise ItemNotFound(f"{quoted(who)} is not the id of a member of the group.") from error

    async def _written(self, caller: Caller, who: str | None, operation: str) -> Person:
        _let_in(caller, operation)
        return await self._directory.concerned(caller, who)


def _let_in(caller: Caller, operation: str) -> None:
    require(caller, NEEDED[operation].others)
    require_administrator(caller)


_NAME = re.compile(r"[^\s@/\\?#%\"<>()\[\]:;,|\x00-\x1f\x7f]{1,64}@[^\W_][\w.-]{0,254}")
_LONGEST = 256
_MOST = 100


def checked(user: User, changed: Container[str] | None = None) -> User:
    """A person as they may be stored: without a password; raises InvalidPayload.

    ``changed`` are the properties that have been set, None for all.
    """
    faults = [fault for fault in _faults(user) if changed is None or fault.target in changed]
    if faults:
        raise InvalidPayload(faults)
    return msgspec.structs.replace(user, password_profile=None)


def _faults(user: User) -> Iterator[Detail]:
    yield from misnamed(user.user_principal_name)
    if not (user.display_name or "").strip():
        yield _fault("displayName", "it is required and holds a name")
    yield from too_long(user)


def misnamed(name: str) -> Iterator[Detail]:
    """A fault of a principal name that is none."""
    if not _NAME.fullmatch(name):
        expected = "it is required, like 'ada@harbour.example'"
        yield _fault("userPrincipalName", f"{expected}; got {quoted(name)}")


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

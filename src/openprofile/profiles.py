"""The use cases on profiles: check what the caller may do, stamp what is written, keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import compress

import msgspec

from openprofile.abroad import Abroad, marks
from openprofile.clock import Clock, date_time_offset, is_id, new_ordered_id
from openprofile.directory import Directory, fold, gone
from openprofile.errors import (
    ItemNotFound,
    NameAlreadyExists,
    QuotaLimitReached,
    ResourceNotFound,
)
from openprofile.etags import Conditions
from openprofile.model.directory import Person
from openprofile.model.enums import AllowedAudiences
from openprofile.model.facets import FACETS
from openprofile.model.kinds import ItemFacet
from openprofile.model.parts import (
    Identity,
    IdentitySet,
    PersonDataSources,
    ProfileSourceAnnotation,
)
from openprofile.model.primitives import DateTimeOffset, quoted
from openprofile.odata.payload import Members, entity, members, merge, write
from openprofile.policy import audience
from openprofile.policy.caller import Caller
from openprofile.policy.decision import Trail, current
from openprofile.policy.federation import Federation
from openprofile.policy.grants import READ_PROFILE, WRITE_PROFILE, require, require_write_to
from openprofile.store.base import (
    Change,
    Conflict,
    Delete,
    Erase,
    Full,
    Insert,
    Key,
    Missing,
    Record,
    Store,
    Update,
)
from openprofile.visibility import audiences_of, is_visible, visible

THIS_API = "46a57efc-33f8-4eec-a512-b90039ad6187"
THE_DIRECTORY = "4ce763dd-9214-4eff-af7c-da491cc3782d"
"""The source ids that Graph gives to data written through the profile API, and to data of the
directory (https://learn.microsoft.com/graph/people-data-sources)."""


class Access(msgspec.Struct, frozen=True, gc=False):
    """A caller let in to one person's profile; only ``Profiles`` makes one."""

    caller: Caller
    tenant: str
    """The owner's, which is the caller's unless the caller only reads."""
    owner: Person
    relations: int
    """The caller's relations to the owner, as ``audience.visible`` takes them."""
    writes: bool
    trail: Trail | None = None
    """Where decisions on items are kept."""
    groups_unknown: bool = False
    """Whether ``relations`` leave out if the two share a group, because nobody has looked yet."""


class Profiles:
    """Every profile of every tenant.

    A caller is let in first, by ``reading`` or ``writing``; the other methods take the Access
    that these give, and a ``facet``, which is a segment of FACETS.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        clock: Clock,
        federation: Federation,
        *,
        limit: int,
    ) -> None:
        """``limit`` is how many items one facet of one person may hold."""
        self._store = store
        self._federation = federation
        self._abroad = Abroad(store, federation)
        self._directory = directory
        self._clock = clock
        self._limit = limit

    async def reading(self, caller: Caller, who: str | None) -> Access:
        """Access to read the profile of ``who``, an id or principal name, or None for the
        caller's own.

        A person of another tenant is there for those who see something of their profile.

        Raises AuthorizationRequestDenied where the token does not reach, BadRequest for the own
        profile of an application, ResourceNotFound for an unknown person.
        """
        require(caller, READ_PROFILE)
        try:
            owner = await self._directory.concerned(caller, who)
        except ResourceNotFound:
            found = None if who is None else await self._abroad.find(caller, fold(who))
            if found is None:
                raise
            relations = found.relations
            return Access(caller, found.tenant, found.owner, relations, False, current())
        access = self._access(caller, owner, writes=False)
        if access.trail is not None and access.trail.detailed:
            return await self._with_groups(access)
        return access

    async def writing(self, caller: Caller, who: str | None) -> Access:
        """Access to write the profile of ``who``, who is of the caller's tenant; raises as
        ``reading`` does.
        """
        require(caller, WRITE_PROFILE)
        owner = await self._directory.concerned(caller, who)
        require_write_to(caller, owner.id)
        return await self._with_groups(self._access(caller, owner, writes=True))

    async def items(self, access: Access, facet: str) -> Sequence[Record]:
        """The items of a facet that the caller may see, oldest first."""
        if FACETS[facet].read_only:
            records: Sequence[Record] = _derived(access.owner, facet)
        else:
            records = await self._store.collection(access.tenant, access.owner.id, facet)
        shown = await self._shown(access, records)
        return records if all(shown) else list(compress(records, shown))

    async def facets(self, access: Access) -> dict[str, list[Record]]:
        """The whole profile, facet by facet in the order of their names, as ``items`` gives it."""
        found: dict[str, list[Record]] = {
            facet: _derived(access.owner, facet) if FACETS[facet].read_only else []
            for facet in sorted(FACETS)
        }
        rows = [(facet, record) for facet, records in found.items() for record in records]
        for facet, record in await self._store.owned(access.tenant, access.owner.id):
            if facet in found:  # a facet that is declared no more is not shown
                rows.append((facet, record))
        shown = await self._shown(access, [record for _, record in rows])
        found = {facet: [] for facet in found}
        for facet, record in compress(rows, shown):
            found[facet].append(record)
        return found

    async def get(self, access: Access, facet: str, item_id: str) -> Record:
        """One item; raises ItemNotFound if there is none, or none that the caller may see."""
        if FACETS[facet].read_only:
            derived = _derived(access.owner, facet)
            record = next((one for one in derived if fold(one.id) == fold(item_id)), None)
        else:
            record = await self._store.get(_key(access, facet, item_id))
        if access.groups_unknown and (record is None or not is_visible(record, access.relations)):
            access = await self._with_groups(access)  # also for none: the time is not to tell
        if record is None or not (access.groups_unknown or _sees(access, record, by_id=True)):
            raise _not_found(facet, item_id)
        return record

    async def create(self, access: Access, facet: str, item: ItemFacet) -> Record:
        """Store a new item and return it with everything that the service fills in.

        An id that is a GUID is kept (NameAlreadyExists if it is taken), any other replaced.
        Raises QuotaLimitReached when the facet is full, ResourceNotFound when its owner has been
        deleted in the meantime.
        """
        if not is_id(item.id):
            # a collection grows at its end: the next one finds the page where it goes in memory
            item.id = new_ordered_id()
        now = DateTimeOffset(date_time_offset(self._clock.ticks()))
        item.created_date_time = item.last_modified_date_time = now
        item.created_by = item.last_modified_by = await self._author(access)
        item.sources = []
        fill_in(item)
        place = self._clock.place()
        insert = Insert(_key(access, facet, item.id), place, write(item), self._limit)
        try:
            return await self._write(access, insert, item.allowed_audiences)
        except Conflict as error:
            raise NameAlreadyExists(
                f"{facet} has an item with the id {quoted(item.id)} already.", target="id"
            ) from error
        except Missing as error:
            raise gone(access.owner.id) from error
        except Full as error:
            raise QuotaLimitReached(
                f"{facet} holds {self._limit} items, the most that one person's facet may hold."
            ) from error

    async def update(
        self, access: Access, facet: str, item_id: str, changes: Members, conditions: Conditions
    ) -> Record:
        """Merge ``changes`` into an item and return it; raises ItemNotFound, and
        ResourceModified if the item does not meet the ``conditions``.
        """
        author = await self._author(access)
        now = DateTimeOffset(date_time_offset(self._clock.ticks()))

        def revise(record: Record) -> str:
            if not _sees(access, record, by_id=True):
                raise Missing(item_id)
            conditions.check(record)
            item = entity(merge(members(record.text), changes), FACETS[facet])
            item.last_modified_date_time = now
            item.last_modified_by = author
            item.recalculate(changes.keys())
            return write(item)

        try:
            change = Update(_key(access, facet, item_id), revise)
            return await self._write(access, change, changes.get("allowedAudiences"))
        except Missing as error:
            raise _not_found(facet, item_id) from error

    async def delete(
        self, access: Access, facet: str, item_id: str, conditions: Conditions
    ) -> None:
        """Remove an item; raises ItemNotFound, and ResourceModified if the item does not meet
        the ``conditions``.
        """
        assert access.writes

        def check(record: Record) -> None:
            if not _sees(access, record, by_id=True):
                raise Missing(item_id)
            conditions.check(record)

        try:
            await self._store.write([Delete(_key(access, facet, item_id), check)])
        except Missing as error:
            raise _not_found(facet, item_id) from error

    async def erase(self, access: Access) -> None:
        """Remove everything that is stored of the profile, in one transaction."""
        assert access.writes
        await self._store.write([Erase(access.tenant, access.owner.id)])

    async def _write(
        self, access: Access, change: Change, audiences: AllowedAudiences | None
    ) -> Record:
        """The record of a change that gives an item ``audiences``, or none where they stay."""
        assert access.writes
        names = (audiences or "").split(",")
        noted = marks(access.tenant, access.owner.id, names)
        record, *_ = await self._store.write([change, *noted])
        assert record is not None
        return record

    def _access(self, caller: Caller, owner: Person, *, writes: bool) -> Access:
        relations = self._related(caller, owner, shares_group=False)
        unknown = relations != audience.EVERYTHING
        return Access(caller, caller.tenant, owner, relations, writes, current(), unknown)

    async def _with_groups(self, access: Access) -> Access:
        """``access`` with all relations known."""
        if not access.groups_unknown:
            return access
        caller, owner = access.caller, access.owner
        shares = caller.person is not None and await self._directory.share_group(
            caller.tenant, caller.person, owner.id
        )
        relations = self._related(caller, owner, shares_group=shares)
        return msgspec.structs.replace(access, relations=relations, groups_unknown=False)

    def _related(self, caller: Caller, owner: Person, *, shares_group: bool) -> int:
        """The caller's relations to a person of their own tenant."""
        tenant = caller.tenant
        return audience.relations(
            caller,
            owner=owner,
            tenant=tenant,
            trusted=self._federation.trusted(tenant, by=tenant),
            shares_group=shares_group,
        )

    async def _shown(self, access: Access, records: Sequence[Record]) -> list[bool]:
        """Which of the records the caller sees; most are seen whether or not groups are shared."""
        if access.groups_unknown:
            shown = visible(records, access.relations)
            if all(shown):
                return shown
            access = await self._with_groups(access)
        if access.trail is not None and access.trail.detailed:
            return [_sees(access, record) for record in records]
        return visible(records, access.relations)

    async def _author(self, access: Access) -> IdentitySet:
        """Who writes, as ``createdBy`` tells it: the person of a delegated call, else the
        application.
        """
        caller = access.caller
        if caller.person is None:
            return IdentitySet(
                application=Identity(display_name=caller.application_name, id=caller.application)
            )
        author: Person | None = access.owner
        if caller.person != access.owner.id:
            author = await self._directory.find(caller.tenant, caller.person)
        name = author.user.display_name if author else None
        return IdentitySet(user=Identity(display_name=name, id=caller.person))


def fill_in(item: ItemFacet) -> None:
    """Give a new item what its author left to the service, except ids, times and authors."""
    if not item.sources:
        item.sources = [ProfileSourceAnnotation(is_default_source=True, source_id=THIS_API)]
    item.recalculate(None)


def _derived(owner: Person, facet: str) -> list[Record]:
    """The items that a read-only facet has for a person; their version is their content's."""
    records = []
    for item in FACETS[facet].of(owner.user):
        item.created_date_time = item.last_modified_date_time = owner.user.created_date_time
        item.created_by = item.last_modified_by = IdentitySet(
            application=Identity(display_name="AAD")
        )
        item.source = PersonDataSources(type=["AAD"])
        item.sources = [ProfileSourceAnnotation(is_default_source=True, source_id=THE_DIRECTORY)]
        text = write(item)
        version = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")
        records.append(Record(item.id, version, text))
    return records


def _sees(access: Access, record: Record, *, by_id: bool = False) -> bool:
    """Whether the caller sees an item.

    That one asked for ``by_id`` is hidden stays on the trail; everything does on a detailed one.
    """
    trail, to = access.trail, access.relations
    detailed = trail is not None and trail.detailed
    if to == audience.EVERYTHING and not detailed:
        return True
    audiences = audiences_of(record)
    seen = audience.visible(audiences, to)
    if trail is not None and (detailed or (by_id and not seen)):
        trail.decisions.append(audience.seeing(record.id, audiences, to))
    return seen


def _key(access: Access, facet: str, item_id: str) -> Key:
    return Key(access.tenant, access.owner.id, facet, fold(item_id))


def _not_found(facet: str, item_id: str) -> ItemNotFound:
    return ItemNotFound(f"{facet} has no item with the id {quoted(item_id)}.")

"""People of other tenants: who of them shows a caller something.

Whether somebody ever showed anything to an audience of other tenants is noted beside their items,
so that looking for who does not is looking for nobody: the same keys, and nothing there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial

import msgspec

from openprofile.finding.terms import person_of
from openprofile.model.directory import Person
from openprofile.model.facets import FACETS
from openprofile.policy import audience
from openprofile.policy.caller import Caller
from openprofile.policy.decision import concerns, current
from openprofile.policy.federation import Federation
from openprofile.store.base import Key, PutItem, Record, Store
from openprofile.visibility import audiences_of

MARKS = "~shown"
"""Where the notes lie, in the place of a facet: none can be named so."""
CROSSING = ("everyone", "federatedOrganizations")
"""The audiences that people of other tenants may be of."""


def marks(tenant: str, owner: str, audiences: Collection[str]) -> list[PutItem]:
    """What notes that somebody shows something to those of the ``audiences`` that cross."""
    return [
        PutItem(Key(tenant, owner, MARKS, name), partial(_note, name), len(CROSSING))
        for name in CROSSING
        if name in audiences
    ]


def _note(name: str, before: Record | None) -> Record:
    return before or Record(name, 1, "{}")


class Shown(msgspec.Struct, frozen=True):
    """Somebody of another tenant who shows a caller something."""

    tenant: str
    owner: Person
    relations: int
    """The caller's relations to them, as ``audience.visible`` takes them."""


class Abroad:
    """The people of the tenants that are not the caller's own."""

    def __init__(self, store: Store, federation: Federation) -> None:
        self._store = store
        self._federation = federation

    async def find(self, caller: Caller, name: str) -> Shown | None:
        """Who has this folded id or principal name in another tenant and shows the caller
        something; of several, in the tenant that comes first. None for an application.
        """
        if caller.person is None:
            return None
        tenants = self._federation.beyond(caller.tenant)
        # All of them, whatever the first answers: the time is not to tell who is where.
        found = await asyncio.gather(*(self._in(tenant, caller, name) for tenant in tenants))
        for shown, shows in found:
            if shown is not None and shows:
                concerns(shown.owner.id)
                return shown
        trail = current()
        for shown, _ in found:
            if shown is not None and trail is not None:
                concerns(shown.owner.id)
                trail.decisions.append(audience.UNSEEN_ABROAD)
        return None

    async def _in(self, tenant: str, caller: Caller, name: str) -> tuple[Shown | None, bool]:
        """Who of a tenant ever showed something to such as the caller, and whether they do now."""
        record = await self._store.person(tenant, name)
        trusted = self._federation.trusted(caller.tenant, by=tenant)
        person_id = record.id if record else name
        keys = [Key(tenant, person_id, MARKS, each) for each in CROSSING[: 1 + trusted]]
        noted = [await self._store.get(key) for key in keys]
        if record is None or not any(noted):
            return None, False
        owner = person_of(record)
        to = audience.relations(
            caller, owner=owner, tenant=tenant, trusted=trusted, shares_group=False
        )
        items = await self._store.owned(tenant, owner.id)
        shows = any(
            audience.visible(audiences_of(item), to) for facet, item in items if facet in FACETS
        )
        return Shown(tenant, owner, to), shows

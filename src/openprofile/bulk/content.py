"""All that a store has of a tenant, page by page: groups, then people with what is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from openprofile.odata.query.seek import LAST
from openprofile.store.base import Kind, Record, Span, Store

PAGE = 100
"""People that are read together."""
_GROUPS = 1000


class Whole(msgspec.Struct, frozen=True):
    """A person's record with all that is theirs."""

    person: Record
    groups: list[str]
    """The ids of the groups that they are a member of."""
    items: Sequence[tuple[str, Record]]
    """With their facets: facet by facet, each facet's oldest first."""


async def tenants(store: Store) -> AsyncIterator[str]:
    """Every tenant that has anything, by code point."""
    tenant = await store.next_tenant()
    while tenant is not None:
        yield tenant
        tenant = await store.next_tenant(tenant)


async def count(store: Store, tenant: str) -> int:
    """How many groups and people a tenant has."""
    return await store.count_entries(
        tenant, "group", Span("displayName", "", LAST)
    ) + await store.count_entries(tenant, "user", Span("userPrincipalName", "", LAST))


async def groups(store: Store, tenant: str, *, after: str = "") -> AsyncIterator[Record]:
    """The groups of a tenant by id, those whose id is greater than ``after``."""
    async for page in _pages(store, tenant, "group", after):
        for group in page:
            yield group


async def people(store: Store, tenant: str, *, after: str = "") -> AsyncIterator[Whole]:
    """The people of a tenant by id, those whose id is greater than ``after``.

    What is written meanwhile is there or is not, for each person.
    """
    async for page in _pages(store, tenant, "user", after):
        for whole in await asyncio.gather(*(_whole(store, tenant, one) for one in page)):
            yield whole


async def _whole(store: Store, tenant: str, person: Record) -> Whole:
    items = await store.owned(tenant, person.id)
    member_of: list[str] = []
    more = True
    while more:
        after = member_of[-1] if member_of else ""
        page = await store.related(tenant, "memberOf", person.id, after=after, limit=_GROUPS)
        member_of += [group.id for group in page]
        more = len(page) == _GROUPS
    return Whole(person, member_of, items)


async def _pages(store: Store, tenant: str, kind: Kind, after: str) -> AsyncIterator[list[Record]]:
    while page := await store.objects(tenant, kind, after=after, limit=PAGE):
        yield page
        after = page[-1].id

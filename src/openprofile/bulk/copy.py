"""Everything that one store has into another, as it is, and whether it arrived."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import AsyncIterator, Callable

import msgspec

from openprofile.bulk import content
from openprofile.bulk.writer import Counts, Writer
from openprofile.directory import putting, putting_group
from openprofile.finding.terms import read
from openprofile.model.directory import Group, Person, User
from openprofile.store.base import Change, Join, Key, PutItem, Record, Store


class NotEmpty(Exception):
    """The store to copy to has people already."""


class Differs(Exception):
    """What was copied is not what is there: one of the stores was written to meanwhile."""


async def copy(
    source: Store,
    target: Store,
    *,
    resume: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Counts:
    """Copy every tenant, then read both stores again and compare; returns what there is.

    ``progress`` is told how many people and groups are there. Raises NotEmpty unless the target
    is empty or the copy is to ``resume`` one that was interrupted, in which case what arrived
    stays as it is; Differs where the stores are not equal at the end.
    """
    if not resume and await target.next_tenant() is not None:
        raise NotEmpty("The store to copy to is not empty.")
    writer = Writer(target, progress)
    number = 0
    async for changes, size in _everything(source):
        number += 1
        await writer.add(number, changes, size)
    await writer.flush()
    one, other = await survey(source), await survey(target)
    if one != other:
        raise Differs(
            f"The one store has {one.counts}, the other {other.counts}"
            + (", with other content." if one.counts == other.counts else ".")
        )
    return one.counts


class Survey(msgspec.Struct, frozen=True):
    """What a store has: how much, and a digest of all of it."""

    counts: Counts
    digest: str


async def survey(store: Store) -> Survey:
    """Read all that a store has; two that have the same are equal."""
    counts, digest = Counts(), hashlib.blake2b(digest_size=16)
    async for tenant in content.tenants(store):
        async for group in content.groups(store, tenant):
            counts.groups += 1
            digest.update(msgspec.msgpack.encode((tenant, group.id, group.text)))
        async for whole in content.people(store, tenant):
            counts.people += 1
            counts.items += len(whole.items)
            counts.memberships += len(whole.groups)
            person = (tenant, whole.person.id, whole.person.text)
            digest.update(msgspec.msgpack.encode((person, whole.groups, whole.items)))
    return Survey(counts, digest.hexdigest())


async def _everything(source: Store) -> AsyncIterator[tuple[list[Change], int]]:
    """What stores each group and each person with all that is theirs, and its size in bytes."""
    async for tenant in content.tenants(source):
        async for record in content.groups(source, tenant):
            group = read(Group, record)
            assert isinstance(group, Group)
            put_group = msgspec.structs.replace(
                putting_group(tenant, group, None), text=record.text
            )
            yield [put_group], len(record.text)
        async for whole in content.people(source, tenant):
            person = read(User, whole.person)
            assert isinstance(person, Person)
            put = msgspec.structs.replace(putting(tenant, person), text=whole.person.text)
            joins = [Join(tenant, group, person.id, anyway=True) for group in whole.groups]
            items = [
                PutItem(Key(tenant, person.id, facet, record.id), _as(record), sys.maxsize)
                for facet, record in whole.items
            ]
            size = len(put.text) + sum(len(record.text) for _, record in whole.items)
            yield [put, *joins, *items], size


def _as(record: Record) -> Callable[[Record | None], Record]:
    """Makes the record of the target the same as the source's."""
    return lambda before: before if before == record else record

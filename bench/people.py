"""The people that load is put on: their ids, and those of their items, follow from numbers.

Everybody is a member of two groups of fifty. Some have a whole profile, twenty interests among
it, the others five interests; every item is as the service itself would have written it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.model.directory import Group, Person, User
from openprofile.model.enums import AllowedAudiences
from openprofile.model.facets import FACETS
from openprofile.model.parts import (
    Identity,
    IdentitySet,
    PersonDataSources,
    ProfileSourceAnnotation,
)
from openprofile.model.primitives import DateTimeOffset
from openprofile.odata.payload import write
from openprofile.profiles import THIS_API
from openprofile.store.base import Insert, Key, Store

TENANT = "5be7c4a0-0000-4000-8000-000000000000"
INTERESTS = 20
"""Interests in a whole profile."""
WHOLE = 20_000
"""People who have a whole profile, at most: those whom requests are about."""
_FEW = 5
_GROUP = 50
_TOGETHER = 500
"""People whose profiles one transaction stores."""
_WRITABLE = tuple(facet for facet in FACETS if not FACETS[facet].read_only)
_SUBJECTS = ("Chess", "Cheese", "Choirs", "Cycling", "Cartography", "Ceramics", "Cinema")
_CREATED = 17_000_000_000_000_000
"""Ticks: some day in 2023."""


class Population(msgspec.Struct, frozen=True):
    """So many people of one tenant, numbered from 0."""

    size: int

    def whole(self) -> range:
        """The numbers of those who have a whole profile, spread evenly."""
        return range(0, self.size, max(1, self.size // WHOLE))

    def owners(self) -> range:
        """Those whose profiles are read: half of those who have a whole one."""
        return self.whole()[::2]

    def callers(self, most: int) -> range:
        """At ``most`` so many of the other half: those who ask, and write to their own profiles."""
        others = self.whole()[1::2]
        return others[:: max(1, len(others) // most)]

    async def store(self, store: Store) -> None:
        """Put everybody into an empty store."""
        directory = Directory(store, Clock())
        for start in range(0, self.size, _TOGETHER):
            numbers = range(start, min(start + _TOGETHER, self.size))
            await directory.put(TENANT, [self.person(number) for number in numbers], [])
            await store.write([insert for number in numbers for insert in self.items(number)])
        await directory.put(TENANT, [], list(self.groups()))

    def person(self, number: int) -> Person:
        """The person with this number."""
        return Person(
            user=User(
                id=person_id(number),
                account_enabled=True,
                department=f"Department {number % 500}",
                display_name=f"Person Number{number}",
                given_name="Person",
                surname=f"Number{number}",
                job_title="Product Designer",
                mail=principal_name(number),
                user_principal_name=principal_name(number),
                created_date_time=DateTimeOffset("2026-01-05T08:00:00Z"),
            ),
            manager=person_id(number // 10),
        )

    def items(self, number: int) -> Iterator[Insert]:
        """What is in a person's profile."""
        whole = number in self.whole()
        for facet in _WRITABLE if whole else ("interests",):
            several = INTERESTS if whole else _FEW
            for item in range(several if facet == "interests" else 1):
                id_ = item_id(number, item)
                text = _text(facet).replace("{id}", id_).replace("{person}", person_id(number))
                text = text.replace("{subject}", f"{_SUBJECTS[item % len(_SUBJECTS)]} {item}")
                key = Key(TENANT, person_id(number), facet, id_)
                yield Insert(key, _CREATED + item, text, 1000)

    def groups(self) -> Iterator[tuple[Group, tuple[str, ...]]]:
        """The groups, by their ids: each is of fifty neighbours, or of fifty from everywhere."""
        for name in ("far", "near"):
            for start in range(0, self.size, _GROUP):
                members = range(start, min(start + _GROUP, self.size))
                if name == "far":
                    members = range(start // _GROUP, self.size, max(1, self.size // _GROUP))
                found = Group(id=f"{name}-{start:09}", display_name=f"Those {name} {start}")
                yield found, tuple(person_id(number) for number in members)


def person_id(number: int) -> str:
    """A GUID that tells nothing of the order in which people came."""
    return f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}"


def item_id(number: int, item: int) -> str:
    """The id of an item of a person, the same in each facet."""
    mixed = (number * 1000 + item) * 2654435761 % 2**32
    return f"{mixed:08x}-0000-4000-9000-{number:08x}{item:04x}"


def principal_name(number: int) -> str:
    """The userPrincipalName of a person."""
    return f"person{number}@harbour.example"


@cache
def _text(facet: str) -> str:
    """An item of a facet as it is stored, with ``{id}``, ``{person}`` and ``{subject}`` to fill."""
    kind = FACETS[facet]
    now = DateTimeOffset("2023-11-14T22:13:20.0000000Z")
    author = IdentitySet(user=Identity(display_name="Person", id="{person}"))
    item = kind(
        id="{id}",
        # seen by the callers that read other people's profiles
        allowed_audiences=AllowedAudiences("groupMembers,organization"),
        created_by=author,
        created_date_time=now,
        last_modified_by=author,
        last_modified_date_time=now,
        is_searchable=False,
        source=PersonDataSources(type=["user"]),
        sources=[ProfileSourceAnnotation(is_default_source=True, source_id=THIS_API)],
    )
    if facet == "interests":
        item = msgspec.structs.replace(
            item,
            categories=["Games", "Strategy"],
            description="What one does on Thursdays at six, for as long as one likes.",
            display_name="{subject}",
            web_url="https://harbour.example/interests",
        )
    return write(item)

"""The profile of one person: its navigation properties are the facets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import ClassVar

from openprofile.model.facets import FACETS
from openprofile.model.kinds import Entity, ItemFacet, Navigation

PROFILE_ID = "profileId"
"""The id of every profile, as Graph gives it."""


class Profile(Entity):
    """https://learn.microsoft.com/graph/api/resources/profile"""

    abstract: ClassVar[bool] = False

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        return _FACETS


class _Facets(Mapping[str, Navigation]):
    """To every facet that is declared, in the order of their names."""

    def __getitem__(self, segment: str) -> Navigation:
        return _to(FACETS[segment])

    def __contains__(self, segment: object) -> bool:
        return segment in FACETS

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(FACETS))

    def __len__(self) -> int:
        return len(FACETS)


_FACETS = _Facets()


@cache
def _to(item: type[ItemFacet]) -> Navigation:
    return Navigation(item, collection=True)

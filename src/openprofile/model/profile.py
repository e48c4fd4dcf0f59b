"""The profile of one person: its navigation properties are the facets."""

from __future__ import annotations

from collections.abc import Mapping
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
        return {segment: _to(item) for segment, item in sorted(FACETS.items())}


@cache
def _to(item: type[ItemFacet]) -> Navigation:
    return Navigation(item, collection=True)

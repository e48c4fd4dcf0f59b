"""
The kinds of type that the model is made of, and the table of facets.

Classes carry snake_case attributes; on the wire they are the camelCase names of Microsoft
Graph, and a class name loses its capital: ``PersonInterest`` is ``personInterest``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, TypeVar

import msgspec

from openprofile.model.enums import AllowedAudiences
from openprofile.model.parts import (
    IdentitySet,
    InferenceData,
    PersonDataSources,
    ProfileSourceAnnotation,
)
from openprofile.model.primitives import DateTimeOffset


class Computed:
    """Marks a property that the service sets: what a client sends for it is ignored."""


class Navigation(msgspec.Struct, frozen=True):
    """A navigation property: where it leads, and whether to one entity or to many."""

    target: type[Entity]
    collection: bool


class Entity(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """https://learn.microsoft.com/graph/api/resources/entity: what has an id."""

    abstract: ClassVar[bool] = True

    id: Annotated[str, Computed] = ""

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        """The navigation properties by name; none unless a class says otherwise."""
        return {}


class ItemFacet(Entity):
    """https://learn.microsoft.com/graph/api/resources/itemfacet: what every item of a facet has."""

    allowed_audiences: AllowedAudiences | None = None
    created_by: Annotated[IdentitySet | None, Computed] = None
    created_date_time: Annotated[DateTimeOffset | None, Computed] = None
    inference: InferenceData | None = None
    is_searchable: bool | None = None
    last_modified_by: Annotated[IdentitySet | None, Computed] = None
    last_modified_date_time: Annotated[DateTimeOffset | None, Computed] = None
    source: PersonDataSources | None = None
    sources: Annotated[list[ProfileSourceAnnotation], Computed] = []


FACETS: dict[str, type[ItemFacet]] = {}
"""Every facet of a profile by its path segment; ``@facet`` adds to it."""


Item = TypeVar("Item", bound=ItemFacet)


def facet(segment: str) -> Callable[[type[Item]], type[Item]]:
    """Declare a class as the item type of the facet at ``…/profile/{segment}``."""

    def declare(item: type[Item]) -> type[Item]:
        item.abstract = False
        FACETS[segment] = item
        return item

    return declare

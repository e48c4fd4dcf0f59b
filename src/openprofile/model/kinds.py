"""The kinds of type that the model is made of, and the table of facets.

Classes carry snake_case attributes; on the wire they are the camelCase names of Microsoft
Graph, and a class name loses its capital: ``PersonInterest`` is ``personInterest``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Annotated, ClassVar, Self, TypeVar

import msgspec

from openprofile.model.enums import AllowedAudiences
from openprofile.model.parts import (
    IdentitySet,
    InferenceData,
    PersonDataSources,
    ProfileSourceAnnotation,
)
from openprofile.model.primitives import DateTimeOffset

if TYPE_CHECKING:
    from openprofile.model.directory import User


class Computed:
    """Marks a property that the service sets: what a client sends for it is ignored."""


class Navigation(msgspec.Struct, frozen=True):
    """A navigation property: where it leads, and whether to one entity or to many."""

    target: type[Entity]
    collection: bool
    contained: bool = True
    """Whether what it leads to lives and dies with the entity, rather than being referred to."""
    declared: type[Entity] | None = None
    """The base type that the metadata names in place of ``target``, which is what is there."""
    read_only: bool = False
    """Whether clients can neither write what it leads to nor change where it leads."""

    @property
    def type(self) -> type[Entity]:
        """The type that the metadata names."""
        return self.declared or self.target


class Model(msgspec.Struct, frozen=True, eq=False):
    """What can be reached: an entity container, and what hangs on the types below it.

    Two models are never equal, whatever they hold: what follows from one is kept by itself.
    """

    container: Mapping[str, Navigation]
    """The entity sets and singletons that paths begin at."""
    hidden: frozenset[tuple[type[Entity], str]] = frozenset()
    """The navigation properties that a type has elsewhere and not in this model."""

    def navigation(self, kind: type[Entity]) -> Mapping[str, Navigation]:
        """The navigation properties of a type by name."""
        found = kind.navigation()
        if not self.hidden:
            return found
        return {name: to for name, to in found.items() if (kind, name) not in self.hidden}


class Entity(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """https://learn.microsoft.com/graph/api/resources/entity: what has an id."""

    abstract: ClassVar[bool] = True
    open: ClassVar[bool] = False
    """Whether the metadata lets an entity have more members than are declared."""

    read_only: ClassVar[bool] = False
    """Whether clients cannot write it; the items of such a facet are what ``of`` makes."""
    documented_as: ClassVar[tuple[str, ...]] = ()
    """What Graph's pages call the type, where its metadata does not."""
    alternate_keys: ClassVar[tuple[str, ...]] = ()
    """The names of properties that a key may be given by, besides ``id``."""

    id: Annotated[str, Computed] = ""

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        """The navigation properties by name; none unless a class says otherwise."""
        return {}


class ItemFacet(Entity):
    """https://learn.microsoft.com/graph/api/resources/itemfacet: what every item of a facet has.

    The defaults are those of an item of which a client says nothing; null that it sends is null.
    """

    allowed_audiences: AllowedAudiences | None = AllowedAudiences("organization")
    created_by: Annotated[IdentitySet | None, Computed] = None
    created_date_time: Annotated[DateTimeOffset | None, Computed] = None
    inference: InferenceData | None = None
    is_searchable: bool | None = False
    last_modified_by: Annotated[IdentitySet | None, Computed] = None
    last_modified_date_time: Annotated[DateTimeOffset | None, Computed] = None
    source: PersonDataSources | None = msgspec.field(
        default_factory=lambda: PersonDataSources(type=["user"])
    )
    sources: Annotated[list[ProfileSourceAnnotation], Computed] = []

    @classmethod
    def of(cls, user: User) -> list[Self]:
        """The items that a read-only facet has for a person of the directory."""
        raise NotImplementedError

    def recalculate(self, changed: AbstractSet[str] | None) -> None:
        """Bring the values that depend on others up to date.

        ``changed`` are the names on the wire of the properties that an update has just set; it
        is None for a new item.
        """


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

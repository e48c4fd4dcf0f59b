"""The whole of a model, found by following an entity container: its types, each once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openprofile.model.kinds import Entity, Model, Navigation
from openprofile.model.parts import Complex
from openprofile.model.primitives import Enumeration, edm_name
from openprofile.model.shape import Property, Shape, shape


class Schema(msgspec.Struct, frozen=True):
    """A model and the types that it reaches, by their names without the namespace, in order."""

    model: Model
    enumerations: Mapping[str, type[Enumeration]]
    complex_types: Mapping[str, type[Complex]]
    entity_types: Mapping[str, type[Entity]]
    """Base types included."""


def schema(model: Model) -> Schema:
    """The schema of a model."""
    found: dict[str, type] = {}

    def visit(kind: type) -> None:
        name = edm_name(kind)
        if name in found:
            return
        found[name] = kind
        if issubclass(kind, (Entity, Complex)):
            if (base := base_type(kind)) is not None:
                visit(base)
            for declared in shape(kind).properties.values():
                if issubclass(declared.type, (Enumeration, Complex)):
                    visit(declared.type)
        if issubclass(kind, Entity):
            for navigation in model.navigation(kind).values():
                visit(navigation.target)

    for navigation in model.container.values():
        visit(navigation.target)
    ordered = dict(sorted(found.items()))
    return Schema(
        model=model,
        enumerations={n: k for n, k in ordered.items() if issubclass(k, Enumeration)},
        complex_types={n: k for n, k in ordered.items() if issubclass(k, Complex)},
        entity_types={n: k for n, k in ordered.items() if issubclass(k, Entity)},
    )


def base_type(kind: type[Entity | Complex]) -> type[Entity | Complex] | None:
    """The type that ``kind`` derives from in the metadata, None for one that derives from none."""
    base: type = kind.__mro__[1]
    return base if base is not Complex and issubclass(base, (Entity, Complex)) else None


def declared(kind: type[Entity | Complex]) -> list[Property]:
    """The properties that a type declares itself, by name."""
    base = base_type(kind)
    inherited = shape(base).properties if base is not None else {}
    own: Shape = shape(kind)
    return sorted(
        (found for name, found in own.properties.items() if name not in inherited),
        key=lambda found: found.name,
    )


def declared_navigation(model: Model, kind: type[Entity]) -> dict[str, Navigation]:
    """The navigation properties that an entity type declares itself, by name."""
    base = base_type(kind)
    inherited = base.navigation() if base is not None and issubclass(base, Entity) else {}
    return {
        name: found
        for name, found in sorted(model.navigation(kind).items())
        if name not in inherited
    }

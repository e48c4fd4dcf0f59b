"""A ``$select`` as it is bound: the selected properties of one type, with those inside them."""

from __future__ import annotations

from typing import TypeAlias

from openprofile.errors import BadRequest
from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.primitives import edm_name, quoted
from openprofile.model.shape import shape
from openprofile.odata.names import find, hint
from openprofile.odata.query import selection
from openprofile.odata.query.operands import narrowed
from openprofile.odata.query.project import Computed, Part, Selection

Kind: TypeAlias = type[Entity] | type[Complex]


class Tree:
    """A ``$select`` as it is read: the properties of one type, with those inside them."""

    def __init__(self, kind: Kind, attribute: str = "", slot: int = 0) -> None:
        self.kind = kind
        self.slot = slot
        self.attribute = attribute
        self.every = False
        self.computed: list[Computed] = []
        self.parts: dict[str, Part] = {}
        self.below: dict[str, Tree] = {}
        self.navigation: set[str] = set()

    def step(self, segment: str, option: str, item: selection.Item) -> Tree:
        """The tree of the complex property, or of the type, that a segment of a path names."""
        if "." in segment:
            kind = narrowed(self.kind, segment)
            if kind is None or not issubclass(self.kind, kind):
                raise no_select(
                    option, item, f"{quoted(segment)} is no type of {edm_name(self.kind)}"
                )
            return self
        properties = shape(self.kind).properties
        name = find(segment, properties)
        if name is None:
            raise no_select(
                option,
                item,
                f"{edm_name(self.kind)} has no property {quoted(segment)} "
                f"({hint(segment, properties)})",
            )
        found = properties[name]
        if found.shape is None:
            raise no_select(option, item, f"{name} is {found.edm_type}, it has no properties")
        if name in self.parts:
            raise no_select(option, item, f"{name} is selected as a whole already")
        return self.below.setdefault(name, Tree(found.shape.type, found.attribute))

    def leaf(self, name: str, option: str, item: selection.Item) -> None:
        """Refuse a property that is selected twice, as a whole or in part."""
        if name in self.parts or name in self.navigation or name in self.below:
            raise no_select(option, item, f"{name} is selected twice")

    def selection(self) -> Selection | None:
        parts = dict(self.parts)
        for name, below in self.below.items():
            parts[name] = Part(below.attribute, below.selection())
        names = [*self.paths(), *[each.name for each in self.computed]]
        if self.every:
            for name, each in shape(self.kind).properties.items():
                parts.setdefault(name, Part(each.attribute))
            names = ["*"]
        elif issubclass(self.kind, Entity):
            parts.setdefault("id", Part("id"))
        return Selection(
            parts, tuple(self.computed), frozenset(self.navigation), tuple(names), self.slot
        )

    def paths(self) -> list[str]:
        """The selection as paths."""
        inner = {name: part.selection for name, part in self.parts.items()}
        found = [
            path
            for name, selected in inner.items()
            for path in ([f"{name}/{each}" for each in selected.names] if selected else [name])
        ]
        found += [f"{name}/{path}" for name, each in self.below.items() for path in each.paths()]
        return found + sorted(self.navigation)


def no_select(option: str, item: selection.Item, reason: str) -> BadRequest:
    return BadRequest(f"{option}, at position {item.at}: {reason}.", target="$select")

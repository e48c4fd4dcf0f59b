"""Every operation that a model has over HTTP, derived from its entity container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from openprofile.model.kinds import Entity, ItemFacet, Model, Navigation
from openprofile.model.primitives import edm_name

Kind = Literal[
    "list", "create", "get", "update", "modify", "delete", "read", "erase", "link", "unlink"
]
"""``update`` and ``modify`` are both PATCH: the first answers with the entity, as profiles have
it, the second with nothing, as the directory has it."""

SystemKind = Literal["count", "references", "add", "reference", "batch"]
"""``add`` is a POST to the references of a collection."""


class Operation(msgspec.Struct, frozen=True):
    """One method on one path."""

    kind: Kind | SystemKind
    method: str
    path: str
    """Below the version: ``/users/{user-id}/profile/interests/{personInterest-id}``."""
    target: type[Entity]
    """The type of the resource, or of the items of the collection."""

    @property
    def name(self) -> str:
        """``interests.create``, ``profile.read``: the last named segment and the kind."""
        named = [part for part in self.path.split("/") if part and not part.startswith(("{", "$"))]
        return ".".join([*named[-1:], self.kind])


def operations(model: Model) -> list[Operation]:
    """All operations: ``/me`` first, the entity itself, then what hangs on it by name."""
    return [
        operation
        for name, navigation in model.container.items()
        for operation in (
            *_entry(f"/{name}", navigation),
            *_below(model, _address(f"/{name}", navigation), navigation.target),
        )
    ]


def _entry(here: str, navigation: Navigation) -> Iterator[Operation]:
    """The operations on an entity set or a singleton of the container."""
    target, one = navigation.target, _address(here, navigation)
    if navigation.collection:
        yield Operation("list", "GET", here, target)
    yield Operation("get", "GET", one, target)
    if not navigation.read_only:
        yield Operation("modify", "PATCH", one, target)
    if navigation.collection and not navigation.read_only:
        yield Operation("create", "POST", here, target)
        yield Operation("delete", "DELETE", one, target)


def system_operations(model: Model) -> list[Operation]:
    """The operations on the system segments ``$count``, ``$ref`` and ``$batch``."""
    found = [Operation("batch", "POST", "/$batch", Entity)]
    for each in operations(model):
        if not issubclass(each.target, ItemFacet):
            continue
        match each.kind:
            case "list":
                found.append(Operation("count", "GET", f"{each.path}/$count", each.target))
                found.append(Operation("references", "GET", f"{each.path}/$ref", each.target))
            case "create":
                found.append(Operation("add", "POST", f"{each.path}/$ref", each.target))
            case "get":
                found.append(Operation("reference", "GET", f"{each.path}/$ref", each.target))
    return found


def _below(model: Model, path: str, kind: type[Entity]) -> Iterator[Operation]:
    for name, navigation in sorted(model.navigation(kind).items()):
        here = f"{path}/{name}"
        target = navigation.target
        if not navigation.contained:
            yield from _reference(here, navigation)
        elif navigation.collection:
            item = _address(here, navigation)
            yield Operation("list", "GET", here, target)
            yield Operation("get", "GET", item, target)
            if not (issubclass(target, ItemFacet) and target.read_only):
                yield Operation("create", "POST", here, target)
                yield Operation("update", "PATCH", item, target)
                yield Operation("delete", "DELETE", item, target)
        else:
            yield Operation("read", "GET", here, target)
            yield Operation("erase", "DELETE", here, target)
            yield from _below(model, here, target)


def _reference(here: str, navigation: Navigation) -> Iterator[Operation]:
    """The operations on a navigation property that refers to entities."""
    target, one = navigation.target, _address(here, navigation)
    yield Operation("list" if navigation.collection else "get", "GET", here, target)
    if not navigation.read_only:
        method = "POST" if navigation.collection else "PUT"
        yield Operation("link", method, f"{here}/$ref", target)
        yield Operation("unlink", "DELETE", f"{one}/$ref", target)


def _address(path: str, navigation: Navigation) -> str:
    return f"{path}/{{{edm_name(navigation.target)}-id}}" if navigation.collection else path

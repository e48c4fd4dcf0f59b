"""Stored items to as much of them as a plan looks at, or shows: mostly two or three properties."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from openprofile.model.kinds import Entity
from openprofile.model.primitives import stored
from openprofile.model.shape import shape
from openprofile.odata.query import meaning
from openprofile.odata.query.meaning import Bound


@lru_cache(maxsize=256)
def decoder(
    kind: type[Entity], attributes: frozenset[str] | None = None
) -> msgspec.json.Decoder[Any]:
    """What types the stored text of an item of ``kind``: all of it, or these attributes alone."""
    if attributes is None:
        return msgspec.json.Decoder(kind, dec_hook=stored)
    fields = [each for each in msgspec.structs.fields(kind) if each.name in attributes]
    part = msgspec.defstruct(
        f"{kind.__name__}Part",
        [(each.name, each.type, _default(each)) for each in fields],
        rename={each.name: each.encode_name for each in fields},
    )
    return msgspec.json.Decoder(part, dec_hook=stored)


@lru_cache(maxsize=256)
def cutter(kind: type[Entity], names: frozenset[str]) -> Callable[[str], str]:
    """What cuts the stored text of an item of ``kind`` down to some of its members: it finds them,
    and looks into none.
    """
    kept = [name for name in shape(kind).properties if name in names]
    part = msgspec.defstruct(
        f"{kind.__name__}Cut",
        [
            (f"member{index}", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)
            for index in range(len(kept))
        ],
        rename={f"member{index}": name for index, name in enumerate(kept)},
    )
    read, write = msgspec.json.Decoder(part).decode, msgspec.json.encode
    return lambda text: write(read(text)).decode()


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return field.default


def attributes_of(nodes: Sequence[Bound], slot: int) -> frozenset[str] | None:
    """The attributes of the item in ``slot`` that expressions look at; None where they look at the
    whole of it.
    """
    found = set()
    for node in nodes:
        for each in _uses(node, slot):
            if not isinstance(each, meaning.Field):
                return None
            found.add(each.property.attribute)
    return frozenset(found)


def _uses(node: Any, slot: int) -> Iterator[Bound]:
    """Wherever a tree speaks of the item: its properties, and the item itself."""
    if isinstance(node, tuple):
        for each in node:
            yield from _uses(each, slot)
    elif (isinstance(node, meaning.Field) and _is_item(node.of, slot)) or _is_item(node, slot):
        yield node
    elif isinstance(node, Bound):
        for name in node.__struct_fields__:
            yield from _uses(getattr(node, name), slot)


def _is_item(node: Any, slot: int) -> bool:
    return isinstance(node, meaning.Slot) and node.index == slot

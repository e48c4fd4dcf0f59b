"""Answers as JSON text: control information around the entities that the store keeps as text.

The format follows OData JSON Format 4.01: metadata none, minimal and full (section 3.1), Int64
and Decimal as strings (3.2), and in a 4.01 answer names without the ``odata.`` prefix (4.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from openprofile.model.kinds import Entity, Navigation
from openprofile.model.shape import Property, Shape, shape

Level = Literal["none", "minimal", "full"]


Shown = Literal["entities", "references", "count"]


class Format(msgspec.Struct, frozen=True, dict=True):
    """How an answer is written."""

    metadata: Level = "minimal"
    ieee754: bool = False
    """Whether Int64 and Decimal values are strings."""
    version: str = "4.0"

    @cached_property
    def content_type(self) -> str:
        prefix = "odata." if self.version == "4.0" else ""
        return (
            f"application/json;{prefix}metadata={self.metadata};{prefix}streaming=true;"
            f"IEEE754Compatible={str(self.ieee754).lower()};charset=utf-8"
        )

    @cached_property
    def prefix(self) -> str:
        """What the names of control information begin with."""
        return "@odata." if self.version == "4.0" else "@"


class Entry(NamedTuple):
    """An entity on its way into an answer."""

    etag: str
    """Empty for an entity that has none."""
    text: str
    """The entity as ``payload.write`` wrote it, or what a selection left of that."""
    url: Callable[[], str]
    """Makes its canonical URL, which most answers do not show."""
    derived: bool = False
    """Whether it stands where the metadata names a base of its type, so that the type is told."""
    navigation: Mapping[str, Navigation] = {}
    """Its navigation properties, to which full metadata has links."""


class Item(Protocol):
    """An item of a collection, as the store keeps it or as a selection shows it."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def text(self) -> str: ...


def etag_of(version: int) -> str:
    """The weak entity tag of a version (RFC 9110, section 8.8.3)."""
    return f'W/"{version}"'


def item_entry(item: Item, collection: str) -> Entry:
    """An item on its way into an answer; ``collection`` is the canonical URL of what holds it."""
    return Entry(etag_of(item.version), item.text, partial(item_url, collection, item.id))


def entity_body(form: Format, kind: type[Entity], context: str, entry: Entry) -> bytes:
    """The answer that holds one entity."""
    return object_text(form, kind, entry, context).encode()


def item_body(
    form: Format, kind: type[Entity], context: str, item: Item, collection: Callable[[], str]
) -> bytes:
    """The answer that holds one item of the collection whose canonical URL ``collection`` makes."""
    if form.metadata != "minimal":
        return entity_body(form, kind, context, item_entry(item, collection()))
    before, after = _around_version(form)
    control = f'"{form.prefix}context":{_string(context)},{before}'
    return f"{{{control}{item.version}{after}{item.text[1:]}".encode()


def collection_body(
    form: Format,
    context: str,
    value: str,
    *,
    count: int | None = None,
    next_link: str | None = None,
) -> bytes:
    """The answer that holds a collection, or a page of one with the link to the next.

    ``value`` is what it holds, as ``entities_text``, ``items_text`` or ``references_text`` gave it.
    """
    before = f'"{form.prefix}context":{_string(context)},' if form.metadata != "none" else ""
    if count is not None:
        before += f'"{form.prefix}count":{_int64(form, count)},'
    after = f',"{form.prefix}nextLink":{_string(next_link)}' if next_link is not None else ""
    return f'{{{before}"value":[{value}]{after}}}'.encode()


def references_text(form: Format, urls: Sequence[str]) -> str:
    """References to entities, as they stand in a collection (section 14)."""
    return ",".join([f'{{"{form.prefix}id":{_string(url)}}}' for url in urls])


class Expanded(msgspec.Struct, frozen=True):
    """A contained collection in the answer that holds its owner."""

    context: str
    value: str
    """What it holds, as ``collection_body`` takes it."""
    count: int | None = None
    next_link: str | None = None
    shown: Shown = "entities"
    """Of the items: all, their references alone (``/$ref``), or only ``count`` (``/$count``)."""


def expanded_body(
    form: Format,
    kind: type[Entity],
    context: str,
    entry: Entry,
    collections: Mapping[str, Expanded],
) -> bytes:
    """The answer that holds an entity and collections of it, each with its context before."""
    parts = [object_text(form, kind, entry, context)[1:-1]]
    for name, found in collections.items():
        if form.metadata != "none" and found.shown == "entities":
            parts.append(f'"{name}{form.prefix}context":{_string(found.context)}')
        if found.count is not None:
            parts.append(f'"{name}{form.prefix}count":{_int64(form, found.count)}')
        if found.shown != "count":
            parts.append(f'"{name}":[{found.value}]')
        if found.next_link is not None:
            parts.append(f'"{name}{form.prefix}nextLink":{_string(found.next_link)}')
    return f"{{{','.join(parts)}}}".encode()


def property_body(
    form: Format, found: Property, context: str, value: Any, *, count: int | None = None
) -> bytes:
    """The answer that holds one property: a complex value as itself, any other as ``value``."""
    control: dict[str, Any] = {}
    if form.metadata != "none":
        control[f"{form.prefix}context"] = context
    if count is not None:
        control[f"{form.prefix}count"] = str(count) if form.ieee754 else count
    if form.metadata == "full":
        if not _is_told(found):
            control[f"{form.prefix}type"] = _type_name(found)
        if found.shape is not None:
            value = _typed(form, found.shape, value)
    members = value if isinstance(value, dict) else {"value": value}
    return msgspec.json.encode({**control, **members})


def reference_body(form: Format, context: str, url: str) -> bytes:
    """The answer that holds the reference to one entity."""
    control = {} if form.metadata == "none" else {f"{form.prefix}context": context}
    return msgspec.json.encode({**control, f"{form.prefix}id": url})


def entities_text(form: Format, kind: type[Entity], entries: Sequence[Entry]) -> str:
    """Entities, as they stand in a collection."""
    return ",".join([object_text(form, kind, entry) for entry in entries])


def items_text(form: Format, kind: type[Entity], items: Sequence[Item], collection: str) -> str:
    """Items, as they stand in the collection whose canonical URL is ``collection``: what
    ``entities_text`` makes of their entries, at a fifth of the cost.
    """
    if form.metadata != "minimal":
        return entities_text(form, kind, [item_entry(item, collection) for item in items])
    before, after = _around_version(form)
    return ",".join([f"{{{before}{item.version}{after}{item.text[1:]}" for item in items])


@lru_cache(maxsize=64)
def _around_version(form: Format) -> tuple[str, str]:
    """What stands before the version of an item, within the object that it is, and after it, up to
    the item's own members.
    """
    shown = object_text(form, Entity, Entry(etag_of(0), "{0}", str))
    before, after, _ = shown[1:].split("0")
    return before, after


def _escaped(tag: str) -> str:
    """A tag within a JSON string: only its quotes need escaping."""
    return tag.replace('"', '\\"')


def object_text(form: Format, kind: type[Entity], entry: Entry, context: str | None = None) -> str:
    """An entity as it stands in an answer; ``context`` is there where it is the whole answer."""
    if form.metadata == "none":
        return entry.text
    control = f'"{form.prefix}context":{_string(context)},' if context is not None else ""
    if form.metadata == "minimal":
        if entry.derived:
            control += f'"{form.prefix}type":"#{shape(kind).qualified_name}",'
        if entry.etag:
            control += f'"{form.prefix}etag":"{_escaped(entry.etag)}",'
        rest = entry.text[1:]
        return f"{{{control}{rest}" if rest != "}" else f"{{{control[:-1]}}}"
    annotated = {
        f"{form.prefix}type": f"#{shape(kind).qualified_name}",
        f"{form.prefix}id": entry.url(),
        **({f"{form.prefix}etag": entry.etag} if entry.etag else {}),
        f"{form.prefix}editLink": entry.url(),
        **_links(form, entry),
        **dict(_annotated(form, shape(kind), msgspec.json.decode(entry.text))),
    }
    return f"{{{control}{msgspec.json.encode(annotated).decode()[1:]}"


def _links(form: Format, entry: Entry) -> dict[str, str]:
    """Where the navigation properties of an entity are read, and where their references."""
    links = {}
    for name, to in entry.navigation.items():
        if not to.contained:
            links[f"{name}{form.prefix}associationLink"] = f"{entry.url()}/{name}/$ref"
        links[f"{name}{form.prefix}navigationLink"] = f"{entry.url()}/{name}"
    return links


def _annotated(form: Format, at: Shape, members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members, each with its type before it where the JSON does not tell (section 4.5.3)."""
    for name, value in members.items():
        found = at.properties.get(name)
        if found is not None and value is not None:
            if not _is_told(found):
                yield f"{name}{form.prefix}type", _type_name(found)
            if found.shape is not None:
                value = _typed(form, found.shape, value)
        yield name, value


def _is_told(found: Property) -> bool:
    """Whether the JSON of a value tells its type by itself."""
    return not found.collection and found.edm in ("Edm.String", "Edm.Boolean", "Edm.Double")


def _typed(form: Format, at: Shape, value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(form, at, each) for each in value]
    return dict(_annotated(form, at, value))


def _type_name(found: Property) -> str:
    name = found.edm.removeprefix("Edm.")
    return f"#Collection({name})" if found.collection else f"#{name}"


def item_url(collection: str, item_id: str) -> str:
    """The canonical URL of an item of a collection: its key in parentheses."""
    return f"{collection}('{key_text(item_id)}')"


@lru_cache(maxsize=4096)  # the same person's again and again
def key_text(key: str) -> str:
    """A key as it stands in a URL, percent-encoded."""
    # most keys are GUIDs, and quote takes its time to find nothing in them
    return key if _PLAIN.fullmatch(key) else quote(key)


_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
"""What stands for itself in a URL (RFC 3986, section 2.3)."""


def _int64(form: Format, number: int) -> str:
    return f'"{number}"' if form.ieee754 else str(number)


def _string(text: str) -> str:
    return msgspec.json.encode(text).decode()

"""The items of a facet on a line, and what a store keeps of each, whatever it has under the id."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import msgspec

from openprofile.clock import date_time_offset, is_id, ticks_of
from openprofile.directory import fold
from openprofile.errors import Detail, InvalidPayload
from openprofile.model.kinds import ItemFacet
from openprofile.model.parts import Identity, IdentitySet
from openprofile.model.primitives import DateTimeOffset, quoted
from openprofile.model.shape import shape
from openprofile.odata.payload import entity, members, read_whole, write
from openprofile.profiles import fill_in
from openprofile.store.base import Record, new_version, next_version

Make: TypeAlias = Callable[[Record | None], Record]

_TAG = re.compile(rb'\s*\{(\s*"@odata\.etag"\s*:\s*"W/\\"(\d{1,18})\\""\s*,?)')
_STAMPS = ("created_by", "created_date_time", "last_modified_by", "last_modified_date_time")
_IMPORT = IdentitySet(application=Identity(display_name="openprofile import"))
_IDS = uuid.uuid5(uuid.NAMESPACE_DNS, "import.openprofile")


def made_id(*of: str) -> str:
    """A GUID for what has none on its line: the same for the same line."""
    return str(uuid.uuid5(_IDS, "/".join(of)))


def invalid(at: str, reason: str) -> InvalidPayload:
    """The fault of one property."""
    return InvalidPayload([Detail("invalidProperty", at, f"Property '{at}': {reason}.")])


class Facet(msgspec.Struct, frozen=True):
    """One facet of one person: ``at`` is its path on the line."""

    kind: type[ItemFacet]
    at: str
    owner: str
    """The person and their tenant."""
    longest: int
    """Bytes that an item may have."""
    now: int
    """Ticks: the time of what has none on its line."""

    def read(self, texts: Sequence[msgspec.Raw]) -> Iterator[tuple[str, Make]]:
        """The folded id of each item and what makes the record of it, in their order, which is to
        be that of the collection. Raises InvalidPayload.
        """
        items = [self._item(bytes(text), f"{self.at}/{n}") for n, text in enumerate(texts)]
        seen: set[str] = set()
        place, before = -(2**63), ""
        for item in items:
            while (id_ := fold(item.content.id)) in seen:
                if item.named:
                    raise invalid(f"{item.at}/id", f"{quoted(item.content.id)} is there twice")
                item.content.id = made_id(item.content.id)
            seen.add(id_)
            # A collection runs by place and then by id: one step on where the ids would turn it.
            place, before = max(item.created, place if before < id_ else place + 1), id_
            yield id_, item.making(place)

    def _item(self, text: bytes, at: str) -> _Item:
        if len(text) > self.longest:
            raise invalid(at, f"expected at most {self.longest} bytes, got {len(text)}")
        tag = _TAG.match(text)
        if tag:
            text = text[: tag.start(1)] + text[tag.end() :]
        try:
            given = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid(at, str(error)) from error
        content = read_whole(text, self.kind, f"{at}/")
        named = bool(content.id)
        if not named:
            said = msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
            content.id = made_id(self.owner, self.at, said)
        elif not is_id(content.id):
            raise invalid(f"{at}/id", f"expected a GUID, got {quoted(content.id)}")
        missing = self._complete(content, given.keys())
        assert content.created_date_time is not None
        return _Item(
            content=content,
            at=at,
            named=named,
            version=int(tag[2]) if tag else new_version(),
            missing=missing,
            created=ticks_of(content.created_date_time),
        )

    def _complete(self, content: ItemFacet, given: AbstractSet[str]) -> list[str]:
        """Give an item what its line leaves out, and return which stamps those were.

        An item of which every member is on the line stays as it is.
        """
        if given >= shape(self.kind).properties.keys() and content.created_date_time:
            return []
        fill_in(content)
        missing = [name for name in _STAMPS if getattr(content, name) is None]
        time = DateTimeOffset(date_time_offset(self.now))
        for name in missing:
            setattr(content, name, _IMPORT if name.endswith("_by") else time)
        return missing


class _Item(msgspec.Struct):
    content: ItemFacet
    at: str
    named: bool
    """Whether the line has its id."""
    version: int
    missing: list[str]
    """The stamps that the line leaves out."""
    created: int
    """Ticks."""

    def making(self, place: int) -> Make:
        """What makes the record: the one that is there, if its text is that of the line."""
        id_, text = fold(self.content.id), write(self.content)

        def make(before: Record | None) -> Record:
            if before is None:
                return Record(id_, self.version, text, place)
            if before.text == text:
                return before
            if self.missing:
                return self._revised(before, place)
            return Record(id_, next_version(before.version, text), text, place)

        return make

    def _revised(self, before: Record, place: int) -> Record:
        """The line has nothing to say of some stamps: they say that the item stays, if it does."""
        there = entity(members(before.text), type(self.content))
        old = {name: getattr(there, name) for name in self.missing}
        if write(msgspec.structs.replace(self.content, **old)) == before.text:
            return before
        creation = {name: value for name, value in old.items() if name.startswith("created")}
        text = write(msgspec.structs.replace(self.content, **creation))
        if "created_date_time" in creation:
            place = before.created
        return Record(before.id, next_version(before.version, text), text, place)

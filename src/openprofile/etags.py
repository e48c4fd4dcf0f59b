"""The entity tags of items, and the conditions that name them (RFC 9110, sections 8.8.3 and 13)."""

from __future__ import annotations

import msgspec

from openprofile.errors import ResourceModified
from openprofile.odata.representation import etag_of
from openprofile.store.base import Record


def etag(record: Record) -> str:
    """The entity tag of an item's current version."""
    return etag_of(record.version)


class Conditions(msgspec.Struct, frozen=True):
    """The state that a request depends on: ``If-Match``, ``If-None-Match``, and the ETags in the
    body of an update. All that are there must hold.

    Tags are compared weakly, also by ``If-Match``, where OData differs from RFC 9110
    (Protocol 4.01, sections 8.2.4, 8.2.5 and 11.4.1.1).
    """

    if_match: str | None = None
    if_none_match: str | None = None
    read_with: tuple[str, ...] = ()
    """The ETags in the body."""

    def check(self, record: Record) -> None:
        """Raise ResourceModified unless ``record`` is as a write wants it."""
        self._check(etag(record))

    def has(self, record: Record) -> bool:
        """Whether a reader has this version already; raises ResourceModified where it asks for
        another.
        """
        if self.if_match is None and self.if_none_match is None:
            return False
        tag = etag(record)
        self._match(tag)
        return self.if_none_match is not None and _names(self.if_none_match, tag)

    def check_untagged(self, *, there: bool = True) -> None:
        """Raise ResourceModified unless a write wants what has no ETag, and is ``there`` or not.

        No tag is the tag of such a resource, and ``*`` is any that there is.
        """
        if there:
            self._check(None)
        elif self.if_match is not None:
            raise ResourceModified(
                f"If-Match asks for {self.if_match[:64]}, and there is nothing yet."
            )

    def _check(self, tag: str | None) -> None:
        self._match(tag)
        if self.if_none_match is not None and _names(self.if_none_match, tag):
            raise ResourceModified(
                f"It is there: {_its(tag)}, If-None-Match excludes {self.if_none_match[:64]}."
            )
        for sent in self.read_with:
            if tag is None or _opaque(sent) != _opaque(tag):
                raise ResourceModified(
                    f"It has changed: {_its(tag)}, the body was read with {sent[:64]}."
                )

    def _match(self, tag: str | None) -> None:
        if self.if_match is not None and not _names(self.if_match, tag):
            raise ResourceModified(
                f"It has changed: {_its(tag)}, If-Match asks for {self.if_match[:64]}."
            )


def _names(tags: str, own: str | None) -> bool:
    """Whether a list of entity tags, or ``*``, names what has the tag ``own``, or none."""
    if tags.strip() == "*":
        return True
    return own is not None and _opaque(own) in [_opaque(tag) for tag in tags.split(",")]


def _opaque(tag: str) -> str:
    """A tag as the weak comparison takes it."""
    return tag.strip().removeprefix("W/")


def _its(tag: str | None) -> str:
    return "it has no ETag" if tag is None else f"its ETag is {tag}"

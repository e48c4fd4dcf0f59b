"""The ``Prefer`` header: what a client would like, and what was done about it.

RFC 7240 and OData Protocol 4.01, section 8.2.8; names with and without the ``odata.`` prefix.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

_PREFERENCE = re.compile(
    r"\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*(\"(?:[^\"\\]|\\.)*\"|[!#$%&'*+.^_`|~\w-]*))?\s*"
    r"(?:;[^,]*)?(?:,|$)",
    re.ASCII,
)


class Preferences(msgspec.Struct, frozen=True):
    """The preferences that this service knows; others are ignored, as they must be."""

    returns: Literal["minimal", "representation"] | None = None
    max_page_size: int | None = None
    """Positive; zero and what is no number count as not sent."""
    unknown_enum_members: bool = False
    """``include-unknown-enum-members``: members after the sentinel are wanted as they are
    (https://github.com/microsoft/api-guidelines, graph/patterns/evolvable-enums.md). No
    enumeration of the model has any, so that every answer follows it.
    """
    continue_on_error: bool = False

    def shows(self, *, usually: bool) -> bool:
        """Whether the answer to a write holds what was written, as it ``usually`` does or not."""
        return usually if self.returns is None else self.returns == "representation"

    def applied(self, *, page_size: int | None = None, returned: bool = False) -> dict[str, str]:
        """The header that tells which preferences an answer with entities follows.

        ``page_size`` is the size of its pages, ``returned`` tells that ``return`` was followed.
        """
        if self is NO_PREFERENCES:
            return {}
        followed = []
        if returned and self.returns is not None:
            followed.append(f"return={self.returns}")
        if page_size is not None and self.max_page_size is not None:
            followed.append(f"odata.maxpagesize={page_size}")
        if self.unknown_enum_members:
            followed.append("include-unknown-enum-members")
        return {"Preference-Applied": ", ".join(followed)} if followed else {}


NO_PREFERENCES = Preferences()
"""Those of a request without the header."""


@lru_cache(maxsize=256)
def preferences(header: str) -> Preferences:
    """The preferences in a ``Prefer`` header; of one that stands twice the first counts."""
    found: dict[str, str] = {}
    for name, value in _PREFERENCE.findall(header[:4096]):
        found.setdefault(name.lower().removeprefix("odata."), value.strip('"'))
    size = found.get("maxpagesize", "")
    digits = size.isascii() and size.isdigit() and len(size) < 10
    returns = found.get("return")
    return Preferences(
        returns="minimal"
        if returns == "minimal"
        else "representation"
        if returns == "representation"
        else None,
        max_page_size=int(size) or None if digits else None,
        unknown_enum_members="include-unknown-enum-members" in found,
        continue_on_error=found.get("continue-on-error") in ("", "true"),
    )

"""Media types with their parameters, as ``Content-Type`` and ``Accept`` name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec

_PARAMETER = re.compile(r';\s*([^\s=;,"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]+))\s*', re.DOTALL)
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class MediaType(msgspec.Struct, frozen=True):
    """``multipart/mixed; boundary=b`` (RFC 9110, section 8.3.1), in lower case but for values."""

    name: str
    parameters: Mapping[str, str]


@lru_cache(maxsize=256)
def media_type(text: str) -> MediaType:
    """The media type that ``text`` holds; what is malformed of its parameters is left out."""
    name, _, rest = text.partition(";")
    parameters: dict[str, str] = {}
    at = 0
    while found := _PARAMETER.match(f";{rest}", at):
        quoted, bare = found[2], found[3]
        value = bare if quoted is None else _ESCAPED.sub(r"\1", quoted)
        parameters.setdefault(found[1].lower(), value)
        at = found.end()
    return MediaType(name.strip().lower(), parameters)


def is_json(name: str) -> bool:
    """Whether a media type is JSON, exactly or by its structured syntax suffix (RFC 6839)."""
    return name == "application/json" or name.endswith("+json")


def accepted(header: str, usual: Callable[[str], bool] = lambda _: False) -> list[str]:
    """The media ranges of an ``Accept`` header that are taken, the best liked first, and of those
    that are liked as much the ``usual`` ones (RFC 9110, section 12.5.1). One whose weight is
    malformed is not taken.
    """
    parts = [part.strip() for part in header.split(",")]
    ranges = [
        (-_weight(part), not usual(part), place, part) for place, part in enumerate(parts) if part
    ]
    return [part for weight, _, _, part in sorted(ranges) if weight < 0]


def _weight(media: str) -> float:
    text = media_type(media).parameters.get("q", "1")
    return float(text) if _WEIGHT.fullmatch(text) else 0.0

"""``$select`` and ``$expand``: their text to paths with options, without a model.

Follows OData URL Conventions 4.01, sections 5.1.3 and 5.1.4.
"""

from __future__ import annotations

import re

import msgspec

from openprofile.odata.limits import Limits, too_many
from openprofile.odata.query.lexer import NAME, malformed
from openprofile.odata.query.options import Options, nested


class Item(msgspec.Struct, frozen=True):
    """One item: ``Addresses/Street``, ``Items($top=2)``, ``manager/$ref``, ``*``."""

    path: tuple[str, ...]
    """Names, qualified type names, or ``*``."""
    suffix: str
    """``$ref``, ``$count`` or ``$value``, which may end a path of ``$expand``; else empty."""
    options: Options
    at: int
    """The offset of its first character in the option's text."""


_NONE = Options()

_SEGMENT = rf"(?:\*|@?{NAME}(?:\.{NAME})*(?:\.\*)?(?:\#{NAME})?)"
_SELECT = re.compile(rf"[ \t]*(?P<path>{_SEGMENT}(?:/{_SEGMENT})*)[ \t]*")
_EXPAND = re.compile(
    rf"[ \t]*(?:(?P<path>{_SEGMENT}(?:/{_SEGMENT})*)(?:/(?P<suffix>\$ref|\$count))?"
    r"|(?P<stream>\$value))[ \t]*",
    re.IGNORECASE,
)
_OPENINGS = re.compile(r"""'[^']*'|"[^"\\]*(?:\\.[^"\\]*)*"|[(),;]""")

_IN_SELECT = ("filter", "search", "count", "orderby", "skip", "top", "compute", "select")
_IN_EXPAND = (*_IN_SELECT, "expand", "levels")
_IN_REFERENCES = ("filter", "search", "count", "orderby", "skip", "top")
_IN_COUNT = ("filter", "search")


def select(text: str, option: str, limits: Limits) -> list[Item]:
    """The items of a ``$select``; raises BadRequest with the position of what is malformed."""
    found = []
    for part, at in _divide(text, ",", option, limits.select, "items"):
        seen = _SELECT.match(part)
        if seen is None:
            raise malformed(option, text, at, "the name of a property, or *")
        options = _options(text, part, at, seen.end(), option, limits, _IN_SELECT)
        path = tuple(seen["path"].split("/"))
        found.append(Item(path, "", options, at + seen.start("path")))
    return found


def expand(text: str, option: str, limits: Limits) -> list[Item]:
    """The items of an ``$expand``; raises BadRequest with the position of what is malformed."""
    found = []
    for part, at in _divide(text, ",", option, limits.expand, "items"):
        seen = _EXPAND.match(part)
        if seen is None:
            raise malformed(option, text, at, "the name of a navigation property, or *")
        suffix = (seen["suffix"] or seen["stream"] or "").lower()
        allowed = {"$ref": _IN_REFERENCES, "$count": _IN_COUNT, "$value": ()}.get(
            suffix, _IN_EXPAND
        )
        path = tuple(seen["path"].split("/")) if seen["path"] else ()
        if path[-1:] == ("*",):
            if suffix == "$count":
                raise malformed(option, text, at + seen.start("suffix"), "$ref or ($levels=…)")
            allowed = () if suffix else ("levels",)
        options = _options(text, part, at, seen.end(), option, limits, allowed)
        found.append(Item(path, suffix, options, at + len(part) - len(part.lstrip(" \t"))))
    return found


def _options(
    text: str, part: str, at: int, end: int, option: str, limits: Limits, known: tuple[str, ...]
) -> Options:
    """The options in parentheses that begin at ``end`` of ``part``, which begins at ``at``."""
    rest = part[end:].rstrip(" \t")
    if not rest:
        return _NONE
    name = part[:end].strip()
    if not rest.startswith("("):
        raise malformed(option, text, at + end, "'/', '(', a comma or the end")
    if not rest.endswith(")"):
        raise malformed(option, text, at + end + len(rest), "')'")
    pairs: list[tuple[str, str]] = []
    for pair, offset in _divide(rest[1:-1], ";", option, limits.select, "nested options"):
        label, equals, value = pair.partition("=")
        if equals:
            pairs.append((label.strip(), value.strip()))
        elif pairs and pairs[-1][0].lower() in ("$search", "search"):
            # A semicolon that was percent-encoded belongs to what is searched for.
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]};{pair.rstrip()}")
        else:
            raise malformed(option, text, at + end + 1 + offset, "an option like $top=5")
    return nested(pairs, limits, f" of {name[:64]} in {option}", known)


def _divide(text: str, separator: str, option: str, most: int, what: str) -> list[tuple[str, int]]:
    """The parts of ``text`` between separators outside quotes and parentheses, with offsets."""
    parts: list[tuple[str, int]] = []
    start, depth = 0, 0
    for seen in _OPENINGS.finditer(text):
        sign = seen[0]
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth < 0:
                raise malformed(option, text, seen.start(), "a comma or the end")
        elif sign == separator and depth == 0:
            parts.append((text[start : seen.start()], start))
            start = seen.end()
    if depth:
        raise malformed(option, text, len(text), "')'")
    parts.append((text[start:], start))
    if len(parts) > most:
        raise too_many(option, what, most)
    return parts

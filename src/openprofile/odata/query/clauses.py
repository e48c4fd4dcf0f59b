"""Graph's ``$search`` on directory objects: ``"displayName:ada" AND "mail:ada"``.

It is not OData's: clauses in double quotes, each a property and words, joined by AND and OR, of
which AND binds first (https://learn.microsoft.com/graph/search-query-parameter).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from openprofile.errors import BadRequest
from openprofile.model.primitives import quoted
from openprofile.odata.limits import DEFAULT, too_many
from openprofile.odata.names import find
from openprofile.odata.query.lexer import malformed
from openprofile.odata.query.search import comparable

_OPTION = "$search"
_PART = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\w+))\s*')
_WORD = re.compile(r"\w+")


class Clause(NamedTuple):
    """What one property is searched for."""

    property: str
    text: str
    """As it was written, folded."""
    words: tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(comparable(text))


def clauses(text: str, known: Collection[str]) -> tuple[tuple[Clause, ...], ...]:
    """The clauses of which all of one group are to match, for the properties ``known``.

    Raises BadRequest with the position of what is malformed, or the property that is not known.
    """
    groups: list[list[Clause]] = [[]]
    at, expects, count = 0, True, 0
    while at < len(text):
        seen = _PART.match(text, at)
        if seen is None:
            raise malformed(_OPTION, text, at, 'a clause like "displayName:ada"')
        clause: str | None = seen[1]
        if expects:
            if clause is None:
                raise malformed(_OPTION, text, at, 'a clause like "displayName:ada"')
            count += 1
            if count > DEFAULT.search_terms:
                raise too_many(_OPTION, "clauses", DEFAULT.search_terms)
            groups[-1].append(_clause(clause, known))
        elif seen[2] not in ("AND", "OR"):
            raise malformed(_OPTION, text, at, "AND or OR")
        elif seen[2] == "OR":
            groups.append([])
        expects = not expects
        at = seen.end()
    if expects:
        raise malformed(_OPTION, text, len(text), 'a clause like "displayName:ada"')
    return tuple(tuple(group) for group in groups)


def _clause(text: str, known: Collection[str]) -> Clause:
    name, colon, value = re.sub(r"\\(.)", r"\1", text).partition(":")
    found = find(name.strip(), dict.fromkeys(known))
    sought = words(value)
    if not colon or found is None or not sought:
        raise BadRequest(
            f"{_OPTION}: {quoted(text)} is no clause of a property and words; the properties "
            f"that can be searched are {', '.join(known)}.",
            target=_OPTION,
        )
    return Clause(found, comparable(value).strip(), tuple(sought))

"""``/$filter(…)`` in a path: the same as ``$filter``, and together with it.

Follows OData URL Conventions 4.01, section 4.12.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.primitives import quoted
from openprofile.odata.limits import Guard
from openprofile.odata.query.options import decoded
from openprofile.odata.query.parser import expression

_SEGMENT = "/$filter"
_OPENING = re.compile(r"/(?:\$|%24)filter(?:\(|%28)")
_UNIT = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_MAY_FOLLOW = re.compile(r"(?:/(?:\$|%24)(?:count|ref))?/?", re.IGNORECASE)


def as_option(path: str, query: str) -> tuple[str, str]:
    """The path without segments ``/$filter(…)``, and the query with a ``$filter`` that says the
    same; both are percent-encoded.

    Raises BadRequest for a segment that is malformed, NotSupported where something follows that
    needs a key.
    """
    conditions: list[str] = []
    opening = _OPENING.search(path)
    while opening is not None:
        end, text = _argument(path, opening.end())
        expression(text, _SEGMENT, Guard())
        conditions.append(text)
        path = path[: opening.start()] + path[end:]
        following = _OPENING.match(path, opening.start())
        if following is None:
            _require_end(path[: opening.start()], path[opening.start() :])
        opening = following
    return (path, _with(query, conditions)) if conditions else (path, query)


def _require_end(before: str, after: str) -> None:
    """Raise for a path in which what is filtered is no collection, or needs a key."""
    last = quoted(unquote(before.rpartition("/")[2]))
    if last.startswith("'$"):
        raise BadRequest(f"{_SEGMENT} does not apply to {last}.", target=_SEGMENT)
    if _MAY_FOLLOW.fullmatch(after):
        return
    rest = quoted(unquote(after))
    if not after.startswith(("/", "(", "%28")):
        raise BadRequest(f"{rest} follows {_SEGMENT}; expected '/' or the end.", target=_SEGMENT)
    raise NotSupported(f"{rest} after {_SEGMENT} is not supported.", target=_SEGMENT)


def _argument(path: str, start: int) -> tuple[int, str]:
    """Where the segment ends whose argument begins at ``start``, and the argument, decoded."""
    depth, in_quotes = 1, False
    for unit in _UNIT.finditer(path, start):
        sign = unquote(unit[0], errors="replace")
        if sign == "'":
            in_quotes = not in_quotes
        elif not in_quotes:
            depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return unit.end(), decoded(path[start : unit.start()].replace("+", "%2B"))
    raise BadRequest(f"{_SEGMENT} is malformed: expected a closing ')'.", target=_SEGMENT)


def _with(query: str, conditions: list[str]) -> str:
    kept = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if unquote(name).removeprefix("$").lower() == "filter":
            conditions.insert(0, decoded(value))
        elif pair:
            kept.append(pair)
    if len(conditions) > 1:
        conditions = [f"({each})" for each in conditions]
    return "&".join([*kept, f"$filter={quote(' and '.join(conditions), safe='')}"])

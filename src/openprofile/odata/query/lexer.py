"""The text of an expression to its tokens, by one regular expression (OData ABNF 4.01)."""

from __future__ import annotations

import re
from typing import NamedTuple

from openprofile.errors import BadRequest
from openprofile.model.primitives import quoted
from openprofile.odata.limits import Limits, too_many

NAME = r"[^\W\d]\w*"

_QUOTED = r"'[^']*(?:''[^']*)*'"
_DIGITS = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_NUMBER = re.compile(_DIGITS)
_DATE = r"-?(?:0[0-9]{3}|[1-9][0-9]{3,})-[0-9][0-9]-[0-9][0-9]"
_TIME = r"[0-9][0-9]:[0-9][0-9](?::[0-9][0-9](?:\.[0-9]{1,12})?)?"

# The order of the alternatives decides: a guid may begin like a number or a name, a date and a
# time of day like a number. A space may stand for the '+' of an offset, which a query string
# that was not encoded has turned into one.
_TOKEN = re.compile(
    rf"""[ \t]*(?:
      (?P<guid>[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}(?!\w))
    | (?P<name>{NAME}(?:\.{NAME})*)(?P<typed>{_QUOTED})?
    | (?P<sign>[()/,:;=*\[\]{{}}])
    | (?P<string>{_QUOTED})
    | (?P<datetime>{_DATE}[Tt]{_TIME}(?:[Zz]|[-+\ ][0-9][0-9]:[0-9][0-9])?)
    | (?P<date>{_DATE}(?![0-9Tt]))
    | (?P<time>{_TIME})
    | (?P<number>{_DIGITS}(?![\w.])|-INF\b)
    | (?P<system>\$[A-Za-z]+)
    | (?P<alias>@{NAME}(?:\.{NAME})*(?:\#{NAME})?)
    | (?P<json>"[^"\\]*(?:\\.[^"\\]*)*")
    | (?P<minus>-)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """One token; ``end`` is the last of every text."""

    kind: str
    text: str
    at: int
    """The offset of its first character."""


def tokens(text: str, option: str, limits: Limits) -> list[Token]:
    """The tokens of ``text``; raises BadRequest with the position of what is none."""
    found: list[Token] = []
    match = _TOKEN.match
    position, length = 0, len(text)
    while True:
        seen = match(text, position)
        if seen is None:
            raise _no_token(text, position, option)
        kind = seen.lastgroup
        assert kind is not None
        at = seen.start("name" if kind == "typed" else kind)
        position = seen.end()
        found.append(Token(kind, text[at:position], at))
        if kind == "end":
            break
        if len(found) > limits.tokens:
            raise too_many(option, "terms", limits.tokens)
    assert position == length
    return found


def malformed(option: str, text: str, at: int, expected: str) -> BadRequest:
    """The refusal of ``text``, the value of ``option``, which goes wrong at offset ``at``."""
    rest = text[at:]
    seen = quoted(rest[:24] + "…" if len(rest) > 24 else rest) if rest.strip() else "the end"
    return BadRequest(
        f"{option} is malformed at position {at}: expected {expected}, found {seen}.",
        target=option,
    )


def _no_token(text: str, position: int, option: str) -> BadRequest:
    at = position + len(text[position:]) - len(text[position:].lstrip(" \t"))
    if text[at] in "'\"":
        return malformed(option, text, len(text), f"a closing {text[at]} for the one at {at}")
    number = _NUMBER.match(text, at)
    if number is not None:
        return malformed(option, text, number.end(), "the end of a number, date or guid")
    return malformed(option, text, at, "a name, a literal or an operator")

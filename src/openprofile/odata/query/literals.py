"""A token that is a literal to the value that it stands for (OData ABNF 4.01, section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from openprofile.errors import NotSupported
from openprofile.odata.limits import too_many
from openprofile.odata.query import values
from openprofile.odata.query.lexer import Token
from openprofile.odata.query.reader import Reader
from openprofile.odata.query.syntax import EnumLiteral, Literal, Node

CONSTANTS: Mapping[str, tuple[str, Any]] = {
    "true": ("Edm.Boolean", True),
    "false": ("Edm.Boolean", False),
    "null": ("null", None),
}
"""Names that are literals, in any case."""
INFINITE: Mapping[str, float] = {
    "INF": float("inf"),
    "-INF": float("-inf"),
    "NaN": float("nan"),
}
"""Names that are literals in this case only."""

_UNQUOTED: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "guid": ("Edm.Guid", values.read_guid),
    "datetime": ("Edm.DateTimeOffset", values.read_instant),
    "date": ("Edm.Date", values.read_date),
    "time": ("Edm.TimeOfDay", values.read_time),
}
_ENUM_VALUE = re.compile(r"(?:[-+]?[0-9]+|[^\W\d]\w*)(?:,(?:[-+]?[0-9]+|[^\W\d]\w*))*")
_INT32, _INT64 = 2**31, 2**63


def string(reader: Reader, token: Token) -> Node:
    """``'O''Neil'``"""
    return Literal(token.at, "Edm.String", token.text[1:-1].replace("''", "'"))


def json_string(reader: Reader, token: Token) -> Literal:
    """A string in double quotes, as JSON has it: in arrays and objects."""
    try:
        return Literal(token.at, "Edm.String", msgspec.json.decode(token.text, type=str))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise reader.wrong("a JSON string", token.at) from error


def unquoted(reader: Reader, token: Token) -> Node:
    """A guid, a date, a time of day, or both with an offset."""
    edm, read = _UNQUOTED[token.kind]
    return _read(reader, token, edm, read, token.text, 0)


def number(reader: Reader, token: Token) -> Node:
    """A number: what it is written like decides its type, and an integer's size."""
    text = token.text
    if text in INFINITE:
        return Literal(token.at, "Edm.Double", INFINITE[text])
    if "e" in text or "E" in text:
        return _read(reader, token, "Edm.Double", values.read_double, text, 0)
    if "." in text:
        return _read(reader, token, "Edm.Decimal", values.read_decimal, text, 0)
    found = _read(reader, token, "Edm.Int32", values.read_integer, text, 0)
    if -_INT32 <= found.value < _INT32:
        return found
    if -_INT64 <= found.value < _INT64:
        return Literal(token.at, "Edm.Int64", found.value)
    return Literal(token.at, "Edm.Decimal", values.read_decimal(text))


def prefixed(reader: Reader, token: Token) -> Node:
    """``duration'PT1S'``, ``binary'Zg'``, or members of an enumeration after its type."""
    prefix, _, rest = token.text.partition("'")
    text, inset = rest[:-1], len(prefix) + 1
    match prefix.lower():
        case "duration":
            return _read(reader, token, "Edm.Duration", values.read_duration, text, inset)
        case "binary":
            return _read(reader, token, "Edm.Binary", values.read_binary, text, inset)
        case "geography" | "geometry":
            raise NotSupported(
                f"{reader.option}: literals of {prefix} are not supported.", target=reader.option
            )
    if "." not in prefix:
        raise reader.wrong(
            "a literal (only duration, binary, geography, geometry and the qualified name of an "
            "enumeration stand before a quote)",
            token.at,
        )
    if _ENUM_VALUE.fullmatch(text) is None:
        raise reader.wrong("members of an enumeration, joined by commas", token.at + inset)
    return EnumLiteral(token.at, prefix, text)


def _read(
    reader: Reader, token: Token, edm: str, read: Callable[[str], Any], text: str, inset: int
) -> Literal:
    """The literal that ``text``, which begins ``inset`` characters into the token, stands for."""
    most = reader.guard.limits.number_text
    if len(text) > most and edm != "Edm.Binary":
        raise too_many(reader.option, "characters in one literal", most)
    try:
        return Literal(token.at, edm, read(text))
    except values.NotAValue as error:
        raise reader.wrong(error.expected, token.at + inset + error.at) from error

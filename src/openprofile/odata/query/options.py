"""A query string to the options it sets: names, percent-encoding, duplicates and plain values.

Follows OData URL Conventions 4.01, section 5, and Protocol 4.01, section 11.2.1. The options that
hold expressions are kept as text, which ``plan`` parses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

import msgspec

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.primitives import quoted
from openprofile.odata.limits import DEFAULT, Limits, too_many


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The system query options of one request, or of one item of ``$expand`` or ``$select``."""

    filter: str | None = None
    search: str | None = None
    orderby: str | None = None
    compute: str | None = None
    select: str | None = None
    expand: str | None = None
    top: int | None = None
    skip: int | None = None
    count: bool = False
    levels: int | None = None
    """Of an item of ``$expand``."""
    format: str | None = None
    skiptoken: str | None = None
    id: str | None = None
    """The ``$id`` of a reference that is to be removed."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Parameter aliases with their ``@``, each with the text of its value."""


NO_OPTIONS = Options()
"""Those of a request without a query."""

_TOP = ("filter", "search", "orderby", "compute", "select", "expand", "top", "skip", "count",
        "format", "skiptoken", "id")  # fmt: skip
_OTHERS = ("apply", "deltatoken", "index", "schemaversion")
"""System query options of OData 4.01 that this service does not have."""

_SAFE = "!$'()*,/:;=?@"
"""What stands unencoded in a value, besides what never needs to be encoded."""
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ALIAS = re.compile(r"@[^\W\d]\w*")
_INTEGER = re.compile(r"[0-9]+")


def options(query: str, limits: Limits = DEFAULT) -> Options:
    """The options of a raw query string, the part of a target after its ``?``.

    Names may come with or without ``$`` and in any case; custom options, which begin with neither
    ``$`` nor ``@``, are passed over. Raises BadRequest for what is malformed or stands twice, and
    NotSupported for a system query option that this service does not have.
    """
    return _assign(_pairs(query, limits), limits, "", _TOP) if query else NO_OPTIONS


def query(chosen: Options) -> str:
    """The query string that sets these options, of those that a request may have."""
    pairs = [(f"${name}", getattr(chosen, name)) for name in _TOP]
    pairs += chosen.aliases
    return "&".join(
        f"{quote(name, safe='$@')}={quote(_text(value), safe=_SAFE)}"
        for name, value in pairs
        if value is not None and value is not False
    )


def _text(value: str | int) -> str:
    return "true" if value is True else str(value)


def nested(
    pairs: Iterable[tuple[str, str]], limits: Limits, where: str, known: tuple[str, ...]
) -> Options:
    """The options in parentheses after a name of ``$expand`` or ``$select``, already decoded.

    ``known`` are the options that may stand there, ``where`` says in messages where that is.
    """
    return _assign(pairs, limits, where, known)


def _pairs(query: str, limits: Limits) -> Iterable[tuple[str, str]]:
    """Names and values, divided before they are decoded."""
    if "#" in query:
        raise BadRequest("The query has a '#'; expected '%23'.")
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        name = decoded(name)
        if len(value) > limits.option_bytes:
            raise BadRequest(
                f"The query option {quoted(name)} has {len(value)} bytes; "
                f"at most {limits.option_bytes} are allowed.",
                target=name if len(name) <= 64 else None,
            )
        yield name, decoded(value)


def decoded(text: str) -> str:
    """A name or a value of a query, without its percent-encoding; raises BadRequest."""
    if _BAD_ESCAPE.search(text):
        raise BadRequest("The query has a '%' without two hexadecimal digits; expected '%25'.")
    try:
        return unquote(text.replace("+", " "), errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest("The query's percent-encoded bytes are not UTF-8.") from error


def _assign(
    pairs: Iterable[tuple[str, str]], limits: Limits, where: str, known: tuple[str, ...]
) -> Options:
    found: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith("@"):
            if _ALIAS.fullmatch(name) is None:
                raise BadRequest(f"{quoted(name)} is no name of a parameter alias, like '@a'.")
            _once(name, value, aliases, where)
            continue
        option = name.removeprefix("$").lower()
        if option in known:
            _once(option, value, found, where)
        elif where or option in _OTHERS or name.startswith("$"):
            raise _unknown(name, option, where, known)
    if len(aliases) > limits.select:
        raise too_many("The query", "parameter aliases", limits.select)
    return Options(
        filter=found.get("filter"),
        search=found.get("search"),
        orderby=found.get("orderby"),
        compute=found.get("compute"),
        select=found.get("select"),
        expand=found.get("expand"),
        top=_number("top", found, None, where),
        skip=_number("skip", found, limits.skip, where),
        count=_flag("count", found, where),
        levels=_levels(found, limits.levels, where),
        format=found.get("format"),
        skiptoken=found.get("skiptoken"),
        id=found.get("id"),
        aliases=tuple(aliases.items()),
    )


def _once(name: str, value: str, into: dict[str, str], where: str) -> None:
    if name in into:
        shown = name if name.startswith("@") else f"${name}"
        raise BadRequest(f"{shown}{where} stands twice; expected it once.", target=shown)
    into[name] = value


def _unknown(
    name: str, option: str, where: str, known: tuple[str, ...]
) -> BadRequest | NotSupported:
    if where and option not in _OTHERS:
        return BadRequest(
            f"{quoted(name)} is no option{where}; expected one of "
            f"{', '.join(f'${each}' for each in known)}."
        )
    return NotSupported(
        f"The query option {quoted(name)}{where} is not supported.", target=name[:64]
    )


def _number(name: str, found: dict[str, str], most: int | None, where: str) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if _INTEGER.fullmatch(text) is None or len(text) > 18:
        raise BadRequest(
            f"${name}{where} is {quoted(text)}; expected a non-negative integer.",
            target=f"${name}",
        )
    number = int(text)
    if most is not None and number > most:
        raise BadRequest(f"${name}{where} is {text}; expected at most {most}.", target=f"${name}")
    return number


def _levels(found: dict[str, str], most: int, where: str) -> int | None:
    text = found.get("levels")
    if text is not None and text.lower() == "max":
        return most
    if text is not None and text.startswith("0"):
        raise BadRequest(
            f"$levels{where} is {quoted(text)}; expected a positive integer or max.",
            target="$levels",
        )
    return _number("levels", found, most, where)


def _flag(name: str, found: dict[str, str], where: str) -> bool:
    text = found.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadRequest(
            f"${name}{where} is {quoted(found[name])}; expected true or false.", target=f"${name}"
        )
    return text == "true"

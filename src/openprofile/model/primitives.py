"""The Edm types that JSON has no type for: text with a rule, kept exactly as it was sent.

Each is a ``str`` whose ``parse`` takes the text of a JSON string and returns it, or raises a
ValueError that says what was expected (OData JSON Format 4.01, section 7.1).
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self

import msgspec


def edm_name(kind: type) -> str:
    """A class's name in the metadata: ``PersonInterest`` is ``personInterest``."""
    return kind.__name__[0].lower() + kind.__name__[1:]


def quoted(text: str) -> str:
    """``text`` for an error message: quoted, escaped, and cut where it is long."""
    return repr(text if len(text) <= 64 else text[:63] + "…")


class Primitive(str):
    """An Edm primitive written as a JSON string; ``edm`` is its type's name."""

    __slots__ = ()

    edm: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """``text`` as this type, or a ValueError with what was expected."""
        raise NotImplementedError


Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""Edm.Int32."""


class Date(Primitive):
    """Edm.Date: ``2020-07-06``, from year 0001 to 9999."""

    __slots__ = ()

    edm = "Edm.Date"
    _pattern = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

    @classmethod
    def parse(cls, text: str) -> Self:
        if cls._pattern.fullmatch(text):
            try:
                datetime.date.fromisoformat(text)
            except ValueError:
                pass
            else:
                return cls(text)
        raise ValueError(f"{quoted(text)} is not a date; expected one like '2020-07-06'")


class DateTimeOffset(Primitive):
    """Edm.DateTimeOffset with up to seven fraction digits: ``2020-07-06T06:34:12.2294868Z``."""

    __slots__ = ()

    edm = "Edm.DateTimeOffset"
    _pattern = re.compile(
        r"(\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d)(:\d\d)?(\.\d{1,7})?(Z|[+-]\d\d:\d\d)", re.ASCII
    )

    @classmethod
    def parse(cls, text: str) -> Self:
        found = cls._pattern.fullmatch(text)
        if found and (found[2] or not found[3]):
            try:
                datetime.datetime.fromisoformat(
                    found[1] + (found[2] or ":00") + found[4].replace("Z", "+00:00")
                )
            except ValueError:
                pass
            else:
                return cls(text)
        raise ValueError(
            f"{quoted(text)} is not a date and time; "
            "expected one like '2020-07-06T06:34:12.2294868Z'"
        )


class Enumeration(str):
    """An Edm enumeration: the class body lists the members and their numbers, as the CSDL does.

    A value is the member's name; with ``flags=True`` it may be several, joined by commas
    (OData JSON Format 4.01, section 7.1), and is kept in the order of the declaration.
    """

    __slots__ = ()

    members: ClassVar[dict[str, int]]
    flags: ClassVar[bool]

    def __init_subclass__(cls, *, flags: bool = False) -> None:
        cls.flags = flags
        cls.members = {
            name: number
            for name, number in vars(cls).items()
            if type(number) is int and not name.startswith("_")
        }

    @classmethod
    def parse(cls, text: str) -> Self:
        """``text`` as a value of this enumeration, or a ValueError that lists its members."""
        names = [name.strip() for name in text.split(",")] if cls.flags else [text]
        for name in names:
            if name not in cls.members or name == UNKNOWN_FUTURE_VALUE:
                known = [member for member in cls.members if member != UNKNOWN_FUTURE_VALUE]
                several = " (several joined by commas)" if cls.flags else ""
                raise ValueError(
                    f"{quoted(name)} is not a member of {edm_name(cls)}; "
                    f"expected one of {', '.join(known)}{several}"
                )
        if len(names) == 1:
            return cls(names[0])
        return cls(",".join(name for name in cls.members if name in names))

    @classmethod
    def default(cls) -> Self:
        """The member numbered 0, which a property that cannot be null has when it is not sent."""
        return cls(next(name for name, number in cls.members.items() if number == 0))

    @property
    def number(self) -> int:
        """The value's number: for flags, the sum of the members' numbers."""
        return _number(type(self), str(self))


@lru_cache(maxsize=4096)
def _number(kind: type[Enumeration], text: str) -> int:
    return sum(kind.members[name] for name in text.split(","))


@lru_cache(maxsize=4096)
def _enumerated(kind: type[Enumeration], text: str) -> Enumeration:
    return kind.parse(text)


UNKNOWN_FUTURE_VALUE = "unknownFutureValue"
"""The sentinel of an evolvable enumeration: it is never stored
(https://github.com/microsoft/api-guidelines, graph/patterns/evolvable-enums.md)."""


def decode(kind: type, value: Any) -> Any:
    """Let msgspec read this module's types: the ``dec_hook`` of every decoder of the model."""
    if not issubclass(kind, (Primitive, Enumeration)):
        raise NotImplementedError(f"no rule reads {kind}")
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {value!r:.64}")
    return _enumerated(kind, value) if issubclass(kind, Enumeration) else kind.parse(value)


def stored(kind: type, value: Any) -> Any:
    """As ``decode``, for what this service wrote itself: it was checked when it came."""
    if not issubclass(kind, (Primitive, Enumeration)):
        raise NotImplementedError(f"no rule reads {kind}")
    return kind(value)


JSON = msgspec.json.Encoder(enc_hook=str.__str__)
"""Writes any value of the model as JSON text; what JSON has no type for is text here."""

"""The values that expressions compute with: how each Edm type is read, kept and written.

    Edm.Boolean, Edm.String                 bool, str
    integers                                int
    Edm.Decimal; Edm.Double, Edm.Single     Decimal; float
    Edm.DateTimeOffset                      Instant: picoseconds since 1970-01-01T00:00:00Z
    Edm.Date                                int: days since 1970-01-01
    Edm.TimeOfDay, Edm.Duration             int: picoseconds
    Edm.Guid                                str, in lower case
    Edm.Binary                              bytes
    enumerations                            int: the value's number

Picoseconds, because the grammar allows twelve fraction digits. Years may have more than four
digits, and be negative, which Python's own dates cannot.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

SECOND = 10**12
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TICK = SECOND // 10_000_000

_DATE = re.compile(r"(-?(?:0[0-9]{3}|[1-9][0-9]{3,9}))-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?")
_OFFSET = re.compile(r"[Zz]|([-+ ])([0-9]{2}):([0-9]{2})")
_DURATION = re.compile(
    r"([-+]?)P(?:([0-9]{1,12})D)?"
    r"(?:T(?:([0-9]{1,12})H)?(?:([0-9]{1,12})M)?(?:([0-9]{1,12})(?:\.([0-9]{1,12}))?S)?)?",
    re.IGNORECASE,
)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DECIMAL = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,4})?")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASE64URL = re.compile(
    r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw](?:==)?|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]=?)?"
)
_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class NotAValue(ValueError):
    """The text is no value of the type; ``at`` is the offset of what is wrong in it."""

    def __init__(self, expected: str, at: int = 0) -> None:
        super().__init__(expected)
        self.expected = expected
        self.at = at


class Instant(int):
    """A point in time, ordered and compared as such, that remembers its offset in minutes."""

    offset: int

    @classmethod
    def of(cls, picoseconds: int, offset: int = 0) -> Instant:
        made = cls(picoseconds)
        made.offset = offset
        return made

    @property
    def local(self) -> int:
        """Picoseconds since 1970-01-01T00:00:00 on a clock that shows its offset's time."""
        return self + self.offset * MINUTE


def days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of the ``day``-th day since 1970-01-01."""
    era, of_era = divmod(day + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    date = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (month <= 2), month, date


def read_date(text: str) -> int:
    found = _DATE.fullmatch(text)
    if found is None:
        raise NotAValue("a date like 2020-07-06")
    return _days(found)


def read_time(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise NotAValue("a time of day like 06:34:12.2294868")
    return _picoseconds(found, 0)


def read_instant(text: str) -> Instant:
    date = _DATE.match(text)
    time = _TIME.match(text, date.end() + 1) if date and text[date.end() :][:1] in "Tt" else None
    zone = _OFFSET.fullmatch(text, time.end()) if time else None
    if time is not None and zone is None:
        raise NotAValue("Z or an offset like +02:00", time.end())
    if date is None or time is None or zone is None:
        raise NotAValue("a date and time like 2020-07-06T06:34:12.2294868Z")
    offset = 0
    if zone[1]:
        hours, minutes = int(zone[2]), int(zone[3])
        if hours > 23 or minutes > 59:
            raise NotAValue("an offset between -23:59 and +23:59", zone.start())
        offset = (hours * 60 + minutes) * (-1 if zone[1] == "-" else 1)
    local = _days(date) * DAY + _picoseconds(time, time.start())
    return Instant.of(local - offset * MINUTE, offset)


def read_duration(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None or text[-1] in "PpTt":
        raise NotAValue("a duration like P1DT2H30M15.5S")
    sign, whole_days, hours, minutes, seconds, fraction = found.groups(default="")
    total = (
        int(whole_days or 0) * DAY
        + int(hours or 0) * HOUR
        + int(minutes or 0) * MINUTE
        + int(seconds or 0) * SECOND
        + int(fraction.ljust(12, "0"))
    )
    return -total if sign == "-" else total


def read_guid(text: str) -> str:
    if _GUID.fullmatch(text) is None:
        raise NotAValue("a guid like 01234567-89ab-cdef-0123-456789abcdef")
    return text.lower()


def read_binary(text: str) -> bytes:
    if _BASE64URL.fullmatch(text) is None:
        raise NotAValue("bytes in base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_decimal(text: str) -> Decimal:
    if _DECIMAL.fullmatch(text) is None:
        raise NotAValue("a number like 3.14")
    return Decimal(text)


def read_integer(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise NotAValue("an integer")
    return int(text)


def read_double(text: str) -> float:
    if text in ("INF", "-INF", "NaN"):
        return float(text)
    return float(read_decimal(text))


def read_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise NotAValue("true or false")
    return text.lower() == "true"


READ: Mapping[str, Callable[[str], Any]] = {
    "Edm.Binary": read_binary,
    "Edm.Boolean": read_boolean,
    "Edm.Byte": read_integer,
    "Edm.Date": read_date,
    "Edm.DateTimeOffset": read_instant,
    "Edm.Decimal": read_decimal,
    "Edm.Double": read_double,
    "Edm.Duration": read_duration,
    "Edm.Guid": read_guid,
    "Edm.Int16": read_integer,
    "Edm.Int32": read_integer,
    "Edm.Int64": read_integer,
    "Edm.SByte": read_integer,
    "Edm.Single": read_double,
    "Edm.String": str,
    "Edm.TimeOfDay": read_time,
}
"""Text to a value, for each primitive type; each raises NotAValue."""


def write(edm: str, value: Any) -> str:
    """A value of a primitive type as the text that stands for it in a payload or a cast."""
    match edm:
        case "Edm.Boolean":
            return "true" if value else "false"
        case "Edm.Binary":
            return base64.urlsafe_b64encode(value).decode()
        case "Edm.Date":
            return _write_date(value)
        case "Edm.TimeOfDay":
            return _write_time(value)
        case "Edm.DateTimeOffset":
            day, time = divmod(value.local, DAY)
            hours, minutes = divmod(abs(value.offset), 60)
            sign = "-" if value.offset < 0 else "+"
            zone = f"{sign}{hours:02}:{minutes:02}" if value.offset else "Z"
            return f"{_write_date(day)}T{_write_time(time)}{zone}"
        case "Edm.Duration":
            return _write_duration(value)
        case "Edm.Double" | "Edm.Single":
            return _write_double(value)
        case "Edm.Decimal":
            # In full, unless that would be a long row of zeros.
            return f"{value:f}" if -100 < value.adjusted() < 100 else str(value)
    return str(value)


def _days(found: re.Match[str]) -> int:
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    if not 1 <= month <= 12:
        raise NotAValue("a month between 01 and 12", found.start(2))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 28 if month == 2 and not leap else _MONTHS[month - 1]
    if not 1 <= day <= last:
        raise NotAValue(f"a day between 01 and {last}", found.start(3))
    return days(year, month, day)


def _picoseconds(found: re.Match[str], at: int) -> int:
    bounds = (23, 59, 59)
    parts = [int(found[index] or 0) for index in (1, 2, 3)]
    for index, (part, bound) in enumerate(zip(parts, bounds, strict=True), 1):
        if part > bound:
            # the second digit is what is wrong where the first could still go on
            start = found.start(index)
            raise NotAValue(f"a number between 00 and {bound}", start + (part // 10 <= bound // 10))
    fraction = int((found[4] or "").ljust(12, "0"))
    return parts[0] * HOUR + parts[1] * MINUTE + parts[2] * SECOND + fraction


def _write_date(day: int) -> str:
    year, month, date = civil(day)
    return f"{'-' if year < 0 else ''}{abs(year):04}-{month:02}-{date:02}"


def _fraction(picoseconds: int) -> str:
    return f".{picoseconds:012}".rstrip("0") if picoseconds else ""


def _write_time(picoseconds: int) -> str:
    seconds, rest = divmod(picoseconds, SECOND)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{_fraction(rest)}"


def _write_duration(picoseconds: int) -> str:
    day, rest = divmod(abs(picoseconds), DAY)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    second, rest = divmod(rest, SECOND)
    date = f"{day}D" if day else ""
    time = f"{hour}H" * (hour > 0) + f"{minute}M" * (minute > 0)
    if second or rest:
        time += f"{second}{_fraction(rest)}S"
    text = f"P{date}{'T' if time else ''}{time}"
    return ("-" if picoseconds < 0 else "") + (text if text != "P" else "PT0S")


def _write_double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return repr(value)

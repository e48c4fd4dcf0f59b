"""The operators and canonical functions: what they take, what they give, and how.

Follows OData URL Conventions 4.01, sections 5.1.1.2 to 5.1.1.9. The functions take values as
``values`` keeps them, none of them null. What the specification lets fail raises BadRequest.
"""

from __future__ import annotations

import decimal
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from openprofile.errors import BadRequest
from openprofile.odata.query import pattern, values
from openprofile.odata.query.values import DAY, HOUR, MINUTE, SECOND, Instant


class Signature(msgspec.Struct, frozen=True):
    """One way to call a function."""

    takes: tuple[str, ...]
    """Types of the arguments; ``number``, ``integer`` and ``collection`` stand for several."""
    gives: str
    """The type of the result; ``first`` for that of the first argument."""
    function: Callable[..., Any]
    cost: Callable[..., int] | None = None
    """The steps of work that a call takes, where they depend on the arguments' length."""
    judge: Callable[[Any], Any] | None = None
    """Raises for a last argument that never fits; a literal is judged before any item is."""


def _int_div(left: int, right: int) -> int:
    """Rounds towards zero, so that the remainder has the sign of the dividend."""
    _not_zero("div", right)
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _int_mod(left: int, right: int) -> int:
    _not_zero("mod", right)
    return left - right * _int_div(left, right)


def _decimal_div(left: Decimal, right: Decimal) -> Decimal:
    _not_zero("div", right)
    return Decimal(left) / Decimal(right)


def _decimal_mod(left: Decimal, right: Decimal) -> Decimal:
    _not_zero("mod", right)
    return Decimal(left) % Decimal(right)


def _double_div(left: float, right: float) -> float:
    left, right = double(left), double(right)
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _double_mod(left: float, right: float) -> float:
    left, right = double(left), double(right)
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


def _not_zero(name: str, divisor: Any) -> None:
    if divisor == 0:
        raise BadRequest(f"{name}: the divisor is zero; only Edm.Double divides by zero.")


def double(value: Any) -> float:
    """A number as an Edm.Double; what is too large is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _integers(name: str, compute: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """``compute``, whose result must be an Edm.Int64."""

    def checked(left: int, right: int) -> int:
        found = compute(left, right)
        if not -(2**63) <= found < 2**63:
            raise BadRequest(f"{name}: the result is too large for Edm.Int64.")
        return found

    return checked


def _decimals(
    name: str, compute: Callable[[Decimal, Decimal], Decimal]
) -> Callable[[Decimal, Decimal], Decimal]:
    """``compute``, whose result must be an Edm.Decimal."""

    def checked(left: Decimal, right: Decimal) -> Decimal:
        try:
            return compute(left, right)
        except decimal.DecimalException as error:
            raise BadRequest(f"{name}: the result is too large for Edm.Decimal.") from error

    return checked


def _kinds(name: str, compute: Callable[[Any, Any], Any]) -> Mapping[str, Callable[..., Any]]:
    return {
        "integer": _integers(name, compute),
        "Edm.Decimal": _decimals(name, compute),
        "Edm.Double": compute,
    }


_div, _mod = _decimals("div", _decimal_div), _decimals("mod", _decimal_mod)

ARITHMETIC: Mapping[str, Mapping[str, Callable[[Any, Any], Any]]] = {
    "add": _kinds("add", lambda a, b: a + b),
    "sub": _kinds("sub", lambda a, b: a - b),
    "mul": _kinds("mul", lambda a, b: a * b),
    "div": {"integer": _integers("div", _int_div), "Edm.Decimal": _div, "Edm.Double": _double_div},
    "divby": {"integer": _div, "Edm.Decimal": _div, "Edm.Double": _double_div},
    "mod": {"integer": _int_mod, "Edm.Decimal": _mod, "Edm.Double": _double_mod},
}
"""Operators on two numbers, by the type that both are promoted to (section 5.1.1.18)."""


def _shift(instant: Instant, by: int) -> Instant:
    return Instant.of(int(instant) + by, instant.offset)


TEMPORAL: Mapping[tuple[str, str, str], tuple[str, Callable[[Any, Any], Any]]] = {
    ("add", "Edm.DateTimeOffset", "Edm.Duration"): ("Edm.DateTimeOffset", _shift),
    ("sub", "Edm.DateTimeOffset", "Edm.Duration"): (
        "Edm.DateTimeOffset",
        lambda a, b: _shift(a, -b),
    ),
    ("sub", "Edm.DateTimeOffset", "Edm.DateTimeOffset"): (
        "Edm.Duration",
        lambda a, b: int(a) - int(b),
    ),
    # A date is moved by the whole days of a duration.
    ("add", "Edm.Date", "Edm.Duration"): ("Edm.Date", lambda a, b: a + _int_div(b, DAY)),
    ("sub", "Edm.Date", "Edm.Duration"): ("Edm.Date", lambda a, b: a - _int_div(b, DAY)),
    ("sub", "Edm.Date", "Edm.Date"): ("Edm.Duration", lambda a, b: (a - b) * DAY),
    ("add", "Edm.Duration", "Edm.Duration"): ("Edm.Duration", lambda a, b: a + b),
    ("sub", "Edm.Duration", "Edm.Duration"): ("Edm.Duration", lambda a, b: a - b),
    ("mul", "Edm.Duration", "number"): ("Edm.Duration", lambda a, b: _scale(a, b, "mul")),
    ("mul", "number", "Edm.Duration"): ("Edm.Duration", lambda a, b: _scale(b, a, "mul")),
    ("div", "Edm.Duration", "number"): ("Edm.Duration", lambda a, b: _scale(a, b, "div")),
    ("divby", "Edm.Duration", "number"): ("Edm.Duration", lambda a, b: _scale(a, b, "div")),
}
"""Operators on dates, times and durations (section 5.1.1.2), with the type of the result."""


def _scale(duration: int, by: Any, operator: str) -> int:
    if operator == "div":
        _not_zero(operator, by)
    factor = Decimal(by)
    if not factor.is_finite():
        raise BadRequest(f"{operator}: a duration can only be scaled by a finite number.")
    scaled = Decimal(duration) * factor if operator == "mul" else Decimal(duration) / factor
    if abs(scaled) > _LONGEST:
        raise BadRequest(f"{operator}: the duration is too long.")
    return int(scaled)


_LONGEST = 10**13 * DAY


def _indexof(whole: list[Any], part: list[Any]) -> int:
    width = len(part)
    for start in range(len(whole) - width + 1):
        if whole[start : start + width] == part:
            return start
    return -1


def _contains(whole: list[Any], part: list[Any]) -> bool:
    return _indexof(whole, part) >= 0


def _startswith(whole: list[Any], part: list[Any]) -> bool:
    return whole[: len(part)] == part


def _endswith(whole: list[Any], part: list[Any]) -> bool:
    return len(part) <= len(whole) and whole[len(whole) - len(part) :] == part


def _substring(whole: Any, start: int, length: int | None = None) -> Any:
    """A negative start counts from the end (4.01); what lies outside is left out."""
    if length is not None and length < 0:
        raise BadRequest(f"substring: the length is {length}; expected a non-negative one.")
    if start < 0:
        start = max(0, len(whole) + start)
    return whole[start:] if length is None else whole[start : start + length]


def _has_subset(whole: list[Any], part: list[Any]) -> bool:
    rest = list(whole)
    for each in part:
        if each not in rest:
            return False
        rest.remove(each)
    return True


def _has_subsequence(whole: list[Any], part: list[Any]) -> bool:
    rest = iter(whole)
    return all(each in rest for each in part)


def _round(number: Any) -> Any:
    """Halves go away from zero (section 5.1.1.9.3)."""
    if isinstance(number, Decimal):
        return number.to_integral_value(decimal.ROUND_HALF_UP)
    if isinstance(number, float) and math.isfinite(number):
        whole = math.floor(abs(number))
        return math.copysign(float(whole + (abs(number) - whole >= 0.5)), number)
    return number


def _floor(number: Any) -> Any:
    if isinstance(number, Decimal):
        return number.to_integral_value(decimal.ROUND_FLOOR)
    return float(math.floor(number)) if _is_fractional(number) else number


def _ceiling(number: Any) -> Any:
    if isinstance(number, Decimal):
        return number.to_integral_value(decimal.ROUND_CEILING)
    return float(math.ceil(number)) if _is_fractional(number) else number


def _is_fractional(number: Any) -> bool:
    return isinstance(number, float) and math.isfinite(number)


def _date(instant: Instant) -> int:
    return instant.local // DAY


def _time(instant: Instant) -> int:
    return instant.local % DAY


def _part_of_date(index: int) -> list[Signature]:
    return [
        Signature(("Edm.Date",), "Edm.Int32", lambda day: values.civil(day)[index]),
        Signature(("Edm.DateTimeOffset",), "Edm.Int32", lambda at: values.civil(_date(at))[index]),
    ]


def _part_of_time(unit: int, count: int) -> list[Signature]:
    return [
        Signature(("Edm.TimeOfDay",), "Edm.Int32", lambda time: time // unit % count),
        Signature(("Edm.DateTimeOffset",), "Edm.Int32", lambda at: _time(at) // unit % count),
    ]


def _fraction(picoseconds: int) -> Decimal:
    return Decimal(picoseconds % SECOND) / SECOND


MIN_DATE_TIME = values.read_instant("0001-01-01T00:00:00Z")
MAX_DATE_TIME = values.read_instant("9999-12-31T23:59:59.9999999Z")

_S, _C, _N, _I = "Edm.String", "collection", "number", "integer"


def _on_both(
    gives: str, of_strings: Callable[..., Any], of_collections: Callable[..., Any]
) -> list[Signature]:
    """A function of two strings that 4.01 extends to collections."""
    return [
        Signature((_S, _S), gives, of_strings, _lengths),
        Signature((_C, _C), gives, of_collections, _product),
    ]


def _substrings(*more: str) -> list[Signature]:
    return [
        Signature((_S, *more), "first", _substring, _length),
        Signature((_C, *more), "first", _substring, _product),
    ]


def _length(whole: str, *_: int) -> int:
    return len(whole) // 64


def _lengths(one: str, other: str) -> int:
    return (len(one) + len(other)) // 64


def _product(whole: list[Any], *others: Any) -> int:
    part = others[0]
    return len(whole) * (len(part) if isinstance(part, list) else 1) // 8


FUNCTIONS: Mapping[str, list[Signature]] = {
    "ceiling": [Signature((_N,), "first", _ceiling)],
    "concat": _on_both("first", operator.add, operator.add),
    "contains": _on_both("Edm.Boolean", operator.contains, _contains),
    "date": [Signature(("Edm.DateTimeOffset",), "Edm.Date", _date)],
    "day": _part_of_date(2),
    "endswith": _on_both("Edm.Boolean", str.endswith, _endswith),
    "floor": [Signature((_N,), "first", _floor)],
    "fractionalseconds": [
        Signature(("Edm.TimeOfDay",), "Edm.Decimal", _fraction),
        Signature(("Edm.DateTimeOffset",), "Edm.Decimal", _fraction),
    ],
    "hassubsequence": [Signature((_C, _C), "Edm.Boolean", _has_subsequence, _product)],
    "hassubset": [Signature((_C, _C), "Edm.Boolean", _has_subset, _product)],
    "hour": _part_of_time(HOUR, 24),
    "indexof": _on_both("Edm.Int32", str.find, _indexof),
    "length": [Signature((_S,), "Edm.Int32", len), Signature((_C,), "Edm.Int32", len)],
    "matchespattern": [
        Signature((_S, _S), "Edm.Boolean", pattern.matches, pattern.cost, pattern.compiled)
    ],
    "maxdatetime": [Signature((), "Edm.DateTimeOffset", lambda: MAX_DATE_TIME)],
    "mindatetime": [Signature((), "Edm.DateTimeOffset", lambda: MIN_DATE_TIME)],
    "minute": _part_of_time(MINUTE, 60),
    "month": _part_of_date(1),
    "round": [Signature((_N,), "first", _round)],
    "second": _part_of_time(SECOND, 60),
    "startswith": _on_both("Edm.Boolean", str.startswith, _startswith),
    "substring": _substrings(_I) + _substrings(_I, _I),
    "time": [Signature(("Edm.DateTimeOffset",), "Edm.TimeOfDay", _time)],
    "tolower": [Signature((_S,), _S, str.lower, _length)],
    "totaloffsetminutes": [Signature(("Edm.DateTimeOffset",), "Edm.Int32", lambda at: at.offset)],
    "totalseconds": [
        Signature(("Edm.Duration",), "Edm.Decimal", lambda time: Decimal(time) / SECOND)
    ],
    "toupper": [Signature((_S,), _S, str.upper, _length)],
    "trim": [Signature((_S,), _S, str.strip, _length)],
    "year": _part_of_date(0),
}
"""The canonical functions by their name in lower case; ``now``, ``case``, ``cast`` and ``isof``
are the binder's."""

UNSUPPORTED = frozenset({"geo.distance", "geo.intersects", "geo.length"})
"""Canonical functions that this service does not have."""

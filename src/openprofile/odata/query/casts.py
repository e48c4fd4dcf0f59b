"""``cast``: how a value of one primitive type becomes one of another (section 5.1.1.10)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from openprofile.odata.query import values
from openprofile.odata.query.functions import double
from openprofile.odata.query.meaning import STRING, Type
from openprofile.odata.query.operands import NUMBERS, enum_number, enum_text, is_enum, is_structured


def conversion(given: Type, wanted: Type) -> Callable[[Any], Any] | None:
    """How a value becomes one of another type, null where it cannot; None if none ever does."""
    if given.collection:
        return None
    if given.edm == wanted.edm:
        return lambda value: value
    if given == STRING:
        return _reader(wanted)
    if wanted == STRING and not is_structured(given):
        if is_enum(given):
            return lambda value: enum_text(given.kind, value)
        return lambda value: values.write(given.edm, value)
    if given.edm in NUMBERS and wanted.edm in NUMBERS:
        return lambda value: _number_as(wanted.edm, value)
    return {
        ("Edm.DateTimeOffset", "Edm.Date"): lambda value: value.local // values.DAY,
        ("Edm.DateTimeOffset", "Edm.TimeOfDay"): lambda value: value.local % values.DAY,
        ("Edm.Date", "Edm.DateTimeOffset"): lambda value: values.Instant.of(value * values.DAY),
    }.get((given.edm, wanted.edm))


def _reader(wanted: Type) -> Callable[[str], Any]:
    if wanted.kind is not None:
        return lambda text: enum_number(wanted.kind, text)

    def read(text: str) -> Any:
        if len(text) > 64 and wanted.edm != "Edm.Binary":
            return None
        try:
            value = values.READ[wanted.edm](text)
        except values.NotAValue:
            return None
        return _number_as(wanted.edm, value) if wanted.edm in NUMBERS else value

    return read


_RANGES = {
    "Edm.Byte": (0, 2**8), "Edm.SByte": (-(2**7), 2**7), "Edm.Int16": (-(2**15), 2**15),
    "Edm.Int32": (-(2**31), 2**31), "Edm.Int64": (-(2**63), 2**63),
}  # fmt: skip


def _number_as(edm: str, value: Any) -> Any:
    if edm in ("Edm.Double", "Edm.Single"):
        return double(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = Decimal(repr(value))
    if edm == "Edm.Decimal":
        return Decimal(value)
    low, high = _RANGES[edm]
    return int(value) if low <= value < high else None

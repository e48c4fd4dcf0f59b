"""Who sees a stored item, told without decoding the whole of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from openprofile.model.enums import AllowedAudiences
from openprofile.model.primitives import decode
from openprofile.policy import audience
from openprofile.store.base import Record
from openprofile.telemetry import log


class _Audiences(msgspec.Struct, rename="camel"):
    """As much of an item's text as its visibility depends on."""

    allowed_audiences: AllowedAudiences | None = None


_AUDIENCES = msgspec.json.Decoder(_Audiences, dec_hook=decode)
_BEGINNING = re.compile(r'\{"id":"[^"\\]*","allowedAudiences":"([A-Za-z,]+)"')
"""How an item begins that ``payload.write`` wrote."""


def audiences_of(record: Record) -> AllowedAudiences | None:
    """The audiences of an item; None for one that has none, or cannot be read."""
    begins = _BEGINNING.match(record.text)
    try:
        if begins is not None:  # a third of the time that it takes to decode the whole
            return _named(begins[1])
        return _AUDIENCES.decode(record.text).allowed_audiences
    except (ValueError, msgspec.DecodeError) as error:
        log.error("item cannot be read and is not shown", item=record.id, reason=str(error))
        return None


def is_visible(record: Record, to: int) -> bool:
    """Whether a record is seen by one who has the relations ``to``."""
    return audience.visible(audiences_of(record), to)


def visible(records: Sequence[Record], to: int) -> list[bool]:
    """Which of the records are seen by one who has the relations ``to``.

    As ``audience.visible`` says of each; but lists are long, and few audiences are in them.
    """
    try:
        return [
            _visible(begins[1], to)
            if (begins := _BEGINNING.match(record.text)) is not None
            else audience.visible(audiences_of(record), to)
            for record in records
        ]
    except ValueError:  # names that are none: no item that this service wrote
        return [audience.visible(audiences_of(record), to) for record in records]


_named = lru_cache(maxsize=1024)(AllowedAudiences.parse)


@lru_cache(maxsize=1024)
def _visible(named: str, to: int) -> bool:
    return audience.visible(_named(named), to)

"""``$skiptoken``: a place in an ordered collection as text that only this service can write.

A place is that of the last item that was given out, by its sort values and its place in the order
of creation. So items that come or go between two pages are neither repeated nor skipped.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from openprofile.errors import BadRequest


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where the next page begins: after the item that it describes."""

    fingerprint: str
    """Of the options that decide what is in the collection and in which order."""
    keys: tuple[str | None, ...]
    """The item's sort values, see ``written``."""
    created: int
    id: str
    left: int | None
    """How many items ``$top`` still allows; None if there is no ``$top``."""


_MAC = 16
_CURSOR = msgspec.json.Decoder(Cursor)


def seal(cursor: Cursor, key: bytes, scope: str) -> str:
    """``cursor`` as the text of a ``$skiptoken``, of the characters that a URL takes as they are.

    ``scope`` names the collection and whoever reads it; the token opens in no other.
    """
    payload = msgspec.json.encode(cursor)
    sealed = _mac(payload, key, scope) + payload
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal(text: str, key: bytes, scope: str) -> Cursor:
    """The cursor that ``seal`` wrote; raises BadRequest for any other text."""
    try:
        sealed = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError as error:
        raise refused() from error
    mac, payload = sealed[:_MAC], sealed[_MAC:]
    if not hmac.compare_digest(mac, _mac(payload, key, scope)):
        raise refused()
    return _CURSOR.decode(payload)


def refused() -> BadRequest:
    """The refusal of a token, or of one that was given for other options."""
    return BadRequest(
        "$skiptoken is not one that this service gave for these options; "
        "expected the whole of an '@odata.nextLink', unchanged.",
        target="$skiptoken",
    )


def _mac(payload: bytes, key: bytes, scope: str) -> bytes:
    message = scope.encode() + b"\0" + payload
    return hmac.new(key, message, hashlib.sha256).digest()[:_MAC]


def written(value: Any) -> str | None:
    """A sort value as text: a letter for its type, then the value."""
    match value:
        case None:
            return None
        case bool() | int():
            # An instant is written as the number it is.
            text = f"{'b' if isinstance(value, bool) else 'i'}{int(value)}"
        case float():
            text = f"f{value!r}"
        case Decimal():
            text = f"d{value}"
        case bytes():
            text = f"x{value.hex()}"
        case _:
            text = f"s{value}"
    return text


_READ: Mapping[str, Callable[[str], Any]] = {
    "b": lambda text: text == "1",
    "i": int,
    "f": float,
    "d": Decimal,
    "x": bytes.fromhex,
    "s": str,
}


def read(text: str | None) -> Any:
    """The sort value that ``written`` wrote."""
    return None if text is None else _READ[text[0]](text[1:])

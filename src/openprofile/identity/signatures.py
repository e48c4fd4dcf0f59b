"""Keys as they are published (RFC 7517), and whether one of them signed a token (RFC 7515).

Apart, because cryptography takes a tenth of a second to load: ``keys.py`` does so, in a thread,
when the first document is there.
"""

from __future__ import annotations

from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

Key = RSAKey | ECKey


def public_key(entry: dict[str, Any]) -> Key | None:
    """The public key that an entry holds, None for one of another kind or too weak."""
    try:
        if entry.get("kty") == "RSA" and len(entry["n"]) * 6 >= 2048:
            return RSAKey.import_key({name: entry[name] for name in _PARTS if name in entry})
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
            return ECKey.import_key({name: entry[name] for name in _PARTS if name in entry})
    except (JoseError, ValueError, TypeError, KeyError):
        pass
    return None


_PARTS = ("kty", "kid", "alg", "n", "e", "crv", "x", "y")
"""The members that make a public key; certificates and addresses of others are not looked at."""


def holds(token: str, key: Key, algorithm: str, *, longest: int) -> bool:
    """Whether ``key`` signed ``token`` by ``algorithm``; its header has at most ``longest``
    characters.
    """
    try:
        jws.deserialize_compact(token, key, registry=_Registry(algorithm, longest))
    except (JoseError, ValueError, RecursionError):
        return False
    return True


class _Registry(JWSRegistry):
    """What joserfc lets pass: one algorithm, and header members that this service need not know
    (Entra ID adds one).
    """

    def __init__(self, algorithm: str, longest: int) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)
        self.max_header_length = longest

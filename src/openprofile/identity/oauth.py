"""The words of OAuth 2.0 (RFC 6749) as Microsoft Entra ID speaks them: scopes, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from openprofile.identity.issuer import AUDIENCE

_OPENID = frozenset({"openid", "profile", "email", "offline_access"})
_PERMISSION = re.compile(r"[\w.-]{1,100}", re.ASCII)

LONGEST = 8 * 1024
"""Characters that one parameter may have."""


class OAuthError(Exception):
    """A refusal in the terms of RFC 6749, section 5.2.

    ``number`` is the AADSTS number by which Entra ID's users look such a refusal up.
    """

    def __init__(
        self,
        error: str,
        number: int,
        description: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.error = error
        self.number = number
        self.description = f"AADSTS{number}: {description}"
        self.status = status
        self.headers = headers or {}


def invalid_request(description: str, number: int = 900144) -> OAuthError:
    return OAuthError("invalid_request", number, description)


def invalid_grant(description: str, number: int = 70000) -> OAuthError:
    return OAuthError("invalid_grant", number, description)


class Asked(msgspec.Struct, frozen=True):
    """What the parameter ``scope`` asks for."""

    audience: str
    """The resource that the token is to be for."""
    permissions: tuple[str, ...]
    """By their names alone (``User.Read``), without those that ``default`` stands for."""
    default: bool
    """Whether ``.default`` is among them: all that the application is registered with."""
    openid: frozenset[str]
    spelled: str
    """As the client wrote it."""


def scopes(text: str, serves: Callable[[str], bool]) -> Asked:
    """The resource and the permissions that ``text`` names; ``serves`` tells which resources there
    are. Raises OAuthError.
    """
    audiences: dict[str, None] = {}
    permissions: dict[str, None] = {}
    openid = set()
    for word in text.split():
        if word in _OPENID:
            openid.add(word)
            continue
        resource, slash, name = word.rpartition("/")
        audiences[resource.removesuffix("/") if slash else AUDIENCE] = None
        if not _PERMISSION.fullmatch(name):
            raise OAuthError(
                "invalid_scope", 70011, f"The scope {_shown(word)} names no permission."
            )
        permissions[name] = None
    if len(audiences) > 1:
        raise OAuthError(
            "invalid_scope", 28000, f"The scopes are of several resources: {', '.join(audiences)}."
        )
    audience = next(iter(audiences), AUDIENCE)
    if not serves(audience):
        raise OAuthError(
            "invalid_resource",
            500011,
            f"The resource {_shown(audience)} is not served here; expected {AUDIENCE}, or the "
            "address of this service.",
        )
    return Asked(
        audience=audience,
        permissions=tuple(name for name in permissions if name != ".default"),
        default=".default" in permissions or not permissions,
        openid=frozenset(openid),
        spelled=" ".join(text.split()),
    )


def need(form: Mapping[str, str], name: str) -> str:
    """The value of a parameter; raises OAuthError where it is missing, empty or too long."""
    value = form.get(name)
    if not value:
        raise invalid_request(f"The request lacks the parameter '{name}'.")
    if len(value) > LONGEST:
        raise invalid_request(f"The parameter '{name}' has more than {LONGEST} characters.")
    return value


def _shown(text: str) -> str:
    return repr(text[:100])

"""What a token must grant for each operation: permission scopes and application roles."""

from __future__ import annotations

import msgspec

from openprofile.errors import AuthorizationRequestDenied
from openprofile.policy.caller import Caller


class Permissions(msgspec.Struct, frozen=True):
    """The permissions of which one is needed, least privileged first."""

    delegated: tuple[str, ...]
    application: tuple[str, ...]


READ_PROFILE = Permissions(
    delegated=(
        "User.Read",
        "User.ReadWrite",
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
    ),
    application=("User.Read.All", "User.ReadWrite.All"),
)
WRITE_PROFILE = Permissions(
    delegated=("User.ReadWrite", "User.ReadWrite.All"),
    application=("User.ReadWrite.All",),
)


def require(caller: Caller, needed: Permissions) -> None:
    """Raise AuthorizationRequestDenied unless the token grants one of the ``needed``."""
    if caller.person is None:
        held, able, where = caller.roles, needed.application, "application permissions (roles)"
    else:
        held, able, where = caller.scopes, needed.delegated, "delegated permissions (scp)"
    if held.isdisjoint(able):
        raise AuthorizationRequestDenied(
            f"Insufficient privileges to complete the operation. It needs one of the {where} "
            f"{', '.join(able)}; the token has {', '.join(sorted(held)) or 'none'}."
        )


def require_write_to(caller: Caller, owner: str) -> None:
    """Raise AuthorizationRequestDenied unless a caller with WRITE_PROFILE may write the profile
    of ``owner``.

    A delegated right is the meeting of scope and person: one's own profile with either scope,
    another's with ``User.ReadWrite.All`` in the hands of an administrator.
    """
    if caller.person in (None, owner):
        return
    if "User.ReadWrite.All" not in caller.scopes:
        raise AuthorizationRequestDenied(
            "Insufficient privileges to complete the operation. Writing the profile of another "
            "person needs the delegated permission User.ReadWrite.All, and an administrator."
        )
    if not caller.is_administrator:
        raise AuthorizationRequestDenied(
            "Insufficient privileges to complete the operation. Only an administrator may write "
            "the profile of another person."
        )

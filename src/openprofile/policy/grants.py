"""What a token must grant for each operation: permission scopes and application roles.

The tables are those of Graph's permissions reference
(https://learn.microsoft.com/graph/permissions-reference), which
``docs/permissions.md`` prints operation by operation.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from openprofile.policy.caller import Caller
from openprofile.policy.decision import Decision, insist


class Permissions(msgspec.Struct, frozen=True, eq=False):
    """The permissions of which a token needs one, least privileged first."""

    delegated: tuple[str, ...]
    """For a person through an application: the claim ``scp``."""
    application: tuple[str, ...]
    """For an application by itself: the claim ``roles``."""
    least_delegated: int = 1
    """How many of ``delegated``, from the first, Graph calls the least privileged."""
    least_application: int = 1
    condition: str = ""
    """What else it takes in the hands of a person, as a refusal tells it."""

    def least(self, caller: Caller) -> tuple[str, ...]:
        """The least privileged for such a caller."""
        if caller.person is None:
            return self.application[: self.least_application]
        return self.delegated[: self.least_delegated]


_AGENTS = ("AgentIdUser.ReadWrite.IdentityParentedBy", "AgentIdUser.ReadWrite.All")
"""Graph's permissions on agent users, which it accepts for every operation on a profile."""

READ_PROFILE = Permissions(
    delegated=(
        "User.Read",
        "User.ReadWrite",
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        *_AGENTS,
    ),
    application=("User.Read.All", "User.ReadWrite.All", *_AGENTS),
    least_delegated=2,
    least_application=2,
)
WRITE_OTHERS = Permissions(delegated=("User.ReadWrite.All", *_AGENTS), application=())
"""What an administrator needs to write the profile of another person."""
_OF_ANOTHER = (
    f"Writing the profile of another person takes {', '.join(WRITE_OTHERS.delegated[:-1])} or "
    f"{WRITE_OTHERS.delegated[-1]}, and an administrator (Global, User or People Administrator, "
    "claim wids)."
)
WRITE_PROFILE = Permissions(
    delegated=("User.ReadWrite", *WRITE_OTHERS.delegated),
    application=("User.ReadWrite.All", *_AGENTS),
    condition=_OF_ANOTHER,
)


def permission(caller: Caller, needed: Permissions) -> Decision:
    """Whether the token grants one of the ``needed``."""
    return _permission(caller.permissions, caller.person is not None, needed)


@lru_cache(maxsize=1024)  # there are few kinds of token
def _permission(held: frozenset[str], delegated: bool, needed: Permissions) -> Decision:
    able = needed.delegated if delegated else needed.application
    for name in able:
        if name in held:
            return Decision(True, "permission", f"The token has the permission {name}.")
    kind = "delegated permissions (scp)" if delegated else "application permissions (roles)"
    return Decision(
        False,
        "permission",
        f"It needs one of the {kind} {', '.join(able)}; the token has {_listed(held)}."
        + (f" {needed.condition}" if delegated and needed.condition else ""),
    )


def writing_to(caller: Caller, owner: str) -> Decision:
    """Whether a caller with WRITE_PROFILE may write the profile of ``owner``.

    A delegated right is the meeting of scope and person: one's own profile with any of the
    scopes, another's with one of WRITE_OTHERS in the hands of an administrator.
    """
    if caller.person is None:
        return _CONSENT
    if caller.person == owner:
        return _OWN
    if caller.is_administrator and permission(caller, WRITE_OTHERS).allowed:
        return _BY_ADMINISTRATOR
    who = "is an administrator" if caller.is_administrator else "is no administrator"
    return Decision(
        False,
        "person",
        f"{_OF_ANOTHER} The token has {_listed(caller.scopes)}, and the person {who}.",
    )


def relating(caller: Caller, owner: str) -> Decision:
    """Whether a caller whose permissions reach a profile may see and set the lists that its owner
    keeps of family and contacts.

    An administrator may not: on such a list, they would see what is not meant for them.
    """
    if caller.person is None:
        return _CONSENT
    if caller.person == owner:
        return _OWN
    return Decision(
        False, "person", "The lists of family and contacts are open to the person who keeps them."
    )


def require(caller: Caller, needed: Permissions) -> None:
    """Raise AuthorizationRequestDenied unless the token grants one of the ``needed``."""
    insist(permission(caller, needed), needed)


def require_write_to(caller: Caller, owner: str) -> None:
    """Raise AuthorizationRequestDenied unless ``writing_to`` allows it."""
    insist(writing_to(caller, owner))


_OWN = Decision(True, "person", "The profile is the caller's own.")
_CONSENT = Decision(True, "person", "An application with consent reaches everybody's profile.")
_BY_ADMINISTRATOR = Decision(
    True, "person", "An administrator may write the profiles of others, as far as they see them."
)


def _listed(held: frozenset[str]) -> str:
    return ", ".join(sorted(held)) or "none"

"""A decision and the rule that made it, and the trail of decisions that one request leaves.

A decision is a value: the refusal, the audit line and the explanation all tell what it says.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import msgspec

from openprofile.errors import AuthorizationRequestDenied
from openprofile.policy.caller import Caller

if TYPE_CHECKING:
    from openprofile.policy.grants import Permissions

Rule: TypeAlias = Literal["permission", "person", "audience", "repeated"]
"""What decides: the token's permissions; who the caller is to the owner of what is asked for;
an item's audiences; that the request was carried out before."""


class Decision(msgspec.Struct, frozen=True):
    """Whether something is allowed, by which rule, and why."""

    allowed: bool
    rule: Rule
    reason: str
    """A full sentence, or several; it names permissions and relations and holds no secret."""
    item: str | None = None
    """The id of the item that it is about, None where it is about the request."""


class Trail(msgspec.Struct):
    """What became known of one request on its way: within ``with Trail() as trail``, it is that
    of whatever is decided inside.
    """

    detailed: bool = False
    """Whether the decision on every single item is wanted."""
    caller: Caller | None = None
    owner: str | None = None
    """The id of the person whose data is asked for."""
    decisions: list[Decision] = []
    needed: list[Permissions] = []
    """The permissions that it took, of each check."""
    planned: list[str] = []
    """What was planned to happen to the request, a sentence each."""
    hints: list[str] = []
    """Where the service that this one stands in for would behave otherwise, a sentence each."""
    token: Token[Trail | None] | None = None
    """What ends it."""

    def __enter__(self) -> Self:
        self.token = _trail.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.token is not None
        _trail.reset(self.token)


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


def current() -> Trail | None:
    """The Trail of the request that is being answered, None where none is kept."""
    return _trail.get()


def concerns(owner: str) -> None:
    """Keep on the trail whose data is asked for: the id of a person."""
    trail = _trail.get()
    if trail is not None:
        trail.owner = owner


def called_by(caller: Caller) -> None:
    """Keep on the trail who asks."""
    trail = _trail.get()
    if trail is not None:
        trail.caller = caller


def insist(decision: Decision, needed: Permissions | None = None) -> None:
    """Keep ``decision`` on the trail, with the permissions that it took; raise
    AuthorizationRequestDenied if it is a refusal.
    """
    trail = _trail.get()
    if trail is not None:
        trail.decisions.append(decision)
        if needed is not None:
            trail.needed.append(needed)
    if not decision.allowed:
        raise AuthorizationRequestDenied(
            f"Insufficient privileges to complete the operation. {decision.reason}"
        )

"""Who may see an item: its ``allowedAudiences`` against the caller's relations to the owner.

Graph documents the members (https://learn.microsoft.com/graph/api/resources/itemfacet) and not
their effect. Here an item is visible when one of its audiences is a relation that the caller has
to its owner; the owner sees all, and so does an application with consent.
"""

from __future__ import annotations

from openprofile.model.enums import AllowedAudiences
from openprofile.policy.caller import Caller

EVERYTHING = -1
"""The relations of those who see every item whatever its audiences."""


def relations(caller: Caller, *, owner: str, shares_group: bool) -> int:
    """The relations of ``caller`` to the owner, as the sum of AllowedAudiences numbers.

    Both are of one tenant: a path names people of the caller's tenant alone.
    """
    if caller.person in (None, owner):
        return EVERYTHING
    found = AllowedAudiences.everyone | AllowedAudiences.organization
    return found | AllowedAudiences.groupMembers if shares_group else found


def visible(audiences: AllowedAudiences | None, to: int) -> bool:
    """Whether an item with ``audiences`` is seen by one who has the relations ``to``.

    An item without audiences is its owner's alone.
    """
    return to == EVERYTHING or (audiences is not None and bool(audiences.number & to))

"""Who may see an item: its ``allowedAudiences`` against the caller's relations to the owner.

Graph documents the members (https://learn.microsoft.com/graph/api/resources/itemfacet) and not
their effect. Here an item is visible when one of its audiences is a relation that the caller has
to its owner; the owner sees all, and so does an application with consent.
"""

from __future__ import annotations

from openprofile.model.directory import Person
from openprofile.model.enums import AllowedAudiences
from openprofile.policy.caller import Caller
from openprofile.policy.decision import Decision

EVERYTHING = -1
"""The relations of those who see every item whatever its audiences."""


def relations(
    caller: Caller, *, owner: Person, tenant: str, trusted: bool, shares_group: bool
) -> int:
    """The relations of ``caller`` to the owner, as the sum of AllowedAudiences numbers.

    ``tenant`` is the owner's, and ``trusted`` tells whether the caller's is on its trust list. An
    application has relations within its own tenant alone, and so have groups and the lists that
    the owner keeps: ids of another tenant say nothing here.
    """
    person = caller.person
    if caller.tenant != tenant:
        if person is None:
            return 0
        return _ANYONE | AllowedAudiences.federatedOrganizations if trusted else _ANYONE
    if person is None or person == owner.id:
        return EVERYTHING
    found = _COLLEAGUE
    if trusted:
        found |= AllowedAudiences.federatedOrganizations
    if shares_group:
        found |= AllowedAudiences.groupMembers
    if person in owner.contacts:
        found |= AllowedAudiences.contacts
    if person in owner.family:
        found |= AllowedAudiences.family
    return found


_ANYONE: int = AllowedAudiences.everyone
_COLLEAGUE: int = AllowedAudiences.everyone | AllowedAudiences.organization


def visible(audiences: AllowedAudiences | None, to: int) -> bool:
    """Whether an item with ``audiences`` is seen by one who has the relations ``to``.

    An item without audiences is its owner's alone.
    """
    return to == EVERYTHING or (audiences is not None and bool(audiences.number & to))


UNSEEN_ABROAD = Decision(
    False,
    "audience",
    "Somebody of another tenant has that id or name, and nothing of their profile is for the "
    "caller: they are answered as nobody.",
)


def seeing(item_id: str, audiences: AllowedAudiences | None, to: int) -> Decision:
    """What ``visible`` says, as a decision on the item with this id."""
    if to == EVERYTHING:
        return Decision(
            True, "audience", "Owners and applications with consent see every item.", item_id
        )
    named = f"for {audiences}" if audiences is not None else "for nobody but its owner"
    return Decision(
        visible(audiences, to),
        "audience",
        f"The item is {named}; to its owner the caller is of {_names(to)}.",
        item_id,
    )


def _names(relations: int) -> str:
    return ", ".join(
        name for name, number in AllowedAudiences.members.items() if number & relations
    )

"""What a token must grant for each operation on the directory: people, groups, who leads whom.

As https://learn.microsoft.com/graph/permissions-reference has it, the least privileged first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from openprofile.model.directory import User
from openprofile.policy.caller import Caller
from openprofile.policy.decision import Decision, insist
from openprofile.policy.grants import Permissions, permission

_READ_ALL = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")

READ_ME = Permissions(
    delegated=("User.Read", "User.ReadWrite", "User.ReadBasic.All", *_READ_ALL),
    application=("User.ReadBasic.All", *_READ_ALL),
)
READ_PEOPLE = Permissions(
    delegated=("User.ReadBasic.All", *_READ_ALL),
    application=("User.ReadBasic.All", *_READ_ALL),
)
READ_ALL_OF_PEOPLE = Permissions(delegated=_READ_ALL, application=_READ_ALL)
"""What shows more than the basic properties of other people, and to whom they report."""
READ_MY_REPORTS = Permissions(
    delegated=("User.Read", "User.ReadWrite", *_READ_ALL), application=_READ_ALL
)
_READ_GROUPS = (
    "GroupMember.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
)
READ_GROUPS = Permissions(delegated=_READ_GROUPS, application=_READ_GROUPS)
READ_MY_GROUPS = Permissions(
    delegated=("User.Read", "User.ReadWrite", *_READ_GROUPS), application=_READ_GROUPS
)
_ADMINISTRATORS_ALONE = (
    "Only an administrator (Global, User or People Administrator, claim wids) or an application "
    "may write the directory."
)
WRITE_PEOPLE = Permissions(
    delegated=("User.ReadWrite.All", "Directory.ReadWrite.All"),
    application=("User.ReadWrite.All", "Directory.ReadWrite.All"),
    condition=_ADMINISTRATORS_ALONE,
)
DELETE_PEOPLE = Permissions(
    delegated=("User.ReadWrite.All",),
    application=("User.ReadWrite.All",),
    condition=_ADMINISTRATORS_ALONE,
)
WRITE_MEMBERS = Permissions(
    delegated=("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"),
    application=("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"),
    condition=_ADMINISTRATORS_ALONE,
)


class Reach(NamedTuple):
    """What an operation needs."""

    own: Permissions
    """To be carried out on the caller: at ``/me``, or at their own id or name."""
    others: Permissions
    """To be carried out on anybody else, and by an application."""


def _same(needed: Permissions) -> Reach:
    return Reach(needed, needed)


NEEDED: Mapping[str, Reach] = {
    "me.get": Reach(READ_ME, READ_PEOPLE),
    "users.get": Reach(READ_ME, READ_PEOPLE),
    "users.list": _same(READ_PEOPLE),
    "manager.get": _same(READ_ALL_OF_PEOPLE),
    "directReports.list": Reach(READ_MY_REPORTS, READ_ALL_OF_PEOPLE),
    "memberOf.list": Reach(READ_MY_GROUPS, READ_GROUPS),
    "groups.get": _same(READ_GROUPS),
    "groups.list": _same(READ_GROUPS),
    "members.list": _same(READ_GROUPS),
    "me.modify": _same(WRITE_PEOPLE),
    "users.create": _same(WRITE_PEOPLE),
    "users.modify": _same(WRITE_PEOPLE),
    "users.delete": _same(DELETE_PEOPLE),
    "manager.link": _same(WRITE_PEOPLE),
    "manager.unlink": _same(WRITE_PEOPLE),
    "members.link": _same(WRITE_MEMBERS),
    "members.unlink": _same(WRITE_MEMBERS),
}
"""Every operation on the directory by its name (see ``odata/operations.py``): what is asked before
it is carried out, and what ``docs/permissions.md`` says. The references and the count of a
collection need what its list does."""


def holds(caller: Caller, needed: Permissions) -> bool:
    """Whether the token grants one of the ``needed``."""
    able = needed.application if caller.person is None else needed.delegated
    return not caller.permissions.isdisjoint(able)


def shown_of_person(caller: Caller, person: str | None) -> frozenset[str] | None:
    """The properties that a caller may see of a person, by their id, or of just anybody (None).

    None for all of them. Whom a token lets see a relation and not the people in it sees their ids.
    """
    own = person is not None and person == caller.person
    if holds(caller, READ_ME if own else READ_ALL_OF_PEOPLE):
        return None
    return User.basic if holds(caller, READ_PEOPLE) else frozenset({"id"})


def shown_of_group(caller: Caller) -> frozenset[str] | None:
    """The properties that a caller may see of groups; None for all of them."""
    return None if holds(caller, READ_GROUPS) else frozenset({"id"})


def require_shown(caller: Caller, names: frozenset[str], *, people: bool) -> None:
    """Raise AuthorizationRequestDenied unless the token shows the properties ``names`` of just
    anybody: a query that asks for others would tell what they are.
    """
    shown = shown_of_person(caller, None) if people else shown_of_group(caller)
    if shown is None or names <= shown:
        return
    needed = READ_GROUPS
    if people:
        needed = READ_PEOPLE if names <= User.basic else READ_ALL_OF_PEOPLE
    hidden = ", ".join(sorted(names - shown))
    missing = permission(caller, needed).reason
    insist(Decision(False, "permission", f"The query asks for {hidden}. {missing}"))


def administering(caller: Caller) -> Decision:
    """Whether a caller whose permissions reach may write the directory.

    Delegated rights are the meeting of scope and person; an application has its role alone.
    """
    if caller.person is None:
        return _CONSENT
    return _ADMINISTRATOR if caller.is_administrator else _NO_ADMINISTRATOR


def require_administrator(caller: Caller) -> None:
    """Raise AuthorizationRequestDenied unless ``administering`` allows it."""
    insist(administering(caller))


_CONSENT = Decision(True, "person", "An application with consent may write the directory.")
_ADMINISTRATOR = Decision(True, "person", "An administrator may write the directory.")
_NO_ADMINISTRATOR = Decision(False, "person", _ADMINISTRATORS_ALONE)

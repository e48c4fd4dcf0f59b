"""The permissions reference: what each operation needs, and where Graph needs something else.

``python -m openprofile.permissions`` prints it; ``docs/permissions.md`` is what it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec

from openprofile.model.directory import BETA
from openprofile.model.kinds import Model
from openprofile.odata.operations import Operation, operations
from openprofile.policy.directory import NEEDED
from openprofile.policy.grants import READ_PROFILE, WRITE_OTHERS, WRITE_PROFILE, Permissions

KNOWN_ON = "2026-08-07"
"""The day of Graph's permission data that the differences below are from
(https://github.com/microsoftgraph/microsoft-graph-devx-content, permissions.json)."""


class Difference(msgspec.Struct, frozen=True):
    """An operation that needs other permissions here than with Graph, or that is not here."""

    method: str
    path: str
    """Below ``{user}``, in lower case as Graph's data has it: ``/profile/notes/{id}``."""
    how: str
    """``not served``; ``stricter``, for fewer permissions; ``least``, for the same ones of which
    Graph calls others the least privileged."""
    why: str


_SLIP = "Graph lists the read permissions, which looks like a slip; a write needs to be one"
_LEAST = "Graph calls User.Read alone the least privileged; everywhere else User.ReadWrite too"
_READ_ONLY = "the resource page says that it is read-only"

DIFFERENCES = (
    Difference("POST", "/profile/account", "not served", _READ_ONLY),
    Difference("PATCH", "/profile/account/{id}", "not served", _READ_ONLY),
    Difference("DELETE", "/profile/account/{id}", "not served", _READ_ONLY),
    Difference("GET", "/profile/names", "least", _LEAST),
    Difference("POST", "/profile/names", "stricter", _SLIP),
    Difference("GET", "/profile/notes/{id}", "least", _LEAST),
    Difference("PATCH", "/profile/notes/{id}", "stricter", _SLIP),
    Difference("DELETE", "/profile/notes/{id}", "stricter", _SLIP),
)
"""Every one there is on profiles; ``/admin/people`` is not served at all."""


def profile_operations() -> list[Operation]:
    """The operations on profiles, once below ``/me`` and once below ``/users``."""
    return [operation for operation in operations(BETA) if "/profile" in operation.path]


def directory_operations(model: Model = BETA) -> list[Operation]:
    """The operations on people and groups, which are the same in every version."""
    return [operation for operation in operations(model) if "/profile" not in operation.path]


def needed(operation: Operation) -> Permissions:
    """The permissions that an operation needs, at ``/me`` those for the caller's own."""
    if "/profile" in operation.path:
        return READ_PROFILE if operation.method == "GET" else WRITE_PROFILE
    reach = NEEDED[operation.name]
    return reach.own if operation.path.startswith("/me") else reach.others


def markdown() -> str:
    """The whole reference as a page."""
    return "\n".join(_lines()) + "\n"


_HEAD = """\
# Permissions

A call needs **one** of the permissions of its row. They run from the least privileged to the most;
those that Graph calls the least privileged are in bold. Delegated permissions are in the claim
`scp` of a token that a person lets an application have, application permissions in `roles` of one
that the application has by itself. A 403 names those that would have allowed the call, and
`openprofile explain` says the same beforehand. Run `scripts/docs` to write this page anew.
"""
_NOTES = f"""\
- **A delegated right is the meeting of scope and person.** With any permission of the row, people
  write their own profile. The profile of another is written by an administrator (Global, User or
  People Administrator, by the claim `wids`) with {", ".join(WRITE_OTHERS.delegated[:-1])}
  or {WRITE_OTHERS.delegated[-1]}, as far as they see it: what is not for them is not found.
- **What is read is what the audiences allow**, with whatever permission: see
  [audiences.md](audiences.md). An application by itself sees everything.
- An application by itself has no `/me`: it gets a 400 there. It reaches its own tenant alone.
- `…/$count`, `…/$ref` of a collection and `…/$value` need what the `GET` above them needs, and
  `POST …/{{facet}}/$ref` what the `POST` does; each request of a `$batch` what it needs by itself.
- `AgentIdUser.…` are Graph's permissions on agent users. Graph's data lists them for every
  operation, and this directory does not tell agent users from people: they reach what
  `User.ReadWrite.All` reaches. Whoever consents to one should know.
- Personal Microsoft accounts have no table of their own: whoever an issuer vouches for is a person
  of a tenant here.
"""
_OWN = """\
| `GET /openprofile/people/{person}/relations` | read, and to be the owner |
| `PUT /openprofile/people/{person}/relations` | write, and to be the owner |

The lists behind the last two are their owner's: an administrator, who could put themselves on one,
neither sees nor sets them; an application with consent does.
"""
_DIRECTORY = """\
## The directory

On `/v1.0` and `/beta` alike. Whoever asks for themselves at `/users/{their own id}` needs what
`/me` needs. What an operation marked * changes is changed by an administrator (Global, User or
People Administrator, by the claim `wids`) or an application alone.

- With `User.ReadBasic.All` alone, the basic properties of others are shown (`displayName`,
  `givenName`, `id`, `mail`, `surname`, `userPrincipalName`), and a query may ask for no other.
- Whom a token lets see a relation and not what it leads to sees the ids there.
"""
_COMPARED = f"""\
## Differences from Graph

A comparison of the operations on profiles with Graph's permission data of {KNOWN_ON} finds these
and no others
(`tests/api/test_permissions.py`, with `OPENPROFILE_PERMISSIONS` naming a copy of it).
`/admin/people` is not served, and so needs nothing.
"""


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| | delegated | application |"
    yield "| --- | --- | --- |"
    for name, permissions in (("read", READ_PROFILE), ("write", WRITE_PROFILE)):
        delegated = _names(permissions.delegated, permissions.least_delegated)
        application = _names(permissions.application, permissions.least_application)
        yield f"| {name} | {delegated} | {application} |"
    yield ""
    yield _NOTES
    yield "## Operations"
    yield ""
    yield "`{user}` is `/me` or `/users/{id | userPrincipalName}`."
    yield ""
    yield "| operation | needs |"
    yield "| --- | --- |"
    for operation in profile_operations():
        if operation.path.startswith("/me/"):
            path = operation.path.replace("/me/", "{user}/", 1)
            name = "read" if needed(operation) is READ_PROFILE else "write"
            yield f"| `{operation.method} {path}` | {name} |"
    yield _OWN
    yield _DIRECTORY
    yield "| operation | delegated | application |"
    yield "| --- | --- | --- |"
    for operation in directory_operations():
        found = needed(operation)
        own = operation.path.startswith("/me")
        application = "none" if own else _names(found.application, found.least_application)
        delegated = _names(found.delegated, found.least_delegated)
        administrators = " *" if found.condition else ""
        name = f"`{operation.method} {operation.path}`"
        yield f"| {name}{administrators} | {delegated} | {application} |"
    yield ""
    yield _COMPARED
    yield "| operation | how it differs | why |"
    yield "| --- | --- | --- |"
    for one in DIFFERENCES:
        yield f"| `{one.method} {{user}}{one.path}` | {one.how} | {one.why} |"


def _names(names: tuple[str, ...], least: int) -> str:
    bold = [f"**{name}**" for name in names[:least]]
    return ", ".join([*bold, *names[least:]])


if __name__ == "__main__":
    sys.stdout.write(markdown())

"""The people that profiles belong to, their groups, and the entity container above them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from openprofile.model.kinds import Entity, Model, Navigation
from openprofile.model.primitives import DateTimeOffset
from openprofile.model.profile import Profile


class DirectoryObject(Entity):
    """https://learn.microsoft.com/graph/api/resources/directoryobject"""

    abstract: ClassVar[bool] = False
    open: ClassVar[bool] = True

    deleted_date_time: DateTimeOffset | None = None


class User(DirectoryObject, kw_only=True):
    """https://learn.microsoft.com/graph/api/resources/user: a person of the directory."""

    abstract: ClassVar[bool] = False
    alternate_keys: ClassVar[tuple[str, ...]] = ("userPrincipalName",)

    age_group: str | None = None
    created_date_time: DateTimeOffset | None = None
    display_name: str | None = None
    given_name: str | None = None
    job_title: str | None = None
    mail: str | None = None
    preferred_language: str | None = None
    surname: str | None = None
    usage_location: str | None = None
    user_principal_name: str

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        return {"profile": Navigation(Profile, collection=False)}


class Person(msgspec.Struct, kw_only=True):
    """A person as the directory keeps them: the user that the API shows, and what hangs on it."""

    user: User
    manager: str | None = None
    """The id of the person they report to."""
    directory_roles: list[str] = []
    """The ids of the directory roles they hold; see ``policy.caller``."""

    @property
    def id(self) -> str:
        return self.user.id


class Group(DirectoryObject):
    """https://learn.microsoft.com/graph/api/resources/group: people who belong together."""

    abstract: ClassVar[bool] = False

    description: str | None = None
    display_name: str | None = None


_CONTAINER = {
    "me": Navigation(User, collection=False),
    "users": Navigation(User, collection=True),
}
BETA = Model(_CONTAINER)
VERSIONS: Mapping[str, Model] = {
    "beta": BETA,
    "v1.0": Model(_CONTAINER, hidden=frozenset({(User, "profile")})),
}
"""What each version of the API has: Graph has the profile below ``/beta`` alone."""

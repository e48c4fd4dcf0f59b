"""The people that profiles belong to, their groups, and the entity container above them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from openprofile.model.facets import FACETS
from openprofile.model.kinds import Entity, Navigation


class Profile(Entity):
    """https://learn.microsoft.com/graph/api/resources/profile: the facets of one person."""

    abstract: ClassVar[bool] = False

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        return {segment: Navigation(item, collection=True) for segment, item in FACETS.items()}


class User(Entity, kw_only=True):
    """https://learn.microsoft.com/graph/api/resources/user: a person of the directory."""

    abstract: ClassVar[bool] = False

    display_name: str | None = None
    given_name: str | None = None
    job_title: str | None = None
    mail: str | None = None
    surname: str | None = None
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


class Group(Entity):
    """https://learn.microsoft.com/graph/api/resources/group: people who belong together."""

    abstract: ClassVar[bool] = False

    description: str | None = None
    display_name: str | None = None


CONTAINER: Mapping[str, Navigation] = {
    "me": Navigation(User, collection=False),
    "users": Navigation(User, collection=True),
}
"""The entity container of ``/beta``: where every path begins."""

"""The people that profiles belong to, their groups, and the entity container above them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, ClassVar

import msgspec

from openprofile.model.kinds import Computed, Entity, Model, Navigation
from openprofile.model.parts import Complex
from openprofile.model.primitives import DateTimeOffset
from openprofile.model.profile import Profile


class DirectoryObject(Entity):
    """https://learn.microsoft.com/graph/api/resources/directoryobject"""

    abstract: ClassVar[bool] = False
    open: ClassVar[bool] = True

    indexed: ClassVar[tuple[str, ...]] = ()
    """The properties that an object is found by: by the whole value, or by its beginning."""
    worded: ClassVar[tuple[str, ...]] = ()
    """The properties of which every word is found by its beginning."""
    ordered: ClassVar[tuple[str, ...]] = ()
    """The properties that a collection can be ordered by, the usual one first; indexed ones."""

    deleted_date_time: Annotated[DateTimeOffset | None, Computed] = None


class PasswordProfile(Complex):
    """https://learn.microsoft.com/graph/api/resources/passwordprofile

    Graph's clients create people with it. Nobody signs in with a password here: it is not kept.
    """

    force_change_password_next_sign_in: bool | None = None
    force_change_password_next_sign_in_with_mfa: bool | None = None
    password: str | None = None


class User(DirectoryObject, kw_only=True):
    """https://learn.microsoft.com/graph/api/resources/user: a person of the directory."""

    abstract: ClassVar[bool] = False
    alternate_keys: ClassVar[tuple[str, ...]] = ("userPrincipalName",)
    indexed: ClassVar[tuple[str, ...]] = (
        "id",
        "companyName",
        "country",
        "department",
        "displayName",
        "employeeId",
        "givenName",
        "jobTitle",
        "mail",
        "mailNickname",
        "officeLocation",
        "surname",
        "userPrincipalName",
    )
    worded: ClassVar[tuple[str, ...]] = ("displayName",)
    ordered: ClassVar[tuple[str, ...]] = ("displayName", "userPrincipalName")
    basic: ClassVar[frozenset[str]] = frozenset(
        {"displayName", "givenName", "id", "mail", "surname", "userPrincipalName"}
    )
    """What User.ReadBasic.All shows of other people
    (https://learn.microsoft.com/graph/permissions-reference)."""
    usual: ClassVar[tuple[str, ...]] = (
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
    )
    """What ``/v1.0`` shows unless ``$select`` says otherwise; ``/beta`` shows everything."""

    account_enabled: bool | None = None
    age_group: str | None = None
    business_phones: list[str] = []
    city: str | None = None
    company_name: str | None = None
    country: str | None = None
    created_date_time: Annotated[DateTimeOffset | None, Computed] = None
    department: str | None = None
    display_name: str | None = None
    employee_id: str | None = None
    given_name: str | None = None
    job_title: str | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    mobile_phone: str | None = None
    office_location: str | None = None
    password_profile: PasswordProfile | None = None
    postal_code: str | None = None
    preferred_language: str | None = None
    state: str | None = None
    street_address: str | None = None
    surname: str | None = None
    usage_location: str | None = None
    user_principal_name: str = ""
    """Never empty once it is stored."""

    @classmethod
    @cache
    def navigation(cls) -> Mapping[str, Navigation]:
        return {
            "directReports": Navigation(
                User, collection=True, contained=False, declared=DirectoryObject, read_only=True
            ),
            "manager": Navigation(
                User, collection=False, contained=False, declared=DirectoryObject
            ),
            "memberOf": Navigation(
                Group, collection=True, contained=False, declared=DirectoryObject, read_only=True
            ),
            "profile": Navigation(Profile, collection=False),
        }


class Person(msgspec.Struct, kw_only=True, frozen=True):
    """A person as the directory keeps them: the user that the API shows, and what hangs on it."""

    user: User
    manager: str | None = None
    """The id of the person they report to, who may be there no more."""
    directory_roles: list[str] = []
    """The ids of the directory roles they hold; see ``policy.caller``."""
    family: list[str] = []
    contacts: list[str] = []
    """The ids of those whom they count among the audience of that name."""

    @property
    def id(self) -> str:
        return self.user.id


class Group(DirectoryObject):
    """https://learn.microsoft.com/graph/api/resources/group: people who belong together."""

    abstract: ClassVar[bool] = False
    indexed: ClassVar[tuple[str, ...]] = ("id", "displayName", "mail", "mailNickname")
    worded: ClassVar[tuple[str, ...]] = ("description", "displayName")
    ordered: ClassVar[tuple[str, ...]] = ("displayName",)

    created_date_time: Annotated[DateTimeOffset | None, Computed] = None
    description: str | None = None
    display_name: str | None = None
    group_types: list[str] = []
    mail: str | None = None
    mail_enabled: bool | None = False
    mail_nickname: str | None = None
    security_enabled: bool | None = True
    visibility: str | None = None

    @classmethod
    @cache
    def navigation(cls) -> Mapping[str, Navigation]:
        return {
            "members": Navigation(User, collection=True, contained=False, declared=DirectoryObject),
        }


_CONTAINER = {
    "me": Navigation(User, collection=False),
    "users": Navigation(User, collection=True),
    "groups": Navigation(Group, collection=True, read_only=True),
}
BETA = Model(_CONTAINER)
VERSIONS: Mapping[str, Model] = {
    "beta": BETA,
    "v1.0": Model(_CONTAINER, hidden=frozenset({(User, "profile")})),
}
"""What each version of the API has: Graph has the profile below ``/beta`` alone."""

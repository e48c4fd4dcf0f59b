"""The sample people of the stand-in: the same at every start, ids included."""

from __future__ import annotations

import uuid

from openprofile.directory import Directory
from openprofile.model.directory import Group, Person, User
from openprofile.model.primitives import DateTimeOffset
from openprofile.policy.caller import GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR

DOMAIN = "harbour.example"
TENANT = str(uuid.uuid5(uuid.NAMESPACE_DNS, DOMAIN))

_PEOPLE = (
    # given name, surname, job title, department, manager, directory role
    ("Ada", "Lindqvist", "Product Designer", "Engineering", "noor", None),
    ("Bram", "Okafor", "Software Engineer", "Engineering", "noor", None),
    ("Chiara", "Moretti", "Software Engineer", "Engineering", "noor", None),
    ("Deniz", "Aydın", "Data Scientist", "Engineering", "noor", None),
    ("Emeka", "Nwosu", "Account Manager", "Sales", "greta", None),
    ("Farah", "Haddad", "Customer Advocate", "Sales", "greta", None),
    ("Greta", "Vogel", "Head of Sales", "Sales", "ines", None),
    ("Hiro", "Tanaka", "Systems Administrator", "Operations", "ines", GLOBAL_ADMINISTRATOR),
    ("Ines", "Duarte", "Managing Director", "Management", None, None),
    ("Jonas", "Berg", "People Partner", "Operations", "ines", USER_ADMINISTRATOR),
    ("Mei", "Castillo", "Illustrator", "Engineering", "ada", None),
    ("Noor", "Rahman", "Head of Engineering", "Engineering", "ines", None),
)
_GROUPS = (
    ("Engineering", "Those who build the product.", ("ada", "bram", "chiara", "deniz", "noor")),
    ("Sales", "Those who bring it to people.", ("emeka", "farah", "greta")),
    ("Chess Club", "Thursdays at six.", ("ada", "emeka", "hiro", "mei")),
)


def person_id(alias: str, tenant: str = TENANT) -> str:
    """The id that the sample person with this alias, the part of the principal name before ``@``,
    has in a tenant: everybody has another in each.
    """
    return str(uuid.uuid5(uuid.UUID(tenant), f"user/{alias}"))


def people(tenant: str = TENANT) -> list[Person]:
    """The sample people of a tenant; the first is the one that tokens are for unless told
    otherwise.
    """
    return [
        Person(
            user=User(
                id=person_id(given.lower(), tenant),
                account_enabled=True,
                company_name="Harbour",
                department=department,
                display_name=f"{given} {surname}",
                given_name=given,
                surname=surname,
                age_group="adult",
                created_date_time=DateTimeOffset("2026-01-05T08:00:00Z"),
                preferred_language="en-GB",
                usage_location="PT",
                job_title=title,
                mail=f"{given.lower()}@{DOMAIN}",
                mail_nickname=given.lower(),
                office_location="Porto",
                user_principal_name=f"{given.lower()}@{DOMAIN}",
            ),
            manager=person_id(manager, tenant) if manager else None,
            directory_roles=[role] if role else [],
        )
        for given, surname, title, department, manager, role in _PEOPLE
    ]


def groups(tenant: str = TENANT) -> list[tuple[Group, tuple[str, ...]]]:
    """The sample groups of a tenant, each with the ids of its members."""
    return [
        (
            Group(
                id=str(uuid.uuid5(uuid.UUID(tenant), f"group/{name}")),
                display_name=name,
                description=description,
            ),
            tuple(person_id(alias, tenant) for alias in members),
        )
        for name, description, members in _GROUPS
    ]


async def seed(directory: Directory, tenant: str = TENANT) -> None:
    """Put the sample people into a tenant that has nobody yet."""
    if not await directory.people(tenant, most=1):
        await directory.put(tenant, people(tenant), groups(tenant))

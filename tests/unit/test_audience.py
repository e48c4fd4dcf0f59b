"""Visibility as a function of audiences and relations."""

import itertools

import pytest

from openprofile.model.directory import Person, User
from openprofile.model.enums import AllowedAudiences
from openprofile.policy.audience import EVERYTHING, relations, seeing, visible
from openprofile.policy.caller import Caller

OWNER = Person(
    user=User(id="owner", user_principal_name="owner@x.example"), family=["f"], contacts=["c", "f"]
)
NAMES = [*AllowedAudiences.members][:-1]


def related(
    person: str | None, *, shares_group: bool = False, tenant: str = "t", trusted: bool = False
) -> int:
    """The relations to OWNER, of the tenant ``t``."""
    return relations(
        Caller(tenant, person),
        owner=OWNER,
        tenant="t",
        trusted=trusted,
        shares_group=shares_group,
    )


@pytest.mark.parametrize(
    ("person", "shares_group", "expected"),
    [
        ("x", False, "organization,everyone"),
        ("x", True, "groupMembers,organization,everyone"),
        ("c", False, "contacts,organization,everyone"),
        ("f", True, "family,contacts,groupMembers,organization,everyone"),
    ],
)
def test_relations_add_up(person: str, shares_group: bool, expected: str) -> None:
    assert related(person, shares_group=shares_group) == AllowedAudiences(expected).number


@pytest.mark.parametrize("person", ["x", "f", "c", "owner"])
def test_in_another_tenant_ids_say_nothing(person: str) -> None:
    everyone = AllowedAudiences.everyone
    assert related(person, tenant="u", shares_group=True) == everyone
    federated = everyone | AllowedAudiences.federatedOrganizations
    assert related(person, tenant="u", trusted=True) == federated


def test_a_tenant_may_be_on_its_own_trust_list() -> None:
    assert related("x", trusted=True) & AllowedAudiences.federatedOrganizations


@pytest.mark.parametrize("trusted", [False, True])
def test_an_application_of_another_tenant_sees_nothing(trusted: bool) -> None:
    to = related(None, tenant="u", trusted=trusted)
    assert not any(visible(AllowedAudiences(name), to) for name in NAMES)


@pytest.mark.parametrize("person", [None, "owner"])
def test_the_owner_and_an_application_see_everything(person: str | None) -> None:
    assert related(person) == EVERYTHING
    for audiences in (None, *map(AllowedAudiences, NAMES)):
        assert visible(audiences, EVERYTHING)


def test_one_audience_that_fits_is_enough_and_none_is_never() -> None:
    for size in range(1, len(NAMES) + 1):
        for names in itertools.combinations(NAMES, size):
            audiences = AllowedAudiences(",".join(names))
            for name in NAMES[1:]:
                assert visible(audiences, AllowedAudiences.members[name]) is (name in names)
    assert not visible(None, related("f", shares_group=True))


def test_the_decision_is_what_visible_says() -> None:
    for audiences in (None, *map(AllowedAudiences, NAMES)):
        for to in (EVERYTHING, related("x"), related("f")):
            assert seeing("1", audiences, to).allowed is visible(audiences, to)

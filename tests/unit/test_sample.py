from openprofile import sample
from openprofile.policy.caller import ADMINISTRATOR_ROLES


def test_the_sample_people_are_the_same_at_every_start() -> None:
    assert sample.people() == sample.people()
    assert sample.TENANT == "b27b4530-b22b-536a-b150-1b793f47134e"
    assert sample.person_id("ada") == "46d70660-daab-5d3b-b1e2-7af77dda2222"


def test_there_are_a_dozen_two_administrators_and_three_groups() -> None:
    people = sample.people()
    ids = {one.id for one in people}
    assert len(ids) == 12
    assert sum(not ADMINISTRATOR_ROLES.isdisjoint(one.directory_roles) for one in people) == 2
    assert {one.manager for one in people if one.manager} <= ids
    groups = sample.groups()
    assert len(groups) == 3
    assert all(ids >= set(members) for _, members in groups)

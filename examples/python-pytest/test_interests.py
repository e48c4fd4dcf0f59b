import httpx2
import pytest
from interests import Interests


@pytest.fixture
def interests(openprofile):
    return Interests(openprofile.token("ada"), base_url=f"{openprofile.url}/beta")


def test_an_interest_is_added(interests):
    interests.add("Chess")
    assert interests.names() == ["Chess"]


def test_each_test_begins_with_nothing(interests):
    assert interests.names() == []


def test_the_app_waits_when_it_is_told_to(openprofile, interests):
    openprofile.faults.add(status=429, retry_after=0, count=2)
    interests.add("Chess")
    assert interests.names() == ["Chess"]
    assert [one["status"] for one in openprofile.requests()] == [200, 201, 429, 429]


def test_a_token_runs_out(openprofile, interests):
    openprofile.clock.advance(3600)
    with pytest.raises(httpx2.HTTPStatusError, match="401"):
        interests.names()

"""How often one caller may ask."""

from collections.abc import Callable

import pytest

from openprofile.errors import TooManyRequests
from openprofile.http import throttle
from openprofile.http.exchange import Answer, Face, Request
from openprofile.http.throttle import BURST, Throttle
from openprofile.metering import Meter
from openprofile.policy.caller import Caller

pytestmark = pytest.mark.anyio
RATE = 2


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def yes(request: Request) -> Answer:
    return Answer(200)


async def caller(request: Request) -> Caller:
    """The person whom the path names."""
    return Caller("t", request.path)


def request(person: str) -> Request:
    return Request("GET", person, "", {}, b"", "http://localhost", "1", 0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def face(time: Callable[[], float]) -> Face:
    return Throttle(caller, Meter(), RATE, time).over(yes)


async def allowed(face: Face, person: str = "ada") -> int:
    """How many requests are let through before one is not."""
    count = 0
    try:
        while True:
            await face(request(person))
            count += 1
    except TooManyRequests:
        return count


async def test_a_burst_is_let_through_and_then_so_many_a_second(face: Face, time: Time) -> None:
    assert await allowed(face) == RATE * BURST
    time.now += 3
    assert await allowed(face) == RATE * 3
    time.now += 1000
    assert await allowed(face) == RATE * BURST


async def test_who_is_refused_is_told_when_to_come_back(face: Face, time: Time) -> None:
    await allowed(face)
    with pytest.raises(TooManyRequests) as refused:
        await face(request("ada"))
    time.now += int(refused.value.headers["Retry-After"])
    await face(request("ada"))


async def test_one_caller_takes_nothing_from_another(face: Face) -> None:
    await allowed(face, "ada")
    assert await allowed(face, "bram") == RATE * BURST


async def test_no_more_than_so_many_callers_are_kept(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST_CALLERS", 2)
    kept = Throttle(caller, Meter(), RATE, time)
    face = kept.over(yes)
    for person in ("ada", "bram", "ada", "cleo"):
        await face(request(person))
    assert [person for _, person, _ in kept._buckets] == ["ada", "cleo"]

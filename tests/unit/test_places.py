"""How many requests are answered at once, and what becomes of those that wait."""

import asyncio

import pytest

from openprofile.errors import ServiceUnavailable
from openprofile.http import places
from openprofile.http.places import Places
from openprofile.metering import Meter

pytestmark = pytest.mark.anyio


async def take(places: Places) -> None:
    """Take a place as the guard does."""
    if not places.taken():
        await places.wait()


async def settled() -> None:
    """Let everybody do what they can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_waits_gets_the_next_place_in_turn() -> None:
    meter = Meter()
    few = Places(2, meter)
    await take(few)
    await take(few)
    came: list[int] = []

    async def come(number: int) -> None:
        await take(few)
        came.append(number)

    tasks = [asyncio.create_task(come(number)) for number in range(3)]
    await settled()
    assert came == []
    assert meter.in_flight == 2
    few.leave()
    await settled()
    assert came == [0]
    few.leave()
    few.leave()
    await asyncio.gather(*tasks)
    assert came == [0, 1, 2]
    for _ in range(2):
        few.leave()
    assert meter.in_flight == 0


async def test_who_has_waited_too_long_is_turned_away_and_takes_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "PATIENCE", 0)
    meter = Meter()
    one = Places(1, meter)
    await take(one)
    for _ in range(3):
        with pytest.raises(ServiceUnavailable) as refused:
            await take(one)
        assert refused.value.headers == {"Retry-After": "1"}
    assert meter.shed == {"requests": 3}
    one.leave()
    assert meter.in_flight == 0
    await take(one)


async def test_who_gives_up_takes_no_place() -> None:
    meter = Meter()
    one = Places(1, meter)
    await take(one)
    waiting, given = asyncio.create_task(take(one)), asyncio.create_task(take(one))
    await settled()
    waiting.cancel()
    await settled()
    one.leave()
    given.cancel()  # it has the place by now, and does not know it yet
    await asyncio.wait((waiting, given))
    assert waiting.cancelled()
    assert given.cancelled()
    assert meter.in_flight == 0

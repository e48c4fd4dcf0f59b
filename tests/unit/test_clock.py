import time
import uuid
from collections.abc import Callable

import pytest

from openprofile.clock import (
    TICKS_PER_SECOND,
    Clock,
    date_time_offset,
    is_id,
    new_id,
    new_ordered_id,
    new_request_id,
    ticks_of,
)


def test_ticks_are_of_100_nanoseconds() -> None:
    clock = Clock()
    assert abs(clock.ticks() / TICKS_PER_SECOND - time.time()) < 1
    assert clock.seconds() == int(clock.ticks() / TICKS_PER_SECOND)


def test_a_frozen_clock_moves_by_hand() -> None:
    clock = Clock()
    clock.freeze(at=15_940_172_522_294_868)
    assert clock.ticks() == clock.ticks() == 15_940_172_522_294_868
    clock.advance(1.5)
    assert clock.ticks() == 15_940_172_537_294_868
    clock.thaw()
    assert clock.ticks() > 17_000_000_000_000_000


def test_a_clock_runs_on_from_where_it_is_put() -> None:
    clock = Clock()
    clock.run(at=0)
    assert 0 <= clock.ticks() <= clock.ticks() < TICKS_PER_SECOND
    clock.advance(3600)
    assert not clock.frozen
    assert clock.seconds() == 3600
    clock.freeze()
    assert clock.ticks() == clock.ticks()
    assert clock.frozen
    clock.run()
    assert clock.seconds() == 3600
    clock.thaw()
    assert abs(clock.seconds() - time.time()) < 2


def test_what_happens_at_one_moment_keeps_its_order() -> None:
    clock = Clock()
    clock.freeze(at=1000)
    assert [clock.place() for _ in range(3)] == [1000, 1001, 1002]
    clock.advance(60)
    assert clock.place() == clock.ticks()
    clock.freeze(at=500)
    assert [clock.place() for _ in range(2)] == [500, 501]


def test_a_moment_is_printed_as_graph_prints_it() -> None:
    assert date_time_offset(15_940_172_522_294_868) == "2020-07-06T06:34:12.2294868Z"
    assert date_time_offset(0) == "1970-01-01T00:00:00.0000000Z"


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("2020-07-06T06:34:12.2294868Z", 15_940_172_522_294_868),
        ("2020-07-06T08:34:12.2294868+02:00", 15_940_172_522_294_868),
        ("2020-07-06T06:34:12.2Z", 15_940_172_522_000_000),
        ("2020-07-06T06:34Z", 15_940_172_400_000_000),
        ("1969-12-31T23:59:59.9999999Z", -1),
        ("0001-01-01T00:00:00+14:00", -621_356_472_000_000_000),
    ],
)
def test_a_moment_that_is_printed_is_read(text: str, ticks: int) -> None:
    assert ticks_of(text) == ticks


@pytest.mark.parametrize(("made", "version"), [(new_id, 4), (new_ordered_id, 7)])
def test_fresh_ids_are_guids_of_their_version(made: Callable[[], str], version: int) -> None:
    found = {made() for _ in range(1000)}
    assert len(found) == 1000
    for text in found:
        assert is_id(text)
        id_ = uuid.UUID(text)
        assert (str(id_), id_.version, id_.variant) == (text, version, uuid.RFC_4122)


def test_ordered_ids_begin_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for nanoseconds in (0, 999_999, 1_000_000, 1_645_557_742_000_000_000, 2**48 * 1_000_000 - 1):
        monkeypatch.setattr(time, "time_ns", lambda at=nanoseconds: at)
        found.append(new_ordered_id())
    assert [uuid.UUID(text).int >> 80 for text in found] == [0, 0, 1, 0x017F22E279B0, 2**48 - 1]
    assert sorted(found[1:]) == found[1:]


def test_requests_have_ids_of_their_own() -> None:
    made = [new_request_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(is_id(each) for each in made)

import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.odata.query import values
from openprofile.odata.query.values import DAY, NotAValue

BYTES = [("Edm.Binary", text) for text in ("", "--", "1e")]
EPOCH = datetime.date(1970, 1, 1)


@given(st.dates())
def test_days_are_those_of_the_calendar(date: datetime.date) -> None:
    assert values.days(date.year, date.month, date.day) == (date - EPOCH).days
    assert values.civil((date - EPOCH).days) == (date.year, date.month, date.day)
    assert values.read_date(date.isoformat()) == (date - EPOCH).days


@given(st.integers(-(10**9), 10**9))
def test_any_day_has_a_date_that_reads_back(day: int) -> None:
    assert values.read_date(values.write("Edm.Date", day)) == day
    assert values.days(*values.civil(day)) == day


@given(st.datetimes(timezones=st.sampled_from([datetime.UTC]) | st.builds(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)), st.integers(-840, 840)
)))  # fmt: skip
def test_an_instant_is_the_same_moment_in_any_offset(moment: datetime.datetime) -> None:
    found = values.read_instant(moment.isoformat())
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    assert found == since // datetime.timedelta(microseconds=1) * 10**6
    assert found.local // DAY == (moment.date() - EPOCH).days
    again = values.read_instant(values.write("Edm.DateTimeOffset", found))
    assert (again, again.offset) == (found, found.offset)


@given(st.integers(-(10**28), 10**28))
def test_a_duration_reads_back(picoseconds: int) -> None:
    assert values.read_duration(values.write("Edm.Duration", picoseconds)) == picoseconds


@given(st.integers(0, DAY - 1))
def test_a_time_of_day_reads_back(picoseconds: int) -> None:
    assert values.read_time(values.write("Edm.TimeOfDay", picoseconds)) == picoseconds


@given(st.binary())
def test_bytes_read_back(data: bytes) -> None:
    assert values.read_binary(values.write("Edm.Binary", data)) == data


@given(st.floats())
def test_a_double_reads_back(number: float) -> None:
    again = values.read_double(values.write("Edm.Double", number))
    assert again == number or math.isnan(number)


@pytest.mark.parametrize("edm", sorted(values.READ))
@pytest.mark.parametrize("text", ["", "x ", "\x00", "٣", "1-1-1", "--", "1e", "T"])
def test_no_reader_takes_nonsense(edm: str, text: str) -> None:
    if edm != "Edm.String" and (edm, text) not in BYTES:
        with pytest.raises(NotAValue):
            values.READ[edm](text)

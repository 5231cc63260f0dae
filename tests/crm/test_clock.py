"""What time it is: one `now` for a transaction, and one shift for everybody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import clock
from tests import build


@pytest.mark.parametrize(
    ("words", "span"),
    [
        ("+1d2h", timedelta(days=1, hours=2)),
        ("1d2h", timedelta(days=1, hours=2)),
        ("-30m", timedelta(minutes=-30)),
        ("-1d2h", timedelta(days=-1, hours=-2)),
        ("+90s", timedelta(seconds=90)),
        ("+1d 2h", timedelta(days=1, hours=2)),
    ],
)
def test_a_shift_is_read(words, span):
    assert clock.parse_shift(words) == span


@pytest.mark.parametrize("words", ["", "tomorrow", "+1", "1w", "+-1h", "h", "1d2", "1.5h"])
def test_anything_else_is_refused(words):
    with pytest.raises(ValueError, match="cannot read"):
        clock.parse_shift(words)


@given(st.integers(0, 99), st.integers(0, 23), st.booleans())
def test_every_written_shift_is_read_as_it_was_meant(days, hours, back):
    sign = "-" if back else "+"
    span = timedelta(days=days, hours=hours)
    assert clock.parse_shift(f"{sign}{days}d{hours}h") == (-span if back else span)


def test_a_moment_without_an_offset_is_utc():
    assert clock.moment("2026-03-01T09:00:00") == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert clock.moment("2026-03-01T09:00:00+08:00") == datetime(2026, 3, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="Invalid isoformat"):
        clock.moment("noon")


def test_the_walls_time_is_aware():
    assert clock.wall().tzinfo is UTC


def test_a_transaction_has_one_now(database, time):
    with database.begin() as uow:
        first = uow.now
        time.advance(hours=1)
        assert uow.now == first == build.NOW


def test_a_shift_is_everybodys_until_it_is_reset(database, time):
    try:
        with database.begin() as uow:
            clock.set_offset(uow.session, timedelta(days=2))
        with database.begin() as uow:
            assert uow.now == build.NOW + timedelta(days=2)
            assert clock.offset(uow.session) == timedelta(days=2)
    finally:
        with database.begin() as uow:
            clock.set_offset(uow.session, timedelta(0))
    with database.begin() as uow:
        assert uow.now == build.NOW


def test_a_driven_clock_stands_until_it_is_moved():
    driven = clock.DrivenClock(build.NOW)
    assert driven() == driven()
    assert driven.advance(minutes=5) == driven() == build.NOW + timedelta(minutes=5)

"""Working time, over holidays, make-up workdays, night shifts and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar import Calendar, Period

SHANGHAI, NEW_YORK, LORD_HOWE = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
KIRITIMATI, PAGO = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")
CHINA = Calendar(SHANGHAI, country="CN")
OFFICE = Calendar(NEW_YORK)
NIGHT = Calendar(NEW_YORK, opens=time(22), closes=time(6))
ALWAYS = Calendar(SHANGHAI, opens=time(0), closes=time(0), weekdays=frozenset(range(1, 8)))
EVERY_CALENDAR = [CHINA, OFFICE, NIGHT, ALWAYS, Calendar(LORD_HOWE), Calendar(KIRITIMATI), Calendar(PAGO)]


def at(words: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("calendar", "start", "period", "end"),
    [
        pytest.param(CHINA, "2026-03-04 10:00", "24h", "2026-03-05 10:00", id="hours elapse"),
        pytest.param(CHINA, "2026-03-04 10:00", "9wh", "2026-03-05 10:00", id="the rest goes on next morning"),
        pytest.param(CHINA, "2026-03-04 09:00", "9wh", "2026-03-04 18:00", id="a full day ends at its closing"),
        pytest.param(CHINA, "2026-03-04 20:00", "1wh", "2026-03-05 10:00", id="the evening does not count"),
        pytest.param(CHINA, "2026-03-06 17:30", "1wh", "2026-03-09 09:30", id="over a weekend"),
        pytest.param(CHINA, "2026-03-04 10:00", "3wd", "2026-03-09 10:00", id="working days skip the weekend"),
        pytest.param(CHINA, "2026-03-07 12:00", "1wd", "2026-03-10 09:00", id="from a Saturday they begin on Monday"),
        pytest.param(CHINA, "2026-03-04 10:00", "0wd", "2026-03-04 10:00", id="no working day is now"),
        pytest.param(CHINA, "2026-02-13 10:00", "1wd", "2026-02-14 10:00", id="a make-up Saturday is worked"),
        pytest.param(CHINA, "2026-02-14 10:00", "1wd", "2026-02-24 10:00", id="Spring Festival is free"),
        pytest.param(CHINA, "2026-09-30 17:00", "2wh", "2026-10-08 10:00", id="Golden Week is free"),
        pytest.param(CHINA, "2028-02-28 10:00", "1wd", "2028-02-29 10:00", id="a leap day"),
        pytest.param(CHINA, "2025-12-31 17:00", "2wh", "2026-01-04 10:00", id="the year ends, a Sunday is made up"),
        pytest.param(ALWAYS, "2026-03-04 10:00", "24wh", "2026-03-05 10:00", id="around the clock"),
        pytest.param(ALWAYS, "2026-03-07 23:30", "1wd", "2026-03-08 23:30", id="around the clock a day is a day"),
    ],
)  # fmt: skip
def test_a_period_ends(calendar, start, period, end):
    assert calendar.add(at(start), Period.parse(period)) == at(end)


@pytest.mark.parametrize(
    ("calendar", "start", "period", "end"),
    [
        pytest.param(OFFICE, "2026-03-07 10:00", "1d", "2026-03-08 14:00+00:00", id="spring: a day of 23 hours"),
        pytest.param(OFFICE, "2026-03-07 10:00", "24h", "2026-03-08 15:00+00:00", id="spring: 24 hours are 24 hours"),
        pytest.param(OFFICE, "2026-10-31 10:00", "1d", "2026-11-01 15:00+00:00", id="autumn: a day of 25 hours"),
        pytest.param(OFFICE, "2026-03-07 02:30", "1d", "2026-03-08 07:30+00:00", id="a skipped time comes later"),
        pytest.param(NIGHT, "2026-03-06 22:00", "7wh", "2026-03-07 10:00+00:00", id="a night before the change"),
        pytest.param(
            Calendar(NEW_YORK, time(22), time(6), frozenset({6})), "2026-03-07 22:00", "7wh", "2026-03-08 10:00+00:00",
            id="the night of the change holds seven hours",
        ),
        pytest.param(NIGHT, "2026-03-05 01:00", "1wd", "2026-03-06 06:00+00:00", id="after midnight, the shift"),
    ],
)  # fmt: skip
def test_a_period_ends_in_spite_of_a_change_of_the_clock(calendar, start, period, end):
    assert calendar.add(at(start, NEW_YORK), Period.parse(period)) == datetime.fromisoformat(end)


def test_single_dates_override_the_rest():
    calendar = Calendar(SHANGHAI, holidays=frozenset({date(2026, 3, 5)}), workdays=frozenset({date(2026, 3, 7)}))
    assert calendar.add(at("2026-03-04 10:00"), Period.parse("1wd")) == at("2026-03-06 10:00")
    assert calendar.add(at("2026-03-06 10:00"), Period.parse("1wd")) == at("2026-03-07 10:00")


def test_openings_and_working_moments():
    assert CHINA.is_working(at("2026-03-04 17:59"))
    assert not CHINA.is_working(at("2026-03-04 18:00"))
    assert CHINA.next_working(at("2026-03-04 18:00")) == at("2026-03-05 09:00")
    assert CHINA.next_working(at("2026-03-04 11:00")) == at("2026-03-04 11:00")
    assert CHINA.next_opening(at("2026-03-04 09:00")) == at("2026-03-05 09:00")
    assert CHINA.last_working(at("2026-03-08 03:00"), margin=timedelta(hours=1)) == at("2026-03-06 17:00")
    assert CHINA.last_working(at("2026-03-04 12:00"), margin=timedelta(hours=1)) == at("2026-03-04 12:00")


def test_working_time_between_two_moments():
    assert CHINA.between(at("2026-03-06 17:00"), at("2026-03-09 10:30")) == timedelta(hours=2, minutes=30)
    assert CHINA.between(at("2026-03-09 10:30"), at("2026-03-06 17:00")) == timedelta(0)


def test_a_long_absence_of_working_time_is_crossed():
    seasonal = Calendar(SHANGHAI, holidays=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(1500)))
    assert seasonal.next_working(at("2026-03-04 10:00")) == at("2030-02-11 09:00")


@pytest.mark.parametrize(
    ("arguments", "words"), [({"weekdays": frozenset()}, "working day"), ({"country": "XX"}, "'XX'")]
)
def test_a_calendar_without_sense_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Calendar(SHANGHAI, **arguments)


@pytest.mark.parametrize("words", ["", "7", "d", "-1d", "1.5h", "3w", "7 d 2h", "100000d"])
def test_a_period_in_other_words_is_refused(words):
    with pytest.raises(ValueError, match="write a period such as"):
        Period.parse(words)


FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2031-01-01")
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
CALENDARS = st.sampled_from(EVERY_CALENDAR)


@given(CALENDARS, MOMENTS, st.integers(1, 300))
def test_working_hours_added_are_the_working_time_between(calendar, start, hours):
    end = calendar.add(start, Period(hours, "wh"))
    assert calendar.between(start, end) == timedelta(hours=hours)
    assert end - start >= timedelta(hours=hours)


@given(CALENDARS, MOMENTS, MOMENTS, st.integers(0, 60), st.sampled_from(["m", "h", "wh"]))
def test_who_begins_later_does_not_end_earlier(calendar, one, other, amount, unit):
    early, late = sorted([one, other])
    period = Period(amount, unit)
    assert calendar.add(early, period) <= calendar.add(late, period)


@given(CALENDARS, MOMENTS, st.integers(0, 120))
def test_working_days_end_in_working_time_of_a_working_day(calendar, start, days):
    end = calendar.add(start, Period(days, "wd"))
    assert end >= start
    assert calendar.between(start, end) >= timedelta(0)
    assert end - start >= timedelta(days=days) - timedelta(hours=2)


@given(CALENDARS, MOMENTS)
def test_the_next_working_moment_is_one(calendar, moment):
    assert calendar.is_working(calendar.next_working(moment))
    assert calendar.is_working(calendar.next_opening(moment))
    assert calendar.last_working(moment, margin=timedelta(hours=1)) <= moment


@given(st.integers(0, 99_999), st.sampled_from(["m", "h", "d", "wh", "wd"]))
def test_a_period_is_written_as_it_is_read(amount, unit):
    assert Period.parse(str(Period(amount, unit))) == Period(amount, unit)

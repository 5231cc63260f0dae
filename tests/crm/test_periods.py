"""Periods by their words, in local days, over changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules.periods import next_at, parse, running

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
# A Thursday, 00:30 on 15 October in Shanghai: still Wednesday in UTC.
NOW = datetime(2026, 10, 14, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("today", "2026-10-15", "2026-10-15"),
        ("今天", "2026-10-15", "2026-10-15"),
        ("yesterday", "2026-10-14", "2026-10-14"),
        ("week", "2026-10-12", "2026-10-18"),
        ("本周", "2026-10-12", "2026-10-18"),
        ("last week", "2026-10-05", "2026-10-11"),
        ("上周", "2026-10-05", "2026-10-11"),
        ("This  Month", "2026-10-01", "2026-10-31"),
        ("上个月", "2026-09-01", "2026-09-30"),
        ("上月", "2026-09-01", "2026-09-30"),
        ("quarter", "2026-10-01", "2026-12-31"),
        ("上季度", "2026-07-01", "2026-09-30"),
        ("去年", "2025-01-01", "2025-12-31"),
        ("30d", "2026-09-16", "2026-10-15"),
        ("last 7 days", "2026-10-09", "2026-10-15"),
        ("近30天", "2026-09-16", "2026-10-15"),
        ("2周", "2026-10-02", "2026-10-15"),
        ("2026-10", "2026-10-01", "2026-10-31"),
        ("2026年2月", "2026-02-01", "2026-02-28"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-10-05", "2026-10-05", "2026-10-05"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-10-01..2026-10-10", "2026-10-01", "2026-10-10"),
        ("2026年10月1日到2026年10月10日", "2026-10-01", "2026-10-10"),
    ],
)
def test_words_name_whole_local_days(words: str, first: str, last: str) -> None:
    period = parse(words, NOW, SHANGHAI)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "words",
    ["", "soon", "2026-13", "2026-02-30", "0d", "9999d", "99999999999d", "2026-10..2026-09", "week week", "大概"],
)
def test_other_words_name_none(words: str) -> None:
    with pytest.raises(ValueError, match="no period"):
        parse(words, NOW, SHANGHAI)


@pytest.mark.parametrize(
    ("words", "before"),
    [
        ("week", ("2026-10-05", "2026-10-11")), ("30d", ("2026-08-17", "2026-09-15")),
        ("2026-03", ("2026-02-01", "2026-02-28")), ("2026-01", ("2025-12-01", "2025-12-31")),
        ("2028", ("2027-01-01", "2027-12-31")), ("2026-10-01..2026-10-03", ("2026-09-28", "2026-09-30")),
    ],
)  # fmt: skip
def test_the_period_before_is_of_the_same_kind(words: str, before: tuple[str, str]) -> None:
    found = parse(words, NOW, SHANGHAI).previous()
    assert (found.first.isoformat(), found.last.isoformat()) == before


def test_a_day_of_a_clock_change_is_as_long_as_it_is() -> None:
    lengths = [parse(day, NOW, NEW_YORK) for day in ("2026-03-08", "2026-11-01", "2026-07-01")]
    assert [(day.end - day.start) / timedelta(hours=1) for day in lengths] == [23, 25, 24]


def test_the_same_point_of_the_period_before_is_the_same_wall_time() -> None:
    now = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)
    assert parse("week", now, NEW_YORK).mirror(now) == datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
    assert parse("month", datetime(2026, 3, 31, 1, tzinfo=UTC), SHANGHAI).mirror(
        datetime(2026, 3, 31, 1, tzinfo=UTC)
    ) == datetime(2026, 2, 28, 1, tzinfo=UTC)


@given(
    moment=st.integers(0, 8_000_000).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    at=st.times(),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Cairo"]),
)
def test_the_next_time_comes_later_and_within_a_day_and_some(moment: datetime, at: time, zone: str) -> None:
    coming = next_at(at, moment, ZoneInfo(zone))
    assert timedelta(0) < coming - moment <= timedelta(hours=25)
    assert (
        next_at(at, coming, ZoneInfo(zone)).astimezone(ZoneInfo(zone)).date() > coming.astimezone(ZoneInfo(zone)).date()
    )


@given(day=st.dates(date(2000, 1, 1), date(2040, 1, 1)), days=st.integers(1, 400))
def test_running_days_follow_each_other_without_a_gap(day: date, days: int) -> None:
    period = running(days, day, NEW_YORK)
    assert period.previous().end == period.start
    assert (period.last - period.first).days == days - 1

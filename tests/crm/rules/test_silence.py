"""When silence is unusual: nights and weekends that were seen are usual, a longer pause is not."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules.silence import FEWEST, usual_pause

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def office(days: int) -> list[datetime]:
    """Something every hour from nine to five, Monday to Friday."""
    found = (MONDAY + timedelta(days=day, hours=hour) for day in range(days) for hour in range(9, 17))
    return [moment for moment in found if moment.isoweekday() < 6]


def test_a_weekend_that_was_seen_is_usual_and_a_quarter_more_is_allowed():
    assert usual_pause(office(12)) == timedelta(hours=65) * 1.25


def test_before_the_first_weekend_a_night_is_the_longest_pause():
    assert usual_pause(office(5)) == timedelta(hours=17) * 1.25


def test_a_source_that_never_rests_may_rest_for_two_hours():
    assert usual_pause([MONDAY + timedelta(hours=hour) for hour in range(100)]) == timedelta(hours=2)


@pytest.mark.parametrize("hours", [[], office(1), office(3), [MONDAY, MONDAY + timedelta(days=9)]])
def test_of_little_history_nothing_is_said(hours):
    assert usual_pause(hours) is None


@given(st.sets(st.integers(0, 600), min_size=FEWEST))
def test_no_pause_that_was_seen_is_unusual(numbers):
    hours = [MONDAY + timedelta(hours=number) for number in sorted([*numbers, 601, 700])]
    usual = usual_pause(hours)
    assert usual is not None
    assert all(later - earlier < usual for earlier, later in pairwise(hours))

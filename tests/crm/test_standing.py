"""A clock that stands still now and then: no time is lost, none is given away, over zones, holidays and leave."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar import Calendar
from crm.errors import RuleSetInvalid
from crm.period import Period
from crm.rules.facts import LeadFacts
from crm.rules.recycle import applying, deadlines, due_steps
from crm.rules.ruleset import parse
from crm.rules.standing import merged, over

SHANGHAI = Calendar(ZoneInfo("Asia/Shanghai"), country="CN")
NEW_YORK = Calendar(ZoneInfo("America/New_York"), country="US")
KIRIBATI, SAMOA = Calendar(ZoneInfo("Pacific/Kiritimati")), Calendar(ZoneInfo("Pacific/Pago_Pago"))
START = datetime(2026, 3, 4, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.lists(
    st.tuples(MOMENTS, st.timedeltas(timedelta(0), 40 * DAY)).map(lambda s: (s[0], s[0] + s[1])), max_size=5
)
CALENDARS = st.sampled_from([SHANGHAI, NEW_YORK, KIRIBATI, SAMOA])


@given(MOMENTS, st.integers(1, 900), SPANS, CALENDARS)
def test_hours_run_outside_the_stops_only(begun, hours, spans, calendar):
    due = over(begun, Period(hours, "h"), calendar, spans)
    stood = sum((max(min(end, due) - max(start, begun), 0 * HOUR) for start, end in merged(spans)), 0 * HOUR)
    assert due - begun == hours * HOUR + stood


@given(MOMENTS, st.integers(1, 200), SPANS, CALENDARS)
def test_working_hours_run_outside_the_stops_only(begun, hours, spans, calendar):
    due = over(begun, Period(hours, "wh"), calendar, spans)
    stood = sum((calendar.between(max(start, begun), min(end, due)) for start, end in merged(spans)), 0 * HOUR)
    assert calendar.between(begun, due) - stood == hours * HOUR


@given(MOMENTS, st.sampled_from([Period(5, "d"), Period(3, "wd"), Period(90, "m")]), SPANS, CALENDARS)
def test_a_stop_brings_nothing_nearer_and_one_that_is_over_before_changes_nothing(begun, period, spans, calendar):
    plain = calendar.add(begun, period)
    assert over(begun, period, calendar, spans) >= plain
    before = [(start, end) for start, end in spans if end <= begun]
    assert over(begun, period, calendar, before) == plain


def test_days_keep_the_local_time_of_day_over_a_change_of_clocks():
    away = Calendar(ZoneInfo("America/New_York"), away=((date(2026, 3, 5), date(2026, 3, 14)),))
    due = over(START, Period(7, "d"), NEW_YORK, away.absences())
    # Clocks go forward on 8 March: the time of day stays, the hours are one less.
    assert due == START + 17 * DAY - HOUR


RULES = parse(
    """
recycle:
- {name: stuck, stuck_in_stage: 5d}
- {name: calls, no_follow_up: 7d, leave: pauses}
exempt: [{name: deal, when: {field: funnel, value: opportunity}}]
warn: [3d, {before: 1d, copy: manager}, {before: 2h, copy: [manager, above]}]
"""
)


def facts(**more):
    return LeadFacts(**{"id": 1, "owner_id": 7, "assigned_at": START, "created_at": START} | more)


def clock(calendar=SHANGHAI, stops=None, **more):
    found = deadlines(facts(**more), rules=RULES, calendar=calendar, now=START, stops=stops)
    return found.rule, found.recycle_at


def test_a_stage_is_counted_from_its_entry_and_never_from_before_the_assignment():
    assert clock(stage_entered_at=START - 9 * DAY) == ("stuck", START + 5 * DAY)
    assert clock(stage_entered_at=START + DAY) == ("stuck", START + 6 * DAY)
    assert clock(stage_entered_at=START + 4 * DAY) == ("calls", START + 7 * DAY)


def test_a_lead_that_is_exempt_has_no_clock():
    assert applying(facts(funnel="opportunity"), RULES) == ()


def test_days_of_leave_count_only_where_the_rule_says_so():
    away = Calendar(ZoneInfo("Asia/Shanghai"), away=((START.date(), (START + 3 * DAY).date()),))
    # Called on the first day of leave at ten: the clock begins at the midnight after the last.
    assert clock(away, stage_entered_at=START + 9 * DAY) == ("calls", datetime(2026, 3, 14, 16, tzinfo=UTC))
    assert clock(away) == ("stuck", START + 5 * DAY)


def test_a_pause_concerns_its_own_rule():
    assert clock(stops={"stuck": [(START, START + DAY)]}) == ("stuck", START + 6 * DAY)
    assert clock(stops={"calls": [(START, START + DAY)]}) == ("stuck", START + 5 * DAY)


def test_the_ladder_says_who_reads_along():
    steps = RULES.steps
    assert [step.copied(last=number == 2) for number, step in enumerate(steps)] == [
        (), ("manager",), ("manager", "above"),
    ]  # fmt: skip
    plain = parse("warn: [1d, 2h]").steps
    assert [step.copied(last=number == 1) for number, step in enumerate(plain)] == [(), ("manager",)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("warn: [{before: 1d, copy: boss}]", "takes one of 'manager' or 'above', not 'boss'"),
        ("contact: [{name: a, when: {field: level, value: A}}]", "name what it forbids"),
        (
            "exempt: [{name: a, when: {field: level, value: A}}, {name: a, when: {field: level, value: B}}]",
            "used twice",
        ),
        ("nurture: {longest: 5wd}", "working time"),
    ],
)
def test_a_mistake_in_these_rules_is_told(text, problem):
    with pytest.raises(RuleSetInvalid) as refused:
        parse(text)
    assert problem in refused.value.data["problem"]


def test_steps_that_fall_on_one_moment_are_due_together_and_not_before():
    moments = [START, START + DAY, START + DAY, START + 2 * DAY]
    assert due_steps(moments, START, 0) == range(1)
    assert due_steps(moments, START + DAY, 2) == range(1, 3)
    assert due_steps(moments, START + 3 * DAY, 0) == range(4)

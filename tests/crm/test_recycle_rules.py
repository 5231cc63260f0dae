"""The recycle clock, by table and over random histories: never early, and always the same for display and decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar import Calendar
from crm.rules.facts import LeadFacts
from crm.rules.recycle import Deadlines, anchors, deadlines, next_step, warnings
from crm.rules.ruleset import parse

RULES = parse(
    """
recycle:
- name: contact
  no_first_contact: 8wh
- name: vip calls
  when: {field: level, value: A}
  no_follow_up: 2d
- name: calls
  no_follow_up: 7d
- name: sale
  when: {not: {field: funnel, value: opportunity}}
  not_converted: 30d
warn: [1d, 3d, 2h]
task_hold: {grace: 1d, cap: 5d}
"""
)
SHANGHAI = Calendar(ZoneInfo("Asia/Shanghai"), country="CN")
NEW_YORK = Calendar(ZoneInfo("America/New_York"))
START = datetime(2026, 3, 4, 2, tzinfo=UTC)  # ten in the morning in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OWNED = LeadFacts(id=1, owner_id=7, assigned_at=START, created_at=START)


def clock(now=START, calendar=SHANGHAI, rules=RULES, **facts):
    return deadlines(replace(OWNED, **facts), rules=rules, calendar=calendar, now=now)


@pytest.mark.parametrize(
    ("facts", "after", "rule"),
    [
        pytest.param({}, 8 * HOUR, "contact", id="nobody has called"),
        pytest.param({"contacted_at": START + HOUR}, 7 * DAY, "calls", id="called once"),
        pytest.param({"contacted_at": START + HOUR, "followed_up_at": START + 3 * DAY}, 10 * DAY, "calls", id="again"),
        pytest.param({"contacted_at": START, "followed_up_at": START + 25 * DAY}, 30 * DAY, "sale", id="no sale"),
        pytest.param(
            {"contacted_at": START, "followed_up_at": START + 25 * DAY, "funnel": "opportunity"}, 32 * DAY, "calls",
            id="an opportunity may take longer",
        ),
        pytest.param({"contacted_at": START, "level": "A"}, 2 * DAY, "vip calls", id="an important customer"),
        pytest.param({"contacted_at": START - 9 * DAY}, 8 * HOUR, "contact", id="a contact of a former owner"),
        pytest.param(
            {"contacted_at": START - 9 * DAY, "followed_up_at": START + HOUR}, 7 * DAY + HOUR, "calls",
            id="a follow-up of the present owner is a contact",
        ),
        pytest.param({"followed_up_at": START + HOUR}, 8 * HOUR, "contact", id="an attempt is no contact"),
        pytest.param({"contacted_at": START, "planned_at": START + 8 * DAY}, 9 * DAY, "calls", id="a plan holds"),
        pytest.param({"contacted_at": START, "planned_at": START + 80 * DAY}, 12 * DAY, "calls", id="up to a cap"),
        pytest.param({"contacted_at": START, "planned_at": START + DAY}, 7 * DAY, "calls", id="an early plan"),
        pytest.param({"contacted_at": START, "extended_until": START + 9 * DAY}, 9 * DAY, "calls", id="extended"),
        pytest.param({"contacted_at": START, "protected_until": START + 20 * DAY}, 20 * DAY, "calls", id="protected"),
    ],
)  # fmt: skip
def test_when_and_why_a_lead_goes_back(facts, after, rule):
    found = clock(**facts)
    assert (found.recycle_at, found.rule) == (START + after, rule)


@pytest.mark.parametrize(
    "facts",
    [{"owner_id": None}, {"status": "won"}, {"status": "lost"}, {"origin": "self"}, {"assigned_at": None}],
    ids=str,
)
def test_some_leads_have_no_clock(facts):
    assert clock(**facts) == Deadlines()


def test_without_rules_nothing_is_recycled():
    assert clock(rules=parse("recycle: []")) == Deadlines()


def local(words):
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_the_ladder_stands_in_the_working_time():
    moments = warnings(local("2026-03-09 03:00"), rules=RULES, calendar=SHANGHAI)
    # Three days before is a Friday at night, one day before a Sunday, two hours before the small hours of Monday.
    assert moments == [local("2026-03-05 17:00"), local("2026-03-06 17:00"), local("2026-03-06 17:00")]


def test_of_steps_at_one_moment_the_last_counts():
    friday = local("2026-03-06 17:00")
    assert next_step([local("2026-03-05 17:00"), friday, friday], after=local("2026-03-06 00:00")) == 2
    assert next_step([friday, friday], after=friday) == 2


def test_a_new_clock_begins_with_the_first_step_to_come():
    found = clock(contacted_at=START, now=START + 5 * DAY)
    assert (found.warn_step, found.warn_at) == (1, START + 6 * DAY)


def test_a_clock_that_stays_keeps_its_step_even_if_it_is_late():
    found = clock(contacted_at=START, recycle_at=START + 7 * DAY, warn_step=1, now=START + 6 * DAY + HOUR)
    assert (found.warn_step, found.warn_at) == (1, START + 6 * DAY)


def test_after_the_last_step_there_is_none():
    assert clock(contacted_at=START, recycle_at=START + 7 * DAY, warn_step=3).warn_at is None


FIRST, LAST = datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2029-01-01")
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
SOME = st.none() | MOMENTS
HISTORIES = st.builds(
    replace, st.just(OWNED), assigned_at=MOMENTS, contacted_at=SOME, followed_up_at=SOME, planned_at=SOME,
    extended_until=SOME, protected_until=SOME, level=st.sampled_from([None, "A"]),
    funnel=st.sampled_from(["new", "opportunity"]),
)  # fmt: skip
CALENDARS = st.sampled_from([SHANGHAI, NEW_YORK])


@given(HISTORIES, CALENDARS, MOMENTS)
def test_a_clock_never_ends_before_the_assignment_allows(facts, calendar, now):
    found = deadlines(facts, rules=RULES, calendar=calendar, now=now)
    rule = RULES.recycle_rule(found.rule)
    assert rule is not None
    assert found.recycle_at >= calendar.add(facts.assigned_at, rule.period)


@given(HISTORIES, CALENDARS, MOMENTS, MOMENTS)
def test_the_deadline_does_not_depend_on_when_it_is_computed(facts, calendar, one, other):
    shown = deadlines(facts, rules=RULES, calendar=calendar, now=one)
    enforced = deadlines(facts, rules=RULES, calendar=calendar, now=other)
    assert (shown.recycle_at, shown.rule) == (enforced.recycle_at, enforced.rule)


@given(HISTORIES, CALENDARS, MOMENTS)
def test_whoever_logs_again_never_loses_time(facts, calendar, now):
    later = replace(facts, followed_up_at=max(facts.followed_up_at or now, now), contacted_at=facts.contacted_at or now)
    before = deadlines(facts, rules=RULES, calendar=calendar, now=now)
    assert deadlines(later, rules=RULES, calendar=calendar, now=now).recycle_at >= before.recycle_at


@given(HISTORIES, CALENDARS, MOMENTS)
def test_warnings_come_while_people_work_and_before_the_end(facts, calendar, now):
    found = deadlines(facts, rules=RULES, calendar=calendar, now=now)
    moments = warnings(found.recycle_at, rules=RULES, calendar=calendar)
    assert all(calendar.is_working(moment) and moment < found.recycle_at for moment in moments)
    assert moments == sorted(moments)
    assert found.warn_at is None or found.warn_at > now


@given(HISTORIES, HISTORIES, MOMENTS)
def test_leads_with_the_same_anchors_and_rules_have_the_same_clock(one, other, now):
    alike = replace(
        one, assigned_at=other.assigned_at, followed_up_at=other.followed_up_at, contacted_at=other.contacted_at,
        extended_until=other.extended_until, protected_until=other.protected_until, planned_at=other.planned_at,
        level=other.level, funnel=other.funnel, id=99, score=5, product="tea",
    )  # fmt: skip
    assert anchors(alike) == anchors(other)
    first, second = (deadlines(facts, rules=RULES, calendar=SHANGHAI, now=now) for facts in (alike, other))
    assert first == second

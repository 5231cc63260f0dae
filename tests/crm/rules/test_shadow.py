"""Leads dealt once more: none gets lost, nobody gets more than a cap allows, and what was due adds up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar import Calendar
from crm.rules.candidate import Candidate
from crm.rules.ruleset import parse
from crm.rules.shadow import Came, Seat, Shadow

START = datetime(2026, 3, 2, tzinfo=UTC)
ALWAYS = Calendar(ZoneInfo("UTC"), time(0), time(0), frozenset(range(1, 8)))
DAYS = Calendar(ZoneInfo("Asia/Shanghai"))


def seat(member, *, calendar=ALWAYS, capacity=None, held=0, department="north"):
    one = Candidate(
        member, active=True, on_duty=False, on_leave=False, working=False, holding=99, capacity=capacity, dealt_today=9,
        departments=("company", department),
    )  # fmt: skip
    return Seat(one, calendar, held)


def rules(fields=""):
    return parse(f"dispatch: [{{name: all, nobody: hold, {fields}}}]").dispatch


def run(seats, leads, fields="", changes=(), days=3):
    """The tally after so many days."""
    shadow = Shadow(rules(fields), seats, {"all": [one.candidate.member_id for one in seats]}, changes)
    for lead in leads:
        shadow.deal(lead)
    return shadow.finish(START + timedelta(days=days))


def came(*hours, **facts):
    return [Came(number, START + timedelta(hours=hour), **({"rule": 0} | facts)) for number, hour in enumerate(hours)]


leads = st.lists(
    st.builds(
        Came, lead_id=st.integers(1, 99),
        at=st.integers(0, 60 * 48).map(lambda minutes: START + timedelta(minutes=minutes)),
        rule=st.sampled_from([0, 0, 0, None]), known=st.sampled_from([None, None, 1, 7]),
        kept=st.sampled_from([None, timedelta(hours=3)]), counts=st.booleans(),
    ),
    max_size=40,
).map(lambda found: sorted(found, key=lambda lead: lead.at))  # fmt: skip
ROOM = st.sampled_from([None, 0, 1, 3])
FIELDS = st.sampled_from(
    [
        "", "caps: {per_day: 2}", "caps: {per_week: 3}", "nobody: pool", "strategy: least_loaded", "mode: group",
        "strategy: weighted, weights: {default: 2}", "mode: desk", "working_hours: false", "nobody: manager",
        "shares: {north: 1, south: 2}", "shares: {north: 1, south: 2}, full_branch: wait",
    ]
)  # fmt: skip


@given(leads, st.lists(ROOM, min_size=1, max_size=4), FIELDS, st.booleans())
def test_no_lead_is_lost_and_what_is_due_adds_up(found, rooms, fields, by_day):
    where = ("north", "south")
    seats = [
        seat(number, capacity=room, calendar=DAYS if by_day else ALWAYS, department=where[number % 2])
        for number, room in enumerate(rooms, 1)
    ]
    fields = fields if "nobody" in fields else f"nobody: hold, {fields}"
    shadow = Shadow(
        parse(f"dispatch: [{{name: all, {fields}}}]").dispatch, seats, {"all": list(range(1, len(rooms) + 1))}
    )
    for lead in found:
        shadow.deal(lead)
    tally = shadow.finish(START + timedelta(days=3))
    assert sum(tally.outcomes.values()) == len(found)
    assert sum(tally.got.values()) == tally.outcomes["dealt"] + tally.outcomes["known"]
    assert sum(tally.due.values()) == pytest.approx(sum(tally.in_turn.values()))
    assert [tally.got[number] for number, room in enumerate(rooms, 1) if room == 0] == [0] * rooms.count(0)


@given(st.integers(1, 5), st.integers(0, 40))
def test_in_turn_everybody_gets_what_is_due(people, many):
    tally = run([seat(number) for number in range(1, people + 1)], came(*range(many)), days=10)
    assert all(abs(tally.got[number] - tally.due[number]) < 1 for number in range(1, people + 1))


def test_the_day_begins_anew_where_the_member_is():
    tally = run([seat(1)], came(0, 1, 2, 24.5, 25), fields="caps: {per_day: 2}")
    assert (tally.got[1], tally.waits) == (5, [timedelta(hours=22), timedelta(hours=23)])


def test_whoever_is_full_has_room_again_when_a_lead_is_let_go():
    tally = run([seat(1, capacity=1)], came(0, 1, kept=timedelta(hours=6)))
    assert (tally.got[1], tally.waits) == (2, [timedelta(hours=5)])


def test_what_was_held_besides_leaves_less_room():
    tally = run([seat(1, capacity=2, held=1)], came(0, 1, 2))
    assert (tally.got[1], tally.outcomes["held"]) == (1, 2)


def test_room_that_came_from_elsewhere_is_used():
    later = START + timedelta(hours=4)
    tally = run([seat(1, capacity=1, held=1)], came(0), changes=[(later, 1, -1)])
    assert tally.waits == [timedelta(hours=4)]


def test_nobody_on_leave_is_dealt_anything():
    away = Calendar(
        ZoneInfo("UTC"), time(0), time(0), frozenset(range(1, 8)), away=((date(2026, 3, 2), date(2026, 3, 2)),)
    )
    tally = run([seat(1, calendar=away)], came(1))
    assert tally.waits == [timedelta(hours=23)]


def test_a_known_customer_stays_with_who_knows_them():
    tally = run([seat(1), seat(2)], came(0, 1, 2, 3, known=2))
    assert (tally.got, tally.outcomes["known"]) == (Counter({2: 4}), 4)


def test_what_fits_no_rule_lies_in_a_pool():
    assert run([seat(1)], came(0, rule=None)).outcomes["pooled"] == 1

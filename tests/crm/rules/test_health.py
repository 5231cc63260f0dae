"""What is unhealthy about a week, and which change of the rules is suggested."""

from datetime import timedelta

import pytest

from crm.rules import health
from crm.rules.edits import edited
from crm.rules.health import Health, Rep, Speed, Starving
from crm.rules.ruleset import parse

TEXT = """
claim: {per_day: 30, capacity: {default: 200}}
recycle: [{name: calls, no_first_contact: 3d}]
dispatch: [{name: web}]
"""
RULES = parse(TEXT)
EVERY = (health.against_hoarding, health.against_dropping, health.against_slowness, health.against_starving)
HOUR = timedelta(hours=1)


def rep(number, *, held=10, idle=0, active=8, claimed=0, dropped=0):
    return Rep(number, f"Rep {number}", held, idle, active, claimed, dropped)


def week(*reps, now=None, before=None, starving=()):
    return Health(reps, Speed(20, now), Speed(80, before), starving)


def test_a_hoard_suggests_room_for_what_the_busiest_works_on():
    found = week(rep(1, held=180, idle=90), rep(2, held=110, active=96), rep(3, held=50, idle=20))
    assert [one.member_id for one in found.hoarders] == [1, 3]
    change = health.against_hoarding(found, RULES)
    assert (change.written, change.was) == ("set claim.capacity.default 120", "200")


def test_a_cap_of_the_role_is_the_one_to_lower():
    rules = parse("claim: {capacity: {default: 500, roles: {rep: 300}}}")
    change = health.against_hoarding(week(rep(1, held=290, idle=200)), rules)
    assert (change.path, change.was) == ("claim.capacity.roles.rep", "300")


@pytest.mark.parametrize(
    "hoard",
    [
        rep(1, held=9, idle=4),  # too few to be more than an oversight
        rep(1, held=100, idle=20),  # a small part
        rep(1, held=20, idle=18),  # no cap that leaves room for anybody would help
    ],
)
def test_no_capacity_is_suggested_where_none_would_help(hoard):
    assert health.against_hoarding(week(hoard), RULES) is None


def test_claim_and_drop_suggests_the_claims_that_somebody_who_works_needs():
    found = week(rep(1, claimed=60, dropped=50), rep(2, claimed=36, dropped=1))
    assert [one.member_id for one in found.droppers] == [1]
    assert health.against_dropping(found, RULES).written == "set claim.per_day 7"


def test_few_dropped_claims_are_chance():
    assert health.against_dropping(week(rep(1, claimed=50, dropped=10), rep(2, claimed=4, dropped=4)), RULES) is None


def test_slower_first_contacts_suggest_less_time_for_them():
    found = week(rep(1), now=3 * HOUR, before=HOUR)
    assert found.is_slower
    assert health.against_slowness(found, RULES).written == "set recycle.calls.no_first_contact 1d"
    assert health.against_slowness(found, parse("recycle: [{name: x, no_first_contact: 12h}]")) is None


@pytest.mark.parametrize(("now", "before"), [(HOUR, HOUR), (None, HOUR), (HOUR / 3, HOUR / 6), (HOUR, None)])
def test_a_speed_that_is_hardly_another_is_none(now, before):
    assert not week(rep(1), now=now, before=before).is_slower


def test_who_starves_for_the_hours_suggests_leads_at_any_hour():
    late, full = Starving(1, "A", "web", "out_of_hours"), Starving(2, "B", "web", "at_capacity")
    assert health.against_starving(week(starving=(late, full)), RULES).written == "set dispatch.web.working_hours false"
    assert health.against_starving(week(starving=(full,)), RULES) is None


def test_every_suggestion_can_be_written_into_the_rules():
    sick = week(
        rep(1, held=180, idle=90, claimed=60, dropped=50), now=3 * HOUR, before=HOUR,
        starving=(Starving(1, "A", "web", "out_of_hours"),),
    )  # fmt: skip
    made = TEXT
    for suggest in EVERY:
        change = suggest(sick, RULES)
        made = edited(made, change.path, change.value)
    rules = parse(made)
    assert (rules.claim.capacity.default, rules.claim.per_day, rules.dispatch[0].working_hours) == (20, 5, False)
    assert str(rules.recycle[0].no_first_contact) == "1d"


def test_a_rule_whose_name_no_path_can_tell_is_left_alone():
    rules = parse("recycle: [{name: v1.5, no_first_contact: 3d}]")
    assert health.against_slowness(week(rep(1), now=3 * HOUR, before=HOUR), rules) is None


def test_a_healthy_week_suggests_nothing():
    found = week(rep(1), rep(2), now=HOUR, before=HOUR)
    assert [suggest(found, RULES) for suggest in EVERY] == [None] * 4

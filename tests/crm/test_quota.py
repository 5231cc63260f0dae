"""Capacity by the most specific entry; days and weeks by the member's own clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from crm.rules import quota
from crm.rules.ruleset import parse

RULES = parse(
    """
claim:
  per_day: 20
  cool_down: 7d
  capacity:
    default: 100
    roles: {success: null, service: 7}
    levels: {A: 5}
    sources: {ads: 3}
    exclude_stages: [quote]
    departments: {company: 90, north: 60}
    members: {Ann@acme.example: 40, 王芳: 30}
pools:
  north: {per_day: 5, embargo: 2h}
"""
)
ANN = {"role": "rep", "departments": ["company", "north"], "email": "ann@acme.example"}


@pytest.mark.parametrize(
    ("changes", "capacity"),
    [
        ({}, 40),
        ({"email": "bob@acme.example"}, 60),
        ({"email": None}, 60),
        ({"email": None, "name": "王芳"}, 30),
        ({"email": None, "departments": ["company", "south"]}, 90),
        ({"email": None, "departments": []}, 100),
        ({"email": None, "role": "success"}, None),
        ({"role": "success"}, 40),
        ({"email": None, "role": "service"}, 7),
    ],
)
def test_the_most_specific_capacity_wins(changes, capacity):
    assert quota.capacity_for(RULES, **ANN | changes) == capacity


@pytest.mark.parametrize(
    ("level", "source", "caps"),
    [
        ("A", "ads", [("level", "A", 5), ("source", "ads", 3)]),
        ("A", None, [("level", "A", 5)]),
        (None, "ads", [("source", "ads", 3)]),
        ("B", "web", []),
        (None, None, []),
    ],
)
def test_a_lead_falls_under_the_caps_of_its_level_and_source(level, source, caps):
    found = quota.extra_caps(RULES, level=level, source=source)
    assert [(cap.by, cap.value, cap.cap) for cap in found] == caps


@pytest.mark.parametrize(
    ("origin", "stage", "counted"),
    [("company", "new", True), ("company", "quote", False), ("self", "new", False), ("self", "quote", False)],
)
def test_what_one_found_oneself_and_what_the_rules_except_take_no_room(origin, stage, counted):
    assert quota.counts(RULES, origin=origin, stage=stage) is counted


@pytest.mark.parametrize(
    ("capacity", "depends"),
    [("levels: {A: 5}", True), ("sources: {ads: 3}", True), ("exclude_stages: [quote]", True), ("default: 100", False)],
)
def test_what_a_free_place_is_worth_depends_on_the_lead_where_kinds_are_capped(capacity, depends):
    assert quota.by_kind(parse(f"claim: {{capacity: {{{capacity}}}}}")) is depends


@pytest.mark.parametrize(
    ("pool", "counted"),
    [("{per_day: 5}", True), ("{per_week: 5}", True), ("{turn: {claims: 2, per: 1d}}", True), ("{embargo: 2h}", False)],
)
def test_a_pools_own_claims_are_counted_where_it_limits_them(pool, counted):
    assert quota.policy(parse(f"pools: {{north: {pool}}}"), "north").counts_claims is counted


def test_a_month_is_the_members_own():
    new_year = datetime(2025, 12, 31, 20, tzinfo=UTC)
    zones = ("Asia/Shanghai", "America/New_York")
    found = [quota.month_of(new_year, ZoneInfo(zone)) for zone in zones]
    assert found == [date(2026, 1, 1), date(2025, 12, 1)]


def test_a_pool_says_only_what_is_different():
    north, other = quota.policy(RULES, "north"), quota.policy(RULES, "open")
    assert (north.per_day, str(north.embargo), str(north.cool_down)) == (5, "2h", "7d")
    assert (other.per_day, str(other.embargo), other.per_week) == (None, "0h", None)


SUNDAY = datetime(2026, 3, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "week", "fresh", "fresh_week"),
    [
        ("Pacific/Kiritimati", date(2026, 3, 9), date(2026, 3, 9), "2026-03-09 10:00", "2026-03-15 10:00"),
        ("Pacific/Pago_Pago", date(2026, 3, 8), date(2026, 3, 2), "2026-03-09 11:00", "2026-03-09 11:00"),
        ("Asia/Shanghai", date(2026, 3, 8), date(2026, 3, 2), "2026-03-08 16:00", "2026-03-08 16:00"),
        ("America/New_York", date(2026, 3, 8), date(2026, 3, 2), "2026-03-09 04:00", "2026-03-09 04:00"),
    ],
)
def test_days_and_weeks_are_the_members_own(zone, day, week, fresh, fresh_week):
    here = ZoneInfo(zone)
    assert (quota.day_of(SUNDAY, here), quota.week_of(SUNDAY, here)) == (day, week)
    assert quota.next_day(SUNDAY, here) == datetime.fromisoformat(fresh).replace(tzinfo=UTC)
    assert quota.next_week(SUNDAY, here) == datetime.fromisoformat(fresh_week).replace(tzinfo=UTC)

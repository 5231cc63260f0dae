"""Points and their reasons, as pure figures: what adds up, and when the sum changes by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import RuleSetInvalid
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import parse
from crm.rules.score import Profile, score
from tests.build import NOW

RULES = parse(
    """
score:
  points:
    - {name: hot source, when: {field: source, value: web}, points: 30}
    - {name: dealer, when: {field: tags, op: contains, value: dealer}, points: -40}
  sources: {fair: 7}
  levels: {A: 20}
  fit: {phone: 3, amount: 2}
  touches: {each: 5, most: 12}
  activity: {contacted: 1, opportunity: 9}
  recency: [{within: 7d, points: 10}, {within: 1d, points: 20}]
"""
).score
BARE = Profile(frozenset(), NOW - timedelta(days=30))
MOMENTS = st.integers(0, 12 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def of(lead, profile=BARE, now=NOW):
    return score(lead, profile, RULES, now)


def test_all_that_fits_adds_up_with_its_reason():
    fresh = Profile(frozenset({"phone", "wechat"}), NOW)
    made = of(LeadFacts(source="web", level="A", amount=Decimal(5), touches=3), fresh)
    assert made.points == 30 + 20 + 3 + 2 + 10 + 20
    assert dict(made.reasons) == {
        "rule:hot source": 30, "level:A": 20, "fit:phone": 3, "fit:amount": 2, "touches:3": 10, "recency:1d": 20,
    }  # fmt: skip


def test_what_counts_against_a_lead_never_makes_it_less_than_nothing():
    made = of(LeadFacts(source="fair", tags=("dealer",)))
    assert (made.points, dict(made.reasons)) == (0, {"rule:dealer": -40, "source:fair": 7})


def test_touches_count_up_to_the_most():
    assert of(LeadFacts(touches=1)).points == 0
    assert of(LeadFacts(touches=9)).points == 12


def test_the_farthest_step_counts_that_has_points():
    assert of(LeadFacts(funnel="opportunity")).points == 9
    assert of(LeadFacts(funnel="qualified")).points == 1
    assert of(LeadFacts(funnel="new", contacted_at=NOW)).points == 1


def test_freshness_falls_by_steps_and_says_when():
    came = Profile(frozenset(), NOW)
    steps = [of(LeadFacts(), came, NOW + timedelta(days=days)) for days in (0, 1, 7)]
    assert [made.points for made in steps] == [20, 10, 0]
    assert [made.next_at for made in steps] == [NOW + timedelta(days=1), NOW + timedelta(days=7), None]


@given(MOMENTS, MOMENTS)
def test_between_two_changes_that_it_names_a_score_stays(one, other):
    first, second = sorted((one, other))
    before, after = (of(LeadFacts(), Profile(frozenset(), NOW), moment) for moment in (first, second))
    alike = before.next_at is None or second < before.next_at
    assert (before == after) is alike


@pytest.mark.parametrize("field", ["score", "pool", "status", "department"])
def test_points_depend_on_the_lead_itself_alone(field):
    op = f"{{field: {field}, op: exists, value: true}}"
    with pytest.raises(RuleSetInvalid) as refused:
        parse(f"score: {{points: [{{name: x, when: {{not: {{any: [{op}, {{all: [{op}]}}]}}}}, points: 1}}]}}")
    assert f"points cannot depend on {field};" in refused.value.data["problem"]


def test_two_extra_points_of_one_name_are_a_mistake():
    with pytest.raises(RuleSetInvalid) as refused:
        parse("score: {points: [{name: x, points: 1}, {name: x, points: 2}]}")
    assert "used twice" in refused.value.data["problem"]

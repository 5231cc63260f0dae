"""Turns: equal shares, nobody favoured, and no flood or drought after an absence."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crm.rules.dispatch import Candidate, Cursor, Rotation, first_match
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import parse

RULE = parse("dispatch: [{name: all}]").dispatch[0]
CAPPED = parse("dispatch: [{name: all, caps: {per_day: 3}}]").dispatch[0]


def rep(member_id, **changes):
    usual = {
        "active": True, "on_duty": True, "on_leave": False, "working": True, "holding": 0, "capacity": None,
        "dealt_today": 0,
    }  # fmt: skip
    return Candidate(member_id=member_id, **usual | changes)


def deal(reps, cursor, many, rule=RULE):
    rotation, dealt = Rotation(rule, reps, cursor), []
    while len(dealt) < many and (one := rotation.next()):
        rotation.took(one)
        dealt.append(one.member_id)
    return dealt


def test_everybody_gets_the_same_within_one():
    shares = Counter(deal([rep(number) for number in range(7)], Cursor(), 10_000))
    assert max(shares.values()) - min(shares.values()) == 1


def test_one_by_one_is_the_same_as_all_at_once():
    cursor, singly = Cursor(), []
    for _ in range(100):
        singly += deal([rep(number) for number in range(7)], cursor, 1)
        cursor = Cursor.read({**cursor.state(), "last": {str(key): turn for key, turn in cursor.last.items()}})
    assert singly == deal([rep(number) for number in range(7)], Cursor(), 100)


def test_the_first_turn_has_nothing_to_do_with_the_id():
    firsts = {deal([rep(number) for number in range(10)], Cursor(), 1, rule=named(name))[0] for name in "abcdefghij"}
    assert len(firsts) > 3


def named(name):
    return parse(f"dispatch: [{{name: rule {name}}}]").dispatch[0]


def test_who_is_full_is_passed_over_for_the_rest():
    reps = [rep(1, capacity=2), rep(2, dealt_today=2), rep(3)]
    assert Counter(deal(reps, Cursor(), 20, rule=CAPPED)) == {1: 2, 2: 1, 3: 3}
    assert [one.full(CAPPED) for one in reps] == ["at_capacity", "over_daily_cap", "over_daily_cap"]


ABSENCES = st.lists(st.tuples(st.sets(st.integers(0, 5)), st.integers(1, 12)), min_size=1, max_size=12)


@given(ABSENCES)
def test_between_two_turns_of_one_who_is_there_nobody_gets_more_than_one(periods):
    cursor, dealt = Cursor(), []
    for away, many in periods:
        reps = [rep(number) for number in range(7) if number not in away]
        dealt += deal(reps, cursor, many)
    # Number six is always there: in each of its rounds everybody else gets at most one lead, whoever came or went.
    turns = [place for place, member in enumerate(dealt) if member == 6]
    for start, end in pairwise(turns):
        assert max(Counter(dealt[start + 1 : end]).values(), default=0) <= 1


@given(ABSENCES)
def test_who_stays_gets_an_equal_share(periods):
    cursor, dealt = Cursor(), []
    for away, many in periods:
        dealt += deal([rep(number) for number in range(8) if number not in away], cursor, many)
    shares = Counter(dealt)
    assert abs(shares[6] - shares[7]) <= 1


def test_the_first_rule_that_holds_decides():
    rules = parse(
        """
dispatch:
- {name: big, when: {field: amount, op: gte, value: 1000}}
- {name: web, when: {field: source, value: web}}
"""
    )
    leads = (LeadFacts(amount=5000, source="web"), LeadFacts(source="web"), LeadFacts())
    found = [first_match(rules, facts) for facts in leads]
    assert [rule.name if rule else None for rule in found] == ["big", "web", None]

"""Whose turn it is: by weight, load, name, preference and branch; nobody is flooded, starved or favoured."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import RuleSetInvalid
from crm.rules.dispatch import Candidate, Cursor, Rotation
from crm.rules.ruleset import parse


def rule(text="strategy: round_robin"):
    return parse(f"dispatch: [{{name: all, {text}}}]").dispatch[0]


def rep(member_id, **changes):
    usual = {
        "active": True, "on_duty": True, "on_leave": False, "working": True, "holding": 0, "capacity": None,
        "dealt_today": 0, "name": f"rep {member_id}",
    }  # fmt: skip
    return Candidate(member_id=member_id, **usual | changes)


def deal(by, reps, many, cursor=None, **named):
    """Deal `many` leads, as far as there is somebody; returns to whom."""
    rotation, dealt = Rotation(by, reps, cursor or Cursor(), **named), []
    while len(dealt) < many and (one := rotation.next()):
        rotation.took(one)
        dealt.append(one.member_id)
    rotation.settle()
    return dealt


WEIGHTED = rule("strategy: weighted, weights: {members: {rep 1: 1, rep 2: 2.5}, tags: {senior: 3}, default: 0.5}")


def test_weights_are_by_name_then_by_tag_then_the_default():
    reps = [rep(1), rep(2, tags=("senior",)), rep(3, tags=("senior",)), rep(4)]
    assert Counter(deal(WEIGHTED, reps, 140)) == {1: 20, 2: 50, 3: 60, 4: 10}


def test_who_is_full_leaves_the_others_their_weights():
    reps = [rep(1, capacity=2), rep(2), rep(3, tags=("senior",))]
    assert Counter(deal(WEIGHTED, reps, 112)) == {1: 2, 2: 50, 3: 60}


def test_who_is_full_through_another_rule_is_passed_over_too():
    full, other = rep(1, capacity=5), rep(2)
    rotation = Rotation(WEIGHTED, [full, other], Cursor())
    for _ in range(5):
        full.take()
    assert rotation.next() is other


def test_a_cap_that_does_not_count_every_lead_is_looked_at_anew():
    lone = rep(1, capacity=2)
    rotation = Rotation(WEIGHTED, [lone], Cursor())
    for _ in range(9):
        lone.take(counts=False)
    assert rotation.next() is lone


@given(st.lists(st.tuples(st.sets(st.integers(0, 5)), st.integers(1, 12)), max_size=12))
def test_one_by_one_is_the_same_as_all_at_once(periods):
    singly, together, dealt = Cursor(), Cursor(), []
    for away, many in periods:
        here = [number for number in range(7) if number not in away]
        tags = {number: ("senior",) if number % 2 else () for number in here}
        for _ in range(many):
            dealt += deal(WEIGHTED, [rep(one, tags=tags[one]) for one in here], 1, singly)
            singly = Cursor.read(singly.state())
        deal(WEIGHTED, [rep(one, tags=tags[one]) for one in here], many, together)
    assert singly.state() == together.state()
    assert len(dealt) == sum(many for _, many in periods)


def test_the_least_loaded_is_who_holds_least_of_what_one_may():
    reps = [rep(1, holding=8, capacity=10), rep(2, holding=8, capacity=100), rep(3, holding=1, capacity=5)]
    assert Counter(deal(rule("strategy: least_loaded"), reps, 13)) == {2: 12, 3: 1}
    assert [one.holding for one in reps] == [8, 20, 2]


def test_without_limits_the_least_loaded_is_who_holds_fewest_and_the_longest_waiting_of_those():
    cursor = Cursor(turn=9, last={1: 9, 2: 5, 3: 7})
    reps = [rep(1, holding=3), rep(2, holding=3), rep(3, holding=4)]
    assert deal(rule("strategy: least_loaded"), reps, 4, cursor) == [2, 1, 3, 2]


def test_the_first_named_who_can_gets_everything_and_the_others_what_is_left():
    direct = rule("strategy: direct, to: {members: [Rep 3, rep 1], roles: [rep], departments: [north]}")
    reps = [rep(1, capacity=2), rep(2, capacity=2, departments=("north",)), rep(3, capacity=2)]
    assert deal(direct, reps, 9) == [3, 3, 1, 1, 2, 2]


def test_who_is_preferred_goes_first_and_others_only_when_none_of_those_is_left():
    prefer = "to: {prefer: [{field: tags, op: contains, value: senior}, {field: tenure, op: gte, value: 90d}]}"
    reps = [
        rep(1), rep(2, tenure=timedelta(days=90), capacity=1), rep(3, tags=("senior",), capacity=2),
        rep(4, tags=("senior",), capacity=1),
    ]  # fmt: skip
    dealt = deal(rule(prefer), reps, 7)
    assert (Counter(dealt[:3]), dealt[3:]) == ({3: 2, 4: 1}, [2, 1, 1, 1])


BRANCHES = "shares: {north: 3, south: 2}"


def branches():
    return [rep(number, departments=("company", "north" if number < 4 else "south")) for number in range(6)]


def test_branches_get_their_parts_exactly_and_members_take_turns_within_them():
    dealt = deal(rule(BRANCHES), branches(), 40)
    assert Counter("north" if one < 4 else "south" for one in dealt) == {"north": 24, "south": 16}
    assert Counter(dealt) == {0: 6, 1: 6, 2: 6, 3: 6, 4: 8, 5: 8}


@given(st.lists(st.decimals("0.1", 100, places=1), min_size=2, max_size=6), st.integers(1, 200))
def test_at_every_moment_each_branch_is_within_one_of_its_part(parts, many):
    shares = {f"b{number}": float(part) for number, part in enumerate(parts)}
    reps = [rep(number, departments=(f"b{number}",)) for number in range(len(parts))]
    got = Counter()
    for count, member in enumerate(deal(rule(f"shares: {shares}"), reps, many), start=1):
        got[member] += 1
        assert all(abs(got[number] - count * part / sum(parts)) < 1 for number, part in enumerate(parts))


def test_the_part_of_a_full_branch_falls_over_and_is_not_owed_later():
    cursor, reps = Cursor(), branches()
    for one in reps[4:]:
        one.on_duty = False
    assert set(deal(rule(BRANCHES), reps, 50, cursor)) == {0, 1, 2, 3}
    assert cursor.branches == {"north": 50}
    assert Counter(one < 4 for one in deal(rule(BRANCHES), branches(), 50, cursor)) == {True: 30, False: 20}


def test_the_part_of_a_full_branch_waits_for_it_and_is_counted_once():
    cursor, waits = Cursor(), rule(f"{BRANCHES}, full_branch: wait")
    rotation = Rotation(waits, [one for one in branches() if one.member_id < 4], cursor)
    fate = [one_by_one(rotation) for _ in range(50)]
    assert Counter(fate) == {"dealt": 30, "waits for south": 20}
    back = Rotation(waits, branches(), cursor)
    turns = [back.next(branch="south") for _ in range(1)]
    back.took(turns[0], waited=True)
    assert (turns[0].member_id >= 4, cursor.branches) == (True, {"north": 30, "south": 20})


def one_by_one(rotation):
    one = rotation.next()
    if one is None:
        rotation.waits()
        return f"waits for {rotation.branch}"
    rotation.took(one)
    return "dealt"


def test_another_period_begins_anew():
    cursor, by = Cursor(), rule(f"{BRANCHES}, period: month")
    deal(by, branches(), 3, cursor, period="month 2026-02-01")
    deal(by, branches(), 5, cursor, period="month 2026-03-01")
    assert (cursor.period, cursor.branches) == ("month 2026-03-01", {"north": 3, "south": 2})


def test_who_belongs_to_no_branch_is_out_of_the_question():
    rotation = Rotation(rule(BRANCHES), [rep(1, departments=("company",))], Cursor())
    assert (rotation.why, rotation.next()) == ({1: "condition_not_met"}, None)


def test_who_is_skipped_for_one_lead_keeps_the_turn():
    rotation = Rotation(rule(), [rep(1), rep(2)], Cursor(last={1: 1, 2: 2}, turn=2))
    assert rotation.next(lambda one: one.member_id == 1).member_id == 2
    assert rotation.next().member_id == 1


@pytest.mark.parametrize(
    ("cap", "reason"),
    [("per_day", "over_daily_cap"), ("per_week", "over_weekly_cap"), ("per_month", "over_monthly_cap")],
)
def test_caps_of_the_rule_and_of_all_rules_are_reasons(cap, reason):
    rules = parse(f"{{caps: {{{cap}: 7}}, dispatch: [{{name: few, caps: {{{cap}: 4}}}}, {{name: many}}]}}")
    few, many = rules.dispatch
    dealt = {"dealt_today": 4, "dealt_week": 4, "dealt_month": 4}
    one = rep(1, caps=rules.caps, **dealt)
    assert (one.excluded(few), one.excluded(many)) == (reason, None)
    assert len(deal(many, [one], 9)) == 3
    assert one.excluded(many) == reason


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("strategy: weighted", "weights and the strategy weighted belong together"),
        ("weights: {default: 2}", "weights and the strategy weighted belong together"),
        ("strategy: direct", "the strategy direct needs to.members"),
        ("period: week", "period and full_branch are for rules with shares"),
        ("shares: {north: 0}", "more than 0, not 0"),
        ("to: {where: {field: age, value: x}}", "dispatch.0.to.where.field"),
        ("to: {where: {field: tags, op: gt, value: x}}", "gt does not suit tags"),
        ("to: {where: {field: tenure, op: gte, value: 3wd}}", "tenure is time on the calendar"),
        ("to: {where: {field: role, op: in, value: rep}}", "in takes a list of values"),
    ],
)
def test_what_would_have_no_effect_or_sense_is_refused(written, problem):
    with pytest.raises(RuleSetInvalid) as refused:
        rule(written)
    assert problem in refused.value.data["problem"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{field: role, value: rep}", True),
        ("{field: role, op: not_in, value: [success, manager]}", True),
        ("{field: department, op: in, value: [north]}", True),
        ("{field: tags, op: contains, value: junior}", False),
        ("{field: tenure, op: lt, value: 90d}", False),
        ("{field: timezone, op: contains, value: Asia}", True),
        ("{field: email, op: exists, value: true}", False),
        ("{not: {field: language, value: zh}}", True),
        ("{all: [{field: name, value: Ann}, {any: [{field: role, value: x}, {field: tags, op: exists, value: true}]}]}",
         True),
        ("{any: []}", False),
    ],
)  # fmt: skip
def test_conditions_on_members(condition, expected):
    ann = rep(
        1, name="Ann", role="rep", departments=("company", "north"), tags=("senior",), tenure=timedelta(days=90),
        timezone="Asia/Shanghai",
    )  # fmt: skip
    by = rule(f"to: {{where: {condition}}}")
    assert by.to.where.holds(ann) is expected
    assert ann.excluded(by) == (None if expected else "condition_not_met")

"""The rule set as written: sane without a word, checked to the letter, and clear about the line of a mistake."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import RuleSetInvalid
from crm.rules.ruleset import Rules, parse

WHOLE = """
claim:
  per_day: 20
  per_week: 60
  capacity: {default: 100, roles: {rep: 80}, departments: {north: 60}, members: {ann@acme.example: 40}}
  cool_down: 30d
  embargo: 2h
pools:
  north: {per_day: 5, embargo: 0h, target: open}
recycle:
- name: first contact
  when: {all: [{field: source, op: in, value: [web, ads]}, {not: {field: tags, op: contains, value: vip}}]}
  no_first_contact: 8wh
  to: open
- name: follow-up
  no_follow_up: 3wd
warn: [2h, 3d, 1d]
extend: {by: 5d, times: 1}
task_hold: {grace: 12h, cap: 7d}
dispatch:
- name: big ones
  when: {field: amount, op: gte, value: 10000}
  to: {departments: [north], tags: [senior]}
  caps: {per_day: 3}
  nobody: hold
fallback_pool: open
digest: {at: 18:30}
breaker: {share: 0.4, at_least: 10}
undo_minutes: 5
"""


@pytest.mark.parametrize("written", ["{}", "", "# nothing yet\n", "claim: {}"])
def test_without_a_word_there_are_sane_rules(written):
    assert parse(written) == Rules()
    assert [rule.anchor for rule in Rules().recycle] == ["no_first_contact", "no_follow_up"]


def test_a_whole_rule_set_is_read():
    rules = parse(WHOLE)
    assert (rules.claim.per_day, str(rules.claim.cool_down), rules.digest.at) == (20, "30d", time(18, 30))
    assert [str(step) for step in rules.ladder] == ["3d", "1d", "2h"]
    assert rules.recycle_rule("follow-up") is rules.recycle[1]
    assert str(rules.recycle[1].period) == "3wd"
    assert rules.dispatch[0].to.roles == ("rep",)


def test_what_is_read_can_be_written_and_read_again():
    rules = parse(WHOLE)
    assert Rules.model_validate(rules.model_dump(by_alias=True, exclude_unset=True)) == rules


def test_there_is_a_schema_for_editors():
    assert set(Rules.model_json_schema()["properties"]) >= {"claim", "recycle", "dispatch"}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("claim:\n  per_dya: 3", "line 2, claim.per_dya: there is no such field"),
        ("claim: 5", "line 1, claim: takes fields"),
        ("- 1", "line 1: takes fields"),
        ("recycle: {}", "line 1, recycle: takes a list"),
        ("claim:\n  per_day: -1", "line 2, claim.per_day: takes 0 or more, not -1"),
        ("claim:\n  cool_down: 3wd", "line 2, claim.cool_down: 3wd is working time; only m, h and d are possible here"),
        ("recycle:\n- name: a\n  no_follow_up: 0d", "line 3, recycle.0.no_follow_up: longer than nothing"),
        ("dispatch:\n- when: {field: tags, op: contains, value: x}", "line 2, dispatch.0.name: is missing"),
        (
            "recycle:\n- name: a\n  no_follow_up: 1d\n- name: b\n  no_follow_up: 1d\n  not_converted: 2d",
            "line 4, recycle.1: exactly one of no_first_contact, no_follow_up, not_converted, stuck_in_stage is needed",
        ),
        ("dispatch: [{name: a}, {name: a}]", "line 1: the name 'a' is used twice"),
        ("claim: {}\nclaim: {}", "line 2, claim: written twice"),
        ("dispatch: [{name: a, {}}]", "line 1: the name of a field is a word"),
        (
            "claim: !!python/object/apply:os.system [id]",
            "line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("claim: &a {}\npools: *a", "aliases are not possible here, such as *a"),
        ("claim: [", "line 1: expected the node content, but found '<stream end>'"),
        ("claim: \0", "no readable YAML: unacceptable character #x0000: special characters are not allowed"),
        ("x" * 200_001, "more than 200000 characters"),
    ],
)  # fmt: skip
def test_a_mistake_is_pointed_at(written, problem):
    with pytest.raises(RuleSetInvalid) as refused:
        parse(written)
    assert refused.value.data["problem"] == problem


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("{field: sorce, value: x}", "there is no field 'sorce'"),
        ("{field: custom., value: x}", "there is no field 'custom.'"),
        ("{field: source, op: gt, value: x}", "gt does not suit source"),
        ("{field: source, op: in, value: x}", "in takes a list of values"),
        ("{field: source, value: [x]}", "eq takes one value"),
        ("{field: score, op: gt, value: many}", "score is compared with numbers"),
        ("{field: source, op: exists, value: 3}", "exists takes true or false"),
        ("{all: [{field: source, value: x}], any: []}", "there is no such field"),
        ("{field: source, opp: in, value: [x]}", "there is no such field"),
    ],
)
def test_a_wrong_condition_is_refused(condition, problem):
    with pytest.raises(RuleSetInvalid) as refused:
        parse(f"dispatch:\n- name: a\n  when: {condition}")
    assert refused.value.data["problem"].startswith("line 3, dispatch.0.when")
    assert problem in refused.value.data["problem"]


@given(st.text(alphabet="abc:{}[]-#&*!|>'\"%@`, \n\t0123", max_size=60))
def test_whatever_is_written_is_read_or_refused(written):
    assert isinstance(outcome(written), Rules | RuleSetInvalid)


def outcome(written):
    try:
        return parse(written)
    except RuleSetInvalid as refused:
        return refused


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{not: ", "}")])
def test_what_is_nested_beyond_measure_is_refused(opening, closing):
    with pytest.raises(RuleSetInvalid) as refused:
        parse("dispatch: " + opening * 3000 + closing * 3000)
    assert refused.value.data["problem"] == "nested more than 60 deep"


@pytest.mark.parametrize(
    "text",
    [
        "recycle: [{name: old, not_converted: 9d, when: {not: {field: age, op: gt, value: 3d}}}]",
        "exempt: [{name: old, when: {any: [{field: age, op: gt, value: 3d}]}}]",
    ],
)
def test_a_clock_does_not_wait_for_a_condition_that_comes_true_by_itself(text):
    with pytest.raises(RuleSetInvalid) as refused:
        parse(text)
    assert "'old': age grows by itself" in refused.value.data["problem"]

"""What differs between two rule sets, by the paths that people write."""

from crm.rules.changes import changes
from crm.rules.ruleset import parse

ONE = "claim: {per_day: 15}\nrecycle: [{name: a, no_follow_up: 7d}, {name: b, not_converted: 60d}]\n"


def told(before, after):
    return [tuple(one) for one in changes(parse(before), parse(after))]


def test_a_field_is_told_with_both_values():
    assert told(ONE, ONE.replace("15", "20")) == [("claim.per_day", 15, 20, False)]


def test_a_default_is_a_value_too():
    assert told("", "claim: {per_day: 15}") == [("claim.per_day", 30, 15, False)]


def test_the_same_in_other_words_is_no_change():
    assert told(ONE, f"# Written anew.\n{ONE}claim_: 1".replace("claim_: 1", "undo_minutes: 10")) == []


def test_a_rule_that_is_new_or_gone_is_told_as_one():
    assert told(ONE, ONE.replace("name: b", "name: c")) == [
        ("recycle.c", None, "c", True),
        ("recycle.b", "b", None, True),
    ]


def test_the_order_of_rules_is_a_change():
    turned = "claim: {per_day: 15}\nrecycle: [{name: b, not_converted: 60d}, {name: a, no_follow_up: 7d}]\n"
    assert told(ONE, turned) == [("recycle", "a, b", "b, a", False)]


def test_a_condition_is_one_value():
    with_one = ONE.replace("name: a,", "name: a, when: {field: level, value: A},")
    assert [(path, before) for path, before, *_ in told(ONE, with_one)] == [("recycle.a.when", {"all": []})]

"""One field is changed in the text of a rule set; all else stays as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import Refusal, RuleSetInvalid
from crm.rules.edits import edited, fields
from crm.rules.ruleset import Rules, parse

WRITTEN = """\
# What our director decided in March.
claim:
  per_day: 15   # was 30
  capacity: {default: 60}
recycle:
  - name: first contact
    no_first_contact: 2d
  # Slow ones.
  - {name: follow-up, no_follow_up: 7d}
warn: [3d, 1d]
"""


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("claim.per_day", "20", "  per_day: 20   # was 30"),
        ("claim.per_day", "null", "  per_day: null   # was 30"),
        ("claim.capacity.default", "80", "  capacity: {default: 80}"),
        (
            "claim.capacity.members.ann@acme.example",
            "9",
            "  capacity: {default: 60, members: {ann@acme.example: 9}}",
        ),
        ("claim.capacity.roles.manager", "5", "  capacity: {default: 60, roles: {manager: 5}}"),
        ("recycle.follow-up.no_follow_up", "9d", "  - {name: follow-up, no_follow_up: 9d}"),
        ("recycle.2.no_follow_up", "9d", "  - {name: follow-up, no_follow_up: 9d}"),
        ("recycle.first contact.no_first_contact", "8wh", "    no_first_contact: 8wh"),
        ("warn", "[2h]", "warn: [2h]"),
    ],
)
def test_the_line_alone_changes(path, value, line):
    before, after = WRITTEN.splitlines(), edited(WRITTEN, path, value).splitlines()
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [line]


@pytest.mark.parametrize(
    ("path", "value"), [("fallback_pool", "open"), ("claim.per_week", "90"), ("extend.times", "1"),
                        ("recycle.first contact.leave", "pauses")],
)  # fmt: skip
def test_a_field_that_is_not_written_yet_is_added_and_no_line_is_lost(path, value):
    after = edited(WRITTEN, path, value)
    assert (path, value) in list(fields(after))
    assert {line.strip(" -") for line in WRITTEN.splitlines()} <= {line.strip(" -") for line in after.splitlines()}
    assert parse(after) != parse(WRITTEN)


def test_a_built_in_rule_is_written_out_before_it_is_changed():
    changed = parse(edited("", "recycle.follow-up.no_follow_up", "7d"))
    assert [(rule.name, str(rule.period)) for rule in changed.recycle] == [("first contact", "2d"), ("follow-up", "7d")]


def test_the_first_field_of_all_makes_a_text():
    assert edited("", "claim.per_day", "20") == "claim:\n  per_day: 20\n"
    assert edited("# Nothing yet.\n", "claim.per_day", "20") == "# Nothing yet.\nclaim:\n  per_day: 20\n"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("recycle", "[]", "several lines"),
        ("recycle.third.no_follow_up", "7d", "there is no 'third' in recycle"),
        ("claim.per_day.more", "1", "claim.per_day has no fields"),
        ("claim..per_day", "1", "is no path"),
        ("claim.per_day", "1\nwarn: []", "cannot be changed"),
        ("claim.capacity.default", "1, roles: {rep: 3}", "line 1"),
        ("claim.capacity.default", "1 # more", "cannot be changed"),
        ("claim.per_day", "{", "line"),
        ("claim.per_day", "*x", "aliases"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(path, value, problem):
    with pytest.raises(RuleSetInvalid) as refused:
        edited(WRITTEN, path, value)
    assert problem in refused.value.data["problem"]


PATHS = ("claim.per_day", "claim.per_week", "undo_minutes", "claim.capacity.default", "claim.capacity.roles.rep")


@given(st.lists(st.tuples(st.sampled_from(PATHS), st.integers(1, 99)), min_size=1, max_size=6))
def test_any_number_of_changes_leaves_what_was_set_last(changes):
    text = WRITTEN
    for path, value in changes:
        text = edited(text, path, str(value))
    shown = dict(fields(text))
    assert {path: shown[path] for path, _ in changes} == {path: str(value) for path, value in changes}
    assert parse(text).recycle == parse(WRITTEN).recycle


def test_what_is_written_is_shown_by_the_paths_that_change_it():
    assert list(fields(WRITTEN)) == [
        ("claim.per_day", "15"), ("claim.capacity.default", "60"), ("recycle.first contact.no_first_contact", "2d"),
        ("recycle.follow-up.no_follow_up", "7d"), ("warn", "[3d, 1d]"),
    ]  # fmt: skip
    assert list(fields("")) == []
    assert parse("") == Rules()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            "claim.per_day",
            "many",
            "claim.per_day cannot be “many”: it takes whole. Example: rules set",
        ),
        ("claim.per_day", "-1", "the least is 0. Example: rules set claim.per_day 0"),
        ("claim.per_day", "1000001", "the most is 1000000"),
        ("claim.cool_down", "soon", "it takes period. Example: rules set claim.cool_down 3d"),
        ("claim.cool_down", "7", "it takes period"),
        ("claim.capacity", "lots", "it takes fields. Example: rules show"),
        ("affinity", "perhaps", "it takes yes_no. Example: rules set affinity true"),
        ("dispatch.web.strategy", "fair", "one of round_robin, weighted, least_loaded, direct."),
        ("dispatch.web.shares", "{north: 0}", "it takes positive"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_what_the_field_takes(path, value, said):
    written = WRITTEN + "dispatch:\n- name: web\n  shares: {north: 1}\n"
    with pytest.raises(Refusal) as refused:
        edited(written, path, value)
    assert said in refused.value.message.format(**refused.value.data)

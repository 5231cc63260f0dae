"""Conditions on one lead: every operator, what is unknown, and nesting."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from crm.rules.conditions import Condition
from crm.rules.facts import LeadFacts

FACTS = LeadFacts(
    source="web", region=None, product="Green Tea", amount=Decimal("1200.50"), score=40, tags=("vip", "tea"),
    department_path=("company", "north"), custom={"rooms": 3, "city": "上海", "loft": True},
)  # fmt: skip
READ = TypeAdapter(Condition)


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("source", "eq", "web", True),
        ("source", "eq", "ads", False),
        ("source", "ne", "ads", True),
        ("source", "in", ["ads", "web"], True),
        ("source", "not_in", ["ads", "web"], False),
        ("product", "contains", "Tea", True),
        ("product", "contains", "Coffee", False),
        ("region", "eq", "east", False),
        ("region", "ne", "east", True),
        ("region", "not_in", ["east"], True),
        ("region", "contains", "e", False),
        ("region", "exists", True, False),
        ("region", "exists", False, True),
        ("source", "exists", True, True),
        ("amount", "gt", 1200, True),
        ("amount", "gte", Decimal("1200.50"), True),
        ("amount", "lt", 1200.5, False),
        ("amount", "lte", 1200.5, True),
        ("score", "eq", 40, True),
        ("tags", "contains", "vip", True),
        ("tags", "in", ["gold", "tea"], True),
        ("tags", "not_in", ["gold"], True),
        ("tags", "exists", True, True),
        ("department", "contains", "north", True),
        ("department", "in", ["south"], False),
        ("custom.rooms", "gte", 3, True),
        ("custom.rooms", "gt", "two", False),
        ("custom.city", "eq", "上海", True),
        ("custom.loft", "eq", True, True),
        ("custom.loft", "gt", 0, False),
        ("custom.size", "gt", 1, False),
        ("custom.size", "exists", False, True),
    ],
)
def test_a_comparison(field, op, value, holds):
    assert READ.validate_python({"field": field, "op": op, "value": value}).holds(FACTS) is holds


def test_of_what_is_unknown_nothing_is_more_or_less():
    unknown = LeadFacts()
    ops = ("gt", "gte", "lt", "lte", "eq")
    assert not any(READ.validate_python({"field": "amount", "op": op, "value": 0}).holds(unknown) for op in ops)


TRUE, FALSE = {"field": "source", "value": "web"}, {"field": "source", "value": "ads"}


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ({"all": []}, True),
        ({"any": []}, False),
        ({"all": [TRUE, FALSE]}, False),
        ({"any": [TRUE, FALSE]}, True),
        ({"not": FALSE}, True),
        ({"all": [{"not": {"any": [FALSE, {"all": [TRUE, FALSE]}]}}, TRUE]}, True),
    ],
)
def test_parts_are_combined(written, holds):
    assert READ.validate_python(written).holds(FACTS) is holds


TREES = st.recursive(
    st.sampled_from([TRUE, FALSE]),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda inner: {"all": inner}),
        st.lists(parts, max_size=3).map(lambda inner: {"any": inner}),
        parts.map(lambda inner: {"not": inner}),
    ),
)


@given(st.lists(TREES, max_size=4))
def test_not_all_is_some_not(parts):
    one = READ.validate_python({"not": {"all": parts}})
    other = READ.validate_python({"any": [{"not": part} for part in parts]})
    assert one.holds(FACTS) is other.holds(FACTS)


def test_numbers_words_and_truth_are_kept_apart():
    facts = LeadFacts(custom={"loft": True, "rooms": [1, "2"]})
    assert not any(
        READ.validate_python({"field": field, "op": op, "value": value}).holds(facts)
        for field, op, value in (
            ("custom.loft", "eq", 1), ("custom.loft", "eq", "True"), ("custom.rooms", "eq", "1"),
            ("custom.rooms", "contains", 2), ("custom.rooms", "gt", 0), ("custom.loft", "lt", 2),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "op", "value", "problem"),
    [
        ("level", "eq", 3, "level is compared with words"),
        ("amount", "gt", "much", "amount is compared with numbers"),
        ("age", "gt", "3wd", "age is time on the clock"),
        ("age", "gt", "long", "cannot read 'long'"),
        ("age", "eq", "3d", "eq does not suit age"),
        ("colour", "eq", "red", "there is no field 'colour'"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(field, op, value, problem):
    with pytest.raises(ValueError, match=problem):
        READ.validate_python({"field": field, "op": op, "value": value})

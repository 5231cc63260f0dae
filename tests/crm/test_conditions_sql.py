"""One tree, two ways: a condition holds for a lead exactly when its SQL finds the lead."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import text

from crm.rules.conditions import LISTS, NUMBERS, SPANS, TEXTS, Condition
from crm.rules.conditions_sql import sql_of
from crm.services import lead_facts
from tests import build

READ = TypeAdapter(Condition)
# A few words, so that random trees and random leads meet; with what databases and languages treat differently.
WORDS = ("", "web", "Web", "ab", "a", "é", "e\u0301", "上海", "海", "%", "_", "\\", "'", '"', "true", "1", "null", "😀")
words = st.sampled_from(WORDS)
numbers = st.one_of(
    st.integers(-3, 3), st.sampled_from([Decimal("0.1"), Decimal("0.10"), Decimal("1.0"), Decimal("-0.5"), 10**18]),
)  # fmt: skip
plain = st.one_of(words, numbers, st.booleans())
inside = st.one_of(plain.filter(lambda value: not isinstance(value, Decimal)), st.sampled_from([0.1, 1.5, 1e20, None]))
stored = st.one_of(
    inside, st.lists(inside, max_size=3), st.lists(st.lists(inside, max_size=1), max_size=1), st.just({"a": 1})
)
KEYS = ("x", "y", "客户")


def comparison(field, ops, values):
    """A comparison with one of the operators, and a value of the right shape."""
    return st.sampled_from(ops).flatmap(
        lambda op: st.fixed_dictionaries(
            {
                "field": st.just(field),
                "op": st.just(op),
                "value": st.booleans()
                if op == "exists"
                else st.lists(values, max_size=3)
                if op in ("in", "not_in")
                else values,
            }
        )
    )


EQUAL, ORDER, PART = ("eq", "ne", "in", "not_in"), ("gt", "gte", "lt", "lte"), ("contains", "exists")
comparisons = st.one_of(
    st.sampled_from(TEXTS).flatmap(lambda field: comparison(field, (*EQUAL, *PART), words)),
    st.sampled_from(NUMBERS).flatmap(lambda field: comparison(field, (*EQUAL, *ORDER, "exists"), numbers)),
    st.sampled_from(LISTS).flatmap(lambda field: comparison(field, ("in", "not_in", *PART), words)),
    st.sampled_from(SPANS).flatmap(lambda field: comparison(field, ORDER, st.sampled_from(["0h", "60m", "1h", "2d"]))),
    st.sampled_from(KEYS).flatmap(lambda key: comparison(f"custom.{key}", (*EQUAL, *ORDER, *PART), plain)),
)
trees = st.recursive(
    comparisons,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda inner: {"all": inner}),
        st.lists(parts, max_size=3).map(lambda inner: {"any": inner}),
        parts.map(lambda inner: {"not": inner}),
    ),
    max_leaves=6,
)
maybe = st.one_of(st.none(), words)
columns = st.fixed_dictionaries(
    dict.fromkeys(("channel", "campaign", "level", "product", "region"), maybe)
    | {
        "stage": st.sampled_from(["new", "quote", "gone"]),
        "amount": st.one_of(st.none(), st.sampled_from([Decimal("0.10"), Decimal(1), Decimal("-0.5")])),
        "score": st.integers(-3, 3), "touches": st.integers(1, 3), "wave": st.integers(1, 2),
        "parent_id": st.one_of(st.none(), st.just(1)), "owner": st.sampled_from([None, "ann", "ada"]),
        "pool": st.sampled_from(["open", "north"]), "origin": st.sampled_from(["company", "self"]),
        "tags": st.lists(words, max_size=3), "custom": st.dictionaries(st.sampled_from(KEYS), stored, max_size=3),
        "age": st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=2), timedelta(days=40)]),
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def acme(shared_database):
    return build.company(shared_database)


def found(uow, condition, ids):
    """The leads of those that the SQL finds."""
    where, args = sql_of(condition)
    statement = text(
        f"select l.id from {lead_facts.TABLES} {lead_facts.OWNERS}"
        f" where l.org_id = :org and l.id = any(:ids) and {where}"
    )
    return set(uow.session.scalars(statement, {"org": uow.org_id, "now": uow.now, "ids": ids} | args))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(leads=st.lists(columns, min_size=4, max_size=8), written=st.lists(trees, min_size=4, max_size=12))
def test_sql_finds_what_holds(shared_database, acme, leads, written):
    with shared_database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme, created_at=uow.now - lead.pop("age"), **lead) for lead in map(dict, leads)]
        facts = lead_facts.read(uow, ids)
        for condition in map(READ.validate_python, written):
            assert found(uow, condition, ids) == {lead.id for lead in facts if condition.holds(lead)}, condition
        uow.session.rollback()


# Of each kind some, alike and almost alike.
SENT = (
    None, "", "a", "b", "é", "上海", "1", "true", True, False, 0, 1, 2, 0.1, 1e20, [], [1], ["a", "b"], [True], [[1]],
    {"a": 1},
)  # fmt: skip
ASKED = ("", "a", "b", "é", "海", "1", "true", True, False, 0, 1, Decimal("1.0"), Decimal("0.1"), 10**20)


def test_whatever_a_source_sent_is_compared_alike(shared_database, acme):
    asked = [(op, value) for op in (*EQUAL[:2], *ORDER, "contains") for value in ASKED]
    asked += [("in", (one, "z")) for one in ASKED] + [("not_in", ()), ("in", ()), ("exists", True), ("exists", False)]
    with shared_database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme, custom={"x": sent}) for sent in SENT] + [build.lead(uow, acme)]
        facts = lead_facts.read(uow, ids)
        for op, value in asked:
            condition = READ.validate_python({"field": "custom.x", "op": op, "value": value})
            assert found(uow, condition, ids) == {lead.id for lead in facts if condition.holds(lead)}, (op, value)
        uow.session.rollback()


def test_numbers_keep_all_their_digits(shared_database, acme):
    long = "0.1000000000000000000000000000000001"
    condition = READ.validate_python({"field": "custom.x", "op": "gt", "value": Decimal("0.1")})
    with shared_database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme)
        uow.session.execute(
            text("update lead set custom = cast(:c as jsonb) where id = :id"), {"c": f'{{"x": {long}}}', "id": lead}
        )
        assert condition.holds(lead_facts.read(uow, [lead])[0])
        assert found(uow, condition, [lead]) == {lead}


@pytest.mark.parametrize("value", ["\0", "a\ud800"])
def test_what_no_text_can_hold_is_refused_when_the_rules_are_read(value):
    with pytest.raises(ValueError, match="no text can hold"):
        READ.validate_python({"field": "region", "value": value})

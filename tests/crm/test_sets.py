"""Sweeps and batches work set by set: how many leads there are changes nothing about how many statements they take."""

import re

import pytest
from sqlalchemy import text

from crm.services import dealing, recycling
from tests import build
from tests.promises.statements import NEVER, crash, watching

RULES = """
claim: {capacity: {default: 1000}}
recycle: [{name: calls, no_follow_up: 7d}]
breaker: {at_least: 1000}
dispatch: [{name: all}]
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def cost(database, acme, time, many):
    """How many statements it takes to deal and to recycle so many leads."""
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(many)]
    with watching(NEVER, crash) as dealt, database.begin(acme.org_id) as uow:
        dealing.deal(uow, leads)
    time.advance(days=8)
    with watching(NEVER, crash) as recycled:
        assert recycling.sweep(database, acme.org_id) == many
    return dealt.count, recycled.count


def test_ten_times_the_leads_take_the_same_number_of_statements(database, acme, time):
    _, few, many = (cost(database, acme, time, leads) for leads in (20, 20, 200))  # the first reads the rule set
    assert few == many


KINDS = (
    "strategy: least_loaded",
    "strategy: weighted, weights: {members: {Ann Li: 2.5}}",
    "strategy: direct, to: {members: [Cyd 王], departments: [north]}",
    "shares: {north: 3, south: 2}, period: month, full_branch: wait",
    "caps: {per_day: 3, per_week: 20, per_month: 50}, nobody: hold",
)
MOST = 30


def kinds(many):
    """A rule set with so many rules of all kinds, each for leads of its own level."""
    rules = [f"- {{name: r{n}, when: {{field: level, value: L{n}}}, {KINDS[n % len(KINDS)]}}}" for n in range(many)]
    return "\n".join(["claim: {capacity: {default: 1000}}", "caps: {per_week: 400}", "dispatch:", *rules])


def statements(database, acme, rules, many):
    """How many statements it takes to deal so many leads by so many rules."""
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, kinds(rules))
        leads = [build.lead(uow, acme, level=f"L{number % rules}") for number in range(many)]
    with database.begin(acme.org_id) as uow:
        assert len(uow.rules.dispatch) == rules
        with watching(NEVER, crash) as dealt:
            dealing.deal(uow, leads)
    return dealt.count


def test_twenty_rules_of_every_kind_take_no_more_statements_than_five_and_a_budget_holds(database, acme):
    first, few, many = (statements(database, acme, *size) for size in ((5, 20), (5, 20), (20, 200)))
    # Two more open the cursors of rules that have never dealt.
    assert (few <= first, many <= few + 2, many <= MOST) == (True, True, True)


def test_what_is_due_is_found_by_its_index(database, acme):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("set local enable_seqscan = off"))
        args = {"org": acme.org_id, "now": uow.now, "stopped": [], "paused": [], "leads": [1, 2, 3]}
        found, taken = (
            "\n".join(uow.session.scalars(text("explain " + statement.text), args))
            for statement in (recycling.DUE, recycling.LOCK)
        )
    assert re.search(r"Index Cond: .*recycle_at <= ", found)
    assert not re.search(r"Index Cond: .*recycle_at <= ", taken)

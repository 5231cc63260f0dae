"""Sweeps and batches work set by set: how many leads there are changes nothing about how many statements they take."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from crm.db import Database
from crm.services import dealing, recycling
from tests import build

RULES = """
claim: {capacity: {default: 1000}}
recycle: [{name: calls, no_follow_up: 7d}]
breaker: {at_least: 1000}
dispatch: [{name: all}]
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def cost(database, acme, time, many):
    """How many statements it takes to deal and to recycle so many leads."""
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(many)]
    with counting(database) as dealt, database.begin(acme.org_id) as uow:
        dealing.deal(uow, leads)
    time.advance(days=8)
    with counting(database) as recycled:
        assert recycling.sweep(database, acme.org_id) == many
    return len(dealt), len(recycled)


def test_ten_times_the_leads_take_the_same_number_of_statements(database, acme, time):
    _, few, many = (cost(database, acme, time, leads) for leads in (20, 20, 200))  # the first reads the rule set
    assert few == many


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

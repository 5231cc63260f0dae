"""P5: recycling never takes a lead that was just worked on, at whatever statement the two meet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from crm.errors import Refusal
from crm.services import clocks, follow_ups, leads, members, recycling, tasks, warnings
from crm.uow import UnitOfWork
from tests import build
from tests.promises.statements import watching

RULES = "{recycle: [{name: neglected, no_follow_up: 7d}], warn: [], breaker: {at_least: 1000000}}"
# As long as the other side waits for a lock, it is let go on; then the two end in the order that the locks give.
A_MOMENT = 0.1


@pytest.fixture
def acme(database: Database, time: DrivenClock) -> build.Company:
    return build.company(database, rules=RULES)


def log(uow: UnitOfWork, acme: build.Company, lead_id: int) -> None:
    ann = members.get(uow, acme.member["ann"])
    said = follow_ups.FollowUp("called", outcome="reached")
    follow_ups.log(uow, actor=ann, lead=leads.access_id(uow, actor=ann, lead_id=lead_id), said=said)


def plan(uow: UnitOfWork, acme: build.Company, lead_id: int) -> None:
    ann = members.get(uow, acme.member["ann"])
    lead = leads.access_id(uow, actor=ann, lead_id=lead_id)
    tasks.remind(uow, actor=ann, lead=lead, at=uow.now + timedelta(hours=3))
    warnings.extend(uow, actor=ann, lead=lead, reason="they asked for it")


@pytest.mark.parametrize("work", [log, plan])
@pytest.mark.parametrize("first", ["work", "sweep"])
def test_of_work_and_recycling_exactly_one_happens_wherever_they_meet(
    database: Database, time: DrivenClock, acme: build.Company, work: Any, first: str
) -> None:
    for at in itertools.count(1):
        lead_id = neglected(database, acme, time)
        calls = [partial(done, database, acme, work, lead_id), partial(recycling.sweep, database, acme.org_id)]
        met, (worked, taken) = meet(at, calls) if first == "work" else meet_reversed(at, calls)
        assert (worked, taken) in {(True, 0), (False, 1)}
        assert (owner(database, acme, lead_id) == acme.member["ann"]) == worked
        if not met:
            break
    assert at > 5


def meet(at: int, calls: list[Callable[[], Any]]) -> tuple[bool, tuple[Any, Any]]:
    """Run the first call; after its statement `at` the second one runs, to its end or until it waits for a lock.

    Returns: whether the first call has so many statements, and what both returned.
    """
    one, other = calls
    with ThreadPoolExecutor(1) as threads:
        begun: list[Any] = []

        def let_the_other_go_on() -> None:
            begun.append(threads.submit(other))
            with suppress(TimeoutError):
                begun[0].result(A_MOMENT)

        with watching(at, let_the_other_go_on) as seen:
            first = one()
        second = begun[0].result() if begun else other()
    return seen.reached, (first, second)


def meet_reversed(at: int, calls: list[Callable[[], Any]]) -> tuple[bool, tuple[Any, Any]]:
    met, (second, first) = meet(at, calls[::-1])
    return met, (first, second)


def done(database: Database, acme: build.Company, work: Any, lead_id: int) -> bool:
    """Whether the work was accepted."""
    try:
        with database.begin(acme.org_id) as uow:
            work(uow, acme, lead_id)
    except Refusal:
        return False
    return True


def neglected(database: Database, acme: build.Company, time: DrivenClock) -> int:
    """A lead that falls due at this moment; the others are out of the way."""
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann", assigned_at=uow.now - timedelta(days=7))
        clocks.restart(uow, [lead_id])
    return lead_id


def owner(database: Database, acme: build.Company, lead_id: int) -> int | None:
    with database.begin(acme.org_id) as uow:
        return build.read(uow, lead_id).owner_id

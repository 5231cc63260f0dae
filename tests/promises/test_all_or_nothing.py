"""P4: a change, its history and the messages it owes commit together: a crash after any statement leaves nothing.

Each command runs again and again, and crashes one statement later each time, until it gets through.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.app import Bot
from bot.interaction import Interaction
from crm.clock import DrivenClock
from crm.db import Database
from crm.models import Base, Source
from crm.rules.arrival import Arrival
from crm.services import (
    clocks,
    dealing,
    digests,
    dispatch,
    follow_ups,
    importing,
    intake,
    leads,
    members,
    recycling,
    tasks,
    warnings,
)
from crm.uow import UnitOfWork
from ops.runtime import compose
from tests import build
from tests.doubles.slack import SlackDouble
from tests.doubles.wecom import WeComDouble
from tests.promises.statements import Crash, crash, watching
from tests.world import settings_for

RULES = """
recycle: [{name: neglected, no_follow_up: 7d}]
warn: [2h]
dispatch: [{name: north, to: {departments: [north]}, working_hours: false}]
"""
# The delivery's own record says that it failed and who was seen; it is the only thing that a crash leaves.
APART = {"delivery", "chat_identity", "clock", "organization", "platform_token", "workspace"}
TABLES = [table.name for table in Base.metadata.sorted_tables if table.name not in APART]
ROWS = "select '{name}', md5(string_agg(x::text, '|' order by x::text)) from {name} x where org_id = :o"
JOBS = "select 'jobs', md5(string_agg(id::text, '|' order by id)) from procrastinate_jobs where args->>'org_id' = :org"
NUMBERS = "select 'numbers', md5(x::text) from organization x where id = :o"
PRINT = text(" union all ".join([*(ROWS.format(name=name) for name in TABLES), JOBS, NUMBERS]))
Prepared = Callable[[UnitOfWork, build.Company], Any]


def pooled(uow: UnitOfWork, acme: build.Company) -> int:
    return build.lead(uow, acme)


def owned(uow: UnitOfWork, acme: build.Company, **facts: Any) -> int:
    lead_id = build.lead(uow, acme, owner="ann", **facts)
    clocks.restart(uow, [lead_id])
    return lead_id


def logged(uow: UnitOfWork, acme: build.Company) -> int:
    lead_id, ann = owned(uow, acme), members.get(uow, acme.member["ann"])
    said = follow_ups.FollowUp("called", outcome="reached", next_at=uow.now + timedelta(days=1))
    follow_ups.log(uow, actor=ann, lead=leads.access_id(uow, actor=ann, lead_id=lead_id), said=said)
    return lead_id


def planned(uow: UnitOfWork, acme: build.Company) -> int:
    return build.task(uow, acme, "ann", due_at=uow.now + timedelta(hours=1), lead_id=owned(uow, acme))


def overdue(uow: UnitOfWork, acme: build.Company) -> int:
    lead_id = owned(uow, acme, assigned_at=uow.now - timedelta(days=8))
    build.task(uow, acme, "ann", due_at=uow.now + timedelta(hours=1), lead_id=lead_id)
    return lead_id


def warned(uow: UnitOfWork, acme: build.Company) -> int:
    return owned(uow, acme, assigned_at=uow.now - timedelta(days=6, hours=13))


def previewed(uow: UnitOfWork, acme: build.Company) -> int:
    rows = [Arrival(name=f"Person {number}", phone=f"1380013800{number}") for number in range(3)]
    return importing.preview(uow, actor=members.get(uow, acme.member["ann"]), rows=rows).id


def subscribed(uow: UnitOfWork, acme: build.Company) -> int:
    group = build.group(uow, acme, "playground", team="north")
    return uow.session.execute(
        text(
            "insert into digest_subscription (org_id, department_id, conversation_id, at, next_at)"
            " values (:o, :d, :c, '11:00', :next) returning id"
        ),
        {"o": uow.org_id, "d": acme.department["north"], "c": group, "next": uow.now + timedelta(hours=1)},
    ).scalar_one()


def arrive(uow: UnitOfWork, source_id: int) -> None:
    source = uow.session.get_one(Source, (uow.org_id, source_id))
    intake.take_in(uow, source=source, arrival=Arrival(name="Lu Wei", phone="13800138000", note="wants a price"))


TYPED: dict[str, tuple[str, Prepared]] = {
    "claim {ref}": ("ann", pooled),
    "claim next": ("ann", pooled),
    "claim 2": ("ann", pooled),
    "release {ref} no time": ("ann", overdue),
    "extend {ref} they asked for a week": ("ann", owned),
    "log {ref} called, wants a quote, call back tomorrow 3pm": ("ann", overdue),
    "note {ref} speaks French": ("ann", owned),
    "remind {ref} tomorrow 3pm": ("ann", owned),
    "stage {ref} quote": ("ann", owned),
    "won {ref} 12000": ("ann", overdue),
    "lost {ref} too expensive": ("ann", overdue),
    "undo": ("ann", logged),
    "new Mei Lin, Lotus Tea, 13800138999": ("ann", pooled),
    "assign {ref} @Bob": ("mia", overdue),
    "transfer @Ann @Bob": ("mia", overdue),
    "off": ("ann", pooled),
    "lang zh": ("ann", pooled),
    "admin @Ann": ("ada", pooled),
    "sources new Fair": ("ada", pooled),
}
TAPPED: dict[str, tuple[Prepared, Callable[[UnitOfWork, int], str]]] = {
    "lead.claim": (pooled, lambda uow, lead: build.read(uow, lead).ref),
    "lead.no_answer": (overdue, lambda uow, lead: build.read(uow, lead).ref),
    "task.done": (planned, lambda uow, task: str(task)),
    "task.snooze": (planned, lambda uow, task: f"{task} tomorrow 9:00"),
    "import.confirm": (previewed, lambda uow, job: f"{job} self"),
}
BY_ITSELF: dict[str, tuple[Prepared, Callable[[UnitOfWork, Any], Any]]] = {
    "intake": (lambda uow, acme: acme.source_id, arrive),
    "dispatch": (pooled, dispatch.dispatch),
    "dealing": (lambda uow, acme: [pooled(uow, acme) for _ in range(3)], dealing.deal),
    "recycling": (overdue, lambda uow, _: recycling.take_due(uow)),
    "warnings": (warned, lambda uow, _: warnings.warn_due(uow)),
    "reminders": (planned, lambda uow, _: tasks.remind_due(uow)),
    "digests": (subscribed, lambda uow, _: digests.send_due(uow)),
}


@pytest.fixture(scope="module")
def bot(migrated_url: str, redis_url: str) -> Iterator[Bot]:
    with WeComDouble() as wecom:
        slack = SlackDouble()
        bot = compose(settings_for(migrated_url, redis_url, slack, wecom), time=build.clock())
        yield bot
        bot.database.close()
        bot.redis.close()
        slack.stop()


@pytest.mark.parametrize("words", TYPED)
def test_a_command_that_crashes_after_any_statement_has_done_nothing(
    bot: Bot, database: Database, time: DrivenClock, words: str
) -> None:
    who, prepared = TYPED[words]
    acme = build.company(database, rules=RULES)
    with database.begin(acme.org_id) as uow:
        ref = build.read(uow, prepared(uow, acme)).ref
    bot.workspaces.forget()
    crash_everywhere(database, acme, lambda key: answered(bot, acme, who, key, text=words.format(ref=ref)))


@pytest.mark.parametrize("action", TAPPED)
def test_a_tap_that_crashes_after_any_statement_has_done_nothing(
    bot: Bot, database: Database, time: DrivenClock, action: str
) -> None:
    prepared, value_of = TAPPED[action]
    acme = build.company(database, rules=RULES)
    with database.begin(acme.org_id) as uow:
        value = value_of(uow, prepared(uow, acme))
    tap = {"kind": "action", "action": action, "value": value}
    bot.workspaces.forget()
    crash_everywhere(database, acme, lambda key: answered(bot, acme, "ann", key, **tap))


@pytest.mark.parametrize("duty", BY_ITSELF)
def test_what_runs_by_itself_and_crashes_after_any_statement_has_done_nothing(
    database: Database, time: DrivenClock, duty: str
) -> None:
    prepared, run = BY_ITSELF[duty]
    acme = build.company(database, rules=RULES)
    with database.begin(acme.org_id) as uow:
        made = prepared(uow, acme)
    time.advance(hours=9)

    def work(_key: int) -> bool:
        try:
            with database.begin(acme.org_id) as uow:
                run(uow, made)
        except Crash:
            return False
        return True

    crash_everywhere(database, acme, work)


def crash_everywhere(database: Database, acme: build.Company, work: Callable[[int], bool]) -> None:
    """Crash after the first statement, then after the second, until it runs through and has an effect."""
    before = snapshot(database, acme)
    for at in itertools.count(1):
        with watching(at, crash) as seen:
            done = work(at)
        if not seen.reached:
            break
        assert not done
        assert snapshot(database, acme) == before, f"after statement {at}"
    assert done
    assert snapshot(database, acme) != before
    assert at > 3


def answered(bot: Bot, acme: build.Company, who: str, key: int, **what: Any) -> bool:
    """Whether the person got an answer other than that something went wrong."""
    asked = Interaction(
        platform="playground", workspace=f"playground-{acme.org_id}",
        user=build.external("playground", who, acme.org_id), key=f"{acme.org_id}:{key}", **what,
    )  # fmt: skip
    try:
        answer = bot.dispatcher.dispatch(asked)
    except Crash:  # while the installation was looked up
        return False
    return not answer.card or "went wrong" not in answer.card.plain()


def snapshot(database: Database, acme: build.Company) -> dict[str, Any]:
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(PRINT, {"o": acme.org_id, "org": str(acme.org_id)}).all()
    return dict(tuple(row) for row in rows)

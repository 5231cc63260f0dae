"""A change of the rules with a million leads, 200,000 of them owned: rehearsed, and then put in force beside claims.

The rules count in working time. Of the last thirty days every lead that has an owner was dealt, some 220,000.
"""

from __future__ import annotations

from functools import partial
from multiprocessing import get_context
from threading import Event, Thread

from sqlalchemy import text

from bench.frame import Env, Figure, percentile, timed
from bench.seed import TEAMS, Seeded
from crm import jobs
from crm.db import Database
from crm.services import assignments, members, rehearsing, rules_admin

LARGE, OWNED = 1_000_000, 0.2
SECONDS = {"rehearsal": 30, "refresh": 60}
CLAIMS = 300

_RULES = """
claim: {per_day: null, cool_down: 0h, capacity: {default: 1000000}}
breaker: {share: 1}
recycle:
  - {name: first contact, no_first_contact: 16wh, when: {field: score, op: gte, value: 50}}
  - {name: later contact, no_first_contact: 5wd}
  - {name: follow-up, no_follow_up: FOLLOWwd}
  - {name: not converted, not_converted: 90d}
dispatch:
"""
# A twentieth of the leads fits each; those that come at night wait for the morning.
_RULE = """
  - name: product NUMBER
    when: {all: [{field: product, value: pNUMBER}, {not: {field: tags, op: contains, value: dealer}}]}
    to: {departments: [team-NUMBER]}
    caps: {per_day: 400}
    nobody: hold
"""
_CALENDAR = text(
    "update team_calendar set opens = '09:00', closes = '18:00', weekdays = '{1,2,3,4,5}', country = 'CN'"
    " where org_id = :org"
)
# All that is beyond the wanted number of owned leads lies in the pool again.
_FREE = (
    """
    update lead set owner_id = null, assigned_at = null, recycle_at = null, pool_entered_at = created_at
    where org_id = :org and status = 'open' and owner_id is not null and id > (
        select coalesce(max(id), 0) from (
            select id from lead where org_id = :org and status = 'open' and owner_id is not null
            order by id limit :owned) kept)
    """,
    """
    update assignment a set ended_at = began_at + interval '2 days', ended_by = 'released'
    from lead l where a.org_id = :org and l.org_id = :org and l.id = a.lead_id and a.ended_at is null
      and l.owner_id is null
    """,
    """
    insert into decision (org_id, kind, lead_id, member_id, rule, outcome, facts, candidates, at)
    select org_id, 'dispatch', lead_id, member_id, 'everybody', 'assigned', '{}', '[]', began_at
    from assignment where org_id = :org and began_at > cast(:now as timestamptz) - interval '30 days'
    """,
)


def run(env: Env) -> list[Figure]:
    """Rehearse, apply, and compute all clocks anew while a rep claims."""
    database, seeded = env.company(LARGE, "rehearsal")
    many = _prepare(database, seeded, env.scale)
    env.say(f"{many:,} owned leads …")
    begin = partial(database.begin, seeded.org_id)
    rehearsed = timed(lambda: rehearsing.at_once(begin, written=_rules(10))) / 1000
    alone = _claims(database, seeded, Event(), CLAIMS)
    with begin() as uow:
        rules_admin.apply(uow, written=_rules(10))
    refreshed, beside = _refresh(database, seeded)
    return [
        Figure(f"rehearsal with {many:,} owned leads", rehearsed, "s", target=SECONDS["rehearsal"]),
        Figure(f"clocks of {many:,} leads after a change of the rules", refreshed, "s", target=SECONDS["refresh"]),
        Figure("claim p99 during that, against alone", beside, "ms", alone, beside / alone, 2.0),
    ]


def _prepare(database: Database, seeded: Seeded, scale: float) -> int:
    with database.begin(seeded.org_id) as uow:
        args = {"org": uow.org_id, "now": uow.now, "owned": int(LARGE * OWNED * scale)}
        uow.session.execute(_CALENDAR, args)
        for statement in _FREE:
            uow.session.execute(text(statement), args)
        rules_admin.apply(uow, written=_rules(15))
        many = "select count(*) from lead where org_id = :org and status = 'open' and owner_id is not null"
        owned = int(uow.session.scalar(text(many), args) or 0)
    jobs.refresh_deadlines(database, org_id=seeded.org_id)
    return owned


def _rules(days: int) -> str:
    rules = "".join(_RULE.replace("NUMBER", str(number)) for number in range(TEAMS))
    return _RULES.replace("FOLLOW", str(days)) + rules


def _refresh(database: Database, seeded: Seeded) -> tuple[float, float]:
    """Seconds of the whole, and the p99 of claims in milliseconds meanwhile."""
    done, found = Event(), list[float]()
    claiming = Thread(target=lambda: found.append(_claims(database, seeded, done, 100 * CLAIMS)))
    # In a process of its own, as a worker is.
    working = get_context("spawn").Process(target=_work, args=(database.url, seeded.org_id))
    claiming.start()
    seconds = timed(lambda: (working.start(), working.join())) / 1000
    done.set()
    claiming.join()
    if working.exitcode:
        raise RuntimeError("the worker has failed")
    return seconds, found[0]


def _work(url: str, org_id: int) -> None:
    database = Database(url, pool_size=1, statement_timeout_ms=30_000)
    jobs.refresh_deadlines(database, org_id=org_id)
    database.close()


def _claims(database: Database, seeded: Seeded, done: Event, most: int) -> float:
    """One rep after the other claims the next lead; the p99 in milliseconds."""
    spans: list[float] = []
    while len(spans) < 20 or (len(spans) < most and not done.wait(0.02)):
        spans.append(timed(partial(_claim, database, seeded, len(spans))))
    return percentile(spans, 99)


def _claim(database: Database, seeded: Seeded, number: int) -> None:
    with database.begin(seeded.org_id) as uow:
        actor = members.get(uow, seeded.reps[number % len(seeded.reps)])
        assignments.claim_best(uow, actor=actor)

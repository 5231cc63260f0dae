"""Recycling and dispatching 10,000 leads of a million, against one statement by hand that writes the same rows.

Both write the lead, its assignment, the ledger, the timeline and the decision. By hand nothing is decided: no rules, no
calendars, no caps, no messages owed. What remains above 1.0 is their price.
"""

from __future__ import annotations

from statistics import median

from sqlalchemy import text

from bench.frame import Env, Figure, timed
from bench.seed import Seeded
from crm import jobs
from crm.db import Database
from crm.services import recycling

MANY, ROUNDS = 10_000, 3
LARGE = 1_000_000

_FALL_DUE = text(
    """
    update lead set recycle_at = :now, recycle_rule = 'follow-up' where org_id = :org and id = any(
        select id from lead
        where org_id = :org and status = 'open' and owner_id is not null order by id desc limit :many)
    """
)
_RECYCLE = text(
    """
    with taken as (
        update lead l set owner_id = null, pool_entered_at = :now, assigned_at = null, recycle_at = null,
               recycle_rule = null, warn_at = null, version = l.version + 1
        from lead old
        where l.org_id = :org and old.org_id = :org and old.id = l.id and l.recycle_at <= :now and l.status = 'open'
        returning l.id, old.owner_id
    ), ended as (
        update assignment a set ended_at = :now, ended_by = 'recycled' from taken
        where a.org_id = :org and a.lead_id = taken.id and a.ended_at is null
    ), counted as (
        update rep_load r set holding = r.holding - t.many
        from (select owner_id, count(*) as many from taken group by owner_id) t
        where r.org_id = :org and r.member_id = t.owner_id
    ), why as (
        insert into decision (org_id, kind, lead_id, member_id, rule, outcome, facts, candidates, at)
        select :org, 'recycle', id, owner_id, 'follow-up', 'recycled', '{"anchor": "no_follow_up"}', '[]', :now
        from taken
        returning id, lead_id, member_id
    )
    insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id)
    select :org, lead_id, member_id, 'recycled', :now, '{"rule": "follow-up"}', id from why
    """
)
_FREE = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is null and held_since is null
    order by id limit :many offset :after
    """
)
_DEAL = text(
    """
    with dealt as (
        update lead l set owner_id = d.member, assigned_at = :now, recycle_at = :later, version = l.version + 1
        from (select id, (cast(:reps as bigint[]))[1 + n % cardinality(cast(:reps as bigint[]))] as member
              from unnest(cast(:leads as bigint[])) with ordinality as u(id, n)) d
        where l.org_id = :org and l.id = d.id and l.owner_id is null
        returning l.id, l.owner_id
    ), begun as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, owner_id, :now, 'dispatch' from dealt
    ), counted as (
        update rep_load r set holding = r.holding + t.many
        from (select owner_id, count(*) as many from dealt group by owner_id) t
        where r.org_id = :org and r.member_id = t.owner_id
    ), why as (
        insert into decision (org_id, kind, lead_id, member_id, rule, outcome, facts, candidates, at)
        select :org, 'dispatch', id, owner_id, 'everybody', 'assigned', '{"source": "web"}', '[]', :now from dealt
        returning id, lead_id, member_id
    )
    insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id)
    select :org, lead_id, member_id, 'dispatched', :now, '{}', id from why
    """
)


def run(env: Env) -> list[Figure]:
    """Each a few times in turns; the medians are compared."""
    database, seeded = env.company(LARGE)
    return [_recycle(database, seeded), _dispatch(database, seeded)]


def _recycle(database: Database, seeded: Seeded) -> Figure:
    ours, by_hand = [], []
    for _ in range(ROUNDS):
        _run(database, seeded, _FALL_DUE, many=MANY)
        ours.append(timed(lambda: recycling.sweep(database, seeded.org_id)))
        _run(database, seeded, _FALL_DUE, many=MANY)
        by_hand.append(timed(lambda: _run(database, seeded, _RECYCLE)))
    return _figure("recycle 10,000 of 1M", ours, by_hand)


def _dispatch(database: Database, seeded: Seeded) -> Figure:
    ours, by_hand = [], []
    for _ in range(ROUNDS):
        leads, others = _free(database, seeded, 0), _free(database, seeded, MANY)
        ours.append(timed(lambda leads=leads: jobs.deal_leads(database, org_id=seeded.org_id, lead_ids=leads)))
        by_hand.append(timed(lambda others=others: _deal(database, seeded, others)))
    return _figure("dispatch 10,000 of 1M", ours, by_hand)


def _deal(database: Database, seeded: Seeded, leads: list[int]) -> None:
    with database.begin(seeded.org_id) as uow:
        args = {"org": uow.org_id, "now": uow.now, "later": uow.now, "leads": leads, "reps": list(seeded.reps)}
        uow.session.execute(_DEAL, args)


def _run(database: Database, seeded: Seeded, statement: object, **args: object) -> None:
    with database.begin(seeded.org_id) as uow:
        uow.session.execute(statement, {"org": uow.org_id, "now": uow.now, **args})  # type: ignore[call-overload]


def _free(database: Database, seeded: Seeded, after: int) -> list[int]:
    with database.begin(seeded.org_id) as uow:
        return list(uow.session.scalars(_FREE, {"org": uow.org_id, "many": MANY, "after": after}))


def _figure(name: str, ours: list[float], by_hand: list[float]) -> Figure:
    mine, reference = median(ours), median(by_hand)
    return Figure(f"{name}, against one SQL by hand", mine, "ms", reference, mine / reference, 2.0)

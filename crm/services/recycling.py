"""The recycle run: neglected leads go back to a pool, set by set, unless a rep was faster.

What is due stands in a column, so a run costs what it takes and not what lies around. A lead that somebody works on at this
moment is locked and skipped; its deadline has moved when the next run looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from crm.db import Database
from crm.services import breaker, decisions
from crm.services.warnings import CHUNK as WARNED_AT_ONCE
from crm.services.warnings import extend, warn_due
from crm.uow import UnitOfWork

__all__ = ["extend", "sweep", "take_due", "warn"]

CHUNK = 1000
# Notices of one run become one card for each rep and pool: its chunks follow each other within this time.
GATHER = timedelta(seconds=2)

_DUE = text(
    """
    select l.id, l.owner_id, l.recycle_at
    from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id
    where l.org_id = :org and l.recycle_at <= :now and (l.recycle_at, l.id) > (:at, :after)
      and l.status = 'open' and l.origin <> 'self' and not coalesce(m.department_id, 0) = any(:stopped)
    order by l.recycle_at, l.id limit :chunk for update of l skip locked
    """
)
_LOCK_LEDGER = text(
    "select member_id from rep_load where org_id = :org and member_id = any(:owners) order by member_id for update"
)
_TAKE = text(
    """
    with target(rule, pool, facts) as (
        select * from unnest(cast(:rules as text[]), cast(:rule_pools as bigint[]), cast(:rule_facts as jsonb[]))
    ), detour(pool, target) as (
        select * from unnest(cast(:pools as bigint[]), cast(:pool_targets as bigint[]))
    ), old as materialized (
        select l.id, l.owner_id, l.recycle_rule as rule, coalesce(t.pool, d.target, l.pool_id, :fallback) as pool,
               coalesce(t.facts, '{}') as facts
        from lead l left join target t on t.rule = l.recycle_rule left join detour d on d.pool = l.pool_id
        where l.org_id = :org and l.id = any(:leads)
    ), taken as (
        update lead l set owner_id = null, pool_id = old.pool, pool_entered_at = :now, assigned_at = null, recycle_at = null,
               recycle_rule = null, warn_at = null, warn_step = 0, sla_at = null, extended_until = null, extensions = 0,
               protected_until = null, version = l.version + 1
        from old
        where l.org_id = :org and l.id = old.id and l.owner_id = old.owner_id and l.recycle_at <= :now and l.status = 'open'
        returning l.id, old.owner_id, old.rule, old.pool, old.facts
    ), history as (
        update assignment a set ended_at = :now, ended_by = 'recycled', reason = taken.rule
        from taken where a.org_id = :org and a.lead_id = taken.id and a.ended_at is null
    ), tasks as (
        update task t set state = 'cancelled', closed_at = :now, version = t.version + 1
        from taken where t.org_id = :org and t.lead_id = taken.id and t.member_id = taken.owner_id and t.state = 'open'
    ), counted as (
        update rep_load r set holding = greatest(r.holding - lost.many, 0)
        from (select owner_id, count(*) as many from taken group by owner_id) lost
        where r.org_id = :org and r.member_id = lost.owner_id
    ), why as (
        insert into decision (org_id, kind, lead_id, member_id, run_id, rule_set_id, rule, outcome, facts, candidates, at)
        select :org, 'recycle', id, owner_id, :run, :rule_set, rule, 'recycled', facts || jsonb_build_object('pool', pool),
               '[]', :now
        from taken returning id, lead_id, member_id, rule
    ), line as (
        insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id)
        select :org, lead_id, member_id, 'recycled', :now, jsonb_build_object('rule', rule), id from why
    )
    select id, owner_id, pool from taken
    """
)
_COUNT = text("update run set counters = counters || cast(:counters as jsonb) where org_id = :org and id = :run")
_POOLS = text("select key, id from pool where org_id = :org order by id")


@dataclass(slots=True)
class _Run:
    """A run on its way: how far it is, which teams it leaves alone, and how many leads it has taken."""

    id: int
    stopped: Sequence[int]
    at: Any = "-infinity"
    after: int = 0
    taken: int = 0


def sweep(database: Database, org_id: int, *, chunk: int = CHUNK) -> int:
    """Take back what is due in an organization; returns how many leads. Each chunk is a transaction of its own."""
    with database.begin(org_id) as uow:
        run = _open(uow)
    while run:
        with database.begin(org_id) as uow:
            found = _chunk(uow, run, chunk)
        if found < chunk:
            return run.taken
    return 0


def take_due(uow: UnitOfWork) -> int:
    """One chunk of a sweep inside a transaction that is under way; returns how many leads were looked at."""
    run = _open(uow)
    return _chunk(uow, run, CHUNK) if run else 0


def warn(database: Database, org_id: int) -> int:
    """Owe the warnings that are due in an organization; returns for how many leads."""
    warned = 0
    while True:
        with database.begin(org_id) as uow:
            found = warn_due(uow)
        warned += found
        if found < WARNED_AT_ONCE:
            return warned


def _open(uow: UnitOfWork) -> _Run | None:
    """A run if anything is due outside the teams for which a manager has to be asked first."""
    stopped = breaker.check(uow)
    args = {"org": uow.org_id, "now": uow.now, "stopped": stopped, "at": "-infinity", "after": 0, "chunk": 1}
    if uow.session.execute(_DUE, args).one_or_none() is None:
        return None
    return _Run(decisions.open_run(uow, "recycle", {"taken": 0}), stopped)


def _chunk(uow: UnitOfWork, run: _Run, chunk: int) -> int:
    """Take one chunk; returns how many were looked at."""
    due = uow.session.execute(
        _DUE,
        {"org": uow.org_id, "now": uow.now, "stopped": run.stopped, "at": run.at, "after": run.after, "chunk": chunk},
    ).all()  # fmt: skip
    if not due:
        return 0
    run.at, run.after = due[-1].recycle_at, due[-1].id
    uow.session.execute(_LOCK_LEDGER, {"org": uow.org_id, "owners": sorted({row.owner_id for row in due})})
    taken = uow.session.execute(_TAKE, _targets(uow) | {
        "org": uow.org_id, "now": uow.now, "leads": [row.id for row in due], "run": run.id, "rule_set": uow.rule_set_id,
    }).all()  # fmt: skip
    run.taken += len(taken)
    uow.session.execute(_COUNT, {"org": uow.org_id, "run": run.id, "counters": json.dumps({"taken": run.taken})})
    _tell(uow, run, taken)
    return len(due)


def _targets(uow: UnitOfWork) -> dict[str, Any]:
    """Where leads return to: by rule, else by the pool they came from, else that pool."""
    ids = {row.key: row.id for row in uow.session.execute(_POOLS, {"org": uow.org_id})}
    rules = uow.rules
    by_pool = {ids[key]: ids[pool.target] for key, pool in rules.pools.items() if key in ids and pool.target in ids}
    fallback = ids.get(rules.fallback_pool or "") or next(iter(ids.values()), None)
    return {
        "rules": [rule.name for rule in rules.recycle], "rule_pools": [ids.get(rule.to or "") for rule in rules.recycle],
        "rule_facts": [json.dumps({"anchor": rule.anchor, "period": str(rule.period)}) for rule in rules.recycle],
        "pools": list(by_pool), "pool_targets": list(by_pool.values()), "fallback": fallback,
    }  # fmt: skip


def _tell(uow: UnitOfWork, run: _Run, taken: Sequence[Row[Any]]) -> None:
    """Owe one card to each rep who lost leads, and one to each pool that got some."""
    for owner, leads in _grouped((row.owner_id, row.id) for row in taken).items():
        uow.notify(
            "leads.recycled", to=owner, key=f"recycled:{run.id}:{owner}:{leads[0]}", together=f"recycled:{run.id}",
            data={"leads": leads, "run": run.id}, due_at=uow.now + GATHER,
        )  # fmt: skip
    for pool, leads in _grouped((row.pool, row.id) for row in taken).items():
        uow.notify(
            "pool.recycled", key=f"returned:{run.id}:{pool}:{leads[0]}", together=f"returned:{run.id}:{pool}",
            data={"pool": pool, "leads": leads, "run": run.id}, due_at=uow.now + GATHER,
        )  # fmt: skip
    uow.touch(*(row.id for row in taken))


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for key, lead in pairs:
        found.setdefault(key, []).append(lead)
    return found

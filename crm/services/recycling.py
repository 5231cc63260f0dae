"""The recycle run: neglected leads go back to a pool, set by set, unless a rep was faster.

What is due stands in a column, so a run costs what it takes and not what lies around. A lead that somebody works on at
this moment is locked and skipped; its deadline has moved when the next run looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from crm.db import Database
from crm.rules.ruleset import Rules
from crm.services import breaker, decisions, pauses, shadowing
from crm.services.warnings import CHUNK as WARNED_AT_ONCE
from crm.services.warnings import extend, warn_due
from crm.uow import UnitOfWork

__all__ = ["extend", "sweep", "take_due", "warn"]

CHUNK = 2000
# Notices of one run become one card for each rep and pool: its chunks follow each other within this time.
GATHER = timedelta(seconds=2)

DUE = text(
    """
    select l.owner_id, array_agg(l.id order by l.id) as leads
    from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id
    where l.org_id = :org and l.recycle_at <= :now and l.status = 'open' and l.origin <> 'self' and m.active
      and not coalesce(m.department_id, 0) = any(:stopped) and not coalesce(l.recycle_rule, '') = any(:paused)
    group by l.owner_id order by l.owner_id
    """
)
# Asked `is true`, so that the leads are found by their ids: by the time, each chunk would read all that is due again.
LOCK = text(
    """
    select id, owner_id, recycle_rule, pool_id from lead
    where org_id = :org and id = any(:leads) and (recycle_at <= :now) is true and owner_id is not null
      and status = 'open' and origin <> 'self'
    order by id for no key update skip locked
    """
)
_LOCK_LEDGER = text(
    "select member_id from rep_load where org_id = :org and member_id = any(:owners) order by member_id for update"
)
# One rule at a time and by a list of ids, so that no join can go wrong: the planner takes what a CTE changes for one
# row, and joins it to a table by reading either again and again.
_CANCEL_TASKS = text(
    """
    update task t set state = 'cancelled', closed_at = :now, version = t.version + 1
    from unnest(cast(:leads as bigint[]), cast(:owners as bigint[])) as lost(lead, owner)
    where t.org_id = :org and t.lead_id = any(:leads) and t.lead_id = lost.lead and t.member_id = lost.owner
      and t.state = 'open'
    """
)
_FREE = text(
    """
    update lead set owner_id = null, pool_entered_at = :now, assigned_at = null, recycle_at = null, recycle_rule = null,
           warn_at = null, warn_step = 0, sla_at = null, extended_until = null, extensions = 0, protected_until = null,
           pool_id = coalesce(:target, cast(cast(:detours as jsonb)->>cast(pool_id as text) as bigint), pool_id,
                              :fallback),
           version = version + 1
    where org_id = :org and id = any(:leads)
    returning id, pool_id, counts
    """
)
_END = text(
    "update assignment set ended_at = :now, ended_by = 'recycled', reason = :rule"
    " where org_id = :org and lead_id = any(:leads) and ended_at is null"
)
_UNLOAD = text(
    """
    update rep_load r set holding = greatest(r.holding - lost.many, 0)
    from (select member, count(*) as many from unnest(cast(:counted as bigint[])) as o(member) group by member) lost
    where r.org_id = :org and r.member_id = lost.member
    """
)
_HISTORY = text(
    """
    with why as (
        insert into decision (org_id, kind, lead_id, member_id, run_id, rule_set_id, rule, outcome, facts, candidates,
                              at)
        select :org, 'recycle', t.lead, t.owner, :run, :rule_set, :rule, 'recycled',
               cast(:facts as jsonb) || jsonb_build_object('pool', t.pool, 'was', t.was), '[]', :now
        from unnest(cast(:leads as bigint[]), cast(:owners as bigint[]), cast(:pools as bigint[]),
                    cast(:were as bigint[])) as t(lead, owner, pool, was)
        returning id, lead_id, member_id
    )
    insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id)
    select :org, lead_id, member_id, 'recycled', :now, jsonb_build_object('rule', cast(:rule as text)), id from why
    """
)
_COUNT = text("update run set counters = counters || cast(:counters as jsonb) where org_id = :org and id = :run")
_POOLS = text("select key, id from pool where org_id = :org order by id")


@dataclass(frozen=True, slots=True)
class _Lost:
    """A lead that went back, from whom, and into which pool.

    `was` is the pool it lay in before it was owned; `counts`: it filled its owner's capacity.
    """

    lead: int
    owner: int
    pool: int
    was: int | None
    counts: bool


@dataclass(frozen=True, slots=True)
class _Pools:
    """Where leads return to: by rule, else by the pool they came from, else that pool itself."""

    ids: Mapping[str, int]

    def for_rule(self, rules: Rules, name: str | None) -> dict[str, Any]:
        rule = rules.recycle_rule(name)
        moves = {key: pool.target for key, pool in rules.pools.items() if key in self.ids and pool.target in self.ids}
        return {
            "target": self.ids.get(rule.to or "") if rule else None,
            "detours": json.dumps({self.ids[key]: self.ids[target] for key, target in moves.items() if target}),
            "fallback": self.ids.get(rules.fallback_pool or "") or next(iter(self.ids.values()), None),
        }


@dataclass(slots=True)
class _Run:
    """A run on its way: what is due in each chunk to come, owner by owner, and how many leads it has taken.

    So each owner is told once, and a row of the ledger is locked for one chunk only.
    """

    id: int
    chunks: list[list[int]]
    pools: _Pools
    taken: int = 0


def sweep(database: Database, org_id: int, *, chunk: int = CHUNK) -> int:
    """Take back what is due in an organization; returns how many leads. Each chunk is a transaction of its own."""
    with database.begin(org_id) as uow:
        run = _open(uow, chunk)
    while run and run.chunks:
        with database.begin(org_id) as uow:
            _chunk(uow, run, run.chunks.pop(0))
    return run.taken if run else 0


def take_due(uow: UnitOfWork) -> int:
    """One chunk of a sweep inside a transaction that is under way; returns how many leads were looked at."""
    run = _open(uow, CHUNK)
    return _chunk(uow, run, run.chunks.pop(0)) if run else 0


def warn(database: Database, org_id: int) -> int:
    """Owe the warnings that are due in an organization; returns for how many leads."""
    warned = 0
    while True:
        with database.begin(org_id) as uow:
            found = warn_due(uow)
        warned += found
        if found < WARNED_AT_ONCE:
            return warned


def _open(uow: UnitOfWork, chunk: int) -> _Run | None:
    """A run if anything is due outside the teams for which a manager has to be asked first, and not in shadow time."""
    if shadowing.running(uow):
        return None
    # Their clocks stand still; those that have not followed yet look due.
    paused = sorted(pauses.paused(uow, "recycle"))
    args = {"org": uow.org_id, "now": uow.now, "stopped": breaker.check(uow, paused), "paused": paused}
    due = uow.session.execute(DUE, args).all()
    if not due:
        return None
    pools = _Pools({row.key: row.id for row in uow.session.execute(_POOLS, {"org": uow.org_id})})
    return _Run(decisions.open_run(uow, "recycle", {"taken": 0}), _chunks(due, chunk), pools)


def _chunks(due: Sequence[Row[Any]], size: int) -> list[list[int]]:
    """The leads of whole owners together as far as they fit; who loses more than that has chunks alone."""
    found: list[list[int]] = [[]]
    for row in due:
        if found[-1] and len(found[-1]) + len(row.leads) > size:
            found.append([])
        for start in range(0, len(row.leads), size):
            found[-1] += row.leads[start : start + size]
            if len(found[-1]) >= size:
                found.append([])
    return [chunk for chunk in found if chunk]


def _chunk(uow: UnitOfWork, run: _Run, leads: Sequence[int]) -> int:
    """Take back of these what is still due; returns how many were looked at."""
    due = uow.session.execute(LOCK, {"org": uow.org_id, "now": uow.now, "leads": leads}).all()
    if not due:
        return 0
    uow.session.execute(_LOCK_LEDGER, {"org": uow.org_id, "owners": sorted({row.owner_id for row in due})})
    taken = [lost for rule, rows in _by_rule(due).items() for lost in _take(uow, run, rule, rows)]
    run.taken += len(taken)
    uow.session.execute(_COUNT, {"org": uow.org_id, "run": run.id, "counters": json.dumps({"taken": run.taken})})
    _tell(uow, run, taken)
    return len(due)


def _take(uow: UnitOfWork, run: _Run, rule: str | None, due: Mapping[int, Row[Any]]) -> list[_Lost]:
    """Free the leads that one rule takes back, with all that belongs to it."""
    args = {
        "org": uow.org_id, "now": uow.now, "leads": list(due), "owners": [row.owner_id for row in due.values()],
        "rule": rule,
    }  # fmt: skip
    uow.session.execute(_CANCEL_TASKS, args)
    freed = uow.session.execute(_FREE, args | run.pools.for_rule(uow.rules, rule)).all()
    taken = [_Lost(row.id, due[row.id].owner_id, row.pool_id, due[row.id].pool_id, row.counts) for row in sorted(freed)]
    args |= {
        "leads": [lost.lead for lost in taken], "owners": [lost.owner for lost in taken],
        "pools": [lost.pool for lost in taken], "were": [lost.was for lost in taken], "run": run.id,
        "counted": [lost.owner for lost in taken if lost.counts], "rule_set": uow.rule_set_id,
        "facts": _facts(uow, rule),
    }  # fmt: skip
    for statement in (_END, _UNLOAD, _HISTORY):
        uow.session.execute(statement, args)
    return taken


def _by_rule(due: Sequence[Row[Any]]) -> dict[str | None, dict[int, Row[Any]]]:
    found: dict[str | None, dict[int, Row[Any]]] = {}
    for row in due:
        found.setdefault(row.recycle_rule, {})[row.id] = row
    return found


def _facts(uow: UnitOfWork, name: str | None) -> str:
    """What the rule says, so that the reason can be told in words even when the rules have changed."""
    rule = uow.rules.recycle_rule(name)
    return json.dumps({"anchor": rule.anchor, "period": str(rule.period)} if rule else {})


def _tell(uow: UnitOfWork, run: _Run, taken: Sequence[_Lost]) -> None:
    """Owe one card to each rep who lost leads, and one to each pool that got some."""
    for owner, leads in _grouped((lost.owner, lost.lead) for lost in taken).items():
        uow.notify(
            "leads.recycled", to=owner, key=f"recycled:{run.id}:{owner}:{leads[0]}", together=f"recycled:{run.id}",
            data={"leads": leads, "run": run.id}, due_at=uow.now + GATHER,
        )  # fmt: skip
    for pool, leads in _grouped((lost.pool, lost.lead) for lost in taken).items():
        uow.notify(
            "pool.recycled", key=f"returned:{run.id}:{pool}:{leads[0]}", together=f"returned:{run.id}:{pool}",
            data={"pool": pool, "leads": leads, "run": run.id}, due_at=uow.now + GATHER * (1 + len(run.chunks)),
        )  # fmt: skip
    uow.touch(*(lost.lead for lost in taken))


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for key, lead in pairs:
        found.setdefault(key, []).append(lead)
    return found

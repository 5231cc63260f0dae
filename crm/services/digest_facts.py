"""What a digest says beside the funnel: how pools filled and emptied, and what lies still in the reps' hands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm.rules.periods import Period
from crm.uow import UnitOfWork

IDLE = timedelta(days=7)
HOARDED = timedelta(days=1)
SOON = timedelta(hours=24)
STUCK = 3

# A lead enters a pool when it is created without owner or given back, and leaves it with an owner that was no transfer.
_FLOWS = text(
    """
    with pools as (
        select p.id, p.name from pool p
        where p.org_id = :org and (cast(:department as bigint) is null or exists (
            select 1 from pool_scope s
            join department d on d.org_id = s.org_id and (d.id = s.department_id or d.id = :department)
            where s.org_id = p.org_id and s.pool_id = p.id and s.department_id is not null
              and ((d.id = s.department_id and :department = any(d.path))
                   or (d.id = :department and s.department_id = any(d.path)))))
    ), moves as (
        select l.pool_id, l.created_at as at, 1 as way from lead l
        where l.org_id = :org and l.created_at >= :start and l.created_at <= :now
          and not exists (select 1 from assignment a
                          where a.org_id = l.org_id and a.lead_id = l.id and a.began_at = l.created_at)
        union all
        select l.pool_id, a.ended_at, 1 from assignment a
        join lead l on l.org_id = a.org_id and l.id = a.lead_id
        where a.org_id = :org and a.ended_at >= :start and a.ended_at <= :now
          and a.ended_by in ('released', 'recycled', 'undone')
        union all
        select l.pool_id, a.began_at, -1 from member m
        join assignment a on a.org_id = m.org_id and a.member_id = m.id and a.began_at >= :start and a.began_at <= :now
        join lead l on l.org_id = a.org_id and l.id = a.lead_id and l.created_at < a.began_at
        where m.org_id = :org and a.began_by in ('claim', 'dispatch', 'offer', 'assign')
    ), flows as (
        select pool_id, count(*) filter (where at < :until and way = 1) as inflow,
               count(*) filter (where at < :until and way = -1) as outflow,
               coalesce(sum(way) filter (where at >= :until), 0) as since
        from moves group by pool_id
    )
    select pools.id, pools.name, coalesce(flows.inflow, 0) as inflow, coalesce(flows.outflow, 0) as outflow,
           (select count(*) from lead l where l.org_id = :org and l.pool_id = pools.id and l.status = 'open'
               and l.owner_id is null) - coalesce(flows.since, 0) as level
    from pools left join flows on flows.pool_id = pools.id order by pools.id
    """
)
_HELD = """
    from member m
    join department d on d.org_id = m.org_id and d.id = m.department_id
    join lead l on l.org_id = m.org_id and l.owner_id = m.id and l.status = 'open' and l.origin <> 'self'
               and l.assigned_at <= :until
"""
_OF_TEAM = """
    where m.org_id = :org and (cast(:department as bigint) is null or :department = any(d.path))
"""
_HOLDINGS = text(
    f"""
    select m.id, m.name, count(*) as held,
           count(*) filter (where l.followed_up_at >= :idle) as touched,
           count(*) filter (where l.followed_up_at < :idle) as idle,
           count(*) filter (where l.followed_up_at is null and l.assigned_at < :hoarded) as hoarded,
           count(*) filter (where l.recycle_at >= :until and l.recycle_at < :soon) as due
    {_HELD} {_OF_TEAM} group by m.id, m.name
    """
)
# What is worth most and has been left alone longest.
_STUCK = text(
    f"""
    select l.id, l.number, m.id as member_id, m.name as member, s.name as stage, s.name_zh as stage_zh,
           coalesce(l.followed_up_at, l.assigned_at) as still_since
    {_HELD}
    join pipeline p on p.org_id = l.org_id and p.line_id = l.line_id
    join stage s on s.org_id = l.org_id and s.pipeline_id = p.id and s.key = l.stage
    {_OF_TEAM} and s.funnel in ('qualified', 'opportunity') and coalesce(l.followed_up_at, l.assigned_at) < :stuck
    order by s.position desc, still_since, l.id limit {STUCK}
    """
)
# Who took up again what was won has not won it.
_BEST = text(
    """
    select m.id, m.name, count(*) as won from member m
    join department d on d.org_id = m.org_id and d.id = m.department_id
    join assignment a on a.org_id = m.org_id and a.member_id = m.id and a.ended_by = 'converted'
                     and a.ended_at >= :start and a.ended_at < :until
    where m.org_id = :org and (cast(:department as bigint) is null or :department = any(d.path))
      and not exists (select 1 from assignment later where later.org_id = a.org_id and later.lead_id = a.lead_id
                        and later.id > a.id and later.began_at < :until)
    group by m.id, m.name order by won desc, m.id limit 1
    """
)

_LEVELS = text(
    """
    select l.pool_id, count(*) from lead l
    where l.org_id = :org and l.status = 'open' and l.owner_id is null and l.pool_id is not null
      and (cast(:department as bigint) is null or exists (
            select 1 from pool_scope s
            join department d on d.org_id = s.org_id and (d.id = s.department_id or d.id = :department)
            where s.org_id = l.org_id and s.pool_id = l.pool_id and s.department_id is not null
              and ((d.id = s.department_id and :department = any(d.path))
                   or (d.id = :department and s.department_id = any(d.path)))))
    group by l.pool_id order by l.pool_id
    """
)
_STIRRED = text(
    """
    select exists (
        select from member m join department d on d.org_id = m.org_id and d.id = m.department_id
        join activity a on a.org_id = m.org_id and a.actor_id = m.id and a.at >= :since and a.at <= :now
        where m.org_id = :org and (cast(:department as bigint) is null or :department = any(d.path)))
      or exists (
        select from member m join department d on d.org_id = m.org_id and d.id = m.department_id
        join assignment a on a.org_id = m.org_id and a.member_id = m.id and a.began_at >= :since
        where m.org_id = :org and (cast(:department as bigint) is null or :department = any(d.path)))
      or exists (
        select from assignment a join member m on m.org_id = a.org_id and m.id = a.member_id
        join department d on d.org_id = m.org_id and d.id = m.department_id
        where a.org_id = :org and a.ended_at >= :since
          and (cast(:department as bigint) is null or :department = any(d.path)))
    """
)


@dataclass(frozen=True, slots=True)
class PoolFlow:
    """One pool on the day: how many leads came, how many left, how many lie in it at the end."""

    pool_id: int
    name: str
    inflow: int
    outflow: int
    level: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What one member holds: `touched` within a week, `idle` for longer, `hoarded` never since it was taken."""

    member_id: int
    name: str
    held: int
    touched: int
    idle: int
    hoarded: int
    due: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """An advanced lead that nobody has moved for long."""

    lead_id: int
    number: int
    member_id: int
    member: str
    stage: str
    stage_zh: str
    days: int

    @property
    def ref(self) -> str:
        return f"L-{self.number}"


@dataclass(frozen=True, slots=True)
class Best:
    """Who won most."""

    member_id: int
    name: str
    won: int


def flows(uow: UnitOfWork, *, department_id: int | None, day: Period, until: datetime) -> list[PoolFlow]:
    """The pools from which the department claims, or all."""
    args = {"org": uow.org_id, "department": department_id, "start": day.start, "until": until, "now": uow.now}
    rows = uow.session.execute(_FLOWS, args).all()
    return [PoolFlow(row.id, row.name, row.inflow, row.outflow, row.level) for row in rows]


def levels(uow: UnitOfWork, department_id: int | None) -> dict[str, int]:
    """How many leads lie in each of the pools from which the department claims, or in all."""
    rows = uow.session.execute(_LEVELS, {"org": uow.org_id, "department": department_id})
    return {str(pool_id): count for pool_id, count in rows}


def stirred(uow: UnitOfWork, *, department_id: int | None, since: datetime) -> bool:
    """Whether somebody of the department has done something with a lead since then, or got or lost one."""
    args = {"org": uow.org_id, "department": department_id, "since": since, "now": uow.now}
    return bool(uow.session.scalar(_STIRRED, args))


def holdings(uow: UnitOfWork, *, department_id: int | None, until: datetime) -> list[Holding]:
    """Member by member, the most neglected leads first."""
    args = _args(uow, department_id, until) | {
        "idle": until - IDLE, "hoarded": until - HOARDED, "soon": until + SOON,
    }  # fmt: skip
    found = [Holding(*row) for row in uow.session.execute(_HOLDINGS, args)]
    return sorted(found, key=lambda one: (-one.idle - one.hoarded, one.member_id))


def stuck(uow: UnitOfWork, *, department_id: int | None, until: datetime) -> list[Stuck]:
    """The few most advanced leads that have been left alone longest."""
    rows = uow.session.execute(_STUCK, _args(uow, department_id, until) | {"stuck": until - IDLE}).all()
    return [
        Stuck(row.id, row.number, row.member_id, row.member, row.stage, row.stage_zh, (until - row.still_since).days)
        for row in rows
    ]


def best(uow: UnitOfWork, *, department_id: int | None, start: datetime, until: datetime) -> Best | None:
    """Who won most since `start`."""
    row = uow.session.execute(_BEST, _args(uow, department_id, until) | {"start": start}).one_or_none()
    return Best(row.id, row.name, row.won) if row else None


def _args(uow: UnitOfWork, department_id: int | None, until: datetime) -> dict[str, Any]:
    return {"org": uow.org_id, "department": department_id, "until": until}

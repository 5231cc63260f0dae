"""Free leads go from one pool to another in bulk: first a preview, then one tap, and one undo.

What was previewed is kept as a run, so that the tap moves these leads and no others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import text

from crm.errors import OldCard
from crm.errors_of_pools import NothingToMove, NotPoolAdmin
from crm.rules.access import Actor
from crm.services import placing, pools, timeline
from crm.services.pools import PoolView
from crm.uow import UnitOfWork

KIND, MOST = "move", 200
GOOD_FOR = timedelta(hours=1)

_FOUND = text(
    f"""
    select l.id from lead l join pool on pool.org_id = l.org_id and pool.id = l.pool_id
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    where l.org_id = :org and l.pool_id = :pool and {pools.FREE} and {pools.FITS}
    order by l.score desc, l.id limit :most
    """  # noqa: S608  (constants)
)
_PLAN = text(
    "insert into run (org_id, kind, at, counters) values (:org, :kind, :now, cast(:counters as jsonb)) returning id"
)
_READ = text("select at, counters from run where org_id = :org and id = :run and kind = :kind")
_LOCK = text("select id from run where org_id = :org and id = :run for update")
_DONE = text(
    "update run set counters = counters || jsonb_build_object('moved', cast(:moved as jsonb))"
    " where org_id = :org and id = :run"
)
_MOVE = text(
    """
    with was as (
        select id, pool_id, pool_entered_at from lead l
        where org_id = :org and id = any(:leads) and pool_id = :from and owner_id is null and status = 'open'
          and held_since is null
        order by id for no key update
    ), moved as (
        update lead l set pool_id = :to, pool_entered_at = :now, version = version + 1
        from was where l.org_id = :org and l.id = was.id returning l.id, l.version
    )
    insert into activity (org_id, lead_id, actor_id, verb, at, data, undo)
    select :org, moved.id, :me, 'moved', :now, jsonb_build_object('from', was.pool_id, 'to', cast(:to as bigint)),
           jsonb_build_object('version', moved.version, 'step', cast(:step as text),
                              'before', jsonb_build_object('pool_id', was.pool_id, 'at', was.pool_entered_at))
    from moved join was on was.id = moved.id
    returning lead_id
    """
)
_BACK = text(
    """
    update lead set pool_id = :pool, pool_entered_at = cast(:at as timestamptz), version = version + 1
    where org_id = :org and id = :lead and owner_id is null
    """
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Leads that shall go from one pool to another; `moved` are those that did, None before the tap."""

    source: int
    target: int
    by: int
    leads: list[int]
    moved: list[int] | None


def plan(uow: UnitOfWork, *, actor: Actor, source: PoolView, target: PoolView, many: int, words: str = "") -> int:
    """Find the best free leads of a pool that fit the words; returns the number under which the move is kept.

    Raises: NotPoolAdmin, NothingToMove.
    """
    manages(actor, source)
    args = {"org": uow.org_id, "pool": source.id, "words": words.strip(), "most": min(many, MOST)}
    found = uow.session.scalars(_FOUND, args).all()
    if not found or source.id == target.id:
        raise NothingToMove(pool=source.name)
    counters = {"from": source.id, "to": target.id, "leads": list(found), "by": actor.id}
    made: int = uow.session.execute(
        _PLAN, {"org": uow.org_id, "kind": KIND, "now": uow.now, "counters": json.dumps(counters)}
    ).scalar_one()
    return made


def read(uow: UnitOfWork, run_id: int) -> Plan | None:
    """A planned move, for as long as it can be done."""
    row = uow.session.execute(_READ, {"org": uow.org_id, "run": run_id, "kind": KIND}).one_or_none()
    if row is None or row.at < uow.now - GOOD_FOR:
        return None
    kept = row.counters
    return Plan(kept["from"], kept["to"], kept["by"], kept["leads"], kept.get("moved"))


def move(uow: UnitOfWork, *, actor: Actor, run_id: int) -> Plan:
    """Do what was previewed, for the leads that still lie there. Twice is harmless.

    Raises: OldCard, NotPoolAdmin.
    """
    uow.session.execute(_LOCK, {"org": uow.org_id, "run": run_id})
    planned = read(uow, run_id)
    if planned is None or planned.by != actor.id:
        raise OldCard
    if planned.moved is not None:
        return planned
    manages(actor, pools.get(uow, planned.source))
    args = {"from": planned.source, "to": planned.target, "leads": planned.leads, "step": f"move-{run_id}"}
    moved = sorted(uow.session.scalars(_MOVE, args | {"org": uow.org_id, "me": actor.id, "now": uow.now}))
    uow.session.execute(_DONE, {"org": uow.org_id, "run": run_id, "moved": json.dumps(moved)})
    uow.touch(*moved)
    if moved:
        placing.announce(uow, planned.target, moved)
    return replace(planned, moved=moved)


def move_back(uow: UnitOfWork, *, actor: Actor, lead_id: int, before: dict[str, object]) -> None:
    """One lead lies where it lay before, since when it lay there."""
    args = {"org": uow.org_id, "lead": lead_id, "pool": before["pool_id"], "at": before["at"]}
    uow.session.execute(_BACK, args)
    timeline.note(uow, lead_id=lead_id, verb="undone", actor_id=actor.id, data={"verb": "moved"})


def manages(actor: Actor, pool: PoolView) -> None:
    """Raise NotPoolAdmin for everybody but admins and the pool's own."""
    if not (actor.is_admin or pool.admin_id == actor.id):
        raise NotPoolAdmin(pool=pool.name, admin_id=pool.admin_id)

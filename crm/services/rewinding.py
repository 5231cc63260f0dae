"""Taking back a whole run within a day: the leads that nobody has touched since go back to where they were.

A run may be large, so it is done in the background, chunk by chunk, and again is harmless: what is back is touched.
Locks are taken in the order of the house: leads by id, then the ledger by member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from crm import queue
from crm.db import Database
from crm.errors import BuiltUpon, NotAllowed
from crm.errors_of_waiting import RunNotFound
from crm.rules import quota
from crm.rules.access import Actor
from crm.services import batches, bulk, clocks, correcting, decisions, hand_overs, import_undo, members, ownership
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

WITHIN = timedelta(hours=24)
CHUNK = 400
# So many leads are named to whoever asked; the others are counted.
NAMED = 12
# What a manager has dealt from the desk with one tap is a run as well, what somebody left behind, and many leads that
# were handed over or closed by a filter.
KINDS = ("recycle", "dispatch", batches.DEALT, hand_overs.KIND, import_undo.KIND, bulk.KIND)

_RUNS = text(
    """
    with recent as (
        select id, case kind when 'bulk' then counters->>'deed' else kind end as kind, at, rewound_at,
               case kind when 'import' then cast(counters->>'created' as int)
                         when 'bulk' then jsonb_array_length(counters->'done') else 0 end as brought
        from run where org_id = :org and kind = any(:kinds) and at > :since
          and (kind <> 'bulk' or counters->>'step' is not null
               and (:all or (counters->>'by')::bigint = cast(:me as bigint)))
        order by at desc, id desc limit :most
    )
    select r.id, r.kind, r.at, r.rewound_at, r.brought + count(d.id) as leads,
           r.brought + count(d.id) filter (
               where d.outcome in ('recycled', 'assigned', 'handed_over', 'fell_to')) as moved
    from recent r left join decision d on d.org_id = :org and d.run_id = r.id
    group by r.id, r.kind, r.at, r.rewound_at, r.brought order by r.at desc, r.id desc
    """
)
_ONE = text(
    """
    select id, kind, at, rewound_at from run
    where org_id = :org and id = :run and kind = any(:kinds) and at > :since
      and (kind <> 'bulk' or counters->>'step' is not null)
    """
)
_MARK = text("update run set rewound_at = coalesce(rewound_at, :now) where org_id = :org and id = :run")
# Touched is what a person has done since, or a later decision; that the customer came in again keeps no lead back.
_BACK = text(
    """
    select l.id, l.number, d.id as decision, d.member_id as member, l.origin, l.counts, d.at,
           (d.facts->>'was')::bigint as was, a.id as line, (a.undo->>'pool_id')::bigint as pool,
           m.active, :all or coalesce(dep.path && cast(:manages as bigint[]), false) as mine,
           (l.status = 'open' and not exists (
               select 1 from activity later where later.org_id = l.org_id and later.lead_id = l.id
                 and later.id > a.id and later.verb <> 'touched')) as untouched,
           l.owner_id, l.stage, a.undo->'desk' as desk
    from decision d
    join lead l on l.org_id = d.org_id and l.id = d.lead_id
    join member m on m.org_id = d.org_id and m.id = d.member_id
    left join department dep on dep.org_id = m.org_id and dep.id = m.department_id
    left join activity a on a.org_id = d.org_id and a.lead_id = d.lead_id and a.decision_id = d.id
    where d.org_id = :org and d.run_id = :run and d.outcome in ('recycled', 'assigned') and l.id = any(:leads)
    order by l.id
    """
)
_NEXT = text(
    """
    select lead_id from decision where org_id = :org and run_id = :run and outcome in ('recycled', 'assigned')
      and lead_id > :after order by lead_id limit :chunk
    """
)
_LOCK = text("select id from lead where org_id = :org and id = any(:leads) order by id for no key update")
_LOCK_LEDGER = text(
    "select member_id, holding from rep_load where org_id = :org and member_id = any(:members)"
    " order by member_id for update"
)
_OWN_AGAIN = text(
    """
    with back as (
        select * from unnest(cast(:leads as bigint[]), cast(:members as bigint[]), cast(:pools as bigint[]),
                             cast(:lines as bigint[])) as b(lead, member, pool, line)
    ), former as (
        select distinct on (a.lead_id) a.lead_id, a.began_at, b.member from back b
        join assignment a on a.org_id = :org and a.lead_id = b.lead and a.member_id = b.member
        where a.ended_by = 'recycled' order by a.lead_id, a.ended_at desc, a.id desc
    ), owned as (
        update lead l set owner_id = b.member, assigned_at = coalesce(f.began_at, :now), extended_until = :safe,
               pool_id = coalesce(b.pool, l.pool_id), held_by = null, held_since = null, held_until = null,
               held_for = null, version = l.version + 1
        from back b left join former f on f.lead_id = b.lead where l.org_id = :org and l.id = b.lead
        returning l.id, l.owner_id, l.counts
    ), history as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, owner_id, :now, 'rewound' from owned
    ), line as (
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, data)
        select :org, id, :actor, owner_id, 'rewound', :now, jsonb_build_object('run', cast(:run as bigint)) from owned
    )
    update rep_load r set holding = r.holding + got.many from (
        select owner_id, count(*) filter (where counts) as many from owned group by owner_id
    ) got where r.org_id = :org and r.member_id = got.owner_id
    """
)
_REOPEN_TASKS = text(
    """
    update task t set state = 'open', closed_at = null, version = t.version + 1
    from unnest(cast(:leads as bigint[]), cast(:members as bigint[]), cast(:ats as timestamptz[]))
         as b(lead, member, at)
    where t.org_id = :org and t.lead_id = b.lead and t.member_id = b.member and t.state = 'cancelled'
      and t.closed_at = b.at
    """
)
_FREE_AGAIN = text(
    """
    with back as (
        select * from unnest(cast(:leads as bigint[]), cast(:members as bigint[]), cast(:pools as bigint[]),
                             cast(:days as date[]), cast(:weeks as date[]), cast(:months as date[]))
            as b(lead, member, pool, day, week, month)
    ), freed as (
        update lead l set owner_id = null, pool_id = coalesce(b.pool, l.pool_id), pool_entered_at = :now,
               assigned_at = null, recycle_at = null, recycle_rule = null, warn_at = null, warn_step = 0, sla_at = null,
               extended_until = null, extensions = 0, protected_until = null, version = l.version + 1
        from back b where l.org_id = :org and l.id = b.lead
        returning l.id, b.member, b.day, b.week, b.month, l.counts
    ), ended as (
        update assignment a set ended_at = :now, ended_by = 'rewound' from freed
        where a.org_id = :org and a.lead_id = freed.id and a.ended_at is null
    ), line as (
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, data)
        select :org, id, :actor, member, 'rewound', :now, jsonb_build_object('run', cast(:run as bigint)) from freed
    )
    update rep_load r set holding = greatest(r.holding - lost.counted, 0),
        dealt_day = greatest(r.dealt_day - case when r.day = lost.day then lost.many else 0 end, 0),
        dealt_week = greatest(r.dealt_week - case when r.week = lost.week then lost.many else 0 end, 0),
        dealt_month = greatest(r.dealt_month - case when r.month = lost.month then lost.many else 0 end, 0)
    from (
        select member, day, week, month, count(*) as many, count(*) filter (where counts) as counted
        from freed group by member, day, week, month
    ) lost where r.org_id = :org and r.member_id = lost.member
    """
)


@dataclass(frozen=True, slots=True)
class RunView:
    """A run of the last day: `leads` decided about, `moved` of them."""

    id: int
    kind: str
    at: datetime
    rewound_at: datetime | None
    leads: int
    moved: int


@dataclass(slots=True)
class Outcome:
    """What a rewind came to, in ids of leads: `back`, `kept` (touched meanwhile), `full` (their owner has no
    room, or has left).
    """

    back: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    full: list[int] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """In figures, with the first of those that stay."""
        return {
            "back": len(self.back), "kept": self.kept[:NAMED], "kept_in_all": len(self.kept),
            "full": self.full[:NAMED], "full_in_all": len(self.full),
        }  # fmt: skip


def recent(uow: UnitOfWork, *, actor: Actor | None = None, most: int = 10) -> list[RunView]:
    """The runs of the last day, the newest first: of what was changed by a filter the actor's own, and all for an admin
    and for the command line, which is nobody. Raises NotAllowed.
    """
    if actor is not None:
        actor.need("rules")
    args = {
        "org": uow.org_id, "kinds": list(KINDS), "since": uow.now - WITHIN, "most": most,
        "me": actor.id if actor else None, "all": actor is None or actor.is_admin,
    }  # fmt: skip
    return [RunView(*row) for row in uow.session.execute(_RUNS, args)]


def rewind(uow: UnitOfWork, *, actor: Actor, run_id: int) -> None:
    """Take a run of the last day back, as far as it concerns those whom the actor manages, in the background.

    Raises: NotAllowed, RunNotFound.
    """
    actor.need("rules")
    args = {"org": uow.org_id, "run": run_id, "kinds": list(KINDS), "since": uow.now - WITHIN, "now": uow.now}
    run = uow.session.execute(_ONE, args).one_or_none()
    if run is None:
        raise RunNotFound(given=f"R-{run_id}")
    if run.kind == import_undo.KIND and not actor.is_admin:
        raise NotAllowed(roles="admins")  # what it brought belongs to everybody
    if run.kind == bulk.KIND:
        _tell(uow, actor, run_id, _bulk_back(uow, actor, run))
        return
    uow.session.execute(_MARK, args)
    if found := hand_overs.of_run(uow, run_id):
        _tell(uow, actor, run_id, _hand_over_back(uow, actor, found))
        return
    uow.defer(queue.Order(queue.REWIND, {"org_id": uow.org_id, "run_id": run_id, "by_id": actor.id}, queue=queue.BULK))


def _hand_over_back(uow: UnitOfWork, actor: Actor, found: hand_overs.HandOverView) -> Outcome:
    """It is done at once, because all of it changes hands together."""
    back = hand_overs.take_back(uow, actor=actor, hand_over_id=found.id)
    return Outcome(back=back, kept=sorted({lead for leads in found.shares.values() for lead in leads} - {*back}))


def _bulk_back(uow: UnitOfWork, actor: Actor, run: Row[Any]) -> Outcome:
    """At once as well, because it is an undo: by whoever did it, or an admin. Raises RunNotFound."""
    planned = bulk.read(uow, run.id)
    if planned is None or planned.done is None or not (actor.is_admin or planned.by == actor.id):
        raise RunNotFound(given=f"R-{run.id}")
    if run.rewound_at:
        return Outcome(kept=planned.done)
    try:
        undone = bulk.take_back(uow, actor=actor, run_id=run.id)
    except BuiltUpon:
        return Outcome(kept=planned.done)
    return Outcome(back=undone.lead_ids, kept=undone.kept_ids)


def _tell(uow: UnitOfWork, actor: Actor, run_id: int, outcome: Outcome) -> None:
    uow.notify(
        "run.rewound", to=actor.id, key=f"rewound:{run_id}:{actor.id}:{uow.now.isoformat()}",
        data={"run": run_id, **outcome.told()},
    )  # fmt: skip


def work_off(database: Database, *, org_id: int, run_id: int, by_id: int) -> None:
    """The job behind `rewind`: chunk by chunk, then the word to whoever asked for it."""
    with database.begin(org_id) as uow:
        brought = import_undo.is_import(uow, run_id)
    if brought:
        gone = import_undo.take_back(database, org_id=org_id, run_id=run_id, by_id=by_id)
        outcome, watching = Outcome(gone.back, gone.kept), gone.watching
    else:
        outcome, watching = _all(database, org_id, run_id, by_id), ""
    with database.begin(org_id) as uow:
        uow.notify(
            "run.rewound", to=by_id, key=f"rewound:{run_id}:{by_id}:{uow.now.isoformat()}",
            data={"run": run_id, "watching": watching, **outcome.told()},
        )  # fmt: skip


def _all(database: Database, org_id: int, run_id: int, by_id: int) -> Outcome:
    outcome, after = Outcome(), 0
    while True:
        with database.begin(org_id) as uow:
            ids = list(uow.session.scalars(_NEXT, _of(uow, run_id) | {"after": after, "chunk": CHUNK}))
            _add(outcome, _chunk(uow, run_id, members.get(uow, by_id), ids))
        if len(ids) < CHUNK:
            break
        after = ids[-1]
    return outcome


def _chunk(uow: UnitOfWork, run_id: int, by: Actor, lead_ids: Sequence[int]) -> Outcome:
    kind = uow.session.execute(
        _ONE, _of(uow, run_id) | {"kinds": list(KINDS), "since": uow.now - WITHIN * 2}
    ).one().kind  # fmt: skip
    uow.session.execute(_LOCK, _of(uow, run_id) | {"leads": lead_ids})
    args = _of(uow, run_id) | {"leads": lead_ids, "all": by.is_admin, "manages": list(by.manages)}
    rows = [row for row in uow.session.execute(_BACK, args) if row.mine]
    waiting = [row for row in rows if row.untouched and row.owner_id == (None if kind == "recycle" else row.member)]
    known = {row.id for row in waiting}
    found = Outcome(kept=[row.id for row in rows if row.id not in known])
    if kind == "recycle":
        waiting, found.full = _with_room(uow, waiting)
    else:
        uow.session.execute(_LOCK_LEDGER, _of(uow, run_id) | {"members": sorted({row.member for row in waiting})})
    found.back = [row.id for row in waiting]
    if waiting:
        _put_back(uow, kind, run_id, by, waiting)
    return found


def _put_back(uow: UnitOfWork, kind: str, run_id: int, by: Actor, rows: Sequence[Row[Any]]) -> None:
    leads = [row.id for row in rows]
    args = {
        "org": uow.org_id, "run": run_id, "now": uow.now, "actor": by.id, "leads": leads,
        "members": [row.member for row in rows], "ats": [row.at for row in rows], "lines": [row.line for row in rows],
        "pools": [row.was if kind == "recycle" else row.pool for row in rows],
        "safe": uow.now + uow.rules.extend.by.longest,
    }  # fmt: skip
    if kind == "recycle":
        uow.session.execute(_OWN_AGAIN, args)
        uow.session.execute(_REOPEN_TASKS, args)
        clocks.restart(uow, leads)
    else:
        uow.session.execute(_FREE_AGAIN, args | _when_dealt(uow, rows))
        for row in rows:
            if row.desk:
                batches.lay_again(uow, row.id, row.desk)
    made = [Verdict(row.id, "rewound", member_id=row.member, facts={"run": run_id, "by": by.id}) for row in rows]
    decisions.record(uow, "override", made)
    correcting.withdraw(uow, kind, run_id, rows)
    uow.touch(*leads)


def _when_dealt(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> dict[str, list[date]]:
    """The day, week and month of each owner in which the lead was dealt: it counts there no longer."""
    zones = {one.id: one.timezone for one in members.get_many(uow, sorted({row.member for row in rows}))}
    at = [(row.at, zones[row.member]) for row in rows]
    return {
        "days": [quota.day_of(*one) for one in at], "weeks": [quota.week_of(*one) for one in at],
        "months": [quota.month_of(*one) for one in at],
    }  # fmt: skip


def _with_room(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> tuple[list[Row[Any]], list[int]]:
    """Those whose former owner has room for them, the first ones first, and the ids of the others."""
    owners = sorted({row.member for row in rows})
    held = {row.member_id: row.holding for row in uow.session.execute(_LOCK_LEDGER, _of(uow, 0) | {"members": owners})}
    caps = {one.id: ownership.room(uow, one).cap for one in members.get_many(uow, owners)}
    fitting, full = [], []
    for row in rows:
        if not row.active or (row.counts and held.get(row.member, 0) >= caps[row.member]):
            full.append(row.id)
            continue
        held[row.member] = held.get(row.member, 0) + bool(row.counts)
        fitting.append(row)
    return fitting, full


def _add(whole: Outcome, part: Outcome) -> None:
    whole.back += part.back
    whole.kept += part.kept
    whole.full += part.full


def _of(uow: UnitOfWork, run_id: int) -> dict[str, Any]:
    return {"org": uow.org_id, "run": run_id}

"""Taking an import back within a day: leads on which nobody has worked since go, with the persons it brought.

They are void, their personal text is gone, and the file can be taken in again. It is done chunk by chunk, and again is
harmless. What a former switch-over wrote about customers who were known already stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from crm.db import Database
from crm.services import shadowing
from crm.uow import UnitOfWork

KIND = "import"
CHUNK = 1000
WITHIN = timedelta(hours=24)

_JOB = text("select cast(counters->>'job' as bigint) from run where org_id = :org and id = :run and kind = 'import'")
_NEWEST = text(
    """
    select r.id from run r join import_job j on j.org_id = r.org_id and j.id = cast(r.counters->>'job' as bigint)
    where r.org_id = :org and r.kind = 'import' and r.at > :since and r.rewound_at is null and j.name = :name
    order by r.id desc limit 1
    """
)
_MARK = text("update run set rewound_at = :now where org_id = :org and id = :run")
_CHUNKS = text("select leads, at from import_chunk where org_id = :org and job_id = :job order by line")
_LOCK = text("select id from lead where org_id = :org and id = any(:leads) order by id for no key update")
# Somebody has worked on a lead, or the customer came in again: by a later entry of a person or of a door.
_FREE = text(
    """
    select l.id, not exists (
        select from activity a where a.org_id = l.org_id and a.lead_id = l.id and a.at > :at
          and (a.actor_id is not null or a.verb = 'touched')) as is_free
    from lead l where l.org_id = :org and l.id = any(:leads) and l.status <> 'void' order by l.id
    """
)
_LOCK_LEDGER = text(
    """
    select 1 from rep_load where org_id = :org and member_id in (
        select owner_id from lead where org_id = :org and id = any(:leads)) order by member_id for update
    """
)
_UNLOAD = text(
    """
    update rep_load r set holding = greatest(r.holding - lost.many, 0) from (
        select owner_id, count(*) as many from lead
        where org_id = :org and id = any(:leads) and status = 'open' and counts and owner_id is not null group by 1
    ) lost where r.org_id = :org and r.member_id = lost.owner_id
    """
)
_VOID = text(
    """
    with gone as (
        update lead set status = 'void', closed_at = :now, recycle_at = null, recycle_rule = null, warn_at = null,
               sla_at = null, score_at = null, held_by = null, held_since = null, held_until = null, held_for = null,
               custom = '{}', version = version + 1
        where org_id = :org and id = any(:leads) returning id
    ), ended as (
        update assignment set ended_at = :now, ended_by = 'rewound'
        where org_id = :org and lead_id = any(:leads) and ended_at is null
    ), withdrawn as (
        update offer set state = 'withdrawn', closed_at = :now
        where org_id = :org and lead_id = any(:leads) and state = 'open'
    ), uncredited as (
        update credit set voided_at = :now where org_id = :org and lead_id = any(:leads) and voided_at is null
    ), silent as (
        update activity set words = null where org_id = :org and lead_id = any(:leads) and words is not null
    )
    insert into activity (org_id, lead_id, actor_id, verb, at, data)
    select :org, id, :by, 'rewound', :now, jsonb_build_object('run', cast(:run as bigint)) from gone
    """
)
_PERSONS = text(
    """
    select p.id from person p
    where p.org_id = :org and p.created_at = :at and p.erased_at is null
      and p.id in (select person_id from lead where org_id = :org and id = any(:leads))
      and not exists (select from lead o where o.org_id = :org and o.person_id = p.id and o.status <> 'void')
    """
)
_FORGET = text(
    """
    with keys as (delete from person_key where org_id = :org and person_id = any(:persons))
    update person set name = '', company = '', title = '', note = '', erased_at = :now
    where org_id = :org and id = any(:persons)
    """
)
_ROWS = text("delete from import_row where org_id = :org and job_id = :job")
_DONE = text("update import_job set state = 'undone' where org_id = :org and id = :job")


@dataclass(slots=True)
class TakenBack:
    """Ids of the leads that are gone, and of those that stay because somebody has worked on them; persons, counted.

    `watching`: "ended" where shadow time went with the import that began it, "on" where it goes on, else "".
    """

    back: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    persons: int = 0
    watching: str = ""


def mark_newest(uow: UnitOfWork, *, name: str) -> int | None:
    """The last run of the day that took in a file of that name, marked as taken back; None: there is none."""
    found: int | None = uow.session.scalar(_NEWEST, {"org": uow.org_id, "name": name, "since": uow.now - WITHIN})
    if found:
        uow.session.execute(_MARK, {"org": uow.org_id, "run": found, "now": uow.now})
    return found


def is_import(uow: UnitOfWork, run_id: int) -> bool:
    """Whether that run is one."""
    return uow.session.scalar(_JOB, {"org": uow.org_id, "run": run_id}) is not None


def take_back(database: Database, *, org_id: int, run_id: int, by_id: int | None) -> TakenBack:
    """Take a run back, in short transactions."""
    outcome = TakenBack()
    with database.begin(org_id) as uow:
        job = uow.session.scalar(_JOB, {"org": org_id, "run": run_id})
        chunks = uow.session.execute(_CHUNKS, {"org": org_id, "job": job}).all()
    for chunk in chunks:
        for start in range(0, len(chunk.leads), CHUNK):
            with database.begin(org_id) as uow:
                _chunk(uow, run_id, by_id, chunk.leads[start : start + CHUNK], chunk.at, outcome)
    with database.begin(org_id) as uow:
        for statement in (_ROWS, _DONE):
            uow.session.execute(statement, {"org": org_id, "job": job})
        if shadowing.running(uow):
            outcome.watching = "ended" if shadowing.end_with(uow, run_id=run_id) else "on"
    return outcome


def _chunk(
    uow: UnitOfWork, run_id: int, by_id: int | None, leads: Sequence[int], at: datetime, outcome: TakenBack
) -> None:  # fmt: skip
    args = {"org": uow.org_id, "now": uow.now, "run": run_id, "by": by_id, "at": at, "leads": list(leads)}
    uow.session.execute(_LOCK, args)
    found = uow.session.execute(_FREE, args).all()
    free = [row.id for row in found if row.is_free]
    outcome.back += free
    outcome.kept += [row.id for row in found if not row.is_free]
    args["leads"] = free
    for statement in (_LOCK_LEDGER, _UNLOAD, _VOID):
        uow.session.execute(statement, args)
    persons = list(uow.session.scalars(_PERSONS, args))
    uow.session.execute(_FORGET, args | {"persons": persons})
    outcome.persons += len(persons)
    uow.touch(*free)

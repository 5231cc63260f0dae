"""What whoever takes a lead over has to know: what was last said of it, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from crm.rules.access import Actor
from crm.services import leads
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

SAID = 2  # follow-ups of each lead
_SAID = text(
    """
    select l.lead, a.at, a.words, m.name as actor from unnest(cast(:leads as bigint[])) as l(lead)
    cross join lateral (
        select * from activity a where a.org_id = :org and a.lead_id = l.lead and a.verb in ('logged', 'noted')
          and a.words is not null and a.undone_at is null order by a.at desc, a.id desc limit :most
    ) a
    left join member m on m.org_id = a.org_id and m.id = a.actor_id order by a.at desc, a.id desc
    """
)
_NEXT = text(
    """
    select distinct on (lead_id) lead_id, due_at, words from task
    where org_id = :org and lead_id = any(:leads) and state = 'open' order by lead_id, due_at, id
    """
)


@dataclass(frozen=True, slots=True)
class Said:
    at: datetime
    words: str
    actor: str | None


@dataclass(frozen=True, slots=True)
class Brief:
    """A lead with its last follow-ups, the newest first, and when what comes next is due."""

    lead: LeadView
    said: tuple[Said, ...]
    due_at: datetime | None
    planned: str | None


def of(uow: UnitOfWork, *, actor: Actor, lead_ids: Sequence[int]) -> list[Brief]:
    """Those of these leads that are the actor's now, in the order given."""
    found = {lead.id: lead for lead in leads.many(uow, actor=actor, lead_ids=list(lead_ids)) if lead.mine}
    args = {"org": uow.org_id, "leads": list(found), "most": SAID}
    said: dict[int, list[Said]] = {}
    for row in uow.session.execute(_SAID, args):
        said.setdefault(row.lead, []).append(Said(row.at, row.words, row.actor))
    coming = {row.lead_id: row for row in uow.session.execute(_NEXT, args)}
    return [
        Brief(
            found[lead], tuple(said.get(lead, ())), coming[lead].due_at if lead in coming else None,
            coming[lead].words if lead in coming else None,
        )
        for lead in lead_ids if lead in found
    ]  # fmt: skip

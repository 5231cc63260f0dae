"""Keeping the first-response deadlines of leads in step with their facts; what falls due is `first_response.py`'s."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from crm.rules import first_response
from crm.rules.facts import LeadFacts
from crm.services import calendars, lead_facts
from crm.uow import UnitOfWork

_STEPS = text("select id, sla_at, sla_step from lead where org_id = :org and id = any(:ids)")
_WRITE = text(
    """
    update lead l set sla_at = d.at, sla_step = d.step
    from unnest(cast(:ids as bigint[]), cast(:ats as timestamptz[]), cast(:steps as bigint[])) as d(id, at, step)
    where l.org_id = :org and l.id = d.id and (l.sla_at, l.sla_step) is distinct from (d.at, cast(d.step as int))
    """
)


def restart(uow: UnitOfWork, lead_ids: Sequence[int], *, fresh: bool = False) -> None:
    """Compute the next first-response step of these leads anew.

    Where no clock was running, as under a new rule set, nothing is made up for: steps that are past are left out.

    Args:
        fresh: a new ownership begins a new ladder.
    """
    if not lead_ids or not uow.rules.first_response:
        return
    facts = lead_facts.read(uow, lead_ids)
    rows = [] if fresh else uow.execute(_STEPS, {"org": uow.org_id, "ids": list(lead_ids)})
    running = {row.id: row.sla_step for row in rows if row.sla_at}
    write(uow, [(lead.id, *_next(uow, lead, running.get(lead.id))) for lead in facts])


def write(uow: UnitOfWork, found: Sequence[tuple[int, datetime | None, int]]) -> None:
    """Store the next step of leads, each with its moment and number."""
    ids, ats, steps = zip(*found, strict=True) if found else ((), (), ())
    uow.execute(_WRITE, {"org": uow.org_id, "ids": list(ids), "ats": list(ats), "steps": list(steps)})


def due(uow: UnitOfWork, lead_id: int) -> datetime | None:
    """Until when the owner has to get in touch; None where nothing is asked, or it has been done."""
    lead = next(iter(lead_facts.read(uow, [lead_id])), None)
    rule = first_response.applying(lead, uow.rules) if lead and uow.rules.first_response else None
    if lead is None or rule is None or lead.owner_id is None or lead.begun_at is None:
        return None
    return first_response.due(rule, lead.begun_at, calendars.for_member(uow, lead.owner_id))


def _next(uow: UnitOfWork, lead: LeadFacts, running: int | None) -> tuple[datetime | None, int]:
    steps = ladder(uow, lead)
    step = sum(one.at <= uow.now for one in steps) if running is None else running
    return (steps[step].at, step) if step < len(steps) else (None, step)


def ladder(uow: UnitOfWork, lead: LeadFacts) -> list[first_response.Step]:
    """The steps of a lead's present ownership; empty where no rule waits for a first response."""
    rule = first_response.applying(lead, uow.rules)
    if rule is None or lead.owner_id is None or lead.begun_at is None:
        return []
    return first_response.ladder(rule, lead.begun_at, calendars.for_member(uow, lead.owner_id))

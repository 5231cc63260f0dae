"""Keeping the deadlines of leads in step with their facts: who changes a fact calls this in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from crm import queue
from crm.calendar import Calendar
from crm.rules.facts import LeadFacts
from crm.rules.recycle import NONE, Deadlines, anchors, applying, deadlines, ending
from crm.services import calendars, lead_facts, response_clock
from crm.uow import UnitOfWork

_WRITE = text(
    """
    update lead l set recycle_at = d.recycle_at, recycle_rule = d.rule, warn_at = d.warn_at, warn_step = d.warn_step
    from unnest(cast(:ids as bigint[]), cast(:recycle as timestamptz[]), cast(:rules as text[]),
                cast(:warn as timestamptz[]), cast(:steps as bigint[])) as d(id, recycle_at, rule, warn_at, warn_step)
    where l.org_id = :org and l.id = d.id
    """
)

# Of one lead, which is what people move: a statement that takes arrays is planned anew each time.
_WRITE_ONE = text(
    "update lead set recycle_at = :recycle, recycle_rule = :rule, warn_at = :warn, warn_step = :step"
    " where org_id = :org and id = :id"
)
_OWNED_BY = text(
    "select id from lead where org_id = :org and owner_id = any(:members) and status = 'open'"
    " order by id for no key update"
)


def restart(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    """Compute the deadlines of these leads anew and write those that changed.

    A clock that comes out where it stood keeps its place on the warning ladder; any other begins a new ladder.
    """
    facts = lead_facts.read(uow, lead_ids)
    found = compute(uow, facts)
    write(uow, [(lead.id, new) for lead, new in zip(facts, found, strict=True) if new != _standing(lead)])
    response_clock.restart(uow, lead_ids)


def all_anew(uow: UnitOfWork) -> queue.Order:
    """The job that computes all clocks anew, because what they depend on has changed for all."""
    return queue.Order(queue.REFRESH, {"org_id": uow.org_id, "after": 0}, queue=queue.BULK)


def restart_of(uow: UnitOfWork, member_ids: Sequence[int]) -> None:
    """Leave or hours of these members have changed: their clocks follow at once."""
    calendars.forget(uow)
    args = {"org": uow.org_id, "members": list(member_ids)}
    restart(uow, uow.session.scalars(_OWNED_BY, args).all())


def compute(
    uow: UnitOfWork, facts: Sequence[LeadFacts], known: Mapping[int, Calendar] | None = None
) -> list[Deadlines]:
    """The deadlines of leads, in the order given. Args: known: their owners' calendars, where they are at hand."""
    known = known or calendars.for_members(uow, {lead.owner_id for lead in facts if lead.owner_id})
    rules, now, stops = uow.rules, uow.now, calendars.stops(uow)
    # Leads that were dealt at one moment have one clock: in a batch most of the work is done for the first of them.
    alike: dict[tuple[object, ...], Deadlines] = {}
    found = []
    for lead in facts:
        if lead.owner_id is None:
            found.append(NONE)
            continue
        calendar = known[lead.owner_id]
        running = applying(lead, rules)
        key = (id(calendar), *(rule.name for rule in running), anchors(lead, running))
        if key not in alike:
            alike[key] = deadlines(lead, rules=rules, calendar=calendar, now=now, stops=stops)
        found.append(alike[key])
    return found


def endings(uow: UnitOfWork, facts: Sequence[LeadFacts]) -> list[tuple[datetime, str] | None]:
    """When the clocks of leads are over and by which rule, in the order given, without their warnings."""
    known = calendars.for_members(uow, {lead.owner_id for lead in facts if lead.owner_id})
    rules, stops = uow.rules, calendars.stops(uow)
    return [
        ending(lead, running, rules=rules, calendar=known[lead.owner_id or 0], stops=stops)
        if (running := applying(lead, rules))
        else None
        for lead in facts
    ]


def write(uow: UnitOfWork, found: Sequence[tuple[int, Deadlines]]) -> None:
    """Store deadlines."""
    if len(found) == 1:
        [(lead_id, new)] = found
        one = {"recycle": new.recycle_at, "rule": new.rule, "warn": new.warn_at, "step": new.warn_step}
        uow.execute(_WRITE_ONE, one | {"org": uow.org_id, "id": lead_id})
    elif found:
        uow.execute(
            _WRITE,
            {
                "org": uow.org_id, "ids": [lead_id for lead_id, _ in found],
                "recycle": [new.recycle_at for _, new in found], "rules": [new.rule for _, new in found],
                "warn": [new.warn_at for _, new in found], "steps": [new.warn_step for _, new in found],
            },
        )  # fmt: skip


def _standing(lead: LeadFacts) -> Deadlines:
    return Deadlines(lead.recycle_at, lead.recycle_rule, lead.warn_at, lead.warn_step)

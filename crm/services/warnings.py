"""Before a lead is recycled: the ladder of warnings, and one's own extension of the clock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from crm.errors import ExtensionsUsed, SelfSourced
from crm.rules.access import Actor
from crm.rules.facts import LeadFacts
from crm.rules.recycle import Deadlines, due_steps, next_step, warnings
from crm.services import assignments, calendars, clocks, lead_facts, shadowing, timeline
from crm.services.leads import LeadView
from crm.services.superiors import copied
from crm.uow import UnitOfWork

CHUNK = 500
Superiors = dict[tuple[int, frozenset[str]], list[int]]

_DUE = text(
    """
    select id from lead where org_id = :org and warn_at <= :now and owner_id is not null and status = 'open'
    order by warn_at, id limit :chunk for no key update skip locked
    """
)
_LOCK = text("select extensions, recycle_at from lead where org_id = :org and id = :lead for no key update")


def warn_due(uow: UnitOfWork) -> int:
    """Owe the warnings whose moment has come; returns how many leads were looked at. Twice is harmless.

    Of several steps that are due at once only the last is sent. In shadow time they wait: nobody would lose a lead.
    """
    if shadowing.running(uow):
        return 0
    ids = uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    superiors: Superiors = {}
    clocks.write(uow, [(lead.id, _climb(uow, lead, superiors)) for lead in lead_facts.read(uow, ids)])
    return len(ids)


def _climb(uow: UnitOfWork, lead: LeadFacts, superiors: Superiors) -> Deadlines:
    """Send the present step of a lead's ladder and say what comes next."""
    assert lead.owner_id is not None
    assert lead.recycle_at is not None
    calendar = calendars.for_member(uow, lead.owner_id)
    moments = warnings(lead.recycle_at, rules=uow.rules, calendar=calendar)
    coming = next_step(moments, uow.now, lead.warn_step)
    # Where hours have changed since, the step may be later by now: then there is nothing to say yet.
    passed = due_steps(moments, uow.now, lead.warn_step)
    if passed and lead.recycle_at > uow.now:
        _send(uow, lead, passed[-1], _copies(uow, lead, passed, superiors))
    return Deadlines(lead.recycle_at, lead.recycle_rule, moments[coming] if coming < len(moments) else None, coming)


def _copies(uow: UnitOfWork, lead: LeadFacts, steps: range, superiors: Superiors) -> list[int]:
    """Who reads along at these steps, of which only the last is sent: the copies of one that was missed come too."""
    assert lead.owner_id is not None
    ladder = uow.rules.steps
    named = [ladder[step].copied(last=step == len(ladder) - 1) for step in steps]
    to = frozenset(name for names in named for name in names)
    if to and (lead.owner_id, to) not in superiors:
        superiors[lead.owner_id, to] = copied(uow, lead.owner_id, to)
    return superiors.get((lead.owner_id, to), [])


def _send(uow: UnitOfWork, lead: LeadFacts, step: int, copies: list[int]) -> None:
    assert lead.owner_id is not None
    assert lead.recycle_at is not None
    key = f"warning:{lead.id}:{lead.recycle_at.isoformat()}:{step}"
    data = {"lead": lead.id, "step": step, "rule": lead.recycle_rule, "recycle_at": lead.recycle_at.isoformat()}
    owner = lead.owner_id
    uow.notify("lead.warning", to=owner, lead=lead.id, key=key, data=data, together=f"warning:{owner}")
    for manager in copies:
        uow.notify(
            "lead.warning_copy", to=manager, lead=lead.id, key=f"{key}:{manager}", data=data | {"owner": lead.owner_id},
            together=f"warning_copy:{manager}",
        )  # fmt: skip


def extend(uow: UnitOfWork, *, actor: Actor, lead: LeadView, reason: str = "") -> datetime | None:
    """Move the clock of an own lead by one extension of its budget; returns the new deadline.

    Raises: LeadNotYours, LeadClosed, SelfSourced, ExtensionsUsed, Conflict.
    """
    assignments.own(actor, lead)
    if lead.origin == "self":
        raise SelfSourced(ref=lead.ref)
    row, rules = uow.session.execute(_LOCK, {"org": uow.org_id, "lead": lead.id}).one(), uow.rules.extend
    if row.extensions >= rules.times:
        raise ExtensionsUsed(ref=lead.ref, used=row.extensions, limit=rules.times)
    until = max(row.recycle_at or uow.now, uow.now) + rules.by.longest
    timeline.change(
        uow, lead_id=lead.id, verb="extended", actor_id=actor.id, for_id=None if lead.mine else lead.owner_id,
        words=reason.strip() or None, data={"until": until}, owner=lead.owner_id, extended_until=until,
        extensions=row.extensions + 1,
    )  # fmt: skip
    clocks.restart(uow, [lead.id])
    return lead_facts.read(uow, [lead.id])[0].recycle_at

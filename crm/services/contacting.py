"""What must not be done with a lead in its present stage of life: refused with what may be done, or kept back.

A free lead that must not be dealt or claimed waits with its reason; whether that still holds is looked at each day, and
at once when the rules change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import text

from crm.errors_of_waiting import SellingForbidden
from crm.rules.contact import forbidding
from crm.rules.facts import LeadFacts
from crm.rules.sections.contacting import Deed
from crm.services import lead_facts
from crm.uow import UnitOfWork

CHUNK = 1000
LOOK_AGAIN = timedelta(hours=24)

_KEEP = text(
    """
    update lead l set held_since = coalesce(l.held_since, :now), held_by = 'policy', held_for = k.name,
           held_until = :until
    from unnest(cast(:leads as bigint[]), cast(:names as text[])) as k(lead, name)
    where l.org_id = :org and l.id = k.lead and l.owner_id is null and l.status = 'open'
    """
)
_DUE = text(
    """
    select id from lead where org_id = :org and held_until <= :now and held_by = 'policy' and owner_id is null
      and status = 'open'
    order by id limit :chunk for no key update skip locked
    """
)
_LET_GO = text(
    "update lead set held_by = 'nobody', held_for = null, held_until = null where org_id = :org and id = any(:leads)"
)
_FREE = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is null and id > :after
      and coalesce(held_by, 'policy') = 'policy'
    order by id limit :chunk for no key update
    """
)

_LOOK_NOW = text(
    "update lead l set held_until = :now from (select id from lead where org_id = :org and held_since is not null"
    " and held_by = 'policy' order by id for no key update) kept where l.org_id = :org and l.id = kept.id"
)


def check(uow: UnitOfWork, *, lead_id: int, ref: str, deed: Deed) -> None:
    """Raises SellingForbidden where the lead's stage of life forbids it."""
    if uow.rules.contact and (refusal := refuse(uow, lead_facts.read(uow, [lead_id])[0], ref=ref, deed=deed)):
        raise refusal


def refuse(uow: UnitOfWork, facts: LeadFacts, *, ref: str, deed: Deed) -> SellingForbidden | None:
    """Why it must not be done with this lead, and what may be done instead."""
    found = forbidding(uow.rules, facts, deed)
    if found is None:
        return None
    # Of what may be done instead, only a note can be written about a lead that nobody owns.
    instead = found.instead if facts.owner_id or found.instead == "note" else None
    return SellingForbidden(ref=ref, name=found.name, instead=instead)


def forbidden(uow: UnitOfWork, leads: Iterable[LeadFacts], *deeds: Deed) -> dict[int, str]:
    """Those with which one of these must not be done, with the name of what forbids it."""
    if not uow.rules.contact:
        return {}
    found = {lead.id: next(filter(None, (forbidding(uow.rules, lead, deed) for deed in deeds)), None) for lead in leads}
    return {lead: one.name for lead, one in found.items() if one is not None}


def keep(uow: UnitOfWork, leads: Mapping[int, str]) -> None:
    """Free leads wait, `{lead: what forbids it}`, until it is looked at again."""
    if leads:
        args = {"org": uow.org_id, "now": uow.now, "until": uow.now + LOOK_AGAIN, "leads": list(leads)}
        uow.session.execute(_KEEP, args | {"names": list(leads.values())})


def look_again(uow: UnitOfWork) -> int:
    """Whether what was kept back may be sold to by now; returns how many leads were looked at."""
    ids = uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    _sort(uow, ids)
    return len(ids)


def refresh(uow: UnitOfWork, *, after: int = 0) -> int | None:
    """The rules have changed: keep back, or let go, the next free leads; returns where to go on, None at the end."""
    if not uow.rules.contact:
        uow.session.execute(_LOOK_NOW, {"org": uow.org_id, "now": uow.now})
        return None
    ids = uow.session.scalars(_FREE, {"org": uow.org_id, "after": after, "chunk": CHUNK}).all()
    _sort(uow, ids)
    return ids[-1] if len(ids) == CHUNK else None


def _sort(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    facts = lead_facts.read(uow, lead_ids)
    kept = forbidden(uow, facts, "claim", "dispatch")
    free = [lead.id for lead in facts if lead.held_by == "policy" and lead.id not in kept]
    keep(uow, kept)
    uow.session.execute(_LET_GO, {"org": uow.org_id, "leads": free})
    uow.touch(*free, *kept)

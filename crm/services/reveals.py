"""Looking at a contact before the claim: within the day's quota, and never without a line on the timeline.

What was looked at stays visible to that member until the end of the member's own day, and counts once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from crm.errors import LeadAlreadyClaimed, LeadClosed, LeadNotFound, LeadNotInPool, NotAllowed, PoolClosed, Refusal
from crm.errors_of_pools import RevealsOff, RevealsUsed
from crm.rules import quota
from crm.rules.access import Actor
from crm.rules.periods import midnight
from crm.services import audit, claim_checks, leads, ledger, pools, takeable, timeline
from crm.services.takeable import Takeable
from crm.uow import UnitOfWork

_SEEN = text(
    """
    select 1 from activity where org_id = :org and lead_id = :lead and actor_id = :me and verb = 'revealed'
      and at >= :since limit 1
    """
)
_KEYS = text(
    """
    select k.kind, k.value from lead l
    join person_key k on k.org_id = l.org_id and k.person_id = l.person_id and k.kind <> 'external'
    where l.org_id = :org and l.id = :lead and l.owner_id is null and l.status = 'open' order by k.id
    """
)
_USED = text(
    "select case when day = :day then day_reveals else 0 end from rep_load where org_id = :org and member_id = :me"
)
# Whoever turns the ledger's page to a new day begins all of the day's counts anew.
_COUNT = text(
    """
    update rep_load set day_reveals = case when day = :day then day_reveals else 0 end + 1,
           day_claims = case when day = :day then day_claims else 0 end,
           dealt_day = case when day = :day then dealt_day else 0 end, day = :day
    where org_id = :org and member_id = :me
    """
)


def reveal(uow: UnitOfWork, *, actor: Actor, ref: str) -> int:
    """Show the actor the contact of a lead in a pool; returns the lead's id. Admins, and the pool's own, have no quota.

    Raises: LeadNotFound, NotAllowed, LeadAlreadyClaimed, LeadClosed, LeadNotInPool, PoolClosed, LeadHeld, RevealsOff,
        RevealsUsed.
    """
    number = leads.parse_ref(ref)
    found = takeable.by_number(uow, actor, number) if number is not None else None
    if found is None:
        raise LeadNotFound(ref=ref)
    free = actor.is_admin or pools.is_admin(uow, actor, found.pool_id)
    if found.lead.owner_id is not None and found.lead.status == "open" and _sees(uow, actor, found.lead.id):
        return found.lead.id
    if refusal := _refusal(actor, found, free=free):
        raise refusal
    ledger.lock(uow, actor)
    if not seen(uow, actor, found.lead.id):
        if not free:
            _count(uow, actor, found.ref)
        timeline.note(uow, lead_id=found.lead.id, verb="revealed", actor_id=actor.id)
        audit.write(uow, "contact.revealed", by=actor.id, subject=f"lead:{found.lead.id}", data={"lead": found.ref})
    return found.lead.id


def contacts(uow: UnitOfWork, *, actor: Actor, lead_id: int) -> list[tuple[str, str]]:
    """What the actor has looked at today, while nobody owns the lead; empty where there is nothing to show."""
    if not seen(uow, actor, lead_id):
        return []
    return [(row.kind, row.value) for row in uow.session.execute(_KEYS, {"org": uow.org_id, "lead": lead_id})]


def seen(uow: UnitOfWork, actor: Actor, lead_id: int) -> bool:
    """Whether the actor has looked at that lead's contact in the present day."""
    args = {"org": uow.org_id, "lead": lead_id, "me": actor.id, "since": _day_began(uow, actor)}
    return uow.session.scalar(_SEEN, args) is not None


def used(uow: UnitOfWork, actor: Actor) -> int:
    """How many contacts somebody has looked at today against the quota."""
    args = {"org": uow.org_id, "me": actor.id, "day": quota.day_of(uow.now, actor.timezone)}
    return int(uow.session.scalar(_USED, args) or 0)


def _sees(uow: UnitOfWork, actor: Actor, lead_id: int) -> bool:
    """Whether the contact is the actor's to see anyway, as the owner or whoever manages the owner."""
    return any(not lead.masked for lead in leads.many(uow, actor=actor, lead_ids=[lead_id]))


def _count(uow: UnitOfWork, actor: Actor, ref: str) -> None:
    """Count one more, the ledger row being locked."""
    limit, so_far = uow.rules.claim.reveals_per_day, used(uow, actor)
    if not limit:
        raise RevealsOff(ref=ref)
    if so_far >= limit:
        again = quota.next_day(uow.now, actor.timezone)
        raise RevealsUsed(used=so_far, limit=limit, again=again.isoformat(), ref=ref)
    day = quota.day_of(uow.now, actor.timezone)
    uow.session.execute(_COUNT, {"org": uow.org_id, "me": actor.id, "day": day})


def _refusal(actor: Actor, found: Takeable, *, free: bool) -> Refusal | None:
    lead, ref = found.lead, found.ref
    reachable = found.in_scope or free
    if lead.origin == "self" or (lead.owner_id is not None and not reachable):
        return LeadNotFound(ref=ref)
    if not actor.may("reveal"):
        return NotAllowed(roles="reps")
    if lead.status != "open":
        return LeadClosed(ref=ref)
    if lead.owner_id is not None:
        return LeadAlreadyClaimed(ref=ref, by_id=lead.owner_id)
    return LeadNotInPool(ref=ref) if found.pool_id is None else _closed(found, free=free)


def _closed(found: Takeable, *, free: bool) -> Refusal | None:
    if free:
        return None
    return claim_checks.kept_back(found) if found.in_scope else PoolClosed(pool=found.pool_name)


def _day_began(uow: UnitOfWork, actor: Actor) -> datetime:
    return midnight(quota.day_of(uow.now, actor.timezone), actor.timezone)

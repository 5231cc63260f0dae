"""What becomes of offers: accepted, declined with a reason, or expired; then the next one is asked, never the same."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from crm.errors import CapacityReached, LeadAlreadyYours, LeadNotFound, Refusal
from crm.errors_of_offers import DayShareReached, NotOffered, OfferOver, OfferPassedOn, OfferTaken
from crm.rules.access import Actor
from crm.services import candidates, claim_checks, decisions, dispatch, leads, offers, ownership, reserving
from crm.services.decisions import Verdict
from crm.services.offers import Held
from crm.uow import UnitOfWork

CHUNK = 20  # each is dispatched anew, and a transaction stays short

_LOCK = text("select id from lead where org_id = :org and number = :number for no key update")
_LEDGER = text("select 1 from rep_load where org_id = :org and member_id = :member for no key update")
_DUE = text(
    """
    select o.id, o.lead_id from offer o join lead l on l.org_id = o.org_id and l.id = o.lead_id
    where o.org_id = :org and o.state = 'open' and o.expires_at <= :now
    order by o.expires_at, o.id limit :chunk for no key update of l skip locked
    """
)
_OF_MEMBER = text(
    """
    select o.id, o.lead_id from offer o join lead l on l.org_id = o.org_id and l.id = o.lead_id
    where o.org_id = :org and o.member_id = :member and o.state = 'open' order by l.id for no key update of l
    """
)
_RELEASE = text(
    """
    update lead set held_by = null, held_since = null, held_until = null, held_for = null, version = version + 1
    where org_id = :org and id = any(:leads) and owner_id is null and status = 'open' and held_by = any(:by)
    returning id
    """
)


def accept(uow: UnitOfWork, *, actor: Actor, ref: str) -> int:
    """Take up an offer within its time; capacity and the rule's caps are looked at again. Returns the lead's id.

    Raises: LeadNotFound, NotOffered, LeadAlreadyYours, OfferTaken, OfferPassedOn, OfferOver, CapacityReached,
        LevelFull, SourceFull, DayShareReached.
    """
    offer = _standing(uow, actor, ref)
    _refuse_caps(uow, actor, offer)
    if not offers.close(uow, offer.id, "accepted"):
        raise _over(actor, offer)
    verdict = Verdict(offer.lead_id, "accepted", offer.rule, actor.id)
    decisions.record(uow, "offer", [verdict])
    given = ownership.give(
        uow, lead_id=offer.lead_id, member_id=actor.id, how="offer", decision_id=verdict.decision_id,
        actor_id=actor.id, verb="accepted", dealt=True,
    )  # fmt: skip
    if not given:
        raise claim_checks.why_not(uow, actor, offer.lead_id, mine=True)
    return offer.lead_id


def decline(uow: UnitOfWork, *, actor: Actor, ref: str, reason: str) -> Held:
    """Say no to an offer; the next one is asked at once. Raises: as `accept`, but for the caps."""
    offer = _standing(uow, actor, ref)
    if not offers.close(uow, offer.id, "declined", reason=reason):
        raise _over(actor, offer)
    offers.tell(uow, offer, "declined", words=reason)
    decisions.record(uow, "offer", [Verdict(offer.lead_id, "declined", offer.rule, actor.id)])
    pass_on(uow, [offer.lead_id])
    return offer


def asked(uow: UnitOfWork, *, actor: Actor, ref: str) -> Held:
    """The offer of that lead which the actor has still to answer. Raises: as `accept`, but for the caps."""
    return _standing(uow, actor, ref)


def expire_due(uow: UnitOfWork) -> int:
    """End the offers whose time is over and ask the next one; returns how many were looked at. Twice is harmless."""
    due = uow.session.execute(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    for row in due:
        _expire(uow, row.id)
    return len(due)


def pass_on(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    """Leads whose offer came to nothing are dispatched anew: to the next candidate, else as the rule says."""
    args = {"org": uow.org_id, "leads": list(lead_ids), "by": ["offer"]}
    for lead_id in sorted(uow.session.scalars(_RELEASE, args)):
        dispatch.dispatch(uow, lead_id)
    uow.touch(*lead_ids)


def withdraw_from(uow: UnitOfWork, member_id: int) -> None:
    """Nobody waits for the answers of a member who is gone: the next ones are asked."""
    rows = uow.session.execute(_OF_MEMBER, {"org": uow.org_id, "member": member_id}).all()
    for row in rows:
        offers.close(uow, row.id, "withdrawn", reason="left")
    pass_on(uow, [row.lead_id for row in rows])


def _expire(uow: UnitOfWork, offer_id: int) -> None:
    offer = offers.get(uow, offer_id)
    assert offer is not None, "an offer is never deleted"
    waits = offer.status == "open" and offer.owner_id is None
    if offers.close(uow, offer.id, "expired" if waits else "withdrawn") and waits:
        offers.tell(uow, offer, "offer_expired")
        decisions.record(uow, "offer", [Verdict(offer.lead_id, "expired", offer.rule, offer.member_id)])
        pass_on(uow, [offer.lead_id])


def _standing(uow: UnitOfWork, actor: Actor, ref: str) -> Held:
    """The actor's open offer of that lead, which is locked now; a refusal that says who has it otherwise."""
    number = leads.parse_ref(ref)
    lead_id = uow.session.scalar(_LOCK, {"org": uow.org_id, "number": number}) if number is not None else None
    offer = offers.last(uow, lead_id, actor.id) if lead_id else None
    if offer is None:
        seen = leads.access(uow, actor=actor, ref=ref)
        raise LeadAlreadyYours(ref=seen.ref) if seen.mine else NotOffered(ref=seen.ref)
    if offer.state != "open" or offer.expires_at <= uow.now:
        raise _over(actor, offer)
    return offer


def _over(actor: Actor, offer: Held) -> Refusal:
    """Who has the lead of an offer that is over."""
    if offer.owner_id == actor.id:
        return LeadAlreadyYours(ref=offer.ref)
    if offer.owner_id is not None:
        return OfferTaken(ref=offer.ref, by_id=offer.owner_id)
    if offer.now_with not in (None, actor.id):
        return OfferPassedOn(ref=offer.ref, by_id=offer.now_with)
    return OfferOver(ref=offer.ref) if offer.status == "open" else LeadNotFound(ref=offer.ref)


def _refuse_caps(uow: UnitOfWork, actor: Actor, offer: Held) -> None:
    """The caps of the rule, with the ledger row locked: another lead may be accepted at this moment."""
    rule = reserving.named(uow.rules, offer.rule)
    uow.session.execute(_LEDGER, {"org": uow.org_id, "member": actor.id})
    seat = candidates.of_members(uow, [actor.id])[actor.id]
    full = seat.full(rule) if rule else None
    if full == "at_capacity":
        raise CapacityReached(held=seat.holding, limit=seat.capacity)
    if full:
        raise DayShareReached(ref=offer.ref)

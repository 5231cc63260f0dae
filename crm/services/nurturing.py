"""Parking a lead until a better time, or until something happens: it fills nobody's capacity and has no clock.

When its day comes, or the customer comes in again, it is back as the next wave: with its former owner who has room,
else it is dealt anew by rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from crm.errors import LeadUnclaimed, MemberFull, TimeInPast
from crm.errors_of_waiting import LeadOnHold, NotHeld, ParkedEnough, ParkedTooLong
from crm.rules import quota
from crm.rules.access import Actor
from crm.services import (
    assignments,
    clocks,
    decisions,
    holding,
    lead_facts,
    leads,
    members,
    ownership,
    scoring,
    timeline,
)
from crm.services.decisions import Verdict
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

CHUNK = 200

_MINE = text(
    "select id from lead where org_id = :org and owner_id = :me and status = 'open' and held_by = 'nurture'"
    " order by held_until, id limit :most"
)
_MANY = text(
    "select count(*) from lead where org_id = :org and owner_id = :me and status = 'open' and held_by = 'nurture'"
)
_UNCOUNT = text(
    """
    with parked as (
        update lead set counts = false where org_id = :org and id = :lead and counts returning owner_id
    )
    update rep_load r set holding = greatest(r.holding - 1, 0) from parked
    where r.org_id = :org and r.member_id = parked.owner_id
    """
)
_DUE = text(
    """
    select id from lead where org_id = :org and held_until <= :now and held_by = 'nurture' and status = 'open'
      and owner_id is not null
    order by held_until, id limit :chunk for no key update skip locked
    """
)
_PARKED = text(
    """
    select l.id, l.owner_id, l.held_since, l.held_for, l.counts, l.origin, l.wave,
           (select a.id from activity a where a.org_id = l.org_id and a.lead_id = l.id and a.verb = 'touched'
              and a.at > l.held_since order by a.at desc, a.id desc limit 1) as touch
    from lead l where l.org_id = :org and l.id = any(:leads) and l.held_by = 'nurture' and l.status = 'open'
      and l.owner_id is not null
    order by l.id for no key update
    """
)
_COUNT = text("update rep_load set holding = holding + 1 where org_id = :org and member_id = :owner")
_BACK = text(
    """
    with back as (
        update lead set assigned_at = :now, followed_up_at = null, extensions = 0, extended_until = null,
               held_by = null, held_since = null, held_until = null, held_for = null, counts = :counts,
               wave = wave + 1, version = version + 1
        where org_id = :org and id = :lead returning id
    ), ended as (
        update assignment a set ended_at = :now, ended_by = 'nurtured' from back
        where a.org_id = :org and a.lead_id = back.id and a.ended_at is null returning a.lead_id
    )
    select lead_id from ended
    """
)
_BEGIN = text(
    "insert into assignment (org_id, lead_id, member_id, began_at, began_by)"
    " values (:org, :lead, :owner, :now, 'nurtured')"
)
_ANEW = text(
    """
    update lead set wave = wave + 1, held_by = 'nobody', held_since = :now, held_until = null, held_for = null
    where org_id = :org and id = :lead
    """
)
_UNPARK = text("update lead set counts = :counts where org_id = :org and id = :lead")


def nurture(
    uow: UnitOfWork, *, actor: Actor, lead: LeadView, until: datetime | None, signal: str = "", reason: str = ""
) -> int:
    """Park an own lead until then, or until the customer comes in again (`signal`: with that campaign, source or tag).

    Returns: the activity's id.

    Raises: LeadNotYours, LeadClosed, LeadUnclaimed, TimeInPast, ParkedTooLong, ParkedEnough, LeadOnHold, LeadWaits,
        Conflict.
    """
    assignments.own(actor, lead)
    if lead.owner_id is None:
        raise LeadUnclaimed(ref=lead.ref)
    at = _within(uow, until)
    now_there = holding.lock(uow, lead)
    if now_there.held_by == "person":
        raise LeadOnHold(ref=lead.ref, until=now_there.held_until.isoformat() if now_there.held_until else "")
    if now_there.held_by != "nurture":
        _bounded(uow, lead.owner_id)
    activity = timeline.change(
        uow, lead_id=lead.id, verb="parked", actor_id=actor.id, for_id=None if lead.mine else lead.owner_id,
        words=reason or None, data={"until": at, "signal": signal or None}, owner=lead.owner_id, held_by="nurture",
        held_since=now_there.held_since or uow.now, held_until=at, held_for=signal or None,
    )  # fmt: skip
    assert activity is not None, "the lead is locked by this transaction"
    uow.session.execute(_UNCOUNT, {"org": uow.org_id, "lead": lead.id})
    facts = {"until": at.isoformat(), "signal": signal or None, "by": actor.id}
    holding.decide(uow, "parked", lead.id, lead.owner_id, activity, facts)
    clocks.restart(uow, [lead.id])
    if not lead.mine:
        holding.tell(uow, lead.owner_id, lead.id, activity)
    return activity


def fetch(uow: UnitOfWork, *, actor: Actor, lead: LeadView) -> None:
    """The owner, or a manager, has a parked lead back before its time. Raises LeadNotYours, LeadClosed, NotHeld."""
    assignments.own(actor, lead)
    if holding.lock(uow, lead).held_by != "nurture":
        raise NotHeld(ref=lead.ref)
    wake(uow, [lead.id], by=actor)


def mine(uow: UnitOfWork, *, actor: Actor, most: int = 50) -> list[LeadView]:
    """The actor's parked leads, the one that comes back first at the head."""
    ids = uow.session.scalars(_MINE, {"org": uow.org_id, "me": actor.id, "most": most}).all()
    return leads.many(uow, actor=actor, lead_ids=list(ids))


def count_mine(uow: UnitOfWork, *, actor: Actor) -> int:
    """How many leads the actor has parked."""
    return int(uow.session.execute(_MANY, {"org": uow.org_id, "me": actor.id}).scalar_one())


def wake_due(uow: UnitOfWork) -> int:
    """Bring back the parked leads whose time has come; returns how many were looked at. Twice is harmless."""
    ids = uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    wake(uow, ids)
    return len(ids)


def wake(uow: UnitOfWork, lead_ids: Sequence[int], *, by: Actor | None = None) -> None:
    """Bring parked leads back as their next wave."""
    rows = uow.session.execute(_PARKED, {"org": uow.org_id, "leads": list(lead_ids)}).all()
    owners = {one.id: one for one in members.get_many(uow, sorted({row.owner_id for row in rows}))}
    assignments.lock(uow, [], sorted(owners))
    kept = [row.id for row in rows if _again(uow, row, owners[row.owner_id], by)]
    clocks.restart(uow, kept)
    scoring.refresh(uow, [row.id for row in rows])  # its wave is one of the facts
    uow.touch(*(row.id for row in rows))


def unpark(uow: UnitOfWork, *, lead_id: int, owner_id: int) -> None:
    """A parking is taken back: the lead counts again. Raises MemberFull when its owner has no room by now."""
    owner = members.get(uow, owner_id)
    assignments.lock(uow, [lead_id], [owner_id])
    if not ownership.fits(uow, owner, lead_id):
        cap = ownership.room(uow, owner).cap
        raise MemberFull(member_id=owner_id, held=ownership.holding(uow, owner), limit=cap, count=1)
    counts = _counts(uow, lead_id)
    uow.session.execute(_UNPARK, {"org": uow.org_id, "lead": lead_id, "counts": counts})
    if counts:
        uow.session.execute(_COUNT, {"org": uow.org_id, "owner": owner_id})


def _counts(uow: UnitOfWork, lead_id: int) -> bool:
    lead = lead_facts.read(uow, [lead_id])[0]
    return quota.counts(uow.rules, origin=lead.origin, stage=lead.stage)


def _again(uow: UnitOfWork, row: Row[Any], owner: Actor, by: Actor | None) -> bool:
    """Back to the former owner; False: to be dealt anew, because that one has left or is full."""
    stays = row.origin == "self" or (owner.active and ownership.fits(uow, owner, row.id))
    if stays:
        counts = _counts(uow, row.id)
        args = {"org": uow.org_id, "lead": row.id, "owner": owner.id, "now": uow.now, "counts": counts}
        uow.session.execute(_BACK, args)
        uow.session.execute(_BEGIN, args)
        if counts and not row.counts:
            uow.session.execute(_COUNT, args)
    else:
        _free(uow, row, owner)
    _write(uow, row, owner, kept=stays, by=by)
    return stays


def _free(uow: UnitOfWork, row: Row[Any], owner: Actor) -> None:
    ownership.take_back(
        uow, lead_id=row.id, owner_id=owner.id, how="nurtured", reason=None, actor_id=None, verb="unparked"
    )
    uow.session.execute(_ANEW, {"org": uow.org_id, "lead": row.id, "now": uow.now})


def _write(uow: UnitOfWork, row: Row[Any], owner: Actor, *, kept: bool, by: Actor | None) -> None:
    """The line that tells why it is back, the decision behind it, and the card for whoever has it."""
    because = "person" if by else "touch" if row.touch else "time"
    data = {"wave": row.wave + 1, "because": because, "signal": row.held_for, "since": row.held_since}
    activity = timeline.note(uow, lead_id=row.id, verb="woken", actor_id=by.id if by else None, data=data)
    facts = {"wave": row.wave + 1, "because": because, "signal": row.held_for, "activity": activity}
    outcome = "woken" if kept else "freed"
    decisions.record(uow, "nurture", [Verdict(row.id, outcome, member_id=owner.id, facts=facts)])
    if kept and (by is None or by.id != owner.id):
        uow.notify(
            "lead.woken", to=owner.id, lead=row.id, key=f"woken:{activity}", data={"lead": row.id},
            together=f"woken:{owner.id}",
        )  # fmt: skip


def _within(uow: UnitOfWork, until: datetime | None) -> datetime:
    latest = uow.now + uow.rules.nurture.longest.longest
    if until is None:
        return latest
    if until <= uow.now:
        raise TimeInPast
    if until > latest:
        raise ParkedTooLong(until=latest.isoformat())
    return until


def _bounded(uow: UnitOfWork, owner_id: int) -> None:
    most = uow.rules.nurture.most
    if most is not None:
        used = int(uow.session.execute(_MANY, {"org": uow.org_id, "me": owner_id}).scalar_one())
        if used >= most:
            raise ParkedEnough(used=used, limit=most)

"""Protection: an owner shields a few leads from being taken back for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from crm.errors import LeadUnclaimed, SelfSourced, TimeInPast
from crm.errors_of_pools import NotProtected, ProtectedTooLong, ProtectionOff, ProtectionsUsed
from crm.rules.access import Actor
from crm.services import assignments, clocks, ledger, members, timeline
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

_SHIELDED = text(
    """
    select id, number from lead
    where org_id = :org and owner_id = :member and status = 'open' and protected_until > :now
    order by protected_until, id
    """
)


def protect(uow: UnitOfWork, *, actor: Actor, lead: LeadView, until: datetime | None = None) -> datetime:
    """Keep a lead from being taken back until then, or as long as the rules allow; returns until when.

    Raises: LeadNotYours, LeadUnclaimed, LeadClosed, SelfSourced, ProtectionOff, TimeInPast, ProtectedTooLong,
        ProtectionsUsed, Conflict.
    """
    owner = _owner(uow, actor, lead)
    if not uow.rules.protect.most:
        raise ProtectionOff(ref=lead.ref)
    until = _end(uow, until)
    assignments.lock(uow, [lead.id], [])
    ledger.lock(uow, owner)
    refuse_more(uow, owner, but=lead.id)
    _write(uow, actor, lead, "protected", until)
    return until


def unprotect(uow: UnitOfWork, *, actor: Actor, lead: LeadView) -> None:
    """End the protection; what is overdue goes back at the next run.

    Raises: LeadNotYours, LeadUnclaimed, LeadClosed, SelfSourced, NotProtected, Conflict.
    """
    _owner(uow, actor, lead)
    if lead.protected_until is None or lead.protected_until <= uow.now:
        raise NotProtected(ref=lead.ref)
    _write(uow, actor, lead, "unprotected", None)


def refuse_more(uow: UnitOfWork, owner: Actor, *, but: int) -> None:
    """Raise ProtectionsUsed when the owner shields as many leads as allowed besides `but`.

    Exact while the ledger row is locked.
    """
    most = uow.rules.protect.most
    others = [f"L-{row.number}" for row in _rows(uow, owner.id) if row.id != but]
    if len(others) >= most:
        raise ProtectionsUsed(used=len(others), limit=most, names=", ".join(others))


def shielded(uow: UnitOfWork, member_id: int) -> int:
    """How many leads of a member are protected now."""
    return len(_rows(uow, member_id))


def _rows(uow: UnitOfWork, member_id: int) -> list[Row[Any]]:
    return list(uow.session.execute(_SHIELDED, {"org": uow.org_id, "member": member_id, "now": uow.now}))


def _owner(uow: UnitOfWork, actor: Actor, lead: LeadView) -> Actor:
    assignments.own(actor, lead)
    if lead.owner_id is None:
        raise LeadUnclaimed(ref=lead.ref)
    if lead.origin == "self":
        raise SelfSourced(ref=lead.ref)
    return actor if lead.owner_id == actor.id else members.get(uow, lead.owner_id)


def _end(uow: UnitOfWork, until: datetime | None) -> datetime:
    longest = uow.rules.protect.longest
    last = uow.now + longest.longest
    if until is not None and until <= uow.now:
        raise TimeInPast
    if until is not None and until > last:
        raise ProtectedTooLong(within=str(longest), until=last.isoformat())
    return until or last


def _write(uow: UnitOfWork, actor: Actor, lead: LeadView, verb: str, until: datetime | None) -> None:
    timeline.change(
        uow, lead_id=lead.id, verb=verb, actor_id=actor.id, for_id=None if lead.mine else lead.owner_id,
        data={"until": until} if until else None, owner=lead.owner_id, protected_until=until,
    )  # fmt: skip
    clocks.restart(uow, [lead.id])

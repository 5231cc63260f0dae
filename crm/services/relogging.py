"""Correcting a follow-up that was understood wrongly: the old one is taken back, the right one stands in its place.

It counts from when the first one was recorded, so that nobody gains time by correcting.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.errors import NothingToUndo
from crm.rules.access import Actor
from crm.services import follow_ups, leads, timeline, undo
from crm.services.follow_ups import FollowUp
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

_REPLACED = text(
    "update activity set data = data || jsonb_build_object('corrected', cast(:new as bigint))"
    " where org_id = :org and id = :old"
)
_STANDING = text(
    """
    with recursive chain as (
        select cast(:id as bigint) as id, 0 as step
        union all
        select cast(a.data->>'corrected' as bigint), step + 1 from chain
        join activity a on a.org_id = :org and a.id = chain.id and a.data->>'corrected' is not null where step < 20
    )
    select id from chain order by step desc limit 1
    """
)
_FILES = text(
    "update attachment set activity_id = :new, lead_id = :lead"
    " where org_id = :org and activity_id = :old and member_id = :me"
)


def correct(uow: UnitOfWork, *, actor: Actor, activity_id: int, to: LeadView | None = None, **changes: Any) -> int:
    """Write an own follow-up anew, with these fields of `FollowUp` changed, or about another lead.

    Returns: the new activity's id. Raises: NothingToUndo for another's or an old one, BuiltUpon, LeadNotYours.
    """
    entry = timeline.entry(uow, activity_id)
    if entry is None or entry["verb"] != "logged":
        raise NothingToUndo(minutes=uow.rules.undo_minutes)
    lead = leads.access_id(uow, actor=actor, lead_id=entry["lead_id"])
    said = replace(_said(uow, entry, lead), **({"stage": None} if to else {}) | changes)
    undo.undo(uow, actor=actor, activity_id=activity_id)
    target = leads.access_id(uow, actor=actor, lead_id=to.id if to else lead.id)
    new = follow_ups.log(uow, actor=actor, lead=target, said=said)
    args = {"org": uow.org_id, "old": activity_id, "new": new, "lead": target.id, "me": actor.id}
    uow.session.execute(_REPLACED, args)
    uow.session.execute(_FILES, args)
    return new


def standing(uow: UnitOfWork, activity_id: int) -> int:
    """What stands for an entry by now: itself, or the last of its corrections."""
    return int(uow.execute(_STANDING, {"org": uow.org_id, "id": activity_id}).scalar_one())


def lead_of(uow: UnitOfWork, *, actor: Actor, activity_id: int) -> int:
    """The lead of an entry, which the actor may see. Raises LeadNotFound, NothingToUndo without such an entry."""
    entry = timeline.entry(uow, activity_id)
    if entry is None:
        raise NothingToUndo(minutes=uow.rules.undo_minutes)
    return leads.access_id(uow, actor=actor, lead_id=entry["lead_id"]).id


def _said(uow: UnitOfWork, entry: dict[str, Any], lead: LeadView) -> FollowUp:
    """What the follow-up says as it stands."""
    data = entry["data"]
    next_at = _moment(data.get("next"))
    return FollowUp(
        note=entry["words"] or "", outcome=data.get("outcome"), channel=data.get("channel"),
        amount=lead.amount if data.get("amount") else None, currency=lead.currency if data.get("amount") else None,
        next_at=next_at if next_at and next_at > uow.now else None, occurred_at=_moment(data.get("occurred")),
        recorded_at=entry["at"], step=data.get("step"), stage=None if data.get("step") else data.get("told"),
        named={name: getattr(lead, name) for name in data.get("filled", ())},
    )  # fmt: skip


def _moment(iso: str | None) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None

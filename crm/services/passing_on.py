"""Handing an own lead to a colleague of the same team, instead of losing it to the pool."""

from __future__ import annotations

from sqlalchemy import text

from crm.errors import LeadNotYours, NotYourTeam
from crm.rules.access import SELLERS, Actor
from crm.services import assignments, members, timeline
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

_TEAM = text(
    """
    select id from member where org_id = :org and active and id <> :me and role = any(:roles)
      and department_id is not distinct from :department order by role <> 'rep', name, id limit :most
    """
)


def colleagues(uow: UnitOfWork, *, actor: Actor, most: int = 10) -> list[Actor]:
    """To whom the actor could hand a lead over, by name."""
    args = {"org": uow.org_id, "me": actor.id, "roles": sorted(SELLERS), "most": most}
    ids = list(uow.session.scalars(_TEAM, args | {"department": actor.department_id}))
    found = {one.id: one for one in members.get_many(uow, ids)}
    return [found[member_id] for member_id in ids]


def hand_over(uow: UnitOfWork, *, actor: Actor, lead: LeadView, to: Actor, reason: str = "") -> None:
    """The owner gives a lead to a colleague who has room; both are told.

    Raises: LeadNotYours, LeadClosed, NotYourTeam, MemberInactive, MemberFull, SelfSourced, LeadAlreadyYours, Conflict.
    """
    assignments.own(actor, lead)
    if lead.owner_id is None:
        raise LeadNotYours(ref=lead.ref, owner_id=None)
    if not actor.is_manager and to.department_id != actor.department_id:
        raise NotYourTeam(member_id=to.id)
    assignments.hand_over(uow, actor=actor, lead=lead, to=to, how="transfer", reason=reason)
    timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id], verb="transferred")

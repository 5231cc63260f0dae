"""Showing a lead to a colleague: a card that shows what they may see by their own right, and no more."""

from __future__ import annotations

from sqlalchemy import text

from crm.errors import MemberInactive
from crm.errors_of_asking import SharedWithOneself
from crm.rules.access import Actor
from crm.services import timeline
from crm.services.leads import LeadView, need_workable
from crm.uow import UnitOfWork

_GLIMPSE = text(
    """
    select l.number, p.name, p.company, o.name as owner from lead l
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join member o on o.org_id = l.org_id and o.id = l.owner_id
    where l.org_id = :org and l.id = :lead
    """
)


def share(uow: UnitOfWork, *, actor: Actor, lead: LeadView, colleague: Actor, words: str = "") -> None:
    """Send the lead's card to a colleague; the timeline keeps that, and what was said with it.

    Raises: SharedWithOneself, MemberInactive, PersonSetAside.
    """
    need_workable(lead)
    if colleague.id == actor.id:
        raise SharedWithOneself(ref=lead.ref)
    if not colleague.active:
        raise MemberInactive(member_id=colleague.id)
    activity = timeline.note(
        uow, lead_id=lead.id, verb="shared", actor_id=actor.id, words=words or None, data={"to": colleague.id}
    )
    uow.touch(lead.id)
    uow.notify(
        "lead.shared", to=colleague.id, lead=lead.id, key=f"shared:{activity}",
        data={"lead": lead.id, "by": actor.id, "activity": activity},
    )  # fmt: skip


def glimpse(uow: UnitOfWork, lead_id: int) -> str:
    """Who the lead is and whose, for a colleague to whom it was shown and who may see no more of it."""
    row = uow.session.execute(_GLIMPSE, {"org": uow.org_id, "lead": lead_id}).one()
    return " · ".join(part for part in (row.name, row.company, row.owner, f"L-{row.number}") if part)

"""What a member marks and how the own leads are sorted. The company's score stays beside it, whatever the order."""

from __future__ import annotations

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.wanted import ORDERS, Order
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

# SQL of each order, over the tables of `agenda.py`.
URGENT = "l.recycle_at nulls last, l.score desc, l.id"
BY: dict[Order, str] = {
    "urgent": URGENT,
    "due": f"plan.at nulls last, {URGENT}",
    "score": "l.score desc, l.recycle_at nulls last, l.id",
    "newest": "coalesce(l.assigned_at, l.created_at) desc, l.id desc",
    "stage": f"st.position desc nulls last, {URGENT}",
    "amount": f"l.amount desc nulls last, {URGENT}",
    "starred": f"mark.lead_id is null, {URGENT}",
}
_STAR = text("insert into star (org_id, member_id, lead_id, at) values (:org, :me, :lead, :now) on conflict do nothing")
_UNSTAR = text("delete from star where org_id = :org and member_id = :me and lead_id = :lead")
_SORT = text("update member set sort = :sort where org_id = :org and id = :me")


def star(uow: UnitOfWork, *, actor: Actor, lead: LeadView, on: bool | None = None) -> bool:
    """Mark a lead for oneself, or take the mark away; without `on`, whichever it is not. Returns how it stands now."""
    who = {"org": uow.org_id, "me": actor.id, "lead": lead.id}
    wanted = not lead.starred if on is None else on
    uow.session.execute(_STAR if wanted else _UNSTAR, who | {"now": uow.now})
    return wanted


def sort(uow: UnitOfWork, *, actor: Actor, by: Order) -> None:
    """From now on the member's own leads come in that order."""
    uow.session.execute(_SORT, {"org": uow.org_id, "me": actor.id, "sort": None if by == "urgent" else by})


def of(actor: Actor) -> Order:
    """The order that the member has chosen."""
    return next((each for each in ORDERS if each == actor.sort), "urgent")

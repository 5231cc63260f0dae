"""What lies on a member's desk beside what the caps count: the self-sourced leads, whose number managers see."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from crm.rules.access import SELLERS, Actor
from crm.uow import UnitOfWork

_OWN = text(
    "select count(*) from lead where org_id = :org and owner_id = :member and status = 'open' and origin = 'self'"
)
_TEAM = text(
    """
    select m.id, m.name, coalesce(r.holding, 0) as held,
           (select count(*) from lead l where l.org_id = m.org_id and l.owner_id = m.id and l.status = 'open'
               and l.origin = 'self') as self_sourced
    from member m
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join rep_load r on r.org_id = m.org_id and r.member_id = m.id
    where m.org_id = :org and m.active and m.id <> :me and m.role = any(:sellers)
      and (:all or d.path && cast(:manages as bigint[]))
    order by self_sourced desc, m.name, m.id limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A member's open leads: those that fill the capacity, and those that the member found."""

    member_id: int
    name: str
    held: int
    self_sourced: int


def self_sourced(uow: UnitOfWork, member_id: int) -> int:
    """How many open leads of a member are self-sourced."""
    return int(uow.session.scalar(_OWN, {"org": uow.org_id, "member": member_id}) or 0)


def of_team(uow: UnitOfWork, *, actor: Actor, most: int = 20) -> list[Desk]:
    """The desks of those whom the actor manages, the most self-sourced leads first; an admin sees all."""
    args = {
        "org": uow.org_id, "me": actor.id, "manages": list(actor.manages), "all": actor.is_admin,
        "sellers": list(SELLERS), "most": most,
    }  # fmt: skip
    return [Desk(*row) for row in uow.session.execute(_TEAM, args)]

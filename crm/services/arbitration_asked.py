"""Who is asked whether two people are one: whoever manages the owner of the one known before, else an admin."""

from __future__ import annotations

from sqlalchemy import text

from crm.services import superiors
from crm.uow import UnitOfWork

_OWNER = text(
    """
    select l.owner_id from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id and m.active
    where l.org_id = :org and (l.person_id = :person or l.id = :lead)
    order by l.person_id <> :person, l.status <> 'open', l.id desc limit 1
    """
)
_POOL = text(
    """
    select p.admin_id from lead l join pool p on p.org_id = l.org_id and p.id = l.pool_id
    where l.org_id = :org and l.person_id = :person and l.status = 'open' and p.admin_id is not null limit 1
    """
)
_ADMIN = text("select id from member where org_id = :org and role = 'admin' and active order by id limit 1")
_ANYBODY = text("select id from member where org_id = :org and active order by role <> 'manager', id limit 1")


def whom(uow: UnitOfWork, known_id: int, lead_id: int | None) -> int:
    """The member who is to decide. Args: lead_id: the new lead, whose owner counts where the known one has none."""
    args = {"org": uow.org_id, "person": known_id, "lead": lead_id}
    owner = uow.session.scalar(_OWNER, args)
    if owner is not None:
        return next(iter(superiors.copied(uow, owner, ["manager"])), int(owner))
    found = (uow.session.scalar(statement, args) for statement in (_POOL, _ADMIN, _ANYBODY))
    return int(next(member for member in found if member is not None))

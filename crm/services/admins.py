"""Taking the admin role back: there is always somebody left who has it."""

from __future__ import annotations

from sqlalchemy import text

from crm.errors import LastAdmin, NoAdmin
from crm.rules.access import Actor
from crm.services import audit
from crm.uow import UnitOfWork

# Two who take it from each other take turns here.
_LOCK = text("select 1 from organization where id = :org for no key update")
_OTHERS = text("select count(*) from member where org_id = :org and role = 'admin' and active and id <> :id")
_REMOVE = text(
    """
    update member set role = coalesce(preferences->>'role', 'rep'), preferences = preferences - 'role'
    where org_id = :org and id = :id and role = 'admin' returning id
    """
)


def remove(uow: UnitOfWork, *, actor: Actor, member: Actor) -> None:
    """A colleague is again what the colleague was before. Raises NotAllowed, NoAdmin, LastAdmin."""
    actor.need("people")
    args = {"org": uow.org_id, "id": member.id}
    uow.session.execute(_LOCK, args)
    if member.is_admin and not uow.session.scalar(_OTHERS, args):
        raise LastAdmin
    if uow.session.scalar(_REMOVE, args) is None:
        raise NoAdmin(member_id=member.id)
    audit.write(uow, "role.changed", by=actor.id, subject=f"member:{member.id}", data={"was": "admin"})

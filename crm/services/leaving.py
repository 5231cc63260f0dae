"""Somebody leaves: signed off at once, and the managers learn what is left behind."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from crm.services import members
from crm.uow import UnitOfWork

_WHO = text(
    """
    select m.id, i.external_id from chat_identity i join member m on m.org_id = i.org_id and m.id = i.member_id
    where i.org_id = :org and i.workspace_id = :workspace and lower(i.external_id) = lower(:user) and m.active
    """
)
# A row without name and department: it was this address book that let the person go, and it alone brings them back.
_GONE = text(
    """
    insert into chat_person as p (org_id, workspace_id, external_id, name, unit, seen_at)
    values (:org, :workspace, :user, '', '', :now)
    on conflict (org_id, workspace_id, external_id) do update set name = '', unit = '', seen_at = excluded.seen_at
    """
)
_LEFT = text(
    """
    select count(*) filter (where origin <> 'self') as leads, count(*) filter (where origin = 'self') as own,
           (select count(*) from task t where t.org_id = :org and t.member_id = :member and t.state = 'open') as tasks
    from lead where org_id = :org and owner_id = :member and status = 'open'
    """
)


@dataclass(frozen=True, slots=True)
class Left:
    """What stands under the name of somebody: open leads, those of the own finding, and open tasks."""

    leads: int
    own: int
    tasks: int


def sign_off(uow: UnitOfWork, *, workspace_id: int, external_id: str) -> None:
    """The chat says that this person is gone: nobody acts or is dealt leads under the name from now on, and the
    managers are told, once."""
    who = uow.session.execute(_WHO, {"org": uow.org_id, "workspace": workspace_id, "user": external_id}).one_or_none()
    if who is None:
        return
    gone = {"org": uow.org_id, "workspace": workspace_id, "user": who.external_id, "now": uow.now}
    uow.session.execute(_GONE, gone)
    managers = members.managers_of(uow, who.id)
    members.sign_off(uow, workspace_id, who.external_id)
    for manager in managers:
        uow.notify(
            "member.left", to=manager, data={"member": who.id},
            key=f"left:{who.id}:{manager}:{uow.now.isoformat()}",
        )  # fmt: skip


def left_behind(uow: UnitOfWork, member_id: int) -> Left:
    row = uow.session.execute(_LEFT, {"org": uow.org_id, "member": member_id}).one()
    return Left(row.leads, row.own, row.tasks)

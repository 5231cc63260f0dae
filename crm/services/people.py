"""Who works here, as what and for whom: listed by team, and changed by admins at the moment of the click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy import text

from crm.errors import LastAdmin, MemberInactive
from crm.errors_of_people import ManagesSelf, NoSuchRole
from crm.rules.access import Actor
from crm.rules.matrix import Role
from crm.services import audit, clocks, duties
from crm.services.teams import Team
from crm.uow import UnitOfWork

ROLES: tuple[Role, ...] = get_args(Role)
# What people call a role, in both languages.
_CALLED = {
    "reception": ("reception", "sdr", "售前", "前台"), "rep": ("rep", "sales", "seller", "销售", "业务员"),
    "success": ("success", "学管", "客户成功"), "service": ("service", "客服", "服务"),
    "marketing": ("marketing", "市场"), "quality": ("quality", "质检"),
    "manager": ("manager", "lead", "经理", "主管"), "admin": ("admin", "管理员"),
}  # fmt: skip
_SEEN = """
    select m.id, m.name, m.email, m.role, m.active, m.on_duty, m.department_id, d.name as team, m.manager_id,
           b.name as manager, m.left_at, m.joined_at, coalesce(r.holding, 0) as holding,
           exists (select from leave l where l.org_id = m.org_id and l.member_id = m.id
                     and cast(:now as timestamptz) at time zone coalesce(m.timezone, d.timezone, o.timezone)
                         between l.starts_on and l.ends_on + 1) as away,
           (select string_agg(distinct w.platform, ', ') from chat_identity c join workspace w on w.id = c.workspace_id
             where c.org_id = m.org_id and c.member_id = m.id) as chats
    from member m join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join member b on b.org_id = m.org_id and b.id = m.manager_id and b.active
    left join rep_load r on r.org_id = m.org_id and r.member_id = m.id
    where m.org_id = :org
"""
_LIST = text(
    f"""
    {_SEEN} and m.active and (:all or d.path && cast(:sight as bigint[]))
      and (cast(:team as bigint) is null or :team = any(d.path))
    order by d.path nulls first, m.role not in ('manager', 'admin'), m.name, m.id
    """
)
_ONE = text(f"{_SEEN} and m.id = :id")
_ROLE = text("update member set role = :role where org_id = :org and id = :id")
# Who is in another team has another manager.
_TEAM = text("update member set department_id = :team, manager_id = null where org_id = :org and id = :id")
_MANAGER = text("update member set manager_id = :manager where org_id = :org and id = :id")
_OTHERS = text("select count(*) from member where org_id = :org and role = 'admin' and active and id <> :id")
_HEADS = text(
    "select name from member where org_id = :org and department_id = :team and role = 'manager' and active"
    " order by name"
)
_LOCK = text("select 1 from organization where id = :org for no key update")
_ABOVE = text(
    """
    with recursive line as (
        select id, manager_id from member where org_id = :org and id = :manager
        union
        select m.id, m.manager_id from member m join line on m.org_id = :org and m.id = line.manager_id
    )
    select exists (select from line where id = :id)
    """
)


@dataclass(frozen=True, slots=True)
class PersonView:
    """A member for lists. `on_duty` is what the member says, `working` also what the rota does."""

    id: int
    name: str
    email: str | None
    role: str
    active: bool
    on_duty: bool
    department_id: int | None
    team: str | None
    manager_id: int | None
    manager: str | None
    left_at: datetime | None
    joined_at: datetime
    holding: int
    away: bool
    chats: str | None


def listing(uow: UnitOfWork, *, actor: Actor, team: Team | None = None) -> list[PersonView]:
    """Those within the actor's sight who are here, team by team, who leads it first."""
    sight = [*actor.manages] or ([actor.department_id] if actor.department_id else [])
    args = {"all": actor.sees_all, "sight": sight, "team": team.id if team else None}
    return [PersonView(*row) for row in uow.session.execute(_LIST, _of(uow) | args)]


def one(uow: UnitOfWork, member_id: int) -> PersonView:
    """One member, also one who has left."""
    return PersonView(*uow.session.execute(_ONE, _of(uow) | {"id": member_id}).one())


def managers_in(uow: UnitOfWork, team_id: int) -> list[str]:
    """Who manages that very team, by name."""
    return list(uow.session.scalars(_HEADS, {"org": uow.org_id, "team": team_id}))


def has_admin(uow: UnitOfWork) -> bool:
    """Whether there is an admin who is here; without one, whoever says admin first becomes one."""
    return bool(uow.session.scalar(_OTHERS, {"org": uow.org_id, "id": 0}))


def role_named(words: str) -> Role:
    """A role by what people call it. Raises NoSuchRole."""
    given = words.strip().lower()
    found = next((role for role in ROLES if given in _CALLED[role]), None)
    if found is None:
        raise NoSuchRole(given=words.strip(), names=", ".join(ROLES))
    return found


def set_role(uow: UnitOfWork, *, actor: Actor, member: Actor, role: Role) -> None:
    """From the next click on the member may do what the role may. Raises NotAllowed, MemberInactive, LastAdmin."""
    _need(actor, member)
    uow.session.execute(_LOCK, _of(uow))
    args = _of(uow) | {"id": member.id, "role": role}
    if member.is_admin and role != "admin" and not uow.session.scalar(_OTHERS, args):
        raise LastAdmin
    uow.session.execute(_ROLE, args)
    changed = {"was": member.role, "to": role}
    audit.write(uow, "role.changed", by=actor.id, subject=f"member:{member.id}", data=changed)
    clocks.restart_of(uow, [member.id])


def set_team(uow: UnitOfWork, *, actor: Actor, member: Actor, team: Team) -> None:
    """The member belongs to another team, with its manager, hours and rules. Raises NotAllowed, MemberInactive."""
    _need(actor, member)
    uow.session.execute(_TEAM, _of(uow) | {"id": member.id, "team": team.id})
    clocks.restart_of(uow, [member.id])


def set_manager(uow: UnitOfWork, *, actor: Actor, member: Actor, manager: Actor) -> None:
    """Who is asked about the member's leads first. Raises NotAllowed, MemberInactive, ManagesSelf."""
    _need(actor, member)
    if not manager.active:
        raise MemberInactive(member_id=manager.id)
    uow.session.execute(_LOCK, _of(uow))
    if is_above(uow, member.id, manager.id):
        raise ManagesSelf(member_id=manager.id)
    uow.session.execute(_MANAGER, _of(uow) | {"id": member.id, "manager": manager.id})


def is_above(uow: UnitOfWork, member_id: int, other_id: int) -> bool:
    """Whether the member is above the other one already, or is the same."""
    return bool(uow.session.scalar(_ABOVE, _of(uow) | {"id": member_id, "manager": other_id}))


def on_duty(uow: UnitOfWork, found: list[PersonView]) -> set[int]:
    """Who of these can be dealt leads at this moment, as duty, leave and the rota say."""
    working = duties.working(uow, [each.id for each in found])
    return {each.id for each in found if each.active and each.on_duty and not each.away and each.id in working}


def _need(actor: Actor, member: Actor) -> None:
    actor.need("people")
    if not member.active:
        raise MemberInactive(member_id=member.id)


def _of(uow: UnitOfWork) -> dict[str, object]:
    return {"org": uow.org_id, "now": uow.now}

"""Who may claim from which pool, and in whose charge it is: shown to its people, changed by its admin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from crm.rules.access import Actor
from crm.services import moving, pools
from crm.services.pools import PoolView
from crm.uow import UnitOfWork

_SCOPES = text(
    """
    select ps.pool_id, d.name as team, ps.role, m.name as member from pool_scope ps
    left join department d on d.org_id = ps.org_id and d.id = ps.department_id
    left join member m on m.org_id = ps.org_id and m.id = ps.member_id
    where ps.org_id = :org and ps.pool_id = any(:pools) order by d.name, ps.role, m.name
    """
)
_ADMINS = text(
    "select p.id, m.name from pool p join member m on m.org_id = p.org_id and m.id = p.admin_id"
    " where p.org_id = :org and p.id = any(:pools)"
)
_SAME = """
    pool_id = :pool and department_id is not distinct from cast(:department as bigint)
    and role is not distinct from cast(:role as text) and member_id is not distinct from cast(:member as bigint)
"""
_LOCK = text("select 1 from pool where org_id = :org and id = :pool for no key update")
_ADD = text(
    f"""
    insert into pool_scope (org_id, pool_id, department_id, role, member_id)
    select :org, :pool, :department, :role, :member
    where not exists (select 1 from pool_scope where org_id = :org and {_SAME})
    """  # noqa: S608  (a constant)
)
_REMOVE = text(f"delete from pool_scope where org_id = :org and {_SAME}")  # noqa: S608  (a constant)
_CHARGE = text("update pool set admin_id = :member where org_id = :org and id = :pool")


@dataclass(frozen=True, slots=True)
class Scoped:
    """A pool with its people: names of teams and members, and roles."""

    pool: PoolView
    admin: str | None
    teams: tuple[str, ...]
    roles: tuple[str, ...]
    members: tuple[str, ...]


def listing(uow: UnitOfWork, *, actor: Actor) -> list[Scoped]:
    """The pools that the actor may claim from or see, with who else may."""
    found = pools.visible(uow, actor=actor)
    args = {"org": uow.org_id, "pools": [pool.id for pool in found]}
    scopes = uow.session.execute(_SCOPES, args).all()
    admins = {row.id: row.name for row in uow.session.execute(_ADMINS, args)}
    made = []
    for pool in found:
        mine = [row for row in scopes if row.pool_id == pool.id]
        teams, roles, people = (
            tuple(str(getattr(row, kind)) for row in mine if getattr(row, kind) is not None)
            for kind in ("team", "role", "member")
        )
        made.append(Scoped(pool, admins.get(pool.id), teams, roles, people))
    return made


def add(uow: UnitOfWork, *, actor: Actor, pool: PoolView, who: Mapping[str, int | str]) -> None:
    """Let a team, a role or a member claim from the pool; twice is harmless.

    Args:
        who: one of `department` and `member`, by id, or `role`.

    Raises: NotPoolAdmin.
    """
    moving.manages(actor, pool)
    uow.session.execute(_LOCK, {"org": uow.org_id, "pool": pool.id})
    uow.session.execute(_ADD, _args(uow, pool, who))


def remove(uow: UnitOfWork, *, actor: Actor, pool: PoolView, who: Mapping[str, int | str]) -> None:
    """The same team, role or member may claim no longer, unless in scope by something else. Raises: NotPoolAdmin."""
    moving.manages(actor, pool)
    uow.session.execute(_REMOVE, _args(uow, pool, who))


def put_in_charge(uow: UnitOfWork, *, actor: Actor, pool: PoolView, member: Actor) -> None:
    """Make a member the pool's admin. Raises: NotAllowed for all but admins."""
    actor.need("pools")
    uow.session.execute(_CHARGE, {"org": uow.org_id, "pool": pool.id, "member": member.id})


def _args(uow: UnitOfWork, pool: PoolView, who: Mapping[str, int | str]) -> dict[str, int | str | None]:
    kinds = {kind: who.get(kind) for kind in ("department", "role", "member")}
    return {"org": uow.org_id, "pool": pool.id, **kinds}

"""The people of a company file, who they are in chat, and the pools they claim from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time

from sqlalchemy import delete, or_, select, tuple_

from crm.models import ChatIdentity, Member, Pool, PoolScope
from ops.company_spec import CompanyFile, MemberPart, PoolPart
from ops.init_rows import Rows

PLATFORMS = ("slack", "wecom", "playground")


def people(
    rows: Rows, company: CompanyFile, departments: Mapping[str, int], installed: Mapping[str, int]
) -> dict[str, int]:
    """Members by name; found again by chat identity or e-mail, else by name."""
    made: dict[str, int] = {}
    for part in company.members:
        identities = {installed[name]: getattr(part, name) for name in PLATFORMS if _known(part, name, installed)}
        values = {
            "name": part.name, "email": part.email, "role": part.role, "timezone": part.timezone, "locale": part.locale,
            "department_id": departments.get(part.team or ""), **_joined(part),
        }  # fmt: skip
        found = _find(rows, part, identities)
        first = {"active": True, "on_duty": True, "tags": [], "preferences": {}}
        first |= {} if part.joined else {"joined_at": rows.uow.now}
        match = {"id": found} if found else {"name": part.name}
        made[part.name] = rows.put(Member, match, values, **first)
        for workspace_id, external_id in identities.items():
            identity = {"workspace_id": workspace_id, "external_id": external_id}
            rows.put(ChatIdentity, identity, {"member_id": made[part.name]})
    _managers(rows, company, made)
    return made


def _joined(part: MemberPart) -> dict[str, datetime]:
    return {"joined_at": datetime.combine(part.joined, time(), UTC)} if part.joined else {}


def pools(
    rows: Rows, company: CompanyFile, departments: Mapping[str, int], members: Mapping[str, int]
) -> dict[str, int]:
    """Pools by key, each with exactly the scope that the file names; without any, the whole company's."""
    made: dict[str, int] = {}
    for part in company.pools:
        values = {"name": part.name, "admin_id": members.get(part.admin or "")}
        made[part.key] = rows.put(Pool, {"key": part.key}, values, created_at=rows.uow.now)
        _scope(rows, made[part.key], _wanted(part, company, departments, members))
    return made


def _known(part: MemberPart, platform: str, installed: Mapping[str, int]) -> bool:
    return platform in installed and getattr(part, platform) is not None


def _find(rows: Rows, part: MemberPart, identities: Mapping[int, str]) -> int | None:
    session, org_id = rows.uow.session, rows.uow.org_id
    pairs = list(identities.items())
    known = select(ChatIdentity.member_id).where(
        ChatIdentity.org_id == org_id, tuple_(ChatIdentity.workspace_id, ChatIdentity.external_id).in_(pairs)
    )
    same = [Member.id.in_(known), Member.name == part.name] + ([Member.email == part.email] if part.email else [])
    order = (Member.id.in_(known).desc(), (Member.name == part.name).desc(), Member.id)
    return session.scalar(select(Member.id).where(Member.org_id == org_id, or_(*same)).order_by(*order).limit(1))


def _managers(rows: Rows, company: CompanyFile, made: Mapping[str, int]) -> None:
    """Everybody's manager: the one of the own department, or of the nearest one above that has one."""
    parents = {part.key: part.parent for part in company.departments}
    heads = {part.key: part.manager for part in company.departments}
    for part in company.members:
        team: str | None = part.team
        while team and heads[team] in (None, part.name):
            team = parents[team]
        head = heads[team] if team else None
        rows.put(Member, {"id": made[part.name]}, {"manager_id": made[head] if head else None})


Scope = tuple[int | None, str | None, int | None]


def _wanted(
    part: PoolPart, company: CompanyFile, departments: Mapping[str, int], members: Mapping[str, int]
) -> set[Scope]:
    wanted: set[Scope] = {(departments[key], None, None) for key in part.teams}
    wanted |= {(None, role, None) for role in part.roles} | {(None, None, members[name]) for name in part.members}
    return wanted or {(departments[part.key], None, None) for part in company.departments if part.parent is None}


def _scope(rows: Rows, pool_id: int, wanted: set[Scope]) -> None:
    for department_id, role, member_id in wanted:
        entry = {"pool_id": pool_id, "department_id": department_id, "role": role, "member_id": member_id}
        rows.put(PoolScope, entry, {})
    present = rows.uow.session.execute(
        select(PoolScope.id, PoolScope.department_id, PoolScope.role, PoolScope.member_id).where(
            PoolScope.org_id == rows.uow.org_id, PoolScope.pool_id == pool_id
        )
    ).all()
    gone = [row.id for row in present if (row.department_id, row.role, row.member_id) not in wanted]
    if gone:
        rows.changed["pool_scope"] += len(gone)
        rows.uow.session.execute(delete(PoolScope).where(PoolScope.org_id == rows.uow.org_id, PoolScope.id.in_(gone)))

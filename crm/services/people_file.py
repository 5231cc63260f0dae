"""People by file: who works here, in which team, as what, for whom and who in which chat; in and out, in two languages.

A row is found again by chat id, e-mail or name, so that the same file twice changes nothing; a row that cannot be
taken in is told with the reason, and the others are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from crm.errors import Refusal
from crm.rules import clean
from crm.services import audit, clocks, people, teams
from crm.services.teams import Team
from crm.uow import UnitOfWork

PLATFORMS = ("slack", "wecom", "playground")
COLUMNS = ("name", "email", "role", "department", "manager", *PLATFORMS)
# What a column may be called.
_CALLED = {
    "name": ("name", "full name", "member", "姓名", "名字", "成员"),
    "email": ("email", "e-mail", "mail", "邮箱", "电子邮箱"),
    "role": ("role", "角色", "职位", "岗位"),
    "department": ("department", "team", "departments", "部门", "团队"),
    "manager": ("manager", "reports to", "boss", "上级", "主管", "经理"),
    "slack": ("slack", "slack id"),
    "wecom": ("wecom", "wecom userid", "userid", "企业微信", "企业微信账号", "企微账号"),
    "playground": ("playground",),
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_KNOWN = text(
    """
    select m.id, m.name, m.email, m.role, m.department_id, m.manager_id, m.active from member m
    where m.org_id = :org and (
        m.id in (select i.member_id from chat_identity i join unnest(cast(:workspaces as bigint[]),
                        cast(:users as text[])) as c(workspace, external) on i.workspace_id = c.workspace
                    and lower(i.external_id) = lower(c.external) where i.org_id = :org)
        or lower(m.email) = lower(nullif(:email, '')) or lower(m.name) = lower(:name))
    order by m.id in (select i.member_id from chat_identity i join unnest(cast(:workspaces as bigint[]),
                        cast(:users as text[])) as c(workspace, external) on i.workspace_id = c.workspace
                    and lower(i.external_id) = lower(c.external) where i.org_id = :org) desc,
             lower(m.email) = lower(nullif(:email, '')) desc nulls last, m.active desc, m.id
    """
)
_MAKE = text(
    """
    insert into member (org_id, name, email, role, department_id, active, on_duty, tags, preferences, joined_at)
    values (:org, :name, nullif(:email, ''), :role, :department, true, true, '{}', '{}', :now) returning id
    """
)
_CHANGE = text(
    """
    update member set name = :name, email = coalesce(nullif(:email, ''), email), role = :role,
           department_id = coalesce(cast(:department as bigint), department_id)
    where org_id = :org and id = :id
    """
)
_MANAGER = text("update member set manager_id = :manager where org_id = :org and id = :id")
_ADMINS = text("select count(*) from member where org_id = :org and role = 'admin' and active and id <> :id")
_TIE = text(
    """
    insert into chat_identity (org_id, workspace_id, external_id, member_id) values (:org, :workspace, :user, :member)
    on conflict (workspace_id, external_id) do update set member_id = excluded.member_id
    where chat_identity.member_id <> excluded.member_id returning id
    """
)
_WORKSPACES = text("select platform, min(id) as id from workspace where org_id = :org group by platform")
_OUT = text(
    """
    select m.name, coalesce(m.email, '') as email, m.role, d.path, coalesce(b.email, b.name, '') as manager,
           (select json_object_agg(w.platform, i.external_id) from chat_identity i
              join workspace w on w.id = i.workspace_id
             where i.org_id = m.org_id and i.member_id = m.id) as chats
    from member m
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join member b on b.org_id = m.org_id and b.id = m.manager_id
    where m.org_id = :org and m.active order by d.path nulls first, m.name, m.id
    """
)


@dataclass(slots=True)
class Report:
    """What a file does, in names. `rejected`: line, cells and reason of each row that was left out."""

    made: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    same: int = 0
    teams: list[str] = field(default_factory=list)
    rejected: list[tuple[int, list[str], str]] = field(default_factory=list)


class _Wrong(Exception):
    """Why a row is left out."""


def columns_of(header: Sequence[str]) -> dict[int, str]:
    """Which column holds what; unknown ones are left out."""
    names = {alias: name for name, aliases in _CALLED.items() for alias in aliases}
    found = {number: names.get(cell.strip().lower()) for number, cell in enumerate(header)}
    return {number: name for number, name in found.items() if name}


def take(uow: UnitOfWork, header: Sequence[str], rows: Iterable[list[str]]) -> Report:
    """Make and change members as the rows say; the caller commits, or does not and has a preview."""
    report, columns = Report(), columns_of(header)
    installed = {row.platform: row.id for row in uow.session.execute(_WORKSPACES, {"org": uow.org_id})}
    seen: Counter[str] = Counter()
    bosses: list[tuple[int, list[str], int, str, str]] = []
    for line, cells in enumerate(rows, 2):
        row = {name: clean.line(cells[number]) if number < len(cells) else "" for number, name in columns.items()}
        try:
            member = _take(uow, row, installed, report, seen)
        except (_Wrong, Refusal) as exc:
            report.rejected.append((line, cells, _reason(exc)))
        else:
            bosses += [(line, cells, member, row["name"], row["manager"])] if row.get("manager") else []
    for line, cells, member, name, boss in bosses:
        _set_manager(uow, report, line, cells, member, name, boss)
    if report.made or report.changed:
        uow.defer(clocks.all_anew(uow))
    return report


def rows(uow: UnitOfWork) -> list[list[str]]:
    """Everybody who is here, as a file that can be taken in again: its header and a row for each."""
    names = {team.id: team.name for team in teams.every(uow)}
    found = [list(COLUMNS)]
    for row in uow.session.execute(_OUT, {"org": uow.org_id}):
        path = " / ".join(names[step] for step in row.path or ())
        chats = row.chats or {}
        found.append([row.name, row.email, row.role, path, row.manager, *(chats.get(each, "") for each in PLATFORMS)])
    return found


def _take(
    uow: UnitOfWork, row: Mapping[str, str], installed: Mapping[str, int], report: Report, seen: Counter[str]
) -> int:
    """One row; the member's id."""
    chats = _checked(row, installed, seen)
    role = people.role_named(row["role"]) if row.get("role") else ""
    known = _find(uow, row, chats)
    if known and not known.active:
        raise _Wrong("has left: bring the colleague back with member back")
    if known and known.role == "admin" and role not in ("", "admin") and not _others(uow, known.id):
        raise _Wrong("is the last admin")
    team = _team(uow, row["department"], report) if row.get("department") else None
    values = {"name": row["name"], "email": row.get("email", ""), "department": team.id if team else None}
    if known is None:
        values["role"] = role or "rep"
        member = int(uow.session.execute(_MAKE, {"org": uow.org_id, "now": uow.now, **values}).scalar_one())
        report.made.append(row["name"])
        _tie(uow, member, chats)
        return member
    values |= {"role": role or known.role, "id": known.id}
    changes = _changes(known, values)
    uow.session.execute(_CHANGE, {"org": uow.org_id, **values})
    if values["role"] != known.role:
        changed = {"was": known.role, "to": values["role"], "by file": True}
        audit.write(uow, "role.changed", by=None, subject=f"member:{known.id}", data=changed)
    changes += ["chat"] if _tie(uow, known.id, chats) else []
    if changes:
        report.changed.setdefault(row["name"], []).extend(changes)
    else:
        report.same += 1
    return int(known.id)


def _checked(row: Mapping[str, str], installed: Mapping[str, int], seen: Counter[str]) -> dict[int, str]:
    """The chat ids by installation. Raises _Wrong."""
    if not row.get("name"):
        raise _Wrong("a name is needed")
    if row.get("email") and not _EMAIL.fullmatch(row["email"]):
        raise _Wrong("this is no e-mail address")
    for name in ("email", *PLATFORMS):
        key = f"{name}:{row.get(name, '').lower()}"
        seen[key] += 1
        if row.get(name) and seen[key] > 1:
            raise _Wrong(f"{name} stands twice in the file")
    missing = next((name for name in PLATFORMS if row.get(name) and name not in installed), None)
    if missing:
        raise _Wrong(f"{missing} is not connected")
    return {installed[name]: row[name] for name in PLATFORMS if row.get(name)}


def _find(uow: UnitOfWork, row: Mapping[str, str], chats: Mapping[int, str]) -> Any:
    """The member whom a row means. Raises _Wrong where a name alone means several."""
    args = {"org": uow.org_id, "name": row["name"], "email": row.get("email", "")}
    args |= {"workspaces": list(chats), "users": list(chats.values())}
    found = uow.session.execute(_KNOWN, args).all()
    sure = [one for one in found if row.get("email") and (one.email or "").lower() == row["email"].lower()]
    if len(found) > 1 and not sure and not chats:
        raise _Wrong("several are called so: add the e-mail")
    return next(iter(sure or found), None)


def _team(uow: UnitOfWork, words: str, report: Report) -> Team:
    """The team at the end of a path, made with those above where they are missing."""
    found: Team | None = None
    for part in (part.strip() for part in re.split(r"[/>／]", words) if part.strip()):
        every = teams.every(uow)
        same = [one for one in every if part.lower() in (one.name.lower(), one.key.lower())]
        here = [one for one in same if found is None or one.parent_id == found.id]
        if not here:
            above, found = found, teams.put(uow, name=part, under=found)
            report.teams.append(f"{above.name} / {part}" if above else part)
        else:
            found = here[0]
    if found is None:
        raise _Wrong("this is no team")
    return found


def _changes(known: Any, values: Mapping[str, Any]) -> list[str]:
    same = {
        "name": known.name == values["name"], "email": values["email"].lower() in ("", (known.email or "").lower()),
        "role": known.role == values["role"], "department": values["department"] in (None, known.department_id),
    }  # fmt: skip
    return [name for name, alike in same.items() if not alike]


def _tie(uow: UnitOfWork, member_id: int, chats: Mapping[int, str]) -> bool:
    """Whether that was news."""
    tied = [
        uow.session.scalar(_TIE, {"org": uow.org_id, "workspace": workspace, "user": user, "member": member_id})
        for workspace, user in chats.items()
    ]
    return any(found is not None for found in tied)


def _set_manager(
    uow: UnitOfWork, report: Report, line: int, cells: list[str], member_id: int, name: str, boss: str
) -> None:
    """Managers come last: they may stand further down in the file."""
    args = {"org": uow.org_id, "name": boss, "email": boss, "workspaces": [], "users": []}
    found = [one for one in uow.session.execute(_KNOWN, args) if one.active]
    mine = people.one(uow, member_id)
    if len(found) != 1 or found[0].id == member_id or people.is_above(uow, member_id, found[0].id):
        why = f"the manager {boss} is not to be found, or is below; all else was taken in"
        report.rejected.append((line, cells, why))
    elif mine.manager_id != found[0].id:
        uow.session.execute(_MANAGER, {"org": uow.org_id, "id": member_id, "manager": found[0].id})
        if name not in report.made:
            report.changed.setdefault(name, []).append("manager")


def _others(uow: UnitOfWork, member_id: int) -> int:
    return int(uow.session.scalar(_ADMINS, {"org": uow.org_id, "id": member_id}) or 0)


def _reason(exc: Exception) -> str:
    return exc.message.format(**exc.data) if isinstance(exc, Refusal) else str(exc)

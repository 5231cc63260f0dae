"""The chat's address book: its departments and people become ours, once, and what changes there changes here.

What the company has arranged here itself stands until it is changed in the chat: somebody moves to another department
when the address book says another one than before, not because the two differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.rules import clean
from crm.rules.directory import Colleague
from crm.services import clocks, leaving, members
from crm.uow import UnitOfWork

NEW, BACK, MOVED, SAME = "new", "back", "moved", "same"

_KNOWN = text(
    """
    select i.member_id, m.active, m.left_at, m.department_id, p.name as name, p.unit as unit, p.id is not null as seen
    from chat_identity i join member m on m.org_id = i.org_id and m.id = i.member_id
    left join chat_person p on p.org_id = i.org_id and p.workspace_id = i.workspace_id
         and lower(p.external_id) = lower(i.external_id)
    where i.org_id = :org and i.workspace_id = :workspace and lower(i.external_id) = lower(:user)
    """
)
# Both lists are the company's own, so a name that only one of the two colleagues can mean is the same colleague.
_NAMESAKE = text(
    """
    select m.id from member m
    where m.org_id = :org and (lower(m.email) = lower(nullif(:email, '')) or (m.active and m.name = :name))
      and not exists (select from chat_identity i where i.org_id = m.org_id and i.workspace_id = :workspace
                        and i.member_id = m.id)
    order by lower(m.email) = lower(nullif(:email, '')) desc nulls last limit 2
    """
)
_TAKEN = text("select 1 from member where org_id = :org and lower(email) = lower(:email)")
_MAKE = text(
    """
    insert into member (org_id, name, email, role, department_id, active, on_duty, tags, preferences, joined_at)
    values (:org, :name, nullif(:email, ''), :role, :department, true, false, '{}', '{}', :now) returning id
    """
)
_DEPARTMENT = text(
    "select department_id from chat_unit where org_id = :org and workspace_id = :workspace and external_id = :unit"
)
_CHANGE = text(
    """
    update member set name = coalesce(nullif(:name, ''), name), department_id = coalesce(:department, department_id),
           manager_id = case when cast(:department as bigint) is null then manager_id end
    where org_id = :org and id = :member
    """
)
_SEEN = text(
    """
    insert into chat_person as p (org_id, workspace_id, external_id, name, unit, seen_at)
    values (:org, :workspace, :user, :name, :unit, :now)
    on conflict (org_id, workspace_id, external_id) do update set
        name = coalesce(nullif(excluded.name, ''), p.name), unit = coalesce(nullif(excluded.unit, ''), p.unit),
        seen_at = excluded.seen_at
    """
)
_RENAME = text(
    """
    with people as (
        update chat_person set external_id = :new
        where org_id = :org and workspace_id = :workspace and external_id = :user
          and not exists (select from chat_person where org_id = :org and workspace_id = :workspace
                            and external_id = :new)
    )
    update chat_identity set external_id = :new
    where org_id = :org and workspace_id = :workspace and lower(external_id) = lower(:user)
      and not exists (select from chat_identity where workspace_id = :workspace and external_id = :new)
    """
)
_MISSING = text(
    """
    select p.external_id from chat_person p
    join chat_identity i on i.org_id = p.org_id and i.workspace_id = p.workspace_id
         and lower(i.external_id) = lower(p.external_id)
    join member m on m.org_id = i.org_id and m.id = i.member_id and m.active
    where p.org_id = :org and p.workspace_id = :workspace and not lower(p.external_id) = any(:present)
    order by p.external_id
    """
)

_ALIKE = text(
    "select external_id from chat_identity where org_id = :org and workspace_id = :workspace"
    " and lower(external_id) = lower(:user) order by id limit 1"
)
_ADMINS = text("select id from member where org_id = :org and role = 'admin' and active order by id")


def see(
    uow: UnitOfWork, *, workspace_id: int, person: Colleague, told_at: datetime, company: bool = True
) -> tuple[str, int] | None:
    """Somebody is in the address book: linked, made, moved or back. Returns what happened, and to which member.

    Args:
        told_at: when the chat said so; what is older than a sign-off does not take that back.
        company: it is the company's own list; where people write their names themselves, and others are there too,
            only an address links them, and only who is in a team of ours is made.
    Returns: None for somebody unknown of whom no name is told, or who is none of ours.
    """
    person = replace(person, name=clean.line(person.name), email=clean.line(person.email))
    who = {"org": uow.org_id, "workspace": workspace_id, "user": person.user, "now": uow.now}
    known = uow.session.execute(_KNOWN, who).one_or_none()
    if known is None:
        known_id = _link(uow, who, person, company=company)
        if known_id is None:
            return None
        uow.session.execute(_SEEN, who | {"name": person.name, "unit": person.unit})
        return NEW, known_id
    if known.left_at and told_at <= known.left_at:
        return SAME, known.member_id
    found = _follow(uow, who, person, known)
    # Who is back has a name again, or the row would go on saying that this address book let them go.
    name = person.name or (person.user if found == BACK else "")
    if name or person.unit:
        uow.session.execute(_SEEN, who | {"name": name, "unit": person.unit})
    return found, known.member_id


def welcome(uow: UnitOfWork, new: Sequence[int]) -> None:
    """Tell the admins of those who were made: off duty, they are dealt nothing until they say otherwise."""
    for admin in uow.session.scalars(_ADMINS, {"org": uow.org_id}).all() if new else ():
        uow.notify(
            "members.new", to=admin, data={"members": list(new)}, key=f"members-new:{min(new)}:{len(new)}:{admin}"
        )


def alike(uow: UnitOfWork, *, workspace_id: int, user: str) -> str | None:
    """The id under which somebody is linked, where the chat takes capital and small letters for the same."""
    args = {"org": uow.org_id, "workspace": workspace_id, "user": user}
    found: str | None = uow.session.scalar(_ALIKE, args)
    return found


def rename(uow: UnitOfWork, *, workspace_id: int, user: str, to: str) -> None:
    """The chat calls the same person by another id from now on."""
    uow.session.execute(_RENAME, {"org": uow.org_id, "workspace": workspace_id, "user": user, "new": to})


def missing(uow: UnitOfWork, *, workspace_id: int, present: Sequence[str]) -> list[str]:
    """Who was in the address book and is not among those present, though active here."""
    names = [user.lower() for user in present]
    args = {"org": uow.org_id, "workspace": workspace_id, "present": names}
    return list(uow.session.scalars(_MISSING, args))


def _link(uow: UnitOfWork, who: dict[str, Any], person: Colleague, *, company: bool) -> int | None:
    """The member whom the newcomer is, made where there is none. They begin off duty: nothing is dealt to them yet."""
    if not person.name:
        return None
    name = person.name if company else ""
    found = uow.session.scalars(_NAMESAKE, who | {"name": name, "email": person.email}).all()
    if len(found) != 1 and not company and uow.session.scalar(_DEPARTMENT, who | {"unit": person.unit}) is None:
        return None
    member_id = found[0] if len(found) == 1 else _make(uow, who, person)
    members.tie(uow, member_id, who["workspace"], person.user)
    return int(member_id)


def _make(uow: UnitOfWork, who: dict[str, Any], person: Colleague) -> int:
    email = "" if uow.session.scalar(_TAKEN, who | {"email": person.email}) else person.email
    values = {
        "name": person.name, "email": email, "role": "manager" if person.leads else "rep",
        "department": uow.session.scalar(_DEPARTMENT, who | {"unit": person.unit}),
    }  # fmt: skip
    return int(uow.session.scalars(_MAKE, who | values).one())


def _follow(uow: UnitOfWork, who: dict[str, Any], person: Colleague, known: Any) -> str:
    """What the address book has changed about somebody who is known."""
    shown = known.seen and bool(known.name or known.unit)
    moved = bool(person.unit) and (person.unit != known.unit if shown else known.department_id is None)
    named = shown and person.name and person.name != known.name
    back = bool(person.active and known.left_at and known.seen and not (known.name or known.unit))
    department = uow.session.scalar(_DEPARTMENT, who | {"unit": person.unit}) if moved else None
    moved = department is not None and department != known.department_id
    if not (moved or named or back):
        return SAME
    values = {"name": person.name if named else "", "department": department if moved else None}
    uow.session.execute(_CHANGE, who | values | {"member": known.member_id})
    if back:
        leaving.tell_back(uow, known.member_id, leaving.is_back(uow, known.member_id))
    if moved:
        clocks.restart_of(uow, [known.member_id])
    return BACK if back else MOVED

"""The departments of the chat's address book: linked to ours by name where we have them, else made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from crm.rules import clean
from crm.rules.directory import ROOT, Unit
from crm.services import clocks, teams
from crm.uow import UnitOfWork

_KNOWN = text(
    "select name, parent, department_id from chat_unit"
    " where org_id = :org and workspace_id = :workspace and external_id = :unit"
)
_ABOVE = text(
    "select department_id from chat_unit where org_id = :org and workspace_id = :workspace and external_id = :parent"
)
_TOP = text("select id from department where org_id = :org and parent_id is null order by id limit 2")
_BY_NAME = text(
    """
    select d.id from department d
    where d.org_id = :org and lower(d.name) = lower(:name)
      and not exists (select from chat_unit u where u.org_id = d.org_id and u.workspace_id = :workspace
                        and u.department_id = d.id)
    order by d.parent_id is not distinct from cast(:above as bigint) desc, d.id limit 1
    """
)
_CALLED = text(
    "select id from department where org_id = :org and (lower(name) = lower(:name) or key = lower(:name))"
    " order by id limit 1"
)
_MAKE = text(
    """
    insert into department (org_id, key, name, parent_id, path) values (:org, :key, :name, :above, '{}')
    on conflict (org_id, key) do update set name = excluded.name returning id
    """
)
_KEEP = text(
    """
    insert into chat_unit as u (org_id, workspace_id, external_id, parent, name, department_id)
    values (:org, :workspace, :unit, :parent, :name, :department)
    on conflict (org_id, workspace_id, external_id) do update set
        parent = excluded.parent, name = excluded.name, department_id = excluded.department_id
    """
)
_RENAME = text("update department set name = :name where org_id = :org and id = :id and name = :was")
_MOVE = text(
    """
    update department d set parent_id = cast(:above as bigint)
    where d.org_id = :org and d.id = :id and d.parent_id is not distinct from cast(:was as bigint)
      and not exists (select from department o where o.org_id = d.org_id and o.id = :above and d.id = any(o.path))
    returning d.id
    """
)
_DROP = text("delete from chat_unit where org_id = :org and workspace_id = :workspace and external_id = :unit")
_OTHERS = text(
    "delete from chat_unit where org_id = :org and workspace_id = :workspace and not external_id = any(:present)"
)


def see(uow: UnitOfWork, *, workspace_id: int, unit: Unit) -> None:
    """A department is in the address book: new there, or with another name or place than before."""
    name = clean.line(unit.name)
    who = {"org": uow.org_id, "workspace": workspace_id, "unit": unit.id, "name": name, "parent": unit.parent}
    known = uow.session.execute(_KNOWN, who).one_or_none()
    department = _link(uow, who) if known is None else _follow(uow, who, known)
    uow.session.execute(_KEEP, who | {"department": department})
    teams.settle_paths(uow)


def see_all(uow: UnitOfWork, *, workspace_id: int, units: Sequence[Unit]) -> None:
    """The whole tree: those above first, those that are gone forgotten."""
    for unit in in_order(units):
        see(uow, workspace_id=workspace_id, unit=unit)
    present = [unit.id for unit in units]
    uow.session.execute(_OTHERS, {"org": uow.org_id, "workspace": workspace_id, "present": present})


def link_named(uow: UnitOfWork, *, workspace_id: int, units: Sequence[Unit]) -> set[str]:
    """Of groups that the chat's people form themselves, those called like a team of ours stand for it; none is made.

    Returns: the ids of those that do.
    """
    linked = set()
    for unit in units:
        name = clean.line(unit.name)
        who = {"org": uow.org_id, "workspace": workspace_id, "unit": unit.id, "name": name, "parent": unit.parent}
        if department := uow.session.scalar(_CALLED, who):
            uow.session.execute(_KEEP, who | {"department": department})
            linked.add(unit.id)
    here = {"org": uow.org_id, "workspace": workspace_id, "present": sorted(linked)}
    uow.session.execute(_OTHERS, here)
    return linked


def drop(uow: UnitOfWork, *, workspace_id: int, unit_id: str) -> None:
    """The chat has a department no longer. Ours stays: leads, rules and pools may speak of it."""
    uow.session.execute(_DROP, {"org": uow.org_id, "workspace": workspace_id, "unit": unit_id})


def in_order(units: Sequence[Unit]) -> list[Unit]:
    """Each unit after the one above it; where a circle or a gap makes that impossible, as they came."""
    left, placed = {unit.id: unit for unit in units}, []
    while ready := [unit for unit in left.values() if unit.parent not in left]:
        placed += ready
        left = {unit.id: unit for unit in left.values() if unit not in ready}
    return [*placed, *left.values()]


def _link(uow: UnitOfWork, who: dict[str, Any]) -> int | None:
    """Our department for one that is new: the company's own top for theirs, one of the same name, else a fresh one."""
    if who["parent"] in ROOT:
        tops = uow.session.scalars(_TOP, who).all()
        if len(tops) == 1:
            return int(tops[0])
    above = _above(uow, who, who["parent"])
    found: int | None = uow.session.scalar(_BY_NAME, who | {"above": above})
    if found is None:
        made = who | {"above": above, "key": f"chat-{who['workspace']}-{who['unit']}"}
        found = uow.session.scalars(_MAKE, made).one()
    return found


def _follow(uow: UnitOfWork, who: dict[str, Any], known: Any) -> int | None:
    name, parent = who["name"] or known.name, who["parent"] or known.parent
    who |= {"name": name, "parent": parent}
    if known.department_id is None:
        return None
    ours = who | {"id": known.department_id}
    if name != known.name:
        uow.session.execute(_RENAME, ours | {"was": known.name})
    if parent != known.parent:
        places = {"above": _above(uow, who, parent), "was": _above(uow, who, known.parent)}
        if uow.session.scalar(_MOVE, ours | places):
            uow.defer(clocks.all_anew(uow))
    return int(known.department_id)


def _above(uow: UnitOfWork, who: dict[str, Any], parent: str) -> int | None:
    found: int | None = uow.session.scalar(_ABOVE, who | {"parent": parent})
    return found

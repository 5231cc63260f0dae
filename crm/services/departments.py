"""Departments and teams: finding one by the words of a person."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from crm.errors import PoolNotFound
from crm.rules.access import Actor
from crm.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class DepartmentView:
    id: int
    key: str
    name: str
    path: list[int]


def visible(uow: UnitOfWork, *, actor: Actor) -> list[DepartmentView]:
    """The departments within the actor's scope: the managed trees, the own one, or all."""
    rows = uow.session.execute(
        text("select id, key, name, path from department where org_id = :org order by path"), {"org": uow.org_id}
    )
    every = [DepartmentView(row.id, row.key, row.name, list(row.path)) for row in rows]
    if actor.sees_all:
        return every
    within = [each for each in every if actor.manages_any(each.path) or actor.sees_path(each.path)]
    return [each for each in every if each in within or each.id in actor.departments]


def get(uow: UnitOfWork, department_id: int) -> DepartmentView:
    """The department with that id."""
    found = text("select id, key, name, path from department where org_id = :org and id = :id")
    row = uow.session.execute(found, {"org": uow.org_id, "id": department_id}).one()
    return DepartmentView(row.id, row.key, row.name, list(row.path))


def find(uow: UnitOfWork, *, actor: Actor, words: str) -> DepartmentView:
    """A department by key or name, or the beginning of one. Raises PoolNotFound with the names there are."""
    given, every = words.strip().lower(), visible(uow, actor=actor)
    near = [each for each in every if given and (each.key.lower() == given or each.name.lower().startswith(given))]
    if not near:
        raise PoolNotFound(given=words.strip(), names=", ".join(each.name for each in every))
    return near[0]


def name_of(uow: UnitOfWork, department_id: int | None) -> str | None:
    found = text("select name from department where org_id = :org and id = :id")
    name: str | None = uow.session.scalar(found, {"org": uow.org_id, "id": department_id})
    return name


def names(uow: UnitOfWork) -> dict[str, str]:
    """The names of all departments, by their keys."""
    rows = uow.session.execute(text("select key, name from department where org_id = :org"), {"org": uow.org_id})
    return {row.key: row.name for row in rows}

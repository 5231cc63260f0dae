"""Colleagues by the letters that somebody types, for a field that is searched while typing."""

from __future__ import annotations

from sqlalchemy import text

from crm.uow import UnitOfWork

_NAMED = text(
    """
    select name from member
    where org_id = :org and active and strpos(lower(name), :words) > 0
    order by department_id is distinct from :department, name limit :most
    """
)


def names(uow: UnitOfWork, *, words: str, department_id: int | None, most: int = 30) -> list[str]:
    """Active colleagues whose name holds these letters, those of the department first."""
    args = {"org": uow.org_id, "words": words.lower(), "department": department_id, "most": most}
    return list(uow.session.scalars(_NAMED, args))

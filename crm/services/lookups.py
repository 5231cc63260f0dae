"""Colleagues by the letters that somebody types, for a field that is searched while typing."""

from __future__ import annotations

from sqlalchemy import text

from crm.uow import UnitOfWork

_NAMED = text(
    """
    select name, coalesce(email, name) as address from member
    where org_id = :org and active and strpos(lower(name), :words) > 0
    order by department_id is distinct from :department, name, id limit :most
    """
)


def colleagues(uow: UnitOfWork, *, words: str, department_id: int | None, most: int = 30) -> list[tuple[str, str]]:
    """Active colleagues whose name holds these letters, those of the department first: what finds them, and the name.

    Two may share a name, so an e-mail address goes before it.
    """
    args = {"org": uow.org_id, "words": words.lower(), "department": department_id, "most": most}
    return [(row.address, row.name) for row in uow.session.execute(_NAMED, args)]

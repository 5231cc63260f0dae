"""How many open leads carry each value of a list."""

from __future__ import annotations

from sqlalchemy import text

from crm.rules.catalogue import CHOICES
from crm.uow import UnitOfWork

MOST = 200
_COLUMNS = ("product", "region", "level", "channel", "campaign", "stage")
_COUNT = """
    select said.value, count(*) as many from ({values}) said where said.value <> ''
    group by 1 order by 2 desc, 1 limit :most
"""
_FROM = "from lead l where l.org_id = :org and l.status = 'open'"
_LOST = "select l.lost_reason as value from lead l where l.org_id = :org and l.status = 'lost'"
_SOURCE = (
    "select s.key as value from lead l join source s on s.org_id = l.org_id and s.id = l.source_id"
    " where l.org_id = :org and l.status = 'open'"
)
_CHOICES = """
    select v.value from lead l cross join lateral jsonb_array_elements_text(case jsonb_typeof(l.custom -> :field)
        when 'array' then l.custom -> :field when 'string' then jsonb_build_array(l.custom -> :field) else '[]' end) v
    where l.org_id = :org and l.status = 'open' and l.custom ? :field
"""


def carried(uow: UnitOfWork, name: str) -> dict[str, int]:
    """Value to count, the most frequent first, at most `MOST`; of lost reasons among the lost leads."""
    statement = text(_COUNT.format(values=_values(name)))
    args = {"org": uow.org_id, "field": name.removeprefix(CHOICES), "most": MOST}
    return {row.value: row.many for row in uow.session.execute(statement, args)}


def _values(name: str) -> str:
    if name.startswith(CHOICES):
        return _CHOICES
    if name == "tags":
        return f"select unnest(l.tags) as value {_FROM}"
    if name in ("lost_reason", "source"):
        return {"lost_reason": _LOST, "source": _SOURCE}[name]
    return f"select l.{_COLUMNS[_COLUMNS.index(name)]} as value {_FROM}"

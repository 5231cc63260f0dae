"""Who did what that must be answered for: roles, rules, exports, looks at contacts, erasures, keys, sources, merges.

An entry is one insert. Its place in the chain that shows tampering is given by a job (`audit_chain.py`), so that
nobody waits for anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Row, text

from crm.rules.access import Actor
from crm.rules.inert import inert
from crm.rules.periods import Period
from crm.uow import UnitOfWork

REVEALS_HEADER = ("at", "who", "lead", "via")
HEADER = ("position", "at", "who", "via", "what", "to", "details", "digest")
STEP = 2_000
_WRITE = text(
    """
    insert into audit (org_id, at, actor_id, verb, subject, data, via)
    values (:org, :now, :actor, :verb, :subject, cast(:data as jsonb), :via)
    """
)
_ENTRIES = """
    select a.id, a.at, a.actor_id, m.name as actor, a.via, a.verb, a.subject, a.data, s.position, s.digest
    from audit a
    left join member m on m.org_id = a.org_id and m.id = a.actor_id
    left join audit_seal s on s.org_id = a.org_id and s.audit_id = a.id
    where a.org_id = :org
"""
_PAGE = text(f"{_ENTRIES} and a.id > :after and a.at >= :start and a.at < :end order by a.id limit :step")
_REVEALS = text(
    f"""
    {_ENTRIES} and a.verb = 'contact.revealed' and a.at >= :start and a.at < :end
      and (:all or a.actor_id in (
        select r.id from member r join department d on d.org_id = r.org_id and d.id = r.department_id
        where r.org_id = :org and d.path && cast(:manages as bigint[])))
    order by a.id desc limit :step
    """  # noqa: S608  (a constant)
)


def write(
    uow: UnitOfWork, verb: str, *, by: int | None, subject: str = "", data: Mapping[str, Any] | None = None
) -> None:
    """Add an entry. Args: subject: such as `member:12`; data: ids, codes and figures, no personal text of customers."""
    uow.session.execute(
        _WRITE,
        {
            "org": uow.org_id, "now": uow.now, "actor": by, "verb": verb, "subject": subject,
            "data": json.dumps(dict(data or {}), default=str), "via": uow.via or ("chat" if by else "engine"),
        },
    )  # fmt: skip


def rows(uow: UnitOfWork, period: Period) -> Iterator[list[str]]:
    """The entries of a period as inert cells in the order of `HEADER`, the oldest first."""
    after = 0
    while True:
        page = uow.session.execute(_PAGE, _args(uow, period) | {"after": after, "step": STEP}).all()
        yield from (_cells(row) for row in page)
        if len(page) < STEP:
            return
        after = page[-1].id


def reveals(uow: UnitOfWork, *, period: Period, reader: Actor | None, most: int = 20) -> list[Row[Any]]:
    """Who looked at whose contact, the newest first: a manager sees the own teams', an admin and an operator all."""
    args = _args(uow, period) | {"step": most, "all": reader is None or reader.is_admin}
    return list(uow.session.execute(_REVEALS, args | {"manages": list(reader.manages) if reader else []}))


def reveal_rows(uow: UnitOfWork, *, period: Period, reader: Actor | None, most: int) -> Iterator[list[str]]:
    """The same as inert cells in the order of `REVEALS_HEADER`."""
    for row in reveals(uow, period=period, reader=reader, most=most):
        cells = (row.at.isoformat(), row.actor or "", str(row.data.get("lead", "")), row.via)
        yield [inert(cell) for cell in cells]


def _args(uow: UnitOfWork, period: Period) -> dict[str, Any]:
    return {"org": uow.org_id, "start": period.start, "end": period.end}


def _cells(row: Row[Any]) -> list[str]:
    details = json.dumps(row.data, ensure_ascii=False, sort_keys=True)
    cells = (row.position, row.at.isoformat(), row.actor, row.via, row.verb, row.subject, details, row.digest)
    return [inert("" if cell is None else str(cell)) for cell in cells]

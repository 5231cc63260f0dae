"""Decisions as a table for a spreadsheet: read in steps, oldest first, inert, and within what the reader may know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Row, text

from crm.rules.access import Actor
from crm.rules.inert import inert
from crm.rules.periods import Period
from crm.services import considered
from crm.uow import UnitOfWork

HEADER = (
    "at", "lead", "kind", "outcome", "rule", "rule version", "member", "facts", "passed over", "run",
)  # fmt: skip
STEP = 2_000
# Ids follow the time, so the first one and the last are all that has to be looked for by time.
_BETWEEN = text("select min(id), max(id) from decision where org_id = :org and at >= :start and at < :end")
_SCOPE = """
    (:all or md.path && cast(:manages as bigint[]) or (d.member_id is null and od.path && cast(:manages as bigint[])))
"""
_FROM = """
    from decision d
    left join lead l on l.org_id = d.org_id and l.id = d.lead_id
    left join member m on m.org_id = d.org_id and m.id = d.member_id
    left join department md on md.org_id = m.org_id and md.id = m.department_id
    left join member o on o.org_id = l.org_id and o.id = l.owner_id
    left join department od on od.org_id = o.org_id and od.id = o.department_id
"""
_PAGE = text(
    f"""
    select d.id, d.at, 'L-' || l.number as ref, d.kind, d.outcome, d.rule, r.version, m.name as member, d.facts,
           d.candidates, d.run_id
    {_FROM} left join rule_set r on r.org_id = d.org_id and r.id = d.rule_set_id
    where d.org_id = :org and d.id > :after and d.id <= :last and d.at >= :start and d.at < :end and {_SCOPE}
    order by d.id limit :step
    """
)
_COUNTS = text(
    f"""
    select d.kind, count(*) as many {_FROM}
    where d.org_id = :org and d.at >= :start and d.at < :end and {_SCOPE} group by d.kind order by many desc, d.kind
    """
)
_MEMBERS = text(
    """
    select m.id, m.name, :all or d.path && cast(:manages as bigint[]) as known from member m
    left join department d on d.org_id = m.org_id and d.id = m.department_id where m.org_id = :org
    """
)


def counts(uow: UnitOfWork, *, period: Period, reader: Actor) -> dict[str, int]:
    """How many decisions of each kind there are for this reader, the most frequent kind first."""
    return {row.kind: row.many for row in uow.session.execute(_COUNTS, _args(uow, period, reader))}


def rows(
    uow: UnitOfWork, *, period: Period, reader: Actor | None = None, most: int | None = None
) -> Iterator[list[str]]:
    """The decisions as cells in the order of `HEADER`.

    Args:
        reader: a manager reads of the own team, an admin all; None for operators, who read all.
        most: no more than so many.
    """
    args = _args(uow, period, reader)
    first, last = uow.session.execute(_BETWEEN, args).one()
    names = {row.id: row.name for row in uow.session.execute(_MEMBERS, args) if row.known}
    after, left = (first or 0) - 1, most
    while last is not None and left != 0:
        step = STEP if left is None else min(STEP, left)
        page = uow.session.execute(_PAGE, args | {"after": after, "last": last, "step": step}).all()
        yield from (_cells(row, names) for row in page)
        if len(page) < step:
            return
        after, left = page[-1].id, None if left is None else left - step


def _args(uow: UnitOfWork, period: Period, reader: Actor | None) -> dict[str, Any]:
    return {
        "org": uow.org_id, "start": period.start, "end": period.end, "all": reader is None or reader.sees_all,
        "manages": list({*reader.manages, reader.sight or 0}) if reader else [],
    }  # fmt: skip


def _cells(row: Row[Any], names: Mapping[int, str]) -> list[str]:
    facts = json.dumps(row.facts, ensure_ascii=False, sort_keys=True)
    passed = "; ".join(
        f"{names[member]}: {why}" for member, why in considered.read(row.candidates).items() if why and member in names
    )
    cells = (
        row.at.isoformat(), row.ref, row.kind, row.outcome, row.rule, row.version, row.member, facts, passed, row.run_id
    )  # fmt: skip
    return [inert("" if cell is None else str(cell)) for cell in cells]

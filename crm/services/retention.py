"""What is kept no longer than the rules say: words of closed leads, their customers with the last one, touches, files,
looks at contacts, the audit. Each night, in chunks; beforehand it can be counted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.period import Period
from crm.rules.personal import FACTS, ONLY_FACTS
from crm.services import audit_chain, erasing
from crm.uow import UnitOfWork

CHUNK = 200
# A customer who is set aside waits. With the last lead that has words of its own, the customer goes too.
_OLD_LEADS = """
    from lead l join person p on p.org_id = l.org_id and p.id = l.person_id
    where l.org_id = :org and l.closed_at < :before and l.blanked_at is null and p.erased_at is null
      and p.restricted_at is null and l.status {status}
"""
CLOSED, WON = "in ('lost', 'void')", "= 'won'"
_NEXT = "select l.id, l.person_id {old} order by l.id limit :chunk"
_OTHERS = text(
    "select exists (select from lead where org_id = :org and person_id = :person and blanked_at is null"
    " and not id = any(:leads))"
)
_TOUCHES = "from activity t where t.org_id = :org and t.verb = 'touched' and t.at < :before and t.words is not null"
_FILES = "from attachment t where t.org_id = :org and t.state = 'kept' and t.created_at < :before"
_REVEALS = "from activity t where t.org_id = :org and t.verb = 'revealed' and t.at < :before"
_AUDIT = "from audit t where t.org_id = :org and t.at < :before"
_SETS = {
    "touches": (_TOUCHES, f"words = null, undo = null, data = {ONLY_FACTS.format(column='t.data')}", "activity"),
    "files": (_FILES, "state = 'erased', name = null, content = null, handle = '{}'", "attachment"),
}


def due(uow: UnitOfWork) -> dict[str, int]:
    """How much is older than it is kept, by what the rules call it."""
    kept = uow.rules.keep
    asked = {
        "closed_leads": (kept.closed_leads, _OLD_LEADS.format(status=CLOSED)),
        "won_leads": (kept.won_leads, _OLD_LEADS.format(status=WON)),
        "touches": (kept.touches, _TOUCHES), "files": (kept.files, _FILES), "reveals": (kept.reveals, _REVEALS),
        "audit": (kept.audit, _AUDIT),
    }  # fmt: skip
    return {name: _count(uow, which, before) for name, (span, which) in asked.items() if (before := _before(uow, span))}


def steps(uow: UnitOfWork) -> list[Callable[[UnitOfWork], int]]:
    """What there is to do tonight: each does a chunk and returns how much it was."""
    kept = uow.rules.keep
    found: list[tuple[Period | None, Callable[[UnitOfWork, datetime], int]]] = [
        (kept.closed_leads, lambda uow, before: _blank(uow, before, CLOSED)),
        (kept.won_leads, lambda uow, before: _blank(uow, before, WON)),
        (kept.touches, lambda uow, before: _set(uow, before, "touches")),
        (kept.files, lambda uow, before: _set(uow, before, "files")),
        (kept.reveals, _forget_reveals),
        (kept.audit, lambda uow, before: audit_chain.purge(uow, before, CHUNK)),
    ]
    return [
        lambda uow, span=span, work=work: work(uow, uow.now - span.longest)  # type: ignore[misc]
        for span, work in found if span is not None
    ]  # fmt: skip


def _blank(uow: UnitOfWork, before: datetime, status: str) -> int:
    statement = text(_NEXT.format(old=_OLD_LEADS.format(status=status)))
    rows = uow.session.execute(statement, {"org": uow.org_id, "before": before, "chunk": CHUNK}).all()
    persons: dict[int, list[Any]] = {}
    for row in rows:
        persons.setdefault(row.person_id, []).append(row)
    for person_id, leads in persons.items():
        others = uow.session.scalar(
            _OTHERS, {"org": uow.org_id, "person": person_id, "leads": [row.id for row in leads]}
        )
        if others:
            erasing.blank(uow, [row.id for row in leads], person_id)
        else:
            erasing.erase(uow, person_id, by=None, basis="retention")
    return len(rows)


def _set(uow: UnitOfWork, before: datetime, what: str) -> int:
    which, sets, table = _SETS[what]
    statement = (
        f"update {table} t set {sets} where t.org_id = :org and t.id in"  # noqa: S608  (constants)
        f" (select t.id {which} limit :chunk)"
    )
    return _rows(uow, statement, before)


def _forget_reveals(uow: UnitOfWork, before: datetime) -> int:
    statement = f"delete from activity where org_id = :org and id in (select t.id {_REVEALS} limit :chunk)"  # noqa: S608
    return _rows(uow, statement, before)


def _rows(uow: UnitOfWork, statement: str, before: datetime) -> int:
    args = {"org": uow.org_id, "before": before, "chunk": CHUNK, "facts": list(FACTS)}
    return int(uow.session.execute(text(statement), args).rowcount)  # type: ignore[attr-defined]


def _count(uow: UnitOfWork, which: str, before: datetime) -> int:
    return int(uow.session.scalar(text(f"select count(*) {which}"), {"org": uow.org_id, "before": before}) or 0)


def _before(uow: UnitOfWork, span: Period | None) -> datetime | None:
    return uow.now - span.longest if span else None

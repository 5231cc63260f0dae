"""What it depends on whether somebody may take a lead, and what its clock will be then: all of it in one read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, column, text

from crm.hot import Statement
from crm.rules.facts import LeadFacts
from crm.services import calendars, lead_facts
from crm.uow import UnitOfWork

_OWN = (
    "number", "pool_id", "pool_name", "pool_entered_at", "in_scope", "left_at", "email", "joined_at", "held_until",
    "held_for",
)  # fmt: skip
_FACTS = f"""
    select {lead_facts.COLUMNS.format(path="keys.path", owner=":me")},
           l.number, l.pool_id, p.name as pool_name, l.pool_entered_at,
           exists (select 1 from pool_scope ps where ps.org_id = l.org_id and ps.pool_id = l.pool_id
                     and (ps.member_id = :me or ps.role = m.role or ps.department_id = any(d.path))) as in_scope,
           (select max(a.ended_at) from assignment a
             where a.org_id = l.org_id and a.lead_id = l.id and a.member_id = :me and {lead_facts.OWNED}) as left_at,
           m.email, m.joined_at, l.held_until, l.held_for, {calendars.COLUMNS}
    from {lead_facts.TABLES}
    join member m on m.org_id = l.org_id and m.id = :me
    {calendars.JOINS}
    left join lateral (
        select array_agg(k.key order by cardinality(k.path)) as path from department k
        where k.org_id = l.org_id and k.id = any(d.path)
    ) keys on true
    where l.org_id = :org
"""  # noqa: S608  (constants)
# Named columns: without them SQLAlchemy would work out the names of all these anew for each row that is read.
_NAMED: list[ColumnClause[Any]] = [column(name) for name in (*lead_facts.NAMES, *_OWN, *calendars.NAMES)]
_BY_NUMBER = text(_FACTS + " and l.number = :number").columns(*_NAMED)
_BY_ID = text(_FACTS + " and l.id = :id").columns(*_NAMED)
_HEIR = text("select merged_into from lead where org_id = :org and id = :lead")
_LEAD, _MORE = len(lead_facts.NAMES), len(lead_facts.NAMES) + len(_OWN)


class Taker(Protocol):
    """A member, as far as it matters to whoever gives a lead."""

    @property
    def id(self) -> int: ...

    @property
    def timezone(self) -> ZoneInfo: ...


@dataclass(frozen=True, slots=True)
class Takeable:
    """A lead as it lies there, and what it is to one member.

    Attributes:
        lead: as rules see it, but `department_path` and `planned_at` are the member's, whoever owns it.
        in_scope: it lies in a pool that the member belongs to.
        left_at: when the member's last ownership of it ended.
        email, joined_at: the member's, because rules ask for them.
        held_until, held_for: until when it is kept back, if that is known, and for what.
    """

    lead: LeadFacts
    number: int
    pool_id: int | None
    pool_name: str | None
    pool_entered_at: datetime | None
    in_scope: bool
    left_at: datetime | None
    email: str | None
    joined_at: datetime
    held_until: datetime | None
    held_for: str | None

    @property
    def ref(self) -> str:
        return f"L-{self.number}"

    @property
    def is_free(self) -> bool:
        return self.lead.owner_id is None and self.lead.status == "open"

    def taken(self, member_id: int, now: datetime, *, over: bool = False) -> LeadFacts:
        """The lead as it will be when the member has it. Args: over: straight from a colleague."""
        return replace(
            self.lead, owner_id=member_id, assigned_at=now, followed_up_at=None, extended_until=None,
            protected_until=None, recycle_at=None, warn_step=0, held_by=None, gone=False,
            resumed_at=None, taken_over=over and self.lead.contacted_at is not None,
        )  # fmt: skip


def by_number(uow: UnitOfWork, member: Taker, number: int) -> Takeable | None:
    """The lead of that number, or the one that stands for it, and what it is to the member."""
    found = _read(uow, member, _BY_NUMBER, number=number)
    if found is not None and found.lead.status == "void":
        return _standing_for(uow, member, found)
    return found


def _standing_for(uow: UnitOfWork, member: Taker, gone: Takeable) -> Takeable:
    heir = uow.session.scalar(_HEIR, {"org": uow.org_id, "lead": gone.lead.id})
    found = by_id(uow, member, heir) if heir else None
    if found is not None:
        uow.instead = (gone.ref, found.ref)
    return found or gone


def by_id(uow: UnitOfWork, member: Taker, lead_id: int) -> Takeable | None:
    return _read(uow, member, _BY_ID, id=lead_id)


def _read(uow: UnitOfWork, member: Taker, statement: Statement, **args: int) -> Takeable | None:
    row = uow.execute(statement, {"org": uow.org_id, "me": member.id, "now": uow.now} | args).one_or_none()
    if row is None:
        return None
    calendars.remember(uow, [member.id], row[_MORE:])
    return Takeable(lead_facts.of(row[:_LEAD]), *row[_LEAD:_MORE])

"""Why a lead is where it is: the engine's decisions about it as data, in order, for a card to put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text

from crm.services import considered
from crm.uow import UnitOfWork

_DECISIONS = """
    select d.id, d.kind, d.at, d.outcome, d.rule, d.member_id, m.name as member, d.facts, r.version as rule_version,
           case when d.candidates not in ('[]', '{{}}') then d.candidates
                when d.member_id is null and run.counters->'left' ? d.rule then run.counters->'left'->d.rule
                else coalesce(run.counters->'candidates'->d.rule, '[]') end as candidates,
           coalesce(d.facts->>'reason', (select a.words from activity a
              where a.org_id = d.org_id and a.id = cast(d.facts->>'activity' as bigint))) as reason, b.name as by
    from decision d
    left join member b on b.org_id = d.org_id and b.id = cast(d.facts->>'by' as bigint)
      and d.kind in ('override', 'nurture')
    left join member m on m.org_id = d.org_id and m.id = d.member_id
    left join rule_set r on r.org_id = d.org_id and r.id = d.rule_set_id
    left join run on run.org_id = d.org_id and run.id = d.run_id
    where d.org_id = :org and {which}
    order by d.at desc, d.id desc limit :most
    """
_OF_LEAD = text(_DECISIONS.format(which="d.lead_id = :id and d.kind <> 'refusal'"))
_REFUSALS = text(_DECISIONS.format(which="d.lead_id = :id and d.kind = 'refusal'"))
# What was decided about the rules that this lead has met.
_OF_RULES = text(
    _DECISIONS.format(
        which="""d.lead_id is null and d.kind = 'override'
      and d.at >= (select created_at from lead where org_id = :org and id = :id)
      and d.rule in (select unnest(array[l.recycle_rule, l.held_for]) from lead l where l.org_id = :org and l.id = :id
                     union select w.rule from decision w where w.org_id = :org and w.lead_id = :id)"""
    )
)
_ONE = text(_DECISIONS.format(which="d.id = :id"))
_RECYCLED = text(
    """
    select distinct on (d.lead_id) d.lead_id, l.number, d.rule, d.facts->>'anchor' as anchor,
           d.facts->>'period' as period, d.at
    from decision d join lead l on l.org_id = d.org_id and l.id = d.lead_id
    where d.org_id = :org and d.lead_id = any(:leads) and d.kind = 'recycle'
    order by d.lead_id, d.at desc, d.id desc
    """
)
_NAMES = text(
    """
    select m.id, m.name, coalesce(d.path, '{}') as path from member m
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org and m.id = any(:ids)
    """
)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A candidate who did not get the lead.

    `why`: inactive, condition_not_met, on_leave, off_duty, out_of_hours, over_daily_cap, over_weekly_cap,
    over_monthly_cap, at_capacity, or how an offer ended; None for somebody who could have had it, but whose turn it was
    not. `path`: the member's department and those above it.
    """

    member_id: int
    name: str
    why: str | None
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """One decision.

    Attributes:
        kind: dispatch, recycle, refusal, ...; outcome: assigned, pooled, held, recycled, or the refusal's code.
        rule: the rule's name; `affinity` when the person's present owner got the lead; None when no rule matched.
        member: who got the lead, or lost it.
        rule_version: of the rule set; None for the defaults. `path`: the member's department and those above it.
        reason, by: what the person said who decided over the rules, and that one's name.
    """

    id: int
    kind: str
    at: datetime
    outcome: str
    rule: str | None
    rule_version: int | None
    member_id: int | None
    member: str | None
    facts: dict[str, Any]
    passed_over: tuple[PassedOver, ...]
    path: tuple[int, ...] = ()
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Recycled:
    """A lead that went back to a pool: by which rule, whose condition (`no_follow_up`, ...) held for so long (`7d`)."""

    lead_id: int
    number: int
    rule: str
    anchor: str | None
    period: str | None
    at: datetime

    @property
    def ref(self) -> str:
        return f"L-{self.number}"


def why(uow: UnitOfWork, lead_id: int, *, most: int = 5) -> list[Why]:
    """The newest decisions about a lead, newest first; the caller has seen to it that the lead may be seen."""
    return _read(uow, _OF_LEAD, lead_id, most)


def about_rules(uow: UnitOfWork, lead_id: int, *, most: int = 3) -> list[Why]:
    """Who paused rules, or let them go on, that this lead has met."""
    return _read(uow, _OF_RULES, lead_id, most)


def refusals(uow: UnitOfWork, lead_id: int, *, most: int = 3) -> list[Why]:
    """The newest refusals of who asked for a lead: `outcome` is the refusal's code, `facts` its figures."""
    return _read(uow, _REFUSALS, lead_id, most)


def decision(uow: UnitOfWork, decision_id: int) -> Why | None:
    """One decision."""
    return next(iter(_read(uow, _ONE, decision_id, 1)), None)


def recycled(uow: UnitOfWork, lead_ids: Sequence[int]) -> list[Recycled]:
    """How these leads were recycled last, in the order given; those that never were are left out."""
    rows = uow.session.execute(_RECYCLED, {"org": uow.org_id, "leads": list(lead_ids)})
    found = {row.lead_id: Recycled(*row) for row in rows}
    return [found[lead_id] for lead_id in lead_ids if lead_id in found]


def _read(uow: UnitOfWork, statement: TextClause, given: int, most: int) -> list[Why]:
    rows = uow.session.execute(statement, {"org": uow.org_id, "id": given, "most": most}).all()
    looked_at = [considered.read(row.candidates) for row in rows]
    ids = {member for found in looked_at for member in found} | {row.member_id for row in rows if row.member_id}
    known = {row.id: row for row in uow.session.execute(_NAMES, {"org": uow.org_id, "ids": list(ids)})}
    return [
        Why(
            row.id, row.kind, row.at, row.outcome, row.rule, row.rule_version, row.member_id, row.member, row.facts,
            tuple(
                PassedOver(member, known[member].name, why, tuple(known[member].path))
                for member, why in found.items() if member != row.member_id
            ),
            tuple(known[row.member_id].path) if row.member_id else (), row.reason, row.by,
        )
        for row, found in zip(rows, looked_at, strict=True)
    ]  # fmt: skip

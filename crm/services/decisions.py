"""Writing down why the engine did what it did."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import text

from crm.rules.facts import LeadFacts
from crm.services import considered
from crm.services.considered import Considered
from crm.services.timeline import plain
from crm.uow import UnitOfWork

log = structlog.get_logger()

# What a rule may have looked at; none of it is personal.
_SHOWN = (
    "stage", "origin", "source", "channel", "campaign", "level", "product", "region", "amount", "score", "tags", "pool",
    "line",
)  # fmt: skip
_INSERT = text(
    """
    insert into decision (org_id, kind, lead_id, member_id, run_id, rule_set_id, rule, outcome, facts, candidates, at)
    select :org, :kind, d.lead, d.member, :run, :rules, d.rule, d.outcome, d.facts, d.candidates, :now
    from jsonb_to_recordset(cast(:rows as jsonb))
         as d(lead bigint, member bigint, rule text, outcome text, facts jsonb, candidates jsonb)
    returning lead_id, id
    """
)
# One decision, of what `args` gives, to be written along with what it led to: `from` and `returning` are to follow.
ONE = """
    insert into decision (org_id, kind, lead_id, member_id, rule_set_id, rule, outcome, facts, candidates, at)
    select :org, :kind, :lead, :member, :rules, :by_rule, :outcome, cast(:facts as jsonb), cast(:considered as jsonb),
           :now
"""
_RUN_OF = text(
    """
    with made as (
        insert into run (org_id, kind, at, counters) values (:org, :kind, :now, cast(:counters as jsonb)) returning id
    )
    insert into decision (org_id, kind, lead_id, member_id, run_id, rule_set_id, rule, outcome, facts, candidates, at)
    select :org, :kind, d.lead, d.member, made.id, :rules, d.rule, d.outcome, d.facts, d.candidates, :now
    from made, jsonb_to_recordset(cast(:rows as jsonb))
         as d(lead bigint, member bigint, rule text, outcome text, facts jsonb, candidates jsonb)
    returning lead_id, id
    """
)
_RUN = text(
    "insert into run (org_id, kind, at, counters) values (:org, :kind, :now, cast(:counters as jsonb)) returning id"
)
_WITHDRAW = text("delete from decision where org_id = :org and id = :id")


@dataclass(slots=True)
class Verdict:
    """What became of one lead; `lead_id` 0 for what was decided about a rule.

    Attributes:
        outcome: assigned, pooled, held, taken (by somebody else meanwhile).
        rule: the rule that decided; `affinity` when the person's present owner got the lead; None when no rule matched.
        considered: by member, why each who was considered was passed over; None: could have had the lead.
    """

    lead_id: int
    outcome: str
    rule: str | None = None
    member_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    considered: Considered = field(default_factory=dict)
    decision_id: int = 0


def record(uow: UnitOfWork, kind: str, verdicts: Sequence[Verdict], *, run_id: int | None = None) -> None:
    """Store decisions, at most one for each lead, and give them their ids."""
    if verdicts:
        _numbered(kind, verdicts, uow.execute(_INSERT, _rows(uow, kind, verdicts) | {"run": run_id}))


def record_run(uow: UnitOfWork, kind: str, counters: dict[str, Any], verdicts: Sequence[Verdict]) -> None:
    """The same of a run of their own."""
    args = _rows(uow, kind, verdicts) | {"counters": json.dumps(counters, default=plain)}
    _numbered(kind, verdicts, uow.execute(_RUN_OF, args))


def _rows(uow: UnitOfWork, kind: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    rows = [
        {
            "lead": made.lead_id or None, "member": made.member_id, "rule": made.rule, "outcome": made.outcome,
            "facts": made.facts, "candidates": considered.stored(made.considered),
        }
        for made in verdicts
    ]  # fmt: skip
    return {
        "org": uow.org_id, "kind": kind, "rules": uow.rule_set_id, "now": uow.now,
        "rows": json.dumps(rows, default=plain),
    }  # fmt: skip


def _numbered(kind: str, verdicts: Sequence[Verdict], rows: Iterable[Any]) -> None:
    ids = {row.lead_id or 0: row.id for row in rows}
    for made in verdicts:
        made.decision_id = ids[made.lead_id]
    told(kind, ids.values())


def told(kind: str, ids: Collection[int]) -> None:
    """Name decisions in the log, beside the request, delivery or job to which the line belongs."""
    if ids:
        log.info("decided", kind=kind, many=len(ids), first=min(ids), last=max(ids))


def args(uow: UnitOfWork, kind: str, made: Verdict) -> dict[str, Any]:
    """What `ONE` has to be given besides the lead and its new owner."""
    return {
        "kind": kind, "rules": uow.rule_set_id, "by_rule": made.rule, "outcome": made.outcome,
        "facts": json.dumps(made.facts, default=plain), "considered": json.dumps(considered.stored(made.considered)),
    }  # fmt: skip


def withdraw(uow: UnitOfWork, verdict: Verdict) -> None:
    """What was decided could not be done."""
    uow.session.execute(_WITHDRAW, {"org": uow.org_id, "id": verdict.decision_id})


def open_run(uow: UnitOfWork, kind: str, counters: dict[str, Any]) -> int:
    """A run to which many decisions belong; returns its id."""
    args = {"org": uow.org_id, "kind": kind, "now": uow.now, "counters": json.dumps(counters, default=plain)}
    return int(uow.session.execute(_RUN, args).scalar_one())


def shown(facts: LeadFacts) -> dict[str, Any]:
    """The facts on which a rule may have decided, without those that are unknown."""
    known = {name: getattr(facts, name) for name in (*_SHOWN, "custom")}
    return {name: value for name, value in known.items() if value}

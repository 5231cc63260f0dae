"""How fairly each dispatch rule dealt in a span of time: read from the decisions, judged by `crm.rules.fairness`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.rules.candidate import Candidate
from crm.rules.dispatch import branch_of
from crm.rules.fairness import Fairness, Seat, Waits, judge
from crm.rules.ruleset import Dispatch
from crm.rules.turns import weight
from crm.services import candidates, considered
from crm.uow import UnitOfWork

# Strategies by which something is due to everybody.
IN_TURN = frozenset({"round_robin", "weighted"})

_GOT = text(
    """
    select rule, member_id, count(*) as got from decision
    where org_id = :org and at >= :start and at < :until and outcome in ('assigned', 'accepted') and rule is not null
      and member_id is not null and kind in ('dispatch', 'offer')
    group by rule, member_id
    """
)
# Who was looked at, and what kept each from it: for each lead, or for a batch, whose candidates are written once.
_CONSIDERED = text(
    f"""
    select rule, member_id, why, count(*) as many from (
        select d.rule, one.member_id, one.why
        from decision d cross join lateral ({considered.EACH.format(stored="d.candidates")}) one
        where d.org_id = :org and d.at >= :start and d.at < :until and d.kind in ('dispatch', 'offer')
          and d.rule is not null
        union all
        select named.rule, one.member_id, one.why
        from run cross join lateral jsonb_each(run.counters->'candidates') as named(rule, seats)
        cross join lateral ({considered.EACH.format(stored="named.seats")}) one
        where run.org_id = :org and run.at >= :start and run.at < :until and run.kind = 'dispatch'
          and jsonb_typeof(run.counters->'candidates') = 'object'
    ) each group by rule, member_id, why order by many desc, rule, member_id, why
    """  # noqa: S608  (constants)
)
# From the moment a lead came in until somebody had it.
_WAITS = text(
    """
    select rule, count(*) as many, percentile_disc(0.5) within group (order by waited) as median,
           percentile_disc(0.9) within group (order by waited) as p90, max(waited) as longest
    from (
        select distinct on (d.lead_id) d.rule, d.at - l.created_at as waited
        from decision d join lead l on l.org_id = d.org_id and l.id = d.lead_id and l.created_at >= :start
        where d.org_id = :org and d.at >= :start and d.at < :until and d.outcome in ('assigned', 'accepted')
          and d.rule is not null and d.kind in ('dispatch', 'offer')
        order by d.lead_id, d.at, d.id
    ) first
    group by rule
    """
)


@dataclass(frozen=True, slots=True)
class OfRule:
    """How a rule dealt.

    Attributes:
        fairness: None where nothing is due to anybody: by load, or by a list.
        starving: who is on duty now and got nothing although there was a lead for each; with what mostly kept them.
    """

    rule: str
    strategy: str
    got: Mapping[int, int]
    fairness: Fairness | None
    waits: Waits
    starving: Mapping[int, str | None]


def of_rules(uow: UnitOfWork, *, start: datetime, until: datetime) -> list[OfRule]:
    """The dispatch rules in force, in their order, and what they dealt."""
    rules = uow.rules.dispatch
    if not rules:
        return []
    args = {"org": uow.org_id, "start": start, "until": until}
    got: dict[str, dict[int, int]] = {}
    for row in uow.session.execute(_GOT, args):
        got.setdefault(row.rule, {})[row.member_id] = row.got
    looked: dict[str, dict[int, list[str | None]]] = {}
    for row in uow.session.execute(_CONSIDERED, args):
        looked.setdefault(row.rule, {}).setdefault(row.member_id, []).append(row.why)
    waits = {row.rule: Waits(row.many, row.median, row.p90, row.longest) for row in uow.session.execute(_WAITS, args)}
    seats = candidates.of_rules(uow, rules).by_rule
    return [
        _of_rule(rule, seats[rule.name], got.get(rule.name, {}), looked.get(rule.name, {}), waits.get(rule.name))
        for rule in rules
    ]


def _of_rule(
    rule: Dispatch, seats: Sequence[Candidate], got: dict[int, int], looked: dict[int, list[str | None]],
    waits: Waits | None,
) -> OfRule:  # fmt: skip
    """`looked`: what kept each candidate from a lead, the most frequent first."""
    present = [one for one in seats if got.get(one.member_id) or None in looked.get(one.member_id, [])]
    parts = _weights(rule, present)
    fair = judge(Seat(member, got.get(member, 0), part) for member, part in parts.items())
    enough = sum(got.values()) >= len(seats) and rule.strategy in IN_TURN
    starving = {
        one.member_id: looked[one.member_id][0]
        for one in seats
        if enough and one.active and one.on_duty and not one.on_leave
        and one.member_id in looked and not got.get(one.member_id)
    }  # fmt: skip
    return OfRule(rule.name, rule.strategy, got, fair if rule.strategy in IN_TURN else None, waits or Waits(), starving)


def _weights(rule: Dispatch, seats: Sequence[Candidate]) -> dict[int, float]:
    """What is due to each is in proportion to this; where branches have shares, within the branch's."""
    own: dict[int, Any] = {one.member_id: weight(rule, one) for one in seats}
    branches = {one.member_id: branch_of(rule, one) for one in seats}
    whole: dict[str, Any] = {}
    for member, branch in branches.items():
        whole[branch] = whole.get(branch, 0) + own[member]
    return {
        member: float(own[member] * rule.shares.get(branch, 0) / whole[branch] if rule.shares else own[member])
        for member, branch in branches.items()
    }

"""The rehearsal of dispatch: the leads of the last thirty days dealt once more, by other rules, among those present."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm.rules import fairness
from crm.rules.conditions_sql import COLUMNS, sql_of
from crm.rules.ruleset import Dispatch
from crm.rules.shadow import Came, Change, Seat, Shadow, Tally
from crm.services import calendars, candidates, lead_facts
from crm.services.trial import Trial

BACK = timedelta(days=30)
# A lead as it came in: nobody's yet, and nothing done with it.
_AS_IT_CAME = {
    **COLUMNS, "status": "'open'", "stage": "'new'", "funnel": "'new'", "department": "cast('{}' as text[])",
    "age": "came.at - l.created_at",
}  # fmt: skip
_CAME = """
    select came.lead_id, came.at, {rule} as rule, case when came.rule = 'affinity' then came.member_id end as known,
           came.outcome, l.counts, got.member_id, got.began_at - came.at as waited, got.ended_at - got.began_at as kept
    from (
        select distinct on (lead_id) lead_id, at, rule, member_id, outcome from decision
        where org_id = :org and kind = 'dispatch' and at >= :since and lead_id is not null order by lead_id, at, id
    ) came
    join ({tables}) on l.org_id = :org and l.id = came.lead_id
    left join (
        select distinct on (lead_id) lead_id, member_id, began_at, ended_at from assignment
        where org_id = :org and began_at >= :since and began_by in ('dispatch', 'offer') order by lead_id, began_at, id
    ) got on got.lead_id = came.lead_id
    order by came.at, came.lead_id
"""
# What else members held, in steps of half an hour: claimed, handed over, or dealt before.
_ELSE = """
    from assignment a join lead l on l.org_id = a.org_id and l.id = a.lead_id and l.counts
    where a.org_id = :org and (a.ended_at is null or a.ended_at >= :since)
      and not (a.began_at >= :since and a.began_by in ('dispatch', 'offer'))
"""
_HELD = text(f"select a.member_id, count(*) {_ELSE} and a.began_at < :since group by 1")
_CHANGES = text(
    f"""
    select at, member_id, sum(more) as more
    from (select a.member_id, unnest(array[a.began_at, a.ended_at]) as moment, unnest(array[1, -1]) as more {_ELSE}) one
    cross join lateral date_bin('30 minutes', moment, timestamptz 'epoch') as at
    where moment >= :since group by 1, 2 order by 1, 2
    """  # noqa: S608  (constants)
)
_MEMBERS = text("select id from member where org_id = :org and left_at is null order by id")


@dataclass(slots=True)
class Before:
    """What really happened to the same leads."""

    got: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    waits: list[timedelta] = field(default_factory=list)

    def note(self, outcome: str, member_id: int | None, waited: timedelta | None) -> None:
        """One lead: what was decided first, who got it in the end, and how long after."""
        self.outcomes[outcome] += 1
        if member_id is not None and waited is not None:
            self.got[member_id] += 1
            if outcome == "held":
                self.waits.append(waited)


def rehearse(trial: Trial) -> dict[str, Any]:
    """What the present members got, and would have got, as plain data."""
    since = trial.now - BACK
    seats = candidates.of_members(trial, list(trial.session.scalars(_MEMBERS, {"org": trial.org_id})))
    shadow = _shadow(trial, since, seats)
    before = Before()
    for lead_id, at, rule, known, outcome, counts, member_id, waited, kept in _rows(trial, since):
        before.note(outcome, member_id, waited)
        shadow.deal(Came(lead_id, at, rule, known, kept, counts))
    return _result(before, shadow.finish(trial.now))


def _shadow(trial: Trial, since: datetime, seats: dict[int, Any]) -> Shadow:
    args = {"org": trial.org_id, "since": since}
    held: dict[int, int] = {row[0]: row[1] for row in trial.session.execute(_HELD, args)}
    known = calendars.for_members(trial, seats)
    changes: list[Change] = [(row.at, row.member_id, int(row.more)) for row in trial.session.execute(_CHANGES, args)]
    rules = trial.rules.dispatch
    named = {rule.name: _of_rule(trial, rule, seats) for rule in rules}
    rows = [Seat(one, known[member], held.get(member, 0)) for member, one in seats.items()]
    return Shadow(rules, rows, named, changes)


def _of_rule(trial: Trial, rule: Dispatch, seats: dict[int, Any]) -> list[int]:
    return [one.member_id for one in candidates.of_rule(trial, rule) if one.member_id in seats]


def _rows(trial: Trial, since: datetime) -> Iterator[Any]:
    """The leads as they came, read as they are needed."""
    cases, args = [], {"org": trial.org_id, "since": since, "now": trial.now}
    for place, rule in enumerate(trial.rules.dispatch):
        condition, given = sql_of(rule.when, columns=_AS_IT_CAME, prefix=f"r{place}_")
        cases.append(f"when {condition} then {place}")
        args |= given
    which = f"case {' '.join(cases)} end" if cases else "cast(null as int)"
    statement = text(_CAME.format(rule=which, tables=lead_facts.TABLES))
    return iter(trial.session.execute(statement, args, execution_options={"yield_per": 5000}))


def _result(before: Before, after: Tally) -> dict[str, Any]:
    members = sorted(before.got.keys() | after.got.keys() | after.due.keys())
    parts = {member: after.in_turn[member] / after.due[member] for member in members if after.due[member] >= 1}
    rows = [
        {
            "member": member, "got": before.got[member], "would": after.got[member],
            "due": round(after.due.get(member, 0.0), 1),
        }
        for member in members
    ]  # fmt: skip
    return {
        "leads": sum(before.outcomes.values()), "before": dict(before.outcomes), "after": dict(after.outcomes),
        "members": sorted(rows, key=lambda row: (-abs(row["would"] - row["got"]), row["member"])),
        "fairness": [round(min(parts.values()), 3), round(max(parts.values()), 3)] if parts else None,
        "starving": [member for member in parts if not after.got[member]],
        "waits": [_waits(before.waits), _waits(after.waits)],
    }  # fmt: skip


def _waits(spans: Sequence[timedelta]) -> dict[str, Any]:
    """In seconds."""
    found = fairness.waits(spans)
    return {
        "many": found.many,
        "median": found.median.total_seconds() if found.median is not None else None,
        "longest": found.longest.total_seconds() if found.longest is not None else None,
    }

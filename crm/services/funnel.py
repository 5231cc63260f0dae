"""The funnel: cohorts by date of entry, compared with the cohort before at the same age.

The digest, the command, a rep's own funnel and the export all run the one query of `funnel_sql`. A lead counts once,
however often it came back: a person who returns in the same line within the period is one entry. A lead stays its last
owner's also after a recycle, so neglect improves nobody's figures; one nobody has owned yet is its pool's team's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.figures import Compared, Funnel, Weakest, weakest
from crm.rules.periods import Period
from crm.services.funnel_sql import statement
from crm.uow import UnitOfWork

Cut = Literal["all", "team", "rep", "source", "campaign", "channel", "line"]
# A year of a million leads takes longer than an interaction usually may, and sorts more at once. A plan made for no
# period in particular would be wrong for most.
_PATIENCE = text(
    "set local statement_timeout = 20000; set local work_mem = '64MB'; set local plan_cache_mode = force_custom_plan"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose leads: a department's tree, one member's, or everybody's."""

    department_id: int | None = None
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a period. Events count up to `until`; the cohort before is seen at the same age."""

    period: Period
    scope: Scope
    cut: Cut
    until: datetime
    total: Compared
    rows: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """A rep's own funnel beside the team's."""

    mine: Report
    team: Report
    weakest: Weakest | None


def scope_of(actor: Actor) -> Scope:
    """What a member may see: reps their own, managers their tree, others all, unless the rules say otherwise."""
    if actor.sees_all:
        return Scope()
    return Scope(department_id=actor.sight) if actor.sight else Scope(member_id=actor.id)


def report(
    uow: UnitOfWork, *, period: Period, scope: Scope | None = None, cut: Cut = "all", until: datetime | None = None
) -> Report:
    """The figures of one period, cut by one thing, largest first (teams in tree order).

    Args:
        until: nothing later counts; now by default, and the period's end for periods long past stays open, since leads
            of a cohort go on to convert.
    """
    scope, until = scope or Scope(), until or uow.now
    before = period.previous()
    args = {
        "org": uow.org_id, "department": scope.department_id, "member": scope.member_id,
        "start": period.start, "end": period.end, "until": until,
        "start_before": before.start, "end_before": before.end, "until_before": period.mirror(until),
    }  # fmt: skip
    uow.session.execute(_PATIENCE)
    found = uow.session.execute(statement(cut, scoped=scope != Scope()), args).mappings().all()
    compared = _pairs([dict(row) for row in found])
    total = compared.pop("", Compared("", None, Funnel(), Funnel()))
    return Report(period, scope, cut, until, total, tuple(compared.values()))


def own(uow: UnitOfWork, *, actor: Actor, period: Period) -> Own:
    """A member's own funnel, the team's, and the step at which the member is furthest behind."""
    mine = report(uow, period=period, scope=Scope(member_id=actor.id))
    team = report(uow, period=period, scope=Scope(department_id=actor.department_id))
    return Own(mine, team, weakest(mine.total.now, team.total.now))


def _pairs(rows: list[dict[str, Any]]) -> dict[str | None, Compared]:
    """Rows of both cohorts joined by key, in the order of the query."""
    found: dict[str | None, dict[int, Funnel]] = {}
    label: dict[str | None, tuple[str | None, int]] = {}
    for row in rows:
        found.setdefault(row["key"], {})[row["cohort"]] = _funnel(row)
        label[row["key"]] = (row["name"], row["depth"])
    return {
        key: Compared(key, label[key][0], both.get(0, Funnel()), both.get(1, Funnel()), label[key][1])
        for key, both in found.items()
    }


def _funnel(row: dict[str, Any]) -> Funnel:
    return Funnel(
        entered=row["entered"], contacted=row["contacted"], qualified=row["qualified"], opportunity=row["opportunity"],
        won=row["won"], lost=row["lost"], waits=tuple(_span(row[f"wait_{place}"]) for place in range(1, 5)),
        touch_median=_span(row["wait_1"]), touch_p90=_span(row["touch_p90"]),
    )  # fmt: skip


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=round(seconds))

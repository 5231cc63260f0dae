"""The rehearsal of clocks: which leads other rules would take back, at once or within days, and which would stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Any

from sqlalchemy import text

from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Rules
from crm.services import clocks, lead_facts
from crm.services.trial import Trial
from crm.uow import UnitOfWork

AHEAD = timedelta(days=7)
NAMED = 50

_OWNED = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is not null and id > :after
    order by id limit :chunk
    """
)
_NUMBERS = text("select id, number from lead where org_id = :org and id = any(:leads)")
_TEAMS = text("select id, department_id from member where org_id = :org")

_OUTLOOK = text(
    """
    select owner_id, count(*) as owned, count(*) filter (where recycle_at <= :now) as now,
           count(*) filter (where recycle_at <= :until) as week
    from lead where org_id = :org and status = 'open' and owner_id is not null group by owner_id
    """
)
# A change of these alone moves no clock; of whatever else there is, it may.
_ELSE = (
    "claim", "pools", "dispatch", "caps", "affinity", "fallback_pool", "first_response", "lines", "digest", "health",
    "notices", "breaker", "undo_minutes", "keep", "warn",
)  # fmt: skip

# Before and after: how many leads of somebody are due now, and how many within `AHEAD`.
Counts = dict[str, list[int]]
# When a clock is over, and by which rule.
Ending = tuple[datetime, str] | None


def _nothing() -> Counts:
    return {"now": [0, 0], "week": [0, 0], "owned": [0]}


@dataclass(slots=True)
class Clocks:
    """What was counted so far. `losing` and `saved`: leads that only the new, or only the
    present rules would take by then."""

    total: Counts = field(default_factory=_nothing)
    owners: dict[int, Counts] = field(default_factory=dict)
    losing: list[dict[str, Any]] = field(default_factory=list)
    saved: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    kept: int = 0

    def count(self, lead: LeadFacts, new: Ending, now: datetime) -> None:
        """One lead, whose present clock is in its facts."""
        owner = self.owners.setdefault(lead.owner_id or 0, _nothing())
        owner["owned"][0] += 1
        self.total["owned"][0] += 1
        ends = new[0] if new else None
        week = [_within(at, now + AHEAD) for at in (lead.recycle_at, ends)]
        if not any(week):
            return
        due = [_within(at, now) for at in (lead.recycle_at, ends)]
        for counts in (owner, self.total):
            for side in (0, 1):
                counts["week"][side] += week[side]
                counts["now"][side] += due[side]
        taken, spared = (any(each[side] and not each[1 - side] for each in (week, due)) for side in (1, 0))
        self._name(lead, new, taken=taken, spared=spared and not taken)

    def _name(self, lead: LeadFacts, new: Ending, *, taken: bool, spared: bool) -> None:
        if taken or spared:
            self.lost, self.kept = self.lost + taken, self.kept + spared
            (self.losing if taken else self.saved).append(_line(lead, new))
        if max(len(self.losing), len(self.saved)) > 4 * NAMED:
            self._shorten()

    def _shorten(self) -> None:
        self.losing = nsmallest(NAMED, self.losing, key=lambda line: (line["at"] or "", line["lead"]))
        self.saved = nsmallest(NAMED, self.saved, key=lambda line: (line["was"] or "", line["lead"]))

    def result(self, trial: Trial) -> dict[str, Any]:
        """As plain data; for whom most would change comes first."""
        self._shorten()
        teams, numbers = _teams(trial), _numbers(trial, [line["lead"] for line in (*self.losing, *self.saved)])
        for line in (*self.losing, *self.saved):
            line["ref"] = f"L-{numbers[line['lead']]}"
        by_team: dict[int | None, Counts] = {}
        for owner, counts in self.owners.items():
            _add(by_team.setdefault(teams.get(owner), _nothing()), counts)
        return {
            **self.total, "lost": self.lost, "saved": self.kept,
            "losing": self.losing, "staying": self.saved,
            "owners": _ranked("member", self.owners), "teams": _ranked("team", by_team),
        }  # fmt: skip


def unmoved(old: Rules, new: Rules) -> bool:
    """Whether all clocks stay as they are under the new rules."""
    return new.model_copy(update={name: getattr(old, name) for name in _ELSE}) == old


def as_it_is(uow: UnitOfWork, found: Clocks) -> None:
    """Count all leads whose clocks stay as they are."""
    args = {"org": uow.org_id, "now": uow.now, "until": uow.now + AHEAD}
    for row in uow.session.execute(_OUTLOOK, args):
        counts = {"now": [row.now] * 2, "week": [row.week] * 2, "owned": [row.owned]}
        found.owners[row.owner_id] = counts
        _add(found.total, counts)


def chunk(trial: Trial, found: Clocks, *, after: int, many: int) -> int | None:
    """Count the next owned leads; returns where to go on, None at the end."""
    ids = trial.session.scalars(_OWNED, {"org": trial.org_id, "after": after, "chunk": many}).all()
    facts = lead_facts.read(trial, ids)
    for lead, new in zip(facts, clocks.endings(trial, facts), strict=True):
        found.count(lead, new, trial.now)
    return ids[-1] if len(ids) == many else None


def _numbers(trial: Trial, leads: list[int]) -> dict[int, int]:
    rows = trial.session.execute(_NUMBERS, {"org": trial.org_id, "leads": leads})
    return {row.id: row.number for row in rows}


def _teams(trial: Trial) -> dict[int, int | None]:
    return {row.id: row.department_id for row in trial.session.execute(_TEAMS, {"org": trial.org_id})}


def _within(at: datetime | None, until: datetime) -> bool:
    return at is not None and at <= until


def _line(lead: LeadFacts, new: Ending) -> dict[str, Any]:
    return {
        "lead": lead.id, "member": lead.owner_id, "rule": new[1] if new else None,
        "at": new[0].isoformat() if new else None,
        "was": lead.recycle_at.isoformat() if lead.recycle_at else None,
    }  # fmt: skip


def _add(into: Counts, counts: Counts) -> None:
    for name, sides in counts.items():
        into[name] = [one + more for one, more in zip(into[name], sides, strict=True)]


def _ranked(name: str, counted: Any) -> Sequence[dict[str, Any]]:
    """Those for whom anything is due, whoever would lose most more first."""
    rows = [{name: one, **counts} for one, counts in counted.items() if any(counts["week"])]
    return sorted(rows, key=lambda row: (row["week"][0] - row["week"][1], -row["week"][1], row[name] or 0))

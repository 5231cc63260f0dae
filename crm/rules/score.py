"""A lead's points, each with its reason, so that a person can follow why one lead is shown before another.

A reason is `(kind:detail, points)`: `rule:hot source`, `level:A`, `source:web`, `fit:phone`, `touches:3`,
`event:pricing viewed`, `activity:contacted`, `recency:1d`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.rules.facts import LeadFacts
from crm.rules.sections.scoring import Scoring

Reason = tuple[str, int]
STEPS = ("contacted", "qualified", "opportunity")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a score depends on beside the facts of the lead.

    Attributes:
        known: which of phone, wechat, email, name, company, title and referrer there are.
        came_at: when the customer came in last.
        events: what the customer did in the product.
    """

    known: frozenset[str]
    came_at: datetime
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scored:
    """The points, why, and when they change although nothing happens; None: never."""

    points: int
    reasons: tuple[Reason, ...]
    next_at: datetime | None = None

    def stored(self) -> list[list[Any]]:
        """The reasons as plain data."""
        return [list(reason) for reason in self.reasons]


def score(lead: LeadFacts, profile: Profile, rules: Scoring, now: datetime) -> Scored:
    """The points of a lead now. Never below nothing."""
    reasons = tuple(reason for reason in _reasons(lead, profile, rules, now) if reason[1])
    coming = (profile.came_at + length for length, _ in rules.steps)
    next_at = next((moment for moment in coming if moment > now), None)
    return Scored(max(sum(points for _, points in reasons), 0), reasons, next_at)


def _reasons(lead: LeadFacts, profile: Profile, rules: Scoring, now: datetime) -> Iterator[Reason]:
    for extra in rules.points:
        if extra.when.holds(lead):
            yield f"rule:{extra.name}", extra.points
    yield f"source:{lead.source}", rules.sources.get(lead.source or "", 0)
    yield f"level:{lead.level}", rules.levels.get(lead.level or "", 0)
    known = profile.known | ({"product"} if lead.product else set()) | ({"amount"} if lead.amount else set())
    yield from ((f"fit:{name}", points) for name, points in rules.fit.items() if name in known)
    yield f"touches:{lead.touches}", _touches(lead.touches, rules)
    yield from ((f"event:{name}", points) for name, points in rules.events.items() if name in profile.events)
    yield from _activity(lead, rules)
    yield from _recency(profile, rules, now)


def _touches(touches: int, rules: Scoring) -> int:
    more = rules.touches.each * max(touches - 1, 0)
    most = rules.touches.most
    return min(more, most) if most >= 0 else max(more, most)


def _activity(lead: LeadFacts, rules: Scoring) -> Iterator[Reason]:
    """The farthest step for which there are points; who was spoken to is contacted, whatever the stage says."""
    reached = STEPS[: STEPS.index(lead.funnel) + 1] if lead.funnel in STEPS else ()
    steps = reached or (("contacted",) if lead.contacted_at else ())
    yield from [(f"activity:{step}", rules.activity[step]) for step in steps if step in rules.activity][-1:]


def _recency(profile: Profile, rules: Scoring, now: datetime) -> Iterator[Reason]:
    """The step of the shortest time that is not over; it ends at the very moment that `next_at` names."""
    for length, step in rules.steps:
        if now < profile.came_at + length:
            yield f"recency:{step.within}", step.points
            return

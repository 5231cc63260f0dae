"""The figures of a funnel and what they say: rates, changes, the weakest step. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

STEPS = ("entered", "contacted", "qualified", "opportunity", "won")
ENOUGH = 5
LEAST = 0.01  # a smaller distance from the team is chance


@dataclass(frozen=True, slots=True)
class Funnel:
    """One cohort: how many leads entered, and how many of them reached each step or a later one.

    `waits` are the median times into each step from the one before; the `touch_*` ones, from entry to first touch.
    """

    entered: int = 0
    contacted: int = 0
    qualified: int = 0
    opportunity: int = 0
    won: int = 0
    lost: int = 0
    waits: tuple[timedelta | None, ...] = (None,) * 4
    touch_median: timedelta | None = None
    touch_p90: timedelta | None = None

    def count(self, step: str) -> int:
        return int(getattr(self, step))

    def rate(self, step: str) -> float | None:
        """The share of the step before that came this far; None for the first step and out of nothing."""
        place = STEPS.index(step)
        return share(self.count(step), self.count(STEPS[place - 1])) if place else None

    def reached(self, step: str) -> float | None:
        """The share of all that entered."""
        return share(self.count(step), self.entered)

    def wait(self, step: str) -> timedelta | None:
        """The median time from the step before to this one."""
        return self.waits[STEPS.index(step) - 1]


@dataclass(frozen=True, slots=True)
class Compared:
    """A cohort beside the one before it at the same age. `key` is an id or a campaign; '' is the whole."""

    key: str | None
    name: str | None
    now: Funnel
    before: Funnel
    depth: int = 0

    def more(self, step: str) -> int:
        """By how many the count has risen."""
        return self.now.count(step) - self.before.count(step)

    def risen(self, step: str) -> float | None:
        """By what share, 0.05 for five points, the conversion into this step has risen."""
        now, before = self.now.rate(step), self.before.rate(step)
        return None if now is None or before is None else now - before


@dataclass(frozen=True, slots=True)
class Weakest:
    """The step at which a rep is furthest behind the team."""

    step: str
    mine: float
    team: float


def share(part: int, whole: int) -> float | None:
    """A part of a whole, None when there is none."""
    return part / whole if whole else None


def weakest(mine: Funnel, team: Funnel) -> Weakest | None:
    """Where the own conversion is furthest below the team's; None while there is nothing to say."""
    behind: list[tuple[float, Weakest]] = []
    for place, step in enumerate(STEPS[1:]):
        own, others = mine.rate(step), team.rate(step)
        if own is not None and others is not None and own < others - LEAST and mine.count(STEPS[place]) >= ENOUGH:
            behind.append((own - others, Weakest(step, own, others)))
    return min(behind, key=lambda found: found[0])[1] if behind else None

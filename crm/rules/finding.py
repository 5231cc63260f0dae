"""The one thing worth saying about a period: *one person fell, others rose* or *all fell: this source*. Pure.

A fall counts only when it is too large for chance: two shares are compared by their pooled standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from crm.rules.figures import STEPS, Compared, Funnel

ENOUGH = 8
SURE = 1.6
PERSON_FELL, ALL_FELL, MOST = 0.12, 0.04, 2 / 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Whose share of leads that reached `step` fell from `before` to `now`, and what the others' did meanwhile.

    `kind` person: one member fell while the others held or rose. `kind` source: nearly everybody fell, and it is the
    leads of this source; the others are then the leads of all other sources.
    """

    kind: Literal["person", "source"]
    key: str
    name: str
    step: str
    now: float
    before: float
    others_now: float
    others_before: float


def find(total: Compared, reps: Sequence[Compared], sources: Sequence[Compared]) -> Finding | None:
    """The surest finding, if there is one."""
    found = [*_persons(reps), *_sources(total, reps, sources)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


Scored = tuple[float, Finding]


def _persons(reps: Sequence[Compared]) -> list[Scored]:
    found: list[Scored] = []
    for step in STEPS[1:]:
        for rep in _large(reps):
            others = [other for other in reps if other is not rep]
            judged = _judge("person", step, rep, others)
            if judged and judged[0] >= SURE and _fell(judged[1]) >= PERSON_FELL and _steady(judged[1]):
                found.append(judged)
    return found


def _sources(total: Compared, reps: Sequence[Compared], sources: Sequence[Compared]) -> list[Scored]:
    """The source without which the fall of all would be smallest."""
    found: list[Scored] = []
    for step in STEPS[1:]:
        if not _all_fell(total, reps, step):
            continue
        judged = [
            _judge("source", step, source, [other for other in sources if other is not source])
            for source in _large(sources)
        ]
        falls = [pair for pair in judged if pair and pair[0] >= SURE and pair[1].others_now > pair[1].now]
        found.extend(sorted(falls, key=lambda pair: pair[1].others_now)[-1:])
    return found


def _all_fell(total: Compared, reps: Sequence[Compared], step: str) -> bool:
    large = _large(reps)
    fallen = [rep for rep in large if _reached([rep.now], step) < _reached([rep.before], step)]
    sure = _surety(total.now, total.before, step) >= SURE
    fall = _reached([total.before], step) - _reached([total.now], step)
    return sure and fall >= ALL_FELL and bool(large) and len(fallen) / len(large) >= MOST


def _judge(kind: Literal["person", "source"], step: str, one: Compared, others: Sequence[Compared]) -> Scored | None:
    if not one.key or not others:
        return None
    finding = Finding(
        kind, one.key, one.name or "", step, _reached([one.now], step), _reached([one.before], step),
        _reached([other.now for other in others], step), _reached([other.before for other in others], step),
    )  # fmt: skip
    return _surety(one.now, one.before, step), finding


def _large(parts: Sequence[Compared]) -> list[Compared]:
    return [part for part in parts if part.now.entered >= ENOUGH and part.before.entered >= ENOUGH]


def _fell(finding: Finding) -> float:
    return finding.before - finding.now


def _steady(finding: Finding) -> bool:
    return finding.others_now >= finding.others_before


def _reached(parts: Sequence[Funnel], step: str) -> float:
    entered = sum(part.entered for part in parts)
    return sum(part.count(step) for part in parts) / entered if entered else 0.0


def _surety(now: Funnel, before: Funnel, step: str) -> float:
    """By how many standard errors the share has fallen."""
    if not (now.entered and before.entered):
        return 0.0
    pooled = (now.count(step) + before.count(step)) / (now.entered + before.entered)
    error = sqrt(pooled * (1 - pooled) * (1 / now.entered + 1 / before.entered))
    return (_reached([before], step) - _reached([now], step)) / error if error else 0.0

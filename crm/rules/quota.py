"""How much somebody may hold and claim, and when the counting begins anew: in the member's own day and week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from crm.period import Period
from crm.rules.periods import midnight
from crm.rules.ruleset import Rules
from crm.rules.sections.claiming import Admission, Turn

ADMITS_ALL = Admission()


@dataclass(frozen=True, slots=True)
class PoolPolicy:
    """What holds for claims from one pool. None means no limit; `per_day` and `per_week` count this pool's alone."""

    per_day: int | None
    per_week: int | None
    cool_down: Period
    embargo: Period
    turn: Turn | None
    admission: Admission

    @property
    def counts_claims(self) -> bool:
        """Whether this pool's own claims have to be counted before one more."""
        return (self.per_day, self.per_week, self.turn) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Extra:
    """A cap besides the capacity: at most `cap` of the leads held may be of this level, or from this source."""

    by: Literal["level", "source"]
    value: str
    cap: int


def capacity_for(
    rules: Rules, *, role: str, departments: Sequence[str], email: str | None, name: str = ""
) -> int | None:
    """How many open leads a member may hold; None for any number.

    The most specific entry wins: the member, the role, the nearest department, the default.

    Args:
        departments: keys from the root to the member's own.
    """
    capacity = rules.claim.capacity
    mine: set[str] = {key.casefold() for key in (email, name) if key} if capacity.members else set()
    for key, limit in capacity.members.items():
        if key.casefold() in mine:
            return limit
    if role in capacity.roles:
        return capacity.roles[role]
    for key in reversed(departments):
        if key in capacity.departments:
            return capacity.departments[key]
    return capacity.default


def extra_caps(rules: Rules, *, level: str | None, source: str | None) -> tuple[Extra, ...]:
    """The caps by level and source that a lead like this falls under, however it comes to its owner."""
    capacity = rules.claim.capacity
    found = []
    if level is not None and level in capacity.levels:
        found.append(Extra("level", level, capacity.levels[level]))
    if source is not None and source in capacity.sources:
        found.append(Extra("source", source, capacity.sources[source]))
    return tuple(found)


def by_kind(rules: Rules) -> bool:
    """Whether it depends on the lead itself how much room it takes, so that a number of free places says too little."""
    capacity = rules.claim.capacity
    return bool(capacity.levels or capacity.sources or capacity.exclude_stages)


def counts(rules: Rules, *, origin: str, stage: str) -> bool:
    """Whether an open lead fills its owner's capacity."""
    return origin != "self" and stage not in rules.claim.capacity.exclude_stages


def policy(rules: Rules, pool: str | None) -> PoolPolicy:
    """What holds for claims from the pool of that key: what it does not say itself is as for all claims."""
    claim, own = rules.claim, rules.pools.get(pool or "")
    if own is None:
        return PoolPolicy(None, None, claim.cool_down, claim.embargo, None, ADMITS_ALL)
    return PoolPolicy(
        own.per_day, own.per_week, own.cool_down or claim.cool_down, own.embargo or claim.embargo, own.turn,
        own.admission,
    )  # fmt: skip


def day_of(now: datetime, zone: ZoneInfo) -> date:
    """The local day to which a claim counts."""
    return now.astimezone(zone).date()


def week_of(now: datetime, zone: ZoneInfo) -> date:
    """The Monday of the local week to which a claim counts."""
    day = day_of(now, zone)
    return day - timedelta(days=day.weekday())


def month_of(now: datetime, zone: ZoneInfo) -> date:
    """The first of the local month to which a dealt lead counts."""
    return day_of(now, zone).replace(day=1)


def next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """When the daily quota is fresh again."""
    return midnight(day_of(now, zone) + timedelta(days=1), zone)


def next_week(now: datetime, zone: ZoneInfo) -> datetime:
    """When the weekly quota is fresh again."""
    return midnight(week_of(now, zone) + timedelta(days=7), zone)

"""How much somebody may hold and claim, and when the counting begins anew: in the member's own day and week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crm.period import Period
from crm.rules.periods import midnight
from crm.rules.ruleset import Rules


@dataclass(frozen=True, slots=True)
class PoolPolicy:
    """What holds for claims from one pool. None means no limit."""

    per_day: int | None
    per_week: int | None
    cool_down: Period
    embargo: Period


def capacity_for(
    rules: Rules, *, role: str, departments: Sequence[str], email: str | None, name: str = ""
) -> int | None:
    """How many open leads a member may hold; None for any number.

    The most specific entry wins: the member, the role, the nearest department, the default.

    Args:
        departments: keys from the root to the member's own.
    """
    capacity = rules.claim.capacity
    mine = {key.casefold() for key in (email, name) if key}
    for key, limit in capacity.members.items():
        if key.casefold() in mine:
            return limit
    if role in capacity.roles:
        return capacity.roles[role]
    for key in reversed(departments):
        if key in capacity.departments:
            return capacity.departments[key]
    return capacity.default


def policy(rules: Rules, pool: str | None) -> PoolPolicy:
    """What holds for claims from the pool of that key: its own settings, else those of all claims."""
    claim, own = rules.claim, rules.pools.get(pool or "")
    if own is None:
        return PoolPolicy(claim.per_day, claim.per_week, claim.cool_down, claim.embargo)
    return PoolPolicy(
        claim.per_day if own.per_day is None else own.per_day,
        claim.per_week if own.per_week is None else own.per_week,
        own.cool_down or claim.cool_down,
        own.embargo or claim.embargo,
    )


def day_of(now: datetime, zone: ZoneInfo) -> date:
    """The local day to which a claim counts."""
    return now.astimezone(zone).date()


def week_of(now: datetime, zone: ZoneInfo) -> date:
    """The Monday of the local week to which a claim counts."""
    day = day_of(now, zone)
    return day - timedelta(days=day.weekday())


def next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """When the daily quota is fresh again."""
    return midnight(day_of(now, zone) + timedelta(days=1), zone)


def next_week(now: datetime, zone: ZoneInfo) -> datetime:
    """When the weekly quota is fresh again."""
    return midnight(week_of(now, zone) + timedelta(days=7), zone)

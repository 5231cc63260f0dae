"""The rule set on pools: how much somebody may claim and hold, and who has to wait."""

from __future__ import annotations

from pydantic import Field

from crm.period import Period, Span
from crm.rules.sections.base import Count, Name, Part


class Capacity(Part):
    """How many open leads somebody may hold; the most specific entry wins. None means no limit."""

    default: Count | None = 200
    roles: dict[str, Count | None] = Field(default_factory=dict)
    departments: dict[str, Count | None] = Field(default_factory=dict)
    members: dict[str, Count | None] = Field(default_factory=dict)


class Claim(Part):
    """Claiming from pools: quota, capacity, and who has to wait."""

    per_day: Count | None = 30
    per_week: Count | None = None
    capacity: Capacity = Capacity()
    cool_down: Span = Period(7, "d")
    embargo: Span = Period(0, "h")


class Pool(Part):
    """What differs in one pool; what is absent is as in `claim`. `target` is where its leads return to."""

    per_day: Count | None = None
    per_week: Count | None = None
    cool_down: Span | None = None
    embargo: Span | None = None
    target: Name | None = None

"""The rule set on parking: how long a lead may wait for a better time, and how many somebody may have waiting."""

from __future__ import annotations

from crm.period import Period, Span
from crm.rules.sections.base import Count, Part


class Nurture(Part):
    """Parked leads fill nobody's capacity, so they have bounds of their own. `most`: None means no limit."""

    longest: Span = Period(365, "d")
    most: Count | None = None

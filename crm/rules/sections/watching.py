"""The rule set on looking back: when managers hear how their rules work out, and what counts as left alone."""

from __future__ import annotations

from datetime import time
from typing import Literal

from crm.period import Period, Span
from crm.rules.sections.base import Part
from crm.rules.sections.running import TimeOfDay

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Health(Part):
    """The weekly health card: its local day and hour, and after how long without follow-up a held lead is hoarded."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    at: TimeOfDay = time(9)
    idle: Span = Period(14, "d")

    @property
    def weekday(self) -> int:
        """As ISO numbers it: Monday is 1."""
        return DAYS.index(self.day) + 1

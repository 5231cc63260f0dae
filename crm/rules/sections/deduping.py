"""The rule set on people who look like somebody known already: when a manager is asked, and when it is done at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from crm.period import Period, Span
from crm.rules.sections.base import Part

Points = Annotated[int, Field(ge=50, le=100)]


class Dedupe(Part):
    """Two people who look alike have points of 100. Nothing is asked where `ask` is null.

    `automatic`: from that many they are made one without a question. `time_out`: when nobody has decided by then, they
    are kept apart, and not asked about again.
    """

    ask: Points | None = 75
    automatic: Points | None = None
    time_out: Span = Period(24, "h")

    @model_validator(mode="after")
    def _asks_before_it_acts(self) -> Dedupe:
        if self.automatic is not None and self.ask is not None and self.automatic < self.ask:
            raise ValueError("automatic must not be below ask")
        return self

    @property
    def least(self) -> int | None:
        """From how many points anything happens."""
        return min((bound for bound in (self.ask, self.automatic) if bound is not None), default=None)

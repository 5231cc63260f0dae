"""What a template may ask for about how the rules worked out: a week, and what the engine decided in it."""

from __future__ import annotations

from bot.cards import weekly
from bot.cards.part import Part
from crm.rules import periods
from crm.services import decision_export, health


class ReasonFacts(Part):
    """The part of `Facts` that looks back."""

    def health(self, department: int | None, until: str) -> weekly.Week:
        """A team's week up to then."""
        found = health.build(self.uow, department_id=department, until=self.moment(until))
        return weekly.shown(self.words, found, self.uow.rules)

    def decided(self, period: str) -> weekly.Decided:
        """How much was decided in a period, as far as the viewer may know."""
        span = periods.parse(period, self.uow.now, self.viewer.timezone)
        return weekly.decided(self.words, span, decision_export.counts(self.uow, period=span, reader=self.viewer))

"""What a template may ask for about sources: how much came, what was turned away, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from bot.cards.language import _
from bot.cards.part import Part
from bot.cards.reports import span
from crm.models import Source
from crm.rules import periods
from crm.rules.periods import Period
from crm.services import source_costs, source_watch, sources
from crm.services.source_watch import Came, Refused

DAYS = 30


class SourceFacts(Part):
    """The part of `Facts` that is about where leads come from."""

    def sources(self) -> list[Source]:
        return sources.listing(self.uow)

    def source(self, source_id: int) -> Source | None:
        return sources.get(self.uow, source_id, also_off=True)

    def looks_after(self, source: Source) -> int | None:
        """Who looks after it by name."""
        return sources.owner(self.uow, source)

    def came(self, source_id: int) -> Came:
        return source_watch.came(self.uow, source_id)

    def turned_away(self, source_id: int) -> list[Refused]:
        return source_watch.reasons(self.uow, source_id)

    def usual_pause(self, source: Source) -> str:
        """The longest silence that is usual, in words; empty while too little is known."""
        return self.words.span(timedelta(seconds=source.usual_pause)) if source.usual_pause else ""

    def spent(self, source_id: int) -> Iterator[tuple[str, str]]:
        """The money of the last thirty days: on what, and what that makes for a lead and for a sale."""
        words, today = self.words, self.uow.now.astimezone(self.viewer.timezone).date()
        for one in source_costs.spent(self.uow, source_id, periods.running(DAYS, today, self.viewer.timezone)):
            parts = [words.money(round(one.amount, 2), one.currency)]
            if one.per_lead is not None:
                per_lead = words.money(round(one.per_lead, 2), one.currency)
                parts.append(words.say(_("{money} for each of {n} leads"), money=per_lead, n=one.leads))
            if one.per_sale is not None:
                per_sale = words.money(round(one.per_sale, 2), one.currency)
                parts.append(words.say(_("{money} for a sale"), money=per_sale))
            yield one.campaign or words.say(_("Spent in 30 days")), " · ".join(parts)

    def said_cost(self, spent: list[str]) -> tuple[str, str, str]:
        """What was just said of a cost: the money, empty for none, the days, and the days as they are typed."""
        amount, currency, first, last = spent
        days = Period("span", date.fromisoformat(first), date.fromisoformat(last), self.viewer.timezone)
        money = self.words.money(Decimal(amount), currency) if Decimal(amount) else ""
        return money, span(self.words, days), f"{first}..{last}"

    def lead_cost(self, lead_id: int) -> str:
        """What a lead has cost, for those who look after money; empty where nothing is known."""
        if not (self.viewer.is_manager or self.viewer.sees_all) or not self.viewer.id:
            return ""
        found = source_costs.of_lead(self.uow, lead_id)
        return " + ".join(self.words.money(round(amount, 2), currency) for amount, currency in found)

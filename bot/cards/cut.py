"""A funnel cut by one thing, a row each: what came, what was won of it, and what that has cost where it is known."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.cards.language import _
from bot.cards.part import Part
from bot.cards.reports import Line, Shown, span
from crm.rules import periods
from crm.rules.figures import Compared
from crm.services import catalogue, departments, funnel, source_costs
from crm.services.funnel import Cut

TITLES = {
    "source": _("By source: {name}"), "campaign": _("By campaign: {name}"), "channel": _("By channel: {name}"),
    "rep": _("By colleague: {name}"), "team": _("By team: {name}"), "line": _("By line: {name}"),
}  # fmt: skip
NAMELESS = {
    "source": _("no source"), "campaign": _("no campaign"), "channel": _("no channel"), "rep": _("nobody yet"),
    "team": _("no team"), "line": _("no line"),
}  # fmt: skip


class CutFacts(Part):
    """The part of `Facts` that is about a funnel cut by something."""

    def funnel_by(self, period: str, team: int | None, cut: Cut) -> Shown:
        """Largest first. What it cost stands there for those who see all of it: of a part nobody knows the cost."""
        words, days = self.words, periods.parse(period, self.uow.now, self.viewer.timezone)
        scope = funnel.Scope(department_id=team) if team else funnel.scope_of(self.viewer)
        report = funnel.report(self.uow, period=days, scope=scope, cut=cut)
        costs = source_costs.by(self.uow, cut, days) if scope == funnel.Scope() else {}
        lines = [
            Line(self._called(cut, row), self._figures_of(row, costs.get(row.key or "", []))) for row in report.rows
        ]
        name = self.viewer.name if scope.member_id else departments.name_of(self.uow, scope.department_id)
        title = words.say(TITLES[cut], name=name or words.say(_("everybody")))
        return Shown(title, span(words, days), lines)

    def _called(self, cut: Cut, row: Compared) -> str:
        if not row.key:
            return self.words.say(NAMELESS[cut])
        named = catalogue.of(self.uow).called(cut, row.key, self.locale) if cut in ("campaign", "channel") else row.name
        return "\u3000" * row.depth + (named or row.key)

    def _figures_of(self, row: Compared, spent: list[tuple[Decimal, str]]) -> str:
        figures, share = row.now, row.now.reached("won")
        won = self.words.say(_("{n} in · {won} won"), n=figures.entered, won=figures.won)
        rate = f" ({self.words.percent(share)})" if share is not None and figures.won else ""
        return " · ".join(
            [
                won + rate,
                *self._cost(_("{money} a lead"), spent, figures.entered),
                *self._cost(_("{money} a sale"), spent, figures.won),
            ]
        )

    def _cost(self, text: str, spent: list[tuple[Decimal, str]], many: int) -> Iterator[str]:
        if spent and many:
            each = (self.words.money(round(amount / many, 2), currency) for amount, currency in spent)
            yield self.words.say(text, money=" + ".join(each))

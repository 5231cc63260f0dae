"""What a template may ask for about the figures of a digest and the leads behind them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.language import _
from bot.cards.part import Part
from crm.services import drilling
from crm.services.leads import LeadView

LEFT = {"due": _("Back to the pool within 24 h"), "idle": _("Idle for a week"), "untouched": _("Never touched")}


class DrillFacts(Part):
    """The part of `Facts` that is about looking into a digest."""

    def looks(self, department: int | None) -> list[tuple[str, str]]:
        """What can be looked into: values of a choice and their labels."""
        found = drilling.looks(self.uow, department)
        zh = self.viewer.locale == "zh"
        return [(what, self.words.say(name)) for what, name in LEFT.items()] + [
            (each.what, f"{each.name_zh if zh else each.name} ({each.held})") for each in found
        ]

    def behind(self, department: int | None, what: str) -> Sequence[LeadView]:
        """The leads behind a figure that the viewer may see."""
        return drilling.behind(self.uow, actor=self.viewer, department_id=department, what=what)

    def look_name(self, department: int | None, what: str) -> str:
        """What is looked into."""
        return dict(self.looks(department)).get(what, "")

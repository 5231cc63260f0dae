"""Shadow time as its card shows it: who would lose what, by rep and by rule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from bot.cards import conditions
from bot.cards.language import _
from bot.cards.part import Part
from crm.services import shadowing
from crm.services.shadowing import Losing, Shadow

MOST = 10
PAGE = 12


@dataclass(frozen=True, slots=True)
class Row:
    """What somebody would lose, or a rule would take."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What the engine would do. `running`: it only watches; `more`: people who are not named."""

    running: Shadow | None
    now: int
    day: int
    week: int
    people: list[Row]
    rules: list[Row]
    more: int
    may_decide: bool


class ShadowFacts(Part):
    """The part of `Facts` that is about shadow time."""

    def shadow(self) -> Shadowed:
        """What would be taken from the people whom the viewer manages."""
        found = shadowing.losing(self.uow, actor=self.viewer)
        people, rules = self._shadowed(found, "name"), self._shadowed(found, "rule")
        rules = [Row(self._rule(row.label), row.value) for row in rules]
        return Shadowed(
            shadowing.running(self.uow), sum(one.now for one in found), sum(one.day for one in found),
            sum(one.week for one in found), people[:MOST], rules[:MOST], max(len(people) - MOST, 0),
            self.viewer.is_admin,
        )  # fmt: skip

    def shadow_leads(self, page: int) -> list[Row]:
        """A page of what would be taken, lead by lead, and one more where there is another page."""
        found = shadowing.leads(self.uow, actor=self.viewer, after=page * PAGE, most=PAGE + 1)
        return [
            Row(f"{due.ref} · {due.owner}", " · ".join([self.words.at(due.at), self._rule(due.rule)])) for due in found
        ]

    @property
    def only_watches(self) -> bool:
        """Nothing goes back to a pool until the engine goes live."""
        return self.uow.watched

    def _rule(self, rule: str) -> str:
        return conditions.rule_name(self.words, rule)

    def _shadowed(self, found: list[Losing], by: str) -> list[Row]:
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in found:
            for place, figure in enumerate((one.now, one.day, one.week)):
                sums[getattr(one, by)][place] += figure
        told = sorted(sums.items(), key=lambda item: [-figure for figure in item[1]])
        words = _("{now} at once, {day} within a day, {week} within a week")
        return [Row(label, self.words.say(words, now=now, day=day, week=week)) for label, (now, day, week) in told]

"""What a template may ask for about a member's own work: what is due, the team's tasks, the own order and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from bot.cards import wanted_words
from bot.cards.language import _
from bot.cards.part import Part
from crm.rules.wanted import ORDERS, Order
from crm.services import agenda, leads, orders, saved_lists, tasks
from crm.services.agenda import Listed
from crm.services.leads import LeadView
from crm.services.tasks import TaskView

WEEK = 7
MOST_OF_A_WEEK, MOST_OF_A_TEAM = 20, 5


@dataclass(frozen=True, slots=True)
class Line:
    """A task as the viewer may see it: `title` names its lead only to those who may know it."""

    task: TaskView
    title: str


@dataclass(frozen=True, slots=True)
class Day:
    """The tasks below one heading."""

    title: str
    lines: list[Line]
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A saved list, what it stands for in words, and how many leads it shows now."""

    id: int
    name: str
    words: str
    total: int


class WorkFacts(Part):
    """The part of `Facts` that is about the own work."""

    def due(self, most: int = 10) -> Listed[TaskView]:
        """The viewer's reminders until the end of the local day, in the viewer's order."""
        end = agenda.day(self.uow.now, self.viewer, 1)
        return agenda.due(self.uow, actor=self.viewer, until=end, most=most)

    def at_risk(self) -> Listed[LeadView]:
        """The viewer's leads that will be recycled within three days, in the viewer's order."""
        return agenda.at_risk(self.uow, actor=self.viewer)

    def of_team(self) -> list[Line]:
        """What is due today for somebody of the viewer's team."""
        end = agenda.day(self.uow.now, self.viewer, 1)
        found = tasks.open_ones(self.uow, actor=self.viewer, until=end, whose="team", most=MOST_OF_A_TEAM)
        return self.lines(found)

    def lines(self, found: Sequence[TaskView]) -> list[Line]:
        """Tasks with their titles, read together."""
        others = [task.lead_id for task in found if task.lead_id and task.member_id != self.viewer.id]
        seen = {lead.id for lead in leads.many(self.uow, actor=self.viewer, lead_ids=others)} if others else set()
        return [Line(task, self._named(task, seen)) for task in found]

    def line(self, task: TaskView) -> Line:
        return self.lines([task])[0]

    def _named(self, task: TaskView, seen: set[int]) -> str:
        known = task.lead_id is None or task.member_id == self.viewer.id or task.lead_id in seen
        return task.title_line if known else task.ref

    def week(self) -> list[Day]:
        """What is due within seven days, and what is overdue, by the viewer's own days."""
        end = agenda.day(self.uow.now, self.viewer, WEEK)
        found = tasks.open_ones(self.uow, actor=self.viewer, until=end, most=MOST_OF_A_WEEK + 1)
        lines = self.lines(found[:MOST_OF_A_WEEK])
        days = [
            Day(self._heading(day), list(each), overdue=day is None)
            for day, each in groupby(lines, key=lambda line: self._day(line.task))
        ]
        return [*days, Day(self.words.say(_("and more later")), [])] if len(found) > MOST_OF_A_WEEK else days

    def _day(self, task: TaskView) -> date | None:
        """The local day; None for what is overdue."""
        return None if task.due_at < self.uow.now else task.due_at.astimezone(self.viewer.timezone).date()

    def _heading(self, day: date | None) -> str:
        if day is None:
            return self.words.say(_("Overdue"))
        today = self.uow.now.astimezone(self.viewer.timezone).date()
        named = {today: _("Today, {day}"), today + timedelta(days=1): _("Tomorrow, {day}")}
        return self.words.say(named.get(day, "{day}"), day=self.words.date(day))

    def tasks_by_id(self, task_ids: list[int]) -> list[Line]:
        """These tasks, as far as they are the viewer's or the team's."""
        return self.lines(
            [task for task in tasks.views(self.uow, task_ids) if task.state == "open" and self._may(task)]
        )

    def _may(self, task: TaskView) -> bool:
        free = task.member_id is None and task.department_id in self.viewer.departments
        return free or task.member_id == self.viewer.id

    def my_order(self) -> Order:
        return orders.of(self.viewer)

    def order_words(self, by: Order | None = None) -> str:
        """By what the viewer's leads are sorted."""
        return wanted_words.order(self.words, by or self.my_order())

    def order_names(self) -> list[tuple[Order, str]]:
        """Every order with its words."""
        return [(by, wanted_words.order(self.words, by)) for by in ORDERS]

    def wanted_words(self, wanted: dict[str, Any]) -> str:
        """A filter in words."""
        return wanted_words.in_words(
            self.words, saved_lists.read(wanted), saved_lists.names(self.uow, self.words.locale)
        )

    def lists(self) -> list[Named]:
        """The viewer's lists, each with how many leads it shows now."""
        names = saved_lists.names(self.uow, self.words.locale)
        return [
            Named(
                each.id, each.name, wanted_words.in_words(self.words, each.wanted, names),
                agenda.mine(self.uow, actor=self.viewer, wanted=each.wanted, most=1).total,
            )
            for each in saved_lists.mine(self.uow, actor=self.viewer)
        ]  # fmt: skip

"""What cards about lines that wait, questions and files ask for; a part of `Facts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.understanding import about
from crm.models import PendingLine
from crm.rules.access import Actor
from crm.services import asking, pending_lines, sharing
from crm.services.asking import QuestionView
from crm.uow import UnitOfWork


class AskedFacts:
    """Reads for these cards."""

    uow: UnitOfWork
    viewer: Actor

    def pending_line(self, line: int) -> PendingLine | None:
        """A line of the viewer's own that waits for a tap."""
        return pending_lines.read(self.uow, actor=self.viewer, line_id=line)

    def name_in(self, words: str) -> str:
        """The name with which a line seems to begin."""
        return about.name_before(words) or ""

    def question(self, question_id: int) -> QuestionView | None:
        """A question in which the viewer takes part."""
        return asking.view(self.uow, actor=self.viewer, question_id=question_id)

    def questions(self, ids: list[int]) -> list[QuestionView]:
        """Several of them, in that order."""
        return [found for each in ids if (found := self.question(each))]

    def thread(self, question: QuestionView) -> Sequence[Any]:
        """What was said in a question's thread, the question first."""
        return asking.thread(self.uow, question)

    def glimpse(self, lead_id: int) -> str:
        """Who a lead is that was shown to the viewer, and no more."""
        return sharing.glimpse(self.uow, lead_id)

"""What cards about lines that wait, questions and files ask for; a part of `Facts`."""

from __future__ import annotations

from bot.understanding import about
from crm.models import PendingLine
from crm.rules.access import Actor
from crm.services import pending_lines
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

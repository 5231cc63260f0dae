"""What a template may ask for about words that were kept: what they say of a follow-up, and who is found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.understanding.contact import Contact, find_contact
from bot.understanding.sentence import FollowUpSentence, understand
from crm.rules.access import Actor
from crm.services import pending_lines
from crm.uow import UnitOfWork


class WordFacts:
    """The part of `Facts` that is about kept words."""

    if TYPE_CHECKING:
        uow: UnitOfWork
        viewer: Actor

    def understood(self, words: str) -> FollowUpSentence:
        """What a line says of a follow-up, for the viewer to confirm."""
        return understand(words, now=self.uow.now, tz=self.viewer.timezone, locale=self.viewer.locale)

    def contact_in(self, line: int) -> Contact:
        """Who is found in the words of a line that was kept."""
        kept = pending_lines.read(self.uow, actor=self.viewer, line_id=line)
        return find_contact(kept.words if kept else "")

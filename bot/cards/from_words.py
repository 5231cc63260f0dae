"""What a template may ask for about words that were kept: what they say of a follow-up, and who is found in them."""

from __future__ import annotations

from bot.cards.part import Part
from bot.understanding.contact import Contact, find_contact
from bot.understanding.sentence import FollowUpSentence, understand
from crm.services import pending_lines


class WordFacts(Part):
    """The part of `Facts` that is about kept words."""

    def understood(self, words: str) -> FollowUpSentence:
        """What a line says of a follow-up, for the viewer to confirm."""
        return understand(words, now=self.uow.now, tz=self.viewer.timezone, locale=self.viewer.locale)

    def contact_in(self, line: int) -> Contact:
        """Who is found in the words of a line that was kept."""
        kept = pending_lines.read(self.uow, actor=self.viewer, line_id=line)
        return find_contact(kept.words if kept else "")

"""What a template may ask for about a member's desk, the page that stands while everything else comes and goes."""

from __future__ import annotations

from bot.cards.part import Part
from crm.services import agenda
from crm.services.agenda import Listed
from crm.services.leads import LeadView


class HomeFacts(Part):
    """The part of `Facts` that is about the desk."""

    def my_first(self, most: int) -> Listed[LeadView]:
        """The viewer's leads in the viewer's order, and how many there are."""
        return agenda.mine(self.uow, actor=self.viewer, most=most)

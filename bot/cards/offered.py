"""What a template may ask for about leads on their way to an owner: offers, desks, first responses, what was bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.cards import desks
from bot.cards.part import Part
from crm.services import lines, offers, response_clock
from crm.services.leads import LeadView
from crm.services.offers import Held


class OfferFacts(Part):
    """The part of `Facts` that is about the way to an owner."""

    def offer(self, offer_id: int) -> Held | None:
        """An offer to the viewer, in whatever state."""
        found = offers.get(self.uow, offer_id)
        return found if found and found.member_id == self.viewer.id else None

    def offers(self) -> list[Held]:
        """What is held out to the viewer now."""
        return offers.mine(self.uow, actor=self.viewer)

    def on_desk(self, run: int) -> list[desks.Row]:
        """What lies on a manager's desk from one batch, with suggestions."""
        return desks.rows(self.uow, self.words, self.viewer, self.member, run)

    def answer_by(self, lead_id: int) -> datetime | None:
        """Until when the owner has to get in touch for the first time, if the rules ask for it."""
        return response_clock.due(self.uow, lead_id)

    def briefing(self, lead: LeadView) -> lines.Briefing | None:
        """What the customer bought before; what was noted is for the owner alone."""
        found = lines.briefing(self.uow, lead.id) if lead.seller_id else None
        if lead.mine or found is None:
            return found
        return replace(found, notes=(), amount=None if "amount" in self.viewer.hidden else found.amount)

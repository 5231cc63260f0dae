"""What a template may ask for about a member's desk, the page that stands while everything else comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.rules.access import Actor
from crm.services import agenda
from crm.services.agenda import Listed
from crm.services.leads import LeadView
from crm.uow import UnitOfWork


class HomeFacts:
    """The part of `Facts` that is about the desk."""

    if TYPE_CHECKING:
        uow: UnitOfWork
        viewer: Actor

    def my_first(self, most: int) -> Listed[LeadView]:
        """The viewer's leads in the viewer's order, and how many there are."""
        return agenda.mine(self.uow, actor=self.viewer, most=most)

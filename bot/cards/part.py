"""What every part of `Facts` stands on: the transaction, the viewer, and the few words that all cards need."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from bot.cards.words import Words
from crm.errors import LeadNotFound
from crm.rules.access import Actor
from crm.services import leads, members
from crm.services.leads import LeadView
from crm.uow import UnitOfWork


@dataclass
class Part:
    """Reads for one card.

    Args:
        viewer: for whom the card is drawn; `everybody(...)` in a group.
        platform: which chat shows it, for the few words that differ.
        views: the leads that have been read for this card; whoever draws it changes none.
    """

    uow: UnitOfWork
    viewer: Actor
    platform: str = ""
    images: dict[str, bytes] = field(default_factory=dict)
    views: dict[int, LeadView] = field(default_factory=dict)

    @property
    def locale(self) -> str:
        return self.viewer.locale

    @cached_property
    def words(self) -> Words:
        return Words(self.viewer.locale, self.viewer.timezone, self.uow.now)

    @property
    def now(self) -> datetime:
        return self.uow.now

    def moment(self, iso: str) -> datetime:
        return datetime.fromisoformat(iso)

    def member(self, member_id: int | None) -> str:
        """A colleague's name; a dash for nobody."""
        if member_id is None:
            return "–"
        return self.viewer.name if member_id == self.viewer.id else members.get(self.uow, member_id).name

    def lead(self, lead_id: int) -> LeadView | None:
        if lead_id not in self.views:
            try:
                self.views[lead_id] = leads.access_id(self.uow, actor=self.viewer, lead_id=lead_id)
            except LeadNotFound:
                return None
        return self.views[lead_id]

    def lead_ref(self, lead_id: int) -> str:
        """The reference alone, also of a lead that the viewer may no longer see. Raises LookupError without one."""
        if not (ref := self.ref_if_any(lead_id)):
            raise LookupError(lead_id)
        return ref

    def ref_if_any(self, lead_id: int) -> str:
        """The same; "" where there is no such lead."""
        number = leads.number_of(self.uow, lead_id)
        return f"L-{number}" if number else ""

"""What a card tells of an erasure: figures."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards.part import Part
from crm.models import Erasure


@dataclass(frozen=True, slots=True)
class Done:
    """How much, in how many tables."""

    rows: int
    tables: int


class ErasureFacts(Part):
    """Reads about erasures."""

    def erasure(self, erasure_id: int) -> Done:
        """One erasure, in figures."""
        found = self.uow.session.get_one(Erasure, (self.uow.org_id, erasure_id))
        return Done(sum(found.counts.values()), len(found.counts))

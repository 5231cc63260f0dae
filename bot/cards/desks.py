"""A manager's desk in words: each lead with the suggestion, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.cards.explained import PASSED_OVER
from bot.cards.words import Words
from crm.rules.access import Actor
from crm.services import batches, leads
from crm.services.leads import LeadView
from crm.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Row:
    """`member`: the name of whom the rule suggests; `until`: when the lead leaves the desk by itself."""

    lead: LeadView
    member: str | None
    mismatch: str | None
    until: datetime | None


def rows(uow: UnitOfWork, words: Words, viewer: Actor, name_of: Callable[[int | None], str], run: int) -> list[Row]:
    """What lies on the desk from one batch, as far as the viewer may see it."""
    suggested = batches.suggest(uow, run)
    seen = {lead.id: lead for lead in leads.many(uow, actor=viewer, lead_ids=[one.lead_id for one in suggested])}
    until = batches.until(uow, run)
    return [
        Row(
            seen[one.lead_id], name_of(one.member_id) if one.member_id else None,
            words.say(PASSED_OVER.get(one.mismatch, one.mismatch)) if one.mismatch else None, until,
        )
        for one in suggested if one.lead_id in seen
    ]  # fmt: skip

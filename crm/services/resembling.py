"""Leads that were meant by a name that nobody has exactly so."""

from __future__ import annotations

from sqlalchemy import text

from crm.rules import resembling
from crm.rules.access import Actor
from crm.services import leads, recent_leads
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

CANDIDATES = 200
_SEARCH = text(
    "select person_id from sluice_resembling("
    ":words, :spellings, :sounds, :me, :role, :path, :manages, :all, :candidates)"
)


def find(uow: UnitOfWork, *, actor: Actor, words: str, most: int = 4) -> list[LeadView]:
    """Leads within the actor's scope whose name or company is spelled or sounds much like the words: the actor's own
    first, then the likest."""
    own = recent_leads.alike(uow, actor=actor, name=words, most=most)
    given = {
        "words": words.strip(), "spellings": resembling.swapped(words), "sounds": resembling.sounds(words),
        "candidates": CANDIDATES,
    }  # fmt: skip
    persons = uow.session.scalars(_SEARCH, leads.scope(uow, actor) | given).all()
    near = {lead.id: lead for lead in leads.of_persons(uow, actor=actor, person_ids=list(persons))}
    scored = {lead.id: resembling.likeness(words, lead.name, lead.company) for lead in near.values()}
    likest = sorted(near.values(), key=lambda lead: (not lead.mine, -scored[lead.id]))
    found = [*own, *(lead for lead in likest if scored[lead.id] >= resembling.ENOUGH)]
    return list({lead.id: lead for lead in found}.values())[:most]

"""Which lead "it" is: the one a member dealt with last in a conversation, and those it may be when that is unclear.

The unit of work writes it down at its end (`dealt_with`), in the one statement that it makes there anyway.
"""

from __future__ import annotations

from datetime import timedelta

from rapidfuzz import fuzz, process
from sqlalchemy import text

from crm.errors import LeadNotFound
from crm.rules.access import Actor
from crm.services import leads
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

GOOD_FOR = timedelta(hours=1)
MOST = 6
LOOKED_AT = 500
LOOKS_ALIKE = 72  # of 100: a letter or two wrong or swapped
_LAST = text(
    "select lead_id from recent_lead where org_id = :org and member_id = :me and place = :place and at > :since"
)
# What was open a moment ago anywhere, what was worked on last, what is due next.
_LIKELY = text(
    """
    select lead_id from (
        select lead_id, at from recent_lead where org_id = :org and member_id = :me and at > :today
        union all
        (select a.lead_id, a.at from activity a join lead l on l.org_id = a.org_id and l.id = a.lead_id
         where a.org_id = :org and a.actor_id = :me and l.owner_id = :me and l.status = 'open'
         order by a.at desc, a.id desc limit 40)
        union all
        (select t.lead_id, :today from task t
         where t.org_id = :org and t.member_id = :me and t.state = 'open' and t.lead_id is not null
         order by t.due_at, t.id limit 10)
    ) seen group by lead_id order by max(at) desc, lead_id desc limit :most
    """
)


def last(uow: UnitOfWork, *, actor: Actor, place: str) -> LeadView | None:
    """The lead that the actor dealt with last there, unless that was long ago, or it is out of sight or taken back."""
    who = {"org": uow.org_id, "me": actor.id, "place": place, "since": uow.now - GOOD_FOR}
    found: int | None = uow.session.scalar(_LAST, who)
    try:
        lead = leads.access_id(uow, actor=actor, lead_id=found) if found else None
    except LeadNotFound:
        return None
    return lead if lead and lead.status != "void" else None


def likely(uow: UnitOfWork, *, actor: Actor, most: int = MOST) -> list[LeadView]:
    """The leads that the actor probably means, the likeliest first."""
    who = {"org": uow.org_id, "me": actor.id, "today": uow.now - timedelta(days=1), "most": most}
    seen_lately = leads.many(uow, actor=actor, lead_ids=list(uow.session.scalars(_LIKELY, who)))
    found = [lead for lead in seen_lately if lead.status != "void"]
    seen = {lead.id for lead in found}
    mine = [lead for lead in leads.mine(uow, actor=actor, most=most) if lead.id not in seen]
    return [*found, *mine][:most]


def alike(uow: UnitOfWork, *, actor: Actor, name: str, most: int = 3) -> list[LeadView]:
    """The actor's own leads whose name or company looks much like this one, the likest first."""
    mine = {lead.id: lead for lead in leads.mine(uow, actor=actor, most=LOOKED_AT)}
    called = {(lead.id, said): said.lower() for lead in mine.values() for said in (lead.name, lead.company) if said}
    found = process.extract(name.lower(), called, scorer=fuzz.WRatio, score_cutoff=LOOKS_ALIKE, limit=2 * most)
    return [mine[lead_id] for lead_id in dict.fromkeys(key[0] for _name, _score, key in found)][:most]

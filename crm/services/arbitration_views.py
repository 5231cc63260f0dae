"""What may be shown of two people who look alike, and of somebody who was spoken with lately by another hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.arrival import Arrival
from crm.services import duplicates, houses, leads
from crm.services.duplicates import Near
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

# The lead that stands for a person: the open one, or the newest.
_LEADS = text(
    """
    select distinct on (person_id) id from lead
    where org_id = :org and person_id = any(:persons) and status <> 'void'
    order by person_id, status <> 'open', id desc
    """
)
_PERSON = text("select name, company from person where org_id = :org and id = :person")
_OWNERS = text(
    "select owner_id from lead where org_id = :org and person_id = :person and status = 'open' and owner_id is not null"
)
# What another member has logged with the same customer at a lead that is not this one: merged into it, of another line,
# or shared. The statement is asked for one lead, whose person has few.
_LATELY = text(
    """
    select a.actor_id, a.at from lead l
    join lead o on o.org_id = l.org_id and o.id <> l.id and (
        o.person_id = l.person_id or o.person_id in (
            select case when d.left_id = l.person_id then d.right_id else d.left_id end from duplicate d
            where d.org_id = l.org_id and d.state = 'shared' and l.person_id in (d.left_id, d.right_id)))
    join activity a on a.org_id = o.org_id and a.lead_id = o.id and a.verb = 'logged' and a.undone_at is null
    where l.org_id = :org and l.id = :lead and a.actor_id <> :me and a.at > :since
    order by a.at desc, a.id desc limit 1
    """
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Who spoke with the customer last, at another lead."""

    by_id: int
    at: datetime


def face(uow: UnitOfWork, actor: Actor, person_id: int) -> LeadView | None:
    """The lead that stands for a person, if the actor may see it."""
    ids = uow.session.scalars(_LEADS, {"org": uow.org_id, "persons": [person_id]}).all()
    return next(iter(leads.many(uow, actor=actor, lead_ids=list(ids))), None)


def called(uow: UnitOfWork, person_id: int) -> str:
    """A person's name and company, and nothing by which they could be reached."""
    row = uow.session.execute(_PERSON, {"org": uow.org_id, "person": person_id}).one()
    return " · ".join(part for part in (row.name, row.company) if part) or "–"


def owner_of(uow: UnitOfWork, person_id: int) -> int | None:
    """Who has an open lead of this person."""
    return uow.session.scalars(_OWNERS, {"org": uow.org_id, "person": person_id}).first()


def like(uow: UnitOfWork, arrival: Arrival) -> Near | None:
    """The one whom somebody about to be entered looks like most, if that is enough to ask."""
    ask = uow.rules.dedupe.ask
    if ask is None:
        return None
    who = duplicates.of_arrival(arrival, region=houses.of(uow).region)
    return next(iter(duplicates.near(uow, who, least=ask, most=1)), None)


def likely(uow: UnitOfWork, person_id: int, *, least: int = 50) -> Sequence[Near]:
    """Who may be the same as somebody known, also where it is not enough to ask."""
    (who,) = duplicates.facts(uow, [person_id]) or (None,)
    return duplicates.near(uow, who, least=least) if who else []


def spoken_lately(uow: UnitOfWork, actor: Actor, lead: LeadView) -> Spoken | None:
    """Whether a colleague spoke with this customer within the cool-down, at a lead that is not this one."""
    since = uow.now - uow.rules.claim.cool_down.longest
    row = uow.execute(_LATELY, {"org": uow.org_id, "lead": lead.id, "me": actor.id, "since": since}).one_or_none()
    return Spoken(row.actor_id, row.at) if row else None

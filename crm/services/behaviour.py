"""What people do in the product: touches of their open lead, or remembered until there is one.

Such a feed is read only: it opens a lead for somebody who signs up, adds to the timeline and to the points, and never
changes what is known of a customer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from crm.models import Source
from crm.rules import clean
from crm.rules.arrival import Arrival, Checked, FieldErrors, check
from crm.services import houses, intake, scoring, suppressing
from crm.services.houses import House
from crm.services.intake import Known, Place, TakenIn
from crm.uow import UnitOfWork

MOST_REMEMBERED = 200
"""Things of one person that wait for a lead."""
NOBODY = "Nobody is known by this id, and this source does not remember strangers."
NO_ID = "Without an external id nobody can be remembered."

_REMEMBER = text(
    """
    insert into feed_event (org_id, source_id, external_id, event, at, properties, came_at)
    select :org, :source, :external, :event, :at, cast(:properties as jsonb), :now
    where (select count(*) from feed_event
            where org_id = :org and source_id = :source and external_id = :external) < :most
    """
)
_RECALL = text(
    """
    with recalled as (
        delete from feed_event where org_id = :org and source_id = :source and external_id = :external
        returning event, at, properties, id
    ), told as (
        insert into activity (org_id, lead_id, verb, at, words, data)
        select :org, :lead, 'touched', :now,
               event || coalesce((select ' (' || string_agg(p.key || ': ' || p.value, ', ' order by p.key) || ')'
                                  from jsonb_each_text(properties) p), ''),
               jsonb_build_object('source', cast(:key as text), 'event', event, 'at', at)
        from recalled order by at, id
        returning id
    )
    update lead set touches = touches + (select count(*) from told)
    where org_id = :org and id = :lead and exists (select from told)
    returning id
    """
)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did.

    Attributes:
        person: who it was: the product's id of them, and what else is known.
        signs_up: it opens a lead, or attaches to the open one.
        remember: a stranger's deeds wait for a lead; else they are refused.
        own_id: the product's id of this deed, "" when it has none.
    """

    event: str
    person: Arrival
    at: datetime
    properties: Mapping[str, str] = field(default_factory=dict)
    signs_up: bool = False
    remember: bool = True
    own_id: str = ""


@dataclass(frozen=True, slots=True)
class Became:
    """The lead that was `created` or touched; no `ref`: it is remembered."""

    ref: str = ""
    created: bool = False


def take(uow: UnitOfWork, *, source: Source, deed: Deed) -> Became:
    """Attach a deed to the person's open lead, open one for who signs up, or remember it.

    Raises: FieldErrors when the person is a stranger whom this source does not remember, or has no id at all.
    """
    if deed.signs_up:
        taken = intake.take_in(uow, source=source, arrival=deed.person)
        _recall(uow, source, deed, taken)
        return Became(taken.ref, taken.created)
    house = houses.of(uow)
    checked = check(deed.person, region=house.region, sender=source.key)
    known = intake.find_known(uow, house, checked)
    taken_to = _touch(uow, source, deed, house, checked, known) if known and known.lead_id else None
    if taken_to:
        return Became(taken_to.ref)
    if suppressing.among(uow, checked.keys, listed=False):
        raise FieldErrors({"contact": intake.ERASED})
    _remember(uow, source, deed, known)
    return Became()


def _touch(uow: UnitOfWork, source: Source, deed: Deed, house: House, checked: Checked, known: Known) -> TakenIn | None:
    values = intake.opening(uow, house, checked, Place(source.pool_id), source=source)
    values |= {
        "note": _words(deed),
        "data": {"source": source.key, "event": deed.event, "at": deed.at.astimezone(UTC).isoformat()},
    }
    # Whoever owns the lead is told of what the rules give points for, not of every click.
    return intake.touch(uow, values, known, tell=bool(uow.rules.score.events.get(deed.event)))


def _recall(uow: UnitOfWork, source: Source, deed: Deed, taken: TakenIn) -> None:
    """What somebody did before signing up comes to the lead."""
    external = clean.line(deed.person.external_id)
    args: dict[str, Any] = {"org": uow.org_id, "source": source.id, "external": external, "lead": taken.lead_id}
    if external and uow.session.scalar(_RECALL, args | {"now": uow.now, "key": source.key}):
        scoring.refresh(uow, [taken.lead_id])


def _remember(uow: UnitOfWork, source: Source, deed: Deed, known: Known | None) -> None:
    external = clean.line(deed.person.external_id)
    if known is None and not deed.remember:
        raise FieldErrors({"external_id": NOBODY})
    if not external:
        raise FieldErrors({"external_id": NO_ID})
    args = {
        "org": uow.org_id, "source": source.id, "external": external, "event": deed.event, "at": deed.at,
        "properties": json.dumps(dict(deed.properties)), "now": uow.now, "most": MOST_REMEMBERED,
    }  # fmt: skip
    uow.session.execute(_REMEMBER, args)


def _words(deed: Deed) -> str:
    """What stands on the timeline: `pricing viewed (plan: pro)`."""
    more = ", ".join(f"{name}: {value}" for name, value in sorted(deed.properties.items()))
    return f"{deed.event} ({more})" if more else deed.event

"""How a lead comes in: recognised by its keys, attached to the open lead it belongs to, or opened and dispatched.

The unique keys of the database decide who is new, also when the same customer arrives twenty times at once: whoever
loses a race looks again and finds what the winner has written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import TextClause, text

from crm.errors import Conflict
from crm.models import Source
from crm.rules import sound
from crm.rules.access import Actor
from crm.rules.arrival import Arrival, Checked, FieldErrors, Key, check
from crm.rules.dedupe_words import firm
from crm.rules.facts import LeadFacts
from crm.services import catalogue, dispatch, duplicates, houses, scoring, suppressing
from crm.services.houses import House
from crm.services.scoring import Openings
from crm.uow import UnitOfWork

TRIES = 5
ERASED = "This customer was erased on request."

_KNOWN = text(
    """
    select k.kind, k.value, k.person_id, l.id as lead_id, l.number, l.owner_id
    from unnest(cast(:kinds as text[]), cast(:values as text[])) as given(kind, value)
    join person_key k on k.org_id = :org and k.kind = given.kind and k.value = given.value
    left join lateral (
        select o.id, o.number, o.owner_id from lead o
        where o.org_id = :org and o.person_id = k.person_id and o.status = 'open'
          and (o.line_id = :line or o.parent_id is not null)
        order by o.line_id <> :line, o.id limit 1
    ) l on true
    """
)
_ADD_KEYS = """
    insert into person_key (org_id, person_id, kind, value)
    select :org, {person}, given.kind, given.value
    from {source}, unnest(cast(:kinds as text[]), cast(:values as text[])) as given(kind, value)
    order by given.kind, given.value
    on conflict do nothing
"""
# More is known of the person now, which other systems are told once.
_CHANGED = """
    changed as (
        insert into happening (org_id, topic, person_id, at, data)
        select distinct cast(:org as bigint), 'person.changed', person_id, cast(:now as timestamptz),
               cast('{{}}' as jsonb) from {what}
    )
"""
_OPEN = """
    insert into lead (org_id, number, person_id, line_id, status, stage, owner_id, pool_id, source_id, origin,
        referrer, channel, campaign, level, product, region, amount, currency, score, score_reasons, score_at, tags,
        custom, version, created_by, created_at, pool_entered_at, assigned_at, stage_entered_at, warn_step, extensions,
        touches, counts)
    select :org, sluice_next_numbers(:org, 1), {person}, :line, 'open', :stage, :owner, :pool, :source, :origin,
        :referrer, :channel, :campaign, :level, :product, :region, :amount, :currency, :score,
        cast(:score_reasons as jsonb), cast(:score_at as timestamptz), cast(:tags as text[]),
        cast(:custom as jsonb), 1, :actor, :now, case when cast(:owner as bigint) is null then :now end,
        case when cast(:owner as bigint) is not null then :now end, :now, 0, 0, 1, :origin <> 'self'
    from {source}
    on conflict (org_id, person_id, line_id) where status = 'open' do nothing
    returning id, number
"""
_HISTORY = """
    owned as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, :owner, :now, 'created' from opened where cast(:owner as bigint) is not null
    ), told as (
        insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
        select :org, id, :actor, 'created', :now, :note, cast(:data as jsonb) from opened
    )
"""
_KEYS = text(_ADD_KEYS.format(person="cast(:person as bigint)", source="(select 1) as one"))
# The keys come first: only who gets all of them is new. A part of them (somebody else was faster with one) is undone.
_NEW_PERSON = text(
    f"""
    with fresh as materialized (select nextval(pg_get_serial_sequence('person', 'id')) as id),
    claimed as ({_ADD_KEYS.format(person="fresh.id", source="fresh")} returning id),
    person as (
        insert into person (org_id, id, name, sound, company, firm, title, note, created_at)
        select :org, fresh.id, :name, :sound, :company, :firm, :job, '', :now from fresh
        where exists (select from claimed)
        returning id
    ), whole as (select id from person where (select count(*) from claimed) = cardinality(cast(:kinds as text[]))),
    opened as ({_OPEN.format(person="whole.id", source="whole")}),
    {_HISTORY}
    select person.id as person_id, opened.id as lead_id, opened.number from person left join opened on true
    """  # noqa: S608
)
_OPEN_AGAIN = text(
    f"""
    with known as materialized (
        -- Locked: somebody may be merging this person away, and then its keys lead to another one.
        select id from person where org_id = :org and id = :person and merged_into is null for key share
    ),
    claimed as ({_ADD_KEYS.format(person="known.id", source="known")} returning person_id),
    {_CHANGED.format(what="claimed")},
    opened as ({_OPEN.format(person="known.id", source="known")}),
    {_HISTORY}
    select opened.id as lead_id, opened.number from opened
    """  # noqa: S608
)
_TOUCH = text(
    f"""
    with touched as (
        update lead set touches = touches + 1,
               held_until = case when held_by = 'nurture' then cast(:now as timestamptz) else held_until end
        where org_id = :org and id = :lead and status = 'open'
        returning id, number, owner_id, touches, person_id
    ),
    claimed as ({_ADD_KEYS.format(person="touched.person_id", source="touched")} returning person_id),
    filled as (
        update person set name = coalesce(nullif(name, ''), :name), company = coalesce(nullif(company, ''), :company),
               title = coalesce(nullif(title, ''), :job)
        from touched
        where org_id = :org and person.id = touched.person_id
          and ((name = '' and :name <> '') or (company = '' and :company <> '') or (title = '' and :job <> ''))
        returning person.id as person_id
    ),
    {_CHANGED.format(what="(select * from claimed union all select * from filled) more")},
    told as (
        insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
        select :org, id, :actor, 'touched', :now, :note, cast(:data as jsonb) from touched
        returning id
    )
    select touched.*, told.id as activity_id from touched, told
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of an arrival: a lead that was `created`, or the open lead that was `touched`."""

    lead_id: int
    number: int
    created: bool
    touched: bool

    @property
    def ref(self) -> str:
        return f"L-{self.number}"


@dataclass(frozen=True, slots=True)
class Known:
    """A person whom a key names, with the open lead in the line if there is one. `clash`: others whom a key names."""

    person_id: int
    lead_id: int | None
    number: int | None
    owner_id: int | None
    clash: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new lead lies: in a pool, or with an owner from the start and then in none."""

    pool_id: int | None
    owner_id: int | None = None
    origin: str = "company"


def take_in(uow: UnitOfWork, *, source: Source | None, arrival: Arrival, actor: Actor | None = None) -> TakenIn:
    """Take one arrival in: a touch of the open lead of the same person, or a new lead, dispatched at once.

    Raises: FieldErrors naming each wrong field; PoolNotFound where an organization has no pool yet; Conflict when
        others win every race against this arrival.
    """
    house = houses.of(uow)
    checked = check(arrival, region=house.region, sender=source.key if source else "")
    if suppressing.among(uow, checked.keys, listed=False):
        raise FieldErrors({"contact": ERASED})
    pool_id = houses.pool_for(house, source.pool_id if source else None)
    values = opening(uow, house, checked, Place(pool_id), source=source, actor=actor)
    for _ in range(TRIES):
        known = find_known(uow, house, checked)
        taken = touch(uow, values, known) if known and known.lead_id else open_lead(uow, values, known)
        if taken:
            break
    else:
        raise Conflict
    if taken.created:
        dispatch.dispatch(uow, taken.lead_id)
    return taken


def find_known(uow: UnitOfWork, house: House, checked: Checked) -> Known | None:
    """Whom the keys name: the person of the strongest key. None: a stranger."""
    found = find_all(uow, house, checked.keys)
    named = [found[key] for key in checked.keys if key in found]
    if not named:
        return None
    others = dict.fromkeys(known.person_id for known in named if known.person_id != named[0].person_id)
    return replace(named[0], clash=tuple(others))


def find_all(uow: UnitOfWork, house: House, keys: Sequence[Key]) -> dict[Key, Known]:
    """Whom each of the keys names; unknown ones are left out."""
    kinds, values = [kind for kind, _ in keys], [value for _, value in keys]
    rows = uow.execute(_KNOWN, {"org": uow.org_id, "line": house.line_id, "kinds": kinds, "values": values})
    return {(row.kind, row.value): Known(row.person_id, row.lead_id, row.number, row.owner_id) for row in rows}


def opening(
    uow: UnitOfWork,
    house: House,
    checked: Checked,
    place: Place,
    *,
    source: Source | None = None,
    actor: Actor | None = None,
) -> dict[str, Any]:
    """The values of a new lead and its person, as statements name them."""
    person = {
        "kinds": [kind for kind, _ in checked.keys], "values": [value for _, value in checked.keys],
        "name": checked.name, "sound": sound.of_name(checked.name), "company": checked.company,
        "firm": firm(checked.company), "job": checked.title,
    }  # fmt: skip
    return person | of_lead(uow, house, checked, place, source=source, actor=actor)


def of_lead(
    uow: UnitOfWork,
    house: House,
    checked: Checked,
    place: Place,
    *,
    source: Source | None = None,
    actor: Actor | None = None,
    scores: Openings | None = None,
) -> dict[str, Any]:
    """The same of the lead alone. Args: scores: shared by those of one batch."""
    checked = catalogue.fit(uow, checked)
    channel = checked.channel or (source.channel if source else None)
    campaign = checked.campaign or (source.campaign if source else None)
    key = source.key if source else None

    def facts() -> LeadFacts:
        return LeadFacts(
            stage=house.stage, funnel=house.funnel, line=house.line, origin=place.origin, source=key, channel=channel,
            campaign=campaign, level=checked.level, product=checked.product, region=checked.region,
            amount=checked.amount, tags=checked.tags, custom=checked.custom,
        )  # fmt: skip

    scored = (scores or scoring.openings(uow)).of(checked, key, facts)
    return {
        "org": uow.org_id, "now": uow.now, "actor": actor.id if actor else None, "origin": place.origin,
        "owner": place.owner_id, "pool": place.pool_id, "line": house.line_id, "stage": house.stage,
        "source": source.id if source else None, "note": checked.note, "channel": channel, "campaign": campaign,
        "referrer": checked.referrer, "level": checked.level, "product": checked.product, "region": checked.region,
        "amount": checked.amount, "currency": checked.currency, "score": scored.points,
        "score_reasons": scored.reasons, "score_at": scored.next_at, "tags": list(checked.tags),
        "custom": json.dumps(dict(checked.custom)) if checked.custom else "{}",
        "data": came_by(source, channel, campaign),
    }  # fmt: skip


def came_by(source: Source | None, channel: str | None, campaign: str | None) -> dict[str, Any]:
    """What an entry of the timeline keeps of how somebody came in this time."""
    more = {"by": channel, "campaign": campaign}
    return {"source": source.key if source else None} | {name: value for name, value in more.items() if value}


def open_lead(uow: UnitOfWork, values: dict[str, Any], known: Known | None) -> TakenIn | None:
    """Open a lead, for a person who is known or together with the person. None: somebody else was faster."""
    if known:
        row = _run(uow, _OPEN_AGAIN, values | {"person": known.person_id}, known.clash).one_or_none()
    else:
        row = _new_person(uow, values)
    if row is None or row.lead_id is None:
        return None
    if known:
        scoring.refresh(uow, [row.lead_id])  # more is known of the customer than what came in now
    else:
        duplicates.order(uow, [row.lead_id])
    return TakenIn(row.lead_id, row.number, created=True, touched=False)


def _new_person(uow: UnitOfWork, values: dict[str, Any]) -> Any:
    """The person with the lead. None: somebody else was faster with a key."""
    with uow.session.begin_nested() as attempt:
        row = _run(uow, _NEW_PERSON, values, ()).one_or_none()
        if row is None or row.lead_id is None:
            # Rolled back, not deleted: whoever waits for one of the keys must not wait on while this transaction goes
            # for the lead, or two arrivals wait for each other.
            attempt.rollback()
    return row


def touch(uow: UnitOfWork, values: dict[str, Any], known: Known, *, tell: bool = True) -> TakenIn | None:
    """Attach an arrival to the person's open lead and, with `tell`, tell its owner. None: it is open no longer."""
    more = {"lead": known.lead_id, "person": known.person_id}
    row = _run(uow, _TOUCH, values | more, known.clash).one_or_none()
    if row is None:
        return None
    scoring.refresh(uow, [row.id])
    uow.touch(row.id)
    if row.owner_id and tell:
        uow.notify(
            "lead.touched", to=row.owner_id, lead=row.id, key=f"touched:{row.activity_id}",
            together=f"touched:{row.id}", data={"lead": row.id, "touches": row.touches, "source": values["source"]},
        )  # fmt: skip
    return TakenIn(row.id, row.number, created=False, touched=True)


def add_keys(uow: UnitOfWork, values: dict[str, Any], known: Known) -> None:
    """By these keys the person is known, too, as far as nobody else is known by them."""
    uow.session.execute(_KEYS, values | {"person": known.person_id})


def _run(uow: UnitOfWork, statement: TextClause, values: dict[str, Any], clash: tuple[int, ...]) -> Any:
    data = values["data"] | ({"clash": list(clash)} if clash else {})
    return uow.execute(statement, values | {"data": json.dumps(data)})

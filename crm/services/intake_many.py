"""Many leads at once, set by set: what `intake.take_in` does for one, in a dozen statements for thousands.

Rows that belong to one person attach to each other in their order, as if they had come one by one. Where another
transaction is faster with a key or a lead, the rows concerned go through once more and find what it has written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import TextClause, text

from crm import queue
from crm.errors import Conflict
from crm.models import Source
from crm.rules import sound
from crm.rules.access import Actor
from crm.rules.arrival import Checked, Key
from crm.rules.dedupe_words import firm
from crm.services import dealing, duplicates, houses, intake, scoring
from crm.services.houses import House
from crm.services.intake import Known, Place, TakenIn, came_by
from crm.services.numbers import next_numbers
from crm.services.scoring import Openings
from crm.uow import UnitOfWork

CHUNK = 5_000  # at twice as many the planner reads whole tables

# What many rows return comes as one word each, which takes the driver a tenth of the time.
_IDS = text(
    "select string_agg(cast(nextval(pg_get_serial_sequence('person', 'id')) as text), ' ')"
    " from generate_series(1, :many)"
)
_PERSONS = text(
    """
    insert into person (org_id, id, name, sound, company, firm, title, note, created_at)
    select :org, p.*, '', :now from unnest(cast(:ids as bigint[]), cast(:names as text[]), cast(:sounds as text[]),
        cast(:companies as text[]), cast(:firms as text[]), cast(:jobs as text[]))
        as p(id, name, sound, company, firm, title)
    """
)
_ALIVE = text(
    """
    select id from person where org_id = :org and id = any(:persons) and merged_into is null
    order by id for key share
    """
)
# In the order of the keys, so that two imports wait for each other and never in a circle.
_KEYS = text(
    """
    with claimed as (
        insert into person_key (org_id, person_id, kind, value)
        select :org, k.* from unnest(cast(:persons as bigint[]), cast(:kinds as text[]), cast(:values as text[]))
            as k(person_id, kind, value)
        order by k.kind, k.value
        on conflict do nothing returning person_id
    )
    select string_agg(cast(person_id as text), ' ') from claimed
    """
)
_FORGET = text(
    "with keys as (delete from person_key where org_id = :org and person_id = any(:persons))"
    " delete from person where org_id = :org and id = any(:persons)"
)
_LEADS = text(
    """
    with opened as (
    insert into lead (org_id, number, person_id, line_id, status, stage, pool_id, source_id, origin, referrer, channel,
        campaign, level, product, region, amount, currency, score, score_reasons, score_at, tags, custom, version,
        created_by, created_at, pool_entered_at, stage_entered_at, warn_step, extensions, touches)
    select :org, r.number, r.person, :line, 'open', :stage, :pool, :source, :origin, r.referrer, r.channel,
        r.campaign, r.level, r.product, r.region, r.amount, r.currency, r.score, cast(r.score_reasons as jsonb),
        r.score_at, cast(r.tags as text[]), cast(r.custom as jsonb), 1, :actor, :now, :now, :now, 0, 0, 1
    from unnest(cast(:numbers as bigint[]), cast(:persons as bigint[]), cast(:referrers as text[]),
        cast(:channels as text[]), cast(:campaigns as text[]), cast(:levels as text[]), cast(:products as text[]),
        cast(:regions as text[]), cast(cast(:amounts as text[]) as numeric[]), cast(:currencies as text[]),
        cast(:scores as bigint[]), cast(:reasons as text[]), cast(:moments as timestamptz[]), cast(:tags as text[]),
        cast(:customs as text[])) as r(number, person, referrer, channel, campaign, level, product, region, amount,
        currency, score, score_reasons, score_at, tags, custom)
    on conflict (org_id, person_id, line_id) where status = 'open' do nothing
    returning id, number, person_id
    )
    select string_agg(concat(id, ' ', number, ' ', person_id), ' ') from opened
    """
)
_TOUCHES = text(
    """
    with locked as (
        select id from lead where org_id = :org and id = any(:ids) and status = 'open' order by id for no key update
    )
    update lead set touches = touches + t.many,
           held_until = case when held_by = 'nurture' then cast(:now as timestamptz) else held_until end
    from locked join unnest(cast(:ids as bigint[]), cast(:counts as bigint[])) as t(id, many) on t.id = locked.id
    where org_id = :org and lead.id = locked.id
    returning lead.id, lead.number, lead.owner_id
    """
)
# What was not known of a customer so far; what is known stays.
_FILL = text(
    """
    update person set name = coalesce(nullif(person.name, ''), f.name),
        company = coalesce(nullif(person.company, ''), f.company), title = coalesce(nullif(person.title, ''), f.title)
    from unnest(cast(:ids as bigint[]), cast(:names as text[]), cast(:companies as text[]), cast(:jobs as text[]))
        as f(id, name, company, title)
    where org_id = :org and person.id = f.id
      and ((person.name = '' and f.name <> '') or (person.company = '' and f.company <> '')
           or (person.title = '' and f.title <> ''))
    """
)
_HISTORY = text(
    """
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
    select :org, a.lead_id, :actor, a.verb, :now, a.words, cast(a.data as jsonb)
    from unnest(cast(:leads as bigint[]), cast(:verbs as text[]), cast(:words as text[]), cast(:data as text[]))
        as a(lead_id, verb, words, data)
    """
)
_EACH = {
    "referrers": "referrer", "channels": "channel", "campaigns": "campaign", "levels": "level", "products": "product",
    "regions": "region", "currencies": "currency", "scores": "score", "reasons": "score_reasons", "moments": "score_at",
    "customs": "custom",
}  # fmt: skip
_SHARED = ("line", "stage", "pool", "source", "origin")


@dataclass(slots=True)
class Group:
    """Rows of one person. `known` is whom the database has; else the person is made here."""

    known: Known | None
    rows: list[int] = field(default_factory=list)
    keys: dict[Key, None] = field(default_factory=dict)
    person_id: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What all rows of one call share.

    `clashes`: other persons whom keys of a row name, by the row's number; `ways`: what the timeline says of how leads
    came, by channel and campaign.
    """

    uow: UnitOfWork
    house: House
    source: Source | None
    actor: Actor | None
    rows: Sequence[Checked]
    scores: Openings
    quiet: bool = False
    at_once: bool = False
    clashes: dict[int, list[int]] = field(default_factory=dict)
    ways: dict[tuple[str | None, str | None], str] = field(default_factory=dict)


def take_in_many(
    uow: UnitOfWork,
    rows: Sequence[Checked],
    *,
    source: Source | None = None,
    actor: Actor | None = None,
    quiet: bool = False,
    at_once: bool = False,
) -> list[TakenIn]:
    """Take in up to `CHUNK` checked arrivals; what became of each, in their order. New leads are dealt by a job.

    Args:
        at_once: new leads are dealt here and now.
        quiet: nothing is dealt, and no owner is told that customers came again.

    Raises: Conflict when others win every race against some of the rows; PoolNotFound.
    """
    batch = Batch(uow, houses.of(uow), source, actor, rows, scoring.openings(uow), quiet, at_once)
    taken: dict[int, TakenIn] = {}
    for _ in range(intake.TRIES):
        waiting = [number for number in range(len(rows)) if number not in taken]
        if not waiting:
            return [taken[number] for number in range(len(rows))]
        taken |= _pass(batch, waiting)
    raise Conflict


def _pass(batch: Batch, numbers: Sequence[int]) -> dict[int, TakenIn]:
    groups = _standing(batch.uow, _grouped(batch, numbers))
    groups = _make_persons(batch, groups)
    opened = _open(batch, [group for group in groups if not (group.known and group.known.lead_id)])
    touched = _touch(batch, groups, opened)
    taken = opened | touched
    _write_history(batch, taken)
    _score(batch, groups, opened, touched)
    if opened and not batch.quiet:
        _dispatch(batch, [result.lead_id for _, result in sorted(opened.items())])
    duplicates.order(
        batch.uow,
        sorted(opened[group.rows[0]].lead_id for group in groups if group.known is None and group.rows[0] in opened),
    )
    return taken


def _grouped(batch: Batch, numbers: Sequence[int]) -> list[Group]:
    """The rows by person: a row belongs where its strongest known key does, and brings its other keys along."""
    every = dict.fromkeys(key for number in numbers for key in batch.rows[number].keys)
    found = intake.find_all(batch.uow, batch.house, list(every))
    of_person: dict[int, Group] = {}
    of_key: dict[Key, Group] = {}
    for key, known in found.items():
        of_key[key] = of_person.setdefault(known.person_id, Group(known, person_id=known.person_id))
    groups: dict[int, Group] = {}
    for number in numbers:
        keys = batch.rows[number].keys
        group = next((of_key[key] for key in keys if key in of_key), None) or Group(None)
        group.rows.append(number)
        group.keys.update({key: None for key in keys if key not in found and of_key.setdefault(key, group) is group})
        groups[id(group)] = group
        others = {found[key].person_id for key in keys if key in found} - {group.person_id}
        if group.known and others:
            batch.clashes[number] = sorted(others)
    return list(groups.values())


def _standing(uow: UnitOfWork, groups: list[Group]) -> list[Group]:
    """Without persons whom somebody has merged away meanwhile: their keys lead to another one."""
    known = sorted(group.person_id for group in groups if group.known)
    alive = set(uow.session.scalars(_ALIVE, {"org": uow.org_id, "persons": known})) if known else set()
    return [group for group in groups if group.known is None or group.person_id in alive]


def _make_persons(batch: Batch, groups: list[Group]) -> list[Group]:
    """Write new persons and keys. Returns the groups without those whose keys somebody else was faster with."""
    uow = batch.uow
    fresh = [group for group in groups if group.known is None]
    for group, person_id in zip(fresh, _numbers(uow, _IDS, {"many": len(fresh)}), strict=True):
        group.person_id = person_id
    first = [batch.rows[group.rows[0]] for group in fresh]
    if fresh:
        uow.execute(
            _PERSONS,
            {
                "org": uow.org_id, "now": uow.now, "ids": [group.person_id for group in fresh],
                "names": [row.name for row in first], "sounds": [sound.of_name(row.name) for row in first],
                "firms": [firm(row.company) for row in first],
                "companies": [row.company for row in first],
                "jobs": [row.title for row in first],
            },
        )  # fmt: skip
    late = _write_keys(uow, groups)
    if late:
        uow.execute(_FORGET, {"org": uow.org_id, "persons": list(late)})
    return [group for group in groups if group.person_id not in late]


def _write_keys(uow: UnitOfWork, groups: Sequence[Group]) -> set[int]:
    """Claim the keys; the new persons who did not get all of theirs."""
    pairs = [(group.person_id, *key) for group in groups for key in group.keys]
    if not pairs:
        return set()
    persons, kinds, values = zip(*pairs, strict=True)
    args = {"org": uow.org_id, "persons": list(persons), "kinds": list(kinds), "values": list(values)}
    got = Counter(_numbers(uow, _KEYS, args))
    return {group.person_id for group in groups if group.known is None and got[group.person_id] < len(group.keys)}


def _open(batch: Batch, groups: Sequence[Group]) -> dict[int, TakenIn]:
    """Open a lead for each of these persons, from the first row. Persons who got one meanwhile are left out."""
    uow = batch.uow
    if not groups:
        return {}
    place = Place(houses.pool_for(batch.house, batch.source.pool_id if batch.source else None))
    rows = [_opening(batch, group, place) for group in groups]
    args = {
        "org": uow.org_id, "now": uow.now, "actor": _actor_id(batch), "numbers": next_numbers(uow, len(groups)),
        "persons": [group.person_id for group in groups],
        "amounts": [None if row["amount"] is None else str(row["amount"]) for row in rows],
        "tags": [_array(row["tags"]) for row in rows],
    }  # fmt: skip
    args |= {name: [row[field] for row in rows] for name, field in _EACH.items()}
    args |= {name: rows[0][name] for name in _SHARED}
    first = {group.person_id: group.rows[0] for group in groups}
    told = iter(_numbers(uow, _LEADS, args))
    return {
        first[person_id]: TakenIn(lead_id, number, created=True, touched=False)
        for lead_id, number, person_id in zip(told, told, told, strict=True)
    }


def _opening(batch: Batch, group: Group, place: Place) -> dict[str, Any]:
    return intake.opening(
        batch.uow, batch.house, batch.rows[group.rows[0]], place, source=batch.source, actor=batch.actor,
        scores=batch.scores,
    )  # fmt: skip


def _array(words: Sequence[str]) -> str:
    """Words as PostgreSQL writes an array of them."""
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"


def _touch(batch: Batch, groups: Sequence[Group], opened: Mapping[int, TakenIn]) -> dict[int, TakenIn]:
    """Attach the rows that opened nothing to the open lead of their person."""
    rows_of: dict[int, list[int]] = {}
    more: dict[int, list[Checked]] = {}
    for group in groups:
        new = opened.get(group.rows[0])
        lead_id = new.lead_id if new else (group.known.lead_id if group.known else None)
        if lead_id and (rest := group.rows[1:] if new else group.rows):
            rows_of[lead_id] = rest
            more[group.person_id] = [batch.rows[number] for number in rest]
    if not rows_of:
        return {}
    _fill(batch.uow, more)
    args = {
        "org": batch.uow.org_id, "now": batch.uow.now, "ids": list(rows_of),
        "counts": [len(rows) for rows in rows_of.values()],
    }  # fmt: skip
    leads = batch.uow.execute(_TOUCHES, args).all()
    batch.uow.touch(*(row.id for row in leads))
    if not batch.quiet:
        _tell_owners(batch, [(row.owner_id, row.id) for row in leads if row.owner_id])
    return {
        number: TakenIn(row.id, row.number, created=False, touched=True) for row in leads for number in rows_of[row.id]
    }


def _fill(uow: UnitOfWork, more: Mapping[int, Sequence[Checked]]) -> None:
    """Complete persons of whom a further row tells more than was known, the first one that says it counts."""
    told = {
        person: [next(filter(None, (getattr(row, name) for row in rows)), "") for name in ("name", "company", "title")]
        for person, rows in sorted(more.items())
    }
    names, companies, jobs = zip(*told.values(), strict=True)
    args = {"org": uow.org_id, "ids": list(told), "names": list(names), "companies": list(companies)}
    uow.execute(_FILL, args | {"jobs": list(jobs)})


def _tell_owners(batch: Batch, owned: Sequence[tuple[int, int]]) -> None:
    """One message for each owner, however many of the leads came again."""
    leads_of: dict[int, list[int]] = {}
    for owner_id, lead_id in owned:
        leads_of.setdefault(owner_id, []).append(lead_id)
    for owner_id, lead_ids in leads_of.items():
        batch.uow.notify(
            "lead.touched", to=owner_id, lead=lead_ids[0], together=f"touched:{owner_id}",
            key=f"touched:{owner_id}:{lead_ids[0]}:{batch.uow.now.isoformat()}",
            data={"lead": lead_ids[0], "count": len(lead_ids), "source": batch.source.id if batch.source else None},
        )  # fmt: skip


def _write_history(batch: Batch, taken: Mapping[int, TakenIn]) -> None:
    rows = [(batch.rows[number], result, batch.clashes.get(number)) for number, result in sorted(taken.items())]
    args = {
        "org": batch.uow.org_id, "now": batch.uow.now, "actor": _actor_id(batch),
        "leads": [result.lead_id for _, result, _ in rows],
        "verbs": ["created" if result.created else "touched" for _, result, _ in rows],
        "words": [checked.note for checked, _, _ in rows],
        "data": [_data(batch, checked, clash) for checked, _, clash in rows],
    }  # fmt: skip
    if rows:
        batch.uow.execute(_HISTORY, args)


def _data(batch: Batch, checked: Checked, clash: list[int] | None) -> str:
    source = batch.source
    channel = checked.channel or (source.channel if source else None)
    campaign = checked.campaign or (source.campaign if source else None)
    if (channel, campaign) not in batch.ways:
        batch.ways[channel, campaign] = json.dumps(came_by(source, channel, campaign))
    way = batch.ways[channel, campaign]
    return json.dumps(json.loads(way) | {"clash": clash}) if clash else way


def _score(
    batch: Batch, groups: Sequence[Group], opened: Mapping[int, TakenIn], touched: Mapping[int, TakenIn]
) -> None:
    """A new lead has its points from its own row; where more is known than that row says, they are counted anew."""
    fuller = {opened[group.rows[0]].lead_id for group in groups if group.known and group.rows[0] in opened}
    again = fuller | {result.lead_id for result in touched.values()}
    if again:
        scoring.refresh(batch.uow, sorted(again))


def _dispatch(batch: Batch, lead_ids: list[int]) -> None:
    if batch.at_once:
        dealing.deal(batch.uow, lead_ids)
        return
    args = {"org_id": batch.uow.org_id, "lead_ids": lead_ids}
    batch.uow.defer(queue.Order(queue.DEAL, args, queue=queue.BULK))


def _numbers(uow: UnitOfWork, statement: TextClause, args: Mapping[str, Any]) -> list[int]:
    """What a statement returns as one word of numbers."""
    return [int(number) for number in (uow.execute(statement, args).scalar_one() or "").split()]


def _actor_id(batch: Batch) -> int | None:
    return batch.actor.id if batch.actor else None

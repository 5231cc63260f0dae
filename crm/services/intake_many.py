"""Many leads at once, set by set: what `intake.take_in` does for one, in a dozen statements for thousands.

Rows that belong to one person attach to each other in their order, as if they had come one by one. Where another
transaction is faster with a key or a lead, the rows concerned go through once more and find what it has written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm import queue
from crm.errors import Conflict
from crm.models import Source
from crm.rules import sound
from crm.rules.access import Actor
from crm.rules.arrival import Checked, Key
from crm.rules.dedupe_words import firm
from crm.rules.facts import LeadFacts
from crm.services import dealing, duplicates, happenings, houses, intake, placing, scoring
from crm.services import intake_many_sql as sql
from crm.services.houses import House
from crm.services.intake import Known, Place, TakenIn, came_by
from crm.services.scoring import Openings
from crm.uow import UnitOfWork

CHUNK = 5_000  # at twice as many the planner reads whole tables

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

    @property
    def opens(self) -> bool:
        """Whether its first row opens a lead."""
        return self.known is None or self.known.lead_id is None


@dataclass(frozen=True, slots=True)
class Batch:
    """What all rows of one call share.

    `clashes`: other persons whom keys of a row name, by the row's number; `ways`: what the timeline says of how leads
    came, by channel and campaign; `fresh`: what rules may know of leads that were opened here, as far as that is known;
    `changed`: persons of whom more is known now.
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
    fresh: dict[int, LeadFacts] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)


def take_in_many(
    uow: UnitOfWork,
    rows: Sequence[Checked],
    *,
    source: Source | None = None,
    actor: Actor | None = None,
    quiet: bool = False,
    at_once: bool = False,
    house: House | None = None,
) -> list[TakenIn]:
    """Take in up to `CHUNK` checked arrivals; what became of each, in their order. New leads are dealt by a job.

    Args:
        at_once: new leads are dealt here and now.
        quiet: nothing is dealt, and no owner is told that customers came again.
        house: what was read of the organization in this transaction.

    Raises: Conflict when others win every race against some of the rows; PoolNotFound.
    """
    batch = Batch(uow, house or houses.of(uow), source, actor, rows, scoring.openings(uow), quiet, at_once)
    taken: dict[int, TakenIn] = {}
    for _ in range(intake.TRIES):
        waiting = [number for number in range(len(rows)) if number not in taken]
        if not waiting:
            return [taken[number] for number in range(len(rows))]
        taken |= _pass(batch, waiting)
    raise Conflict


def _pass(batch: Batch, numbers: Sequence[int]) -> dict[int, TakenIn]:
    groups = _standing(batch.uow, _grouped(batch, numbers))
    drawn = _draw(batch.uow, groups)
    groups = _make_persons(batch, groups, drawn)
    opened = _open(batch, [group for group in groups if group.opens], drawn)
    touched = _touch(batch, groups, opened)
    _write_touches(batch, touched)
    happenings.write_changed(batch.uow, batch.changed & {group.person_id for group in groups if group.known})
    batch.changed.clear()
    _score(batch, groups, opened, touched)
    if opened and not batch.quiet:
        _dispatch(batch, [result.lead_id for _, result in sorted(opened.items())])
    duplicates.order(
        batch.uow,
        sorted(opened[group.rows[0]].lead_id for group in groups if group.known is None and group.rows[0] in opened),
    )
    return opened | touched


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
        met = [of_key[key] for key in keys if key in of_key]
        group = met[0] if met else Group(None)
        group.rows.append(number)
        groups[id(group)] = group
        if not met:  # as nearly all of a file
            strangers = dict.fromkeys(keys)
            group.keys.update(strangers)
            of_key.update(dict.fromkeys(strangers, group))
            continue
        group.keys.update({key: None for key in keys if key not in found and of_key.setdefault(key, group) is group})
        others = {found[key].person_id for key in keys if key in found} - {group.person_id}
        if group.known and others:
            batch.clashes[number] = sorted(others)
    return list(groups.values())


def _standing(uow: UnitOfWork, groups: list[Group]) -> list[Group]:
    """Without persons whom somebody has merged away meanwhile: their keys lead to another one."""
    known = sorted(group.person_id for group in groups if group.known)
    alive = set(uow.session.scalars(sql.ALIVE, {"org": uow.org_id, "persons": known})) if known else set()
    return [group for group in groups if group.known is None or group.person_id in alive]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Ids for new persons and leads, and the leads' numbers."""

    persons: Iterator[int]
    leads: Iterator[tuple[int, int]]


def _draw(uow: UnitOfWork, groups: Sequence[Group]) -> Drawn:
    args = {"persons": sum(group.known is None for group in groups), "leads": sum(group.opens for group in groups)}
    row = uow.execute(sql.IDS, {"org": uow.org_id} | args).one() if args["leads"] else (None, None, None)
    persons, leads, numbers = (map(int, (words or "").split()) for words in row)
    return Drawn(persons, zip(leads, numbers, strict=True))


def _make_persons(batch: Batch, groups: list[Group], drawn: Drawn) -> list[Group]:
    """Write new persons and keys. Returns the groups without those whose keys somebody else was faster with."""
    uow = batch.uow
    fresh = [group for group in groups if group.known is None]
    for group in fresh:
        group.person_id = next(drawn.persons)
    first = [batch.rows[group.rows[0]] for group in fresh]
    pairs = [(group.person_id, kind, value) for group in groups for kind, value in group.keys]
    if not pairs:
        return groups
    args = {
        "org": uow.org_id, "now": uow.now, "ids": [group.person_id for group in fresh],
        "names": [row.name for row in first], "sounds": [sound.of_name(row.name) for row in first],
        "firms": [firm(row.company) for row in first], "companies": [row.company for row in first],
        "jobs": [row.title for row in first], "persons": [person for person, _, _ in pairs],
        "kinds": [kind for _, kind, _ in pairs], "values": [value for _, _, value in pairs],
    }  # fmt: skip
    got = Counter(_numbers(uow.execute(sql.PERSONS, args).scalar_one()))
    batch.changed.update(got)
    late = {group.person_id for group in fresh if got[group.person_id] < len(group.keys)}
    if late:
        uow.execute(sql.FORGET, {"org": uow.org_id, "persons": list(late)})
    return [group for group in groups if group.person_id not in late]


def _open(batch: Batch, groups: Sequence[Group], drawn: Drawn) -> dict[int, TakenIn]:
    """Open a lead for each of these persons, from the first row. Persons who got one meanwhile are left out."""
    uow = batch.uow
    if not groups:
        return {}
    place = Place(houses.pool_for(batch.house, batch.source.pool_id if batch.source else None))
    rows = [_opening(batch, group, place) for group in groups]
    made = [TakenIn(*each, created=True, touched=False) for _, each in zip(groups, drawn.leads, strict=False)]
    first = [(batch.rows[group.rows[0]], batch.clashes.get(group.rows[0])) for group in groups]
    args = {
        "org": uow.org_id, "now": uow.now, "actor": _actor_id(batch), "ids": [one.lead_id for one in made],
        "numbers": [one.number for one in made], "persons": [group.person_id for group in groups],
        "amounts": [None if row["amount"] is None else str(row["amount"]) for row in rows],
        "tags": [_array(row["tags"]) for row in rows], "notes": [checked.note for checked, _ in first],
        "data": [_data(batch, checked, clash) for checked, clash in first],
    }  # fmt: skip
    args |= {name: [row[field] for row in rows] for name, field in _EACH.items()}
    args |= {name: rows[0][name] for name in _SHARED}
    opened = set(_numbers(uow.execute(sql.LEADS, args).scalar_one()))
    if batch.at_once:
        _know(batch, zip(groups, made, rows, strict=True))
    return {group.rows[0]: one for group, one in zip(groups, made, strict=True) if one.lead_id in opened}


def _know(batch: Batch, opened: Iterable[tuple[Group, TakenIn, Mapping[str, Any]]]) -> None:
    """Nobody has to look up what is known of leads of strangers who came once: only this transaction sees them."""
    pools = placing.pools(batch.uow)
    for group, made, row in opened:
        if group.known is None and len(group.rows) == 1:
            batch.fresh[made.lead_id] = _facts(batch, group, made, row, pools.key_of(row["pool"]))


def _facts(batch: Batch, group: Group, made: TakenIn, row: Mapping[str, Any], pool: str | None) -> LeadFacts:
    """What `lead_facts.read` would say of it."""
    named = {name: row[name] for name in ("origin", "channel", "campaign", "level", "product", "region", "amount")}
    return LeadFacts(
        made.lead_id, stage=batch.house.stage, funnel=batch.house.funnel, line=batch.house.line, pool=pool,
        source=batch.source.key if batch.source else None, score=row["score"], tags=tuple(row["tags"]),
        custom=json.loads(row["custom"], parse_float=Decimal), person_id=group.person_id, created_at=batch.uow.now,
        stage_entered_at=batch.uow.now, age=timedelta(0), **named,
    )  # fmt: skip


def _opening(batch: Batch, group: Group, place: Place) -> dict[str, Any]:
    return intake.of_lead(
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
    batch.changed.update(_fill(batch.uow, more))
    args = {
        "org": batch.uow.org_id, "now": batch.uow.now, "ids": list(rows_of),
        "counts": [len(rows) for rows in rows_of.values()],
    }  # fmt: skip
    leads = batch.uow.execute(sql.TOUCHES, args).all()
    batch.uow.touch(*(row.id for row in leads))
    if not batch.quiet:
        _tell_owners(batch, [(row.owner_id, row.id) for row in leads if row.owner_id])
    return {
        number: TakenIn(row.id, row.number, created=False, touched=True) for row in leads for number in rows_of[row.id]
    }


def _fill(uow: UnitOfWork, more: Mapping[int, Sequence[Checked]]) -> list[int]:
    """Complete persons of whom a further row tells more than was known, the first one that says it counts; whom."""
    told = {
        person: [next(filter(None, (getattr(row, name) for row in rows)), "") for name in ("name", "company", "title")]
        for person, rows in sorted(more.items())
    }
    names, companies, jobs = zip(*told.values(), strict=True)
    args = {"org": uow.org_id, "ids": list(told), "names": list(names), "companies": list(companies)}
    return [row.id for row in uow.execute(sql.FILL, args | {"jobs": list(jobs)})]


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


def _write_touches(batch: Batch, touched: Mapping[int, TakenIn]) -> None:
    rows = [(batch.rows[number], result, batch.clashes.get(number)) for number, result in sorted(touched.items())]
    args = {
        "org": batch.uow.org_id, "now": batch.uow.now, "actor": _actor_id(batch),
        "leads": [result.lead_id for _, result, _ in rows], "words": [checked.note for checked, _, _ in rows],
        "data": [_data(batch, checked, clash) for checked, _, clash in rows],
    }  # fmt: skip
    if rows:
        batch.uow.execute(sql.AGAIN, args)


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
        dealing.deal(batch.uow, lead_ids, fresh=batch.fresh)
        return
    args = {"org_id": batch.uow.org_id, "lead_ids": lead_ids}
    batch.uow.defer(queue.Order(queue.DEAL, args, queue=queue.BULK))


def _numbers(words: str | None) -> list[int]:
    """What a statement returns as one word of numbers."""
    return [int(number) for number in (words or "").split()]


def _actor_id(batch: Batch) -> int | None:
    return batch.actor.id if batch.actor else None

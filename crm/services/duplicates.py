"""Who looks like somebody known already: found by index, compared by `crm/rules/dedupe.py`, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from crm import queue
from crm.rules import dedupe_words as words
from crm.rules import sound
from crm.rules.arrival import Arrival, FieldErrors, check
from crm.rules.dedupe import Alike, Facts, compare, heard, tails, typos
from crm.rules.keys import DEFAULT_REGION
from crm.uow import UnitOfWork

MOST = 50  # of each kind are looked at; who is meant is among the first
_ALIKE = text(
    "select distinct person_id"
    " from sluice_alike(:names, :sounds, :spellings, :cores, :domains, :numbers, :tails, :most)"
)
_FACTS = text(
    """
    select p.id, p.name, p.company,
           (select json_agg(json_build_array(k.kind, k.value)) from person_key k
             where k.org_id = p.org_id and k.person_id = p.id) as keys
    from person p where p.org_id = :org and p.id = any(:ids) and p.merged_into is null and p.erased_at is null
    """
)
# Pairs that somebody has decided or is asked about. Those that were made one and parted again are different.
_KNOWN = text(
    """
    select case when left_id = :person then right_id else left_id end as other from duplicate
    where org_id = :org and (left_id = :person or right_id = :person) and right_id is not null
    """
)
_SHORTEST = {True: 2, False: 4}  # of what is looked for in names of companies, in Chinese and else


@dataclass(frozen=True, slots=True)
class Near:
    """Somebody known, and how much the one asked about looks like them."""

    person_id: int
    alike: Alike


def near(uow: UnitOfWork, who: Facts, *, least: int, most: int = 5) -> list[Near]:
    """Those known who look like this one with at least so many points, the likeliest first, the one itself left out."""
    found = uow.session.scalars(_ALIKE, _wanted(who)).all()
    known = facts(uow, [person for person in found if person != who.id])
    judged = [Near(other.id, compare(who, other)) for other in known]
    alike = [one for one in judged if one.alike.points >= least]
    return sorted(alike, key=lambda one: (-one.alike.points, one.person_id))[:most]


def facts(uow: UnitOfWork, persons: Iterable[int]) -> list[Facts]:
    """What is known of these persons; those merged away or erased are left out."""
    rows = uow.session.execute(_FACTS, {"org": uow.org_id, "ids": list(persons)})
    return [
        Facts(row.name, row.company, tuple((kind, value) for kind, value in row.keys or ()), row.id) for row in rows
    ]


def of_arrival(arrival: Arrival, *, region: str = DEFAULT_REGION) -> Facts:
    """Somebody who is not known yet, as typed. Keys that cannot be read are left out."""
    try:
        keys = check(arrival, region=region).keys
    except FieldErrors:
        keys = ()
    return Facts(arrival.name, arrival.company, keys)


def order(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    """Have the people of new leads compared with all who are known, as soon as this is committed."""
    if lead_ids and uow.rules.dedupe.least is not None:
        uow.defer(queue.Order(queue.LOOK, {"org_id": uow.org_id, "lead_ids": list(lead_ids)}, queue=queue.BULK))


def decided(uow: UnitOfWork, person_id: int) -> set[int]:
    """The persons beside whom this one was looked at before."""
    return set(uow.session.scalars(_KNOWN, {"org": uow.org_id, "person": person_id}))


def _wanted(who: Facts) -> dict[str, Sequence[str] | int]:
    """What the search takes: patterns and values under which whoever is meant is found."""
    domains = {words.domain(email) for email in who.values("email")} - {""}
    numbers = [number for phone in who.values("phone")[:3] for number in typos(phone)]
    return {
        "names": [_escaped(name) for name in _names(who.name)], "sounds": sorted(heard(who.name)),
        "spellings": sound.spelled(who.name),
        "tails": [tail[::-1] for tail in sorted(tails(who))], "cores": [_escaped(core) for core in _cores(who)],
        "domains": sorted(domains), "numbers": numbers, "most": MOST,
    }  # fmt: skip


def _names(name: str) -> list[str]:
    """As it stands, and with first and last name the other way round."""
    plain = " ".join(name.lower().split())
    parts = plain.replace(",", " ").split()
    turned = " ".join([*parts[1:], parts[0]]) if len(parts) > 1 else plain
    every = [plain, turned, " ".join([parts[-1], *parts[:-1]]) if parts else ""]
    return [each for each in dict.fromkeys(every) if each]


def _cores(who: Facts) -> list[str]:
    """What tells the company apart, if it is long enough to be looked for."""
    core = who.core
    if not core or words.is_chinese(core):
        return [core] if len(core) >= _SHORTEST[True] else []
    longest = max(core.split(), key=len)
    return [longest] if len(longest) >= _SHORTEST[False] else []


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

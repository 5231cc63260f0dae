"""Who dispatch rules may deal to, with all that decides about it: duty, leave, hours, capacity, what was dealt."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from crm.rules import duty, quota
from crm.rules.dispatch import Candidate
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch
from crm.services import rosters
from crm.services.members import zone
from crm.services.rosters import Known
from crm.uow import UnitOfWork

# Days as numbers, as `date.toordinal` counts them.
_LEDGER = """
    r.member_id, r.holding, r.day - date '0001-01-01' + 1, r.dealt_day, r.week - date '0001-01-01' + 1, r.dealt_week,
    r.month - date '0001-01-01' + 1, r.dealt_month
"""
# The ledger of all in one string of numbers: to make five hundred rows of them takes longer than to read them.
_NOW = text(
    f"""
    select ({rosters.VERSION}) as version,
           (select '[' || string_agg(concat_ws(',', {_LEDGER}), ',') || ']' from rep_load r
             where r.org_id = :org and r.member_id = any(:members)) as ledger
    """  # noqa: S608  (constants)
)
_LOCK = text(
    """
    select r.member_id, r.holding, r.day - date '0001-01-01' + 1 as day, r.dealt_day,
           r.week - date '0001-01-01' + 1 as week, r.dealt_week, r.month - date '0001-01-01' + 1 as month, r.dealt_month
    from rep_load r where r.org_id = :org and r.member_id = any(:members) order by r.member_id for update
    """
)
_OPEN = text(
    """
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    select :org, member, 0, '2000-01-01', 0, '2000-01-01', 0, 0 from unnest(cast(:members as bigint[])) as m(member)
    order by member on conflict do nothing
    """
)

# Two lists, because each has an index of its own and together they have none. They are found by person and only then
# looked through: the index by owner would be read from end to end.
KNOWN_OWNERS = """
    with known as materialized (
        select person_id, owner_id, assigned_at, line_id, id from lead
        where org_id = :org and person_id = any({persons}) and status = 'open'
        union all
        select person_id, owner_id, assigned_at, line_id, id from lead
        where org_id = :org and person_id = any({persons}) and status = 'won'
    )
    select newest.person_id, newest.owner_id, ln.key as line from (
        select distinct on (person_id, line_id) person_id, line_id, owner_id, assigned_at, id
        from known where owner_id is not null
        order by person_id, line_id, assigned_at desc nulls last, id desc
    ) newest join line ln on ln.org_id = :org and ln.id = newest.line_id
    order by newest.assigned_at desc nulls last, newest.id desc
"""
_KNOWN_OWNERS = text(KNOWN_OWNERS.format(persons=":persons"))
_NOTHING = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Seats:
    """Candidates by id, and by the name of each rule those whom it names, by id; a member is one object everywhere."""

    by_id: dict[int, Candidate]
    by_rule: dict[str, list[Candidate]]


def of_rule(uow: UnitOfWork, rule: Dispatch) -> list[Candidate]:
    """Everybody the rule names, by id, also those who are out of the question now."""
    return of_rules(uow, [rule]).by_rule[rule.name]


def of_rules(uow: UnitOfWork, rules: Sequence[Dispatch], also: Collection[int] = ()) -> Seats:
    """Everybody whom these rules name, and these members."""
    if not rules and not also:
        return Seats({}, {})
    roster = rosters.kept(uow)
    known = roster.of(rules, also)
    now = _now(uow, known)
    if now.version != roster.version:
        roster = rosters.read(uow)
        known = roster.of(rules, also)
        now = _now(uow, known)
    by_id = _candidates(uow, known, json.loads(now.ledger or "[]"))
    return Seats(by_id, {rule.name: [by_id[one.member_id] for one in roster.named(rule)] for rule in rules})


def of_members(uow: UnitOfWork, member_ids: list[int]) -> dict[int, Candidate]:
    """These members as candidates, by id."""
    return of_rules(uow, [], also=member_ids).by_id


def lock(uow: UnitOfWork, seats: Iterable[Candidate]) -> None:
    """Nobody else changes what these members hold or were dealt until the transaction ends; their figures are read."""
    by_id = {one.member_id: one for one in seats}
    rows = _lock(uow, sorted(by_id)) if by_id else []
    missing = sorted(by_id.keys() - {row.member_id for row in rows})
    if missing:
        # A row that somebody else has just made is invisible to the statement that waited for it.
        uow.execute(_OPEN, {"org": uow.org_id, "members": missing})
        rows = [*rows, *_lock(uow, missing)]
    for row in rows:
        _write(uow, by_id[row.member_id], row[1:])


def read_again(uow: UnitOfWork, one: Candidate) -> None:
    """What the ledger says of the member by now."""
    figures = json.loads(_now(uow, [one.member_id]).ledger or "[]")
    if figures:
        _write(uow, one, figures[1:])


def known_owners(uow: UnitOfWork, leads: Sequence[LeadFacts]) -> dict[int, int]:
    """To whom the persons of these leads belong already, by lead; empty where the rules do not care.

    A line that follows a purchase has people of its own: who knows the customer from another line does not count there.
    """
    if not uow.rules.affinity or not leads:
        return {}
    args = {"org": uow.org_id, "persons": [lead.person_id for lead in leads]}
    return owners_among(uow, leads, [tuple(row) for row in uow.execute(_KNOWN_OWNERS, args)])


def owners_among(uow: UnitOfWork, leads: Sequence[LeadFacts], rows: Iterable[Sequence[Any]]) -> dict[int, int]:
    """The same of what `KNOWN_OWNERS` has found."""
    apart, owners = uow.rules.lines, dict[tuple[int | None, str | None], int]()
    for person_id, owner_id, line in rows:
        owners.setdefault((person_id, line if line in apart else None), owner_id)
    found = ((lead.id, owners.get((lead.person_id, lead.line if lead.line in apart else None))) for lead in leads)
    return {lead_id: owner for lead_id, owner in found if owner is not None}


def _now(uow: UnitOfWork, members: Iterable[int]) -> Any:
    """What the ledger says of these members, and which version the roster has by now."""
    args = {"org": uow.org_id, "today": uow.now.date(), "members": list(members)}
    return uow.execute(_NOW, args).one()


def _lock(uow: UnitOfWork, member_ids: Sequence[int]) -> Sequence[Any]:
    return uow.execute(_LOCK, {"org": uow.org_id, "members": list(member_ids)}).all()


def _write(uow: UnitOfWork, one: Candidate, figures: Sequence[int]) -> None:
    now = _counted(figures, _periods(uow, one.timezone))
    one.holding, one.dealt_today, one.dealt_week, one.dealt_month = now


def _candidates(uow: UnitOfWork, known: Mapping[int, Known], ledger: Sequence[int]) -> dict[int, Candidate]:
    """Args: ledger: one number after the other, as `_LEDGER` names them."""
    now, caps = uow.now, uow.rules.caps
    # Hundreds of members share a few time zones and calendars.
    here = {name: _periods(uow, name) for name in {one.timezone for one in known.values()}}
    shared = {id(one.calendar): one.calendar for one in known.values()}
    open_now = {key for key, calendar in shared.items() if calendar.is_working(now)}
    held = {row[0]: _counted(row[1:], here[known[row[0]].timezone]) for row in zip(*[iter(ledger)] * 8, strict=True)}
    made = {}
    for (
        member_id, name, email, role, active, on_duty, tags, joined_at, timezone, language, departments, away,
        capacity, calendar, _own, shifts,
    ) in known.values():  # fmt: skip
        holding, today, week, month = held.get(member_id, _NOTHING)
        here_now = on_duty and (not shifts or duty.runs(shifts, now.astimezone(zone(timezone))))
        on_leave = bool(away) and _covers(away, here[timezone][0])
        made[member_id] = Candidate(
            member_id, active, here_now, on_leave, id(calendar) in open_now, holding, capacity, today, departments,
            week, month, caps, role, name, email, tags, timezone, language, now - joined_at,
        )  # fmt: skip
    return made


def _covers(spans: Iterable[tuple[date, date]], day: int) -> bool:
    return any(first.toordinal() <= day <= last.toordinal() for first, last in spans)


def _counted(figures: Sequence[int], periods: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """What is held, and what was dealt in the day, week and month that it is."""
    holding, day, dealt_day, week, dealt_week, month, dealt_month = figures
    return (
        holding, dealt_day if day == periods[0] else 0, dealt_week if week == periods[1] else 0,
        dealt_month if month == periods[2] else 0,
    )  # fmt: skip


def _periods(uow: UnitOfWork, timezone: str) -> tuple[int, int, int]:
    """The day, week and month that it is there."""
    where = zone(timezone)
    begun = quota.day_of(uow.now, where), quota.week_of(uow.now, where), quota.month_of(uow.now, where)
    return begun[0].toordinal(), begun[1].toordinal(), begun[2].toordinal()

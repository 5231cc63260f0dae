"""Who dispatch rules may deal to, with all that decides about it: duty, leave, hours, capacity, what was dealt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from crm.rules import quota
from crm.rules.dispatch import Candidate
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch, To
from crm.rules.turns import names_of
from crm.services import calendars
from crm.services.members import zone
from crm.uow import UnitOfWork

_LEDGER = "r.day, r.dealt_day, r.week, r.dealt_week, r.month, r.dealt_month"
_WHO = text(
    f"""
    with team as materialized (
        select d.id, d.timezone, d.locale, array_agg(a.key order by cardinality(a.path)) as keys
        from department d join department a on a.org_id = d.org_id and a.id = any(d.path)
        where d.org_id = :org group by d.id, d.timezone, d.locale
    )
    select m.id, m.name, m.email, m.role, m.active, m.on_duty, m.tags, m.joined_at,
           coalesce(m.timezone, d.timezone, o.timezone) as timezone, coalesce(m.locale, d.locale, o.locale) as locale,
           coalesce(d.keys, '{{}}') as departments, coalesce(r.holding, 0) as holding, {_LEDGER}
    from member m join organization o on o.id = m.org_id
    left join team d on d.id = m.department_id
    left join rep_load r on r.org_id = m.org_id and r.member_id = m.id
    where m.org_id = :org and m.left_at is null
      and (m.id = any(:only) or m.role = any(:roles) or lower(m.email) = any(:named) or lower(m.name) = any(:named))
    order by m.id
    """  # noqa: S608  (a constant)
)
_LOCK = text(
    f"""
    select r.member_id as id, r.holding, {_LEDGER} from rep_load r
    where r.org_id = :org and r.member_id = any(:members) order by r.member_id for update
    """  # noqa: S608  (a constant)
)
_OPEN = text(
    """
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    select :org, member, 0, '2000-01-01', 0, '2000-01-01', 0, 0 from unnest(cast(:members as bigint[])) as m(member)
    order by member on conflict do nothing
    """
)
_AWAY = text(
    "select l.member_id, l.starts_on, l.ends_on from leave l where l.org_id = :org and l.member_id = any(:ids)"
    " and l.ends_on >= cast(:today as date) - 1 and l.starts_on <= cast(:today as date) + 1"
)

# Two lists, because each has an index of its own and together they have none. They are found by person and only then
# looked through: the index by owner would be read from end to end.
_KNOWN_OWNERS = text(
    """
    with known as materialized (
        select person_id, owner_id, assigned_at, line_id, id from lead
        where org_id = :org and person_id = any(:persons) and status = 'open'
        union all
        select person_id, owner_id, assigned_at, line_id, id from lead
        where org_id = :org and person_id = any(:persons) and status = 'won'
    )
    select newest.person_id, newest.owner_id, ln.key as line from (
        select distinct on (person_id, line_id) person_id, line_id, owner_id, assigned_at, id
        from known where owner_id is not null
        order by person_id, line_id, assigned_at desc nulls last, id desc
    ) newest join line ln on ln.org_id = :org and ln.id = newest.line_id
    order by newest.assigned_at desc nulls last, newest.id desc
    """
)


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
    roles = sorted({role for rule in rules for role in rule.to.roles})
    named = sorted({name.casefold() for rule in rules for name in rule.to.members})
    args = {"org": uow.org_id, "only": list(also), "roles": roles, "named": named}
    everybody = _candidates(uow, uow.session.execute(_WHO, args).all())
    by_rule = {rule.name: [one for one in everybody if _named(rule.to, one)] for rule in rules}
    return Seats({one.member_id: one for one in everybody}, by_rule)


def of_members(uow: UnitOfWork, member_ids: list[int]) -> dict[int, Candidate]:
    """These members as candidates, by id."""
    return of_rules(uow, [], also=member_ids).by_id


def lock(uow: UnitOfWork, seats: Iterable[Candidate]) -> None:
    """Nobody else changes what these members hold or were dealt until the transaction ends; their figures are read."""
    by_id = {one.member_id: one for one in seats}
    rows = _lock(uow, sorted(by_id))
    missing = sorted(by_id.keys() - {row.id for row in rows})
    if missing:
        # A row that somebody else has just made is invisible to the statement that waited for it.
        uow.session.execute(_OPEN, {"org": uow.org_id, "members": missing})
        rows = [*rows, *_lock(uow, missing)]
    _count(uow, [(by_id[row.id], row) for row in rows])


def known_owners(uow: UnitOfWork, leads: Sequence[LeadFacts]) -> dict[int, int]:
    """To whom the persons of these leads belong already, by lead; empty where the rules do not care.

    A line that follows a purchase has people of its own: who knows the customer from another line does not count there.
    """
    if not uow.rules.affinity:
        return {}
    args = {"org": uow.org_id, "persons": [lead.person_id for lead in leads]}
    apart, owners = uow.rules.lines, dict[tuple[int | None, str | None], int]()
    for row in uow.session.execute(_KNOWN_OWNERS, args):
        owners.setdefault((row.person_id, row.line if row.line in apart else None), row.owner_id)
    found = ((lead.id, owners.get((lead.person_id, lead.line if lead.line in apart else None))) for lead in leads)
    return {lead_id: owner for lead_id, owner in found if owner is not None}


def _named(to: To, one: Candidate) -> bool:
    """Whether a rule's `to` means this member: by name, or by role within the departments and tags it asks for."""
    if to.members and not names_of(one).isdisjoint(name.casefold() for name in to.members):
        return True
    if one.role not in to.roles or (to.members and not to.departments and not to.tags):
        return False
    return (not to.departments or not set(to.departments).isdisjoint(one.departments)) and (
        not to.tags or not set(to.tags).isdisjoint(one.tags)
    )


def _lock(uow: UnitOfWork, member_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return uow.session.execute(_LOCK, {"org": uow.org_id, "members": list(member_ids)}).all()


def _candidates(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> list[Candidate]:
    ids, rules = [row.id for row in rows], uow.rules
    known = calendars.for_members(uow, ids)
    away = _on_leave(uow, {row.id: row.timezone for row in rows})
    # Hundreds of members share a few calendars, and rows are unpacked because asking them by name takes as long again.
    working = {id(calendar): calendar.is_working(uow.now) for calendar in known.values()}
    made = [
        Candidate(
            member_id=member_id, active=active, on_duty=on_duty, on_leave=member_id in away,
            working=working[id(known[member_id])], holding=0, dealt_today=0,
            capacity=quota.capacity_for(rules, role=role, departments=departments, email=email, name=name),
            departments=tuple(departments), caps=rules.caps, role=role, name=name, email=email, tags=tuple(tags),
            timezone=timezone, language=locale, tenure=uow.now - joined_at,
        )
        for member_id, name, email, role, active, on_duty, tags, joined_at, timezone, locale, departments, *_
        in map(tuple, rows)
    ]  # fmt: skip
    _count(uow, zip(made, rows, strict=True))
    return made


def _count(uow: UnitOfWork, found: Iterable[tuple[Candidate, Row[Any]]]) -> None:
    """What rows of the ledger say about the day, week and month that it is for each member."""
    here: dict[str, tuple[date, date, date]] = {}
    for one, row in found:
        if one.timezone not in here:
            where = zone(one.timezone)
            here[one.timezone] = (
                quota.day_of(uow.now, where), quota.week_of(uow.now, where), quota.month_of(uow.now, where),
            )  # fmt: skip
        day, week, month = here[one.timezone]
        one.holding = row.holding
        one.dealt_today = row.dealt_day if row.day == day else 0
        one.dealt_week = row.dealt_week if row.week == week else 0
        one.dealt_month = row.dealt_month if row.month == month else 0


def _on_leave(uow: UnitOfWork, zones: dict[int, str]) -> set[int]:
    """Who is away on the local day that it is for each."""
    rows = uow.session.execute(_AWAY, {"org": uow.org_id, "ids": list(zones), "today": uow.now.date()})
    return {
        row.member_id
        for row in rows
        if row.starts_on <= quota.day_of(uow.now, zone(zones[row.member_id])) <= row.ends_on
    }

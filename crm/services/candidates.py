"""Who a dispatch rule may deal to, with all that decides about it: duty, leave, hours, capacity, the day's share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from crm.rules import quota
from crm.rules.dispatch import Candidate
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch, To
from crm.services import calendars
from crm.services.members import zone
from crm.uow import UnitOfWork

_WHO = text(
    """
    select m.id, m.name, m.email, m.role, m.active, m.on_duty, m.tags,
           coalesce(m.timezone, d.timezone, o.timezone) as timezone,
           coalesce((select array_agg(a.key order by cardinality(a.path)) from department a
                     where a.org_id = m.org_id and a.id = any(d.path)), '{}') as departments,
           coalesce(r.holding, 0) as holding, r.day, coalesce(r.dealt_day, 0) as dealt_day
    from member m join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join rep_load r on r.org_id = m.org_id and r.member_id = m.id
    where m.org_id = :org and m.left_at is null
      and (m.id = any(:only) or m.role = any(:roles) or lower(m.email) = any(:named) or lower(m.name) = any(:named))
    order by m.id
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
        select person_id, owner_id, assigned_at, id from lead
        where org_id = :org and person_id = any(:persons) and status = 'open'
        union all
        select person_id, owner_id, assigned_at, id from lead
        where org_id = :org and person_id = any(:persons) and status = 'won'
    )
    select distinct on (person_id) person_id, owner_id from known where owner_id is not null
    order by person_id, assigned_at desc nulls last, id desc
    """
)


def of_rule(uow: UnitOfWork, rule: Dispatch) -> list[Candidate]:
    """Everybody the rule names, by id, also those who are out of the question now."""
    named = [name.casefold() for name in rule.to.members]
    rows = uow.session.execute(
        _WHO, {"org": uow.org_id, "only": [], "roles": list(rule.to.roles), "named": named}
    ).all()
    return _candidates(uow, [row for row in rows if _named(rule.to, row)])


def of_members(uow: UnitOfWork, member_ids: list[int]) -> dict[int, Candidate]:
    """These members as candidates, by id."""
    args = {"org": uow.org_id, "only": member_ids, "roles": [], "named": []}
    return {one.member_id: one for one in _candidates(uow, uow.session.execute(_WHO, args).all())}


def known_owners(uow: UnitOfWork, leads: Sequence[LeadFacts]) -> dict[int, int]:
    """To whom the persons of these leads belong already, by lead; empty where the rules do not care."""
    if not uow.rules.affinity:
        return {}
    args = {"org": uow.org_id, "persons": [lead.person_id for lead in leads]}
    owners = {row.person_id: row.owner_id for row in uow.session.execute(_KNOWN_OWNERS, args)}
    return {lead.id: owners[lead.person_id] for lead in leads if lead.person_id in owners}


def _named(to: To, row: Row[Any]) -> bool:
    """Whether a rule's `to` means this member: by name, or by role within the departments and tags it asks for."""
    names = {name.casefold() for name in to.members}
    if (row.email or "").casefold() in names or row.name.casefold() in names:
        return True
    if row.role not in to.roles or (to.members and not to.departments and not to.tags):
        return False
    return (not to.departments or not set(to.departments).isdisjoint(row.departments)) and (
        not to.tags or not set(to.tags).isdisjoint(row.tags)
    )


def _candidates(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> list[Candidate]:
    ids, rules = [row.id for row in rows], uow.rules
    known = calendars.for_members(uow, ids)
    away = _on_leave(uow, {row.id: row.timezone for row in rows})
    return [
        Candidate(
            member_id=row.id, active=row.active, on_duty=row.on_duty, on_leave=row.id in away,
            working=known[row.id].is_working(uow.now), holding=row.holding,
            capacity=quota.capacity_for(
                rules, role=row.role, departments=row.departments, email=row.email, name=row.name
            ),
            dealt_today=row.dealt_day if row.day == quota.day_of(uow.now, zone(row.timezone)) else 0,
            departments=tuple(row.departments),
        )
        for row in rows
    ]  # fmt: skip


def _on_leave(uow: UnitOfWork, zones: dict[int, str]) -> set[int]:
    """Who is away on the local day that it is for each."""
    rows = uow.session.execute(_AWAY, {"org": uow.org_id, "ids": list(zones), "today": uow.now.date()})
    return {
        row.member_id
        for row in rows
        if row.starts_on <= quota.day_of(uow.now, zone(zones[row.member_id])) <= row.ends_on
    }

"""Whose calendar holds: the member's time zone and leave, the nearest team's working hours, else the organization's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import text

from crm.calendar import Calendar
from crm.services.members import zone
from crm.uow import UnitOfWork

COLUMNS = """
    coalesce(m.timezone, d.timezone, o.timezone) as timezone, c.opens, c.closes, c.weekdays, c.country,
    c.extra_holidays, c.extra_workdays, away.days as away
"""
# What a member `m` needs around it.
JOINS = """
    join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join lateral (
        select t.* from team_calendar t
        where t.org_id = m.org_id and (t.department_id is null or t.department_id = any(d.path))
        order by array_position(d.path, t.department_id) desc nulls last limit 1
    ) c on true
    left join lateral (
        select array_agg(array[l.starts_on, l.ends_on]) as days from leave l
        where l.org_id = m.org_id and l.member_id = m.id
    ) away on true
"""
_MEMBERS = text(
    f"select m.id, {COLUMNS} from member m {JOINS} where m.org_id = :org and m.id = any(:ids)"  # noqa: S608  (constants)
)
_TEAM = text(
    """
    select coalesce(d.timezone, o.timezone) as timezone, c.opens, c.closes, c.weekdays, c.country, c.extra_holidays,
           c.extra_workdays, null as away
    from organization o
    left join department d on d.org_id = o.id and d.id = :department
    left join lateral (
        select t.* from team_calendar t
        where t.org_id = o.id and (t.department_id is null or t.department_id = any(d.path))
        order by array_position(d.path, t.department_id) desc nulls last limit 1
    ) c on true
    where o.id = :org
    """
)
_LONGEST_LEAVE = 400


class Kept(NamedTuple):
    """What is kept of a calendar, as `COLUMNS` names it; without `opens` only the time zone and the leave are."""

    timezone: str
    opens: time | None
    closes: time
    weekdays: Sequence[int]
    country: str
    extra_holidays: Sequence[str]
    extra_workdays: Sequence[str]
    away: Sequence[tuple[date, date]] | None


NAMES = Kept._fields


def for_member(uow: UnitOfWork, member_id: int) -> Calendar:
    """The calendar by which this member's clocks run."""
    return for_members(uow, [member_id])[member_id]


def for_members(uow: UnitOfWork, member_ids: Iterable[int]) -> dict[int, Calendar]:
    """The calendars of several members, read once per transaction."""
    known: dict[int, Calendar] = uow.session.info.setdefault("calendars", {})
    missing = sorted(set(member_ids) - known.keys())
    if missing:
        rows = uow.session.execute(_MEMBERS, {"org": uow.org_id, "ids": missing})
        known.update({row.id: _calendar(Kept(*row[1:])) for row in rows})
    return known


def remember(uow: UnitOfWork, member_id: int, row: Sequence[Any]) -> None:
    """A row of `COLUMNS` was read along with something else: it is not read again in this transaction."""
    uow.session.info.setdefault("calendars", {})[member_id] = _calendar(Kept(*row))


def for_team(uow: UnitOfWork, department_id: int | None) -> Calendar:
    """The calendar of a department, or of the whole organization."""
    return _calendar(Kept(*uow.session.execute(_TEAM, {"org": uow.org_id, "department": department_id}).one()))


def _calendar(row: Kept) -> Calendar:
    if row.opens is None:
        return _shared(row.timezone, away=_days(row.away or ()))
    return _shared(
        row.timezone, opens=row.opens, closes=row.closes, weekdays=frozenset(row.weekdays), country=row.country,
        holidays=frozenset(map(date.fromisoformat, row.extra_holidays)),
        workdays=frozenset(map(date.fromisoformat, row.extra_workdays)), away=_days(row.away or ()),
    )  # fmt: skip


def _days(spans: Iterable[tuple[date, date]]) -> frozenset[date]:
    return frozenset(
        first + timedelta(days=number)
        for first, last in spans
        for number in range(min((last - first).days, _LONGEST_LEAVE) + 1)
    )


@lru_cache(maxsize=1024)
def _shared(
    timezone: str, *, away: frozenset[date], holidays: frozenset[date] = frozenset(),
    workdays: frozenset[date] = frozenset(),
    **hours: Any,
) -> Calendar:  # fmt: skip
    """One calendar object for all transactions, because its years are worked out once."""
    return Calendar(zone(timezone), holidays=holidays | away, workdays=workdays - away, **hours)

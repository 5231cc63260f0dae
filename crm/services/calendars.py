"""Whose calendar holds: the member's time zone and leave, the nearest team's working hours, else the organization's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import text

from crm.calendar import Calendar
from crm.rules.recycle import Stops
from crm.rules.standing import Span
from crm.services.members import zone
from crm.uow import UnitOfWork

_HOURS = """
    coalesce(m.timezone, d.timezone, o.timezone) as timezone, c.opens, c.closes, c.weekdays, c.country,
    c.extra_holidays, c.extra_workdays, away.days as away
"""
STOPS = """
    (select json_agg(json_build_array(rp.rule, rp.at, coalesce(rp.ended_at, rp.until))) from rule_pause rp
      where rp.org_id = :org and rp.kind = 'recycle') as stops
"""
COLUMNS = f"{_HOURS}, {STOPS}"
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
# For each team, and for those in none, the calendar that JOINS finds for one member.
OF_TEAMS = """
    select t.id as team, c.* from (
        select d.id, d.path from department d where d.org_id = :org union all select 0, '{}'
    ) t
    left join lateral (
        select c.opens, c.closes, c.weekdays, c.country, c.extra_holidays, c.extra_workdays from team_calendar c
        where c.org_id = :org and (c.department_id is null or c.department_id = any(t.path))
        order by array_position(t.path, c.department_id) desc nulls last limit 1
    ) c on true
"""
# A row for each calendar, of which hundreds of members share a few.
_MEMBERS = text(
    f"""
    select alike.*, {STOPS} from (
        select array_agg(m.id) as ids, {_HOURS}
        from member m join organization o on o.id = m.org_id
        left join department d on d.org_id = m.org_id and d.id = m.department_id
        left join ({OF_TEAMS}) c on c.team = coalesce(m.department_id, 0)
        left join (
            select l.member_id, array_agg(array[l.starts_on, l.ends_on]) as days from leave l
            where l.org_id = :org and l.member_id = any(:ids) group by l.member_id
        ) away on away.member_id = m.id
        where m.org_id = :org and m.id = any(:ids)
        group by 2, 3, 4, 5, 6, 7, 8, 9
    ) alike
    """  # noqa: S608  (constants)
)
_TEAM = text(
    """
    select coalesce(d.timezone, o.timezone) as timezone, c.opens, c.closes, c.weekdays, c.country, c.extra_holidays,
           c.extra_workdays, null as away, null as stops
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
_LONGEST_LEAVE = timedelta(days=400)


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
    stops: Sequence[tuple[str, str, str]] | None


NAMES = Kept._fields


def for_member(uow: UnitOfWork, member_id: int) -> Calendar:
    """The calendar by which this member's clocks run."""
    return for_members(uow, [member_id])[member_id]


def for_members(uow: UnitOfWork, member_ids: Iterable[int]) -> dict[int, Calendar]:
    """The calendars of several members, read once per transaction."""
    known: dict[int, Calendar] = uow.session.info.setdefault("calendars", {})
    missing = sorted(set(member_ids) - known.keys())
    if missing:
        for row in uow.execute(_MEMBERS, {"org": uow.org_id, "ids": missing}):
            remember(uow, row.ids, row[1:])
    return known


def remember(uow: UnitOfWork, member_ids: Iterable[int], row: Sequence[Any]) -> None:
    """A row of `COLUMNS` was read that holds for these members: it is not read again in this transaction."""
    kept = Kept(*row)
    uow.session.info.setdefault("calendars", {}).update(dict.fromkeys(member_ids, of_row(kept)))
    if "stops" not in uow.session.info:
        uow.session.info["stops"] = _stops(kept.stops or ())


def remember_stops(uow: UnitOfWork, pauses: Iterable[Sequence[str]] | None) -> None:
    """What `STOPS` gave was read along with something else."""
    uow.session.info.setdefault("stops", _stops(pauses or ()))


def stops(uow: UnitOfWork) -> Stops:
    """When rules stand still because somebody paused them; they are read along with the first calendar."""
    found: Stops = uow.session.info.get("stops", {})
    return found


def forget(uow: UnitOfWork) -> None:
    """Leave, hours or pauses have just changed: what this transaction has read of them holds no more."""
    uow.session.info.pop("calendars", None)
    uow.session.info.pop("stops", None)


def for_team(uow: UnitOfWork, department_id: int | None) -> Calendar:
    """The calendar of a department, or of the whole organization."""
    return of_row(Kept(*uow.session.execute(_TEAM, {"org": uow.org_id, "department": department_id}).one()))


def of_row(row: Kept) -> Calendar:
    """The calendar that is kept so."""
    if row.opens is None:
        return _shared(row.timezone, away=_spans(row.away or ()))
    return _shared(
        row.timezone, opens=row.opens, closes=row.closes, weekdays=frozenset(row.weekdays), country=row.country,
        holidays=frozenset(map(date.fromisoformat, row.extra_holidays)),
        workdays=frozenset(map(date.fromisoformat, row.extra_workdays)), away=_spans(row.away or ()),
    )  # fmt: skip


def _stops(pauses: Iterable[Sequence[str]]) -> Stops:
    found: dict[str, list[Span]] = {}
    for rule, start, end in pauses:
        found.setdefault(rule, []).append((datetime.fromisoformat(start), datetime.fromisoformat(end)))
    return found


def _spans(days: Iterable[Sequence[date]]) -> tuple[tuple[date, date], ...]:
    """Spans of leave in order, each of a bearable length."""
    return tuple(sorted((first, min(last, first + _LONGEST_LEAVE)) for first, last in days))


@lru_cache(maxsize=1024)
def _shared(timezone: str, **days: Any) -> Calendar:
    """One calendar object for all transactions, because its years are worked out once."""
    return Calendar(zone(timezone), **days)

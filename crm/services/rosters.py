"""Who works for an organization, with what dispatch rules ask about each: read when something of it has changed, and
kept from one transaction to the next until then.

Whether it has is seen in the database itself: every change of a row makes a new version of it, whoever made the change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text

from crm.calendar import Calendar
from crm.rules import quota
from crm.rules.duty import Shift
from crm.rules.ruleset import Dispatch, Rules, To
from crm.services import calendars
from crm.uow import UnitOfWork

# Where each version of each row that counts lies, and who wrote it, as one number; how many there are beside it, so
# that no two sets are taken for one.
VERSION = """
    select count(*) || ':' || coalesce(bit_xor(hash_record_extended(row(part.tableoid, part.ctid, part.xmin), 0)), 0)
    from (
        select tableoid, ctid, xmin from member where org_id = :org and left_at is null
        union all select tableoid, ctid, xmin from department where org_id = :org
        union all select tableoid, ctid, xmin from team_calendar where org_id = :org
        union all select tableoid, ctid, xmin from organization where id = :org
        union all select tableoid, ctid, xmin from duty where org_id = :org
        union all select tableoid, ctid, xmin from leave where org_id = :org and ends_on >= cast(:today as date) - 1
    ) part
"""
_READ = text(
    f"""
    with team as materialized (
        select d.id, d.timezone, d.locale, array_agg(a.key order by cardinality(a.path)) as keys
        from department d join department a on a.org_id = d.org_id and a.id = any(d.path)
        where d.org_id = :org group by d.id, d.timezone, d.locale
    )
    select ({VERSION}) as version, m.id, m.name, m.email, m.role, m.active, m.on_duty, m.tags, m.joined_at,
           coalesce(m.timezone, d.timezone, o.timezone), coalesce(m.locale, d.locale, o.locale),
           coalesce(d.keys, '{{}}'), away.days, rota.shifts, c.opens, c.closes, c.weekdays, c.country, c.extra_holidays,
           c.extra_workdays
    from member m join organization o on o.id = m.org_id
    left join team d on d.id = m.department_id
    left join ({calendars.OF_TEAMS}) c on c.team = coalesce(m.department_id, 0)
    left join (
        select l.member_id, array_agg(array[l.starts_on, l.ends_on]) as days from leave l
        where l.org_id = :org and l.ends_on >= cast(:today as date) - 1 group by l.member_id
    ) away on away.member_id = m.id
    left join (
        select s.member_id, json_agg(json_build_array(s.weekdays, s.opens, s.closes)) as shifts from duty s
        where s.org_id = :org group by s.member_id
    ) rota on rota.member_id = m.id
    where m.org_id = :org and m.left_at is null
    order by m.id
    """  # noqa: S608  (constants)
)
_KEPT = 256
_ROSTERS: WeakKeyDictionary[Engine, dict[int, Roster]] = WeakKeyDictionary()


class Known(NamedTuple):
    """A member as far as it does not depend on the hour.

    Attributes:
        away: leave that is not over; `calendar` knows none, `own` knows it.
        shifts: hours of the week on duty; none where the member has no rota.
    """

    member_id: int
    name: str
    email: str | None
    role: str
    active: bool
    on_duty: bool
    tags: tuple[str, ...]
    joined_at: datetime
    timezone: str
    language: str
    departments: tuple[str, ...]
    away: Sequence[tuple[date, date]]
    capacity: int | None
    calendar: Calendar
    own: Calendar
    shifts: tuple[Shift, ...]

    @property
    def names(self) -> set[str]:
        """What rules may call the member, without case."""
        return {self.name.casefold(), (self.email or self.name).casefold()}


@dataclass(slots=True)
class Roster:
    """All who are not gone, by id, in the order of their ids; true while `version` is, on that day, under these rules.

    Args:
        today: the day in UTC from which on leave was read.
    """

    version: str
    rules: Rules
    today: date
    members: dict[int, Known]
    _named: dict[str, tuple[Dispatch, tuple[Known, ...]]] = field(default_factory=dict)

    def named(self, rule: Dispatch) -> tuple[Known, ...]:
        """Everybody whom a rule names, by id."""
        known = self._named.get(rule.name)
        if known is None or known[0] is not rule:
            known = self._named[rule.name] = rule, tuple(one for one in self.members.values() if _means(rule.to, one))
        return known[1]

    def of(self, rules: Sequence[Dispatch], also: Collection[int]) -> dict[int, Known]:
        """Everybody whom these rules name, and these members, by id."""
        found = {one.member_id: one for rule in rules for one in self.named(rule)}
        return found | {member: self.members[member] for member in also if member in self.members}


def kept(uow: UnitOfWork) -> Roster:
    """The roster as it was read last; whether it still holds is for the caller to see. Read now if there is none."""
    found = _of_engine(uow).get(uow.org_id)
    if found is None or found.rules is not uow.rules or found.today != uow.now.date():
        return read(uow)
    return found


def calendar(uow: UnitOfWork, member_id: int) -> Calendar:
    """By which a clock of this member runs that begins now: what leave there was before makes no difference to it."""
    roster = _of_engine(uow).get(uow.org_id)
    known = roster.members.get(member_id) if roster else None
    # Another thread may just have read that the member is gone.
    return known.own if known else calendars.for_member(uow, member_id)


def read(uow: UnitOfWork) -> Roster:
    """The roster as it is now."""
    rows = uow.session.execute(_READ, {"org": uow.org_id, "today": uow.now.date()}).all()
    members = {row.id: _known(uow.rules, row[1:]) for row in rows}
    rosters = _of_engine(uow)
    made = rosters[uow.org_id] = Roster(rows[0].version if rows else "", uow.rules, uow.now.date(), members)
    while len(rosters) > _KEPT:
        rosters.pop(next(iter(rosters)), None)
    return made


def _of_engine(uow: UnitOfWork) -> dict[int, Roster]:
    return _ROSTERS.setdefault(uow.session.get_bind().engine, {})


def _known(rules: Rules, row: Sequence[Any]) -> Known:
    (
        member_id,
        name,
        email,
        role,
        active,
        on_duty,
        tags,
        joined_at,
        timezone,
        language,
        departments,
        away,
        rota,
        *hours,
    ) = row
    calendar, own = (calendars.of_row(calendars.Kept._make((timezone, *hours, days, None))) for days in (None, away))
    return Known(
        member_id, name, email, role, active, on_duty, tuple(tags), joined_at, timezone, language, tuple(departments),
        tuple(away or ()), quota.capacity_for(rules, role=role, departments=departments, email=email, name=name),
        calendar, own, tuple(Shift(tuple(days), *map(time.fromisoformat, hours)) for days, *hours in rota or ()),
    )  # fmt: skip


def _means(to: To, one: Known) -> bool:
    """Whether a rule's `to` means this member: by name, or by role within the departments and tags it asks for."""
    if to.members and not one.names.isdisjoint(name.casefold() for name in to.members):
        return True
    if one.role not in to.roles or (to.members and not to.departments and not to.tags):
        return False
    return (not to.departments or not set(to.departments).isdisjoint(one.departments)) and (
        not to.tags or not set(to.tags).isdisjoint(one.tags)
    )

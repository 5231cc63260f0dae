"""The digest of a day or week: when it is due in a team's own time zone, and what it says.

The card is drawn from the facts of its day, computed when it is sent: a late one still tells of that day. One that
would tell nothing new does not come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from crm.rules.figures import Compared, share
from crm.rules.finding import Finding, find
from crm.rules.periods import Period, running, wall_time
from crm.rules.sections.watching import DAYS
from crm.services import digest_facts, digest_orders, funnel
from crm.services.digest_facts import Best, Holding, PoolFlow, Stuck
from crm.services.digest_orders import DAILY
from crm.services.funnel import Report, Scope
from crm.services.members import zone
from crm.uow import UnitOfWork

COHORT_DAYS, WEEK_DAYS = 30, 7
CATCH_UP = 7
# Beyond every step that a zone's clocks take, for those of each day and of the week.
FAR, FARTHER = timedelta(days=3), timedelta(days=10)

_TEAM = text(
    """
    select d.name, coalesce(d.timezone, o.timezone) as timezone, o.name as organization
    from organization o left join department d on d.org_id = o.id and d.id = :department
    where o.id = :org
    """
)
_DUE = text(
    """
    select s.id, s.department_id, s.conversation_id, s.member_id, s.at, s.every, s.next_at, s.said,
           coalesce(m.timezone, d.timezone, o.timezone) as timezone
    from digest_subscription s
    join organization o on o.id = s.org_id
    left join member m on m.org_id = s.org_id and m.id = s.member_id
    left join department d on d.org_id = s.org_id and d.id = s.department_id
    where s.org_id = :org and (m.id is null or m.active)
      and (s.next_at <= :now
           or s.next_at > case when s.every = 'day' then cast(:ahead as timestamptz) else :farther end)
    order by s.next_at, s.id for no key update of s skip locked
    """
)
_OF_TEAM = text(
    """
    select s.id, s.department_id, s.conversation_id, coalesce(d.timezone, o.timezone) as timezone
    from digest_subscription s
    join organization o on o.id = s.org_id
    left join department d on d.org_id = s.org_id and d.id = s.department_id
    where s.org_id = :org and s.department_id is not distinct from cast(:department as bigint)
      and s.conversation_id is not null
    """
)
_MOVE_ON = text(
    "update digest_subscription set next_at = :next, said = cast(:said as jsonb) where org_id = :org and id = :id"
)


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """What a digest says of a team's day.

    Attributes:
        name: the team's, or the organization's.
        told: the day, or the days of the week, that it tells of.
        funnel: leads that entered within 30 days up to `day`, beside the 30 days before at the same age.
        due, idle, hoarded: how many owned leads are recycled within 24 h, lie still for a week, were never touched.
        hoarder: who holds most of the idle and hoarded ones, if they are many.
        touched: the share of owned leads with a follow-up within the week; `best` and `finding` are of the week too.
    """

    department_id: int | None
    name: str
    day: date
    told: Period
    period: Period
    until: datetime
    funnel: Report
    pools: tuple[PoolFlow, ...]
    held: int
    due: int
    idle: int
    hoarded: int
    hoarder: Holding | None
    touched: float | None
    best: Best | None
    stuck: tuple[Stuck, ...]
    finding: Finding | None

    @property
    def total(self) -> Compared:
        return self.funnel.total


def build(uow: UnitOfWork, department_id: int | None, day: date, days: int = 1) -> DigestFacts:
    """The facts of a team's local day (None: the organization's), as they stood at its end, or now while it lasts.

    Args: days: so many up to that day are told of; what flowed through the pools is theirs.
    """
    team = uow.session.execute(_TEAM, {"org": uow.org_id, "department": department_id}).one()
    local = zone(team.timezone)
    today, week, period = (running(length, day, local) for length in (days, WEEK_DAYS, COHORT_DAYS))
    until = min(uow.now, today.end)
    by_rep, by_source = (_report(uow, department_id, week, until, cut) for cut in ("rep", "source"))
    held = digest_facts.holdings(uow, department_id=department_id, until=until)
    return DigestFacts(
        department_id=department_id, name=team.name or team.organization, day=day, told=today, period=period,
        until=until,
        funnel=_report(uow, department_id, period, until, "all"),
        held=sum(one.held for one in held), due=sum(one.due for one in held),
        pools=tuple(digest_facts.flows(uow, department_id=department_id, day=today, until=until)),
        idle=sum(one.idle for one in held), hoarded=sum(one.hoarded for one in held), hoarder=_hoarder(held),
        touched=share(sum(one.touched for one in held), sum(one.held for one in held)),
        best=digest_facts.best(uow, department_id=department_id, start=week.start, until=until),
        stuck=tuple(digest_facts.stuck(uow, department_id=department_id, until=until)),
        finding=find(by_rep.total, by_rep.rows, by_source.rows),
    )  # fmt: skip


def send_due(uow: UnitOfWork) -> int:
    """Owe every digest that has fallen due in this organization and has something new to tell, each once; returns how
    many.

    After a long silence those of the last week are sent, late; older ones are let go. One that waits for a day far
    ahead, because a clock was set back, comes on the next day again.
    """
    args = {"org": uow.org_id, "now": uow.now, "ahead": uow.now + FAR, "farther": uow.now + FARTHER}
    return sum(_send(uow, row) for row in uow.session.execute(_DUE, args).all())


def _send(uow: UnitOfWork, row: Row[tuple[object, ...]]) -> int:
    local = zone(row.timezone)
    ahead = row.next_at > uow.now
    days = [] if ahead else _days_due(row.next_at, row.at, uow.now, local, row.every)
    figures = news(uow, row.department_id, row.said) if days else None
    for day in days if figures else ():
        uow.notify(
            "digest", group=row.conversation_id, to=row.member_id, key=f"digest:{row.id}:{day.isoformat()}",
            data={"department": row.department_id, "day": day.isoformat()}
            | ({} if row.every == DAILY else {"days": WEEK_DAYS}),
        )  # fmt: skip
    coming = digest_orders.coming(row.every, row.at, uow.now if ahead else max(uow.now, row.next_at), local)
    said = json.dumps(figures or row.said)
    uow.session.execute(_MOVE_ON, {"org": uow.org_id, "id": row.id, "next": coming, "said": said})
    return len(days) if figures else 0


def news(uow: UnitOfWork, department_id: int | None, said: Mapping[str, object] | None) -> dict[str, object] | None:
    """The figures by which the next digest is compared with this one; None where it would tell nothing new.

    New is: somebody of the team did something with a lead, a lead came into one of its pools or left it, or other
    numbers of leads are held, in the pools, soon to go back, idle or untouched. That thirty days have moved on by one,
    or a lead lies still for a day longer, is nothing new.

    Args: said: those of the last one; without, everything is new.
    """
    held = digest_facts.holdings(uow, department_id=department_id, until=uow.now)
    levels = digest_facts.levels(uow, department_id)
    found: dict[str, object] = {
        name: sum(getattr(one, name) for one in held) for name in ("held", "due", "idle", "hoarded")
    }
    found |= {"levels": levels, "until": uow.now.isoformat()}
    if said is None or any(said.get(name) != found[name] for name in found if name != "until"):
        return found
    since = datetime.fromisoformat(str(said["until"]))
    return found if digest_facts.stirred(uow, department_id=department_id, since=since) else None


def send_now(uow: UnitOfWork, department_id: int | None) -> int:
    """Owe a team's digest of today to its groups at once, whatever the hour; returns to how many."""
    rows = uow.session.execute(_OF_TEAM, {"org": uow.org_id, "department": department_id}).all()
    for row in rows:
        day = uow.now.astimezone(zone(row.timezone)).date()
        uow.notify(
            "digest", group=row.conversation_id, key=f"digest:{row.id}:{uow.now.isoformat()}",
            data={"department": row.department_id, "day": day.isoformat()},
        )  # fmt: skip
    return len(rows)


def _days_due(first: datetime, at: time, now: datetime, local: ZoneInfo, every: str) -> list[date]:
    """The local days whose digests are due: from the first one's to the last whose hour has come."""
    oldest = first.astimezone(local).date()
    span = (now.astimezone(local).date() - oldest).days
    later = [oldest + timedelta(days=number) for number in range(1, span + 1)]
    days = [oldest, *(day for day in later if wall_time(day, at, local) <= now)][-CATCH_UP:]
    return days if every == DAILY else [day for day in days if DAYS[day.weekday()] == every]


def _report(uow: UnitOfWork, department_id: int | None, period: Period, until: datetime, cut: funnel.Cut) -> Report:
    return funnel.report(uow, period=period, scope=Scope(department_id=department_id), cut=cut, until=until)


def _hoarder(held: list[Holding]) -> Holding | None:
    """Somebody who sits on at least five neglected leads, and on half of what she holds."""
    first = held[0] if held else None
    neglected = first.idle + first.hoarded if first else 0
    return first if first and neglected >= 5 and neglected * 2 >= first.held else None

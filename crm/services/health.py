"""The weekly health card: when it is due, to whom, and what it says of a team's week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from crm.rules.health import Dealt, Health, Rep, Speed, Starving
from crm.rules.periods import next_weekly
from crm.services import fairness
from crm.services.fairness import OfRule
from crm.services.members import zone
from crm.uow import UnitOfWork

# So many leads of each member are enough to know the middle one.
SAMPLE = 50
WEEK, BEFORE, ROUND = timedelta(days=7), timedelta(days=28), timedelta(days=2)

_TEAM = """
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org and m.active and (cast(:department as bigint) is null or :department = any(d.path))
"""
_HELD = text(
    f"""
    select m.id, m.name, count(l.id) as held,
           count(l.id) filter (where greatest(l.assigned_at, l.followed_up_at) < :idle) as idle,
           count(l.id) filter (where l.followed_up_at >= :idle) as active
    from member m
    left join lead l on l.org_id = m.org_id and l.owner_id = m.id and l.status = 'open' and l.origin <> 'self'
                    and l.held_by is null
    {_TEAM} and m.role in ('reception', 'rep', 'success')
    group by m.id, m.name order by m.id
    """  # noqa: S608  (a constant)
)
_CLAIMED = text(
    f"""
    select m.id, count(*) as claimed,
           count(*) filter (where a.ended_by in ('released', 'recycled') and not exists (
               select from activity v where v.org_id = a.org_id and v.lead_id = a.lead_id and v.actor_id = a.member_id
                 and v.verb = 'logged' and v.undone_at is null and v.at between a.began_at and a.ended_at)) as dropped
    from member m
    join assignment a on a.org_id = m.org_id and a.member_id = m.id and a.began_at >= :start and a.began_at < :until
                     and a.began_by = 'claim'
    {_TEAM} group by m.id
    """  # noqa: S608  (a constant)
)
# Who has a lead and was not in touch yet is counted with the wait so far, or a week without contact would look quick.
# What was lost without contact has no speed; that is counted as dropped.
_SPEED = text(
    f"""
    select count(*) as many, percentile_disc(0.5) within group
               (order by coalesce(first.at, cast(:until as timestamptz)) - a.began_at) as median
    from member m
    cross join lateral (
        select a.org_id, a.lead_id, a.member_id, a.began_at, a.ended_at from assignment a
        where a.org_id = m.org_id and a.member_id = m.id and a.began_at >= :start and a.began_at < :end
          and a.began_by <> 'undo'
        order by a.began_at desc limit {SAMPLE}
    ) a
    left join lateral (
        select min(v.at) as at from activity v
        where v.org_id = a.org_id and v.lead_id = a.lead_id and v.actor_id = a.member_id and v.verb = 'logged'
          and v.undone_at is null and v.at >= a.began_at
    ) first on true
    {_TEAM} and (first.at is not null or a.ended_at is null)
    """  # noqa: S608  (a constant)
)
_NAMES = text(f"select m.id, m.name from member m {_TEAM}")  # noqa: S608  (a constant)
_RECIPIENTS = text(
    """
    select m.id, case when m.role = 'manager' then m.department_id end as department_id,
           coalesce(m.timezone, d.timezone, o.timezone) as timezone
    from member m join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org and m.active
      and (m.role = 'admin' or (m.role = 'manager' and m.department_id is not null)) order by m.id
    """
)
_DUE = text("select health_at from organization where id = :org for no key update")
_MOVE_ON = text("update organization set health_at = :next where id = :org")


def build(uow: UnitOfWork, *, department_id: int | None, until: datetime) -> Health:
    """The week of a team's tree up to then; None: of the whole organization."""
    args = {"org": uow.org_id, "department": department_id, "until": until, "start": until - WEEK, "end": until}
    claimed = {row.id: (row.claimed, row.dropped) for row in uow.session.execute(_CLAIMED, args)}
    held = uow.session.execute(_HELD, args | {"idle": until - uow.rules.health.idle.longest})
    reps = tuple(
        Rep(row.id, row.name, row.held, row.idle, row.active, *claimed.get(row.id, (0, 0))) for row in held
    )  # fmt: skip
    now = uow.session.execute(_SPEED, args).one()
    before = uow.session.execute(_SPEED, args | {"start": until - WEEK - BEFORE, "end": until - WEEK}).one()
    rules = fairness.of_rules(uow, start=until - WEEK, until=until)
    dealt = tuple(_dealt(rule) for rule in rules if rule.got)
    return Health(reps, Speed(*now), Speed(*before), _starving(uow, args, rules), dealt)


def send_due(uow: UnitOfWork) -> int:
    """Owe the card to every manager, of the own team, and to admins, of the whole, when its day has come.

    Each gets it at that hour of the own time zone. After a long silence there is one, of the week that has just ended.

    Returns: to how many.
    """
    due = uow.session.scalar(_DUE, {"org": uow.org_id})
    if due is not None and due > uow.now:
        return 0
    rows = uow.session.execute(_RECIPIENTS, {"org": uow.org_id}).all()
    if due is not None:
        _owe(uow, due, rows)
    # The round that has begun where the day begins first has ended everywhere two days later.
    after = uow.now if due is None else max(uow.now, due + ROUND)
    moments = [_next(uow, after, row.timezone) for row in rows]
    uow.session.execute(_MOVE_ON, {"org": uow.org_id, "next": min(moments, default=after + WEEK)})
    return 0 if due is None else len(rows)


def _owe(uow: UnitOfWork, due: datetime, rows: Sequence[Row[Any]]) -> None:
    for row in rows:
        uow.notify(
            "health", to=row.id, key=f"health:{row.id}:{due.isoformat()}",
            due_at=_next(uow, due - timedelta.resolution, row.timezone),
            data={"department": row.department_id, "until": uow.now.isoformat()},
        )  # fmt: skip


def _next(uow: UnitOfWork, after: datetime, timezone: str) -> datetime:
    wanted = uow.rules.health
    return next_weekly(wanted.weekday, wanted.at, after, zone(timezone))


def _starving(uow: UnitOfWork, args: dict[str, Any], rules: Sequence[OfRule]) -> tuple[Starving, ...]:
    names = {row.id: row.name for row in uow.session.execute(_NAMES, args)}
    return tuple(
        Starving(member, names[member], rule.rule, why)
        for rule in rules for member, why in rule.starving.items() if member in names
    )  # fmt: skip


def _dealt(rule: OfRule) -> Dealt:
    fair = rule.fairness
    least, most = (fair.least, fair.most) if fair else (None, None)
    return Dealt(rule.rule, sum(rule.got.values()), least, most, rule.waits.median)

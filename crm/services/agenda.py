"""A member's own work in the order that the member has chosen: which leads, what is due, what comes next.

Each list is one statement for the ids and one for what is shown of them, however many leads the member holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import TextClause, text

from crm.rules.access import Actor
from crm.rules.conditions_sql import sql_of
from crm.rules.wanted import Order, Wanted
from crm.services import lead_facts, leads, orders, tasks
from crm.services.leads import LeadView
from crm.services.tasks import TaskView
from crm.uow import UnitOfWork

T = TypeVar("T")
RISK = timedelta(hours=72)
# The leads `l` that a member works with, whether they are starred (`mark`), and when each is planned next (`plan`).
_OWN = f"""
    from {lead_facts.TABLES}
    left join star mark on mark.org_id = l.org_id and mark.member_id = :me and mark.lead_id = l.id
    left join (
        select t.lead_id, min(t.due_at) as at from task t
        where t.org_id = :org and t.member_id = :me and t.state = 'open' group by t.lead_id
    ) plan on plan.lead_id = l.id
    where l.org_id = :org and l.owner_id = :me and l.status = 'open' and l.held_by is distinct from 'nurture'
"""  # noqa: S608  (a constant)
_MANY = """
    (select count(*) from lead c where c.org_id = :org and c.owner_id = :me and c.status = 'open'
       and c.held_by is distinct from 'nurture')
"""
_EVERY = sql_of(Wanted().condition)[0]
# The leads `l` of those whom a member leads, with the same.
_TEAM = f"""
    from {lead_facts.TABLES}
    left join department its on its.org_id = has.org_id and its.id = has.department_id
    left join star mark on mark.org_id = l.org_id and mark.member_id = :me and mark.lead_id = l.id
    left join (
        select t.lead_id, min(t.due_at) as at from task t where t.org_id = :org and t.state = 'open' group by t.lead_id
    ) plan on plan.lead_id = l.id
    where l.org_id = :org and l.status = 'open' and l.owner_id is distinct from cast(:but as bigint)
      and l.owner_id is not null and (:all or its.path && cast(:manages as bigint[]))
"""  # noqa: S608  (a constant)
_IDLE = "coalesce(l.followed_up_at, l.assigned_at), l.id"
# The member's open tasks `t`, with what the orders of leads ask for.
_TASKS = f"""
    from task t
    left join lead l on l.org_id = t.org_id and l.id = t.lead_id
    left join pipeline pl on pl.org_id = l.org_id and pl.line_id = l.line_id
    left join stage st on st.org_id = l.org_id and st.pipeline_id = pl.id and st.key = l.stage
    left join star mark on mark.org_id = l.org_id and mark.member_id = :me and mark.lead_id = l.id
    where t.org_id = :org and {tasks.OWN} and t.due_at < :until
"""
_TEXT = """
    exists (select 1 from person who where who.org_id = l.org_id and who.id = l.person_id
      and strpos(lower(concat_ws(' ', who.name, who.company, l.stage, st.name, st.name_zh)), :words) > 0)
"""
_DUE = {"overdue": "plan.at <= :now", "today": "plan.at < :day_end", "week": "plan.at < :week_end"}


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The first of some leads or tasks, and how many there are in all."""

    each: list[T]
    total: int


def mine(
    uow: UnitOfWork, *, actor: Actor, wanted: Wanted | None = None, by: Order | None = None, most: int = 10
) -> Listed[LeadView]:
    """The actor's open leads that are wanted. Args: by: the order, else the actor's own."""
    where, args = _filters(wanted or Wanted())
    return _listed(uow, actor, where, args, by or orders.of(actor), most)


def of_team(
    uow: UnitOfWork, *, actor: Actor, wanted: Wanted, but: int | None = None, most: int = 200
) -> Listed[LeadView]:
    """The open leads that are wanted of those whom the actor leads, the idlest first. Args: but: an owner."""
    where, args = _filters(wanted)
    statement = text(f"select l.id, count(*) over () as total {_TEAM} and {where} order by {_IDLE} limit :most")
    who = {"org": uow.org_id, "me": actor.id, "now": uow.now, "most": most, "but": but} | moments(uow, actor)
    reach = {"all": actor.is_admin, "manages": list(actor.manages)}
    rows = uow.execute(statement, who | reach | dict(args))
    found = leads.many(uow, actor=actor, lead_ids=[row.id for row in rows]) if rows else []
    return Listed(found, rows[0].total if rows else 0)


def at_risk(uow: UnitOfWork, *, actor: Actor, most: int = 8, within: timedelta = RISK) -> Listed[LeadView]:
    """The actor's leads that go back to a pool soon."""
    return _listed(uow, actor, "l.recycle_at <= :until", {"until": uow.now + within}, orders.of(actor), most)


def following(uow: UnitOfWork, *, actor: Actor, but: int | None = None) -> LeadView | None:
    """The lead to turn to now: in the actor's order the first one that is due, or that nothing was done with today.

    Args: but: the number of the lead that is on the table.
    """
    where = """
        l.number is distinct from cast(:but as bigint)
        and (plan.at < :day_end or (plan.at is null and coalesce(l.followed_up_at, '-infinity') < :day_start))
    """
    found = _listed(uow, actor, where, {"but": but}, orders.of(actor), 1).each
    return found[0] if found else None


def due(uow: UnitOfWork, *, actor: Actor, until: datetime, most: int = 10) -> Listed[TaskView]:
    """The actor's open tasks due before then: in the order of their leads where one was chosen, else by their time."""
    args = {"org": uow.org_id, "me": actor.id, "until": until, "most": most}
    rows = uow.execute(_due_by(orders.of(actor)), args)
    found = {task.id: task for task in tasks.views(uow, [row.id for row in rows])} if rows else {}
    return Listed([found[row.id] for row in rows], rows[0].total if rows else 0)


@cache
def _due_by(chosen: Order) -> TextClause:
    order = "" if chosen in ("urgent", "due") else f"l.id is null, {orders.BY[chosen]}, "
    return text(f"select t.id, count(*) over () as total {_TASKS} order by {order}t.due_at, t.id limit :most")


def day(now: datetime, actor: Actor, after: int = 0) -> datetime:
    """Midnight at which the actor's own day begins, or the one so many days on."""
    local = now.astimezone(actor.timezone) + timedelta(days=after)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)


def moments(uow: UnitOfWork, actor: Actor) -> dict[str, datetime]:
    """The bounds of the actor's day and week, as statements name them."""
    starts = {"day_start": 0, "day_end": 1, "week_end": 7}
    return {name: day(uow.now, actor, after) for name, after in starts.items()}


def _filters(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    condition, args = sql_of(wanted.condition)
    parts = [condition]
    if wanted.untouched:
        parts.append("coalesce(l.followed_up_at, l.assigned_at) <= cast(:now as timestamptz) - :untouched")
        args["untouched"] = timedelta(days=wanted.untouched)
    if wanted.due:
        parts.append(_DUE[wanted.due])
    if wanted.starred:
        parts.append("mark.lead_id is not null")
    if wanted.text:
        parts.append(_TEXT)
        args["words"] = wanted.text.strip().lower()
    return " and ".join(parts), args


def _listed(
    uow: UnitOfWork, actor: Actor, where: str, args: Mapping[str, Any], by: Order, most: int
) -> Listed[LeadView]:
    who = {"org": uow.org_id, "me": actor.id, "now": uow.now, "most": most} | moments(uow, actor)
    rows = uow.execute(_own(where, by), who | dict(args))
    found = leads.many(uow, actor=actor, lead_ids=[row.id for row in rows]) if rows else []
    return Listed(found, rows[0].total if rows else 0)


@lru_cache(maxsize=256)
def _own(where: str, by: Order) -> TextClause:
    # Everything in the order of the index: its first rows are read, and the rest is counted without being put in order.
    total = _MANY if (where, by) == (_EVERY, "urgent") else "count(*) over ()"
    return text(f"select l.id, {total} as total {_OWN} and {where} order by {orders.BY[by]} limit :most")

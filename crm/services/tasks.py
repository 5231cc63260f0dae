"""Tasks and reminders: set, done, moved, and reminded of at their minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.errors import TaskNotFound, TimeInPast
from crm.rules.access import Actor
from crm.services import clocks, contacting, lead_facts, timeline
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

CHUNK = 500

_SELECT = """
    select t.id, t.lead_id, t.member_id, t.due_at, t.words, t.state, t.version, l.number, p.name, p.company
    from task t
    left join lead l on l.org_id = t.org_id and l.id = t.lead_id
    left join person p on p.org_id = l.org_id and p.id = l.person_id
    where t.org_id = :org
"""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with the words that name its lead."""

    id: int
    lead_id: int | None
    member_id: int
    due_at: datetime
    words: str | None
    state: str
    version: int
    number: int | None
    name: str | None
    company: str | None

    @property
    def ref(self) -> str:
        return f"L-{self.number}" if self.number else ""

    @property
    def title_line(self) -> str:
        return " · ".join(part for part in (self.name, self.company) if part) or self.ref or (self.words or "")


def remind(uow: UnitOfWork, *, actor: Actor, lead: LeadView | None, at: datetime, words: str | None = None) -> TaskView:
    """Set a reminder for the actor. Raises TimeInPast, SellingForbidden."""
    if lead:
        contacting.check(uow, lead_id=lead.id, ref=lead.ref, deed="remind")
    task_id = insert(uow, member_id=actor.id, lead_id=lead.id if lead else None, at=at, words=words)
    if lead:
        timeline.change(
            uow,
            lead_id=lead.id,
            verb="task_set",
            actor_id=actor.id,
            words=words,
            data={"due": at},
            made={"tasks_made": [task_id]},
        )
        clocks.restart(uow, [lead.id])
    return get(uow, actor=actor, task_id=task_id)


def insert(uow: UnitOfWork, *, member_id: int, lead_id: int | None, at: datetime, words: str | None) -> int:
    """The bare row. Raises TimeInPast."""
    if at <= uow.now:
        raise TimeInPast
    made: int = uow.session.execute(
        text(
            "insert into task (org_id, lead_id, member_id, due_at, words, state, created_at, version)"
            " values (:org, :lead, :me, :at, :words, 'open', :now, 1) returning id"
        ),
        {"org": uow.org_id, "lead": lead_id, "me": member_id, "at": at, "words": words, "now": uow.now},
    ).scalar_one()
    return made


def get(uow: UnitOfWork, *, actor: Actor, task_id: int) -> TaskView:
    """An own task. Raises TaskNotFound, also for somebody else's."""
    row = _one(uow, " and t.id = :task", task=task_id)
    if row is None or (row.member_id != actor.id and not actor.is_manager):
        raise TaskNotFound
    return row


def view(uow: UnitOfWork, task_id: int) -> TaskView | None:
    """A task by id, for a card that its member is shown."""
    return _one(uow, " and t.id = :task", task=task_id)


def views(uow: UnitOfWork, task_ids: list[int]) -> list[TaskView]:
    """Tasks by id, the oldest first; unknown ones are left out."""
    rows = uow.session.execute(
        text(_SELECT + " and t.id = any(:tasks) order by t.due_at, t.id"), {"org": uow.org_id, "tasks": task_ids}
    )
    return [TaskView(**row) for row in rows.mappings()]


def done(uow: UnitOfWork, *, actor: Actor, task_id: int) -> TaskView:
    """Tick a task off. Raises TaskNotFound when it is closed already."""
    task = get(uow, actor=actor, task_id=task_id)
    _close(uow, [task_id], "done")
    if task.lead_id:
        timeline.change(
            uow,
            lead_id=task.lead_id,
            verb="task_done",
            actor_id=actor.id,
            words=task.words,
            made={"tasks_closed": [task_id]},
        )
        clocks.restart(uow, [task.lead_id])
    return get(uow, actor=actor, task_id=task_id)


def move(uow: UnitOfWork, *, actor: Actor, task_id: int, at: datetime) -> TaskView:
    """Snooze: the same task at a later time. Raises TaskNotFound, TimeInPast."""
    task = get(uow, actor=actor, task_id=task_id)
    if at <= uow.now:
        raise TimeInPast
    moved = uow.session.scalar(
        text(
            "update task set due_at = :at, reminded_at = null, version = version + 1"
            " where org_id = :org and id = :task and state = 'open' returning id"
        ),
        {"org": uow.org_id, "task": task_id, "at": at},
    )
    if moved is None:
        raise TaskNotFound
    if task.lead_id:
        timeline.change(
            uow, lead_id=task.lead_id, verb="task_moved", actor_id=actor.id, data={"due": at},
            made={"task_moved": [task_id, task.due_at.isoformat()]},
        )  # fmt: skip
        clocks.restart(uow, [task.lead_id])
    return get(uow, actor=actor, task_id=task_id)


def close_open(uow: UnitOfWork, *, lead_id: int, member_id: int, state: str) -> list[int]:
    """Close a member's open tasks on a lead, because something newer takes their place; returns their ids."""
    rows = uow.session.scalars(
        text(
            "update task set state = :state, closed_at = :now, version = version + 1"
            " where org_id = :org and lead_id = :lead and member_id = :me and state = 'open' returning id"
        ),
        {"org": uow.org_id, "lead": lead_id, "me": member_id, "state": state, "now": uow.now},
    )
    return list(rows)


def due(uow: UnitOfWork, *, actor: Actor, until: datetime, most: int = 50) -> list[TaskView]:
    """The actor's open tasks due by then, the oldest first."""
    rows = uow.session.execute(
        text(
            _SELECT
            + " and t.member_id = :me and t.state = 'open' and t.due_at <= :until order by t.due_at, t.id limit :most"
        ),
        {"org": uow.org_id, "me": actor.id, "until": until, "most": most},
    )
    return [TaskView(**row) for row in rows.mappings()]


def remind_due(uow: UnitOfWork) -> int:
    """Owe a reminder for every task whose minute has come; returns how many. Twice is harmless."""
    rows = uow.session.execute(
        text(
            """
            update task t set reminded_at = :now from (
                select id from task where org_id = :org and state = 'open' and reminded_at is null and due_at <= :now
                order by due_at limit :chunk for no key update skip locked
            ) due where t.org_id = :org and t.id = due.id
            returning t.id, t.member_id, t.lead_id, t.due_at
            """
        ),
        {"org": uow.org_id, "now": uow.now, "chunk": CHUNK},
    ).all()
    silent = _silent(uow, [row.lead_id for row in rows if row.lead_id])
    for row in rows:
        if row.lead_id in silent:
            continue
        uow.notify(
            "task.due", to=row.member_id, lead=row.lead_id, key=f"task:{row.id}:{row.due_at.timestamp():.0f}",
            data={"task": row.id} | ({"lead": row.lead_id} if row.lead_id else {}), together=f"due:{row.member_id}",
        )  # fmt: skip
    return len(rows)


def _silent(uow: UnitOfWork, lead_ids: list[int]) -> dict[int, str]:
    """The leads whose stage of life forbids to remind of them: their tasks stay on the list, without a push."""
    return contacting.forbidden(uow, lead_facts.read(uow, lead_ids), "remind") if uow.rules.contact else {}


def _close(uow: UnitOfWork, task_ids: list[int], state: str) -> None:
    closed = uow.session.scalars(
        text(
            "update task set state = :state, closed_at = :now, version = version + 1"
            " where org_id = :org and id = any(:ids) and state = 'open' returning id"
        ),
        {"org": uow.org_id, "ids": task_ids, "state": state, "now": uow.now},
    ).all()
    if not closed:
        raise TaskNotFound


def _one(uow: UnitOfWork, where: str, **args: Any) -> TaskView | None:
    row = uow.session.execute(text(_SELECT + where), {"org": uow.org_id} | args).mappings().one_or_none()
    return TaskView(**row) if row else None

"""Tasks and reminders: set, done, moved, and reminded of at their minute.

One that is a department's belongs to nobody until somebody takes it; what is special about those is `team_tasks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import TextClause, text

from crm import queue
from crm.errors import TaskNotFound, TimeInPast
from crm.errors_of_lists import TaskTaken, TaskUntaken
from crm.rules.access import Actor
from crm.services import clocks, contacting, lead_facts, timeline
from crm.services.leads import LeadView, need_workable
from crm.uow import UnitOfWork

CHUNK = 500

_SELECT = """
    select t.id, t.lead_id, t.member_id, t.due_at, t.words, t.state, t.version, t.department_id, t.by_id,
           d.name as team, l.number, p.name, p.company
    from task t
    left join department d on d.org_id = t.org_id and d.id = t.department_id
    left join lead l on l.org_id = t.org_id and l.id = t.lead_id
    left join person p on p.org_id = l.org_id and p.id = l.person_id
    where t.org_id = :org
"""
GRACE = timedelta(hours=1)
# A department's, which whoever is in its tree may take.
TEAMS = "t.member_id is null and t.state = 'open' and t.department_id = any(:path)"
_BY_IDS = text(_SELECT + " and t.id = any(:tasks) order by t.due_at, t.id")
_INSERT = text(
    "insert into task (org_id, lead_id, member_id, due_at, words, state, created_at, version)"
    " values (:org, :lead, :me, :at, :words, 'open', :now, 1) returning id"
)
_CLOSE_OPEN = text(
    "update task set state = :state, closed_at = :now, version = version + 1"
    " where org_id = :org and lead_id = :lead and member_id = :me and state = 'open' returning id"
)
_OF_TEAM = text(
    """
    select m.id from member m join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org and m.active and cast(:department as bigint) = any(d.path) order by m.id
    """
)
_REDRAW = text(
    "update posted_card set wanted = wanted + 1 where org_id = :org and task_id = :task and live returning id, place"
)
_PATH = text(
    "select d.path from department d where d.org_id = :org and d.id = coalesce(cast(:team as bigint),"
    " (select m.department_id from member m where m.org_id = :org and m.id = :member))"
)
OWN = "t.member_id = :me and t.state = 'open'"
Whose = Literal["own", "team", "either"]
_WHOSE: dict[Whose, tuple[str, ...]] = {"own": (OWN,), "team": (TEAMS,), "either": (OWN, TEAMS)}
_ABOUT = """
    and (cast(:lead as bigint) is null or t.lead_id = :lead)
    and (:words = '' or strpos(lower(concat_ws(' ', p.name, p.company, t.words)), :words) > 0)
"""
# One statement for each index that leads to them in the order of time; whom they are about is only asked where that
# is told, because a limit is then no help.
_OPEN: dict[tuple[str, bool], TextClause] = {
    (which, about): text(
        f"{_SELECT} and {which} and t.due_at < :until {_ABOUT if about else ''} order by t.due_at, t.id limit :most"
    )
    for which in (OWN, TEAMS)
    for about in (False, True)
}


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with the words that name its lead. Without `member_id` it is anybody's of the `team`."""

    id: int
    lead_id: int | None
    member_id: int | None
    due_at: datetime
    words: str | None
    state: str
    version: int
    department_id: int | None
    by_id: int | None
    team: str | None
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
    """Set a reminder for the actor. Raises TimeInPast, SellingForbidden, PersonSetAside."""
    if lead:
        need_workable(lead)
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
    made: int = uow.execute(
        _INSERT,
        {"org": uow.org_id, "lead": lead_id, "me": member_id, "at": at, "words": words, "now": uow.now},
    ).scalar_one()
    return made


def get(uow: UnitOfWork, *, actor: Actor, task_id: int) -> TaskView:
    """An own task, or one of the team. Raises TaskNotFound, also for somebody else's."""
    row = view(uow, task_id)
    if row is None or not (
        actor.id in (row.member_id, row.by_id) or row.department_id in actor.departments or _manages(uow, actor, row)
    ):
        raise TaskNotFound
    return row


def _manages(uow: UnitOfWork, actor: Actor, row: TaskView) -> bool:
    """Whether it is a task of somebody whom the actor manages."""
    if actor.is_admin or not actor.manages:
        return actor.is_admin
    whose = {"org": uow.org_id, "team": row.department_id, "member": row.member_id}
    return actor.manages_any(uow.session.scalar(_PATH, whose))


def view(uow: UnitOfWork, task_id: int) -> TaskView | None:
    """A task by id, for a card that its member is shown."""
    return _one(uow, " and t.id = :task", task=task_id)


def views(uow: UnitOfWork, task_ids: list[int]) -> list[TaskView]:
    """Tasks by id, the oldest first; unknown ones are left out."""
    rows = uow.execute(_BY_IDS, {"org": uow.org_id, "tasks": task_ids})
    return [TaskView(**row) for row in rows.mappings()]


def done(uow: UnitOfWork, *, actor: Actor, task_id: int) -> TaskView:
    """Tick a task off; one of the team that nobody has taken was done by the actor.

    Raises: TaskNotFound when it is closed already, TaskTaken.
    """
    task = own(actor, get(uow, actor=actor, task_id=task_id))
    _close(uow, task_id, actor)
    redraw(uow, task)
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
    """Snooze: the same task at a later time. Raises TaskNotFound, TimeInPast, TaskTaken, TaskUntaken."""
    task = own(actor, get(uow, actor=actor, task_id=task_id))
    if task.member_id is None and not (actor.is_manager or actor.id == task.by_id):
        raise TaskUntaken
    if at <= uow.now:
        raise TimeInPast
    moved = uow.session.scalar(
        text(
            "update task set due_at = :at, reminded_at = null, version = version + 1,"
            " escalate_at = case when member_id is null then cast(:late as timestamptz) end"
            " where org_id = :org and id = :task and state = 'open' returning id"
        ),
        {"org": uow.org_id, "task": task_id, "at": at, "late": at + GRACE},
    )
    if moved is None:
        raise TaskNotFound
    redraw(uow, task)
    if task.lead_id:
        timeline.change(
            uow, lead_id=task.lead_id, verb="task_moved", actor_id=actor.id, data={"due": at},
            made={"task_moved": [task_id, task.due_at.isoformat()]},
        )  # fmt: skip
        clocks.restart(uow, [task.lead_id])
    return get(uow, actor=actor, task_id=task_id)


def close_open(uow: UnitOfWork, *, lead_id: int, member_id: int, state: str) -> list[int]:
    """Close a member's open tasks on a lead, because something newer takes their place; returns their ids."""
    args = {"org": uow.org_id, "lead": lead_id, "me": member_id, "state": state, "now": uow.now}
    return [row.id for row in uow.execute(_CLOSE_OPEN, args)]


def own(actor: Actor, task: TaskView) -> TaskView:
    """The task, if no colleague has it; managers may change it all the same. Raises TaskTaken."""
    if task.member_id not in (None, actor.id) and not actor.is_manager:
        raise TaskTaken(by_id=task.member_id)
    return task


def open_ones(
    uow: UnitOfWork,
    *,
    actor: Actor,
    until: datetime,
    whose: Whose = "either",
    lead_id: int | None = None,
    words: str = "",
    most: int = 10,
) -> list[TaskView]:
    """What is due before then, the oldest first. Args: whose: the actor's own, or what waits for somebody of the team;
    lead_id, words: of one lead, or with these words in it."""
    args = {
        "org": uow.org_id, "me": actor.id, "path": list(actor.departments), "until": until, "lead": lead_id,
        "words": words.strip().lower(), "most": most,
    }  # fmt: skip
    about = bool(lead_id or args["words"])
    rows = [row for which in _WHOSE[whose] for row in uow.execute(_OPEN[which, about], args).mappings()]
    return sorted((TaskView(**row) for row in rows), key=lambda task: (task.due_at, task.id))[:most]


def remind_due(uow: UnitOfWork) -> int:
    """Owe a reminder for every task whose minute has come; returns how many. Twice is harmless."""
    rows = uow.session.execute(
        text(
            """
            update task t set reminded_at = :now from (
                select id from task d
                where org_id = :org and state = 'open' and reminded_at is null and due_at <= :now
                  and not exists (select from member m where m.org_id = d.org_id and m.id = d.member_id
                                    and not m.active)
                  and not exists (select from lead l join person p on p.org_id = l.org_id and p.id = l.person_id
                                   where l.org_id = d.org_id and l.id = d.lead_id and p.restricted_at is not null)
                order by due_at limit :chunk for no key update skip locked
            ) due where t.org_id = :org and t.id = due.id
            returning t.id, t.member_id, t.lead_id, t.due_at, t.department_id,
                      (select jsonb_build_object('event', q.event_id, 'question', q.id) from event_question q
                       where q.org_id = t.org_id and q.task_id = t.id limit 1) as asked
            """
        ),
        {"org": uow.org_id, "now": uow.now, "chunk": CHUNK},
    ).all()
    # A database returns what it changed in any order; what was due first is told first.
    rows = sorted(rows, key=lambda row: (row.due_at, row.id))
    silent = _silent(uow, [row.lead_id for row in rows if row.lead_id])
    teams = {row.department_id: team(uow, row.department_id) for row in rows if row.member_id is None}
    for row in rows:
        if row.lead_id in silent:
            continue
        key, data = f"task:{row.id}:{row.due_at.timestamp():.0f}", _told(row.id, row.lead_id)
        if row.member_id is None:
            for member in teams[row.department_id]:
                uow.notify("task.team", to=member, lead=row.lead_id, key=f"{key}:{member}", data=data)
            continue
        if row.asked and "events" not in uow.off:
            uow.notify("event.question_due", to=row.member_id, lead=row.lead_id, key=key, data=data | row.asked)
            continue
        uow.notify("task.due", to=row.member_id, lead=row.lead_id, key=key, data=data, together=f"due:{row.member_id}")
    return len(rows)


def team(uow: UnitOfWork, department_id: int) -> list[int]:
    """Who is in a department or below it."""
    return list(uow.session.scalars(_OF_TEAM, {"org": uow.org_id, "department": department_id}))


def redraw(uow: UnitOfWork, task: TaskView) -> None:
    """The team's cards of a task without a lead shall show how it stands; those of a lead follow the lead."""
    if task.department_id is None or task.lead_id is not None:
        return
    for row in uow.session.execute(_REDRAW, {"org": uow.org_id, "task": task.id}).all():
        args, lock = {"org_id": uow.org_id, "card_id": row.id}, queue.card_lock(row.id, row.place)
        uow.defer(queue.Order(queue.EDIT, args, lock=lock))


def _told(task_id: int, lead_id: int | None) -> dict[str, int]:
    return {"task": task_id} | ({"lead": lead_id} if lead_id else {})


def _silent(uow: UnitOfWork, lead_ids: list[int]) -> dict[int, str]:
    """The leads whose stage of life forbids to remind of them: their tasks stay on the list, without a push."""
    return contacting.forbidden(uow, lead_facts.read(uow, lead_ids), "remind") if uow.rules.contact else {}


def _close(uow: UnitOfWork, task_id: int, actor: Actor) -> None:
    closed = uow.session.scalar(
        text(
            "update task set state = 'done', closed_at = :now, version = version + 1,"
            " member_id = coalesce(member_id, :me), escalate_at = null"
            " where org_id = :org and id = :task and state = 'open' returning id"
        ),
        {"org": uow.org_id, "task": task_id, "me": actor.id, "now": uow.now},
    )
    if closed is None:
        raise TaskNotFound


def _one(uow: UnitOfWork, where: str, **args: Any) -> TaskView | None:
    row = uow.session.execute(text(_SELECT + where), {"org": uow.org_id} | args).mappings().one_or_none()
    return TaskView(**row) if row else None

"""Tasks of a department: everybody in it sees them, the first to take one has it, and a manager hears of those that
nobody took."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from crm.errors import TaskNotFound, TimeInPast
from crm.errors_of_lists import TaskTaken
from crm.rules.access import Actor
from crm.services import assignments, clocks, contacting, members, tasks, timeline
from crm.services.departments import DepartmentView
from crm.services.leads import LeadView
from crm.services.tasks import GRACE, TaskView
from crm.uow import UnitOfWork

CHUNK = 200

_ASK = text(
    """
    insert into task (org_id, lead_id, department_id, by_id, due_at, words, state, escalate_at, created_at, version)
    values (:org, :lead, :team, :me, :at, :words, 'open', :late, :now, 1) returning id
    """
)
# Of two who tap at once, the second finds that it is somebody's.
_TAKE = text(
    """
    update task set member_id = :me, escalate_at = null, version = version + 1
    where org_id = :org and id = :task and member_id is null and state = 'open' and department_id = any(:path)
    returning id
    """
)
_GIVE_BACK = text(
    """
    update task set member_id = null, escalate_at = greatest(due_at, :now) + :grace, version = version + 1
    where org_id = :org and id = :task and member_id = :me and state = 'open'
    """
)
_WITHDRAW = text(
    """
    update task set state = 'cancelled', escalate_at = null, closed_at = :now, version = version + 1
    where org_id = :org and id = :task and by_id = :me and member_id is null and state = 'open' returning id
    """
)
_LATE = text(
    """
    update task t set escalate_at = null from (
        select id from task where org_id = :org and escalate_at <= :now
        order by escalate_at limit :chunk for no key update skip locked
    ) late where t.org_id = :org and t.id = late.id
    returning t.id, t.lead_id, t.department_id, t.due_at, t.state = 'open' and t.member_id is null as waits
    """
)


def ask(
    uow: UnitOfWork, *, actor: Actor, team: DepartmentView, lead: LeadView | None, at: datetime, words: str | None
) -> TaskView:
    """Set a task for a team. Raises TimeInPast, SellingForbidden, and what keeps the actor from sharing the lead."""
    if at <= uow.now:
        raise TimeInPast
    if lead:
        assignments.own(actor, lead)
        contacting.check(uow, lead_id=lead.id, ref=lead.ref, deed="remind")
    task_id: int = uow.session.execute(
        _ASK,
        {
            "org": uow.org_id, "lead": lead.id if lead else None, "team": team.id, "me": actor.id, "at": at,
            "words": words, "late": at + GRACE, "now": uow.now,
        },
    ).scalar_one()  # fmt: skip
    if lead:
        timeline.change(
            uow, lead_id=lead.id, verb="task_asked", actor_id=actor.id, words=words,
            data={"due": at, "team": team.name}, made={"tasks_made": [task_id]},
        )  # fmt: skip
    return tasks.get(uow, actor=actor, task_id=task_id)


def take(uow: UnitOfWork, *, actor: Actor, task_id: int) -> TaskView:
    """The first to take it has it; whoever has it already keeps it. Raises TaskNotFound, TaskTaken."""
    who = {"org": uow.org_id, "me": actor.id, "task": task_id, "path": list(actor.departments)}
    taken = uow.session.scalar(_TAKE, who)
    task = tasks.get(uow, actor=actor, task_id=task_id)
    if taken is None:
        return _had(actor, task)
    tasks.redraw(uow, task)
    if task.lead_id:
        timeline.change(
            uow, lead_id=task.lead_id, verb="task_taken", actor_id=actor.id, words=task.words,
            made={"task_taken": task_id},
        )  # fmt: skip
        clocks.restart(uow, [task.lead_id])
    return task


def give_back(uow: UnitOfWork, *, task_id: int, member_id: int) -> None:
    """It is the team's again, as if nobody had taken it."""
    args = {"org": uow.org_id, "task": task_id, "me": member_id, "now": uow.now, "grace": GRACE}
    uow.session.execute(_GIVE_BACK, args)


def withdraw(uow: UnitOfWork, *, actor: Actor, task_id: int) -> bool:
    """Nobody is asked any more, unless somebody has taken it by now. Returns: whether it is withdrawn."""
    args = {"org": uow.org_id, "me": actor.id, "task": task_id, "now": uow.now}
    return uow.session.scalar(_WITHDRAW, args) is not None


def escalate_due(uow: UnitOfWork) -> int:
    """Tell the managers of what their team has not taken in time; returns how many tasks were looked at."""
    rows = uow.session.execute(_LATE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    for row in sorted((row for row in rows if row.waits), key=lambda row: (row.due_at, row.id)):
        data = {"task": row.id} | ({"lead": row.lead_id} if row.lead_id else {})
        for manager in members.managers_of_department(uow, row.department_id):
            uow.notify(
                "task.untaken", to=manager, lead=row.lead_id, data=data,
                key=f"untaken:{row.id}:{row.due_at.timestamp():.0f}:{manager}",
            )  # fmt: skip
    return len(rows)


def _had(actor: Actor, task: TaskView) -> TaskView:
    if task.state != "open":
        raise TaskNotFound
    if task.member_id is None:
        raise TaskNotFound
    if task.member_id != actor.id:
        raise TaskTaken(by_id=task.member_id)
    return task

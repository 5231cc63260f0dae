"""From what happened to calls: in order, once for each hook that wants to know."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from crm import queue
from crm.models import Hook
from crm.services import happenings, hook_calls, hooks
from crm.services.happenings import Place
from crm.uow import UnitOfWork

CHUNK = 500
SOON = timedelta(seconds=1)
_LATER = text(
    """
    select exists (select from procrastinate_jobs where status = 'todo' and task_name = :task
                     and scheduled_at is not null and (args ->> 'org_id')::bigint = :org)
    """
)


def plan(uow: UnitOfWork) -> bool:
    """Owe the calls about the next of what happened, for each hook; returns whether there is more to do now.

    What cannot be read yet, because some transaction is still running, is looked for a moment later.
    """
    statement = select(Hook).where(Hook.org_id == uow.org_id, Hook.state == "on").order_by(Hook.id)
    found = uow.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).all()
    more = [_plan(uow, hook) for hook in found]
    uow.session.flush()
    if not any(more) and any(happenings.is_waiting(uow, _place(hook)) for hook in found):
        _look_again(uow)
    return any(more)


def _plan(uow: UnitOfWork, hook: Hook) -> bool:
    happened = happenings.after(uow, _place(hook), CHUNK)
    if not happened:
        return False
    last = happened[-1].place
    hook.xact, hook.kind, hook.entry = last.xact, last.kind, last.entry
    if wanted := [each for each in happened if hooks.wants(hook, each.topic)]:
        hook_calls.owe(uow, hook, wanted)
        hook_calls.start(uow, hook.id)
    return len(happened) == CHUNK


def _place(hook: Hook) -> Place:
    return Place(hook.xact, hook.kind, hook.entry)


def _look_again(uow: UnitOfWork) -> None:
    """One job that waits is enough; the rows of the hooks are locked, so that only one looks for it."""
    if not uow.session.scalar(_LATER, {"task": queue.PLAN, "org": uow.org_id}):
        uow.defer(queue.Order(queue.PLAN, {"org_id": uow.org_id}, at=uow.time() + SOON))

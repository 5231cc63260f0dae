"""Undo: any state change that a rep made, for some minutes, if nobody built on it.

Each change left in its activity what it replaced (`timeline.change`), so undo is one function, not one for each verb.
The history keeps both: the change and its undoing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from crm.errors import BuiltUpon, CapacityReached, NothingToUndo
from crm.rules.access import Actor
from crm.services import clocks, leads, ownership, timeline
from crm.services.timeline import UNDOABLE
from crm.uow import UnitOfWork

_LATEST = """
    select a.id, a.lead_id, a.verb, a.undo, a.at, l.version, l.number, l.owner_id from activity a
    join lead l on l.org_id = a.org_id and l.id = a.lead_id
    where a.org_id = :org and a.actor_id = :me and a.undo is not null and a.undone_at is null and a.at > :since
      and a.verb <> 'undone'
"""
_LAST = text(_LATEST + " order by a.at desc, a.id desc limit 1 for update of l")
_ONE = text(_LATEST + " and a.id = :activity for update of l")


def undo(uow: UnitOfWork, *, actor: Actor, activity_id: int | None = None) -> tuple[int, str]:
    """Take back the actor's last change, or the one of that activity.

    Returns: the lead's id and the verb that was undone. Raises: NothingToUndo, BuiltUpon.
    """
    minutes = uow.rules.undo_minutes
    args = {"org": uow.org_id, "me": actor.id, "since": uow.now - timedelta(minutes=minutes), "activity": activity_id}
    row = uow.session.execute(_ONE if activity_id else _LAST, args).one_or_none()
    if row is None:
        raise NothingToUndo(minutes=minutes)
    if row.version != row.undo["version"]:
        raise BuiltUpon(ref=f"L-{row.number}")
    _take_back(uow, actor, row)
    uow.session.execute(
        text("update activity set undone_at = :now where org_id = :org and id = :id"),
        {"org": uow.org_id, "id": row.id, "now": uow.now},
    )
    clocks.restart(uow, [row.lead_id])
    uow.touch(row.lead_id)
    return row.lead_id, row.verb


def _take_back(uow: UnitOfWork, actor: Actor, row: Any) -> None:
    match row.verb:
        case "claimed":
            # The contact was shown, so the claim still counts for the quota; only the lead goes back.
            ownership.take_back(
                uow,
                lead_id=row.lead_id,
                owner_id=actor.id,
                how="undone",
                reason="undo",
                actor_id=actor.id,
                verb="undone",
            )
        case "released":
            _give_again(uow, actor, row)
        case "won" | "lost":
            _restore(uow, actor, row)
            ownership.count_again(uow, lead_id=row.lead_id)
            _void_credit(uow, row.lead_id)
        case "created":
            _unmake(uow, row)
        case _:
            _restore(uow, actor, row)


def _give_again(uow: UnitOfWork, actor: Actor, row: Any) -> None:
    given = ownership.give(uow, lead_id=row.lead_id, member_id=actor.id, how="undo", actor_id=actor.id)
    if not given:
        member_room = ownership.room(uow, actor)
        raise CapacityReached(held=ownership.holding(uow, actor), limit=member_room.cap)
    _tasks(uow, row.undo.get("tasks", []), to="open", was="cancelled")


def _restore(uow: UnitOfWork, actor: Actor, row: Any) -> None:
    """Put the columns back, and the tasks and contact state that changed along."""
    before = {name: value for name, value in row.undo.get("before", {}).items() if name in UNDOABLE}
    _tasks(uow, row.undo.get("tasks_made", []), to="cancelled", was="open")
    _tasks(uow, row.undo.get("tasks_closed", []), to="open", was="done")
    if "task_moved" in row.undo:
        task_id, due_at = row.undo["task_moved"]
        uow.session.execute(
            text(
                "update task set due_at = cast(:due as timestamptz), version = version + 1"
                " where org_id = :org and id = :id"
            ),
            {"org": uow.org_id, "id": task_id, "due": due_at},
        )
    if "contact_state" in row.undo:
        person_id, state = row.undo["contact_state"]
        uow.session.execute(
            text("update person set contact_state = :state where org_id = :org and id = :id"),
            {"org": uow.org_id, "id": person_id, "state": state},
        )
    timeline.change(uow, lead_id=row.lead_id, verb="undone", actor_id=actor.id, data={"verb": row.verb}, **before)


def _unmake(uow: UnitOfWork, row: Any) -> None:
    """A lead entered by mistake leaves the lists; its history stays."""
    uow.session.execute(
        text(
            "update lead set status = 'void', closed_at = :now, recycle_at = null, warn_at = null,"
            " version = version + 1 where org_id = :org and id = :lead"
        ),
        {"org": uow.org_id, "lead": row.lead_id, "now": uow.now},
    )  # fmt: skip
    ownership.count_off(uow, lead_id=row.lead_id, how="undone", reason="undo")


def _void_credit(uow: UnitOfWork, lead_id: int) -> None:
    uow.session.execute(
        text("update credit set voided_at = :now where org_id = :org and lead_id = :lead and voided_at is null"),
        {"org": uow.org_id, "lead": lead_id, "now": uow.now},
    )


def _tasks(uow: UnitOfWork, ids: list[int], *, to: str, was: str) -> None:
    if ids:
        uow.session.execute(
            text(
                "update task set state = :to, version = version + 1,"
                " closed_at = case when :to = 'open' then null else cast(:now as timestamptz) end"
                " where org_id = :org and id = any(:ids) and state = :was"
            ),
            {"org": uow.org_id, "ids": ids, "to": to, "was": was, "now": uow.now},
        )


def undoable(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView) -> int | None:
    """The actor's change of this lead that an Undo button would take back, if it still can be."""
    args = {"org": uow.org_id, "me": actor.id, "since": uow.now - timedelta(minutes=uow.rules.undo_minutes)}
    row = uow.session.execute(_LAST, args).one_or_none()
    fits = row is not None and row.lead_id == lead.id and row.version == row.undo["version"]
    return row.id if row is not None and fits else None

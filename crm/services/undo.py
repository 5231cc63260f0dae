"""Undo: any state change that a rep made, for some minutes, if nobody built on it.

Each change left in its activity what it replaced, so undo is one function, not one for each verb. The history keeps
both: the change and its undoing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from crm.errors import BuiltUpon, CapacityReached, MemberFull, NothingToUndo
from crm.rules.access import Actor
from crm.services import clocks, members, ownership, timeline
from crm.services.timeline import UNDOABLE
from crm.uow import UnitOfWork

# What a rep does. Whatever the engine or a manager's assignment wrote is taken back by doing the opposite.
VERBS = (
    "claimed", "released", "created", "logged", "stage", "won", "lost", "reopened", "extended", "task_set", "task_done",
    "task_moved", "noted",
)  # fmt: skip
_MINE = """
    select a.id, a.lead_id, a.verb, a.undo, a.at, l.version, l.number, l.owner_id from activity a
    join lead l on l.org_id = a.org_id and l.id = a.lead_id
    where a.org_id = :org and a.actor_id = :me and a.undo is not null and a.undone_at is null and a.at > :since
      and a.verb = any(:verbs)
"""
_LATEST = " order by a.at desc, a.id desc limit 1"
_LAST = text(_MINE + _LATEST + " for no key update of l")
_ONE = text(_MINE + " and a.id = :activity for no key update of l")
_OF_LEAD = text(_MINE + " and a.lead_id = :lead" + _LATEST)
_OF_LIST = text(
    _MINE + " and a.verb = 'created' and a.undo->>'list' = :list and (a.undo->>'version')::bigint = l.version"
    " order by l.id for no key update of l"
)
_UNDONE = text("update activity set undone_at = :now where org_id = :org and id = any(:ids)")
# The change before this one stands again as it was made, so it can be taken back as well.
_REBASE = text(
    """
    update activity a set undo = jsonb_set(a.undo, '{version}', to_jsonb(l.version)) from lead l
    where a.org_id = :org and a.lead_id = :lead and a.undone_at is null and a.undo is not null
      and (a.undo->>'version')::bigint = :before and l.org_id = a.org_id and l.id = a.lead_id
    """
)
_OWNED_AS_BEFORE = text(
    """
    update lead set assigned_at = cast(:assigned_at as timestamptz), extensions = :extensions,
           followed_up_at = cast(:followed_up_at as timestamptz), extended_until = cast(:extended_until as timestamptz),
           pool_entered_at = cast(:pool_entered_at as timestamptz)
    where org_id = :org and id = :lead
    """
)
_VOID = text(
    "update lead set status = 'void', closed_at = :now, recycle_at = null, warn_at = null,"
    " version = version + 1 where org_id = :org and id = :lead"
)


def undo(uow: UnitOfWork, *, actor: Actor, activity_id: int | None = None) -> tuple[int, str]:
    """Take back the actor's last change, or the one of that activity. A list that was entered goes as a whole.

    Returns: the lead's id and the verb that was undone. Raises: NothingToUndo, BuiltUpon, CapacityReached, MemberFull.
    """
    row = uow.session.execute(
        _ONE if activity_id else _LAST, _who(uow, actor) | {"activity": activity_id}
    ).one_or_none()
    if row is None:
        raise NothingToUndo(minutes=uow.rules.undo_minutes)
    if row.version != row.undo["version"]:
        raise BuiltUpon(ref=f"L-{row.number}")
    together = _list_of(uow, actor, row)
    for each in together:
        _take_back(uow, actor, each)
        uow.session.execute(_REBASE, {"org": uow.org_id, "lead": each.lead_id, "before": each.undo["version"] - 1})
    uow.session.execute(_UNDONE, {"org": uow.org_id, "ids": [each.id for each in together], "now": uow.now})
    clocks.restart(uow, [each.lead_id for each in together])
    uow.touch(*(each.lead_id for each in together))
    return row.lead_id, row.verb


def undoable(uow: UnitOfWork, *, actor: Actor, lead_id: int) -> int | None:
    """The actor's last change of this lead, which an Undo button would take back, if it still can be."""
    row = uow.session.execute(_OF_LEAD, _who(uow, actor) | {"lead": lead_id}).one_or_none()
    return row.id if row is not None and row.version == row.undo["version"] else None


def _who(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
    since = uow.now - timedelta(minutes=uow.rules.undo_minutes)
    return {"org": uow.org_id, "me": actor.id, "since": since, "verbs": list(VERBS)}


def _list_of(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> list[Row[Any]]:
    """The change itself; of a list, every lead that nobody has built upon."""
    if "list" not in row.undo:
        return [row]
    return list(uow.session.execute(_OF_LIST, _who(uow, actor) | {"list": str(row.undo["list"])}).all())


def _take_back(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
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
            _open_again(uow, actor, row)
        case "reopened":
            _close_again(uow, actor, row)
        case "created":
            _unmake(uow, actor, row)
        case _:
            _restore(uow, actor, row)


def _give_again(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """The owner has the lead again, and its clocks run on from where they stood."""
    owner = members.get(uow, row.undo["owner_id"])
    if not ownership.give(uow, lead_id=row.lead_id, member_id=owner.id, how="undo", actor_id=actor.id):
        figures = {"held": ownership.holding(uow, owner), "limit": ownership.room(uow, owner).cap}
        raise CapacityReached(**figures) if owner.id == actor.id else MemberFull(member_id=owner.id, count=1, **figures)
    uow.session.execute(_OWNED_AS_BEFORE, {"org": uow.org_id, "lead": row.lead_id, **row.undo["before"]})
    timeline.set_tasks(uow, row.undo.get("tasks", []), to="open", was="cancelled")


def _open_again(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """Not won or lost after all. Raises BuiltUpon when the customer has another open lead by now."""
    if timeline.other_open(uow, row.lead_id) is not None:
        raise BuiltUpon(ref=f"L-{row.number}")
    ownership.count_again(uow, lead_id=row.lead_id)
    _restore(uow, actor, row)
    ownership.void_credit(uow, row.lead_id)


def _close_again(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    ownership.count_off(uow, lead_id=row.lead_id, how="undone", reason="undo")
    _restore(uow, actor, row)
    uow.session.execute(
        text("update credit set voided_at = null where org_id = :org and id = any(:ids)"),
        {"org": uow.org_id, "ids": row.undo.get("credit", [])},
    )


def _restore(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """Put the columns back, and the tasks and contact state that changed along."""
    before = {name: value for name, value in row.undo.get("before", {}).items() if name in UNDOABLE}
    timeline.set_tasks(uow, row.undo.get("tasks_made", []), to="cancelled", was="open")
    timeline.set_tasks(uow, row.undo.get("tasks_closed", []), to="open", was="done")
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


def _unmake(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """A lead entered by mistake leaves the lists; its history stays."""
    uow.session.execute(_VOID, {"org": uow.org_id, "lead": row.lead_id, "now": uow.now})
    ownership.count_off(uow, lead_id=row.lead_id, how="undone", reason="undo")
    timeline.note(uow, lead_id=row.lead_id, verb="undone", actor_id=actor.id, data={"verb": row.verb})

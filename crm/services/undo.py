"""Undo: any state change that a rep made, for some minutes, if nobody built on it.

Each change left in its activity what it replaced, so undo is one function, not one for each verb. The history keeps
both: the change and its undoing. What was one command is one step: all its leads go back together, but for those that
somebody has built on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text

from crm.errors import BuiltUpon, NothingToUndo
from crm.rules.access import Actor
from crm.services import (
    assignments,
    batches,
    claim_checks,
    clocks,
    counting,
    lead_values,
    lines,
    members,
    moving,
    nurturing,
    ownership,
    shields,
    team_tasks,
    timeline,
    unmerging,
)
from crm.services.timeline import UNDOABLE
from crm.uow import UnitOfWork

# What a person does. Whatever the engine wrote is taken back by doing the opposite.
VERBS = (
    "claimed", "released", "created", "logged", "stage", "won", "lost", "reopened", "extended", "task_set", "task_done",
    "task_moved", "task_asked", "task_taken", "noted", "assigned", "transferred", "held", "unheld", "parked",
    "protected", "unprotected", "moved", "accepted", "merged", "edited",
)  # fmt: skip
_MINE = """
    select a.id, a.lead_id, a.verb, a.undo, a.at, l.version, l.number, l.owner_id from activity a
    join lead l on l.org_id = a.org_id and l.id = a.lead_id
    where a.org_id = :org and a.actor_id = :me and a.undo is not null and a.undone_at is null and a.at > :since
      and a.verb = any(:verbs)
"""
_LATEST = " order by a.at desc, a.id desc limit 1"
_LAST = text(_MINE + _LATEST)
_ONE = text(_MINE + " and a.id = :activity")
_OF_LEAD = text(_MINE + " and a.lead_id = :lead" + _LATEST)
# Leads in the order of locks that everybody keeps; of each lead the newest change first.
_STEP = text(
    _MINE + " and (a.id = :activity or a.undo->>'step' = :step) order by l.id, a.id desc for no key update of l"
)
_UNDONE = text(
    "update activity set undone_at = :now where org_id = :org and id = any(:ids) and undone_at is null returning id"
)
# The change before this one stands again as it was made, so it can be taken back as well. `base` is the version on
# which a change was made; it stays when the change stands on a newer one.
_REBASE = text(
    """
    update activity a set undo = a.undo || jsonb_build_object('version', l.version, 'base',
               coalesce((a.undo->>'base')::bigint, (a.undo->>'version')::bigint - 1)) from lead l
    where a.org_id = :org and a.lead_id = :lead and a.undone_at is null
      and (a.undo->>'version')::bigint = :before and l.org_id = a.org_id and l.id = a.lead_id
    """
)
_OWNERS = text("select id, owner_id from lead where org_id = :org and id = any(:leads) order by id")
_OWNED_AS_BEFORE = text(
    """
    update lead set assigned_at = cast(:assigned_at as timestamptz), extensions = :extensions,
           followed_up_at = cast(:followed_up_at as timestamptz), extended_until = cast(:extended_until as timestamptz),
           pool_entered_at = cast(:pool_entered_at as timestamptz),
           protected_until = cast(:protected_until as timestamptz),
           pool_id = coalesce(cast(:pool_id as bigint), pool_id)
    where org_id = :org and id = :lead
    """
)
_VOID = text(
    "update lead set status = 'void', closed_at = :now, recycle_at = null, warn_at = null,"
    " version = version + 1 where org_id = :org and id = :lead"
)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back: the leads that are as before, and those of the same step on which somebody built.

    `parted`: what became of the leads of a merge.
    """

    verb: str
    lead_ids: list[int]
    kept_ids: list[int]
    parted: unmerging.Parted | None = None


def undo(
    uow: UnitOfWork,
    *,
    actor: Actor,
    activity_id: int | None = None,
    within: timedelta | None = None,
    of: int | None = None,
) -> Undone:
    """Take back the actor's last change, or the one of that activity, with all that was done in the same step.

    Args:
        within: how long ago it may have been, else as the rules say.
        of: whose change it is, where it is not the actor's own.

    Raises: NothingToUndo, BuiltUpon, CapacityReached, MemberFull.
    """  # fmt: skip
    who = _who(uow, actor, within) | ({"me": of} if of else {})
    row = uow.session.execute(_ONE if activity_id else _LAST, who | {"activity": activity_id}).one_or_none()
    if row is None:
        raise NothingToUndo(minutes=uow.rules.undo_minutes)
    if row.verb == "merged":
        return _part(uow, actor, row)
    rows = uow.session.execute(_STEP, who | {"activity": row.id, "step": row.undo.get("step")}).all()
    whole = [list(changes) for _lead, changes in groupby(rows, key=lambda each: each.lead_id)]
    free = [changes for changes in whole if _stands(changes[0])]
    if not free:
        raise BuiltUpon(ref=f"L-{row.number}")
    _lock_ledger(uow, actor, free)
    _mark(uow, [each.id for changes in free for each in changes])
    for each in (each for changes in free for each in changes):
        _take_back(uow, actor, each)
        before = each.undo.get("base", each.undo.get("version", 0) - 1)
        uow.session.execute(_REBASE, {"org": uow.org_id, "lead": each.lead_id, "before": before})
    done = [changes[0].lead_id for changes in free]
    for lead_id in done:
        counting.restage(uow, lead_id)
    clocks.restart(uow, done)
    uow.touch(*done)
    _tell(uow, actor, {changes[0].lead_id: changes[0].owner_id for changes in free})
    return Undone(row.verb, done, [changes[0].lead_id for changes in whole if not _stands(changes[0])])


def undoable(uow: UnitOfWork, *, actor: Actor, lead_id: int) -> int | None:
    """The actor's last change of this lead, which an Undo button would take back, if it still can be."""
    row = uow.execute(_OF_LEAD, _who(uow, actor) | {"lead": lead_id}).one_or_none()
    return row.id if row is not None and _stands(row) else None


def _part(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> Undone:
    """A merge concerns more leads than the one that tells of it, so it is taken back as a whole."""
    if not _stands(row):
        raise BuiltUpon(ref=f"L-{row.number}")
    parted = unmerging.take_back(uow, actor=actor, merge_id=row.undo["merge"])
    before = {"org": uow.org_id, "lead": row.lead_id, "before": row.undo["version"] - 1}
    uow.session.execute(_REBASE, before)
    return Undone(row.verb, [row.lead_id, *parted.back_ids], [], parted)


def _who(uow: UnitOfWork, actor: Actor, within: timedelta | None = None) -> dict[str, Any]:
    since = uow.now - (within or timedelta(minutes=uow.rules.undo_minutes))
    return {"org": uow.org_id, "me": actor.id, "since": since, "verbs": list(VERBS)}


def _stands(row: Row[Any]) -> bool:
    """Nobody has built on the change. A note stands by itself: it changed nothing about the lead."""
    return row.verb == "noted" or bool(row.version == row.undo["version"])


def _lock_ledger(uow: UnitOfWork, actor: Actor, free: Iterable[Sequence[Row[Any]]]) -> None:
    owners = {owner for changes in free for row in changes for owner in (row.owner_id, row.undo.get("owner_id"))}
    assignments.lock(uow, [], sorted({actor.id, *owners} - {None}))


def _mark(uow: UnitOfWork, ids: list[int]) -> None:
    """The changes are undone, by this transaction alone: of two that want the same only one finds them."""
    if len(uow.session.scalars(_UNDONE, {"org": uow.org_id, "ids": ids, "now": uow.now}).all()) < len(ids):
        raise NothingToUndo(minutes=uow.rules.undo_minutes)


def _tell(uow: UnitOfWork, actor: Actor, owners: dict[int, int | None]) -> None:
    """Whoever lost or got back leads by somebody else's undo is told, `owners` being who had them until now."""
    moves: dict[tuple[int | None, int | None], list[int]] = {}
    for row in uow.session.execute(_OWNERS, {"org": uow.org_id, "leads": list(owners)}):
        if row.owner_id != owners[row.id]:
            moves.setdefault((owners[row.id], row.owner_id), []).append(row.id)
    for (loser, keeper), lead_ids in moves.items():
        data = {"leads": lead_ids, "by": actor.id, "undone": True}
        key = f"undone:{lead_ids[0]}:{uow.now.isoformat()}"
        if loser not in (None, actor.id):
            uow.notify("leads.moved_away", to=loser, key=f"{key}:from", data=data)
        if keeper not in (None, actor.id):
            uow.notify("leads.transferred", to=keeper, key=f"{key}:to", data=data | {"from": loser})


def _take_back(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:  # noqa: C901  (one case a kind of change)
    match row.verb:
        case "noted":
            timeline.note(uow, lead_id=row.lead_id, verb="undone", actor_id=actor.id, data={"verb": row.verb})
        case "released" | "transferred" if "owner_id" in row.undo:
            _give_again(uow, actor, row)
        case "claimed" | "assigned" | "transferred" | "accepted":
            # The contact was shown, so a claim still counts for the quota; only the lead goes back.
            ownership.take_back(
                uow, lead_id=row.lead_id, owner_id=row.owner_id, how="undone", reason="undo", actor_id=actor.id,
                verb="undone",
            )  # fmt: skip
            if "desk" in row.undo:
                batches.lay_again(uow, row.lead_id, row.undo["desk"])
        case "won" | "lost":
            _open_again(uow, actor, row)
        case "reopened":
            _close_again(uow, actor, row)
        case "moved":
            moving.move_back(uow, actor=actor, lead_id=row.lead_id, before=row.undo["before"])
        case "unprotected":
            shields.refuse_more(uow, members.get(uow, row.owner_id), but=row.lead_id)
            _restore(uow, actor, row)
        case "created":
            _unmake(uow, actor, row)
        case _:
            _restore(uow, actor, row)


def _give_again(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """The owner has the lead again, and its clocks run on from where they stood."""
    owner = members.get(uow, row.undo["owner_id"])
    if not ownership.give(uow, lead_id=row.lead_id, member_id=owner.id, how="undo", actor_id=actor.id):
        raise claim_checks.why_not(uow, owner, row.lead_id, mine=owner.id == actor.id)
    before = {"protected_until": None, "pool_id": None} | row.undo["before"]
    uow.session.execute(_OWNED_AS_BEFORE, {"org": uow.org_id, "lead": row.lead_id, **before})
    timeline.set_tasks(uow, row.undo.get("tasks", []), to="open", was="cancelled")


def _open_again(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """Not won or lost after all. Raises BuiltUpon when the customer has another open lead by now."""
    if timeline.other_open(uow, row.lead_id) is not None:
        raise BuiltUpon(ref=f"L-{row.number}")
    counting.count_again(uow, lead_id=row.lead_id, stage=row.undo["before"]["stage"], undo=True)
    _restore(uow, actor, row)
    counting.void_credit(uow, row.lead_id)
    if row.verb == "won":
        lines.unpark(uow, parent_id=row.lead_id)


def _close_again(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    how = "converted" if row.undo["before"]["status"] == "won" else "lost"
    counting.count_off(uow, lead_id=row.lead_id, how=how, reason="undo")
    _restore(uow, actor, row)
    uow.session.execute(
        text("update credit set voided_at = null where org_id = :org and id = any(:ids)"),
        {"org": uow.org_id, "ids": row.undo.get("credit", [])},
    )


def _restore(uow: UnitOfWork, actor: Actor, row: Row[Any]) -> None:
    """Put the columns back, and the tasks and contact state that changed along."""
    # Whether a lead waits is changed by the engine as well, which leaves no newer version behind.
    waits = row.verb in ("held", "unheld", "parked", "won", "lost")
    names = [name for name in UNDOABLE if waits or not name.startswith("held_")]
    before = {name: value for name, value in row.undo.get("before", {}).items() if name in names}
    if row.verb == "parked" and before["held_by"] != "nurture":
        nurturing.unpark(uow, lead_id=row.lead_id, owner_id=row.owner_id)
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
    if "task_taken" in row.undo:
        team_tasks.give_back(uow, task_id=row.undo["task_taken"], member_id=actor.id)
    if "values" in row.undo:
        lead_values.put_back(uow, row.lead_id, row.undo["values"])
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
    counting.count_off(uow, lead_id=row.lead_id, how="undone", reason="undo")
    timeline.note(uow, lead_id=row.lead_id, verb="undone", actor_id=actor.id, data={"verb": row.verb})

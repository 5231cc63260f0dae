"""Many leads at once: those that fit a filter are handed to a colleague or closed as lost, after a preview.

What was previewed is kept as a run, so that the tap changes these leads and no others, and for a day all of it that
nobody has worked on since is taken back by one more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import text

from crm.errors import MemberInactive, OldCard
from crm.errors_of_pools import NothingFits
from crm.rules.access import SELLERS, Actor
from crm.rules.wanted import Wanted
from crm.services import agenda, assignments, leads, ownership, pipeline, timeline, undo
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

Deed = Literal["reassign", "close"]
KIND, MOST = "bulk", 200
GOOD_FOR, BACK_FOR = timedelta(hours=1), timedelta(hours=24)
_PLAN = text(
    "insert into run (org_id, kind, at, counters) values (:org, :kind, :now, cast(:counters as jsonb)) returning id"
)
_READ = text("select at, counters from run where org_id = :org and id = :run and kind = :kind for update")
_DONE = text("update run set counters = counters || cast(:done as jsonb) where org_id = :org and id = :run")
_BACK = text("update run set rewound_at = :now where org_id = :org and id = :run")


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be done, at most to `MOST` leads of `total`.

    Args:
        to: the taker of a reassignment.
        barred: those of the leads that will stay where they are: self-sourced, or there is no room.
        done: the leads that were changed, None before the tap.
        step: the activity by which all of it is taken back.
    """

    deed: Deed
    by: int
    leads: list[int]
    total: int
    wanted: dict[str, Any]
    to: int | None = None
    reason: str = ""
    barred: int = 0
    done: list[int] | None = None
    step: int | None = None


def plan(
    uow: UnitOfWork, *, actor: Actor, deed: Deed, wanted: Wanted, to: Actor | None = None, reason: str = ""
) -> int:
    """Find what fits among the leads of whom the actor leads; returns the number under which it is kept.

    Raises: NotAllowed, MemberInactive, NothingFits.
    """
    actor.need("assign")
    if to is not None and not (to.active and to.role in SELLERS):
        raise MemberInactive(member_id=to.id)
    found = agenda.of_team(uow, actor=actor, wanted=wanted, but=to.id if to else None, most=MOST)
    if not found.each:
        raise NothingFits
    kept = {
        "deed": deed, "by": actor.id, "leads": [lead.id for lead in found.each], "total": found.total, "reason": reason,
        "wanted": wanted.model_dump(mode="json"), "to": to.id if to else None,
        "barred": _barred(uow, found.each, to) if to else 0,
    }  # fmt: skip
    made: int = uow.session.execute(
        _PLAN, {"org": uow.org_id, "kind": KIND, "now": uow.now, "counters": json.dumps(kept)}
    ).scalar_one()
    return made


def read(uow: UnitOfWork, run_id: int) -> Plan | None:
    """A plan for as long as it can be done, or what was done for as long as it can be taken back."""
    row = uow.session.execute(_READ, {"org": uow.org_id, "run": run_id, "kind": KIND}).one_or_none()
    if row is None or row.at < uow.now - (BACK_FOR if "done" in row.counters else GOOD_FOR):
        return None
    return Plan(**row.counters)


def do(uow: UnitOfWork, *, actor: Actor, run_id: int, to: Actor | None = None) -> Plan:
    """Do what was previewed to those leads that still allow it. Twice is harmless.

    Args: to: the taker whom the plan names.
    Raises: OldCard, NotAllowed.
    """
    planned = _own(uow, actor, run_id)
    if planned.done is not None:
        return planned
    actor.need("assign")
    found = [lead for lead in leads.many(uow, actor=actor, lead_ids=planned.leads) if lead.status == "open"]
    found = [lead for lead in found if lead.restricted_at is None]
    owners = {lead.owner_id for lead in found} | {planned.to}
    assignments.lock(uow, [lead.id for lead in found], sorted(each for each in owners if each))
    done = [lead.id for lead in found if _one(uow, actor, planned, lead, to)]
    timeline.one_step(uow, actor_id=actor.id, lead_ids=done, verb="transferred" if to else "lost")
    step = undo.undoable(uow, actor=actor, lead_id=done[0]) if done else None
    kept = json.dumps({"done": done, "step": step})
    uow.session.execute(_DONE, {"org": uow.org_id, "run": run_id, "done": kept})
    return replace(planned, done=done, step=step)


def take_back(uow: UnitOfWork, *, actor: Actor, run_id: int) -> undo.Undone:
    """Take back what nobody has worked on since: what the actor did, and an admin what anybody did.

    Raises: OldCard, and what `undo` refuses.
    """
    planned = read(uow, run_id)
    if planned is None or planned.step is None or not (actor.is_admin or planned.by == actor.id):
        raise OldCard
    uow.session.execute(_BACK, {"org": uow.org_id, "run": run_id, "now": uow.now})
    return undo.undo(uow, actor=actor, activity_id=planned.step, within=BACK_FOR, of=planned.by)


def _own(uow: UnitOfWork, actor: Actor, run_id: int) -> Plan:
    planned = read(uow, run_id)
    if planned is None or planned.by != actor.id:
        raise OldCard
    return planned


def _one(uow: UnitOfWork, actor: Actor, planned: Plan, lead: LeadView, to: Actor | None) -> bool:
    """Whether it could be done to this lead; what is checked here comes before the first change of it."""
    if to is None:
        pipeline.lost(uow, actor=actor, lead=lead, reason=planned.reason)
        return True
    if lead.origin == "self" or lead.owner_id == to.id or not ownership.fits(uow, to, lead.id):
        return False
    assignments.hand_over(uow, actor=actor, lead=lead, to=to, how="transfer")
    return True


def _barred(uow: UnitOfWork, found: list[LeadView], to: Actor) -> int:
    fit = [lead for lead in found if lead.origin != "self"]
    room = max(0, ownership.room(uow, to).cap - ownership.holding(uow, to))
    return len(found) - min(len(fit), room)

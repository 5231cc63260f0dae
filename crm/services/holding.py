"""A person holds a lead: a free one is dealt to nobody and nobody can claim it, the clock of an owned one stands still.

When the hold ends the clock goes on with what was left of it, and a lead that waited to be dealt is in its old place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from crm.errors import Conflict, LeadClosed, TimeInPast
from crm.errors_of_waiting import LeadOnHold, LeadParked, LeadWaits, NotHeld
from crm.rules.access import Actor
from crm.rules.facts import LeadFacts
from crm.services import clocks, decisions, lead_facts, timeline
from crm.services.decisions import Verdict
from crm.services.leads import LeadView, need_workable
from crm.uow import UnitOfWork

CHUNK = 500
# What a lead may wait for that a person's hold comes before and goes back to.
QUEUES = frozenset({"nobody", "paused"})

_STANDS = text(
    """
    select l.held_by, l.held_since, l.held_until, l.held_for, l.counts, l.wave, l.owner_id, l.origin, l.number
    from lead l where l.org_id = :org and l.id = :lead
    """
)
_LOCK = text("select id from lead where org_id = :org and id = :lead and status = 'open' for no key update")
_DUE = text(
    """
    select id from lead where org_id = :org and held_until <= :now and held_by = 'person' and status = 'open'
    order by held_until, id limit :chunk for no key update skip locked
    """
)
_READ = text(
    """
    select id, held_for, held_since, owner_id, extended_until from lead
    where org_id = :org and id = any(:leads) and held_by = 'person' and status = 'open'
    order by id for no key update
    """
)
_LET_GO = text(
    """
    update lead l set held_by = d.back, held_for = null, held_until = null,
           held_since = case when d.back is not null then l.held_since end,
           extended_until = greatest(l.extended_until, d.until), version = l.version + 1
    from unnest(cast(:leads as bigint[]), cast(:backs as text[]), cast(:untils as timestamptz[])) as d(id, back, until)
    where l.org_id = :org and l.id = d.id
    """
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a lead waits, see the table; `counts`: it fills its owner's capacity."""

    held_by: str | None
    held_since: datetime | None
    held_until: datetime | None
    held_for: str | None
    counts: bool
    wave: int
    owner_id: int | None
    origin: str
    number: int

    @property
    def ref(self) -> str:
        return f"L-{self.number}"


def standing(uow: UnitOfWork, lead_id: int) -> Standing:
    """What a lead waits for, if it waits; whoever asks has passed the door of the lead."""
    return Standing(*uow.session.execute(_STANDS, {"org": uow.org_id, "lead": lead_id}).one())


def lock(uow: UnitOfWork, lead: LeadView) -> Standing:
    """The lead, locked, for putting it aside. Raises LeadClosed, Conflict, LeadWaits, PersonSetAside."""
    need_workable(lead)
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    if uow.session.scalar(_LOCK, {"org": uow.org_id, "lead": lead.id}) is None:
        raise Conflict
    found = standing(uow, lead.id)
    if found.owner_id != lead.owner_id:
        raise Conflict
    if found.held_by in ("offer", "group", "desk"):
        raise LeadWaits(ref=lead.ref)
    return found


def hold(uow: UnitOfWork, *, actor: Actor, lead: LeadView, until: datetime, reason: str) -> int:
    """A manager holds a lead until then; a second time moves the end. Returns the activity's id.

    Raises: NotAllowed, LeadClosed, TimeInPast, LeadParked, LeadWaits, Conflict.
    """
    actor.need("hold")
    if until <= uow.now:
        raise TimeInPast
    now_there = lock(uow, lead)
    if now_there.held_by == "nurture":
        raise LeadParked(ref=lead.ref, until=_iso(now_there.held_until))
    queue = {"person": now_there.held_for}.get(str(now_there.held_by), now_there.held_by)
    activity = timeline.change(
        uow, lead_id=lead.id, verb="held", actor_id=actor.id, for_id=lead.owner_id if not lead.mine else None,
        words=reason, data={"until": until}, held_by="person", held_since=now_there.held_since or uow.now,
        held_until=until, held_for=queue if queue in QUEUES else None,
    )  # fmt: skip
    assert activity is not None, "the lead is locked by this transaction"
    decide(uow, "held", lead.id, lead.owner_id, activity, {"until": until.isoformat(), "by": actor.id})
    clocks.restart(uow, [lead.id])
    if lead.owner_id not in (None, actor.id):
        tell(uow, lead.owner_id, lead.id, activity)
    return activity


def unhold(uow: UnitOfWork, *, actor: Actor, lead: LeadView, reason: str = "") -> int:
    """A manager ends a hold before its time; returns the activity's id.

    Raises: NotAllowed, LeadClosed, NotHeld, Conflict.
    """
    actor.need("hold")
    if lock(uow, lead).held_by != "person":
        raise NotHeld(ref=lead.ref)
    activity = timeline.change(uow, lead_id=lead.id, verb="unheld", actor_id=actor.id, words=reason or None)
    assert activity is not None, "the lead is locked"
    let_go(uow, [lead.id])
    timeline.reaches_to_now(uow, activity)
    decide(uow, "unheld", lead.id, lead.owner_id, activity, {"by": actor.id})
    if lead.owner_id not in (None, actor.id):
        tell(uow, lead.owner_id, lead.id, activity)
    return activity


def end_due(uow: UnitOfWork) -> int:
    """Let go of what was held until now; returns how many leads were looked at. Twice is harmless."""
    ids = uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    let_go(uow, ids)
    return len(ids)


def let_go(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    """These leads are held no longer, and their clocks go on where they stood."""
    rows = uow.session.execute(_READ, {"org": uow.org_id, "leads": list(lead_ids)}).all()
    if not rows:
        return
    left = _left(uow, rows)
    uow.session.execute(
        _LET_GO,
        {
            "org": uow.org_id, "leads": [row.id for row in rows],
            # A paused rule may have been taken up meanwhile: those who deal look again.
            "backs": ["nobody" if row.held_for in QUEUES and row.owner_id is None else None for row in rows],
            "untils": [left.get(row.id) for row in rows],
        },
    )  # fmt: skip
    clocks.restart(uow, [row.id for row in rows])
    uow.touch(*(row.id for row in rows))


def _left(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> dict[int, datetime]:
    """Until when each owned lead is safe, so that it has as much time as when its clock was stopped."""
    since = {row.id: row.held_since for row in rows}
    facts = [_running(lead) for lead in lead_facts.read(uow, list(since))]
    found = zip(facts, clocks.compute(uow, facts), strict=True)
    return {
        lead.id: clock.recycle_at + (uow.now - max(since[lead.id], *_worked(lead)))
        for lead, clock in found if clock.recycle_at is not None
    }  # fmt: skip


def _running(lead: LeadFacts) -> LeadFacts:
    return replace(lead, held_by=None)


def _worked(lead: LeadFacts) -> tuple[datetime, ...]:
    """What was done with a lead while it was held gave its clock time already."""
    done = (lead.assigned_at, lead.followed_up_at)
    return tuple(at for at in done if at is not None)


def refuse(uow: UnitOfWork, *, ref: str, lead_id: int) -> LeadOnHold | LeadParked | None:
    """Why nobody may take a free lead now, if it is put aside."""
    found = standing(uow, lead_id)
    if found.held_by == "nurture":
        return LeadParked(ref=ref, until=_iso(found.held_until))
    return LeadOnHold(ref=ref, until=_iso(found.held_until)) if found.held_by == "person" else None


def decide(
    uow: UnitOfWork, outcome: str, lead_id: int, member_id: int | None, activity_id: int, facts: dict[str, Any]
) -> None:
    """Write down that a person put the engine's decision aside; the reason stands in that entry of the timeline."""
    decisions.record(
        uow, "override", [Verdict(lead_id, outcome, member_id=member_id, facts=facts | {"activity": activity_id})]
    )


def tell(uow: UnitOfWork, member_id: int | None, lead_id: int, activity_id: int) -> None:
    """Owe the owner the news that somebody else put the lead aside, or fetched it back."""
    uow.notify(
        "lead.aside", to=member_id, lead=lead_id, key=f"aside:{activity_id}",
        data={"lead": lead_id, "activity": activity_id}, together=f"aside:{member_id}",
    )  # fmt: skip


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""

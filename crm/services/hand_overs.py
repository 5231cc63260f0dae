"""Everything of one member goes to others, as one run: proposed when somebody leaves, done by one tap or by the rule
when nobody taps in time, and taken back for a day, or when the colleague comes back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, text

from crm.errors import MemberInactive, NotYourTeam, OldCard
from crm.errors_of_people import HandedOver, TooLateToTakeBack
from crm.rules.access import SELLERS, Actor
from crm.services import belongings, decisions, members, ownership, placing, pools, splitting, swapping
from crm.services.decisions import Verdict
from crm.services.splitting import Share
from crm.uow import UnitOfWork

KIND = "hand_over"
WITHIN = timedelta(hours=24)
CHUNK = 5  # hand-overs of one transaction, each of which may hold hundreds of leads
State = Literal["open", "done", "back", "undone"]

_OPEN = text(
    """
    insert into hand_over (org_id, member_id, kind, state, opened_at, due_at, counters)
    values (:org, :member, 'left', 'open', :now, :due, '{}')
    on conflict (org_id, member_id) where state = 'open' do nothing returning id
    """
)
_TRANSFER = text(
    """
    insert into hand_over (org_id, member_id, kind, state, opened_at, done_at, by_id, run_id, counters)
    values (:org, :member, 'transfer', 'done', :now, :now, :by, :run, '{}') returning id
    """
)
_VIEW = "select id, member_id, kind, state, opened_at, due_at, done_at, by_id, run_id, counters from hand_over"
_ONE = text(f"{_VIEW} where org_id = :org and id = :id for update")
_READ = text(f"{_VIEW} where org_id = :org and id = :id")
_LAST = text(f"{_VIEW} where org_id = :org and member_id = :member and kind = 'left' order by id desc limit 1")
_OF_RUN = text(f"{_VIEW} where org_id = :org and run_id = :run")
_WAITING = text(f"{_VIEW} where org_id = :org and state = 'open' order by id")
_DUE = text(
    """
    select id from hand_over where org_id = :org and state = 'open' and due_at <= :now
    order by due_at, id limit :chunk for update skip locked
    """
)
_DONE = text(
    """
    update hand_over set state = :state, done_at = coalesce(done_at, :now), by_id = coalesce(by_id, :by),
           run_id = coalesce(run_id, :run), due_at = null, counters = counters || cast(:counters as jsonb),
           undone_at = case when :state = 'undone' then cast(:now as timestamptz) end
    where org_id = :org and id = :id
    """
)
_POOLED = text(
    """
    insert into hand_over_item (org_id, hand_over_id, part, item_id, before)
    select :org, :id, 'lead', l.lead, cast(:before as jsonb)
    from unnest(cast(:leads as bigint[])) as l(lead)
    on conflict do nothing
    """
)
_ADMIN = text("select min(id) from member where org_id = :org and role = 'admin' and active")
_FACTS = text(
    """
    select id, pool_id, origin, jsonb_build_object('assigned_at', assigned_at, 'followed_up_at', followed_up_at,
           'extended_until', extended_until, 'extensions', extensions, 'protected_until', protected_until) as before
    from lead where org_id = :org and id = any(:leads) order by id
    """
)


@dataclass(frozen=True, slots=True)
class HandOverView:
    """A hand-over as it stands. `parts` are how many rows of what went, by the names of `belongings`."""

    id: int
    member_id: int
    kind: str
    state: State
    due_at: datetime | None
    done_at: datetime | None
    by_id: int | None
    run_id: int | None
    shares: dict[int, list[int]]
    parts: dict[str, int]
    pooled: int

    @property
    def leads(self) -> int:
        return sum(map(len, self.shares.values())) + self.pooled


def may(actor: Actor, giver: Actor) -> None:
    """Whether the actor hands over what is somebody else's. Raises NotAllowed, NotYourTeam."""
    actor.need("assign")
    if not (actor.is_admin or actor.manages_any(giver.departments)):
        raise NotYourTeam(member_id=giver.id)


def propose(uow: UnitOfWork, member_id: int) -> int | None:
    """Open the hand-over of somebody who has just left; None where there is one already, or nothing to hand over."""
    leads = swapping.leads_of(uow, member_id)
    if not leads and not belongings.counted(uow, member_id):
        return None
    due = uow.now + uow.rules.leaving.within.longest
    made: int | None = uow.session.scalar(_OPEN, _args(uow) | {"member": member_id, "due": due})
    facts = {"until": due.isoformat()}
    decisions.record(uow, "override", [Verdict(lead, "frozen", member_id=member_id, facts=facts) for lead in leads])
    return made


def of(uow: UnitOfWork, hand_over_id: int) -> HandOverView:
    """One hand-over. Raises OldCard where there is none."""
    row = uow.session.execute(_READ, _args(uow) | {"id": hand_over_id}).one_or_none()
    if row is None:
        raise OldCard
    return _view(row)


def last_of(uow: UnitOfWork, member_id: int) -> HandOverView | None:
    """The newest hand-over of somebody who has left."""
    row = uow.session.execute(_LAST, _args(uow) | {"member": member_id}).one_or_none()
    return _view(row) if row else None


def of_run(uow: UnitOfWork, run_id: int) -> HandOverView | None:
    """The hand-over that was done in that run."""
    row = uow.session.execute(_OF_RUN, _args(uow) | {"run": run_id}).one_or_none()
    return _view(row) if row else None


def waiting(uow: UnitOfWork) -> list[HandOverView]:
    """Those that nobody has done yet, the oldest first."""
    return [_view(row) for row in uow.session.execute(_WAITING, _args(uow))]


def shares(uow: UnitOfWork, *, giver: Actor, how: str) -> list[Share]:
    """Who would get what. Args: how: as `splitting.chosen` reads it."""
    by, to = splitting.chosen(uow, how)
    return splitting.split(uow, giver=giver, leads=swapping.leads_of(uow, giver.id), by=by, to=to)


def do(uow: UnitOfWork, *, actor: Actor, hand_over_id: int, how: str, seen: str = "") -> HandOverView | None:
    """Hand over what somebody left behind, as it is split now; what is nobody's lead goes to the one taker or the
    actor.

    Args: seen: the `splitting.mark` of the proposal that the actor agreed to.

    Returns: None, and nothing is done, when others would take it by now, or another number of leads.

    Raises: OldCard, NotAllowed, NotYourTeam, HandedOver, MemberInactive.
    """
    row = _locked(uow, hand_over_id)
    giver = members.get(uow, row.member_id)
    may(actor, giver)
    if row.state != "open":
        raise HandedOver
    by, to = splitting.chosen(uow, how)
    if to is not None and (not to.active or to.role not in SELLERS):
        raise MemberInactive(member_id=to.id)
    leads = swapping.leads_of(uow, giver.id)
    found = splitting.split(uow, giver=giver, leads=leads, by=by, to=to)
    if seen and seen != splitting.mark(found):
        return None
    return _carry_out(uow, row.id, giver, found, heir_id=to.id if to else actor.id, by_id=actor.id)


def duties(uow: UnitOfWork, *, actor: Actor, giver: Actor, to: Actor) -> HandOverView:
    """What a living colleague looks after goes to another: pools, reports, digests, and whatever else there is of it.

    Raises: NotAllowed, NotYourTeam, MemberInactive.
    """
    may(actor, giver)
    if not to.active:
        raise MemberInactive(member_id=to.id)
    run = decisions.open_run(uow, KIND, {"from": giver.id})
    args = _args(uow) | {"member": giver.id, "by": actor.id, "run": run}
    made = int(uow.session.execute(_TRANSFER, args).scalar_one())
    parts = belongings.move(uow, hand_over_id=made, giver_id=giver.id, heir_id=to.id, parts=belongings.DUTIES)
    _close(uow, made, "done", actor.id, run, {"parts": parts, "heir": to.id})
    return of(uow, made)


def time_out(uow: UnitOfWork) -> int:
    """Do by the rule what no manager has done in time; returns how many were looked at. Twice is harmless."""
    due = uow.session.scalars(_DUE, _args(uow) | {"chunk": CHUNK}).all()
    for hand_over_id in due:
        _by_rule(uow, of(uow, hand_over_id))
    return len(due)


def take_back(uow: UnitOfWork, *, actor: Actor, hand_over_id: int) -> list[int]:
    """The giver has again what nobody has worked on since: within a day, or once the giver is back; returns the leads.

    Of somebody who is still gone, a new hand-over is open then.

    Raises: OldCard, NotAllowed, NotYourTeam, TooLateToTakeBack.
    """
    row = _locked(uow, hand_over_id)
    giver = members.get(uow, row.member_id)
    may(actor, giver)
    if row.state != "done":
        return []
    if row.done_at < uow.now - WITHIN and not (giver.active and row.kind == "left"):
        raise TooLateToTakeBack
    cap = ownership.room(uow, giver).cap if giver.active else None
    leads = swapping.give_back(
        uow, hand_over_id=row.id, giver_id=giver.id, since=row.done_at, by_id=actor.id, cap=cap
    )  # fmt: skip
    belongings.give_back(uow, hand_over_id=row.id, giver_id=giver.id)
    swapping.settle(uow, leads)
    _close(uow, row.id, "undone", actor.id, None, {"back": len(leads)})
    _tell_takers_back(uow, _view(row), leads, actor.id)
    if not giver.active:
        propose(uow, giver.id)
    return leads


def is_back(uow: UnitOfWork, member_id: int) -> HandOverView | None:
    """Who had left is here again: an open hand-over is off; one that was done is returned, to be taken back."""
    found = last_of(uow, member_id)
    if found and found.state == "open":
        _close(uow, found.id, "back", None, None, {})
    return found if found and found.state == "done" else None


def untouched(uow: UnitOfWork, found: HandOverView) -> int:
    """How many of its leads nobody has worked on since."""
    if found.state != "done" or found.done_at is None:
        return 0
    return len(swapping.untouched(uow, hand_over_id=found.id, since=found.done_at))


def heir(uow: UnitOfWork, member_id: int) -> int | None:
    """Who answers for somebody who has left: the nearest manager, else the first admin; None where nobody is left."""
    found = members.managers_of(uow, member_id)
    return found[0] if found else uow.session.scalar(_ADMIN, _args(uow))


def _by_rule(uow: UnitOfWork, found: HandOverView) -> None:
    giver, leads = members.get(uow, found.member_id), swapping.leads_of(uow, found.member_id)
    heir_id, pooled = heir(uow, giver.id), list[int]()
    swapping.lock(uow, leads, [giver.id, *([heir_id] if heir_id else [])])
    if uow.rules.leaving.to == "pool" or heir_id is None:
        pooled = _pool(uow, found.id, giver.id, leads)
    rest = [lead for lead in leads if lead not in set(pooled)]
    taking = [Share(heir_id, 0, None, rest)] if heir_id and rest else []
    _carry_out(uow, found.id, giver, taking, heir_id=heir_id, by_id=None, pooled=pooled)
    for manager in members.managers_of(uow, giver.id):
        uow.notify(
            "member.timed_out", to=manager, data={"hand_over": found.id}, key=f"timed-out:{found.id}:{manager}"
        )  # fmt: skip


def _pool(uow: UnitOfWork, hand_over_id: int, giver_id: int, lead_ids: list[int]) -> list[int]:
    """Give leads back to where their pools' leads return; returns which. Self-sourced ones lie in no pool."""
    fallback = next(iter(pools.every(uow)), None)
    pooled = dict[int, list[int]]()
    for row in uow.session.execute(_FACTS, _args(uow) | {"leads": lead_ids}).all():
        target = pools.returns_to(uow, row.pool_id) or row.pool_id or (fallback.id if fallback else None)
        if row.origin == "self" or target is None:
            continue
        story: dict[str, Any] = {"how": "recycled", "reason": "owner_left", "actor_id": None, "verb": "recycled"}
        if ownership.take_back(uow, lead_id=row.id, owner_id=giver_id, pool_id=target, **story):
            pooled.setdefault(target, []).append(row.id)
            args = {"id": hand_over_id, "leads": [row.id], "before": json.dumps(row.before)}
            uow.session.execute(_POOLED, _args(uow) | args)
    for pool_id, leads in pooled.items():
        placing.announce(uow, pool_id, leads)
    gone = sorted(lead for leads in pooled.values() for lead in leads)
    decisions.record(uow, "override", [Verdict(lead, "left_to_pool", member_id=giver_id) for lead in gone])
    return gone


def _carry_out(
    uow: UnitOfWork, hand_over_id: int, giver: Actor, found: list[Share], *, heir_id: int | None, by_id: int | None,
    pooled: list[int] | None = None,
) -> HandOverView:  # fmt: skip
    takers = {lead: share.member_id for share in found for lead in share.leads}
    swapping.lock(uow, sorted(takers), [giver.id, *takers.values()])
    run = decisions.open_run(uow, KIND, {"from": giver.id})
    moved = swapping.swap(
        uow, hand_over_id=hand_over_id, run_id=run, giver_id=giver.id, takers=dict(sorted(takers.items())), by_id=by_id
    )
    parts = belongings.move(uow, hand_over_id=hand_over_id, giver_id=giver.id, heir_id=heir_id)
    swapping.settle(uow, sorted(takers))
    counters = {"shares": moved, "parts": parts, "heir": heir_id, "pooled": len(pooled or [])}
    _close(uow, hand_over_id, "done", by_id, run, counters)
    for taker, leads in moved.items():
        uow.notify(
            "leads.taken_over", to=taker, key=f"taken-over:{hand_over_id}:{run}:{taker}",
            data={"hand_over": hand_over_id, "leads": leads, "giver": giver.id},
        )  # fmt: skip
    return of(uow, hand_over_id)


def _tell_takers_back(uow: UnitOfWork, was: HandOverView, back: list[int], by_id: int) -> None:
    for taker, leads in was.shares.items():
        gone = [lead for lead in leads if lead in set(back)]
        if gone and taker != by_id:
            uow.notify(
                "leads.moved_away", to=taker, key=f"given-back:{was.id}:{taker}",
                data={"leads": gone, "by": by_id}, together=f"moved:{taker}:{by_id}",
            )  # fmt: skip


def _locked(uow: UnitOfWork, hand_over_id: int) -> Row[Any]:
    row = uow.session.execute(_ONE, _args(uow) | {"id": hand_over_id}).one_or_none()
    if row is None:
        raise OldCard
    return row


def _close(
    uow: UnitOfWork, hand_over_id: int, state: State, by_id: int | None, run_id: int | None, counters: dict[str, Any]
) -> None:
    args = {"id": hand_over_id, "state": state, "by": by_id, "run": run_id, "counters": json.dumps(counters)}
    uow.session.execute(_DONE, _args(uow) | args)


def _args(uow: UnitOfWork) -> dict[str, Any]:
    return {"org": uow.org_id, "now": uow.now}


def _view(row: Row[Any]) -> HandOverView:
    kept = row.counters
    return HandOverView(
        row.id, row.member_id, row.kind, row.state, row.due_at, row.done_at, row.by_id, row.run_id,
        {int(taker): leads for taker, leads in kept.get("shares", {}).items()}, kept.get("parts", {}),
        kept.get("pooled", 0),
    )  # fmt: skip

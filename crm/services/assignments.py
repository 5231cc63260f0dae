"""Who owns a lead: claim, give, release, assign, transfer. The database settles every race.

The checks that explain a refusal are here; the compare-and-set that decides is `ownership.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from crm.errors import (
    CapacityReached,
    Conflict,
    CoolingDown,
    Embargoed,
    LeadAlreadyClaimed,
    LeadAlreadyYours,
    LeadClosed,
    LeadNotFound,
    LeadNotInPool,
    LeadNotYours,
    LeadUnclaimed,
    MemberFull,
    MemberInactive,
    NotAllowed,
    NotYourTeam,
    PoolClosed,
    PoolEmpty,
    QuotaReached,
    Refusal,
    SelfSourced,
)
from crm.rules import quota
from crm.rules.access import SELLERS, Actor
from crm.services import leads, ownership, takeable, timeline
from crm.services.ownership import give, take_back
from crm.services.takeable import Takeable
from crm.uow import UnitOfWork

# The best of each pool by index, then the best of these: one sort over all pools took a second on a million leads.
_NEXT = text(
    """
    select best.id from (
        select distinct ps.pool_id, coalesce(cast(:waits as jsonb)->p.key, cast(:waits as jsonb)->'') as waits
        from pool_scope ps join pool p on p.org_id = ps.org_id and p.id = ps.pool_id
        where ps.org_id = :org and (cast(:pool as bigint) is null or ps.pool_id = :pool)
          and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path))
    ) mine
    cross join lateral (
        select l.id, l.score from lead l
        where l.org_id = :org and l.pool_id = mine.pool_id and l.status = 'open' and l.owner_id is null
          and l.origin <> 'self' and l.held_since is null and not l.id = any(:but)
          and (l.pool_entered_at is null or l.pool_entered_at <= cast(mine.waits->>'entered' as timestamptz))
          and not exists (select 1 from assignment a where a.org_id = l.org_id and a.lead_id = l.id
                            and a.member_id = :me and a.ended_at > cast(mine.waits->>'left' as timestamptz))
        order by l.score desc, l.id
        limit 1 for no key update of l skip locked
    ) best
    order by best.score desc, best.id
    limit 1
    """
)
_LOCK_LEADS = text("select id from lead where org_id = :org and id = any(:leads) order by id for no key update")
_LOCK_LEDGER = text(
    "select member_id from rep_load where org_id = :org and member_id = any(:members) order by member_id for update"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A won claim, what the claimer now holds, and the activity that an undo takes back."""

    lead_id: int
    number: int
    load: ownership.Load
    activity_id: int


def claim(uow: UnitOfWork, *, actor: Actor, ref: str) -> Claimed:
    """Take a lead from a pool: access, pool policy, capacity, quota, compare-and-set.

    Raises: LeadNotFound, LeadAlreadyClaimed, LeadAlreadyYours, LeadClosed, LeadNotInPool, PoolClosed, Embargoed,
        CoolingDown, CapacityReached, QuotaReached, NotAllowed.
    """
    number = leads.parse_ref(ref)
    found = takeable.by_number(uow, actor, number) if number is not None else None
    if found is None:
        raise LeadNotFound(ref=ref)
    return _claim(uow, actor, found)


def claim_best(uow: UnitOfWork, *, actor: Actor, many: int = 1, pool_id: int | None = None) -> list[Claimed]:
    """Take the best claimable leads, up to that many, under the same checks; stops at the first cap.

    Raises: PoolEmpty when there is none, or the refusal that stopped the very first one.
    """
    taken: list[Claimed] = []
    who = {"org": uow.org_id, "me": actor.id, "role": actor.role, "path": list(actor.departments), "waits": _waits(uow)}
    while len(taken) < many:
        skip = [claimed.lead_id for claimed in taken]
        lead_id = uow.session.scalar(_NEXT, who | {"pool": pool_id, "but": skip})
        if lead_id is None:
            break
        found = takeable.by_id(uow, actor, lead_id)
        assert found is not None, "the row is locked by this transaction"
        refusal = _refusal(uow, actor, found) or _full(uow, actor, found)
        if refusal and not taken:
            raise refusal
        if refusal:
            break
        taken.append(_claim(uow, actor, found))
    if not taken:
        raise PoolEmpty
    if len(taken) > 1:
        timeline.one_step(uow, actor_id=actor.id, lead_ids=[each.lead_id for each in taken], verb="claimed")
    return taken


def release(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, reason: str) -> None:
    """Give a lead back to its pool; an owner whose manager does so is told.

    Raises: LeadNotYours, LeadClosed, SelfSourced, Conflict.
    """
    own(actor, lead)
    if lead.owner_id is None:
        raise LeadNotYours(ref=lead.ref, owner_id=None)
    if lead.origin == "self":
        raise SelfSourced(ref=lead.ref)
    if not take_back(uow, lead_id=lead.id, owner_id=lead.owner_id, how="released", reason=reason, actor_id=actor.id):
        raise Conflict
    _tell_former(uow, actor, lead.owner_id, [lead.id])


def assign(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, to: Actor, reason: str = "") -> None:
    """A manager gives a lead to a colleague; a present owner is told and replaced.

    Raises: NotAllowed, MemberInactive, MemberFull, LeadClosed, Conflict.
    """
    if not actor.is_manager:
        raise NotAllowed(roles="managers")
    hand_over(uow, actor=actor, lead=lead, to=to, how="assign" if lead.owner_id is None else "transfer", reason=reason)
    if lead.owner_id is not None:
        timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id], verb="transferred")


def assign_best(uow: UnitOfWork, *, actor: Actor, to: Actor, found: list[leads.LeadView]) -> list[int]:
    """A manager gives a colleague as many of these free leads as there is room for; returns which.

    Raises: NotAllowed, MemberInactive.
    """
    limit = ownership.room(uow, to).cap
    given = found[: max(limit - ownership.holding(uow, to), 0)]
    for lead in given:
        assign(uow, actor=actor, lead=lead, to=to)
    timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id for lead in given], verb="assigned")
    return [lead.id for lead in given]


def hand_over(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, to: Actor, how: str, reason: str = "") -> None:
    """Move a lead to another owner and tell both.

    Raises: MemberInactive, MemberFull, LeadClosed, LeadAlreadyYours, SelfSourced.
    """
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    if not to.active or to.role not in SELLERS:
        raise MemberInactive(member_id=to.id)
    if lead.owner_id == to.id:
        raise LeadAlreadyYours(ref=lead.ref)
    if lead.origin == "self":
        raise SelfSourced(ref=lead.ref)
    if lead.owner_id is not None:
        lock(uow, [lead.id], [lead.owner_id, to.id])
        _end_for(uow, actor, lead)
        _tell_former(uow, actor, lead.owner_id, [lead.id])
    if not give(uow, lead_id=lead.id, member_id=to.id, how=how, actor_id=actor.id, reason=reason or None):
        held = ownership.holding(uow, to)
        raise MemberFull(member_id=to.id, held=held, limit=ownership.room(uow, to).cap, count=1)
    uow.notify(
        "lead.assigned", to=to.id, lead=lead.id, key=f"assigned:{lead.id}:{uow.now.isoformat()}",
        data={"lead": lead.id, "by": actor.id},
    )  # fmt: skip


def transfer_all(uow: UnitOfWork, *, actor: Actor, giver: Actor, to: Actor) -> list[int]:
    """Hand a colleague's open leads to another, as many as there is room for; returns which moved.

    The most urgent go first; self-sourced ones stay.

    Raises: NotAllowed, NotYourTeam, MemberInactive, MemberFull, Conflict.
    """
    _manages(actor, giver)
    if not to.active or to.role not in SELLERS:
        raise MemberInactive(member_id=to.id)
    mine = [lead for lead in leads.mine(uow, actor=giver, most=1000) if lead.origin != "self" and giver.id != to.id]
    lock(uow, [lead.id for lead in mine], [giver.id, to.id])
    held, limit = ownership.holding(uow, to), ownership.room(uow, to).cap
    if mine and held >= limit:
        raise MemberFull(member_id=to.id, held=held, limit=limit, count=len(mine))
    moving = mine[: limit - held]
    for lead in moving:
        _end_for(uow, actor, lead)
        if not give(uow, lead_id=lead.id, member_id=to.id, how="transfer", actor_id=actor.id):
            raise Conflict
    if not moving:
        return []
    timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id for lead in moving], verb="transferred")
    _tell_former(uow, actor, giver.id, [lead.id for lead in moving])
    uow.notify(
        "leads.transferred", to=to.id, key=f"transferred:{giver.id}:{to.id}:{uow.now.isoformat()}",
        data={"leads": [lead.id for lead in moving], "by": actor.id, "from": giver.id},
    )  # fmt: skip
    return [lead.id for lead in moving]


def _manages(actor: Actor, giver: Actor) -> None:
    """Leads leave somebody's hands only by their own manager or an admin. Raises NotAllowed or NotYourTeam."""
    if not actor.is_manager:
        raise NotAllowed(roles="managers")
    if not (actor.is_admin or actor.id == giver.id or actor.manages_any(giver.departments)):
        raise NotYourTeam(member_id=giver.id)


def lock(uow: UnitOfWork, lead_ids: list[int], member_ids: list[int]) -> None:
    """Lock all that a change of several rows will touch in the order that everybody keeps, or two wait for ever."""
    args = {"org": uow.org_id, "leads": lead_ids, "members": member_ids}
    uow.session.execute(_LOCK_LEADS, args)
    uow.session.execute(_LOCK_LEDGER, args)


def own(actor: Actor, lead: leads.LeadView) -> None:
    """The check before every change by a rep. Raises LeadClosed, LeadUnclaimed or LeadNotYours."""
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    if lead.owner_id is None and not actor.is_manager:
        raise LeadUnclaimed(ref=lead.ref)
    if lead.owner_id != actor.id and not actor.is_manager:
        raise LeadNotYours(ref=lead.ref, owner_id=lead.owner_id)


def _claim(uow: UnitOfWork, actor: Actor, found: Takeable) -> Claimed:
    if refusal := _refusal(uow, actor, found):
        raise refusal
    limits = _room(uow, actor, found)
    row = ownership.take(uow, actor, found, limits, "claim", claims=1, actor=actor.id, verb="claimed")
    if row is None:
        raise _lost(uow, actor, found)
    if row.holding is None:
        raise _full(uow, actor, found) or Conflict
    return Claimed(found.lead.id, found.number, ownership.Load.under(limits, row), row.activity)


def _room(uow: UnitOfWork, actor: Actor, found: Takeable) -> ownership.Room:
    return ownership.room(uow, actor, found.lead.department_path, found.email)


def _refusal(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:  # noqa: PLR0911  (one per reason)
    """Why this actor may not claim this lead at all; None when only the race is left."""
    lead, ref = found.lead, found.ref
    if actor.role not in SELLERS:
        return NotAllowed(roles="reps")
    if lead.owner_id == actor.id:
        return LeadAlreadyYours(ref=ref)
    if lead.origin == "self" or (not found.in_scope and lead.owner_id is not None):
        return LeadNotFound(ref=ref)
    if lead.status != "open":
        return LeadClosed(ref=ref)
    if lead.owner_id is not None:
        return LeadAlreadyClaimed(ref=ref, by_id=lead.owner_id)
    if found.pool_id is None:
        return LeadNotInPool(ref=ref)
    if not found.in_scope:
        return PoolClosed(pool=found.pool_name)
    return _waiting(uow.now, found, quota.policy(uow.rules, lead.pool))


def _waiting(now: datetime, found: Takeable, policy: quota.PoolPolicy) -> Refusal | None:
    embargo, cool_down = policy.embargo.longest, policy.cool_down.longest
    if found.pool_entered_at and now < found.pool_entered_at + embargo:
        return Embargoed(ref=found.ref, until=(found.pool_entered_at + embargo).isoformat())
    if found.left_at and now < found.left_at + cool_down:
        return CoolingDown(ref=found.ref, until=(found.left_at + cool_down).isoformat())
    return None


def _waits(uow: UnitOfWork) -> str:
    """For each pool with a policy of its own, and "" for the others: what entered or left by then has waited enough."""
    policies = {key: quota.policy(uow.rules, key) for key in ("", *uow.rules.pools)}
    moments = {
        key: {
            "entered": (uow.now - policy.embargo.longest).isoformat(),
            "left": (uow.now - policy.cool_down.longest).isoformat(),
        }
        for key, policy in policies.items()
    }
    return json.dumps(moments)


def _full(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:
    """Which cap is reached, with its figures; None when there is room."""
    limits = _room(uow, actor, found)
    load = ownership.load(uow, actor, limits)
    if load.held >= limits.cap:
        return CapacityReached(held=load.held, limit=limits.cap)
    if load.today >= limits.per_day:
        again = quota.next_day(uow.now, actor.timezone)
        return QuotaReached(used=load.today, limit=limits.per_day, period="day", again=again.isoformat())
    if load.week >= limits.per_week:
        again = quota.next_week(uow.now, actor.timezone)
        return QuotaReached(used=load.week, limit=limits.per_week, period="week", again=again.isoformat())
    return None


def _lost(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal:
    """The race is lost: to whom?"""
    now_there = takeable.by_id(uow, actor, found.lead.id)
    return (now_there and _refusal(uow, actor, now_there)) or Conflict()


def _end_for(uow: UnitOfWork, actor: Actor, lead: leads.LeadView) -> None:
    """End the present ownership for a hand-over. Raises Conflict when it has changed meanwhile."""
    assert lead.owner_id is not None
    ended = take_back(
        uow,
        lead_id=lead.id,
        owner_id=lead.owner_id,
        how="transferred",
        reason=None,
        actor_id=actor.id,
        verb="transferred",
    )
    if not ended:
        raise Conflict


def _tell_former(uow: UnitOfWork, actor: Actor, owner_id: int, lead_ids: list[int]) -> None:
    """One message to the former owner, however many leads have moved on."""
    if lead_ids and owner_id != actor.id:
        uow.notify(
            "leads.moved_away", to=owner_id, key=f"moved:{lead_ids[0]}:{owner_id}:{uow.now.isoformat()}",
            data={"leads": lead_ids, "by": actor.id},
        )  # fmt: skip

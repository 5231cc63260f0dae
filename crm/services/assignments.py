"""Who owns a lead: claim, give, release, assign, transfer. The database settles every race.

Each change is one statement that compares and sets: the lead only if it is still free, the ledger only below the cap.
Order of locks everywhere: leads by id, then ledger rows by member id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

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
    MemberFull,
    MemberInactive,
    NotAllowed,
    PoolClosed,
    PoolEmpty,
    QuotaReached,
    SelfSourced,
)
from crm.rules import quota
from crm.rules.access import SELLERS, Actor
from crm.services import clocks, leads, members
from crm.uow import UnitOfWork

_CLAIM_FACTS = """
    select l.id, l.number, l.status, l.owner_id, l.pool_id, l.origin, l.pool_entered_at, l.version, pool.key as pool_key,
           pool.name as pool,
           exists (select 1 from pool_scope ps where ps.org_id = l.org_id and ps.pool_id = l.pool_id
                     and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path))) as in_scope,
           (select max(a.ended_at) from assignment a
             where a.org_id = l.org_id and a.lead_id = l.id and a.member_id = :me) as left_at,
           (select array_agg(dp.key) from department dp where dp.org_id = l.org_id and dp.id = any(:path)) as departments,
           (select m.email from member m where m.org_id = l.org_id and m.id = :me) as email
    from lead l left join pool on pool.org_id = l.org_id and pool.id = l.pool_id
    where l.org_id = :org
"""
_BY_NUMBER = text(_CLAIM_FACTS + " and l.number = :number")
_BY_ID = text(_CLAIM_FACTS + " and l.id = :lead")

# Takes the lead if it is free and counts it if the ledger has room. A row without `holding` means: no room.
_TAKE = text(
    """
    with won as (
        update lead set owner_id = :member, assigned_at = :now, followed_up_at = null, held_since = null, extensions = 0,
               extended_until = null, warn_step = 0, version = version + 1
        where org_id = :org and id = :lead and owner_id is null and status = 'open'
        returning id, version, pool_id
    ), counted as (
        insert into rep_load as r (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
        select :org, :member, :counts, :day, :claims, :week, :claims, :dealt from won
        where :cap >= :counts and :per_day >= :claims and :per_week >= :claims
        on conflict (org_id, member_id) do update set
            holding = r.holding + :counts,
            day_claims = case when r.day = :day then r.day_claims else 0 end + :claims,
            dealt_day = case when r.day = :day then r.dealt_day else 0 end + :dealt,
            week_claims = case when r.week = :week then r.week_claims else 0 end + :claims,
            day = :day, week = :week
        where r.holding + :counts <= :cap
          and case when r.day = :day then r.day_claims else 0 end + :claims <= :per_day
          and case when r.week = :week then r.week_claims else 0 end + :claims <= :per_week
        returning holding
    ), history as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, :member, :now, :how from won
    ), entry as (
        insert into claim_entry (org_id, member_id, lead_id, pool_id, day, at)
        select :org, :member, id, pool_id, :day, :now from won where :claims > 0
    ), line as (
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, words, data, decision_id, undo)
        select :org, id, :actor, :member, :verb, :now, :words, cast(:data as jsonb), :decision,
               jsonb_build_object('version', version, 'pool_id', pool_id) from won
    )
    select won.id, won.version, counted.holding from won left join counted on true
    """
)
_END = text(
    """
    with ended as (
        update lead set owner_id = null, pool_id = coalesce(:pool, pool_id), pool_entered_at = :now, assigned_at = null,
               recycle_at = null, recycle_rule = null, warn_at = null, sla_at = null, extended_until = null, extensions = 0,
               version = version + 1
        where org_id = :org and id = :lead and owner_id = :owner and status = 'open'
        returning id, version, origin, pool_id
    ), history as (
        update assignment a set ended_at = :now, ended_by = :how, reason = :reason
        from ended where a.org_id = :org and a.lead_id = ended.id and a.ended_at is null
    ), tasks as (
        update task t set state = 'cancelled', closed_at = :now, version = t.version + 1
        from ended where t.org_id = :org and t.lead_id = ended.id and t.member_id = :owner and t.state = 'open'
        returning t.id
    ), counted as (
        update rep_load r set holding = greatest(r.holding - 1, 0) from ended
        where r.org_id = :org and r.member_id = :owner and ended.origin <> 'self'
    ), line as (
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, words, data, undo)
        select :org, id, :actor, :owner, :verb, :now, :reason, '{}',
               jsonb_build_object('version', version, 'owner_id', cast(:owner as bigint),
                                  'tasks', (select coalesce(jsonb_agg(tasks.id), '[]') from tasks)) from ended
    )
    select id, version, pool_id from ended
    """
)
_NEXT = text(
    """
    select l.id from lead l
    where l.org_id = :org and l.status = 'open' and l.owner_id is null and l.origin <> 'self' and l.held_since is null
      and (cast(:pool as bigint) is null or l.pool_id = :pool) and not l.id = any(:but)
      and exists (select 1 from pool_scope ps where ps.org_id = l.org_id and ps.pool_id = l.pool_id
                    and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path)))
      and not exists (select 1 from assignment a where a.org_id = l.org_id and a.lead_id = l.id and a.member_id = :me
                        and a.ended_at > :cooled)
    order by l.score desc, l.id
    limit 1 for update of l skip locked
    """
)
NO_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Room:
    """What a member may still take: the caps that the ledger's conditional update compares with."""

    cap: int
    per_day: int
    per_week: int
    day: date
    week: date


@dataclass(frozen=True, slots=True)
class Claimed:
    """A won claim. `holding` of `cap` leads are now held."""

    lead_id: int
    number: int
    holding: int
    cap: int


def claim(uow: UnitOfWork, *, actor: Actor, ref: str) -> Claimed:
    """Take a lead from a pool: access, pool policy, capacity, quota, compare-and-set.

    Raises: LeadNotFound, LeadAlreadyClaimed, LeadAlreadyYours, LeadClosed, LeadNotInPool, PoolClosed, Embargoed,
        CoolingDown, CapacityReached, QuotaReached, NotAllowed.
    """
    number = leads.parse_ref(ref)
    facts = _facts(uow, _BY_NUMBER, actor, number=number) if number is not None else None
    if facts is None:
        raise LeadNotFound(ref=ref)
    return _claim(uow, actor, facts)


def claim_best(uow: UnitOfWork, *, actor: Actor, many: int = 1, pool_id: int | None = None) -> list[Claimed]:
    """Take the best claimable leads, up to that many, under the same checks; stops at the first cap.

    Raises: PoolEmpty when there is none, or the refusal that stopped the very first one.
    """
    taken: list[Claimed] = []
    cooled = uow.now - uow.rules.claim.cool_down.longest
    who = {"org": uow.org_id, "me": actor.id, "role": actor.role, "path": list(actor.departments)}
    while len(taken) < many:
        skip = [claimed.lead_id for claimed in taken]
        lead_id = uow.session.scalar(_NEXT, who | {"pool": pool_id, "but": skip, "cooled": cooled})
        if lead_id is None:
            break
        facts = _facts(uow, _BY_ID, actor, lead=lead_id)
        assert facts is not None, "the row is locked by this transaction"
        refusal = _refusal(uow, actor, facts) or _full(uow, actor, facts)
        if refusal and not taken:
            raise refusal
        if refusal:
            break
        taken.append(_claim(uow, actor, facts))
    if not taken:
        raise PoolEmpty()
    return taken


def give(
    uow: UnitOfWork,
    *,
    lead_id: int,
    member_id: int,
    how: str,
    reason: str | None = None,
    decision_id: int | None = None,
    actor_id: int | None = None,
    verb: str | None = None,
    dealt: bool = False,
) -> bool:
    """Make a member the owner of a free lead, within capacity.

    Args:
        how: how the assignment begins: dispatch, offer, assign, transfer, created, undo.
        dealt: counts against the member's daily cap of dispatched leads.

    Returns: False, and nothing is changed, when the lead is no longer free or the member has no room.
    """
    member = members.get(uow, member_id)
    facts = _facts(uow, _BY_ID, member, lead=lead_id)
    if facts is None or facts["owner_id"] is not None or facts["status"] != "open":
        return False
    limits = room(uow, member, facts["departments"], facts["email"])
    with uow.session.begin_nested() as savepoint:
        row = uow.session.execute(
            _TAKE,
            _taking(uow, member, facts, limits, how, claims=0, dealt=int(dealt), actor_id=actor_id, reason=reason)
            | {"decision": decision_id, "verb": verb or _VERBS[how], "per_day": NO_LIMIT, "per_week": NO_LIMIT},
        ).one_or_none()
        if row is None or row.holding is None:
            savepoint.rollback()
            return False
    clocks.restart(uow, [lead_id])
    uow.touch(lead_id)
    return True


_VERBS = {
    "claim": "claimed", "dispatch": "dispatched", "offer": "dispatched", "assign": "assigned", "transfer": "transferred",
    "created": "assigned", "undo": "undone",
}  # fmt: skip


def take_back(
    uow: UnitOfWork,
    *,
    lead_id: int,
    owner_id: int,
    how: str,
    reason: str | None,
    actor_id: int | None,
    pool_id: int | None = None,
    verb: str | None = None,
) -> bool:
    """End an ownership and return the lead to its pool, or to `pool_id`. False when the owner has changed meanwhile."""
    row = uow.session.execute(
        _END,
        {
            "org": uow.org_id, "lead": lead_id, "owner": owner_id, "how": how, "reason": reason, "actor": actor_id,
            "pool": pool_id, "now": uow.now, "verb": verb or how,
        },
    ).one_or_none()  # fmt: skip
    uow.touch(lead_id)
    return row is not None


def release(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, reason: str) -> None:
    """Give an own lead back to its pool. Raises LeadNotYours, LeadClosed, SelfSourced, Conflict."""
    own(actor, lead)
    if lead.origin == "self":
        raise SelfSourced(ref=lead.ref)
    if not take_back(uow, lead_id=lead.id, owner_id=actor.id, how="released", reason=reason, actor_id=actor.id):
        raise Conflict()


def assign(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, to: Actor, reason: str = "") -> None:
    """A manager gives a lead to a colleague; a present owner is told and replaced.

    Raises: NotAllowed, MemberInactive, MemberFull, LeadClosed, Conflict.
    """
    if not actor.is_manager:
        raise NotAllowed(roles="managers")
    hand_over(uow, actor=actor, lead=lead, to=to, how="assign" if lead.owner_id is None else "transfer", reason=reason)


def hand_over(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, to: Actor, how: str, reason: str = "") -> None:
    """Move a lead to another owner and tell both. Raises MemberInactive, MemberFull, LeadClosed, LeadAlreadyYours."""
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    if not to.active or to.role not in SELLERS:
        raise MemberInactive(member_id=to.id)
    if lead.owner_id == to.id:
        raise LeadAlreadyYours(ref=lead.ref)
    if lead.owner_id is not None:
        _end_for(uow, actor, lead)
    if not give(uow, lead_id=lead.id, member_id=to.id, how=how, actor_id=actor.id, reason=reason or None):
        held = holding(uow, to)
        raise MemberFull(member_id=to.id, held=held, limit=room(uow, to).cap, count=1)
    uow.notify(
        "lead.assigned", to=to.id, lead=lead.id, key=f"assigned:{lead.id}:{uow.now.isoformat()}",
        data={"lead": lead.id, "by": actor.id},
    )  # fmt: skip


def transfer_all(uow: UnitOfWork, *, actor: Actor, giver: Actor, to: Actor) -> int:
    """Hand a colleague's open leads to another, as many as there is room for; returns how many moved."""
    if not actor.is_manager:
        raise NotAllowed(roles="managers")
    mine = leads.mine(uow, actor=giver, most=1000)
    space = max(room(uow, to).cap - holding(uow, to), 0)
    if not to.active:
        raise MemberInactive(member_id=to.id)
    if mine and not space:
        raise MemberFull(member_id=to.id, held=holding(uow, to), limit=room(uow, to).cap, count=len(mine))
    moving = [lead for lead in mine if lead.origin != "self"][:space]
    for lead in moving:
        _end_for(uow, actor, lead)
        give(uow, lead_id=lead.id, member_id=to.id, how="transfer", actor_id=actor.id)
    uow.notify(
        "leads.transferred", to=to.id, key=f"transferred:{giver.id}:{to.id}:{uow.now.isoformat()}",
        data={"leads": [lead.id for lead in moving], "by": actor.id, "from": giver.id},
    )  # fmt: skip
    return len(moving)


def own(actor: Actor, lead: leads.LeadView) -> None:
    """The check before every change by a rep. Raises LeadClosed or LeadNotYours."""
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    if lead.owner_id != actor.id and not actor.is_manager:
        raise LeadNotYours(ref=lead.ref, owner_id=lead.owner_id)


def room(uow: UnitOfWork, member: Actor, departments: list[str] | None = None, email: str | None = None) -> Room:
    """The caps that hold for a member now, in the member's own day and week."""
    claim_rules = uow.rules.claim
    cap = quota.capacity_for(uow.rules, role=member.role, departments=departments or _departments(uow, member), email=email)
    day = uow.now.astimezone(member.timezone).date()
    return Room(
        cap=NO_LIMIT if cap is None else cap,
        per_day=NO_LIMIT if claim_rules.per_day is None else claim_rules.per_day,
        per_week=NO_LIMIT if claim_rules.per_week is None else claim_rules.per_week,
        day=day,
        week=day - timedelta(days=day.weekday()),
    )


def holding(uow: UnitOfWork, member: Actor) -> int:
    """How many open leads count against the member's capacity."""
    found = uow.session.scalar(
        text("select holding from rep_load where org_id = :org and member_id = :me"), {"org": uow.org_id, "me": member.id}
    )
    return found or 0


def _claim(uow: UnitOfWork, actor: Actor, facts: dict[str, Any]) -> Claimed:
    refusal = _refusal(uow, actor, facts)
    if refusal:
        raise refusal
    limits = room(uow, actor, facts["departments"], facts["email"])
    args = _taking(uow, actor, facts, limits, "claim", claims=1, dealt=0, actor_id=actor.id, reason=None)
    row = uow.session.execute(_TAKE, args | {"decision": None, "verb": "claimed"}).one_or_none()
    if row is None:
        raise _lost(uow, actor, facts)
    if row.holding is None:
        raise _full(uow, actor, facts) or Conflict()
    clocks.restart(uow, [facts["id"]])
    uow.touch(facts["id"])
    return Claimed(facts["id"], facts["number"], row.holding, limits.cap)


def _taking(
    uow: UnitOfWork, member: Actor, facts: dict[str, Any], limits: Room, how: str,
    *, claims: int, dealt: int, actor_id: int | None, reason: str | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "org": uow.org_id, "lead": facts["id"], "member": member.id, "now": uow.now, "how": how, "claims": claims,
        "dealt": dealt, "counts": 0 if facts["origin"] == "self" else 1, "cap": limits.cap, "per_day": limits.per_day,
        "per_week": limits.per_week, "day": limits.day, "week": limits.week, "actor": actor_id, "words": reason, "data": "{}",
    }  # fmt: skip


def _refusal(uow: UnitOfWork, actor: Actor, facts: dict[str, Any]) -> Exception | None:
    """Why this actor may not claim this lead at all; None when only the race is left."""
    ref, rules = f"L-{facts['number']}", uow.rules
    pool = rules.pools.get(facts["pool_key"] or "")
    if actor.role not in SELLERS:
        return NotAllowed(roles="reps")
    if facts["owner_id"] == actor.id:
        return LeadAlreadyYours(ref=ref)
    if facts["origin"] == "self" or (not facts["in_scope"] and facts["owner_id"] is not None):
        return LeadNotFound(ref=ref)
    if facts["status"] != "open":
        return LeadClosed(ref=ref)
    if facts["owner_id"] is not None:
        return LeadAlreadyClaimed(ref=ref, by_id=facts["owner_id"])
    if facts["pool_id"] is None:
        return LeadNotInPool(ref=ref)
    if not facts["in_scope"]:
        return PoolClosed(pool=facts["pool"])
    return _waiting(uow.now, ref, facts, rules.claim, pool)


def _waiting(now: datetime, ref: str, facts: dict[str, Any], general: Any, pool: Any) -> Exception | None:
    embargo = (pool.embargo if pool and pool.embargo is not None else general.embargo).longest
    cool_down = (pool.cool_down if pool and pool.cool_down is not None else general.cool_down).longest
    if facts["pool_entered_at"] and now < facts["pool_entered_at"] + embargo:
        return Embargoed(ref=ref, until=(facts["pool_entered_at"] + embargo).isoformat())
    if facts["left_at"] and now < facts["left_at"] + cool_down:
        return CoolingDown(ref=ref, until=(facts["left_at"] + cool_down).isoformat())
    return None


def _full(uow: UnitOfWork, actor: Actor, facts: dict[str, Any]) -> Exception | None:
    """Which cap is reached, with its figures; None when there is room."""
    limits = room(uow, actor, facts["departments"], facts["email"])
    row = uow.session.execute(
        text("select holding, day, day_claims, week, week_claims from rep_load where org_id = :org and member_id = :me"),
        {"org": uow.org_id, "me": actor.id},
    ).one_or_none()
    held = row.holding if row else 0
    today = row.day_claims if row and row.day == limits.day else 0
    this_week = row.week_claims if row and row.week == limits.week else 0
    if held >= limits.cap:
        return CapacityReached(held=held, limit=limits.cap)
    if today >= limits.per_day:
        return QuotaReached(used=today, limit=limits.per_day, period="today", again="tomorrow")
    if this_week >= limits.per_week:
        return QuotaReached(used=this_week, limit=limits.per_week, period="this week", again="next Monday")
    return None


def _lost(uow: UnitOfWork, actor: Actor, facts: dict[str, Any]) -> Exception:
    """The race is lost: to whom?"""
    now_there = _facts(uow, _BY_ID, actor, lead=facts["id"])
    return (now_there and _refusal(uow, actor, now_there)) or Conflict()


def _facts(uow: UnitOfWork, statement: Any, actor: Actor, **args: Any) -> dict[str, Any] | None:
    who = {"org": uow.org_id, "me": actor.id, "role": actor.role, "path": list(actor.departments)}
    row = uow.session.execute(statement, who | args).mappings().one_or_none()
    return dict(row) if row else None


def _departments(uow: UnitOfWork, member: Actor) -> list[str]:
    found = uow.session.scalars(
        text("select key from department where org_id = :org and id = any(:path) order by array_length(path, 1)"),
        {"org": uow.org_id, "path": list(member.departments)},
    )
    return list(found)


def _end_for(uow: UnitOfWork, actor: Actor, lead: leads.LeadView) -> None:
    assert lead.owner_id is not None
    ended = take_back(
        uow, lead_id=lead.id, owner_id=lead.owner_id, how="transferred", reason=None, actor_id=actor.id, verb="transferred"
    )
    if not ended:
        raise Conflict()
    if lead.owner_id != actor.id:
        uow.notify(
            "lead.moved_away", to=lead.owner_id, key=f"moved:{lead.id}:{uow.now.isoformat()}",
            data={"lead": lead.id, "by": actor.id},
        )  # fmt: skip

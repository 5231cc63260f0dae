"""What keeps somebody from claiming, each with its figures and the way out. The compare-and-set that decides is
`ownership.py`; figures that it does not compare itself are counted here, with their rows locked.

Order of locks: a named lead, departments, the ledger row. Whoever looks for the best lead takes the other two first,
which is no danger, because such a lead is never waited for.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
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
    LeadHeld,
    LeadHeldUntil,
    LeadNotFound,
    LeadNotInPool,
    MemberFull,
    NotAllowed,
    PoolClosed,
    QuotaReached,
    Refusal,
)
from crm.errors_of_pools import (
    ForNewcomers,
    MemberFullOf,
    NotYetAdmitted,
    NotYourTurn,
    PoolQuotaReached,
    TeamHoldsEnough,
)
from crm.errors_of_privacy import PersonSetAside
from crm.rules import quota
from crm.rules.access import Actor
from crm.services import contacting, ledger, ownership, reserving, takeable
from crm.services.takeable import Takeable
from crm.uow import UnitOfWork

# What closes one pool to somebody, while others may be open.
OF_POOL = frozenset({"pool_quota_reached", "not_your_turn", "for_newcomers", "not_yet_admitted", "team_holds_enough"})
_SET_ASIDE = text("select restricted_at from person where org_id = :org and id = :person")
_LOCK_LEAD = text("select 1 from lead where org_id = :org and id = :lead for no key update")
_LOCK_TEAMS = text("select 1 from department where org_id = :org and key = any(:keys) order by id for no key update")
_ENTRIES = text(
    """
    select count(*) filter (where day = :day) as today, count(*) filter (where day >= :week) as week,
           (array_agg(at order by at desc) filter (where at > :since))[:claims] as turn
    from claim_entry where org_id = :org and member_id = :me and pool_id = :pool and day >= :first
    """
)
_TEAMS = text(
    """
    select d.key, d.name, coalesce(sum(r.holding), 0) as held from department d
    join department inside on inside.org_id = d.org_id and d.id = any(inside.path)
    left join member m on m.org_id = d.org_id and m.department_id = inside.id
    left join rep_load r on r.org_id = d.org_id and r.member_id = m.id
    where d.org_id = :org and d.key = any(:keys) group by d.id, d.key, d.name order by d.id
    """
)


def refusal(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:  # noqa: PLR0911  (one per reason)
    """Why this actor may not claim this lead at all; None when only room and the race are left."""
    lead, ref = found.lead, found.ref
    if not actor.may("claim"):
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
    return _as_it_lies(uow, actor, found)


def _as_it_lies(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:
    """What its pool and its waiting say about a free lead. What lies before a team is theirs at once."""
    if found.lead.held_by in reserving.FOR_SOME:
        return reserving.refusal(uow, actor, found)
    policy = quota.policy(uow.rules, found.lead.pool)
    if forbidden := contacting.refuse(uow, found.lead, ref=found.ref, deed="claim"):
        return forbidden
    kept = kept_back(found)
    if kept and uow.session.scalar(_SET_ASIDE, {"org": uow.org_id, "person": found.lead.person_id}):
        return PersonSetAside(ref=found.ref)
    return kept or _tenure(uow.now, found, policy) or _waiting(uow.now, found, policy)


def kept_back(found: Takeable) -> LeadHeld | None:
    """Why a free lead is kept from everybody; one that only waits for somebody to be there is not."""
    kept = found.lead.held_by
    if kept in (None, "nobody"):
        return None
    if found.held_until:
        return LeadHeldUntil(ref=found.ref, kept=kept, until=found.held_until.isoformat())
    return LeadHeld(ref=found.ref, kept=kept)


def full(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:
    """Which cap is reached, with its figures; None when there is room. Exact once `lock` has been called."""
    return no_room(uow, actor, found) or _of_pool(uow, actor, found)


def no_room(uow: UnitOfWork, actor: Actor, found: Takeable, *, claims: bool = True) -> Refusal | None:
    """The caps that hold wherever a lead comes from; those on claims only where it counts as one."""
    return _general(uow, actor, found, claims=claims) or _of_kind(uow, actor, found)


def told_of(refusal: Refusal, owner_id: int | None, *, mine: bool) -> Refusal:
    """The same refusal for want of room, as told to somebody who is not the one without room."""
    data = refusal.data
    if mine or refusal.code not in ("capacity_reached", "level_full", "source_full"):
        return refusal
    if isinstance(refusal, CapacityReached):
        return MemberFull(member_id=owner_id, count=1, **data)
    value = data.get("level") or data.get("source")
    return MemberFullOf(member_id=owner_id, held=data["held"], limit=data["limit"], value=value)


def why_not(uow: UnitOfWork, owner: Actor, lead_id: int, *, mine: bool) -> Refusal:
    """Why a member could not be given a lead; Conflict where there is room by now."""
    found = takeable.by_id(uow, owner, lead_id)
    reached = no_room(uow, owner, found, claims=False) if found else None
    return told_of(reached, owner.id, mine=mine) if reached else Conflict()


def is_guarded(uow: UnitOfWork, found: Takeable) -> bool:
    """Whether a claim of this lead falls under caps that the conditional update of the ledger does not know."""
    policy = quota.policy(uow.rules, found.lead.pool)
    kind = quota.extra_caps(uow.rules, level=found.lead.level, source=found.lead.source)
    return bool(policy.counts_claims or policy.admission.department_below or kind)


def may_guard(uow: UnitOfWork) -> bool:
    """Whether the rules have such caps at all."""
    policies = (quota.policy(uow.rules, key) for key in uow.rules.pools)
    return quota.by_kind(uow.rules) or any(one.counts_claims or one.admission.department_below for one in policies)


def lock(uow: UnitOfWork, actor: Actor, found: Takeable | None = None) -> None:
    """Lock what the figures depend on, until the end of the transaction: the lead, if one is named, the departments
    whose holdings admit to pools, and the ledger row."""
    if found is not None:
        uow.session.execute(_LOCK_LEAD, {"org": uow.org_id, "lead": found.lead.id})
    pools = [found.lead.pool or ""] if found else list(uow.rules.pools)
    keys = {key for pool in pools for key in quota.policy(uow.rules, pool).admission.department_below}
    if keys:
        uow.session.execute(_LOCK_TEAMS, {"org": uow.org_id, "keys": sorted(keys)})
    ledger.lock(uow, actor)


def waits(uow: UnitOfWork) -> str:
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


def _waiting(now: datetime, found: Takeable, policy: quota.PoolPolicy) -> Refusal | None:
    embargo, cool_down = policy.embargo.longest, policy.cool_down.longest
    if found.pool_entered_at and now < found.pool_entered_at + embargo:
        return Embargoed(ref=found.ref, until=(found.pool_entered_at + embargo).isoformat())
    if found.left_at and now < found.left_at + cool_down:
        return CoolingDown(ref=found.ref, until=(found.left_at + cool_down).isoformat())
    return None


def _tenure(now: datetime, found: Takeable, policy: quota.PoolPolicy) -> Refusal | None:
    """A pool for newcomers to practise in, or one that is not for them."""
    below, above = policy.admission.tenure_below, policy.admission.tenure_above
    if below and now >= found.joined_at + below.longest:
        return ForNewcomers(pool=found.pool_name, within=str(below))
    if above and now < found.joined_at + above.longest:
        opens = found.joined_at + above.longest
        return NotYetAdmitted(pool=found.pool_name, within=str(above), until=opens.isoformat())
    return None


def _general(uow: UnitOfWork, actor: Actor, found: Takeable, *, claims: bool) -> Refusal | None:
    """What the ledger compares by itself."""
    limits = ownership.room(uow, actor, found.lead.department_path, found.email)
    load = ownership.load(uow, actor, limits)
    counts = quota.counts(uow.rules, origin=found.lead.origin, stage=found.lead.stage)
    if counts and load.held >= limits.cap:
        return CapacityReached(held=load.held, limit=limits.cap)
    if claims and load.today >= limits.per_day:
        again = quota.next_day(uow.now, actor.timezone)
        return QuotaReached(used=load.today, limit=limits.per_day, period="day", again=again.isoformat())
    if claims and load.week >= limits.per_week:
        again = quota.next_week(uow.now, actor.timezone)
        return QuotaReached(used=load.week, limit=limits.per_week, period="week", again=again.isoformat())
    return None


def _of_kind(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:
    reached = ledger.crowded(uow, actor.id, found.lead)
    return ownership.kind_full(*reached) if reached else None


def _of_pool(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:
    policy = quota.policy(uow.rules, found.lead.pool)
    if policy.counts_claims and (refused := _used(uow, actor, found, policy)):
        return refused
    below = {key: cap for key, cap in policy.admission.department_below.items() if key in found.lead.department_path}
    for team in uow.session.execute(_TEAMS, {"org": uow.org_id, "keys": list(below)}) if below else ():
        if team.held >= below[team.key]:
            return TeamHoldsEnough(team=team.name, held=int(team.held), limit=below[team.key], pool=found.pool_name)
    return None


def _used(uow: UnitOfWork, actor: Actor, found: Takeable, policy: quota.PoolPolicy) -> Refusal | None:
    """By the claims on record: a release refunds nothing."""
    row = entries(uow, actor, found.pool_id, policy)
    if policy.turn and row.turn is not None:
        again = row.turn + policy.turn.per.longest
        return NotYourTurn(
            pool=found.pool_name, limit=policy.turn.claims, within=str(policy.turn.per), again=again.isoformat()
        )
    for period, used, limit, again in (
        ("day", row.today, policy.per_day, quota.next_day(uow.now, actor.timezone)),
        ("week", row.week, policy.per_week, quota.next_week(uow.now, actor.timezone)),
    ):
        if limit is not None and used >= limit:
            figures = {"used": used, "limit": limit, "period": period, "again": again.isoformat()}
            return PoolQuotaReached(pool=found.pool_name, **figures)
    return None


def entries(uow: UnitOfWork, member: Actor, pool_id: int | None, policy: quota.PoolPolicy) -> Any:
    """What a member has claimed from a pool: `today`, this `week`, and the claim that must age before the next turn."""
    week, turn = quota.week_of(uow.now, member.timezone), policy.turn
    since = uow.now - (turn.per.longest if turn else timedelta(0))
    return uow.session.execute(
        _ENTRIES,
        {
            "org": uow.org_id, "me": member.id, "pool": pool_id, "day": quota.day_of(uow.now, member.timezone),
            "week": week, "since": since, "claims": turn.claims if turn else 1,
            "first": min(week, since.date()) - timedelta(days=1),
        },
    ).one()  # fmt: skip

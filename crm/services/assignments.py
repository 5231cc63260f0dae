"""Who owns a lead: claim, give, release, assign, transfer. The database settles every race.

The checks that explain a refusal are here; the compare-and-set that decides is `ownership.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import text

from crm.errors import (
    Conflict,
    LeadAlreadyYours,
    LeadClosed,
    LeadNotFound,
    LeadNotYours,
    LeadUnclaimed,
    MemberFull,
    MemberInactive,
    NotAllowed,
    NotYourTeam,
    Refusal,
    SelfSourced,
)
from crm.rules.access import SELLERS, Actor
from crm.services import (
    claim_checks,
    contact_moves,
    contacting,
    lead_facts,
    leads,
    ledger,
    opening,
    ownership,
    pools,
    refusing,
    takeable,
    timeline,
)
from crm.services.ownership import give, take_back
from crm.services.takeable import Takeable
from crm.uow import UnitOfWork

# The best of each pool by index, then the best of these: one sort over all pools took a second on a million leads.
_NEXT = text(
    f"""
    select best.id from (
        select distinct ps.pool_id, coalesce(cast(:waits as jsonb)->p.key, cast(:waits as jsonb)->'') as waits
        from pool_scope ps join pool p on p.org_id = ps.org_id and p.id = ps.pool_id
        where ps.org_id = :org and (cast(:pool as bigint) is null or ps.pool_id = :pool)
          and not ps.pool_id = any(:shut)
          and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path))
    ) mine
    cross join lateral (
        select l.id, l.score from lead l
        where l.org_id = :org and l.pool_id = mine.pool_id and l.status = 'open' and l.owner_id is null
          and l.origin <> 'self' and l.held_since is null and not l.id = any(:but)
          and not coalesce(l.level, '') = any(:levels)
          and (:sources = cast('{{}}' as text[]) or not exists (
                select 1 from source s where s.org_id = l.org_id and s.id = l.source_id and s.key = any(:sources)))
          and (l.pool_entered_at is null or l.pool_entered_at <= cast(mine.waits->>'entered' as timestamptz))
          and not exists (select 1 from assignment a where a.org_id = l.org_id and a.lead_id = l.id
                            and a.member_id = :me and a.ended_at > cast(mine.waits->>'left' as timestamptz)
                            and {lead_facts.OWNED})
        order by l.score desc, l.id
        limit 1 for no key update of l skip locked
    ) best
    order by best.score desc, best.id
    limit 1
    """  # noqa: S608  (a constant)
)
_LOCK_LEADS = text("select id from lead where org_id = :org and id = any(:leads) order by id for no key update")
_LOCK_LEDGER = text(
    "select member_id from rep_load where org_id = :org and member_id = any(:members) order by member_id for update"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A won claim, what the claimer now holds, and the activity that an undo takes back.

    `stopped`: of several claimed at once, what kept the claimer from one more, if it was not the lack of leads.
    """

    lead_id: int
    number: int
    load: ownership.Load
    activity_id: int
    stopped: Refusal | None = None


@dataclass(slots=True)
class _Shut:
    """What turned out to be closed to the claimer, so that the next best is looked for elsewhere, and why it was."""

    pools: list[int | None] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    leads: list[int] = field(default_factory=list)
    first: Refusal | None = None

    def by(self, refusal: Refusal, found: Takeable) -> bool:
        """Remember it. False when it closes everything."""
        if refusal.code in claim_checks.OF_POOL:
            self.pools.append(found.pool_id)
        elif refusal.code == "level_full":
            self.levels.append(refusal.data["level"])
        elif refusal.code == "source_full":
            self.sources.append(refusal.data["source"])
        elif refusal.code == "selling_forbidden":
            self.leads.append(found.lead.id)
        else:
            return False
        self.first = self.first or refusal
        return True

    @property
    def args(self) -> dict[str, Any]:
        return {"shut": self.pools, "levels": self.levels, "sources": self.sources}


@refusing.explained
def claim(uow: UnitOfWork, *, actor: Actor, ref: str) -> Claimed:
    """Take a lead from a pool: access, pool policy, capacity, quota, compare-and-set.

    Raises: LeadNotFound, LeadAlreadyClaimed, LeadAlreadyYours, LeadClosed, LeadNotInPool, LeadHeld, PoolClosed,
        Embargoed, CoolingDown, CapacityReached, QuotaReached, NotAllowed, and the refusals of one pool or kind.
    """
    number = leads.parse_ref(ref)
    found = takeable.by_number(uow, actor, number) if number is not None else None
    if found is None:
        raise LeadNotFound(ref=ref)
    if refusal := claim_checks.refusal(uow, actor, found):
        raise refusal
    if claim_checks.is_guarded(uow, found):
        claim_checks.lock(uow, actor, found)
        if refusal := claim_checks.full(uow, actor, found):
            raise refusal
    return _claim(uow, actor, found)


@refusing.explained
def claim_best(uow: UnitOfWork, *, actor: Actor, many: int = 1, pool_id: int | None = None) -> list[Claimed]:
    """Take the best claimable leads, up to that many, under the same checks; stops at the first cap on everything.

    Raises: PoolEmpty or PoolWaits when there is none, or the refusal that stopped the very first one.
    """
    taken: list[Claimed] = []
    who = {
        "org": uow.org_id, "me": actor.id, "role": actor.role, "path": list(actor.departments), "pool": pool_id,
        "waits": claim_checks.waits(uow),
    }  # fmt: skip
    shut = _Shut()
    if claim_checks.may_guard(uow):
        claim_checks.lock(uow, actor)
    while len(taken) < many:
        skip = [*shut.leads, *(claimed.lead_id for claimed in taken)]
        lead_id = uow.session.scalar(_NEXT, who | {"but": skip} | shut.args)
        if lead_id is None:
            break
        found = takeable.by_id(uow, actor, lead_id)
        assert found is not None, "the row is locked by this transaction"
        refusal = claim_checks.refusal(uow, actor, found) or claim_checks.full(uow, actor, found)
        if refusal is None:
            taken.append(_claim(uow, actor, found))
        elif not shut.by(refusal, found):
            shut.first = refusal
            break
    if not taken:
        raise shut.first or opening.nothing(uow, who)
    if len(taken) > 1:
        timeline.one_step(uow, actor_id=actor.id, lead_ids=[each.lead_id for each in taken], verb="claimed")
    return [*taken[:-1], replace(taken[-1], stopped=shut.first if len(taken) < many else None)]


def release(
    uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, reason: str, pool_id: int | None = None
) -> int | None:
    """Give a lead back to the pool named, else to where its pool's leads return by rule; an owner whose manager does so
    is told. Returns the pool where it lies now.

    Raises: LeadNotYours, LeadClosed, SelfSourced, Conflict.
    """
    own(actor, lead)
    if lead.owner_id is None:
        raise LeadNotYours(ref=lead.ref, owner_id=None)
    if lead.origin == "self":
        raise SelfSourced(ref=lead.ref)
    target = pool_id or pools.returns_to(uow, lead.pool_id)
    given_back = take_back(
        uow, lead_id=lead.id, owner_id=lead.owner_id, how="released", reason=reason, actor_id=actor.id, pool_id=target
    )
    if not given_back:
        raise Conflict
    _tell_former(uow, actor, lead.owner_id, [lead.id])
    return target or lead.pool_id


def assign(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, to: Actor, reason: str = "") -> None:
    """A manager gives a lead to a colleague; a present owner is told and replaced. Who is in charge of a pool may give
    what lies there, also what is kept back.

    A manager gives to the own team and what is below it, who is in charge of a pool to those who may claim from it.

    Raises: NotAllowed, NotYourTeam, MemberInactive, MemberFull, MemberFullOf, LeadClosed, Conflict.
    """
    in_charge = lead.owner_id is None and pools.is_admin(uow, actor, lead.pool_id)
    if not (actor.may("assign") or in_charge):
        raise NotAllowed(roles="managers")
    if lead.owner_id is None and not (_may_give(actor, to) or (in_charge and _may_claim(uow, to, lead))):
        raise NotYourTeam(member_id=to.id)
    contacting.check(uow, lead_id=lead.id, ref=lead.ref, deed="assign")
    hand_over(uow, actor=actor, lead=lead, to=to, how="assign" if lead.owner_id is None else "transfer", reason=reason)
    if lead.owner_id is not None:
        timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id], verb="transferred")


def assign_best(uow: UnitOfWork, *, actor: Actor, to: Actor, found: list[leads.LeadView]) -> list[int]:
    """A manager gives a colleague as many of these free leads as there is room for; returns which.

    Raises: NotAllowed, MemberInactive.
    """
    lock(uow, [lead.id for lead in found], [])
    ledger.lock(uow, to)
    given = []
    barred = contacting.forbidden(uow, lead_facts.read(uow, [lead.id for lead in found]), "assign")
    for lead in found:
        if lead.id not in barred and ownership.fits(uow, to, lead.id):
            assign(uow, actor=actor, lead=lead, to=to)
            given.append(lead)
    timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id for lead in given], verb="assigned")
    return [lead.id for lead in given]


def hand_over(uow: UnitOfWork, *, actor: Actor, lead: leads.LeadView, to: Actor, how: str, reason: str = "") -> None:
    """Move a lead to another owner and tell both.

    Raises: MemberInactive, MemberFull, LeadClosed, LeadAlreadyYours, SelfSourced, PersonSetAside.
    """
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    leads.need_workable(lead)
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
        raise claim_checks.why_not(uow, to, lead.id, mine=False)
    if lead.owner_id is not None:
        contact_moves.follow_leads(uow, lead_ids=[lead.id], giver_id=lead.owner_id, taker_id=to.id)
    uow.notify(
        "lead.assigned", to=to.id, lead=lead.id, key=f"assigned:{lead.id}:{uow.now.isoformat()}",
        data={"lead": lead.id, "by": actor.id}, together=f"assigned:{to.id}",
    )  # fmt: skip


def transfer_all(uow: UnitOfWork, *, actor: Actor, giver: Actor, to: Actor) -> list[int]:
    """Hand a colleague's open leads to another, as many as there is room for; returns which moved.

    The most urgent go first; self-sourced ones stay, and those of customers who are set aside.

    Raises: NotAllowed, NotYourTeam, MemberInactive, MemberFull, Conflict.
    """
    _manages(actor, giver)
    if not to.active or to.role not in SELLERS:
        raise MemberInactive(member_id=to.id)
    mine = [lead for lead in leads.mine(uow, actor=giver, most=1000) if lead.origin != "self" and giver.id != to.id]
    mine = [lead for lead in mine if lead.restricted_at is None]
    lock(uow, [lead.id for lead in mine], [giver.id, to.id])
    held, limit = ownership.holding(uow, to), ownership.room(uow, to).cap
    if mine and held >= limit:
        raise MemberFull(member_id=to.id, held=held, limit=limit, count=len(mine))
    moving = []
    for lead in mine:
        if not ownership.fits(uow, to, lead.id):
            continue
        _end_for(uow, actor, lead)
        if not give(uow, lead_id=lead.id, member_id=to.id, how="transfer", actor_id=actor.id):
            raise Conflict
        moving.append(lead)
    if not moving:
        return []
    timeline.one_step(uow, actor_id=actor.id, lead_ids=[lead.id for lead in moving], verb="transferred")
    contact_moves.follow_leads(uow, lead_ids=[lead.id for lead in moving], giver_id=giver.id, taker_id=to.id)
    _tell_former(uow, actor, giver.id, [lead.id for lead in moving])
    uow.notify(
        "leads.transferred", to=to.id, key=f"transferred:{giver.id}:{to.id}:{uow.now.isoformat()}",
        data={"leads": [lead.id for lead in moving], "by": actor.id, "from": giver.id},
    )  # fmt: skip
    return [lead.id for lead in moving]


def _may_give(actor: Actor, to: Actor) -> bool:
    return actor.is_admin or actor.id == to.id or actor.manages_any(to.departments)


def _may_claim(uow: UnitOfWork, to: Actor, lead: leads.LeadView) -> bool:
    found = takeable.by_id(uow, to, lead.id)
    return found is not None and found.in_scope


def _manages(actor: Actor, giver: Actor) -> None:
    """Leads leave somebody's hands only by their own manager or an admin. Raises NotAllowed or NotYourTeam."""
    actor.need("assign")
    if not (actor.is_admin or actor.id == giver.id or actor.manages_any(giver.departments)):
        raise NotYourTeam(member_id=giver.id)


def lock(uow: UnitOfWork, lead_ids: list[int], member_ids: list[int]) -> None:
    """Lock all that a change of several rows will touch in the order that everybody keeps, or two wait for ever."""
    args = {"org": uow.org_id, "leads": lead_ids, "members": member_ids}
    uow.session.execute(_LOCK_LEADS, args)
    uow.session.execute(_LOCK_LEDGER, args)


def own(actor: Actor, lead: leads.LeadView) -> None:
    """The check before every change by a rep. Raises LeadClosed, LeadUnclaimed, LeadNotYours or PersonSetAside."""
    if lead.status != "open":
        raise LeadClosed(ref=lead.ref)
    if lead.owner_id is None and not actor.is_manager:
        raise LeadUnclaimed(ref=lead.ref)
    if lead.owner_id != actor.id and not actor.is_manager:
        raise LeadNotYours(ref=lead.ref, owner_id=lead.owner_id)
    leads.need_workable(lead)


def _claim(uow: UnitOfWork, actor: Actor, found: Takeable) -> Claimed:
    limits = ownership.room(uow, actor, found.lead.department_path, found.email)
    row = ownership.take(uow, actor, found, limits, "claim", claims=1, actor=actor.id, verb="claimed")
    if row is None:
        raise _lost(uow, actor, found)
    if row.holding is None:
        raise claim_checks.full(uow, actor, found) or Conflict
    return Claimed(found.lead.id, found.number, ownership.Load.under(limits, row), row.activity)


def _lost(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal:
    """The race is lost: to whom?"""
    now_there = takeable.by_id(uow, actor, found.lead.id)
    return (now_there and claim_checks.refusal(uow, actor, now_there)) or Conflict()


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
            data={"leads": lead_ids, "by": actor.id}, together=f"moved:{owner_id}:{actor.id}",
        )  # fmt: skip

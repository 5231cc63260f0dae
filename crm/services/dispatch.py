"""Dispatch: a new lead finds its owner by rule, or a pool. One lead here; `dealing.py` deals whole batches alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from crm import queue
from crm.rules import quota
from crm.rules.candidate import NO_CAPS
from crm.rules.dispatch import Candidate, Rotation, first_match
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Caps, Dispatch
from crm.services import (
    calendars,
    candidates,
    contacting,
    dealing,
    decisions,
    lead_facts,
    ledger,
    offers,
    ownership,
    pauses,
    placing,
    reserving,
    rosters,
    rotations,
)
from crm.services.decisions import Verdict
from crm.services.members import zone
from crm.services.outcomes import AFFINITY, BEHIND, BRANCH, NOBODY, WAITS, WAITS_FOR, tell
from crm.uow import UnitOfWork

# Locks the lead, and reads what else is asked about each: which rules stand still, whether others are held, and whom
# the person knows.
_OPEN = f"""
    with mine as materialized (
        select l.person_id, l.held_since, {WAITS_FOR} as branch from lead l
        where l.org_id = :org and l.id = :lead and l.status = 'open' and l.owner_id is null
          and coalesce(l.held_by, 'nobody') = 'nobody' for no key update
    )
    select mine.branch, mine.held_since, array({pauses.PAUSED}) as paused, {dealing.QUEUED} as queued,
           {calendars.STOPS}, {{owners}} as owners
    from mine
"""  # noqa: S608  (constants)
_OWNERS = candidates.KNOWN_OWNERS.format(persons="array(select person_id from mine)")
_LOCK = text(_OPEN.format(owners="null"))
_LOCK_AND_ASK = text(
    _OPEN.format(
        owners=f"(select json_agg(json_build_array(k.person_id, k.owner_id, k.line)) from ({_OWNERS}) k)",  # noqa: S608
    )
)


@dataclass(frozen=True, slots=True)
class Dealt:
    """The decision about a lead. `pool_id` when it lies in a pool now."""

    decision_id: int
    outcome: str
    rule: str | None
    member_id: int | None
    pool_id: int | None


class _Taker(NamedTuple):
    id: int
    timezone: ZoneInfo


def dispatch(uow: UnitOfWork, lead_id: int) -> Dealt | None:
    """Find an owner for a free lead, or a pool. None when it has an owner, waits or is closed: then nothing is done."""
    statement = _LOCK_AND_ASK if uow.rules.affinity else _LOCK
    args = {"org": uow.org_id, "lead": lead_id, "kind": "dispatch", "now": uow.now}
    free = uow.execute(statement, args).one_or_none()
    if free is None:
        return None
    calendars.remember_stops(uow, free.stops)
    facts = lead_facts.read(uow, [lead_id])[0]
    if kept := contacting.forbidden(uow, [facts], "dispatch"):
        return _place(uow, facts, Verdict(lead_id, "policy", kept[lead_id], facts=decisions.shown(facts)))
    barred = offers.barred(uow, [lead_id]).get(lead_id, {})
    owner_id = candidates.owners_among(uow, [facts], free.owners or ()).get(lead_id)
    verdict = _by_affinity(uow, facts, barred, owner_id) or _by_rule(uow, facts, barred, free)
    return _place(uow, facts, verdict)


def _by_affinity(uow: UnitOfWork, facts: LeadFacts, barred: Mapping[int, str], owner_id: int | None) -> Verdict | None:
    """To whom the same person belongs already, if that member can take one more."""
    owner = candidates.of_members(uow, [owner_id]).get(owner_id) if owner_id else None
    if owner is None or owner.member_id in barred:
        return None
    offers.reserve(uow, [owner])
    if not owner.welcome or ledger.kinds(uow, [owner.member_id]).full(owner.member_id, facts):
        return None
    chosen = {owner.member_id: None}
    verdict = Verdict(facts.id, "assigned", AFFINITY, owner.member_id, decisions.shown(facts), chosen)
    return verdict if _give(uow, verdict, facts, owner, ()) else None


def _by_rule(uow: UnitOfWork, facts: LeadFacts, barred: Mapping[int, str], free: Row[Any]) -> Verdict:
    """Args: free: what `_LOCK` has read; `branch`: whose part the lead is, and for which it waits."""
    rule = first_match(uow.rules, facts)
    verdict = Verdict(facts.id, "pooled", rule.name if rule else None, facts=decisions.shown(facts))
    if rule is None:
        return verdict
    if waits := "paused" if rule.name in free.paused else WAITS.get(rule.mode):
        verdict.outcome = waits
        return verdict
    branch = free.branch if free.branch in rule.shares else None
    rotation, unfit = _start(uow, rule, facts, barred)
    if free.queued and None in rotation.why.values():
        older = dealing.deal_older(uow, rule.name, facts.id, free.held_since)
        if len(older) == dealing.BEFORE_ONE:
            return _behind(uow, rotation, verdict, unfit)
        if older:
            rotation, unfit = _start(uow, rule, facts, barred)
    _in_turn(uow, rotation, facts, verdict, unfit, branch)
    rotations.write(uow, [rotation])
    return verdict


def _start(
    uow: UnitOfWork, rule: Dispatch, facts: LeadFacts, barred: Mapping[int, str]
) -> tuple[Rotation, dict[int, str]]:
    """The turns of a rule as they stand now, and who cannot take this very lead."""
    cursor, known = rotations.read(uow, [rule])[rule.name], candidates.of_rule(uow, rule)
    offers.reserve(uow, known)
    rotation = rotations.start(uow, rule, known, cursor)
    kinds = ledger.kinds(uow, list(rotation.why))
    able = (member for member, why in rotation.why.items() if why is None)
    return rotation, dict.fromkeys(kinds.full_for(able, facts), "at_capacity") | dict(barred)


def _behind(uow: UnitOfWork, rotation: Rotation, verdict: Verdict, unfit: dict[int, str]) -> Verdict:
    """More are held than can be dealt along with one: the lead waits behind them, and they are dealt at once."""
    verdict.outcome, verdict.considered = "held", rotation.why | unfit
    verdict.facts[BEHIND] = True
    uow.defer(queue.Order(queue.DEAL_HELD, {"org_id": uow.org_id}))
    return verdict


def _in_turn(
    uow: UnitOfWork, rotation: Rotation, lead: LeadFacts, verdict: Verdict, unfit: dict[int, str], branch: str | None
) -> None:
    """To whose turn it is by the rule, or what the rule says when that is nobody."""
    rule, why = rotation.rule, rotation.why | unfit
    counts = quota.counts(uow.rules, origin=lead.origin, stage=lead.stage)
    while (one := rotation.next(lambda one: one.member_id in unfit, branch=branch)) is not None:
        verdict.outcome, verdict.member_id = "assigned", one.member_id
        _tell_why(verdict, rotation, why)
        if _hand(uow, rule, verdict, lead, one):
            rotation.took(one, counts=counts, waited=branch is not None)
            return
        candidates.read_again(uow, one)
        unfit[one.member_id] = why[one.member_id] = one.full(rule) or "at_capacity"
        if one.full(rule):
            rotation.drop(one)
    verdict.outcome, verdict.member_id = "held" if rotation.branch else NOBODY[rule.nobody], None
    _tell_why(verdict, rotation, why)
    if rotation.branch and branch is None:
        rotation.waits()


def _tell_why(verdict: Verdict, rotation: Rotation, why: Mapping[int, str | None]) -> None:
    verdict.considered = why
    verdict.facts.pop(BRANCH, None)
    if rotation.branch:
        verdict.facts[BRANCH] = rotation.branch


def _has_room(uow: UnitOfWork, rule: Dispatch, one: Candidate) -> bool:
    """With the ledger row locked where caps hold, because another rule may deal to the same member at this moment.

    Where nothing is offered, the ledger sees to that itself when the lead is given.
    """
    if rule.caps == NO_CAPS == one.caps or not offers.used(uow.rules):
        return True
    with uow.session.begin_nested() as savepoint:
        candidates.lock(uow, [one])
        offers.reserve(uow, [one])
        full = one.full(rule)
        if full:
            # Lets go of the row: two who pass over each other's members would wait for each other.
            savepoint.rollback()
    return full is None


def _hand(uow: UnitOfWork, rule: Dispatch, verdict: Verdict, lead: LeadFacts, one: Candidate) -> bool:
    """Assign or offer, as the rule says. False: no room after all, and nothing is written."""
    if not _has_room(uow, rule, one):
        return False
    if rule.mode != "offer":
        return _give(uow, verdict, lead, one, (rule.caps, one.caps))
    verdict.outcome = "offered"
    decisions.record(uow, "dispatch", [verdict])
    offers.open_all(uow, {rule.name: rule}, [verdict])
    return True


def _give(uow: UnitOfWork, verdict: Verdict, lead: LeadFacts, one: Candidate, caps: Sequence[Caps]) -> bool:
    """Assign and tell the new owner. False: no room after all, and nothing is written."""
    owned = replace(lead)
    owned.dealt_to(one.member_id, one.departments, uow.now)
    given = ownership.deal(
        uow, verdict, owned, calendar=rosters.calendar(uow, one.member_id),
        to=_Taker(one.member_id, zone(one.timezone)), limits=_limits(uow, one, caps),
    )  # fmt: skip
    if given:
        tell(uow, verdict)
    return given


def _limits(uow: UnitOfWork, one: Candidate, caps: Sequence[Caps]) -> ownership.Room:
    """What the ledger allows the member to be dealt."""

    def least(*limits: int | None) -> int:
        return min((limit for limit in limits if limit is not None), default=ownership.NO_LIMIT)

    where = zone(one.timezone)
    return ownership.Room(
        least(one.capacity), ownership.NO_LIMIT, ownership.NO_LIMIT,
        quota.day_of(uow.now, where), quota.week_of(uow.now, where), quota.month_of(uow.now, where),
        least(*(cap.per_day for cap in caps)), least(*(cap.per_week for cap in caps)),
        least(*(cap.per_month for cap in caps)),
    )  # fmt: skip


def _place(uow: UnitOfWork, facts: LeadFacts, verdict: Verdict) -> Dealt:
    """Where a lead lies that was dealt to nobody; the decision is stored with it."""
    pool_id = None
    if verdict.outcome == "held":
        near = next(iter(verdict.considered), None)
        placing.hold(uow, {facts.id: verdict.facts.get(BRANCH)}, near=near, tell=BEHIND not in verdict.facts)
    elif verdict.outcome == "pooled":
        pool_id = placing.Pools(uow).for_lead(uow.rules, verdict.rule, facts)
        placing.into_pools(uow, {facts.id: pool_id} if pool_id else {})
    elif verdict.outcome == "paused":
        pauses.keep(uow, {facts.id: str(verdict.rule)})
    elif verdict.outcome == "policy":
        contacting.keep(uow, {facts.id: str(verdict.rule)})
    elif verdict.outcome in WAITS.values():
        pool_id = _let_wait(uow, facts, verdict)
    if verdict.outcome in ("held", "pooled", "grouped", "paused", "policy"):
        decisions.record(uow, "dispatch", [verdict])
    return Dealt(verdict.decision_id, verdict.outcome, verdict.rule, verdict.member_id, pool_id)


def _let_wait(uow: UnitOfWork, facts: LeadFacts, verdict: Verdict) -> int | None:
    """Before the rule's team or on a manager's desk; returns the pool it lies in meanwhile."""
    rules = {rule.name: rule for rule in uow.rules.dispatch}
    if verdict.outcome == "desk":
        reserving.to_desk(uow, rules, [verdict])
        return None
    pool_id = placing.Pools(uow).for_lead(uow.rules, verdict.rule, facts)
    reserving.to_group(uow, rules, [verdict], {facts.id: pool_id} if pool_id else {})
    return pool_id

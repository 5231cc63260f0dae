"""Dispatch: a new lead finds its owner by rule, or a pool. One lead here; `dealing.py` deals whole batches alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from crm.rules.dispatch import Candidate, Cursor, Rotation, first_match
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch
from crm.services import candidates, decisions, lead_facts, offers, pauses, placing, reserving
from crm.services.decisions import Verdict
from crm.services.ownership import give
from crm.uow import UnitOfWork

AFFINITY = "affinity"
# What becomes of a lead that is dealt to nobody yet, by the rule's mode, and by what it says when nobody is left.
WAITS = {"group": "grouped", "desk": "desk"}
NOBODY = {"pool": "pooled", "hold": "held", "manager": "desk"}

_LOCK = text(
    "select id from lead where org_id = :org and id = :lead and status = 'open' and owner_id is null"
    " and coalesce(held_by, 'nobody') = 'nobody' for no key update"
)
_OPEN_CURSOR = text("insert into rule_cursor (org_id, rule, state) values (:org, :rule, '{}') on conflict do nothing")
_READ_CURSOR = text("select state from rule_cursor where org_id = :org and rule = :rule for no key update")
_WRITE_CURSOR = text("update rule_cursor set state = cast(:state as jsonb) where org_id = :org and rule = :rule")
_LOCK_LEDGER = text("select 1 from rep_load where org_id = :org and member_id = :member for no key update")


@dataclass(frozen=True, slots=True)
class Dealt:
    """The decision about a lead. `pool_id` when it lies in a pool now."""

    decision_id: int
    outcome: str
    rule: str | None
    member_id: int | None
    pool_id: int | None


def dispatch(uow: UnitOfWork, lead_id: int) -> Dealt | None:
    """Find an owner for a free lead, or a pool. None when it has an owner, waits or is closed: then nothing is done."""
    if uow.session.scalar(_LOCK, {"org": uow.org_id, "lead": lead_id}) is None:
        return None
    facts = lead_facts.read(uow, [lead_id])[0]
    barred = offers.barred(uow, [lead_id]).get(lead_id, {})
    verdict = _by_affinity(uow, facts, barred) or _by_rule(uow, facts, barred)
    return _place(uow, facts, verdict)


def _by_affinity(uow: UnitOfWork, facts: LeadFacts, barred: Mapping[int, str]) -> Verdict | None:
    """To whom the same person belongs already, if that member can take one more."""
    owner_id = candidates.known_owners(uow, [facts]).get(facts.id)
    owner = candidates.of_members(uow, [owner_id]).get(owner_id) if owner_id else None
    if owner is None or not owner.welcome or owner.member_id in barred:
        return None
    chosen = [{"member": owner.member_id, "why": None}]
    verdict = Verdict(facts.id, "assigned", AFFINITY, owner.member_id, decisions.shown(facts), chosen)
    return verdict if _give(uow, verdict) else None


def _by_rule(uow: UnitOfWork, facts: LeadFacts, barred: Mapping[int, str]) -> Verdict:
    rule = first_match(uow.rules, facts)
    verdict = Verdict(facts.id, "pooled", rule.name if rule else None, facts=decisions.shown(facts))
    if rule is None:
        return verdict
    if waits := "paused" if rule.name in pauses.paused(uow) else WAITS.get(rule.mode):
        verdict.outcome = waits
        return verdict
    cursor, known = read_cursor(uow, rule), candidates.of_rule(uow, rule)
    offers.reserve(uow, known)
    why = {one.member_id: barred.get(one.member_id) or one.excluded(rule) for one in known}
    rotation = Rotation(rule, known, cursor)
    while (one := rotation.next(lambda one: one.member_id in barred)) is not None:
        verdict.outcome, verdict.member_id = "assigned", one.member_id
        verdict.candidates = [{"member": member, "why": reason} for member, reason in why.items()]
        if _has_room_today(uow, rule, one) and _hand(uow, rule, verdict):
            rotation.took(one)
            write_cursor(uow, rule, cursor)
            return verdict
        why[one.member_id] = one.full(rule) or "at_capacity"
        rotation.drop(one)
    verdict.outcome, verdict.member_id = NOBODY[rule.nobody], None
    verdict.candidates = [{"member": member, "why": reason} for member, reason in why.items()]
    return verdict


def _has_room_today(uow: UnitOfWork, rule: Dispatch, one: Candidate) -> bool:
    """With the ledger row locked, because another rule may deal to the same member at this moment."""
    if rule.caps.per_day is None:
        return True
    uow.session.execute(_LOCK_LEDGER, {"org": uow.org_id, "member": one.member_id})
    fresh = candidates.of_members(uow, [one.member_id])[one.member_id]
    offers.reserve(uow, [fresh])
    one.dealt_today, one.holding = fresh.dealt_today, fresh.holding
    return one.full(rule) is None


def _hand(uow: UnitOfWork, rule: Dispatch, verdict: Verdict) -> bool:
    """Assign or offer, as the rule says. False: no room after all, and nothing is written."""
    if rule.mode != "offer":
        return _give(uow, verdict)
    verdict.outcome = "offered"
    decisions.record(uow, "dispatch", [verdict])
    offers.open_all(uow, {rule.name: rule}, [verdict])
    return True


def _give(uow: UnitOfWork, verdict: Verdict) -> bool:
    """Assign and tell the new owner. False: no room after all, and nothing is written."""
    assert verdict.member_id is not None
    decisions.record(uow, "dispatch", [verdict])
    given = give(
        uow,
        lead_id=verdict.lead_id,
        member_id=verdict.member_id,
        how="dispatch",
        decision_id=verdict.decision_id,
        dealt=True,
    )
    if not given:
        decisions.withdraw(uow, verdict)
        return False
    tell(uow, verdict)
    return True


def tell(uow: UnitOfWork, verdict: Verdict) -> None:
    """Owe the new owner the push card."""
    uow.notify(
        "lead.dispatched", to=verdict.member_id, lead=verdict.lead_id, key=f"dispatched:{verdict.decision_id}",
        data={"lead": verdict.lead_id, "decision": verdict.decision_id},
    )  # fmt: skip


def _place(uow: UnitOfWork, facts: LeadFacts, verdict: Verdict) -> Dealt:
    """Where a lead lies that was dealt to nobody; the decision is stored with it."""
    pool_id = None
    if verdict.outcome == "held":
        placing.hold(uow, [facts.id], near=next((one["member"] for one in verdict.candidates), None))
    elif verdict.outcome == "pooled":
        pool_id = placing.Pools(uow).for_lead(uow.rules, verdict.rule, facts)
        placing.into_pools(uow, {facts.id: pool_id} if pool_id else {})
    elif verdict.outcome == "paused":
        pauses.keep(uow, {facts.id: str(verdict.rule)})
    elif verdict.outcome in WAITS.values():
        pool_id = _let_wait(uow, facts, verdict)
    if verdict.outcome in ("held", "pooled", "grouped", "paused"):
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


def read_cursor(uow: UnitOfWork, rule: Dispatch) -> Cursor:
    """Where the rule stands, locked until the transaction ends."""
    args = {"org": uow.org_id, "rule": rule.name}
    uow.session.execute(_OPEN_CURSOR, args)
    return Cursor.read(uow.session.execute(_READ_CURSOR, args).scalar_one())


def write_cursor(uow: UnitOfWork, rule: Dispatch, cursor: Cursor) -> None:
    """Remember where the rule stands."""
    args = {"org": uow.org_id, "rule": rule.name, "state": json.dumps(cursor.state())}
    uow.session.execute(_WRITE_CURSOR, args)

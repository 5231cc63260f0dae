"""The manager's desk: leads that came together wait with a suggestion each, are dealt by one tap or by typed words, and
taken back as one.

Suggestions are dealt by the rule's own strategy as if in earnest; nothing is written before the tap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from crm.errors import MemberFull, MemberInactive, NotYourTeam, Refusal
from crm.errors_of_offers import DeskEmpty, MemberAway, MemberHadShare, NotOnDesk
from crm.rules.access import SELLERS, Actor
from crm.rules.dispatch import Candidate, Cursor
from crm.rules.ruleset import Dispatch
from crm.services import (
    candidates,
    decisions,
    lead_facts,
    leads,
    members,
    offers,
    ownership,
    placing,
    reserving,
    rotations,
    timeline,
)
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

CHUNK = 200
# The kind of run to which the leads belong that a manager has dealt at once; it can be taken back like any other.
DEALT = "desk_dealt"

_LYING = """
    select l.id from decision d join lead l on l.org_id = d.org_id and l.id = d.lead_id
    where d.org_id = :org and d.run_id = :run and l.held_by = 'desk' and l.owner_id is null and l.status = 'open'
    order by d.id
"""
_OF_RUN = text(_LYING)
_RULE = text("select counters->>'rule' from run where org_id = :org and id = :run and kind = 'desk'")
_NEWEST = text(
    """
    select r.id from run r where r.org_id = :org and r.kind = 'desk' and r.counters->>'rule' = any(:rules)
      and exists (select 1 from decision d join lead l on l.org_id = d.org_id and l.id = d.lead_id
                  where d.org_id = r.org_id and d.run_id = r.id and l.held_by = 'desk' and l.status = 'open'
                    and l.owner_id is null)
    order by r.id desc limit 1
    """
)
_CURSOR = text("select state from rule_cursor where org_id = :org and rule = :rule")
_LOCK = text(
    """
    select id, number, held_for from lead
    where org_id = :org and id = any(:leads) and held_by = 'desk' and owner_id is null and status = 'open'
    order by id for no key update
    """
)
_KEEP = text(
    """
    update activity set undo = undo || cast(:kept as jsonb)
    where org_id = :org and lead_id = :lead and actor_id = :me and verb = 'assigned' and at = :now
    """
)
_AGAIN = text(
    """
    update lead set held_by = 'desk', held_since = :now, held_for = cast(:kept as jsonb)->>'rule',
           held_until = greatest(cast(cast(:kept as jsonb)->>'until' as timestamptz), :now)
    where org_id = :org and id = :lead and owner_id is null and status = 'open'
    """
)
_HELD_UNTIL = text("select held_until from lead where org_id = :org and id = :lead")
_UNTIL = text("select min(held_until) from lead where org_id = :org and id = any(:leads) and held_by = 'desk'")
_OVER = text(
    """
    select id, held_for from lead
    where org_id = :org and held_until <= :now and held_by = 'desk' and owner_id is null and status = 'open'
    order by held_until, id limit :chunk for no key update skip locked
    """
)
_RELEASE = text(
    """
    update lead set held_by = null, held_since = null, held_until = null, held_for = null, version = version + 1
    where org_id = :org and id = any(:leads)
    """
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """To whom the rule would deal a lead. `mismatch`: why that member is not quite right, as dispatch calls it."""

    lead_id: int
    member_id: int | None
    mismatch: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A lead and who shall have it, or what is wrong with the words that were typed."""

    lead_id: int
    member: Actor | None
    problem: Refusal | None = None


@dataclass(slots=True)
class Done:
    """What became of a batch: `{lead: member}` that were dealt, by which run, and why the others were not."""

    given: dict[int, int] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    run_id: int | None = None


def lying(uow: UnitOfWork, run_id: int) -> list[int]:
    """The leads of a batch that still lie on the desk."""
    return list(uow.session.scalars(_OF_RUN, {"org": uow.org_id, "run": run_id}))


def until(uow: UnitOfWork, run_id: int) -> datetime | None:
    """When the first of a batch leaves the desk by itself."""
    found: datetime | None = uow.session.scalar(_UNTIL, {"org": uow.org_id, "leads": lying(uow, run_id)})
    return found


def newest(uow: UnitOfWork, *, actor: Actor) -> int:
    """The newest batch that lies on the actor's desk. Raises NotAllowed, DeskEmpty."""
    mine = [rule.name for rule in uow.rules.dispatch if _is_at(uow, actor, rule)]
    found = uow.session.scalar(_NEWEST, {"org": uow.org_id, "rules": mine})
    if found is None:
        raise DeskEmpty
    return int(found)


def suggest(uow: UnitOfWork, run_id: int) -> list[Suggestion]:
    """Who would get the leads that still lie there, in the order in which they came."""
    rule = _rule(uow, run_id)
    waiting = lying(uow, run_id)
    if rule is None:
        return [Suggestion(lead_id, None, None) for lead_id in waiting]
    state = uow.session.scalar(_CURSOR, {"org": uow.org_id, "rule": rule.name}) or {}
    return _in_turn(uow, rule, waiting, Cursor.read(state))


def deal(uow: UnitOfWork, *, actor: Actor, run_id: int) -> Done:
    """Deal what lies there as suggested. Raises NotAllowed, DeskEmpty also for a desk that is not the actor's."""
    rule = _rule(uow, run_id)
    actor.need("desk")
    if rule and not _is_at(uow, actor, rule):
        raise DeskEmpty
    # The cursor stays locked, so that what is dealt is what the card shows unless somebody was faster.
    rotations.read(uow, [rule] if rule else [])
    suggested = suggest(uow, run_id)
    if not suggested:
        raise DeskEmpty
    people = {one.id: one for one in members.get_many(uow, [one.member_id for one in suggested if one.member_id])}
    named = [Wish(one.lead_id, people.get(one.member_id or 0)) for one in suggested]
    return give(uow, actor=actor, wishes=[wish for wish in named if wish.member])


def give(uow: UnitOfWork, *, actor: Actor, wishes: Sequence[Wish]) -> Done:
    """Give leads from the desk to the members named; what is wrong is refused, the rest is dealt and is one step.

    Raises NotAllowed.
    """
    actor.need("desk")
    rows = uow.session.execute(_LOCK, {"org": uow.org_id, "leads": [wish.lead_id for wish in wishes]})
    there = {row.id: row.held_for for row in rows}
    done = Done()
    for wish in wishes:
        problem = wish.problem or _give(uow, actor, wish, there, done)
        if problem:
            done.refused.append(problem)
        elif wish.member:
            done.given[wish.lead_id] = wish.member.id
    timeline.one_step(uow, actor_id=actor.id, lead_ids=list(done.given), verb="assigned")
    _count_turns(uow, done, there)
    return done


def wish(uow: UnitOfWork, *, actor: Actor, ref: str, name: str) -> Wish:
    """What somebody typed, found; with the refusal where it names no lead or nobody."""
    try:
        lead = leads.access(uow, actor=actor, ref=ref)
        return Wish(lead.id, members.find(uow, name))
    except Refusal as problem:
        return Wish(0, None, problem)


def lay_again(uow: UnitOfWork, lead_id: int, kept: dict[str, str]) -> None:
    """A lead that was dealt from the desk lies there again. Args: kept: what the change left in its activity."""
    uow.session.execute(_AGAIN, {"org": uow.org_id, "lead": lead_id, "kept": json.dumps(kept), "now": uow.now})


def time_out(uow: UnitOfWork) -> int:
    """Leads that nobody dealt from the desk in time go where their rule says; returns how many."""
    due = uow.session.execute(_OVER, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    if not due:
        return 0
    decisions.record(uow, "dispatch", [Verdict(row.id, "desk_late", row.held_for) for row in due])
    ids = [row.id for row in due]
    uow.session.execute(_RELEASE, {"org": uow.org_id, "leads": ids})
    waits = {row.id for row in due if _holds(reserving.named(uow.rules, row.held_for))}
    placing.hold(uow, dict.fromkeys(sorted(waits)), near=None)
    facts, pools = {lead.id: lead for lead in lead_facts.read(uow, ids)}, placing.Pools(uow)
    places = {row.id: pools.for_lead(uow.rules, row.held_for, facts[row.id]) for row in due if row.id not in waits}
    placing.into_pools(uow, {lead: pool for lead, pool in places.items() if pool})
    uow.touch(*ids)
    return len(due)


def _holds(rule: Dispatch | None) -> bool:
    return rule is not None and rule.nobody == "hold"


def _is_at(uow: UnitOfWork, actor: Actor, rule: Dispatch) -> bool:
    return actor.is_admin or actor.id in reserving.managers(uow, rule)


def _rule(uow: UnitOfWork, run_id: int) -> Dispatch | None:
    return reserving.named(uow.rules, uow.session.scalar(_RULE, {"org": uow.org_id, "run": run_id}))


def _in_turn(uow: UnitOfWork, rule: Dispatch, waiting: Sequence[int], cursor: Cursor) -> list[Suggestion]:
    seats, barred = candidates.of_rule(uow, rule), offers.barred(uow, waiting)
    rotation = rotations.start(uow, rule, seats, cursor)
    found = []
    for lead_id in waiting:
        unfit = barred.get(lead_id, {})
        turn = rotation.next(lambda one, unfit=unfit: one.member_id in unfit)  # type: ignore[misc]
        if turn is not None:
            rotation.took(turn)
            found.append(Suggestion(lead_id, turn.member_id, None))
        else:
            found.append(_next_best(rule, seats, cursor, lead_id, unfit))
    return found


def _next_best(
    rule: Dispatch, seats: Sequence[Candidate], cursor: Cursor, lead_id: int, unfit: Mapping[int, str]
) -> Suggestion:
    """Nobody is quite right: whoever is still here and had a turn longest ago, with what speaks against it."""
    here = [one for one in seats if one.active]
    if not here:
        return Suggestion(lead_id, None, None)
    one = min(here, key=lambda seat: (seat.member_id in unfit, cursor.last.get(seat.member_id, 0), seat.member_id))
    mismatch = unfit.get(one.member_id) or one.excluded(rule)
    cursor.took(one.member_id)
    one.take()
    return Suggestion(lead_id, one.member_id, mismatch)


def _give(uow: UnitOfWork, actor: Actor, wish: Wish, there: dict[int, str], done: Done) -> Refusal | None:
    """Deal one lead, or say what is wrong with it."""
    member = wish.member
    if member is None or wish.lead_id not in there:
        return NotOnDesk(ref=f"L-{leads.number_of(uow, wish.lead_id)}")
    problem = _unfit(uow, actor, member, reserving.named(uow.rules, there[wish.lead_id]))
    if problem:
        return problem
    until = uow.session.scalar(_HELD_UNTIL, {"org": uow.org_id, "lead": wish.lead_id})
    verdict = Verdict(wish.lead_id, "assigned", there[wish.lead_id], member.id)
    done.run_id = done.run_id or decisions.open_run(uow, DEALT, {"by": actor.id})
    decisions.record(uow, "dispatch", [verdict], run_id=done.run_id)
    given = ownership.give(
        uow, lead_id=wish.lead_id, member_id=member.id, how="assign", actor_id=actor.id, dealt=True,
        decision_id=verdict.decision_id,
    )  # fmt: skip
    if not given:
        decisions.withdraw(uow, verdict)
        return _no_room(uow, member)
    kept = {"desk": {"rule": there[wish.lead_id], "until": until.isoformat()}}
    who = {"org": uow.org_id, "lead": wish.lead_id, "me": actor.id, "now": uow.now}
    uow.session.execute(_KEEP, who | {"kept": json.dumps(kept)})
    uow.notify(
        "lead.assigned", to=member.id, lead=wish.lead_id, key=f"assigned:{wish.lead_id}:{uow.now.isoformat()}",
        data={"lead": wish.lead_id, "by": actor.id}, together=f"assigned:{member.id}",
    )  # fmt: skip
    return None


def _unfit(uow: UnitOfWork, actor: Actor, member: Actor, rule: Dispatch | None) -> Refusal | None:
    """Why not even a manager deals this member a lead from the desk: off duty and after hours are no reason."""
    if not member.active or member.role not in SELLERS:
        return MemberInactive(member_id=member.id)
    if not (actor.is_admin or actor.manages_any(member.departments)):
        return NotYourTeam(member_id=member.id)
    seat = candidates.of_members(uow, [member.id])[member.id]
    if seat.on_leave:
        return MemberAway(member_id=member.id)
    full = seat.full(rule) if rule else None
    if full == "at_capacity":
        return _no_room(uow, member)
    return MemberHadShare(member_id=member.id) if full else None


def _no_room(uow: UnitOfWork, member: Actor) -> Refusal:
    return MemberFull(
        member_id=member.id, held=ownership.holding(uow, member), limit=ownership.room(uow, member).cap, count=1
    )


def _count_turns(uow: UnitOfWork, done: Done, there: dict[int, str]) -> None:
    """What a manager has dealt counts as the turns of the rule that laid it there."""
    by_name = {rule.name: rule for rule in uow.rules.dispatch if rule.name in {there[lead] for lead in done.given}}
    cursors = rotations.read(uow, by_name.values())
    for lead, member in done.given.items():
        if there[lead] in cursors:
            cursors[there[lead]].took(member)
    rotations.write(
        uow,
        [rotations.start(uow, rule, candidates.of_rule(uow, rule), cursors[rule.name]) for rule in by_name.values()],
    )

"""Dealing a batch: an import, a hold queue, a morning's intake. Rule by rule and turn by turn as if the leads came
singly, but read, locked and written set by set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from crm.rules import quota
from crm.rules.dispatch import Candidate, Cursor, Rotation, first_match
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch, Rules
from crm.services import (
    calendars,
    candidates,
    clocks,
    decisions,
    lead_facts,
    ledger,
    offers,
    pauses,
    placing,
    reserving,
    response_clock,
)
from crm.services.decisions import Verdict
from crm.services.dispatch import AFFINITY, NOBODY, WAITS, read_cursor, tell, write_cursor
from crm.services.members import zone
from crm.uow import UnitOfWork

# Up to so many leads at once a rep gets a push card for each, beyond that one card for all.
ONE_BY_ONE = 3

_LOCK = text(
    """
    select id from lead where org_id = :org and id = any(:leads) and status = 'open' and owner_id is null
      and coalesce(held_by, 'nobody') = 'nobody'
    order by id for no key update skip locked
    """
)
_LOCK_LEDGER = text(
    """
    with missing as (
        insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
        select :org, member, 0, :today, 0, :today, 0, 0
        from unnest(cast(:members as bigint[])) as m(member) order by member
        on conflict do nothing
    )
    select member_id from rep_load where org_id = :org and member_id = any(:members) order by member_id for update
    """
)
_HELD = text(
    """
    select id from lead where org_id = :org and held_since is not null and owner_id is null and status = 'open'
      and held_by = 'nobody'
    order by held_since, id limit :most
    """
)
_ASSIGN = text(
    """
    with dealt as materialized (
        select * from unnest(
            cast(:leads as bigint[]), cast(:members as bigint[]), cast(:decisions as bigint[]),
            cast(:recycle as timestamptz[]), cast(:rules as text[]), cast(:warn as timestamptz[]),
            cast(:steps as bigint[])
        ) as d(lead, member, decision, recycle_at, rule, warn_at, warn_step)
    ), taken as (
        update lead l set owner_id = d.member, assigned_at = :now, followed_up_at = null, held_since = null,
               held_by = null, held_until = null, held_for = null,
               counts = l.origin <> 'self' and not l.stage = any(:excluded),
               extensions = 0, extended_until = null, protected_until = null, recycle_at = d.recycle_at,
               recycle_rule = d.rule, warn_at = d.warn_at, warn_step = d.warn_step, version = l.version + 1
        from dealt d where l.org_id = :org and l.id = d.lead and l.owner_id is null and l.status = 'open'
        returning l.id, l.version, l.pool_id, l.counts, d.member, d.decision
    ), history as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, member, :now, 'dispatch' from taken
    ), line as (
        insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id, undo)
        select :org, id, member, 'dispatched', :now, '{}', decision,
               jsonb_build_object('version', version, 'pool_id', pool_id) from taken
    ), counted as (
        update rep_load r set
            holding = r.holding + got.counts,
            dealt_day = case when r.day = t.day then r.dealt_day else 0 end + got.many,
            day_claims = case when r.day = t.day then r.day_claims else 0 end,
            day_reveals = case when r.day = t.day then r.day_reveals else 0 end,
            week_claims = case when r.week = t.week then r.week_claims else 0 end, day = t.day, week = t.week
        from (select member, count(*) as many, count(*) filter (where counts) as counts
              from taken group by member) got
        join unnest(cast(:of as bigint[]), cast(:days as date[]), cast(:weeks as date[])) as t(member, day, week)
          on t.member = got.member
        where r.org_id = :org and r.member_id = got.member
    )
    select id from taken
    """
)


@dataclass(slots=True)
class _Table:
    """What is known while a batch is dealt: everybody's figures once, whichever rule deals to them."""

    seats: dict[int, Candidate] = field(default_factory=dict)
    matched: dict[int, Dispatch | None] = field(default_factory=dict)
    rules: dict[str, Dispatch] = field(default_factory=dict)
    rotations: dict[str, Rotation] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    considered: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    barred: dict[int, dict[int, str]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    kinds: ledger.Kinds = field(default_factory=lambda: ledger.Kinds(Rules()))


def deal(uow: UnitOfWork, lead_ids: Sequence[int], *, again: bool = False) -> list[Verdict]:
    """Find owners for free leads, in the order given; the rest go to pools or are held.

    Args:
        again: these leads are held; what still finds nobody stays so, without a new decision.

    Returns: what became of each lead that was free.
    """
    free = set(uow.session.scalars(_LOCK, {"org": uow.org_id, "leads": list(lead_ids)}))
    facts = {lead.id: lead for lead in lead_facts.read(uow, sorted(free))}
    ordered = [facts[lead_id] for lead_id in dict.fromkeys(lead_ids) if lead_id in facts]
    if not ordered:
        return []
    owners = candidates.known_owners(uow, ordered)
    table = _lay(uow, ordered, owners)
    verdicts = [_decide(table, lead, owners.get(lead.id)) for lead in ordered]
    if again:
        verdicts = [made for made in verdicts if made.outcome != "held"]
    _write(uow, table, verdicts, facts)
    return verdicts


def deal_held(uow: UnitOfWork, most: int = 500) -> int:
    """Deal what is held, oldest first, as far as there is room; returns how many found an owner."""
    held = uow.session.scalars(_HELD, {"org": uow.org_id, "most": most}).all()
    return len(deal(uow, held, again=True)) if held else 0


def _lay(uow: UnitOfWork, leads: Sequence[LeadFacts], owners: dict[int, int]) -> _Table:
    """Lock the cursors of the rules that will deal, then the ledger of all who may be dealt to; read the figures."""
    rules = uow.rules
    matches = {lead.id: first_match(rules, lead) for lead in leads}
    matched = {rule.name: rule for rule in matches.values() if rule}
    table = _Table(matched=matches, rules=matched, barred=offers.barred(uow, [lead.id for lead in leads]))
    table.paused = pauses.paused(uow)
    for name in sorted(matched):
        table.cursors[name] = read_cursor(uow, matched[name])
    named = {name: [one.member_id for one in candidates.of_rule(uow, rule)] for name, rule in matched.items()}
    everybody = sorted({*owners.values(), *(member for ids in named.values() for member in ids)})
    args = {"org": uow.org_id, "members": everybody, "today": quota.day_of(uow.now, zone("UTC"))}
    uow.session.execute(_LOCK_LEDGER, args)
    table.seats, table.kinds = candidates.of_members(uow, everybody), ledger.kinds(uow, everybody)
    offers.reserve(uow, table.seats.values())
    for name, rule in matched.items():
        seats = [table.seats[member] for member in named[name]]
        table.considered[name] = [{"member": one.member_id, "why": one.excluded(rule)} for one in seats]
        table.rotations[name] = Rotation(rule, seats, table.cursors[name])
    return table


def _decide(table: _Table, lead: LeadFacts, owner_id: int | None) -> Verdict:
    owner = table.seats.get(owner_id) if owner_id else None
    barred, kinds = table.barred.get(lead.id, {}), table.kinds
    counts = quota.counts(kinds.rules, origin=lead.origin, stage=lead.stage)
    if owner and owner.welcome and owner.member_id not in barred and not kinds.full(owner.member_id, lead):
        owner.take(counts=counts)
        kinds.took(owner.member_id, lead)
        return Verdict(lead.id, "assigned", AFFINITY, owner.member_id)
    rule = table.matched[lead.id]
    if rule is None:
        return Verdict(lead.id, "pooled")
    if waits := "paused" if rule.name in table.paused else WAITS.get(rule.mode):
        return Verdict(lead.id, waits, rule.name)
    rotation = table.rotations[rule.name]
    turn = rotation.next(lambda one: one.member_id in barred or kinds.full(one.member_id, lead))
    if turn is not None:
        rotation.took(turn, counts=counts)
        kinds.took(turn.member_id, lead)
        return Verdict(lead.id, "offered" if rule.mode == "offer" else "assigned", rule.name, turn.member_id)
    return Verdict(lead.id, NOBODY[rule.nobody], rule.name)


def _write(uow: UnitOfWork, table: _Table, verdicts: Sequence[Verdict], facts: dict[int, LeadFacts]) -> None:
    if not verdicts:
        return
    run_id = decisions.open_run(uow, "dispatch", {"leads": len(verdicts), "candidates": table.considered})
    decisions.record(uow, "dispatch", [made for made in verdicts if made.outcome != "desk"], run_id=run_id)
    assigned = [made for made in verdicts if made.outcome == "assigned"]
    _assign(uow, table, assigned, facts)
    for name, cursor in table.cursors.items():
        write_cursor(uow, table.rules[name], cursor)
    pools = placing.Pools(uow)
    pooled = {
        made.lead_id: pools.for_lead(uow.rules, made.rule, facts[made.lead_id])
        for made in verdicts
        if made.outcome in ("pooled", "grouped")
    }
    _let_wait(uow, table, verdicts, pooled)
    held = [made for made in verdicts if made.outcome == "held"]
    seats = table.considered[str(held[0].rule)] if held else []
    placing.hold(uow, [made.lead_id for made in held], near=next((one["member"] for one in seats), None))
    _tell(uow, assigned, run_id)


def _let_wait(uow: UnitOfWork, table: _Table, verdicts: Sequence[Verdict], places: Mapping[int, int | None]) -> None:
    """Lay what is dealt to nobody yet before whom it waits for: one member, a rule's team, a manager, a pool."""
    by: dict[str, list[Verdict]] = {}
    for made in verdicts:
        by.setdefault(made.outcome, []).append(made)
    known = {lead: pool for lead, pool in places.items() if pool}
    pauses.keep(uow, {made.lead_id: str(made.rule) for made in by.get("paused", [])})
    offers.open_all(uow, table.rules, by.get("offered", []))
    reserving.to_desk(uow, table.rules, by.get("desk", []))
    reserving.to_group(uow, table.rules, by.get("grouped", []), known)
    pooled = {made.lead_id for made in by.get("pooled", [])}
    placing.into_pools(uow, {lead: pool for lead, pool in known.items() if lead in pooled})


def _assign(uow: UnitOfWork, table: _Table, assigned: Sequence[Verdict], facts: dict[int, LeadFacts]) -> None:
    if not assigned:
        return
    owned = [_owned(uow, table, facts[made.lead_id], made.member_id) for made in assigned if made.member_id]
    new = clocks.compute(uow, owned)
    uow.session.execute(
        _ASSIGN,
        {
            "org": uow.org_id, "now": uow.now, "leads": [made.lead_id for made in assigned],
            "members": [made.member_id for made in assigned], "decisions": [made.decision_id for made in assigned],
            "recycle": [one.recycle_at for one in new], "rules": [one.rule for one in new],
            "warn": [one.warn_at for one in new], "steps": [one.warn_step for one in new],
            "excluded": list(uow.rules.claim.capacity.exclude_stages),
        } | _local_days(uow, {made.member_id for made in assigned if made.member_id}),
    )  # fmt: skip
    response_clock.restart(uow, [made.lead_id for made in assigned], fresh=True)
    uow.touch(*(made.lead_id for made in assigned))


def _owned(uow: UnitOfWork, table: _Table, lead: LeadFacts, member_id: int) -> LeadFacts:
    """The facts as they will be, which is what the new clock depends on."""
    lead.held_by = None
    lead.owner_id, lead.department_path = member_id, table.seats[member_id].departments
    lead.assigned_at = uow.now
    lead.followed_up_at = lead.extended_until = lead.protected_until = lead.planned_at = lead.recycle_at = None
    return lead


def _local_days(uow: UnitOfWork, member_ids: Iterable[int]) -> dict[str, list[Any]]:
    """The day and week that it is for each member."""
    zones = {member: calendar.timezone for member, calendar in calendars.for_members(uow, member_ids).items()}
    return {
        "of": list(zones), "days": [quota.day_of(uow.now, one) for one in zones.values()],
        "weeks": [quota.week_of(uow.now, one) for one in zones.values()],
    }  # fmt: skip


def _tell(uow: UnitOfWork, assigned: Sequence[Verdict], run_id: int) -> None:
    by_member: dict[int, list[Verdict]] = {}
    for made in assigned:
        assert made.member_id is not None
        by_member.setdefault(made.member_id, []).append(made)
    for member, got in by_member.items():
        if len(got) <= ONE_BY_ONE:
            for made in got:
                tell(uow, made)
        else:
            uow.notify(
                "leads.dispatched", to=member, key=f"dealt:{run_id}:{member}", together="dealt",
                data={"leads": [made.lead_id for made in got], "run": run_id},
            )  # fmt: skip

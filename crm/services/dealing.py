"""Dealing a batch: an import, a hold queue, a morning's intake. Rule by rule and turn by turn as if the leads came
singly, but read, locked and written set by set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm.rules import quota
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch
from crm.services import (
    calendars,
    clocks,
    considered,
    contacting,
    decisions,
    lead_facts,
    offers,
    pauses,
    placing,
    reserving,
    response_clock,
    rotations,
    table,
)
from crm.services.considered import Considered
from crm.services.decisions import Verdict
from crm.services.outcomes import BRANCH, WAITS_FOR, tell
from crm.services.table import Table
from crm.uow import UnitOfWork

# Up to so many leads at once a rep gets a push card for each, beyond that one card for all.
ONE_BY_ONE = 3
# That card waits for the next parts of the batch, but not for more than a few.
DEALT, GATHER, PATIENCE = "dealt", timedelta(seconds=2), 5
PAGE = 500
# Before a single lead is dealt, so many that are held are looked at; behind more of them it has to wait itself.
BEFORE_ONE = 50
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING: Mapping[int, LeadFacts] = {}

# Asked `is true`, so that the leads are found by their ids: the index of free leads would be read from end to end.
_LOCK = text(
    f"""
    select l.id, {WAITS_FOR} as branch from lead l
    where l.org_id = :org and l.id = any(:leads) and l.status = 'open' and (l.owner_id is null) is true
      and coalesce(l.held_by, 'nobody') = 'nobody'
    order by l.id for no key update skip locked
    """  # noqa: S608  (a constant)
)
_HOLDS = "org_id = :org and held_since is not null and owner_id is null and status = 'open' and held_by = 'nobody'"
# Whether leads are held until somebody is there.
QUEUED = f"exists (select from lead where {_HOLDS})"
_HELD = text(
    f"""
    select held_since as since, id from lead
    where {_HOLDS} and (held_since, id) > (cast(:since as timestamptz), cast(:id as bigint))
    order by held_since, id limit :most
    """  # noqa: S608  (a constant)
)
# By the rule that was tried last; where none was, it may be any.
_OLDER = text(
    f"""
    select id from lead l where {_HOLDS} and l.id <> :lead
      and (cast(:since as timestamptz) is null
           or (held_since, id) < (cast(:since as timestamptz), cast(:lead as bigint)))
      and coalesce((select d.rule from decision d where d.org_id = l.org_id and d.lead_id = l.id and d.kind = 'dispatch'
                    order by d.id desc limit 1), :rule) = :rule
    order by held_since, id limit :most
    """  # noqa: S608  (a constant)
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
            dealt_week = case when r.week = t.week then r.dealt_week else 0 end + got.many,
            week_claims = case when r.week = t.week then r.week_claims else 0 end,
            dealt_month = case when r.month = t.month then r.dealt_month else 0 end + got.many,
            day = t.day, week = t.week, month = t.month
        from (select member, count(*) as many, count(*) filter (where counts) as counts
              from taken group by member) got
        join unnest(cast(:of as bigint[]), cast(:days as date[]), cast(:weeks as date[]), cast(:months as date[]))
             as t(member, day, week, month) on t.member = got.member
        where r.org_id = :org and r.member_id = got.member
    )
    select id from taken
    """
)
_ADD = text(
    """
    update message m set card = jsonb_set(m.card, '{leads}', m.card->'leads' || w.leads)
    from jsonb_to_recordset(cast(:rows as jsonb)) as w(member bigint, leads jsonb)
    where m.org_id = :org and m.group_key = :dealt and m.state = 'owed' and m.attempt = 0 and m.due_at > :now
      and m.member_id = w.member
    returning m.member_id
    """
)


def deal(
    uow: UnitOfWork,
    lead_ids: Sequence[int],
    *,
    again: bool = False,
    parts: int = 0,
    fresh: Mapping[int, LeadFacts] = NOTHING,
) -> list[Verdict]:
    """Find owners for free leads, in the order given; the rest go to pools or are held.

    Args:
        again: these leads are held; what still finds nobody stays so, without a new decision.
        parts: of the same batch that follow in transactions of their own; who is dealt to is told of all together.
        fresh: what rules may know of leads that were opened in this transaction for people whom nobody knew.

    Returns: what became of each lead that was free.
    """
    queue = [] if again else _queue(uow)
    if len(queue) == PAGE:
        # Too many to be dealt along: they are dealt before, as far as there is room.
        queue = []
        _deal_all_held(uow)
    laid = _lay(uow, lead_ids, queue, fresh)
    if laid is None:
        return []
    verdicts = list(_decided(uow, laid))
    waited = {*laid.queue, *lead_ids} if again else laid.queue
    verdicts = [made for made in verdicts if made.lead_id not in waited or _is_new(made, laid.free[made.lead_id])]
    _write(uow, laid, verdicts)
    _tell(uow, [made for made in verdicts if made.outcome == "assigned"], parts)
    return [made for made in verdicts if made.lead_id not in laid.queue]


def _is_new(made: Verdict, branch: str | None) -> bool:
    """Whether it is more than a lead, held for that branch or none, that still is."""
    return made.outcome != "held" or made.facts.get(BRANCH) != branch


@dataclass(frozen=True, slots=True)
class _Laid:
    """The leads of a batch that are free, with the branches they wait for, and the table at which they are dealt.

    Attributes:
        queue: those that are held, in order; each is dealt before the first of the others that its rule would deal.
        fresh: see `deal`.
    """

    free: dict[int, str | None]
    facts: dict[int, LeadFacts]
    ordered: list[LeadFacts]
    queue: dict[int, LeadFacts]
    table: Table
    fresh: Mapping[int, LeadFacts]


def _queue(uow: UnitOfWork) -> list[int]:
    """The leads that are held, the oldest first, no more than a page of them."""
    args = {"org": uow.org_id, "most": PAGE, "since": FIRST, "id": 0}
    return [row.id for row in uow.execute(_HELD, args)]


def _lay(
    uow: UnitOfWork, lead_ids: Sequence[int], queue: Sequence[int], fresh: Mapping[int, LeadFacts]
) -> _Laid | None:
    asked = [lead for lead in (*lead_ids, *queue) if lead not in fresh]
    free = _locked(uow, asked) if asked else {}
    facts = {lead.id: lead for lead in (*(lead_facts.read(uow, list(free)) if free else ()), *fresh.values())}
    free |= dict.fromkeys(fresh)
    ordered = [facts[lead_id] for lead_id in dict.fromkeys(lead_ids) if lead_id in facts]
    if not ordered:
        return None
    waiting = {lead: branch for lead, branch in free.items() if branch}
    held = {lead_id: facts[lead_id] for lead_id in queue if lead_id in facts and lead_id not in set(lead_ids)}
    laid = table.lay(uow, [*ordered, *held.values()], waiting, strangers=fresh)
    return _Laid(free, facts, ordered, held, laid, fresh)


def _locked(uow: UnitOfWork, lead_ids: Sequence[int]) -> dict[int, str | None]:
    """Those that are free, each with the branch for which it waits."""
    return {row.id: row.branch for row in uow.execute(_LOCK, {"org": uow.org_id, "leads": lead_ids})}


def _decided(uow: UnitOfWork, laid: _Laid) -> Iterator[Verdict]:
    """What becomes of each, one after the other."""
    kept, at = contacting.forbidden(uow, laid.facts.values(), "dispatch"), laid.table
    queue: dict[str | None, list[LeadFacts]] = {}
    for lead in laid.queue.values():
        queue.setdefault(at.deals(lead), []).append(lead)
    for lead in laid.ordered:
        made = Verdict(lead.id, "policy", kept[lead.id]) if lead.id in kept else table.by_affinity(at, lead)
        if made is None and (rule := at.deals(lead)) is not None:
            yield from (table.decide(at, older) for older in queue.pop(rule, ()) if older.id not in kept)
        yield made or table.by_rule(at, lead)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a part of the hold queue: how many leads wait no longer, and behind which one to go on."""

    dealt: int
    since: datetime
    id: int
    is_last: bool


def deal_held(uow: UnitOfWork, most: int = PAGE, behind: Round | None = None) -> Round:
    """Deal what is held, oldest first, as far as there is room. Args: behind: where the last round ended."""
    start = behind or Round(0, FIRST, 0, is_last=False)
    held = uow.execute(_HELD, {"org": uow.org_id, "most": most, "since": start.since, "id": start.id}).all()
    dealt = deal(uow, [row.id for row in held], again=True) if held else []
    end = held[-1] if held else start
    return Round(len(dealt), end.since, end.id, is_last=len(held) < most)


def deal_older(uow: UnitOfWork, rule: str, lead_id: int, since: datetime | None) -> Sequence[int]:
    """Before a lead is dealt by a rule: deal what is held longer by it, unless that is too much for once.

    Args: since: when the lead began to wait; None when it has just come.

    Returns: what is held longer, no more than `BEFORE_ONE`; if it is so many, nothing has been dealt.
    """
    args = {"org": uow.org_id, "lead": lead_id, "since": since, "rule": rule, "most": BEFORE_ONE}
    older = uow.session.scalars(_OLDER, args).all()
    if 0 < len(older) < BEFORE_ONE:
        deal(uow, older, again=True)
    return older


def _deal_all_held(uow: UnitOfWork) -> None:
    held: Round | None = None
    while held is None or not held.is_last:
        held = deal_held(uow, behind=held)


def _write(uow: UnitOfWork, laid: _Laid, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        return
    at, facts = laid.table, laid.facts
    decisions.record_run(
        uow, "dispatch",
        {"leads": len(verdicts), "candidates": _stored(at.considered), "left": _stored(at.left(verdicts))},
        [made for made in verdicts if made.outcome != "desk"],
    )  # fmt: skip
    assigned = [made for made in verdicts if made.outcome == "assigned"]
    _assign(uow, at, assigned, facts)
    rotations.write(uow, at.rotations.values())
    _let_wait(uow, laid, verdicts)
    held = {made.lead_id: made.facts.get(BRANCH) for made in verdicts if made.outcome == "held"}
    seats = at.considered[next(str(made.rule) for made in verdicts if made.outcome == "held")] if held else {}
    placing.hold(uow, held, near=next(iter(seats), None))


def _stored(by_rule: Mapping[str, Considered]) -> dict[str, Any]:
    return {name: considered.stored(found) for name, found in by_rule.items()}


def _let_wait(uow: UnitOfWork, laid: _Laid, verdicts: Sequence[Verdict]) -> None:
    """Lay what is dealt to nobody yet before whom it waits for: one member, a rule's team, a manager, a pool."""
    by: dict[str, list[Verdict]] = {}
    for made in verdicts:
        by.setdefault(made.outcome, []).append(made)
    rules = laid.table.by_name
    pauses.keep(uow, {made.lead_id: str(made.rule) for made in by.get("paused", [])})
    contacting.keep(uow, {made.lead_id: str(made.rule) for made in by.get("policy", [])})
    offers.open_all(uow, rules, by.get("offered", []))
    reserving.to_desk(uow, rules, by.get("desk", []))
    if pooled := [made for made in verdicts if made.outcome in ("pooled", "grouped")]:
        _into_pools(uow, laid, rules, pooled)


def _into_pools(uow: UnitOfWork, laid: _Laid, rules: Mapping[str, Dispatch], verdicts: Sequence[Verdict]) -> None:
    """Before everybody, or before one team first."""
    pools = placing.pools(uow)
    found = {made.lead_id: pools.for_lead(uow.rules, made.rule, laid.facts[made.lead_id]) for made in verdicts}
    places = {lead: pool for lead, pool in found.items() if pool}
    reserving.to_group(uow, rules, [made for made in verdicts if made.outcome == "grouped"], places)
    lying = [
        lead for lead, pool in places.items() if lead in laid.fresh and laid.fresh[lead].pool == pools.key_of(pool)
    ]
    pooled = {made.lead_id for made in verdicts if made.outcome == "pooled"}
    placing.into_pools(uow, {lead: pool for lead, pool in places.items() if lead in pooled}, lying)


def _assign(uow: UnitOfWork, at: Table, assigned: Sequence[Verdict], facts: dict[int, LeadFacts]) -> None:
    if not assigned:
        return
    owned = [_owned(uow, at, facts[made.lead_id], made.member_id) for made in assigned if made.member_id]
    new = clocks.compute(uow, owned)
    uow.execute(
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


def _owned(uow: UnitOfWork, at: Table, lead: LeadFacts, member_id: int) -> LeadFacts:
    """The facts as they will be, which is what the new clock depends on."""
    lead.dealt_to(member_id, at.seats[member_id].departments, uow.now)
    return lead


def _local_days(uow: UnitOfWork, member_ids: Iterable[int]) -> dict[str, list[Any]]:
    """The day, week and month that it is for each member."""
    zones = {member: calendar.timezone for member, calendar in calendars.for_members(uow, member_ids).items()}
    return {
        "of": list(zones), "days": [quota.day_of(uow.now, one) for one in zones.values()],
        "weeks": [quota.week_of(uow.now, one) for one in zones.values()],
        "months": [quota.month_of(uow.now, one) for one in zones.values()],
    }  # fmt: skip


def _tell(uow: UnitOfWork, assigned: Sequence[Verdict], parts: int) -> None:
    by_member: dict[int, list[Verdict]] = {}
    for made in assigned:
        assert made.member_id is not None
        by_member.setdefault(made.member_id, []).append(made)
    for member in _added(uow, by_member):
        del by_member[member]
    for member, got in by_member.items():
        if not parts and len(got) <= ONE_BY_ONE:
            for made in got:
                tell(uow, made)
        else:
            uow.notify(
                "leads.dispatched", to=member, key=f"dealt:{got[0].decision_id}", together=DEALT,
                data={"leads": [made.lead_id for made in got]}, due_at=uow.now + GATHER * min(parts, PATIENCE),
            )  # fmt: skip


def _added(uow: UnitOfWork, by_member: Mapping[int, Sequence[Verdict]]) -> set[int]:
    """Add leads to cards that members are owed and that nobody has tried to send; returns whose those are."""
    rows = [{"member": member, "leads": [made.lead_id for made in got]} for member, got in by_member.items()]
    args = {"org": uow.org_id, "now": uow.now, "dealt": DEALT, "rows": json.dumps(rows)}
    return set(uow.session.scalars(_ADD, args)) if rows else set()

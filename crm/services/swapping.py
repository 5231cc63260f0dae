"""Leads change hands by the hundred: from one owner to several takers at once, and back again.

Locks are taken in the order of the house: leads by id, then the ledger by member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.services import clocks, contact_moves, decisions, response_clock
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

# What a new owner begins anew, and what it was, for the way back.
_ANEW = ["assigned_at", "followed_up_at", "extended_until", "extensions", "protected_until"]
_BEFORE = ", ".join(f"'{name}', w.{name}" for name in _ANEW)
_LOCK = text(
    "select id from lead where org_id = :org and owner_id = :giver and status = 'open'"
    " order by recycle_at nulls last, score desc, id"
)
_LOCK_ROWS = text("select id from lead where org_id = :org and id = any(:leads) order by id for no key update")
_LEDGER = text(
    """
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    select :org, member, 0, '2000-01-01', 0, '2000-01-01', 0, 0 from unnest(cast(:members as bigint[])) as m(member)
    order by member on conflict do nothing
    """
)
_LOCK_LEDGER = text(
    "select member_id from rep_load where org_id = :org and member_id = any(:members) order by member_id for update"
)
_SWAP = text(
    f"""
    with give as (
        select * from unnest(cast(:leads as bigint[]), cast(:takers as bigint[])) as g(lead, taker)
    ), w as (
        select l.* from lead l join give g on g.lead = l.id where l.org_id = :org
    ), moved as (
        update lead l set owner_id = g.taker, assigned_at = :now, followed_up_at = null, extended_until = null,
               extensions = 0, protected_until = null, recycle_at = null, recycle_rule = null, warn_at = null,
               warn_step = 0, sla_at = null, version = l.version + 1
        from give g where l.org_id = :org and l.id = g.lead and l.owner_id = :giver and l.status = 'open'
        returning l.id, l.owner_id, l.counts
    )
    insert into hand_over_item (org_id, hand_over_id, part, item_id, to_id, before)
    select :org, :hand_over, 'lead', m.id, m.owner_id, jsonb_build_object('counts', m.counts, {_BEFORE})
    from moved m join w on w.id = m.id
    returning item_id, to_id
    """  # noqa: S608  (constants)
)
_END = text(
    "update assignment set ended_at = :now, ended_by = :how, reason = :reason"
    " where org_id = :org and lead_id = any(:leads) and ended_at is null"
)
_BEGIN = text(
    """
    insert into assignment (org_id, lead_id, member_id, began_at, began_by)
    select :org, l.id, l.owner_id, :now, :how from lead l
    where l.org_id = :org and l.id = any(:leads) and l.owner_id is not null
    """
)
_LINES = text(
    """
    insert into activity (org_id, lead_id, actor_id, for_id, verb, at, data, decision_id)
    select :org, l.id, :actor, l.owner_id, :verb, :now, '{}', d.decision
    from unnest(cast(:leads as bigint[]), cast(:decisions as bigint[])) as d(lead, decision)
    join lead l on l.org_id = :org and l.id = d.lead
    """
)
_RECOUNT = text(
    """
    update rep_load r set holding = (
        select count(*) from lead l where l.org_id = r.org_id and l.owner_id = r.member_id and l.status = 'open'
          and l.counts)
    where r.org_id = :org and r.member_id = any(:members)
    """
)
# Worked on is what a person or a later decision has done since; that the customer came in again keeps nothing back.
_UNTOUCHED = text(
    """
    select i.item_id as lead, i.to_id from hand_over_item i join lead l on l.org_id = i.org_id and l.id = i.item_id
    where i.org_id = :org and i.hand_over_id = :hand_over and i.part = 'lead' and i.back_at is null
      and l.status = 'open' and l.owner_id is not distinct from i.to_id
      and not exists (select from activity a where a.org_id = i.org_id and a.lead_id = i.item_id and a.at > :since
                        and a.verb not in ('touched', 'contact_moved', 'contact_stays', 'contact_edited'))
    order by i.item_id
    """
)
# Those that fill no capacity, and of the others as many as there is room for.
_FITTING = text(
    """
    select id from (
        select l.id, sum(case when l.counts then 1 else 0 end) over (order by l.id) as many, l.counts from lead l
        where l.org_id = :org and l.id = any(:leads)
    ) f
    where not f.counts
       or f.many + coalesce((select holding from rep_load where org_id = :org and member_id = :giver), 0) <= :cap
    """
)
_RETURN = text(
    """
    with going as (
        select item_id, before from hand_over_item
        where org_id = :org and hand_over_id = :hand_over and part = 'lead' and item_id = any(:leads)
    ), moved as (
        update lead l set owner_id = :giver, assigned_at = cast(g.before->>'assigned_at' as timestamptz),
               followed_up_at = cast(g.before->>'followed_up_at' as timestamptz),
               protected_until = cast(g.before->>'protected_until' as timestamptz),
               extensions = cast(g.before->>'extensions' as bigint),
               extended_until = greatest(cast(g.before->>'extended_until' as timestamptz), :safe),
               held_by = case when l.owner_id is not null then l.held_by end,
               held_since = case when l.owner_id is not null then l.held_since end,
               held_until = case when l.owner_id is not null then l.held_until end,
               held_for = case when l.owner_id is not null then l.held_for end, recycle_at = null, recycle_rule = null,
               warn_at = null, warn_step = 0, sla_at = null, version = l.version + 1
        from going g where l.org_id = :org and l.id = g.item_id returning l.id
    )
    update hand_over_item i set back_at = :now from moved
    where i.org_id = :org and i.hand_over_id = :hand_over and i.part = 'lead' and i.item_id = moved.id
    """
)
# With a lead that went to a pool its tasks were cancelled.
_REOPEN = text(
    """
    update task t set state = 'open', closed_at = null, version = t.version + 1
    where t.org_id = :org and t.lead_id = any(:leads) and t.member_id = :giver and t.state = 'cancelled'
      and t.closed_at = :since
    """
)


def leads_of(uow: UnitOfWork, giver_id: int) -> list[int]:
    """Somebody's open leads, the most urgent first."""
    return list(uow.session.scalars(_LOCK, {"org": uow.org_id, "giver": giver_id}))


def lock(uow: UnitOfWork, lead_ids: Sequence[int], member_ids: Sequence[int]) -> None:
    """Hold what a swap will change."""
    members = sorted(set(member_ids))
    uow.session.execute(_LOCK_ROWS, {"org": uow.org_id, "leads": list(lead_ids)})
    uow.session.execute(_LEDGER, {"org": uow.org_id, "members": members})
    uow.session.execute(_LOCK_LEDGER, {"org": uow.org_id, "members": members})


def swap(
    uow: UnitOfWork, *, hand_over_id: int, run_id: int, giver_id: int, takers: Mapping[int, int], by_id: int | None
) -> dict[int, list[int]]:
    """Each of these leads that is still the giver's goes to its taker; returns the leads by taker.

    Leads and ledger are locked.
    """
    args = _args(uow, hand_over_id, giver_id) | {"leads": list(takers), "takers": list(takers.values())}
    moved = {row.item_id: row.to_id for row in uow.session.execute(_SWAP, args)}
    facts: dict[str, Any] = {"from": giver_id} | ({"by": by_id} if by_id else {})
    how = "handed_over" if by_id else "fell_to"
    made = [Verdict(lead, how, member_id=taker, facts=facts) for lead, taker in sorted(moved.items())]
    decisions.record(uow, "override", made, run_id=run_id)
    _pass(uow, args, made, ended="transferred", begun="transfer", verb="transferred", by_id=by_id)
    _count(uow, {giver_id, *moved.values()})
    found: dict[int, list[int]] = {}
    for lead, taker in sorted(moved.items()):
        found.setdefault(taker, []).append(lead)
    for taker, leads in found.items():
        contact_moves.follow_leads(uow, lead_ids=leads, giver_id=giver_id, taker_id=taker)
    return found


def untouched(uow: UnitOfWork, *, hand_over_id: int, since: datetime) -> dict[int, int | None]:
    """The leads of a hand-over on which nobody has worked since, each with whoever has it."""
    args = {"org": uow.org_id, "hand_over": hand_over_id, "since": since}
    return {row.lead: row.to_id for row in uow.session.execute(_UNTOUCHED, args)}


def give_back(
    uow: UnitOfWork, *, hand_over_id: int, giver_id: int, since: datetime, by_id: int, cap: int | None
) -> list[int]:
    """What nobody has worked on is the giver's again, with the dates it had; returns which leads.

    Args: cap: how many leads the giver may hold; what is above stays where it is.
    """
    waiting = untouched(uow, hand_over_id=hand_over_id, since=since)
    lock(uow, sorted(waiting), [giver_id, *(taker for taker in waiting.values() if taker)])
    leads = _fitting(uow, giver_id, untouched(uow, hand_over_id=hand_over_id, since=since), cap)
    args = _args(uow, hand_over_id, giver_id) | {"leads": list(leads)}
    uow.session.execute(_RETURN, args | {"safe": uow.now + uow.rules.extend.by.longest})
    uow.session.execute(_REOPEN, args | {"since": since})
    made = [Verdict(lead, "given_back", member_id=giver_id, facts={"by": by_id}) for lead in leads]
    decisions.record(uow, "override", made)
    _pass(uow, args, made, ended="rewound", begun="given_back", verb="rewound", by_id=by_id)
    _count(uow, {giver_id, *(taker for taker in leads.values() if taker)})
    # Contacts cannot follow to somebody who is gone.
    for taker in sorted({taker for taker in leads.values() if taker and cap is not None}):
        theirs = [lead for lead, was in leads.items() if was == taker]
        contact_moves.follow_leads(uow, lead_ids=theirs, giver_id=taker, taker_id=giver_id)
    return list(leads)


def _fitting(uow: UnitOfWork, giver_id: int, leads: Mapping[int, int | None], cap: int | None) -> dict[int, int | None]:
    if cap is None or not leads:
        return dict(leads)
    args = {"org": uow.org_id, "giver": giver_id, "leads": list(leads), "cap": cap}
    fit = set(uow.session.scalars(_FITTING, args))
    return {lead: taker for lead, taker in leads.items() if lead in fit}


def _pass(
    uow: UnitOfWork, args: dict[str, Any], made: list[Verdict], *, ended: str, begun: str, verb: str, by_id: int | None
) -> None:
    """The history of leads that have just changed hands."""
    leads = [one.lead_id for one in made]
    args = args | {"leads": leads, "decisions": [one.decision_id for one in made], "verb": verb, "actor": by_id}
    uow.session.execute(_END, args | {"how": ended, "reason": "hand_over"})
    uow.session.execute(_BEGIN, args | {"how": begun})
    uow.session.execute(_LINES, args)


def settle(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    """Clocks and cards of leads that have changed hands, with the tasks that went along."""
    clocks.restart(uow, lead_ids)
    response_clock.restart(uow, lead_ids, fresh=True)
    uow.touch(*lead_ids)


def _count(uow: UnitOfWork, members: set[int]) -> None:
    uow.session.execute(_RECOUNT, {"org": uow.org_id, "members": sorted(members)})


def _args(uow: UnitOfWork, hand_over_id: int, giver_id: int) -> dict[str, Any]:
    return {"org": uow.org_id, "hand_over": hand_over_id, "giver": giver_id, "now": uow.now}

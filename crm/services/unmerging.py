"""Parting two persons who were made one: leads, tasks, history, owners, keys and cards are as they were.

What has happened since stays where it happened. An owner who has no room by now does not get the lead back: it goes to
its pool, and the answer says so. The locks are those of `merging_locks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from crm.errors import Conflict, LeadNotFound
from crm.errors_of_merging import MergeBeyondScope, MergeNotYours, NothingToUnmerge
from crm.rules.access import SELLERS, Actor
from crm.services import (
    assignments,
    audit,
    clocks,
    decisions,
    houses,
    leads,
    ledger,
    members,
    merging,
    merging_locks,
    ownership,
    scoring,
    timeline,
    unmerging_writes,
)
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

# All merges that stand behind a person, also those of persons that had been merged into one of them before.
_BEHIND = text(
    """
    with recursive behind as (
        select m.* from merge m where m.org_id = :org and m.survivor_id = :person and m.undone_at is null
        union all
        select m.* from merge m join behind b on m.org_id = b.org_id and m.survivor_id = b.loser_id
        where m.undone_at is null
    )
    select id, survivor_id, loser_id, lead_id, by_id, snapshot from behind order by id
    """
)
_ONE = text(
    "select id, survivor_id, loser_id, lead_id, by_id, snapshot from merge"
    " where org_id = :org and id = :merge and undone_at is null"
)
_ROOT = text(
    """
    with recursive up as (
        select id, merged_into from person where org_id = :org and id = :person
        union all
        select p.id, p.merged_into from up join person p on p.org_id = :org and p.id = up.merged_into
    )
    select id from up where merged_into is null
    """
)
_NUMBERED = text("select id, person_id from lead where org_id = :org and number = :number")
_OWNERS = text("select owner_id from lead where org_id = :org and id = any(:leads) and owner_id is not null")
# Of a lead that waited for somebody when it gave way only the wait is left: nobody is asked twice about the same.
_ANEW = frozenset({"offer", "group", "desk"})


@dataclass(frozen=True, slots=True)
class Parted:
    """What became of an un-merge. Leads: `lead_id` stayed, `back_ids` are open again.

    `pooled_ids` of these are in a pool because their owner has no room; `kept_ids` stay closed, because the customer
    has another open lead by now.
    """

    lead_id: int | None
    back_ids: tuple[int, ...]
    pooled_ids: tuple[int, ...]
    kept_ids: tuple[int, ...]


def unmerge(uow: UnitOfWork, *, actor: Actor, ref: str) -> Parted:
    """Part the persons that became one with this lead: those of the merge that took it in, else the newest one.

    Raises: LeadNotFound, NothingToUnmerge, MergeNotYours, MergeBeyondScope, Conflict.
    """
    number = leads.parse_ref(ref)
    lead = uow.session.execute(_NUMBERED, {"org": uow.org_id, "number": number or 0}).one_or_none()
    if lead is None:
        raise LeadNotFound(ref=ref)
    leads.access(uow, actor=actor, ref=ref)
    behind = uow.session.execute(_BEHIND, {"org": uow.org_id, "person": lead.person_id}).all()
    taken_in = [row for row in behind if lead.id in row.snapshot["leads"]]
    found = next(iter([*taken_in, *(row for row in reversed(behind) if row.survivor_id == lead.person_id)]), None)
    if found is None:
        raise NothingToUnmerge(ref=f"L-{number}")
    _may(uow, actor, found)
    return _part(uow, found, by=actor)


def take_back(uow: UnitOfWork, *, actor: Actor, merge_id: int) -> Parted:
    """The same for one merge, which the actor has just made. Raises NothingToUnmerge, Conflict."""
    row = uow.session.execute(_ONE, {"org": uow.org_id, "merge": merge_id}).one_or_none()
    if row is None:
        raise NothingToUnmerge(ref="–")
    return _part(uow, row, by=actor)


def _may(uow: UnitOfWork, actor: Actor, merge: Row[Any]) -> None:
    """Whoever made it, or a manager who sees all that it concerns."""
    if actor.id == merge.by_id:
        return
    if not actor.may("merge"):
        raise MergeNotYours
    try:
        for lead in merge.snapshot["heirs"]:
            leads.access_id(uow, actor=actor, lead_id=int(lead))
    except LeadNotFound:
        raise MergeBeyondScope from None


def _part(uow: UnitOfWork, merge: Row[Any], *, by: Actor) -> Parted:
    kept: Mapping[str, Any] = merge.snapshot
    root = _root(uow, merge)
    closed = sorted(kept["closed"], key=lambda each: each["lead"])
    concerned = [*(each["lead"] for each in closed), *(int(lead) for lead in kept["heirs"]), *kept["leads"]]
    merging_locks.lock(uow, sorted({root, merge.loser_id}), concerned)
    _lock_ledger(uow, closed, concerned)
    undone = unmerging_writes.mark(uow, merge.id, by=by.id, lead_ids=concerned)
    if not undone or _root(uow, merge) != root:
        raise Conflict
    unmerging_writes.part_persons(uow, root=root, loser=merge.loser_id, snapshot=kept)
    unmerging_writes.touches_back(uow, kept["heirs"])
    unmerging_writes.are_different(uow, merge.survivor_id, merge.loser_id, by=by.id)
    audit.write(uow, "persons.parted", by=by.id, subject=f"person:{root}", data={"merge": merge.id})
    outcomes = {each["lead"]: _open(uow, each, by) for each in closed}
    _write(uow, merge, outcomes, by)
    _follow(uow, sorted(set(concerned)))
    return Parted(
        merge.lead_id,
        tuple(lead for lead, outcome in outcomes.items() if outcome != "kept"),
        tuple(lead for lead, outcome in outcomes.items() if outcome == "pooled"),
        tuple(lead for lead, outcome in outcomes.items() if outcome == "kept"),
    )


def _root(uow: UnitOfWork, merge: Row[Any]) -> int:
    """The person that has it all by now: the one that stayed may have been merged into another one."""
    return int(uow.session.execute(_ROOT, {"org": uow.org_id, "person": merge.survivor_id}).scalar_one())


def _lock_ledger(uow: UnitOfWork, closed: list[Any], concerned: list[int]) -> None:
    now_theirs = uow.session.scalars(_OWNERS, {"org": uow.org_id, "leads": concerned})
    owners = {*now_theirs, *(each["before"]["owner_id"] for each in closed)} - {None}
    assignments.lock(uow, [], sorted(owners))


def _open(uow: UnitOfWork, closed: Mapping[str, Any], by: Actor) -> str:
    """Open a lead again that gave way. Returns free, owned, pooled (its owner has no room), or kept (closed)."""
    pool_id = houses.pool_for(houses.of(uow), closed["before"]["pool_id"])
    if not unmerging_writes.open_again(uow, closed, pool_id=pool_id):
        return "kept"
    wanted = closed["before"]["owner_id"]
    owned = wanted is not None and _give_again(uow, closed, by)
    unmerging_writes.things_back(uow, closed, owned=owned)
    if wanted is None:
        _wait_again(uow, closed)
    if wanted not in (None, by.id):
        uow.notify(
            "lead.unmerged", to=wanted, lead=closed["lead"], key=f"unmerged:{closed['lead']}:{uow.now.isoformat()}",
            data={"lead": closed["lead"], "by": by.id, "yours": owned},
        )  # fmt: skip
    return "owned" if owned else "free" if wanted is None else "pooled"


def _give_again(uow: UnitOfWork, closed: Mapping[str, Any], by: Actor) -> bool:
    before = closed["before"]
    owner = members.get(uow, before["owner_id"])
    if not (owner.active and owner.role in SELLERS):
        return False
    given = ownership.give(
        uow, lead_id=closed["lead"], member_id=owner.id, how="unmerged", actor_id=by.id, verb="unmerged"
    )
    if given:
        unmerging_writes.owned_as_before(uow, closed)
        if before["held_by"] in ("person", "nurture") and _is_coming(uow, before["held_until"]):
            unmerging_writes.waits(uow, closed["lead"], before)
            ledger.recount(uow, [closed["lead"]])
    return given


def _wait_again(uow: UnitOfWork, closed: Mapping[str, Any]) -> None:
    """A free lead waits as before; one that was before somebody is dealt anew."""
    before = closed["before"]
    if before["held_by"] in _ANEW:
        before = before | {"held_by": "nobody", "held_until": None, "held_for": None}
    if before["held_by"]:
        unmerging_writes.waits(uow, closed["lead"], before)


def _is_coming(uow: UnitOfWork, iso: str | None) -> bool:
    return iso is not None and datetime.fromisoformat(iso) > uow.now


def _write(uow: UnitOfWork, merge: Row[Any], outcomes: Mapping[int, str], by: Actor) -> None:
    facts = {"merge": merge.id, "by": by.id}
    heirs = [int(lead) for lead in merge.snapshot["heirs"]]
    verdicts = [Verdict(lead, "unmerged", facts=facts | {"became": outcome}) for lead, outcome in outcomes.items()]
    decisions.record(uow, merging.KIND, [*verdicts, *(Verdict(lead, "unmerged", facts=facts) for lead in heirs)])
    told = [*heirs, *(lead for lead, outcome in outcomes.items() if outcome != "owned")]
    for lead in told:
        timeline.note(uow, lead_id=lead, verb="unmerged", actor_id=by.id, data={"became": outcomes.get(lead)})


def _follow(uow: UnitOfWork, lead_ids: list[int]) -> None:
    clocks.restart(uow, lead_ids)
    scoring.refresh(uow, lead_ids)
    uow.touch(*lead_ids)

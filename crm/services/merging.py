"""One person, one record: two persons become one, with their keys, leads, tasks and history.

Of two open leads in one line one stays (`crm/rules/dedupe_survivor.py`) and stands for the other, which is void from
then on; its owner is told. What has changed is kept, so that `unmerging.py` can part them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm.errors import Conflict
from crm.errors_of_merging import MergeBeyondScope, MergeNotYours, SamePerson
from crm.errors_of_privacy import PersonErased
from crm.rules.access import Actor
from crm.rules.dedupe_survivor import Standing, best, stronger
from crm.services import assignments, audit, clocks, decisions, leads, merging_locks, merging_writes, scoring, timeline
from crm.services.decisions import Verdict
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

KIND = "merge"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge would do. `lead_id` is the lead that stands for the person afterwards, if there is one.

    `losses`: pairs of open leads in one line, the one that stays first.
    """

    survivor_id: int
    loser_id: int
    lead_id: int | None
    losses: tuple[tuple[Standing, Standing], ...]

    @property
    def losing(self) -> tuple[int, ...]:
        """The leads that would be closed."""
        return tuple(lost.id for _, lost in self.losses)


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge that was done."""

    id: int
    plan: Plan


def preview(uow: UnitOfWork, *, actor: Actor, one: LeadView, other: LeadView) -> Plan:
    """What would become of two leads' persons. Raises SamePerson, PersonErased, MergeNotYours, MergeBeyondScope."""
    if one.person_id == other.person_id:
        raise SamePerson(ref=one.ref, other=other.ref)
    if gone := next((each for each in (one, other) if each.erased_at), None):
        raise PersonErased(ref=gone.ref)
    found = plan(uow, one.person_id, other.person_id)
    _may(uow, actor, (one, other), found)
    return found


def merge(uow: UnitOfWork, *, actor: Actor, one: LeadView, other: LeadView, reason: str = "") -> Merged:
    """Make two leads' persons one. Raises SamePerson, MergeNotYours, MergeBeyondScope, Conflict."""
    _may(uow, actor, (one, other), preview(uow, actor=actor, one=one, other=other))
    return join(uow, one.person_id, other.person_id, by=actor, reason=reason)


def plan(uow: UnitOfWork, one: int, other: int) -> Plan:
    """What would become of two persons, as things are now."""
    return _plan(merging_locks.leads_of(uow, [one, other]), one, other)


def join(uow: UnitOfWork, one: int, other: int, *, by: Actor | None, how: str = "person", reason: str = "") -> Merged:
    """Make two persons one, whoever may have decided it. Raises Conflict when one of them was merged meanwhile."""
    found = merging_locks.lock(uow, sorted((one, other)))
    if any(person["merged_into"] for person in merging_writes.persons(uow, [one, other]).values()):
        raise Conflict
    planned = _plan(found, one, other)
    owners = {lead.owner_id for pair in planned.losses for lead in pair if lead.owner_id}
    assignments.lock(uow, [], sorted(owners))
    merge_id = merging_writes.begin(
        uow, into=planned.survivor_id, loser=planned.loser_id, lead_id=planned.lead_id, by=by.id if by else None,
        how=how, reason=reason or None,
    )  # fmt: skip
    closed = [merging_writes.give_way(uow, lost, kept) for kept, lost in planned.losses]
    joined = merging_writes.join_persons(uow, into=planned.survivor_id, loser=planned.loser_id)
    heirs = _write(uow, planned, closed, merge_id, by, reason)
    audit.write(
        uow, "persons.merged", by=by.id if by else None, subject=f"person:{planned.survivor_id}",
        data={"merge": merge_id, "loser": planned.loser_id, "how": how},
    )  # fmt: skip
    merging_writes.keep(uow, merge_id, joined | {"closed": closed, "heirs": heirs})
    _follow(uow, planned)
    _tell(uow, planned, merge_id, by)
    return Merged(merge_id, planned)


def _plan(found: Sequence[Standing], one: int, other: int) -> Plan:
    open_in: dict[int, list[Standing]] = {}
    for lead in found:
        if lead.status == "open":
            open_in.setdefault(lead.line_id, []).append(lead)
    pairs = [(stronger(*both), both) for both in open_in.values() if len(both) == 2]
    losses = tuple((kept, next(lead for lead in both if lead is not kept)) for kept, both in pairs)
    face = best([kept for kept, _ in losses]) or best([lead for lead in found if lead.status != "void"])
    survivor = face.person_id if face else one
    return Plan(survivor, other if survivor == one else one, face.id if face else None, losses)


def _may(uow: UnitOfWork, actor: Actor, both: tuple[LeadView, LeadView], planned: Plan) -> None:
    """A manager within the scope, or a rep whose own leads they all are."""
    touched = {lead.id for pair in planned.losses for lead in pair}
    if not actor.may("merge"):
        others = [lead for pair in planned.losses for lead in pair if lead.owner_id != actor.id]
        if others or not all(lead.mine for lead in both):
            raise MergeNotYours
    elif len(leads.many(uow, actor=actor, lead_ids=sorted(touched))) < len(touched):
        raise MergeBeyondScope


def _write(
    uow: UnitOfWork, planned: Plan, closed: Sequence[dict[str, Any]], merge_id: int, by: Actor | None, reason: str
) -> dict[str, int]:
    """History at the leads that stay and at those that do not; returns the touches that each of the former got."""
    touches = {kept.id: loss["touches"] for (kept, _), loss in zip(planned.losses, closed, strict=True)}
    if planned.lead_id:
        touches.setdefault(planned.lead_id, 0)
    lost = {kept.id: gone for kept, gone in planned.losses}
    facts = {"merge": merge_id, "by": by.id if by else None, "reason": reason or None}
    verdicts = {lead: Verdict(lead, "merged", facts=facts | _of(lost.get(lead))) for lead in touches}
    gone = [Verdict(each.id, "merged_away", member_id=each.owner_id, facts=facts | {"into": kept.ref})
            for kept, each in planned.losses]  # fmt: skip
    decisions.record(uow, KIND, [*verdicts.values(), *gone])
    for lead, count in touches.items():
        merging_writes.inherit(
            uow, lead, touches=count, merge_id=merge_id, actor=by.id if by else None, words=reason or None,
            data=_of(lost.get(lead)), decision=verdicts[lead].decision_id,
        )  # fmt: skip
    for (kept, each), verdict in zip(planned.losses, gone, strict=True):
        timeline.note(
            uow, lead_id=each.id, verb="merged_away", actor_id=by.id if by else None, words=reason or None,
            data={"into": kept.ref, "decision": verdict.decision_id},
        )  # fmt: skip
    return {str(lead): count for lead, count in touches.items()}


def _of(lost: Standing | None) -> dict[str, Any]:
    return {"from": lost.ref} if lost else {}


def _follow(uow: UnitOfWork, planned: Plan) -> None:
    """What depends on the facts of the leads that stay: tasks may hold a clock, and more is known of the person."""
    now_theirs = merging_locks.leads_of(uow, [planned.survivor_id])
    open_ones = [lead.id for lead in now_theirs if lead.status == "open"]
    clocks.restart(uow, [lead.id for lead in now_theirs if lead.status == "open" and lead.owner_id])
    scoring.refresh(uow, open_ones)
    uow.touch(*(lead.id for lead in now_theirs))


def _tell(uow: UnitOfWork, planned: Plan, merge_id: int, by: Actor | None) -> None:
    """Whoever lost a lead, and whoever has one that has become more, unless it is the one who did it."""
    me = by.id if by else None
    for kept, lost in planned.losses:
        data = {"lead": kept.id, "lost": lost.number, "by": me, "owner": kept.owner_id}
        if lost.owner_id not in (None, me, kept.owner_id):
            uow.notify(
                "lead.merged_away", to=lost.owner_id, lead=kept.id, key=f"merged:{merge_id}:{lost.id}", data=data
            )
        if kept.owner_id not in (None, me):
            uow.notify("lead.merged", to=kept.owner_id, lead=kept.id, key=f"merged:{merge_id}:{kept.id}", data=data)

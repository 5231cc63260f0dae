"""What an answer does: two people become one, with one or the other owner, or both stay, each knowing of the other."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from crm.errors import Conflict, ImportNotFound
from crm.rules.access import Actor
from crm.services import assignments, importing, leads, members, merging
from crm.services.pairs import Answer, Pair
from crm.uow import UnitOfWork

_OPEN_OF = text(
    "select id, owner_id from lead where org_id = :org and person_id = :person and status = 'open' order by id limit 1"
)
_OWNER = text("select owner_id from lead where org_id = :org and id = :lead")
_PERSON = text("select person_id from lead where org_id = :org and id = :lead")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The merge that was made, or the person who has been entered now."""

    merge_id: int | None = None
    person_id: int | None = None


def carry_out(uow: UnitOfWork, pair: Pair, answer: Answer, *, by: Actor | None) -> Outcome:
    """Do what was answered. Args: by: None when nobody has answered in time."""
    if pair.new_id is None:
        return _entered(uow, pair, answer, by)
    if answer == "different":
        return Outcome()
    if answer == "share":
        _tell_both(uow, pair, pair.known_id, pair.new_id)
        return Outcome()
    newcomer = uow.session.scalar(_OWNER, {"org": uow.org_id, "lead": pair.lead_id})
    merged = merging.join(uow, pair.known_id, pair.new_id, by=by, how="pair")
    if answer == "transfer" and by is not None and newcomer is not None and merged.plan.lead_id is not None:
        _hand_over(uow, merged.plan.lead_id, int(newcomer), by)
    return Outcome(merge_id=merged.id)


def _entered(uow: UnitOfWork, pair: Pair, answer: Answer, by: Actor | None) -> Outcome:
    """The second one waits in a list: entered for who asked, or dropped, because the customer is known."""
    assert pair.by_id is not None
    assert pair.job_id is not None
    asker = members.get(uow, pair.by_id)
    made: list[int] = []
    if answer in ("different", "share"):
        made = _enter(uow, asker, pair.job_id)
    elif answer == "transfer" and by is not None:
        known = _open_of(uow, pair.known_id)
        if known is not None and known[1] != asker.id:
            _hand_over(uow, known[0], asker.id, by)
    person = uow.session.scalar(_PERSON, {"org": uow.org_id, "lead": made[0]}) if made else None
    uow.notify(
        "duplicate.answered", to=asker.id, key=f"duplicate:{pair.id}:answered",
        data={"pair": pair.id, "answer": answer, "lead": made[0] if made else None, "by": by.id if by else None},
    )  # fmt: skip
    if answer == "share" and person:
        _tell_both(uow, pair, pair.known_id, int(person))
    return Outcome(person_id=int(person) if person else None)


def _enter(uow: UnitOfWork, asker: Actor, job_id: int) -> list[int]:
    """The leads of the list; none where the asker has entered it meanwhile."""
    try:
        return list(importing.confirm(uow, actor=asker, job_id=job_id, origin="company").counters["leads"])
    except ImportNotFound:
        return []


def _hand_over(uow: UnitOfWork, lead_id: int, to_id: int, by: Actor) -> None:
    lead = leads.access_id(uow, actor=by, lead_id=lead_id)
    if lead.owner_id == to_id:
        return
    if lead.status != "open":
        raise Conflict
    how = "assign" if lead.owner_id is None else "transfer"
    assignments.hand_over(uow, actor=by, lead=lead, to=members.get(uow, to_id), how=how)


def _tell_both(uow: UnitOfWork, pair: Pair, known_id: int, new_id: int) -> None:
    """Each of two owners learns of the other, so that nobody calls right after the other has."""
    both = [found for found in (_open_of(uow, known_id), _open_of(uow, new_id)) if found and found[1]]
    if len(both) < 2:
        return
    for (lead_id, owner_id), (_, other_id) in zip(both, reversed(both), strict=True):
        if owner_id != other_id:
            uow.notify(
                "duplicate.shared", to=owner_id, lead=lead_id, key=f"duplicate:{pair.id}:shared:{owner_id}",
                data={"lead": lead_id, "colleague": other_id},
            )  # fmt: skip
    uow.touch(*(lead_id for lead_id, _ in both))


def _open_of(uow: UnitOfWork, person_id: int) -> tuple[int, int | None] | None:
    row = uow.session.execute(_OPEN_OF, {"org": uow.org_id, "person": person_id}).one_or_none()
    return (row.id, row.owner_id) if row is not None else None

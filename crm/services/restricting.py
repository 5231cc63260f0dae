"""A customer set aside: the record is kept, and nothing is done with it, where erasing has to wait.

The engine neither deals nor takes back the open leads, nobody is reminded, and no export holds them.
"""

from __future__ import annotations

from sqlalchemy import text

from crm.errors_of_privacy import PersonErased, PersonNotSetAside, PersonSetAside
from crm.rules.access import Actor
from crm.services import audit, clocks, holding, persons, timeline
from crm.services.persons import Whole
from crm.uow import UnitOfWork

REASON_LENGTH = 300
_STATE = text("select erased_at, restricted_at from person where org_id = :org and id = any(:persons) order by id")
_SET = text(
    "update person set restricted_at = :now, restricted_by = :by, restricted_for = :reason"
    " where org_id = :org and id = any(:persons)"
)
_LIFT = text(
    "update person set restricted_at = null, restricted_by = null, restricted_for = null"
    " where org_id = :org and id = any(:persons)"
)
_WITHDRAW = text(
    "update offer set state = 'withdrawn', closed_at = :now"
    " where org_id = :org and lead_id = any(:leads) and state = 'open'"
)
_HOLD = text(
    """
    update lead l set held_since = coalesce(l.held_since, :now), held_by = 'person', held_for = null,
           held_until = cast(:now as timestamptz) + interval '100 years', version = l.version + 1
    from (
        select id from lead where org_id = :org and id = any(:leads) and status = 'open' order by id for no key update
    ) one where l.org_id = :org and l.id = one.id returning l.id
    """
)
_HELD = text(
    "select id from lead where org_id = :org and id = any(:leads) and status = 'open' and held_by = 'person'"
    " order by id"
)


def stop(uow: UnitOfWork, *, person_id: int, ref: str, actor: Actor | None, reason: str) -> list[int]:
    """Set a customer aside; returns the open leads that stand still from now on.

    Raises: PersonErased, PersonSetAside.
    """
    who = _whole(uow, person_id, ref, set_aside=False)
    by = actor.id if actor else None
    args = who.args(uow) | {"by": by, "reason": reason.strip()[:REASON_LENGTH]}
    uow.session.execute(_SET, args)
    uow.session.execute(_WITHDRAW, args)
    held: list[int] = sorted(uow.session.scalars(_HOLD, args))
    _tell(uow, who, held, "restricted", by)
    return held


def resume(uow: UnitOfWork, *, person_id: int, ref: str, actor: Actor | None) -> list[int]:
    """End that; returns the leads that go on. Raises PersonErased, PersonNotSetAside."""
    who = _whole(uow, person_id, ref, set_aside=True)
    uow.session.execute(_LIFT, who.args(uow))
    held: list[int] = list(uow.session.scalars(_HELD, who.args(uow)))
    holding.let_go(uow, held)
    _tell(uow, who, held, "unrestricted", actor.id if actor else None)
    return held


def check(uow: UnitOfWork, *, person_id: int, ref: str) -> Whole:
    """The customer, for what may only be done with one who is neither. Raises PersonErased, PersonSetAside."""
    return _whole(uow, person_id, ref, set_aside=False)


def _whole(uow: UnitOfWork, person_id: int, ref: str, *, set_aside: bool) -> Whole:
    who = persons.whole(uow, person_id)
    rows = uow.session.execute(_STATE, who.args(uow)).all()
    if any(row.erased_at for row in rows):
        raise PersonErased(ref=ref)
    if any(row.restricted_at for row in rows) != set_aside:
        raise PersonNotSetAside(ref=ref) if set_aside else PersonSetAside(ref=ref)
    return who


def _tell(uow: UnitOfWork, who: Whole, held: list[int], verb: str, by: int | None) -> None:
    for lead_id in held:
        timeline.note(uow, lead_id=lead_id, verb=verb, actor_id=by)
    clocks.restart(uow, held)
    uow.touch(*who.leads)
    audit.write(uow, f"person.{verb}", by=by, subject=f"person:{who.persons[0]}")

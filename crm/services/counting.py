"""A lead's place in its owner's capacity when it is closed, opened again, or put into another stage."""

from __future__ import annotations

from sqlalchemy import text

from crm.errors import CapacityReached
from crm.rules import quota
from crm.services import ledger, members, takeable
from crm.services.ownership import holding, kind_full, room
from crm.uow import UnitOfWork

_OFF = text(
    """
    with ended as (
        update assignment set ended_at = :now, ended_by = :how, reason = :reason
        where org_id = :org and lead_id = :lead and ended_at is null returning member_id
    )
    update rep_load r set holding = greatest(r.holding - 1, 0) from ended, lead l
    where r.org_id = :org and r.member_id = ended.member_id and l.org_id = :org and l.id = :lead and l.counts
    """
)
_COUNTING = """
    with counted as (
        insert into rep_load as r (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
        values (:org, :owner, :counts, :day, 0, :week, 0, 0)
        on conflict (org_id, member_id) do update set holding = r.holding + :counts
            where :counts = 0 or r.holding + :counts <= :cap
        returning holding
    ), history as (
        {history}
    )
    update lead set assigned_at = :now, counts = :counts > 0 from counted
    where org_id = :org and id = :lead and owner_id = :owner
    returning id
"""
_AGAIN = text(
    _COUNTING.format(
        history="""
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, :lead, :owner, :now, 'undo' from counted"""
    )
)
# As if it had never been closed: the ownership that ended with that goes on.
_ON = text(
    _COUNTING.format(
        history="""
        update assignment a set ended_at = null, ended_by = null, reason = null from counted, lead l
        where l.org_id = :org and l.id = :lead and a.org_id = :org and a.lead_id = :lead and a.member_id = :owner
          and a.ended_at = l.closed_at and a.ended_by in ('converted', 'lost')
          and a.id = (select max(last.id) from assignment last where last.org_id = :org and last.lead_id = :lead)"""
    )
)


def restage(uow: UnitOfWork, lead_id: int) -> None:
    """The lead stands in another stage, which may fill its owner's capacity where the former did not, or the reverse.

    Raises: CapacityReached, LevelFull, SourceFull.
    """
    if not uow.rules.claim.capacity.exclude_stages:
        return
    for member_id, held in ledger.recount(uow, [lead_id]).items():
        member = members.get(uow, member_id)
        cap = room(uow, member).cap
        if held > cap:
            raise CapacityReached(held=held - 1, limit=cap)
        found = takeable.by_id(uow, member, lead_id)
        if found and (reached := ledger.crowded(uow, member_id, found.lead)):
            raise kind_full(*reached)


def count_off(uow: UnitOfWork, *, lead_id: int, how: str, reason: str | None) -> None:
    """The lead is closed: its assignment ends and no longer fills the owner's capacity. The owner stays named."""
    uow.session.execute(_OFF, {"org": uow.org_id, "lead": lead_id, "how": how, "reason": reason, "now": uow.now})


def void_credit(uow: UnitOfWork, lead_id: int) -> list[int]:
    """The lead is not won after all; returns the credit rows that count no more."""
    voided = uow.session.scalars(
        text(
            "update credit set voided_at = :now"
            " where org_id = :org and lead_id = :lead and voided_at is null returning id"
        ),
        {"org": uow.org_id, "lead": lead_id, "now": uow.now},
    )
    return list(voided)


def count_again(uow: UnitOfWork, *, lead_id: int, stage: str | None = None, undo: bool = False) -> None:
    """The lead is open again in the hands of the owner it names, at `stage` if it is about to be put there.

    Args: undo: it was closed by mistake.

    Raises: CapacityReached when there is no room.
    """
    lead = uow.session.execute(
        text("select owner_id, origin, stage from lead where org_id = :org and id = :lead"),
        {"org": uow.org_id, "lead": lead_id},
    ).one()
    member = members.get(uow, lead.owner_id)
    limits = room(uow, member)
    args = {
        "org": uow.org_id, "lead": lead_id, "owner": member.id, "now": uow.now, "cap": limits.cap, "day": limits.day,
        "week": limits.week, "counts": int(quota.counts(uow.rules, origin=lead.origin, stage=stage or lead.stage)),
    }  # fmt: skip
    if uow.session.scalar(_ON if undo else _AGAIN, args) is None:
        raise CapacityReached(held=holding(uow, member), limit=limits.cap)
    found = takeable.by_id(uow, member, lead_id)
    if found and (reached := ledger.crowded(uow, member.id, found.lead)):
        raise kind_full(*reached)

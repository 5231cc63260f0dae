"""The rota: in which hours of the week somebody is on duty. Whoever has none follows `on` and `off` alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import text

from crm.rules import duty as rota
from crm.rules.access import Actor
from crm.rules.duty import Shift
from crm.services import hand_overs, members
from crm.uow import UnitOfWork

_OF = text(
    "select member_id, weekdays, opens, closes from duty where org_id = :org and member_id = any(:members) order by id"
)
_ADD = text(
    "insert into duty (org_id, member_id, weekdays, opens, closes) values (:org, :member, :days, :opens, :closes)"
)
_CLEAR = text("delete from duty where org_id = :org and member_id = :member")


@dataclass(frozen=True, slots=True)
class Hours:
    """Shifts of one member, and whether one of them runs now."""

    member_id: int
    shifts: tuple[Shift, ...]
    now: bool


def put(uow: UnitOfWork, *, actor: Actor, member: Actor, days: Sequence[int], opens: time, closes: time) -> None:
    """Add hours to a member's week. Args: days: from 0, Monday. Raises NotAllowed, NotYourTeam."""
    hand_overs.may(actor, member)
    args = {"org": uow.org_id, "member": member.id, "days": sorted(days), "opens": opens, "closes": closes}
    uow.session.execute(_ADD, args)
    members.is_back(uow)


def clear(uow: UnitOfWork, *, actor: Actor, member: Actor) -> None:
    """The member has no rota any more. Raises NotAllowed, NotYourTeam."""
    hand_overs.may(actor, member)
    uow.session.execute(_CLEAR, {"org": uow.org_id, "member": member.id})
    members.is_back(uow)


def of(uow: UnitOfWork, member_ids: Iterable[int]) -> dict[int, Hours]:
    """The rotas of those of these members who have one."""
    rows = uow.session.execute(_OF, {"org": uow.org_id, "members": list(member_ids)}).all()
    shifts: dict[int, list[Shift]] = {}
    for row in rows:
        shifts.setdefault(row.member_id, []).append(Shift(tuple(row.weekdays), row.opens, row.closes))
    who = {one.id: one for one in members.get_many(uow, list(shifts))}
    return {
        member: Hours(member, tuple(found), rota.runs(found, uow.now.astimezone(who[member].timezone)))
        for member, found in shifts.items()
    }


def working(uow: UnitOfWork, member_ids: Sequence[int]) -> set[int]:
    """Those whom the rota does not keep from work now."""
    found = of(uow, member_ids)
    return {member for member in member_ids if member not in found or found[member].now}

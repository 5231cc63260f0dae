"""Leave: days on which somebody is dealt nothing and working time does not pass; clocks follow at once."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from crm.errors import NotYourTeam, TimeInPast
from crm.rules.access import Actor
from crm.services import clocks, members
from crm.uow import UnitOfWork

LONGEST = timedelta(days=400)

_INSERT = text("insert into leave (org_id, member_id, starts_on, ends_on) values (:org, :member, :first, :last)")
_CANCEL = text(
    "delete from leave where org_id = :org and member_id = :member and ends_on >= :today and starts_on >= :today"
)
_SHORTEN = text(
    "update leave set ends_on = cast(:today as date) - 1 where org_id = :org and member_id = :member"
    " and ends_on >= :today and starts_on < :today"
)
_COMING = text(
    "select starts_on, ends_on from leave where org_id = :org and member_id = :member and ends_on >= :today"
    " order by starts_on, id"
)


def take(uow: UnitOfWork, *, actor: Actor, member: Actor, first: date, last: date) -> None:
    """The member is away on these days of the member's own calendar, both included.

    Raises: NotYourTeam, TimeInPast.
    """
    _may(actor, member)
    if last < today(uow, member) or last < first or last - first > LONGEST:
        raise TimeInPast
    uow.session.execute(_INSERT, {"org": uow.org_id, "member": member.id, "first": first, "last": last})
    clocks.restart_of(uow, [member.id])


def cancel(uow: UnitOfWork, *, actor: Actor, member: Actor) -> None:
    """The member is back, and takes none of the days to come. Raises NotYourTeam."""
    _may(actor, member)
    args = {"org": uow.org_id, "member": member.id, "today": today(uow, member)}
    uow.session.execute(_SHORTEN, args)
    uow.session.execute(_CANCEL, args)
    clocks.restart_of(uow, [member.id])
    members.is_back(uow)


def coming(uow: UnitOfWork, member: Actor) -> list[tuple[date, date]]:
    """The spans of days that are not over."""
    args = {"org": uow.org_id, "member": member.id, "today": today(uow, member)}
    return [(row.starts_on, row.ends_on) for row in uow.session.execute(_COMING, args)]


def today(uow: UnitOfWork, member: Actor) -> date:
    """The day that it is for the member."""
    return uow.now.astimezone(member.timezone).date()


def _may(actor: Actor, member: Actor) -> None:
    if not (actor.id == member.id or actor.is_admin or (actor.may("leave") and actor.manages_any(member.departments))):
        raise NotYourTeam(member_id=member.id)

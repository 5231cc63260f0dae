"""Who gets which team's digest, on which days at which hour: a bound group, or a manager in private."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.periods import next_at, next_weekly
from crm.rules.sections.watching import DAYS
from crm.services.members import zone
from crm.uow import UnitOfWork

DAILY = "day"
WEEKLY = "fri"  # where somebody says only that it is to come once a week

_GROUP = text(
    "select id, department_id from conversation where org_id = :org and workspace_id = :workspace and external_id = :id"
)
_ZONE = text(
    """
    select coalesce(m.timezone, d.timezone, o.timezone) from organization o
    left join member m on m.org_id = o.id and m.id = :member
    left join department d on d.org_id = o.id and d.id = :department where o.id = :org
    """
)
_TAKE_BACK = """
    delete from digest_subscription where org_id = :org
      and (conversation_id = cast(:group as bigint) or member_id = cast(:member as bigint))
"""
_CANCEL = text(_TAKE_BACK + " and (:every_team or department_id is not distinct from cast(:department as bigint))")
_REPLACE = text(
    _TAKE_BACK + " and (conversation_id is not null or department_id is not distinct from cast(:department as bigint))"
)
_ORDER = text(
    """
    insert into digest_subscription (org_id, department_id, conversation_id, member_id, at, every, next_at)
    values (:org, :department, :group, :member, :at, :every, :next)
    """
)
_OF = text(
    """
    select s.department_id, coalesce(d.name, o.name) as team, s.every, s.at, s.next_at, c.name as "group"
    from digest_subscription s join organization o on o.id = s.org_id
    left join department d on d.org_id = s.org_id and d.id = s.department_id
    left join conversation c on c.org_id = s.org_id and c.id = s.conversation_id
    where s.org_id = :org and (s.conversation_id = cast(:group as bigint) or s.member_id = cast(:member as bigint))
    order by s.id
    """
)


@dataclass(frozen=True, slots=True)
class Order:
    """A digest that comes by itself. `every` is `day` or a day of the week; `group` None: to the member."""

    department_id: int | None
    team: str
    every: str
    at: time
    next_at: datetime
    group: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a digest is to come: a bound group, or the member in private."""

    group: int | None
    member: int | None
    department: int | None = None

    @property
    def ids(self) -> dict[str, int | None]:
        return {"group": self.group, "member": self.member}


def place_of(uow: UnitOfWork, actor: Actor, workspace_id: int, conversation: str | None) -> Place:
    """The group in which somebody speaks, if it is bound; else the actor's own chat."""
    here = {"org": uow.org_id, "workspace": workspace_id, "id": conversation}
    row = uow.session.execute(_GROUP, here).one_or_none() if conversation else None
    return Place(row.id, None, row.department_id) if row else Place(None, actor.id)


def order(
    uow: UnitOfWork, place: Place, *, department_id: int | None, every: str = DAILY, at: time | None = None
) -> None:
    """From now on a team's digest comes there; a group has one, a member one for each team."""
    at = at or uow.rules.digest.at
    who = {"org": uow.org_id, "department": department_id} | place.ids
    local = zone(uow.session.execute(_ZONE, who).scalar_one())
    uow.session.execute(_REPLACE, who)
    uow.session.execute(_ORDER, who | {"at": at, "every": every, "next": coming(every, at, uow.now, local)})


def cancel(uow: UnitOfWork, place: Place, *, department_id: int | None = None, every_team: bool = True) -> None:
    """No digest comes there any more."""
    who = {"org": uow.org_id, "department": department_id, "every_team": every_team}
    uow.session.execute(_CANCEL, who | place.ids)


def of(uow: UnitOfWork, place: Place) -> Sequence[Order]:
    """What comes there."""
    return [Order(*row) for row in uow.session.execute(_OF, {"org": uow.org_id} | place.ids)]


def coming(every: str, at: time, after: datetime, local: ZoneInfo) -> datetime:
    """When the next one is due."""
    return next_at(at, after, local) if every == DAILY else next_weekly(DAYS.index(every) + 1, at, after, local)

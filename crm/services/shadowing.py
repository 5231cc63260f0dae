"""Shadow time: the engine counts whom it would take leads from, tells managers each morning, and takes nothing.

It begins with a switch-over, so that nobody loses a lead by rules that nobody has watched yet, and ends when an admin
lets the engine go live; what is due by then has a day more, so that its owners are warned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import text

from crm.errors import NotAllowed
from crm.rules.access import Actor
from crm.services import clocks
from crm.services.members import zone
from crm.uow import UnitOfWork

SWITCH_OVER, ASKED = "switch-over", "asked"
TOLD_AT = time(8)
GRACE, WEEK = timedelta(days=1), timedelta(days=7)

_RUNNING = text("select id, why, began_at from shadow_time where org_id = :org and ended_at is null")
_BEGIN = text(
    "insert into shadow_time (org_id, why, by_id, began_at, report_at) values (:org, :why, :by, :now, :report)"
    " on conflict (org_id) where ended_at is null do update set why = excluded.why"
    " where excluded.why = 'asked' and shadow_time.why <> 'asked' returning xmax = 0 as is_new"
)
_END = text(
    "update shadow_time set ended_at = :now, ended_by_id = :by where org_id = :org and ended_at is null returning id"
)
# Of a run of an import: did it begin the shadow time that is running, and was nothing else taken in since?
_BROUGHT = text(
    """
    select from shadow_time t join run r on r.org_id = t.org_id and r.id = :run
    where t.org_id = :org and t.ended_at is null and t.why = 'switch-over' and t.began_at >= r.at
      and not exists (select from run o where o.org_id = t.org_id and o.kind = 'import' and o.id > r.id
                      and o.rewound_at is null)
    """
)
_DUE = text(
    "update shadow_time set report_at = :next where org_id = :org and ended_at is null and report_at <= :now"
    " returning id"
)
_SHIELD = text(
    "update lead l set extended_until = :until from ("
    " select id from lead where org_id = :org and recycle_at <= :now and status = 'open' and owner_id is not null"
    " order by id for no key update) due where l.org_id = :org and l.id = due.id returning l.id"
)
_ZONE = text("select timezone from organization where id = :org")
_MANAGERS = text("select id from member where org_id = :org and active and role in ('manager', 'admin') order by id")
_DUE_LEADS = """
    from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where l.org_id = :org and l.status = 'open' and l.origin <> 'self' and l.recycle_at <= :week
      and (:all or l.owner_id = :me or coalesce(d.path && cast(:manages as bigint[]), false))
"""
_COUNT = text(
    f"""
    select l.owner_id, m.name, coalesce(l.recycle_rule, '') as rule,
           count(*) filter (where l.recycle_at <= :now) as now,
           count(*) filter (where l.recycle_at <= :day) as day, count(*) as week
    {_DUE_LEADS} group by 1, 2, 3 order by 4 desc, 5 desc, 6 desc, 2, 3
    """
)
_LIST = text(
    f"""
    select l.number, m.name as owner, coalesce(l.recycle_rule, '') as rule, l.recycle_at
    {_DUE_LEADS} order by l.recycle_at, l.number limit cast(:most as bigint) offset :after
    """
)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A running shadow time, and why it began."""

    id: int
    why: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Losing:
    """What a rep would lose by a rule: at once, within a day, within a week; each figure holds the ones before it."""

    owner_id: int
    name: str
    rule: str
    now: int
    day: int
    week: int


@dataclass(frozen=True, slots=True)
class Due:
    """A lead that would be taken back, when, and by which rule."""

    ref: str
    owner: str
    rule: str
    at: datetime


def running(uow: UnitOfWork) -> Shadow | None:
    """Whether the engine only watches, and since when."""
    row = uow.session.execute(_RUNNING, {"org": uow.org_id}).one_or_none()
    return Shadow(*row) if row else None


def begin(uow: UnitOfWork, *, why: str = ASKED, actor: Actor | None = None) -> bool:
    """From now on the engine only watches. False where it does already; asked for, that outlives the import behind it.

    Raises NotAllowed.
    """
    _need_admin(actor)
    args = {"org": uow.org_id, "why": why, "by": actor.id if actor else None, "now": uow.now, "report": _morning(uow)}
    uow.watched = True
    return bool(uow.session.scalar(_BEGIN, args))


def go_live(uow: UnitOfWork, *, actor: Actor | None = None) -> bool:
    """The engine takes back what is due, from tomorrow on. False where it does already. Raises NotAllowed."""
    _need_admin(actor)
    args = {"org": uow.org_id, "now": uow.now, "by": actor.id if actor else None}
    if uow.session.scalar(_END, args) is None:
        return False
    uow.watched = False
    uow.session.execute(_SHIELD, args | {"until": uow.now + GRACE})
    uow.defer(clocks.all_anew(uow))
    return True


def end_with(uow: UnitOfWork, *, run_id: int) -> bool:
    """With the import that began it shadow time ends too, unless somebody asked for it or a later file needs it."""
    brought = uow.session.execute(_BROUGHT, {"org": uow.org_id, "run": run_id}).one_or_none()
    return brought is not None and go_live(uow)


def losing(uow: UnitOfWork, *, actor: Actor | None = None) -> list[Losing]:
    """Who would lose how many by which rule, most first; of the people whom the actor manages, or of all."""
    return [Losing(*row) for row in uow.session.execute(_COUNT, _of(uow, actor))]


def leads(uow: UnitOfWork, *, actor: Actor | None = None, after: int = 0, most: int | None = None) -> Iterator[Due]:
    """Those leads one by one, the first to go first; without the first `after`, at most so many."""
    for row in uow.session.execute(_LIST, _of(uow, actor) | {"after": after, "most": most}):
        yield Due(f"L-{row.number}", row.owner, row.rule, row.recycle_at)


def tell_due(uow: UnitOfWork) -> int:
    """Owe managers the word of the morning; returns to how many."""
    shadow = uow.session.scalar(_DUE, {"org": uow.org_id, "now": uow.now, "next": _morning(uow)})
    if shadow is None:
        return 0
    managers = uow.session.scalars(_MANAGERS, {"org": uow.org_id}).all()
    for member in managers:
        uow.notify("shadow", to=member, key=f"shadow:{shadow}:{member}:{uow.now.isoformat()}", data={})
    return len(managers)


def _need_admin(actor: Actor | None) -> None:
    """Whoever types at the server's own terminal may do it as well."""
    if actor is not None and not actor.is_admin:
        raise NotAllowed(roles="admins")


def _morning(uow: UnitOfWork) -> datetime:
    """The next morning where the organization is."""
    local = uow.now.astimezone(zone(uow.session.scalar(_ZONE, {"org": uow.org_id}) or "UTC"))
    today = local.replace(hour=TOLD_AT.hour, minute=0, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def _of(uow: UnitOfWork, actor: Actor | None) -> dict[str, object]:
    return {
        "org": uow.org_id, "now": uow.now, "day": uow.now + timedelta(days=1), "week": uow.now + WEEK,
        "all": actor is None or actor.is_admin, "me": actor.id if actor else 0,
        "manages": list(actor.manages) if actor else [],
    }  # fmt: skip

"""Members: who somebody is, being on and off duty, and the codes that link a chat identity to a record."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, or_, select, text, update

from crm import queue, vault
from crm.errors import CodeInvalid, MemberAmbiguous, MemberNotFound
from crm.models import ChatIdentity, LinkCode, Member
from crm.rules.access import Actor
from crm.services import audit
from crm.uow import Along, UnitOfWork

# Messages go to the chat in which somebody was seen last; noting that once an hour is enough.
SEEN_EVERY = timedelta(hours=1)
LINK_CODE_LIFE = timedelta(days=2)
# Without letters and digits that are easily mistaken for each other.
LINK_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"

_ACTOR = """
    select {seen} m.id, m.org_id, m.name, m.role, m.department_id, coalesce(d.path, '{{}}') as path, m.active,
           m.on_duty, coalesce(m.timezone, d.timezone, o.timezone) as timezone,
           coalesce(m.locale, d.locale, o.locale) as locale,
           m.toured_at is not null as toured, m.sort,
           case when m.role = 'manager' and m.department_id is not null then array[m.department_id] else '{{}}' end
             as manages
    from member m join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
"""
_BY_ID = text(_ACTOR.format(seen="") + " where m.org_id = :org and m.id = any(:ids)")
# What hardly anybody has is looked up with whom it would belong to, lest everybody's command pays for a statement.
_SEEN_WITH = """
    c.seen_at, exists (
        select 1 from pending_form f
        where f.org_id = m.org_id and f.member_id = m.id and f.workspace_id = c.workspace_id) as asked,
    exists (
        select 1 from (
            -- Apart, because under row security no index is asked for what a function makes of another table's row.
            select i.workspace_id, 'home:' || i.external_id as place from chat_identity i
            where i.org_id = m.org_id and i.member_id = m.id offset 0) mine
        join posted_card h on h.org_id = m.org_id and h.workspace_id = mine.workspace_id and h.place = mine.place
          and h.live) as home,
"""
_IDENTITY = (
    _ACTOR.format(seen=_SEEN_WITH) + " join chat_identity c on c.org_id = m.org_id and c.member_id = m.id"
    " where m.org_id = :org and c.workspace_id = :workspace and c.external_id = :user"
)
_BY_IDENTITY = text(_IDENTITY)
_ALONG = _IDENTITY.replace(":org", "cast(one.wall as bigint)")
_SEEN = text(
    "update chat_identity set seen_at = :now where org_id = :org and workspace_id = :workspace and external_id = :user"
)


_MAKE_ADMIN = text(
    "update member set role = 'admin', preferences = preferences || jsonb_build_object('role', role)"
    " where org_id = :org and id = :id and role <> 'admin'"
)
_SET_DUTY = text(
    """
    update member set on_duty = :on, preferences = preferences || jsonb_build_object('duty',
               jsonb_build_object('was', on_duty, 'at', cast(:now as text)))
    where org_id = :org and id = :me
    """
)
_SET_LOCALE = text(
    """
    update member set locale = :locale, preferences = preferences || jsonb_build_object('locale',
               jsonb_build_object('was', locale, 'at', cast(:now as text)))
    where org_id = :org and id = :me
    """
)
_UNDO_SETTING = text(
    """
    update member m set preferences = m.preferences - last.name || case when last.name = 'notify'
               then jsonb_build_object('notify', jsonb_build_object('now', cast(last.was as jsonb))) else '{}' end,
           on_duty = case when last.name = 'duty' then cast(last.was as boolean) else m.on_duty end,
           locale = case when last.name = 'locale' then last.was else m.locale end,
           sort = case when last.name = 'sort' then last.was else m.sort end
    from (
        select p.key as name, p.value->>'was' as was, cast(p.value->>'at' as timestamptz) as at
        from member mine cross join jsonb_each(mine.preferences) p
        where mine.org_id = :org and mine.id = :me and p.value ? 'at'
          and p.key in ('duty', 'event', 'locale', 'notify', 'past', 'sort', 'star', 'team_task', 'values')
        order by 3 desc, 1 desc limit 1
    ) last
    where m.org_id = :org and m.id = :me and last.at > :since
      and not exists (select 1 from activity a where a.org_id = m.org_id and a.actor_id = m.id and a.undo is not null
                        and a.undone_at is null and a.verb <> 'undone' and a.at > last.at)
    returning last.name, last.was
    """
)
_ABOVE = text(
    """
    select m.department_id, b.id as own from member m
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join member b on b.org_id = m.org_id and b.id = m.manager_id and b.active
         and (b.role = 'admin' or (b.role = 'manager' and b.department_id = any(d.path)))
    where m.org_id = :org and m.id = :id
    """
)
_REMEMBER = text(
    """
    update member set preferences = preferences || jsonb_build_object(cast(:name as text), jsonb_build_object(
        'was', cast(:was as text), 'at', cast(:now as text)))
    where org_id = :org and id = :me
    """
)


def get(uow: UnitOfWork, member_id: int) -> Actor:
    """The member with that id. Raises MemberNotFound."""
    found = get_many(uow, [member_id])
    if not found:
        raise MemberNotFound(given=str(member_id))
    return found[0]


def get_many(uow: UnitOfWork, member_ids: list[int]) -> list[Actor]:
    """Members by id, in no order; unknown ids are left out."""
    return [_actor(uow, row) for row in uow.session.execute(_BY_ID, {"org": uow.org_id, "ids": member_ids})]


def who(workspace_id: int, external_id: str) -> Along:
    """The question of `by_identity`, for whoever receives something from that person."""
    return Along(_ALONG, {"workspace": workspace_id, "user": external_id})


def by_identity(uow: UnitOfWork, workspace_id: int, external_id: str) -> Actor | None:
    """Who that person of a chat installation is."""
    asked = who(workspace_id, external_id)
    args = {"org": uow.org_id, **asked.args}
    row = uow.came_along(asked) or uow.execute(_BY_IDENTITY, args).one_or_none()
    if row and (row.seen_at is None or uow.now - row.seen_at > SEEN_EVERY):
        uow.execute(_SEEN, args | {"now": uow.now})
    return _actor(uow, row) if row else None


def by_email(uow: UnitOfWork, email: str) -> Actor | None:
    """The active member with that address, compared without case."""
    found = uow.session.scalar(
        select(Member.id).where(Member.org_id == uow.org_id, func.lower(Member.email) == email.lower(), Member.active)
    )
    return get(uow, found) if found else None


def find(uow: UnitOfWork, words: str) -> Actor:
    """A colleague by `@name`, name, e-mail or chat id (what a mention is sent as).

    An exact name wins over a beginning, and who is still here over who has left. Raises MemberNotFound or
    MemberAmbiguous.
    """
    given = words.strip().lstrip("@").strip().lower()
    if not given:
        raise MemberNotFound(given=words)
    known_as = select(ChatIdentity.member_id).where(
        ChatIdentity.org_id == uow.org_id, func.lower(ChatIdentity.external_id) == given
    )
    exactly = or_(func.lower(Member.name) == given, func.lower(Member.email) == given, Member.id.in_(known_as))
    begins = func.lower(Member.name).startswith(given, autoescape=True)
    rank = case((exactly, 0), else_=2) + case((Member.active, 0), else_=1)
    rows = uow.session.execute(
        select(Member.id, Member.name, rank.label("rank"))
        .where(Member.org_id == uow.org_id, or_(exactly, begins))
        .order_by(rank, Member.name, Member.id)
        .limit(9)
    ).all()
    if not rows:
        raise MemberNotFound(given=words)
    alike = [row.name for row in rows if row.rank == rows[0].rank]
    if len(alike) > 1:
        raise MemberAmbiguous(given=words, names=", ".join(alike[:5]))
    return get(uow, rows[0].id)


def set_duty(uow: UnitOfWork, actor: Actor, *, on: bool) -> None:
    """Start or stop receiving dispatched leads, at once those that are held; what it was is kept for an undo."""
    uow.session.execute(_SET_DUTY, {"org": uow.org_id, "me": actor.id, "on": on, "now": uow.now.isoformat()})
    if on:
        is_back(uow)


def is_back(uow: UnitOfWork) -> None:
    """Somebody can be dealt leads again: those that are held are dealt at once."""
    uow.defer(queue.Order(queue.DEAL_HELD, {"org_id": uow.org_id}))


def undo_setting(uow: UnitOfWork, actor: Actor) -> tuple[str, str | None] | None:
    """Take back what the actor has set about oneself, if that is the last thing the actor changed.

    Returns: `duty`, `locale`, `notify` or `sort`, or `star`, `team_task` or `values`, which are the caller's to take
        back, with what it was before; `past` for what cannot be taken back; None when the last change was one of a
        lead, or there is none.
    """
    since = uow.now - timedelta(minutes=uow.rules.undo_minutes)
    row = uow.session.execute(_UNDO_SETTING, {"org": uow.org_id, "me": actor.id, "since": since}).one_or_none()
    return (row.name, row.was) if row else None


def remember_setting(uow: UnitOfWork, actor: Actor, name: str, was: str | None) -> None:
    """Keep what a setting was before, for an undo."""
    args = {"org": uow.org_id, "me": actor.id, "name": name, "was": was, "now": uow.now.isoformat()}
    uow.session.execute(_REMEMBER, args)


def remember_past(uow: UnitOfWork, actor: Actor) -> None:
    """What the actor has just done cannot be taken back: an undo says so, and does not take back what was before."""
    remember_setting(uow, actor, "past", None)


def set_locale(uow: UnitOfWork, actor: Actor, locale: str) -> None:
    """Speak that language to the member; the one before is kept for an undo."""
    uow.session.execute(_SET_LOCALE, {"org": uow.org_id, "me": actor.id, "locale": locale, "now": uow.now.isoformat()})


def set_toured(uow: UnitOfWork, actor: Actor) -> None:
    """The member has seen the tour."""
    uow.session.execute(
        update(Member).where(Member.org_id == uow.org_id, Member.id == actor.id).values(toured_at=uow.now)
    )


def tie(uow: UnitOfWork, member_id: int, workspace_id: int, external_id: str) -> None:
    """Remember that this chat person is this member; a former owner of the identity loses it."""
    uow.session.execute(
        text(
            """
            insert into chat_identity (org_id, workspace_id, external_id, member_id, seen_at)
            values (:org, :workspace, :user, :member, :now)
            on conflict (workspace_id, external_id)
            do update set member_id = excluded.member_id, seen_at = excluded.seen_at
            """
        ),
        {"org": uow.org_id, "workspace": workspace_id, "user": external_id, "member": member_id, "now": uow.now},
    )


def make_code(uow: UnitOfWork, actor: Actor, member: Actor) -> str:
    """A code with which that colleague links a chat account, valid two days, once. Admins only: whoever holds a code
    becomes the colleague it was made for."""
    actor.need("people")
    code = "".join(secrets.choice(LINK_ALPHABET) for _ in range(8))
    uow.session.add(
        LinkCode(
            org_id=uow.org_id, member_id=member.id, code_hash=vault.fingerprint(code),
            expires_at=uow.now + LINK_CODE_LIFE,
        )
    )  # fmt: skip
    return code


def redeem(uow: UnitOfWork, code: str, workspace_id: int, external_id: str) -> Actor:
    """Link the chat person behind `external_id` to the member for whom the code was made. Raises CodeInvalid."""
    used = (
        update(LinkCode)
        .where(
            LinkCode.org_id == uow.org_id, LinkCode.code_hash == vault.fingerprint(code.strip().upper()),
            LinkCode.used_at.is_(None), LinkCode.expires_at > uow.now,
        )
        .values(used_at=uow.now)
        .returning(LinkCode.member_id)
    )  # fmt: skip
    member_id = uow.session.scalar(used)
    if member_id is None:
        raise CodeInvalid
    tie(uow, member_id, workspace_id, external_id)
    return get(uow, member_id)


def sign_off(uow: UnitOfWork, workspace_id: int, external_id: str) -> None:
    """The platform says that this person is gone: at once nobody acts or is dealt leads under the name."""
    identity = select(ChatIdentity.member_id).where(
        ChatIdentity.org_id == uow.org_id, ChatIdentity.workspace_id == workspace_id,
        ChatIdentity.external_id == external_id,
    )  # fmt: skip
    uow.session.execute(
        update(Member)
        .where(Member.org_id == uow.org_id, Member.id.in_(identity), Member.active)
        .values(active=False, on_duty=False, left_at=uow.now)
        .execution_options(synchronize_session=False)
    )


def make_admin(uow: UnitOfWork, actor: Actor, member: Actor) -> None:
    """Give a colleague the admin role; the former one is kept for when it is taken back. Admins only."""
    actor.need("people")
    uow.session.execute(_MAKE_ADMIN, {"org": uow.org_id, "id": member.id})
    audit.write(uow, "role.changed", by=actor.id, subject=f"member:{member.id}", data={"to": "admin"})


def first_admin(
    uow: UnitOfWork, *, workspace_id: int, external_id: str, member: Actor | None, name: str
) -> Actor | None:
    """Whoever asks first in an organization without an active admin becomes it; None where there is one already.

    Args:
        member: the person's record, if there is one; without it one is made under `name`.
    """
    # Two who ask at once take turns here.
    uow.session.execute(text("select 1 from organization where id = :org for no key update"), {"org": uow.org_id})
    admins = select(Member.id).where(Member.org_id == uow.org_id, Member.role == "admin", Member.active).limit(1)
    if uow.session.scalar(admins) is not None:
        return None
    if member is not None and not member.active:
        return None
    if member is None:
        made = Member(
            org_id=uow.org_id, name=name, role="admin", active=True, on_duty=False, tags=[], preferences={},
            joined_at=uow.now,
        )  # fmt: skip
        uow.session.add(made)
        uow.session.flush()
        tie(uow, made.id, workspace_id, external_id)
        audit.write(uow, "role.changed", by=made.id, subject=f"member:{made.id}", data={"to": "admin", "first": True})
        return get(uow, made.id)
    uow.session.execute(update(Member).where(Member.org_id == uow.org_id, Member.id == member.id).values(role="admin"))
    audit.write(uow, "role.changed", by=member.id, subject=f"member:{member.id}", data={"to": "admin", "first": True})
    return get(uow, member.id)


def managers_of(uow: UnitOfWork, member_id: int) -> list[int]:
    """Who is copied when something of this member needs a manager: the own one, where that is a manager of the
    department or above; else the nearest department's managers, else admins."""
    row = uow.session.execute(_ABOVE, {"org": uow.org_id, "id": member_id}).one_or_none()
    if row and row.own:
        return [row.own]
    return managers_of_department(uow, row.department_id if row else None, but=member_id)


def managers_of_department(uow: UnitOfWork, department_id: int | None, *, but: int | None = None) -> list[int]:
    """The managers of a department or of the nearest one above it, else the admins; `but` this one."""
    rows = uow.session.execute(
        text(
            """
            select m.id, m.role = 'admin' as is_admin,
                   case when m.role = 'admin' then 0 else coalesce(array_length(d.path, 1), 0) end as depth
            from member m
            left join department d on d.org_id = m.org_id and d.id = m.department_id
            left join department mine on mine.org_id = m.org_id and mine.id = :department
            where m.org_id = :org and m.active and m.id is distinct from cast(:but as bigint)
              and (m.role = 'admin' or (m.role = 'manager' and m.department_id = any(mine.path)))
            order by is_admin, depth desc, m.id
            """
        ),
        {"org": uow.org_id, "department": department_id, "but": but},
    ).all()
    return [row.id for row in rows if (row.is_admin, row.depth) == (rows[0].is_admin, rows[0].depth)]


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; reading it from disk once."""
    return ZoneInfo(name)


def _actor(uow: UnitOfWork, row: Any) -> Actor:
    access = uow.rules.access
    return Actor(
        id=row.id, org_id=row.org_id, name=row.name, role=row.role, department_id=row.department_id,
        departments=tuple(row.path), manages=frozenset(row.manages), active=row.active, on_duty=row.on_duty,
        timezone=zone(row.timezone), locale=row.locale, toured=row.toured, sort=row.sort,
        asked=getattr(row, "asked", True), home=getattr(row, "home", True), scope=access.scope_of(row.role),
        hidden=access.hidden_from(row.role), over=access.over(row.role),
    )  # fmt: skip

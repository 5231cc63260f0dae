"""What each member wishes to be told, how, where and when: the organization's and team's rules, then the own words.

The own wishes stand in `member.preferences`, with those of before, so that `undo` takes the last change back.
"""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.notices import GROUPS, MODES, Asked, Mode, Verdict, Wishes, verdict
from crm.rules.sections.telling import Notices, Quiet, quiet_hours
from crm.services.members import zone
from crm.uow import UnitOfWork

MOST_MUTED = 200

_WISHES = text(
    """
    select coalesce(m.preferences->'notify'->'now', '{}') as own,
           coalesce(m.timezone, d.timezone, o.timezone) as timezone,
           array(select p.key from department p where p.org_id = m.org_id and p.id = any(d.path)
                 order by array_position(d.path, p.id)) as teams
    from member m join organization o on o.id = m.org_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org and m.id = :member
    """
)
_OWN = text(
    "select coalesce(preferences->'notify'->'now', '{}') from member where org_id = :org and id = :me for no key update"
)
_SET = text(
    """
    update member set preferences = preferences || jsonb_build_object('notify', jsonb_build_object(
        'now', cast(:own as jsonb), 'was', cast(:was as jsonb), 'at', cast(:now as text)))
    where org_id = :org and id = :me
    """
)
# Of one member one after the other, or two that go out at once would both be the last one allowed.
_COUNTED = text("select pg_advisory_xact_lock(hashtextextended('told', :member))")
_TOLD = text(
    """
    select count(*) from message
    where org_id = :org and member_id = :member and topic <> all(cast(:free as text[])) and id <> :id
      and ((state = 'sent' and sent_at >= :since) or (state = 'owed' and attempt > 0))
    """
)
_NOW = text("select preferences->'notify'->'now' from member where org_id = :org and id = :me")
_TUNED = text(
    "select cast(preferences->'notify'->>'at' as timestamptz) > :since from member where org_id = :org and id = :me"
)
_CHATS = text(
    "select distinct w.platform from chat_identity c join workspace w on w.id = c.workspace_id"
    " where c.org_id = :org and c.member_id = :member and w.dead_at is null order by 1"
)


def wishes(uow: UnitOfWork, member_id: int) -> Wishes:
    """What holds for a member now."""
    row = uow.session.execute(_WISHES, {"org": uow.org_id, "member": member_id}).one()
    rules, own = uow.rules.notices, row.own
    teams = [rules.teams[key] for key in row.teams if key in rules.teams]
    quiet, per_day, copies = (_last(rules, teams, name) for name in ("quiet", "per_day", "copies"))
    modes: dict[str, Mode] = {} if copies else {"copies": "off"}
    return Wishes(
        zone=zone(row.timezone), modes=modes | own.get("topics", {}), chats=own.get("chats", {}),
        quiet=_quiet(own["quiet"]) if "quiet" in own else quiet,
        per_day=(own["max"] or None) if "max" in own else per_day,
        summary=time.fromisoformat(own["summary"]) if "summary" in own else rules.summary,
        muted={int(lead): _moment(until) for lead, until in own.get("muted", {}).items()},
    )  # fmt: skip


def judge(
    uow: UnitOfWork, held: Wishes, member_id: int, asked: Asked, *, message_id: int, free: frozenset[str]
) -> Verdict:
    """Whether a message to the member comes now. Args: free: topics that no daily cap counts."""

    def told() -> int:
        uow.session.execute(_COUNTED, {"member": member_id})
        midnight = uow.now.astimezone(held.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        args = {"org": uow.org_id, "member": member_id, "since": midnight, "free": sorted(free), "id": message_id}
        return int(uow.session.execute(_TOLD, args).scalar_one())

    return verdict(held, asked, uow.now, told)


def are_own(uow: UnitOfWork, actor: Actor) -> bool:
    """Whether the member has said anything that `reset` would take back."""
    own = uow.session.scalar(_NOW, {"org": uow.org_id, "me": actor.id}) or {}
    return any(own.get(part) for part in ("topics", "chats")) or not own.keys() <= {"topics", "chats", "muted"}


def can_undo(uow: UnitOfWork, actor: Actor) -> bool:
    """Whether a change of these wishes is the last setting that the member changed, a moment ago."""
    since = uow.now - timedelta(minutes=uow.rules.undo_minutes)
    return bool(uow.session.scalar(_TUNED, {"org": uow.org_id, "me": actor.id, "since": since}))


def chats(uow: UnitOfWork, actor: Actor) -> list[str]:
    """The platforms on which the member can be reached."""
    return list(uow.session.scalars(_CHATS, {"org": uow.org_id, "member": actor.id}))


def set_mode(uow: UnitOfWork, actor: Actor, group: str, mode: Mode) -> None:
    """How a topic group comes from now on."""
    assert group in GROUPS
    assert mode in MODES
    _change(uow, actor, lambda own: _put(own, "topics", group, mode))


def set_chat(uow: UnitOfWork, actor: Actor, group: str, platform: str) -> None:
    """Where a topic group comes from now on; an empty platform: where the member was seen last."""
    _change(uow, actor, lambda own: _put(own, "chats", group, platform or None))


def set_quiet(uow: UnitOfWork, actor: Actor, quiet: Quiet | None) -> None:
    """Own quiet hours; None: none at all, whatever the organization says."""
    _change(uow, actor, lambda own: own | {"quiet": str(quiet) if quiet else "off"})


def set_most(uow: UnitOfWork, actor: Actor, most: int | None) -> None:
    """How many notices a day; None: as many as there are, whatever the organization says."""
    _change(uow, actor, lambda own: own | {"max": most or 0})


def set_summary(uow: UnitOfWork, actor: Actor, at: time) -> None:
    """At which local time that comes together which does not come at once."""
    _change(uow, actor, lambda own: own | {"summary": at.isoformat("minutes")})


def mute(uow: UnitOfWork, actor: Actor, lead_id: int, until: datetime | None) -> None:
    """Keep a lead quiet until then, or for good."""
    _change(uow, actor, lambda own: _put(own, "muted", str(lead_id), until.isoformat() if until else ""))


def unmute(uow: UnitOfWork, actor: Actor, lead_id: int) -> None:
    _change(uow, actor, lambda own: _put(own, "muted", str(lead_id), None))


def reset(uow: UnitOfWork, actor: Actor) -> None:
    """All as the organization has it; muted leads stay muted."""
    _change(uow, actor, lambda own: {"muted": own["muted"]} if own.get("muted") else {})


def _change(uow: UnitOfWork, actor: Actor, change: Any) -> None:
    me = {"org": uow.org_id, "me": actor.id}
    was = uow.session.scalar(_OWN, me) or {}
    own = _without_lapsed(change(json.loads(json.dumps(was))), uow.now)
    values = {"own": json.dumps(own), "was": json.dumps(was), "now": uow.now.isoformat()}
    uow.session.execute(_SET, me | values)


def _put(own: dict[str, Any], part: str, name: str, value: str | None) -> dict[str, Any]:
    kept = {key: held for key, held in own.get(part, {}).items() if key != name}
    return own | {part: kept | ({name: value} if value is not None else {})}


def _without_lapsed(own: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Leads that are muted no longer are forgotten, and of very many the oldest."""
    muted = {lead: until for lead, until in own.get("muted", {}).items() if not until or _moment(until) > now}  # type: ignore[operator]
    return own | ({"muted": dict(list(muted.items())[-MOST_MUTED:])} if "muted" in own else {})


def _last(rules: Notices, teams: list[Any], name: str) -> Any:
    """What the nearest department says, else the organization."""
    said = [value for team in teams if (value := getattr(team, name)) is not None]
    return said[-1] if said else getattr(rules, name)


def _quiet(words: str) -> Quiet | None:
    return None if words == "off" else quiet_hours(words)


def _moment(iso: str) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None

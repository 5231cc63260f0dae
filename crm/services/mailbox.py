"""Owed messages at rest: what was held back and comes together, what did not come at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm.errors import OldCard
from crm.rules.access import Actor
from crm.uow import UnitOfWork

CHUNK, AT_ONCE = 200, 500
MISSED = timedelta(days=7)

_HELD = text(
    """
    update message set state = 'merged', sent_at = :now
    where org_id = :org and state = 'held' and due_at <= :now and member_id in (
        select member_id from message where org_id = :org and state = 'held' and due_at <= :now
        group by member_id order by min(due_at) limit :most)
    returning id, topic, key, member_id, lead_id, card, group_key
    """
)
_OF_MEMBER = """
    select id, topic, lead_id, card, created_at from message where org_id = :org and member_id = :me
"""
_SOME = text(_OF_MEMBER + " and id = any(:ids) order by id desc")
_ONE = text(
    "select id, topic, lead_id, card, created_at, conversation_id from message"
    " where org_id = :org and id = :id and (member_id = :me or conversation_id is not null)"
)
_MISSED = text(
    _OF_MEMBER + " and (state = 'held' or (state = 'dropped' and cause in ('off', 'muted')))"
    " and created_at > :since order by id desc limit :most"
)
_BETWEEN = text(
    _OF_MEMBER + " and topic = :topic and id between :first and :last and state in ('held', 'merged', 'dropped')"
    " order by id desc limit :most"
)


@dataclass(frozen=True, slots=True)
class Told:
    """One message as it stands in the mailbox. `to_group`: it was for everybody in a group."""

    id: int
    topic: str
    lead_id: int | None
    card: dict[str, Any]
    at: datetime
    to_group: bool = False


def collect_due(uow: UnitOfWork) -> int:
    """Owe each member one card about all that was held until now; offers come by themselves, to be answered.

    Returns: how many members there were; fewer than `CHUNK` when nothing is left.
    """
    found: dict[int, list[int]] = {}
    rows = uow.session.execute(_HELD, {"org": uow.org_id, "now": uow.now, "most": CHUNK}).all()
    for row in sorted(rows, key=lambda each: each.id):
        if "expires_at" in row.card:
            uow.notify(
                row.topic, to=row.member_id, lead=row.lead_id, key=f"{row.key}:later", data=row.card,
                together=row.group_key,
            )  # fmt: skip
        else:
            found.setdefault(row.member_id, []).append(row.id)
    for member_id, ids in found.items():
        uow.notify(
            "notices.held", to=member_id, key=f"held:{member_id}:{ids[0]}:{ids[-1]}", data={"messages": ids[-AT_ONCE:]}
        )
    return len({row.member_id for row in rows})


def some(uow: UnitOfWork, *, actor: Actor, ids: list[int]) -> list[Told]:
    """These messages to the actor, the newest first."""
    rows = uow.session.execute(_SOME, {"org": uow.org_id, "me": actor.id, "ids": ids})
    return [Told(row.id, row.topic, row.lead_id, row.card, row.created_at) for row in rows]


def missed(uow: UnitOfWork, *, actor: Actor, most: int = 50) -> list[Told]:
    """What did not come to the actor within the week, because it was switched off or waits, the newest first."""
    args = {"org": uow.org_id, "me": actor.id, "since": uow.now - MISSED, "most": most}
    return [
        Told(row.id, row.topic, row.lead_id, row.card, row.created_at) for row in uow.session.execute(_MISSED, args)
    ]


def between(uow: UnitOfWork, *, actor: Actor, topic: str, first: int, last: int) -> list[Told]:
    """The actor's messages of a topic that did not come at once, the newest first."""
    args = {"org": uow.org_id, "me": actor.id, "topic": topic, "first": first, "last": last}
    rows = uow.session.execute(_BETWEEN, args | {"most": AT_ONCE})
    return [Told(row.id, row.topic, row.lead_id, row.card, row.created_at) for row in rows]


def told(uow: UnitOfWork, *, actor: Actor, message_id: int) -> Told:
    """One message to the actor or to a group; of a summary of one thing, that thing. Raises OldCard."""
    row = uow.session.execute(_ONE, {"org": uow.org_id, "me": actor.id, "id": message_id}).one_or_none()
    if row is None:
        raise OldCard
    inside = row.card.get("messages", ())
    if len(inside) == 1:
        return told(uow, actor=actor, message_id=inside[0])
    return Told(row.id, row.topic, row.lead_id, row.card, row.created_at, row.conversation_id is not None)


def waiting(uow: UnitOfWork) -> dict[str, int]:
    """How many messages are due and still owed, and how many are dead."""
    found = text(
        "select count(*) filter (where state = 'owed' and due_at <= :now) as owed,"
        " count(*) filter (where state = 'dead') as dead"
        " from message where org_id = :org and state in ('owed', 'dead')"
    )
    return dict(uow.session.execute(found, {"org": uow.org_id, "now": uow.now}).mappings().one())

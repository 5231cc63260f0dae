"""Owed messages as an operator sees them: what is dead and why, and how to send it again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from crm import queue
from crm.errors import MessageNotDead
from crm.uow import UnitOfWork


def dead(uow: UnitOfWork, most: int = 200) -> list[dict[str, Any]]:
    """The newest messages that could not be sent; no personal text."""
    found = text(
        "select id, topic, member_id, conversation_id, cause, created_at from message"
        " where org_id = :org and state = 'dead' order by id desc limit :most"
    )
    return [dict(row) for row in uow.session.execute(found, {"org": uow.org_id, "most": most}).mappings()]


def waiting(uow: UnitOfWork) -> dict[str, int]:
    """How many messages are due and still owed, and how many are dead."""
    found = text(
        "select count(*) filter (where state = 'owed' and due_at <= :now) as owed,"
        " count(*) filter (where state = 'dead') as dead"
        " from message where org_id = :org and state in ('owed', 'dead')"
    )
    return dict(uow.session.execute(found, {"org": uow.org_id, "now": uow.now}).mappings().one())


def retry(uow: UnitOfWork, message_id: int) -> None:
    """Owe a dead message once more. Raises MessageNotDead."""
    again = text(
        "update message set state = 'owed', attempt = 0, cause = null, created_at = :now"
        " where org_id = :org and id = :id and state = 'dead' returning id"
    )
    if uow.session.scalar(again, {"org": uow.org_id, "id": message_id, "now": uow.now}) is None:
        raise MessageNotDead(id=message_id)
    uow.defer(queue.Order(queue.DELIVER, {"org_id": uow.org_id, "message_id": message_id, "attempt": 0}))

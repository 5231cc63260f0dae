"""The thread under a lead's card in a private chat: its history, a line for whatever happens while the card changes.

Only where threads are quiet and cheap (`Platform.reply_under`); in groups the card alone says what everybody may know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text

from bot import posted
from bot.cards import render
from bot.cards.facts import Facts
from bot.platforms.base import Platform, PlatformError, Throttled, Unavailable
from bot.workspaces import Workspaces
from crm import queue
from crm.db import Database
from crm.services import members
from crm.uow import UnitOfWork

log = structlog.get_logger()

# What is told by the card itself, or to nobody: a look at a contact, a moved reminder.
UNTOLD = ("revealed", "task_set", "task_moved", "touched")
MOST = 8
PAUSE = 5.0  # seconds
_NEW = text(
    """
    select c.workspace_id, c.member_id, c.lead_id, c.handle, c.told, n.ids
    from posted_card c
    cross join lateral (
        select array_agg(a.id order by a.id) as ids from activity a
        where a.org_id = c.org_id and a.lead_id = c.lead_id and a.id > coalesce(c.told, 0) and a.at >= c.posted_at
          and a.verb <> all(:untold)
    ) n
    where c.org_id = :org and c.id = :id and n.ids is not null
    """
)
_TOLD = text(
    "update posted_card set told = :upto where org_id = :org and id = :id and told is not distinct from :was"
    " returning id"
)


class Threads:
    """The job's work. Safe to share by threads; a line is told at most once."""

    def __init__(self, *, database: Database, workspaces: Workspaces, platforms: Mapping[str, Platform]) -> None:
        self._database, self._workspaces, self._platforms = database, workspaces, platforms

    def tell(self, org_id: int, card_id: int) -> None:
        """Put under a card what happened since its thread was told last."""
        with self._database.begin(org_id) as uow:
            row = uow.session.execute(_NEW, {"org": org_id, "id": card_id, "untold": list(UNTOLD)}).one_or_none()
            workspace = self._workspaces.by_id(row.workspace_id) if row else None
            if row is None or workspace is None or not self._claims(uow, card_id, row.told, row.ids[-1]):
                return
            facts = Facts(uow, members.get(uow, row.member_id), workspace.platform)
            call: dict[str, Any] = {"card": "thread", "args": {"lead": row.lead_id, "entries": row.ids[-MOST:]}}
            card = render.card("thread", call["args"], facts)
        platform: Any = self._platforms[workspace.platform]
        try:
            stands = platform.reply_under(workspace, row.handle, card)
        except (Throttled, Unavailable) as exc:
            self._later(org_id, card_id, row, exc)
        except PlatformError as exc:
            log.info("thread.gone", cause=exc.cause)
        else:
            # So that the lines can be drawn over when the customer is erased.
            line = posted.Posted(row.workspace_id, stands, call, lives=False, member_id=row.member_id)
            with self._database.begin(org_id) as uow:
                posted.remember(uow, line)

    def _claims(self, uow: UnitOfWork, card_id: int, was: int | None, upto: int | None) -> bool:
        args = {"org": uow.org_id, "id": card_id, "was": was, "upto": upto}
        return uow.session.scalar(_TOLD, args) is not None

    def _later(self, org_id: int, card_id: int, row: Any, exc: PlatformError) -> None:
        wait = exc.retry_after if isinstance(exc, Throttled) else PAUSE
        with self._database.begin(org_id) as uow:
            if self._claims(uow, card_id, row.ids[-1], row.told):
                at = self._database.time() + timedelta(seconds=wait)
                uow.defer(queue.Order(queue.THREAD, {"org_id": org_id, "card_id": card_id}, at=at))

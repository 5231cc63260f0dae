"""Cards that stand in a chat: brought up to date when their lead changes, however often that was meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text

from bot.cards import render
from bot.cards.facts import Facts, everybody
from bot.platforms.base import Handle, Platform, PlatformError, Throttled, Unavailable
from bot.workspaces import Workspaces
from crm import queue
from crm.db import Database
from crm.rules.access import Actor
from crm.services import members
from crm.uow import UnitOfWork

log = structlog.get_logger()

_ROW = text(
    """
    select c.id, c.workspace_id, c.member_id, c.card, c.handle, c.wanted, c.shown, c.posted_at,
           coalesce(d.timezone, o.timezone) as timezone, coalesce(d.locale, o.locale) as locale
    from posted_card c join organization o on o.id = c.org_id
    left join conversation v on v.org_id = c.org_id and v.id = c.conversation_id
    left join department d on d.org_id = v.org_id and d.id = v.department_id
    where c.org_id = :org and c.id = :id and c.live and c.shown < c.wanted
    """
)
_SHOWN = text(
    "update posted_card set shown = greatest(shown, :wanted), handle = cast(:handle as jsonb), live = :live"
    " where org_id = :org and id = :id returning wanted - shown as behind"
)

_LEAD_AT = text(
    "select l.number from posted_card c join lead l on l.org_id = c.org_id and l.id = c.lead_id"
    " where c.org_id = :org and c.workspace_id = :workspace and c.place = :place and c.place <> '' limit 1"
)

_REDRAWN = text(
    "update posted_card set card = cast(:card as jsonb), lead_id = coalesce(:lead, lead_id), task_id = :task,"
    " shown = wanted, live = :live where org_id = :org and workspace_id = :workspace and place = :place and place <> ''"
    " and conversation_id is null"
)


def place_of(handle: Handle) -> str:
    """A name for where a card stands, the same for every handle of that place."""
    return ":".join(str(handle[key]) for key in ("channel", "ts", "task_id", "message") if handle.get(key))


def ref_at(uow: UnitOfWork, workspace_id: int, handle: Handle) -> str:
    """The reference of the lead whose card stands there; empty where none does."""
    where = {"org": uow.org_id, "workspace": workspace_id, "place": place_of(handle)}
    number = uow.session.scalar(_LEAD_AT, where)
    return f"L-{number}" if number else ""


def redrawn(uow: UnitOfWork, workspace_id: int, handle: Handle, card: Mapping[str, Any]) -> None:
    """The answer itself has changed somebody's own card: later edits draw that one, and none is due now.

    Args: card: the name and args of what stands there from now on.
    """
    uow.flush()  # what this transaction touched asks for edits that the answer shows already
    lead, task = card["args"].get("lead"), card["args"].get("task")
    args = {"org": uow.org_id, "workspace": workspace_id, "place": place_of(handle), "lead": lead, "task": task}
    uow.session.execute(_REDRAWN, args | {"card": json.dumps(card), "live": bool(lead or task)})


class Edits:
    """The editing job's work. Safe to share by threads; the job's lock keeps one card's edits in line."""

    def __init__(self, *, database: Database, workspaces: Workspaces, platforms: Mapping[str, Platform]) -> None:
        self._database, self._workspaces, self._platforms = database, workspaces, platforms

    def edit(self, org_id: int, card_id: int) -> None:
        """Show the newest state on one posted card."""
        with self._database.begin(org_id) as uow:
            found = uow.session.execute(_ROW, {"org": org_id, "id": card_id}).mappings().one_or_none()
            if found is None:
                return
            row = dict(found)
            workspace = self._workspaces.by_id(row["workspace_id"])
            card = render.card(row["card"]["card"], row["card"]["args"], self._facts(uow, row, workspace))
        if workspace is None:
            return
        try:
            handle = self._platforms[workspace.platform].update(workspace, row["handle"], card)
        except (Throttled, Unavailable) as exc:
            self._later(org_id, card_id, exc.retry_after if isinstance(exc, Throttled) else 30.0)
        except PlatformError as exc:
            log.info("edit.gone", cause=exc.cause)
            self._note(org_id, row, row["handle"], live=False)
        else:
            self._note(org_id, row, handle, live=True)

    def _facts(self, uow: UnitOfWork, row: Mapping[str, Any], workspace: Any) -> Facts:
        viewer: Actor = (
            members.get(uow, row["member_id"])
            if row["member_id"]
            else everybody(uow.org_id, members.zone(row["timezone"]), row["locale"])
        )
        return Facts(uow, viewer, workspace.platform if workspace else "")

    def _note(self, org_id: int, row: Mapping[str, Any], handle: Handle, *, live: bool) -> None:
        with self._database.begin(org_id) as uow:
            args = {
                "org": org_id,
                "id": row["id"],
                "wanted": row["wanted"],
                "handle": json.dumps(dict(handle)),
                "live": live,
            }
            after = uow.session.execute(_SHOWN, args).one()
            if live and after.behind > 0:
                uow.defer(_order(org_id, row["id"]))

    def _later(self, org_id: int, card_id: int, wait: float) -> None:
        with self._database.begin(org_id) as uow:
            uow.defer(_order(org_id, card_id, wait=wait, now=self._database.time()))


def _order(org_id: int, card_id: int, *, wait: float = 0.0, now: Any = None) -> queue.Order:
    at = now + timedelta(seconds=wait) if wait else None
    # A job that waits must not hold the card's lock: every later edit would wait behind it.
    lock = None if wait else f"card:{card_id}"
    return queue.Order(queue.EDIT, {"org_id": org_id, "card_id": card_id}, at=at, lock=lock)

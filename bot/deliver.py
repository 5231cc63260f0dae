"""Sending what is owed: claim the row, draw the card from the present state, send it, and mark it. At least once.

The row makes death visible; its attempt number fences doubles: only the try that raised it may mark it. Between the two
short transactions no database connection is held.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot import limiter, recipients
from bot.cards import render
from bot.cards.facts import Facts
from bot.cards.model import Card
from bot.limiter import Limiter
from bot.notices import NOTICES, Notice
from bot.platforms.base import (
    AGAIN,
    CardGone,
    Handle,
    InstallationDead,
    OutcomeUnknown,
    Platform,
    PlatformError,
    RecipientGone,
    Throttled,
    Unavailable,
)
from bot.posted import place_of
from bot.recipients import Recipient, Unreachable
from bot.workspaces import Workspaces
from crm import queue
from crm.db import Database
from crm.services import members
from crm.uow import UnitOfWork

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(hours=72)
FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0  # seconds

# A row that this attempt has claimed before belongs to a worker that died: it may have sent the message.
_CLAIM = text(
    """
    with before as (select id, attempt from message where org_id = :org and id = :id for update)
    update message m set attempt = :attempt + 1 from before
    where m.org_id = :org and m.id = before.id and m.state = 'owed' and m.attempt <= :attempt + 1
    returning m.id, m.topic, m.key, m.member_id, m.conversation_id, m.workspace_id, m.address, m.lead_id, m.card,
              m.group_key, m.created_at, m.due_at, m.attempt, m.cause, before.attempt > :attempt as unsure
    """
)
_BURY = text(
    "update message set state = 'dead', cause = :cause, sent_at = :now"
    " where org_id = :org and id = :id and state = 'owed' and attempt <= :attempt + 1"
)
_TOGETHER = text(
    """
    update message set state = 'merged', sent_at = :now
    where org_id = :org and group_key = :group and state = 'owed' and id <> :id
      and conversation_id is not distinct from :conversation and member_id is not distinct from :member
    returning card
    """
)
_CLOSE = text(
    "update message set state = :state, cause = :cause, sent_at = :now, card = card - 'shown_once'"
    " where org_id = :org and id = :id and state = 'owed' and attempt = :attempt returning id"
)
_TAKE_PLACE = text(
    "update posted_card set card = cast(:card as jsonb), handle = cast(:handle as jsonb), lead_id = :lead,"
    " task_id = :task, shown = wanted, live = :live"
    " where org_id = :org and workspace_id = :workspace and place = :place and place <> ''"
)
_POST = text(
    """
    insert into posted_card (org_id, message_id, workspace_id, member_id, conversation_id, lead_id, task_id, card,
    handle,
                             place, wanted, shown, live, posted_at)
    values (:org, :message, :workspace, :member, :conversation, :lead, :task, cast(:card as jsonb),
    cast(:handle as jsonb),
            :place, 0, 0, :live, :now)
    """
)
_BREAK = text(
    "update conversation set broken_at = :now where org_id = :org and id = :id and broken_at is null"
    " returning id, name, department_id"
)
_KEEP = text("update message set cause = :cause where org_id = :org and id = :id")


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that can go out now."""

    message: dict[str, Any]
    notice: Notice
    to: Recipient
    card: Card
    call: dict[str, Any]
    handle: Handle | None


class Delivery:
    """The delivery job's work. Safe to share by threads."""

    def __init__(
        self, *, database: Database, workspaces: Workspaces, platforms: dict[str, Platform], limits: Limiter
    ) -> None:
        self._database, self._workspaces, self._platforms, self._limits = database, workspaces, platforms, limits

    def deliver(self, org_id: int, message_id: int, attempt: int) -> None:
        """One try to send one message; what fails for now is deferred anew, what fails for ever is dead with its cause.

        Raises: what the database raises; the job then runs again.
        """
        try:
            with self._database.begin(org_id) as uow:
                ready = self._prepare(uow, message_id, attempt)
            if ready is not None:
                self._try(org_id, ready)
        except (DBAPIError, PoolTimeout):
            raise
        except Exception as exc:
            log.exception("deliver.broken", message=message_id)
            self._bury(org_id, message_id, attempt, f"cannot be drawn: {type(exc).__name__}")

    def _try(self, org_id: int, ready: Ready) -> None:
        try:
            handle = self._send(ready)
        except Throttled as exc:
            self._again(org_id, ready, exc.cause, exc.retry_after)
        except (Unavailable, OSError) as exc:
            self._again(
                org_id, ready, getattr(exc, "cause", "network") + ("?" if isinstance(exc, OutcomeUnknown) else ""), None
            )
        except InstallationDead as exc:
            self._workspaces.uninstall(ready.to.workspace.id)
            self._dead(org_id, ready, exc.cause)
        except PlatformError as exc:
            self._dead(org_id, ready, exc.cause, gone=isinstance(exc, RecipientGone))
        else:
            self._sent(org_id, ready, handle)

    def _prepare(self, uow: UnitOfWork, message_id: int, attempt: int) -> Ready | None:
        row = (
            uow.session.execute(_CLAIM, {"org": uow.org_id, "id": message_id, "attempt": attempt})
            .mappings()
            .one_or_none()
        )
        if row is None:
            return None
        message, notice = dict(row), NOTICES[row["topic"]]
        if notice.late == "drop" and uow.now - message["due_at"] > notice.fresh_for:
            return self._close(uow, message, "dropped", "late")
        if notice.wide and message["conversation_id"] is None and message["member_id"] is None:
            return self._spread(uow, message)
        try:
            to = self._recipient(uow, message)
        except Unreachable as exc:
            return self._close(uow, message, "dead", str(exc))
        wait = self._limits_wait(uow, to)
        if wait:
            self._defer(uow, message, wait, attempt=message["attempt"] - 1)
            return None
        return self._ready(uow, message, notice, to)

    def _ready(self, uow: UnitOfWork, message: dict[str, Any], notice: Notice, to: Recipient) -> Ready:
        answer = message["topic"] == "answer"
        args = message["card"]["args"] if answer else self._joined(uow, message)
        name = message["card"]["card"] if answer else notice.card
        once = message["card"].get("shown_once", {}) if answer else {}
        facts = Facts(uow, to.viewer, to.workspace.platform)
        return Ready(
            message, notice, to, render.card(name, {**args, **once}, facts), {"card": name, "args": args},
            message["card"].get("handle") if answer else None,
        )  # fmt: skip

    def _joined(self, uow: UnitOfWork, message: dict[str, Any]) -> dict[str, Any]:
        """The message's data, with those of its kind that wait together with it."""
        data: dict[str, Any] = message["card"]
        if not message["group_key"]:
            return data
        others = uow.session.scalars(
            _TOGETHER,
            {
                "org": uow.org_id, "group": message["group_key"], "id": message["id"], "now": uow.now,
                "conversation": message["conversation_id"], "member": message["member_id"],
            },
        ).all()  # fmt: skip
        leads = list(
            dict.fromkeys([*data.get("leads", ()), *(lead for other in others for lead in other.get("leads", ()))])
        )
        merged = data | {"leads": leads}
        # Kept on the row, so that a second try says the same although the others are merged by now.
        uow.session.execute(
            text("update message set card = cast(:card as jsonb) where org_id = :org and id = :id"),
            {"org": uow.org_id, "id": message["id"], "card": json.dumps(merged)},
        )
        return merged

    def _spread(self, uow: UnitOfWork, message: dict[str, Any]) -> None:
        data = self._joined(uow, message)
        groups, candidates = recipients.wide(uow, data["pool"])
        for kind, ids in (("group", groups), ("to", candidates)):
            for target in ids:
                uow.notify(
                    message["topic"],
                    key=f"{message['key']}:{kind}:{target}",
                    data=data,
                    lead=_single(data),
                    **{kind: target},
                )
        self._close(uow, message, "sent", None)

    def _recipient(self, uow: UnitOfWork, message: dict[str, Any]) -> Recipient:
        if message["address"]:
            return recipients.of_answer(uow, self._workspaces, message)
        if message["conversation_id"]:
            return recipients.of_group(uow, self._workspaces, message["conversation_id"])
        return recipients.of_member(uow, self._workspaces, message["member_id"])

    def _limits_wait(self, uow: UnitOfWork, to: Recipient) -> float:
        platform, place = to.workspace.platform, to.address.external_id
        wait = self._limits.wait_for(platform, to.workspace.id, place, kind=to.address.kind)
        if wait or platform != "wecom" or to.address.kind not in ("person", "answer"):
            return wait
        room = limiter.member_has_room(
            uow.session, org_id=uow.org_id, workspace_id=to.workspace.id, recipient=place, now=self._database.time()
        )
        return 0.0 if room else 60.0

    def _send(self, ready: Ready) -> Handle:
        platform = self._platforms[ready.to.workspace.platform]
        if ready.handle:
            try:
                return platform.update(ready.to.workspace, ready.handle, ready.card)
            except CardGone:
                log.info("deliver.card_gone", topic=ready.message["topic"])
        unsure = ready.message["unsure"] or (ready.message["cause"] or "").endswith("?")
        again = AGAIN if unsure else ""
        key = f"{ready.message['id']}:{ready.message['key']}{again}"
        return platform.send(ready.to.workspace, ready.to.address, ready.card, key=key)

    def _sent(self, org_id: int, ready: Ready, handle: Handle) -> None:
        with self._database.begin(org_id) as uow:
            self._close(uow, ready.message, "sent", None)
            if handle:
                self._remember(uow, ready, handle)
        log.info("deliver.sent", topic=ready.message["topic"], message=ready.message["id"])

    def _remember(self, uow: UnitOfWork, ready: Ready, handle: Handle) -> None:
        """The posted card, so that it can be edited; a card drawn over another takes over its place."""
        place, lead = place_of(handle), ready.message["lead_id"] or ready.call["args"].get("lead")
        args = {
            "org": uow.org_id, "message": ready.message["id"], "workspace": ready.to.workspace.id,
            "member": ready.to.viewer.id or None, "conversation": ready.message["conversation_id"], "lead": lead,
            "task": ready.call["args"].get("task"), "card": json.dumps(ready.call), "handle": json.dumps(dict(handle)),
            "place": place, "live": ready.notice.lives and bool(lead or ready.call["args"].get("task")), "now": uow.now,
        }  # fmt: skip
        updated = uow.session.execute(_TAKE_PLACE, args)
        if not updated.rowcount:  # type: ignore[attr-defined]
            uow.session.execute(_POST, args)

    def _again(self, org_id: int, ready: Ready, cause: str, after: float | None) -> None:
        """Try later: when the platform says so, else with doubling waits; after three days it is dead."""
        with self._database.begin(org_id) as uow:
            if uow.now - ready.message["created_at"] > GIVE_UP_AFTER:
                self._close(uow, ready.message, "dead", cause)
                return
            uow.session.execute(_KEEP, {"org": org_id, "id": ready.message["id"], "cause": cause})
            self._defer(uow, ready.message, after if after is not None else back_off(ready.message["attempt"]))
        log.info("deliver.later", topic=ready.message["topic"], cause=cause)

    def _bury(self, org_id: int, message_id: int, attempt: int, cause: str) -> None:
        """A mistake of ours: it would fail the same way each time, and must not be lost in silence."""
        with self._database.begin(org_id) as uow:
            args = {"org": org_id, "id": message_id, "attempt": attempt, "cause": cause, "now": uow.now}
            uow.session.execute(_BURY, args)

    def _dead(self, org_id: int, ready: Ready, cause: str, *, gone: bool = False) -> None:
        with self._database.begin(org_id) as uow:
            self._close(uow, ready.message, "dead", cause)
            if gone and ready.message["conversation_id"]:
                self._break(uow, ready, cause)
        log.warning("deliver.dead", topic=ready.message["topic"], cause=cause)

    def _break(self, uow: UnitOfWork, ready: Ready, cause: str) -> None:
        """The group is gone: a manager is told once, and gets what was meant for it."""
        first = uow.session.execute(
            _BREAK, {"org": uow.org_id, "id": ready.message["conversation_id"], "now": uow.now}
        ).one_or_none()
        if first is None:
            return
        for manager in members.managers_of_department(uow, first.department_id):
            uow.notify(
                "channel.broken", to=manager, key=f"broken:{first.id}:{manager}:{uow.now.isoformat()}",
                data={"group": first.name, "cause": cause},
            )  # fmt: skip
            uow.notify(
                ready.message["topic"],
                to=manager,
                key=f"{ready.message['key']}:instead:{manager}",
                data=ready.message["card"],
            )

    def _close(self, uow: UnitOfWork, message: dict[str, Any], state: str, cause: str | None) -> None:
        args = {"org": uow.org_id, "id": message["id"], "attempt": message["attempt"], "now": uow.now}
        uow.session.execute(_CLOSE, args | {"state": state, "cause": cause})

    def _defer(self, uow: UnitOfWork, message: dict[str, Any], wait: float, *, attempt: int | None = None) -> None:
        number = message["attempt"] if attempt is None else attempt
        if attempt is not None:
            uow.session.execute(
                text("update message set attempt = :attempt where org_id = :org and id = :id"),
                {"org": uow.org_id, "id": message["id"], "attempt": attempt},
            )
        at: datetime = self._database.time() + timedelta(seconds=wait)
        order = {"org_id": uow.org_id, "message_id": message["id"], "attempt": number}
        uow.defer(queue.Order(queue.DELIVER, order, at=at))


def _single(data: dict[str, Any]) -> int | None:
    """The one lead that a card is about, if it is one."""
    leads = data.get("leads", ())
    return leads[0] if len(leads) == 1 else None


def back_off(attempt: int) -> float:
    """Seconds before the next try: doubling from two seconds to an hour, with jitter so that crowds disperse."""
    return min(FIRST_WAIT * 2 ** max(attempt - 1, 0), LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311  (no secret)

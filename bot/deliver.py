"""Sending what is owed: claim the row, draw the card from the present state, send it, and mark it. At least once.

Between the two short transactions no database connection is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot import afresh, homes, limiter, measures, owed, posted, pushed, recipients
from bot.cards.facts import Facts
from bot.cards.model import Card
from bot.limiter import Limiter
from bot.notices import NOTICES, UNCOUNTED, Notice
from bot.owed import Owed
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
from bot.posted import Posted
from bot.recipients import Recipient, Unreachable
from bot.workspaces import Workspaces
from crm.db import Database
from crm.errors import Refusal
from crm.rules.notices import Asked, Wishes
from crm.services import dropped_sheets, members, preferences
from crm.uow import UnitOfWork

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(hours=72)
TRIES_OF_A_CRASH = 5

_BREAK = text(
    "update conversation set broken_at = :now where org_id = :org and id = :id and broken_at is null returning name"
)
_TEAM_OF = text("select department_id from conversation where org_id = :org and id = :id")


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that can go out now. `call` is the card's name and arguments; `handle` where it shall stand;
    `showing` what the card of a dropped sheet shows."""

    owed: Owed
    notice: Notice
    to: Recipient
    card: Card
    call: dict[str, Any]
    handle: Handle | None
    showing: str = ""


class Delivery:
    """The delivery job's work. Safe to share by threads."""

    def __init__(
        self, *, database: Database, workspaces: Workspaces, platforms: dict[str, Platform], limits: Limiter
    ) -> None:
        self._database, self._workspaces, self._platforms, self._limits = database, workspaces, platforms, limits

    def deliver(self, org_id: int, message_id: int, attempt: int) -> None:
        """One try to send one message: what fails for now is deferred anew, what fails for ever is dead."""
        try:
            with self._database.begin(org_id) as uow:
                ready = self._prepare(uow, message_id, attempt)
        except (OperationalError, InterfaceError, PoolTimeout):
            raise  # the database is away: the job runs again
        except Exception as exc:
            log.exception("deliver.not_drawn", message=message_id)
            cause = exc.code if isinstance(exc, Refusal) else type(exc).__name__
            with self._database.begin(org_id) as uow:
                owed.kill(uow, message_id, attempt, f"not drawn: {cause}")
            return
        if ready is not None:
            self._attempt(org_id, ready)

    def _prepare(self, uow: UnitOfWork, message_id: int, attempt: int) -> Ready | None:
        message = owed.claim(uow, message_id, attempt)
        if message is None:
            return None
        notice = NOTICES[message.topic]
        if cause := _useless(uow, message, notice):
            owed.close(uow, message, "dropped", cause)
            return None
        if notice.wide and message.conversation_id is None and message.member_id is None:
            self._spread(uow, message)
            return None
        wishes = _wishes(uow, message, notice)
        if wishes and _comes_later(uow, message, notice, wishes):
            return None
        try:
            to = self._recipient(uow, message, wishes.chats.get(notice.group, "") if wishes else "")
        except Unreachable as exc:
            self._cannot(uow, message, str(exc))
            return None
        ready = self._ready(uow, owed.unwrapped(uow, message), to, wishes.silent_leads(uow.now) if wishes else [])
        wait = self._wait(uow, ready)
        if wait:
            measures.WAITS.labels(to.workspace.platform).observe(wait)
            owed.put_off(uow, message, wait, cause=None)
        return None if wait else ready

    def _ready(self, uow: UnitOfWork, message: Owed, to: Recipient, silent: Sequence[int]) -> Ready:
        facts, notice = Facts(uow, to.viewer, to.workspace.platform), NOTICES[message.topic]
        platform = self._platforms[to.workspace.platform]
        if message.topic != "answer":
            call = _call(uow, message, notice, facts, silent)
            showing = _showing(uow, call)
            return Ready(message, notice, to, pushed.drawn(call, facts, platform), call, None, showing)
        call = {"card": message.card["card"], "args": message.card["args"]}
        sealed = message.card.get("shown_once")
        once, showing = self._workspaces.vault.open_all(sealed.encode()) if sealed else {}, _showing(uow, call)
        return Ready(
            message, notice, to, pushed.drawn(call, facts, platform, once), call, message.card.get("handle"), showing
        )  # fmt: skip

    def _spread(self, uow: UnitOfWork, message: Owed) -> None:
        """News of a pool, or for a rule's team: a message of its own for each group and candidate."""
        data = owed.joined(uow, message)
        rule = data.get("rule")
        groups, candidates = recipients.team(uow, rule) if rule else recipients.wide(uow, data["pool"])
        one = data["leads"][0] if len(data.get("leads", ())) == 1 else None
        for group in groups:
            uow.notify(message.topic, key=f"{message.key}:group:{group}", data=data, lead=one, group=group)
        for member in candidates:
            uow.notify(message.topic, key=f"{message.key}:to:{member}", data=data, lead=one, to=member)
        owed.close(uow, message, "sent")

    def _recipient(self, uow: UnitOfWork, message: Owed, chat: str) -> Recipient:
        if message.address:
            return recipients.of_answer(uow, self._workspaces, message)
        if message.conversation_id:
            return recipients.of_group(uow, self._workspaces, message.conversation_id)
        if message.member_id is None:
            raise Unreachable("nobody")
        return recipients.of_member(uow, self._workspaces, message.member_id, chat)

    def _cannot(self, uow: UnitOfWork, message: Owed, cause: str) -> None:
        """Nowhere to send it to. What was meant for a group that is gone goes to the manager."""
        if message.conversation_id and cause == recipients.GROUP_GONE:
            self._instead(uow, message, self._managers(uow, message))
            owed.close(uow, message, "dropped", cause)
        else:
            owed.close(uow, message, "dropped" if cause == recipients.MEMBER_LEFT else "dead", cause)

    def _wait(self, uow: UnitOfWork, ready: Ready) -> float:
        """Seconds until this message may go out; 0.0, and it is counted, when that is now."""
        to, name = ready.to, ready.to.workspace.platform
        cost = self._platforms[name].cost(ready.card)
        wait = self._limits.wait_for(name, to.workspace.id, to.address.external_id, kind=to.address.kind, cost=cost)
        if wait or name != "wecom" or to.address.kind not in ("person", "answer"):
            return wait
        return limiter.member_wait(
            uow.session, org_id=uow.org_id, workspace_id=to.workspace.id, recipient=to.address.external_id,
            now=self._database.time(), cost=cost,
        )  # fmt: skip

    def _attempt(self, org_id: int, ready: Ready) -> None:
        try:
            handle = self._send(ready)
        except Throttled as exc:
            self._later(org_id, ready, exc.cause, after=exc.retry_after)
        except OutcomeUnknown as exc:
            self._later(org_id, ready, exc.cause + "?")
        except (Unavailable, OSError) as exc:
            self._later(org_id, ready, getattr(exc, "cause", "network"))
        except PlatformError as exc:
            self._dead(org_id, ready, exc)
        except Exception as exc:
            log.exception("deliver.crashed", topic=ready.owed.topic)
            self._later(org_id, ready, f"crash: {type(exc).__name__}", tries=TRIES_OF_A_CRASH)
        else:
            self._sent(org_id, ready, handle)

    def _send(self, ready: Ready) -> Handle:
        platform = self._platforms[ready.to.workspace.platform]
        if ready.handle:
            try:
                return platform.update(ready.to.workspace, ready.handle, ready.card)
            except CardGone:
                log.info("deliver.card_gone", topic=ready.owed.topic)
        key = f"{ready.owed.id}:{ready.owed.key}{AGAIN if ready.owed.again else ''}"
        return platform.send(ready.to.workspace, ready.to.address, ready.card, key=key)

    def _sent(self, org_id: int, ready: Ready, handle: Handle) -> None:
        with self._database.begin(org_id) as uow:
            owed.close(uow, ready.owed, "sent")
            if ready.owed.member_id and hasattr(self._platforms[ready.to.workspace.platform], "publish_home"):
                homes.stale(uow, ready.owed.member_id)
            if handle:
                self._remember(uow, ready, handle)
        _note(ready, "sent")

    def _remember(self, uow: UnitOfWork, ready: Ready, handle: Handle) -> None:
        """Keep where the card stands; drawn over another one, its thread may have something to tell."""
        workspace = ready.to.workspace
        drawn_over = posted.remember(
            uow,
            Posted(
                workspace_id=workspace.id, handle=handle, call=ready.call, lives=ready.notice.lives,
                message_id=ready.owed.id, member_id=ready.to.viewer.id or None,
                conversation_id=ready.owed.conversation_id, lead_id=ready.owed.lead_id, showing=ready.showing,
            ),
        )  # fmt: skip
        if drawn_over and hasattr(self._platforms[workspace.platform], "reply_under"):
            posted.thread_due(uow, workspace.id, handle)

    def _later(
        self, org_id: int, ready: Ready, cause: str, *, after: float | None = None, tries: int | None = None
    ) -> None:
        """Try later: when the platform says so, else with doubling waits; after three days it is dead."""
        message = ready.owed
        with self._database.begin(org_id) as uow:
            if uow.now - message.created_at > GIVE_UP_AFTER or (tries and message.attempt >= tries):
                owed.close(uow, message, "dead", cause)
                _note(ready, "dead", cause)
                return
            owed.put_off(uow, message, owed.back_off(message.attempt) if after is None else after, cause=cause)
        _note(ready, "later", cause)

    def _dead(self, org_id: int, ready: Ready, failure: PlatformError) -> None:
        if isinstance(failure, InstallationDead):
            self._workspaces.uninstall(ready.to.workspace.id)
        with self._database.begin(org_id) as uow:
            owed.close(uow, ready.owed, "dead", failure.cause)
            if isinstance(failure, RecipientGone) and ready.owed.conversation_id:
                self._break(uow, ready, failure.cause)
        _note(ready, "dead", failure.cause)

    def _break(self, uow: UnitOfWork, ready: Ready, cause: str) -> None:
        """The group is gone: its managers are told once, and get what was meant for it from now on."""
        managers = self._managers(uow, ready.owed)
        name = uow.session.scalar(_BREAK, {"org": uow.org_id, "id": ready.owed.conversation_id, "now": uow.now})
        for manager in managers if name is not None else ():
            uow.notify(
                "channel.broken", to=manager, data={"group": name, "cause": cause},
                key=f"broken:{ready.owed.conversation_id}:{manager}:{uow.now.isoformat()}",
            )  # fmt: skip
        self._instead(uow, ready.owed, managers, ready.call["args"])

    def _managers(self, uow: UnitOfWork, message: Owed) -> list[int]:
        team = uow.session.scalar(_TEAM_OF, {"org": uow.org_id, "id": message.conversation_id})
        return members.managers_of_department(uow, team)

    def _instead(self, uow: UnitOfWork, message: Owed, managers: list[int], data: dict[str, Any] | None = None) -> None:
        for manager in managers:
            uow.notify(
                message.topic, to=manager, lead=message.lead_id, key=f"{message.key}:instead:{manager}",
                data=message.card if data is None else data, together=message.group_key,
            )  # fmt: skip


def _note(ready: Ready, result: str, cause: str = "") -> None:
    """Count and log how one try to send has ended."""
    message = ready.owed
    measures.DELIVERIES.labels(ready.to.workspace.platform, message.topic, result).inc()
    told = log.warning if result == "dead" else log.info
    told(
        "deliver", result=result, topic=message.topic, message=message.id, lead=message.lead_id,
        attempt=message.attempt, cause=cause,
    )  # fmt: skip


def _useless(uow: UnitOfWork, message: Owed, notice: Notice) -> str:
    """Why nobody needs the message; empty where somebody does."""
    if notice.module in uow.off:
        return "module off"
    return "late" if _is_stale(uow, message, notice) else ""


def _is_stale(uow: UnitOfWork, message: Owed, notice: Notice) -> bool:
    """Whether a message that may be dropped comes too late to be of use."""
    if notice.late != "drop":
        return False
    until = message.card.get("expires_at")
    return uow.now - message.due_at > notice.fresh_for or (
        until is not None and datetime.fromisoformat(until) <= uow.now
    )


def _wishes(uow: UnitOfWork, message: Owed, notice: Notice) -> Wishes | None:
    """What the receiver wishes; None where nobody can wish anything: in groups, and for what was just asked for."""
    private = message.member_id is not None and message.conversation_id is None and not message.address
    return preferences.wishes(uow, message.member_id) if private and notice.group and message.member_id else None


def _comes_later(uow: UnitOfWork, message: Owed, notice: Notice, wishes: Wishes) -> bool:
    """Whether the message waits, or does not come at all, as its receiver wishes."""
    assert message.member_id is not None, "only members have wishes"
    until = message.card.get("expires_at")
    asked = Asked(notice.group, notice.urgent, message.lead_id, datetime.fromisoformat(until) if until else None)
    made = preferences.judge(uow, wishes, message.member_id, asked, message_id=message.id, free=UNCOUNTED)
    if made.hold:
        owed.hold(uow, message, made.hold)
    elif made.drop:
        owed.close(uow, message, "dropped", made.drop)
    return bool(made.hold or made.drop)


def _call(uow: UnitOfWork, message: Owed, notice: Notice, facts: Facts, silent: Sequence[int]) -> dict[str, Any]:
    """The card's name and arguments: of the message alone, or of all that wait together with it."""
    several = owed.listed(uow, message, silent) if notice.several else None
    if several is not None:
        several = _without_bad(uow, message, notice, facts, several)
    args = several or (message.card if notice.several else owed.joined(uow, message))
    name = notice.several if several else notice.card
    push = pushed.push_of(message.id, message.topic, message.lead_id, to_group=message.conversation_id is not None)
    call = {"card": name, "args": args} | ({"push": push | _of_list(several)} if push else {})
    return call | afresh.shows(uow, call, message.member_id)


def _showing(uow: UnitOfWork, call: dict[str, Any]) -> str:
    """What the card of a dropped sheet is about to show; asked before it is drawn, so that it is never too new."""
    sheet = call["args"].get("sheet")
    return dropped_sheets.showing(uow, sheet) if sheet else ""


def _of_list(several: dict[str, Any] | None) -> dict[str, Any]:
    """A list is about no single lead."""
    return {"lead": None} if several else {}


def _without_bad(
    uow: UnitOfWork, message: Owed, notice: Notice, facts: Facts, several: dict[str, Any]
) -> dict[str, Any]:
    """The list, without what alone cannot be drawn either: one bad row keeps nobody else's from coming."""
    cause = _mistake(uow, notice.several, several, facts)
    if not cause:
        return several
    bad = [one for one in several["each"] if _mistake(uow, notice.card, one, facts)]
    owed.bury(uow, message, bad, cause)
    return owed.keep_each(uow, message, [one for one in several["each"] if one not in bad])


def _mistake(uow: UnitOfWork, card: str, args: dict[str, Any], facts: Facts) -> str:
    """Why a card cannot be drawn; empty when it can."""
    try:
        with uow.session.begin_nested():
            pushed.drawn({"card": card, "args": args}, facts, None)
    except (OperationalError, InterfaceError, PoolTimeout):
        raise
    except Exception as exc:  # noqa: BLE001  (whatever it is, the others must go out)
        return f"not drawn: {type(exc).__name__}"
    return ""

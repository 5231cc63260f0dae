"""One interaction, one transaction: delivery row, identity, handler, answer, commit.

A repeat of a delivery finds the row of the first and gets its answer, rendered anew. A refusal rolls back what was
begun and is itself the stored answer. Whatever takes too long is handed to a job that answers later.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from typing import Any

import structlog
from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot import homes, identity, measures, pending, posted, router
from bot.cards import render
from bot.cards.facts import Facts
from bot.context import Context, Reply
from bot.errors_shown import refusal_reply
from bot.interaction import Answer, Interaction
from bot.measures import Doing
from bot.platforms.base import Platform, Workspace
from bot.throttle import Throttle
from bot.workspaces import Workspaces
from crm import queue
from crm.db import Database
from crm.errors import Conflict, Refusal
from crm.services import members, refusing
from crm.settings import Settings
from crm.uow import UnitOfWork

log = structlog.get_logger()

LATE = "answer_late"
# A late answer is given by a job, and a job may run twice.
_UNANSWERED = text("select key from delivery where key = :key and answer is null for no key update")
_STORED = text("select answer from delivery where key = :key")
_TOO_LONG = (pg.QueryCanceled, pg.LockNotAvailable)
_CLASHED = (pg.DeadlockDetected, pg.SerializationFailure)


class DatabaseAway(Exception):
    """The database cannot be reached: nothing was done, nothing is stored."""


class Dispatcher:
    """Handles interactions; safe to share by threads."""

    def __init__(
        self, *, database: Database, workspaces: Workspaces, platforms: Mapping[str, Platform], settings: Settings
    ) -> None:
        self._database, self._workspaces = database, workspaces
        self._platforms, self._settings = platforms, settings
        self._throttle = Throttle(settings)
        router.load()

    def dispatch(self, interaction: Interaction) -> Answer:
        """Do what the person asked and say what to show. Raises DatabaseAway, nothing else for a person's mistakes."""
        with measures.doing(interaction, _key(interaction)) as doing:
            return self._dispatch(interaction, doing)

    def _dispatch(self, interaction: Interaction, doing: Doing) -> Answer:
        try:
            workspace = self._workspaces.find(interaction.platform, interaction.workspace)
            if workspace is None:
                doing.outcome = "unknown_workspace"
                log.warning("interaction.unknown_workspace", platform=interaction.platform)
                return Answer()
            if refusal := self._throttle.refusal(workspace.org_id, interaction):
                doing.refused(refusal)
                return self._throttle.say(interaction, lambda: self._shown(workspace, interaction, refusal, late=False))
            return self._settled(workspace, interaction, doing)
        except (DBAPIError, PoolTimeout) as exc:
            if _is(exc, _TOO_LONG):
                doing.outcome = "later"
                return self._later(interaction)
            log.warning("interaction.database_away", error=type(exc.__cause__ or exc).__name__)
            raise DatabaseAway from exc

    def run_late(self, interaction: Interaction) -> None:
        """What was too slow for the door: a job does it without the short time-out, and the answer is a message."""
        workspace = self._workspaces.find(interaction.platform, interaction.workspace)
        if workspace is not None:
            with measures.doing(interaction, _key(interaction)) as doing:
                self._settled(workspace, interaction, doing, late=True)

    def _settled(self, workspace: Workspace, interaction: Interaction, doing: Doing, *, late: bool = False) -> Answer:
        """Handle, with one more try after a deadlock, and with the profile when the person is not known yet."""
        asked = late or not hasattr(self._platforms.get(interaction.platform), "profile")
        for attempt in range(3):
            try:
                return self._once(workspace, interaction, asked=asked, late=late)
            except identity.ProfileNeeded:
                interaction, asked = self._with_profile(workspace, interaction), True
            except Refusal as refusal:
                doing.refused(refusal)
                return self._shown(workspace, interaction, refusal, late=late)
            except Exception as exc:
                if _is_ours(exc):
                    doing.outcome = "failed"
                    return self._failed(workspace, interaction, exc, late=late)
                # A connection from before a restart of the database is found dead by its first use only.
                if not (_is(exc, _CLASHED) or (_is_lost(exc) and attempt == 0)):
                    raise
        return self._shown(workspace, interaction, Conflict(), late=late)

    def _shown(self, workspace: Workspace, interaction: Interaction, refusal: Refusal, *, late: bool) -> Answer:
        """A refusal's card, whatever happens while it is drawn."""
        try:
            return self._refused(workspace, interaction, refusal, late=late)
        except (DBAPIError, PoolTimeout):
            raise
        except Exception as exc:  # noqa: BLE001  (whatever it is, the person gets an answer and the log the trace)
            return self._failed(workspace, interaction, exc, late=late)

    def _once(self, workspace: Workspace, interaction: Interaction, *, asked: bool, late: bool) -> Answer:
        with self._begin(workspace, interaction, late=late) as uow:
            if not self._is_first(uow, interaction, late=late):
                return self._again(uow, workspace, interaction)
            context = self._context(uow, workspace, interaction, asked=asked)
            context.interaction = pending.answered(context, self._platforms[interaction.platform])
            reply = router.route(context)
            self._greet(context)
            return Answer() if reply is None else self._finish(context, reply, late=late)

    def _refused(self, workspace: Workspace, interaction: Interaction, refusal: Refusal, *, late: bool) -> Answer:
        with self._begin(workspace, interaction, late=late) as uow:
            if not self._is_first(uow, interaction, late=late):
                return self._again(uow, workspace, interaction)
            context = self._context(uow, workspace, interaction, asked=True)
            refusing.remember(uow, context.member, refusal)
            return self._finish(context, refusal_reply(context, refusal), late=late)

    def _failed(self, workspace: Workspace, interaction: Interaction, mistake: Exception, *, late: bool) -> Answer:
        """A mistake of ours: nothing was done; the person gets a word that finds the trace in the log."""
        token = secrets.token_hex(3)
        log.error(
            "interaction.failed", token=token, platform=interaction.platform, action=interaction.action,
            exc_info=mistake,
        )  # fmt: skip
        with self._begin(workspace, interaction, late=late) as uow:
            if not self._is_first(uow, interaction, late=late):
                return self._again(uow, workspace, interaction)
            context = self._context(uow, workspace, interaction, asked=True)
            return self._finish(context, Reply("failed", {"token": token}), late=late)

    def _context(self, uow: UnitOfWork, workspace: Workspace, interaction: Interaction, *, asked: bool) -> Context:
        member = identity.member_of(uow, workspace, interaction, asked=asked)
        viewer = identity.viewer_for(uow, member, interaction)
        if interaction.kind == "command" and interaction.handle and not interaction.quoted:
            # A reply in a thread: the platform says where the card stands, we know what is on it.
            interaction = replace(interaction, quoted=posted.ref_at(uow, workspace.id, interaction.handle))
        return Context(uow, interaction, workspace, self._settings, member, viewer)

    def _begin(
        self, workspace: Workspace, interaction: Interaction, *, late: bool = False
    ) -> AbstractContextManager[UnitOfWork]:
        """A transaction that begins with the delivery's row, and with who sends it; a late answer's row is there."""
        who = members.who(workspace.id, interaction.user)
        return self._database.begin(workspace.org_id, delivery=None if late else _key(interaction), along=who)

    def _is_first(self, uow: UnitOfWork, interaction: Interaction, *, late: bool) -> bool:
        return uow.session.scalar(_UNANSWERED, {"key": _key(interaction)}) is not None if late else uow.is_first

    def _again(self, uow: UnitOfWork, workspace: Workspace, interaction: Interaction) -> Answer:
        """A repeat: the first answer, drawn from the present state."""
        stored = uow.session.scalar(_STORED, {"key": _key(interaction)})
        log.info("delivery.duplicate", platform=interaction.platform)
        if not stored or "card" not in stored:
            return Answer()
        reply = Reply.restored(stored)
        if not self._inline(interaction, reply):
            return Answer()  # the message is owed since the first time
        return self._show(self._context(uow, workspace, interaction, asked=True), reply)

    def _finish(self, context: Context, reply: Reply, *, late: bool) -> Answer:
        uow, interaction = context.uow, context.interaction
        uow.answer(_key(interaction), reply.stored())
        if reply.asks:
            pending.ask(context, reply, self._platforms[interaction.platform])
        if context.member and (lead := reply.lead):
            uow.dealt_with(lead, member=context.member.id, place=context.place)
        self._mind_home(context, reply)
        if late or not self._inline(interaction, reply):
            self._owe(context, reply)
            return Answer()
        if reply.replace and interaction.handle:
            call = {"card": reply.name, "args": dict(reply.args)}
            posted.redrawn(uow, context.workspace.id, interaction.handle, call)
        return self._show(context, reply)

    def _mind_home(self, context: Context, reply: Reply) -> None:
        """The home page, where there is one, is looked at, or shows what may have changed now."""
        if not hasattr(self._platforms[context.interaction.platform], "publish_home"):
            return
        if context.interaction.kind == "home":
            homes.opened(context, reply)
        elif context.member and context.member.home:
            homes.stale(context.uow, context.member.id)

    def _inline(self, interaction: Interaction, reply: Reply) -> bool:
        platform = self._platforms[interaction.platform]
        if reply.glance and platform.has_dialog_for(interaction):
            return True
        return reply.form or platform.answers_inline(interaction, in_place=reply.replace)

    def _show(self, context: Context, reply: Reply) -> Answer:
        facts = Facts(context.uow, context.viewer, context.interaction.platform)
        if reply.seen and context.viewer is context.member:
            facts.views[reply.seen.id] = reply.seen
        if reply.form:
            pending.ask(context, reply, self._platforms[context.interaction.platform])
            return Answer(form=render.form(reply.name, reply.args, facts))
        card = render.card(reply.name, {**reply.args, **reply.once, **reply.known}, facts)
        return Answer(card=card, replace=reply.replace, private=not reply.public, glance=reply.glance)

    def _owe(self, context: Context, reply: Reply) -> None:
        """The answer as a message: into the place of the tapped card, or to where the platform wants late answers."""
        interaction = context.interaction
        in_place = reply.replace and interaction.handle is not None
        to = {"kind": "answer", "external_id": interaction.reply_to} if interaction.reply_to else None
        if reply.public and interaction.conversation:
            to = {"kind": "channel", "external_id": interaction.conversation}
        context.uow.notify(
            "answer",
            key=f"answer:{_key(interaction)}",
            to=context.member.id if context.member else None,
            workspace=context.workspace.id,
            address=to or {"kind": "person", "external_id": interaction.user},
            data=reply.stored()
            | {
                "handle": dict(interaction.handle or {}) if in_place else None,
                "shown_once": self._workspaces.vault.seal_all(reply.once).decode() if reply.once else None,
            },
        )

    def _greet(self, context: Context) -> None:
        """The first thing that a member does starts the tour, beside the answer."""
        member = context.member
        if member and member.active and not member.toured and context.interaction.kind == "command":
            members.set_toured(context.uow, member)
            context.uow.notify("tour", to=member.id, key=f"tour:{member.id}", data={"step": 1})

    def _with_profile(self, workspace: Workspace, interaction: Interaction) -> Interaction:
        """Ask the platform who this is; what it cannot say stays unknown."""
        profile = self._platforms[interaction.platform].profile(workspace, interaction.user)  # type: ignore[attr-defined]
        return replace(interaction, profile={**interaction.profile, **profile})

    def _later(self, interaction: Interaction) -> Answer:
        """Too slow: store the delivery and a job in a fresh transaction, and say that the answer will come."""
        workspace = self._workspaces.find(interaction.platform, interaction.workspace)
        assert workspace is not None, "it was found before the work began"
        try:
            with self._begin(workspace, interaction) as uow:
                if uow.is_first:
                    # Sealed: it holds what somebody typed, and jobs are kept and logged with their arguments.
                    sealed = self._workspaces.vault.seal(json.dumps(asdict(interaction), default=str)).decode()
                    args = {"workspace": interaction.workspace, "sealed": sealed}
                    uow.defer(queue.Order(LATE, args))
                viewer = identity.viewer_for(uow, None, interaction)
                return Answer(card=render.card("late", {}, Facts(uow, viewer, interaction.platform)))
        except (DBAPIError, PoolTimeout) as exc:
            raise DatabaseAway from exc


def _key(interaction: Interaction) -> str:
    return f"{interaction.platform}:{interaction.workspace}:{interaction.key}"[:500]


def _is_lost(exc: Exception) -> bool:
    """The connection broke."""
    return isinstance(exc, DBAPIError) and exc.connection_invalidated


def _is_ours(exc: Exception) -> bool:
    """A crash, or something that the database refuses while it is there: a mistake of ours, no repeat would help."""
    return not isinstance(exc, OperationalError | InterfaceError | PoolTimeout) and not _is_lost(exc)


def _is(exc: Exception, kinds: tuple[type[Exception], ...]) -> bool:
    cause: Any = getattr(exc, "orig", None)
    return isinstance(cause, kinds)

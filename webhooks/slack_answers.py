"""What becomes of an answer in Slack: read in the response at once, or sent by a few threads while Slack has its 200.

Slack's own API may be slow; nothing that calls it stands between a person and the acknowledgement.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import structlog

from bot.cards import render
from bot.cards.model import Actions, Button, Card, Form, Image, Text
from bot.interaction import Answer, Interaction
from bot.platforms import slack_forms, slack_views
from bot.platforms.base import Address, CardGone, PlatformError, TriggerExpired, Workspace
from bot.platforms.slack import SILENT, SlackPlatform, is_in_view

log = structlog.get_logger()

TAP_AGAIN = "That took too long: please tap again. / 超时了，请再点一次。"
# The action that is the same as typing its value.
TYPED = "command"
TRIGGER_LIVES, PATIENCE = 2.5, 0.5
THREADS = 4


class Answers:
    """Gives answers to interactions of Slack."""

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="slack-answers")

    def to_command(self, workspace: Workspace, interaction: Interaction, answer: Answer) -> Mapping[str, Any]:
        """The response body for a slash command; a picture must be uploaded first, so such a card follows later."""
        if answer.card is None or any(isinstance(block, Image) for block in answer.card.blocks):
            self.later(workspace, interaction, answer)
            return {}
        kind = "ephemeral" if answer.private else "in_channel"
        return self._platform.render(answer.card) | SILENT | {"response_type": kind}

    def later(self, workspace: Workspace, interaction: Interaction, answer: Answer) -> None:
        """Open the form or send the card behind the acknowledgement."""
        view = _view(interaction, answer)
        if view is not None and interaction.trigger:
            due = time.monotonic() + TRIGGER_LIVES
            self._soon(self._show, workspace, interaction, answer, view, due)
        elif answer.form is not None:
            self._soon(self._send, workspace, interaction, Answer(card=_opener(interaction, answer.form)))
        elif answer.card is not None and interaction.kind == "home":
            self._soon(self._platform.publish_home, workspace, interaction.user, answer.card)
        elif answer.card is not None:
            self._soon(self._send, workspace, interaction, answer)

    def waiting(self, workspace: Workspace, interaction: Interaction) -> Waiting:
        """Hold the place of a form that takes long to come, because its trigger lasts for seconds only."""
        asks = interaction.action in render.asking() and " " not in interaction.value
        opens = asks and bool(interaction.trigger) and not _place_of(interaction)
        return Waiting(self._platform, workspace, interaction.trigger or "", opens=opens)

    def fill(self, workspace: Workspace, interaction: Interaction, answer: Answer, held: Future[str]) -> None:
        """Show the answer in the modal that holds its place."""
        self._soon(self._fill, workspace, interaction, answer, held)

    def redrawn(
        self, workspace: Workspace, view: str, form: Form, given: Mapping[str, str], back: Mapping[str, Any]
    ) -> None:
        """Ask in an open form what now is worth asking."""
        shown = slack_forms.view(form, back=back, given=given)
        self._soon(self._platform.fill_view, workspace, view, shown)

    def unfurl(self, workspace: Workspace, where: Mapping[str, str], cards: Mapping[str, Card]) -> None:
        """Put cards under the links of somebody's message."""
        self._soon(self._platform.unfurl, workspace, where, cards)

    def tell(self, workspace: Workspace, interaction: Interaction, words: str) -> None:
        """A sentence to the person, behind the acknowledgement."""
        self._soon(self._send, workspace, interaction, Answer(card=Card(title="", blocks=(Text(words),))))

    def next_view(self, interaction: Interaction, answer: Answer) -> Mapping[str, Any]:
        """The response body that puts what comes next in place of a submitted form; none where it goes elsewhere."""
        view = _view(interaction, answer) if answer.form or _place_of(interaction) else None
        return {"response_action": "update", "view": view} if view else {}

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _soon(self, call: Callable[..., None], *arguments: Any) -> None:
        self._threads.submit(_logged, call, *arguments)

    def _show(
        self, workspace: Workspace, interaction: Interaction, answer: Answer, view: dict[str, Any], due: float
    ) -> None:
        """In the modal that was tapped, else in a new one; where neither can be, a card goes into the chat."""
        try:
            if place := _place_of(interaction):
                self._platform.fill_view(workspace, place, view)
                return
            if time.monotonic() > due:
                raise TriggerExpired("waited_too_long")
            self._platform.open_view(workspace, interaction.trigger or "", view)
        except (TriggerExpired, CardGone) as error:
            log.info("slack.trigger_expired", cause=error.cause)
            card = answer.card or Card(title="", blocks=(Text(TAP_AGAIN),))
            self._send(workspace, replace(interaction, handle=None), Answer(card=card))

    def _fill(self, workspace: Workspace, interaction: Interaction, answer: Answer, held: Future[str]) -> None:
        view = held.result()
        if not view:
            self._send(workspace, interaction, Answer(card=answer.card or Card(title="", blocks=(Text(TAP_AGAIN),))))
            return
        shown = slack_views.of_words(slack_views.IN_CHAT)
        if answer.form is not None:
            shown = slack_forms.view(answer.form, back=_back(interaction))
        elif answer.card is not None:
            shown = slack_views.of_card(answer.card)
        self._platform.fill_view(workspace, view, shown)

    def _send(self, workspace: Workspace, interaction: Interaction, answer: Answer) -> None:
        assert answer.card is not None
        if answer.replace and interaction.handle:
            self._platform.update(workspace, interaction.handle, answer.card)
            return
        in_public = not answer.private and interaction.conversation
        to = Address("answer", in_public or interaction.reply_to or interaction.user)
        self._platform.send(workspace, to, answer.card, key=interaction.key)


class Waiting:
    """The place of a form: a modal that says "one moment" when the form is not there within half a second."""

    def __init__(self, platform: SlackPlatform, workspace: Workspace, trigger: str, *, opens: bool) -> None:
        self._platform, self._workspace, self._trigger = platform, workspace, trigger
        self._held: Future[str] = Future()
        self._timer = threading.Timer(PATIENCE, self._open) if opens else None
        if self._timer:
            self._timer.start()

    def over(self) -> Future[str] | None:
        """No more waiting. Returns: None when nothing was opened, else the modal's id to come (empty: it failed)."""
        if self._timer is None or self._held.cancel():
            return None
        return self._held

    def _open(self) -> None:
        # Whoever is first wins: an answer cancels what has not begun, and never waits for Slack.
        if not self._held.set_running_or_notify_cancel():
            return
        try:
            self._held.set_result(self._platform.open_view(self._workspace, self._trigger, slack_views.of_words()))
        except PlatformError as error:
            log.info("slack.place_not_held", cause=error.cause)
            self._held.set_result("")


def _view(interaction: Interaction, answer: Answer) -> dict[str, Any] | None:
    """The answer as a modal, where it is one."""
    if answer.form is not None:
        return slack_forms.view(answer.form, back=_back(interaction))
    if answer.card is None or interaction.kind == "home":
        return None
    return slack_views.of_card(answer.card) if answer.glance or is_in_view(interaction) else None


def _place_of(interaction: Interaction) -> str:
    """The open modal in which this happened."""
    return str((interaction.handle or {}).get("view", ""))


def _logged(call: Callable[..., None], *arguments: Any) -> None:
    try:
        call(*arguments)
    except PlatformError as error:
        log.warning("slack.answer_lost", cause=error.cause, error=type(error).__name__)
    except Exception:
        log.exception("slack.answer_failed")


def _back(interaction: Interaction) -> dict[str, Any]:
    known = {
        "reply_to": interaction.reply_to,
        "handle": dict(interaction.handle or {}),
        "conversation": interaction.conversation,
    }
    return {name: value for name, value in known.items() if value}


def _opener(interaction: Interaction, form: Form) -> Card:
    """A form needs a fresh tap to open, which a typed message is not: a button says the same words again."""
    button = Button(action=TYPED, label=form.title, value=interaction.text[:1900], style="primary")
    return Card(title=form.title, blocks=(Actions((button,)),))

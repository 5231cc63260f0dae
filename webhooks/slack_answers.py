"""What becomes of an answer in Slack: read in the response at once, or sent by a few threads while Slack has its 200.

Slack's own API may be slow; nothing that calls it stands between a person and the acknowledgement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from bot.cards.model import Actions, Button, Card, Form, Image, Text
from bot.interaction import Answer, Interaction
from bot.platforms import slack_forms
from bot.platforms.base import Address, PlatformError, TriggerExpired, Workspace
from bot.platforms.slack import SILENT, SlackPlatform

log = structlog.get_logger()

TAP_AGAIN = "That took too long: please tap again. / 超时了，请再点一次。"
# The action that is the same as typing its value.
TYPED = "command"
TRIGGER_LIVES = 2.5
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
        if answer.form is not None and interaction.trigger:
            due = time.monotonic() + TRIGGER_LIVES
            self._soon(self._open, workspace, interaction, answer.form, due)
        elif answer.form is not None:
            self._soon(self._send, workspace, interaction, Answer(card=_opener(interaction, answer.form)))
        elif answer.card is not None and interaction.kind == "home":
            self._soon(self._platform.publish_home, workspace, interaction.user, answer.card)
        elif answer.card is not None:
            self._soon(self._send, workspace, interaction, answer)

    def tell(self, workspace: Workspace, interaction: Interaction, words: str) -> None:
        """A sentence to the person, behind the acknowledgement."""
        self._soon(self._send, workspace, interaction, Answer(card=Card(title="", blocks=(Text(words),))))

    def next_view(self, interaction: Interaction, form: Form) -> Mapping[str, Any]:
        """The response body that puts the next form in place of a submitted one."""
        return {"response_action": "update", "view": slack_forms.view(form, back=_back(interaction))}

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _soon(self, call: Callable[..., None], *arguments: Any) -> None:
        self._threads.submit(_logged, call, *arguments)

    def _open(self, workspace: Workspace, interaction: Interaction, form: Form, due: float) -> None:
        try:
            if time.monotonic() > due:
                raise TriggerExpired("waited_too_long")
            self._platform.open_form(workspace, interaction.trigger or "", form, back=_back(interaction))
        except TriggerExpired as error:
            log.info("slack.trigger_expired", cause=error.cause)
            again = Card(title="", blocks=(Text(TAP_AGAIN),))
            self._send(workspace, interaction, Answer(card=again))

    def _send(self, workspace: Workspace, interaction: Interaction, answer: Answer) -> None:
        assert answer.card is not None
        if answer.replace and interaction.handle:
            self._platform.update(workspace, interaction.handle, answer.card)
            return
        in_public = not answer.private and interaction.conversation
        to = Address("answer", in_public or interaction.reply_to or interaction.user)
        self._platform.send(workspace, to, answer.card, key=interaction.key)


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

"""Modals and the home page: opened by a trigger within three seconds, filled whenever there is something to show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient

from bot.cards import fit
from bot.cards.model import Card, Form
from bot.platforms import slack_blocks, slack_forms
from bot.platforms.base import Workspace
from bot.platforms.slack_errors import calling
from bot.platforms.slack_text import label, plain

Json = dict[str, Any]
CARD, WAIT = "card", "wait"
TITLE = 24
WORDS = "One moment … / 请稍候 …"
IN_CHAT = "Done: the answer is in the chat. / 好了，结果在聊天里。"


def of_card(card: Card) -> Json:
    """A card as a modal without anything to submit; taps in it carry the view as their place."""
    title = fit.one_line(card.ref or card.title) or "Sluice"
    return _modal(CARD, title, slack_blocks.blocks(card, budget=slack_blocks.VIEW))


def of_words(words: str = WORDS) -> Json:
    """A modal that holds the place of what is to come."""
    return _modal(WAIT, "Sluice", [{"type": "section", "text": plain(words, 3000)}])


class SlackViews(ABC):
    """The part of the adapter that shows views."""

    @abstractmethod
    def _client(self, workspace: Workspace) -> WebClient:
        """A client of that workspace."""

    def render_home(self, card: Card) -> Json:
        """The card as a person's home page."""
        return {"type": "home", "blocks": slack_blocks.blocks(card, budget=slack_blocks.VIEW)}

    def open_form(
        self, workspace: Workspace, trigger: str, form: Form, *, back: Mapping[str, Any] | None = None
    ) -> None:
        """Open a modal; `back` says where it was opened and returns with its submission."""
        self.open_view(workspace, trigger, slack_forms.view(form, back=back))

    def open_view(self, workspace: Workspace, trigger: str, view: Json) -> str:
        """Open a modal and return its id, by which it can be filled. Raises TriggerExpired."""
        opened = calling(self._client(workspace).views_open, trigger_id=trigger, view=view)
        return str(opened["view"]["id"])

    def fill_view(self, workspace: Workspace, view_id: str, view: Json) -> None:
        """Show something else in an open modal. Raises CardGone when it was closed."""
        calling(self._client(workspace).views_update, view_id=view_id, view=view)

    def publish_home(self, workspace: Workspace, user: str, card: Card) -> None:
        """Replace a person's home page."""
        calling(self._client(workspace).views_publish, user_id=user, view=self.render_home(card))


def _modal(name: str, title: str, blocks: list[Json]) -> Json:
    return {"type": "modal", "callback_id": name, "title": label(title, TITLE), "blocks": blocks}

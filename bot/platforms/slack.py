"""Slack as a chat platform: posts, edits and answers cards, opens modals, publishes the home page.

Every call goes through slack_sdk with its own retries switched off: the delivery job decides when to try again.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.cards.model import Card, Form, Image
from bot.interaction import Interaction
from bot.platforms import slack_address, slack_blocks, slack_files, slack_hooks, slack_views
from bot.platforms.base import Address, CardGone, Handle, InstallationDead, PlatformError, Rejected, Workspace
from bot.platforms.slack_directory import SlackDirectory
from bot.platforms.slack_errors import BlocksRefused, NotInChannel, TooManyBlocks, quiet
from bot.platforms.slack_errors import calling as _call
from bot.platforms.slack_views import SlackViews
from crm.settings import Settings

log = structlog.get_logger()

Json = dict[str, Any]
Call = Callable[[Json], Handle]
TIMEOUT = 8
PROFILE_TIMEOUT = 1
# An uploaded file can be shown only after Slack has looked at it, which it does not announce.
FILE_SETTLES = 1.0
SILENT: Json = {"unfurl_links": False, "unfurl_media": False}


@cache
def _certificates() -> ssl.SSLContext:
    """The machine's, read once: that takes as long as ten claims."""
    return ssl.create_default_context()


class SlackPlatform(SlackViews):
    """One adapter for all Slack workspaces; safe to share by threads."""

    name = "slack"

    def __init__(self, settings: Settings, *, timeout: int = TIMEOUT) -> None:
        self._api_url = settings.slack_api_url
        self._timeout = timeout
        self._tls = _certificates()

    def render(self, card: Card) -> Json:
        """Text and blocks; images as their words, for they must be uploaded first."""
        return slack_blocks.message(card)

    def cost(self, card: Card) -> int:  # noqa: ARG002  (a protocol's method)
        """One message, whatever is in it."""
        return 1

    def answers_inline(self, interaction: Interaction, *, in_place: bool) -> bool:  # noqa: ARG002
        """Slash commands, the home page and what happens in a view at once; taps, messages and forms by a job."""
        if interaction.kind == "command":
            return interaction.key.startswith("command:")
        return interaction.kind in ("home", "link") or is_in_view(interaction)

    def has_dialog_for(self, interaction: Interaction) -> bool:
        """A modal, as long as the trigger of a tap lasts."""
        return bool(interaction.trigger)

    def send(self, workspace: Workspace, to: Address, card: Card, *, key: str) -> Handle:
        """Post a card to a person (U...), a channel (C...) or as a late answer (`slack_address`)."""
        if slack_address.is_url(to.external_id):
            return self._answer(workspace, to.external_id, card, key)
        place = slack_address.parse(to.external_id)
        return self._post(workspace, place, card, key)

    def update(self, workspace: Workspace, handle: Handle, card: Card) -> Handle:
        """Edit a message of ours, or the private one behind a response_url; a person's home page, an open modal."""
        if user := handle.get("home"):
            self.publish_home(workspace, user, card)
            return handle
        if view := handle.get("view"):
            self.fill_view(workspace, view, slack_views.of_card(card))
            return handle
        if url := handle.get("response_url"):
            anew = SILENT | {"replace_original": True}
            _deliver(card, {}, lambda body: slack_hooks.post(url, self._api_url, body | anew))
            return handle
        if not (handle.get("channel") and handle.get("ts")):
            raise CardGone("no_handle")
        client = self._client(workspace)
        # chat.update parses text by default where chat.postMessage does not.
        where = {"channel": handle["channel"], "ts": handle["ts"], "parse": "none"}
        return _deliver(card, _files(client, card), lambda body: _posted(_call(client.chat_update, **where, **body)))

    def typed_answers(self, form: Form, text: str) -> None:  # noqa: ARG002  (the protocol's)
        """Forms are dialogs here."""
        return None  # noqa: RET501

    def fetch_file(self, workspace: Workspace, handle: Handle) -> bytes:
        """What somebody has shared with the app. Raises Rejected when it is gone or too large."""
        return slack_files.fetch(str(self._client(workspace).token), handle, self._api_url)

    def reply_under(self, workspace: Workspace, handle: Handle, card: Card) -> Handle:
        """Put a few lines into the thread of a posted card; returns where they stand. Raises PlatformError."""
        if not (handle.get("channel") and handle.get("ts")):
            raise CardGone("no_handle")
        place = slack_address.Place(handle["channel"], handle["ts"])
        return self._post(workspace, place, card, key="thread")

    def unfurl(self, workspace: Workspace, where: Mapping[str, str], cards: Mapping[str, Card]) -> None:
        """Put cards under links, by their addresses. Raises PlatformError."""
        shown = {url: {"blocks": slack_blocks.blocks(card)} for url, card in cards.items()}
        _call(self._client(workspace).chat_unfurl, unfurls=shown, **where)

    def send_file(self, workspace: Workspace, handle: Handle, name: str, content: bytes) -> None:
        """Put a file beside a posted card. Raises PlatformError."""
        if not (handle.get("channel") and handle.get("ts")):
            raise CardGone("no_handle")
        slack_files.share(self._client(workspace), handle, name, content)

    def profile(self, workspace: Workspace, user: str) -> dict[str, str]:
        """Name, e-mail, locale and time zone of a person, as far as Slack tells them, and within the time of an ack."""
        client = self._client(workspace, timeout=PROFILE_TIMEOUT)
        try:
            found = _call(client.users_info, user=user, include_locale=True).get("user") or {}
        except PlatformError as error:
            log.warning("slack.profile_unknown", cause=error.cause)
            return {}
        facts = found.get("profile") or {}
        told = {
            "name": found.get("real_name") or facts.get("real_name") or found.get("name"),
            "email": facts.get("email"),
            "locale": found.get("locale"),
            "tz": found.get("tz"),
        }
        return {name: value for name, value in told.items() if isinstance(value, str) and value}

    def directory(self, workspace: Workspace) -> SlackDirectory:
        """The people of a workspace. Raises InstallationDead without a token."""
        return SlackDirectory(self._client(workspace))

    def _client(self, workspace: Workspace, *, timeout: int | None = None) -> WebClient:
        if not (token := workspace.secrets.get("bot_token")):
            raise InstallationDead("no_bot_token")
        return WebClient(token, self._api_url, timeout or self._timeout, ssl=self._tls, retry_handlers=[], logger=quiet)

    def _post(self, workspace: Workspace, place: slack_address.Place, card: Card, key: str) -> Handle:
        client = self._client(workspace)
        where = {"channel": place.channel} | ({"thread_ts": place.thread} if place.thread else {})
        if place.reader:
            where["user"] = place.reader
            return _deliver(card, _files(client, card), lambda body: _whispered(client, where | body))
        marked = where | SILENT | {"metadata": {"event_type": "sluice_card", "event_payload": {"key": key}}}
        return _deliver(card, _files(client, card), lambda body: _joining(client, marked | body))

    def _answer(self, workspace: Workspace, url: str, card: Card, key: str) -> Handle:
        """Answer by response_url; one that has run out gives way to the person's private chat."""
        files = _files(self._client(workspace), card)
        private = SILENT | {"response_type": "ephemeral", "replace_original": False}
        try:
            return _deliver(card, files, lambda body: slack_hooks.post(url, self._api_url, body | private))
        except CardGone:
            if not (reader := slack_address.reader(url)):
                raise
        return self._post(workspace, slack_address.Place(reader), card, key)


def is_in_view(interaction: Interaction) -> bool:
    """Whether it happened on the home page, in a modal or by a shortcut: there is no message to answer beside."""
    if interaction.kind not in ("action", "form") or not interaction.trigger:
        return False
    return interaction.handle is None or "view" in interaction.handle


def _deliver(card: Card, files: Mapping[Image, str], call: Call) -> Handle:
    """Offer the card, then ever simpler forms of it, until Slack takes one."""
    refused: Rejected | None = None
    for body in _ever_simpler(card, files):
        try:
            return call(body)
        except TooManyBlocks as error:
            refused = error
        except BlocksRefused as error:
            refused = error
            log.warning("slack.blocks_refused", cause=error.cause)
    raise refused or Rejected("nothing_to_send")


def _ever_simpler(card: Card, files: Mapping[Image, str]) -> Iterator[Json]:
    if files:
        yield slack_blocks.message(card, files=files)
        time.sleep(FILE_SETTLES)
        yield slack_blocks.message(card, files=files)
    yield slack_blocks.message(card)
    yield slack_blocks.message(card, budget=slack_blocks.TIGHT)
    yield {"text": slack_blocks.text(card), "mrkdwn": False}


def _joining(client: WebClient, body: Json) -> Handle:
    """Post; where the app is not a member, join once and try again."""
    try:
        return _posted(_call(client.chat_postMessage, **body))
    except NotInChannel:
        _call(client.conversations_join, channel=body["channel"])
    return _posted(_call(client.chat_postMessage, **body))


def _whispered(client: WebClient, body: Json) -> Handle:
    _call(client.chat_postEphemeral, **body)
    return {}


def _posted(response: Any) -> Handle:
    return {"channel": response["channel"], "ts": response["ts"]}


def _files(client: WebClient, card: Card) -> dict[Image, str]:
    """The card's images as uploaded files; one that cannot be uploaded is told in words instead."""
    images = dict.fromkeys(block for block in card.blocks if isinstance(block, Image))
    return {image: file for image in images if (file := slack_files.upload(client, image))}

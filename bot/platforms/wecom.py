"""WeCom (企业微信) as a chat platform: app messages, the app's group chats and group robots.

Private chats get template cards, which can be tapped and updated once per response code; group chats and robots get
markdown only and bring nothing back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.cards.model import Card, Form
from bot.interaction import Interaction
from bot.platforms import wecom_cards as cards
from bot.platforms import wecom_forms as forms
from bot.platforms.base import (
    AGAIN,
    MAX_FILE,
    Address,
    CardGone,
    Handle,
    InstallationDead,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    Throttled,
    Unavailable,
    Workspace,
)
from bot.platforms.wecom_client import WeComClient, robot_image
from bot.platforms.wecom_directory import Directory
from bot.platforms.wecom_errors import CardRefused
from bot.platforms.wecom_keys import CORNER
from bot.platforms.wecom_tokens import Tokens, token_key
from crm import clock
from crm.services.conversations import ROBOT

log = structlog.get_logger(__name__)

CODE_LIFE = timedelta(hours=72)
RECALL_LIFE = timedelta(hours=24)

Post = Callable[[cards.Message], dict[str, Any]]


class WeCom:
    """Implements `Platform`.

    Args:
        tokens: the shared access tokens.
        api_url: ends with `/cgi-bin/`; another address is a local double.
        time: the machine's time, for the life of response codes.
    """

    name = "wecom"

    def __init__(self, tokens: Tokens, *, api_url: str, time: clock.TimeSource = clock.wall) -> None:
        self._tokens, self._api_url, self._time = tokens, api_url, time
        self._clients: dict[str, WeComClient] = {}
        self._lock = threading.Lock()

    def render(self, card: Card) -> dict[str, Any]:
        """The messages of a private chat; pictures stand for themselves by name and size."""
        pictures = [
            {"msgtype": "image", "image": {"name": picture.name, "bytes": len(picture.png)}}
            for picture in cards.pictures(card)
        ]
        return {"messages": [*cards.for_person(card), *pictures]}

    def cost(self, card: Card) -> int:
        """Every part and picture counts towards WeCom's silent limit per member."""
        return len(cards.for_person(card)) + len(cards.pictures(card))

    def answers_inline(self, interaction: Interaction, *, in_place: bool) -> bool:
        """Only the change of a tapped card: words get a message of their own, since a passive reply has no buttons."""
        return in_place and bool(interaction.handle) and CORNER not in (interaction.handle or {})

    def has_dialog_for(self, interaction: Interaction) -> bool:  # noqa: ARG002  (a protocol's method)
        """Dialogs hold forms only."""
        return False

    def send(self, workspace: Workspace, to: Address, card: Card, *, key: str) -> Handle:
        """As `Platform.send`. A key that ends in `#again` makes WeCom drop what it has shown already."""
        client = self.client(workspace)
        match to.kind:
            case "person" | "answer":
                return self._to_person(client, to.external_id, card, key)
            case "appchat":
                images = [_media(client, picture.png, picture.name) for picture in cards.pictures(card)]
                _deliver([*cards.for_chat(card), *images], lambda part: client.send_to_chat(to.external_id, part))
            case "robot":
                secret = _robot_key(workspace, to.external_id)
                images = [robot_image(picture.png) for picture in cards.pictures(card)]
                _deliver([*cards.for_robot(card), *images], lambda part: client.send_by_robot(secret, part))
            case _:
                raise Rejected(f"wecom has no address of kind {to.kind}")
        return {}

    def update(self, workspace: Workspace, handle: Handle, card: Card) -> Handle:
        """As `Platform.update`. A response code works once: the returned handle has none, and a later call CardGone."""
        code, sent_at = handle.get("response_code"), handle.get("sent_at")
        if not code:
            raise CardGone("wecom card has no response code left")
        if sent_at and self._time() - datetime.fromisoformat(sent_at) > CODE_LIFE:
            raise CardGone("wecom response code older than 72 h")
        shown = cards.for_update(card, handle.get("task_id", ""))
        answer = self.client(workspace).update_card(code, handle.get("userid", ""), shown)
        _check_reached(answer, handle.get("userid", ""))
        return {key: value for key, value in handle.items() if key not in ("response_code", CORNER)}

    def typed_answers(self, form: Form, text: str) -> dict[str, str]:
        """The answers of a form in a typed line, for there are no dialogs with text here."""
        return forms.read(form, text)

    def fetch_file(self, workspace: Workspace, handle: Handle) -> bytes:
        """What somebody has sent to the app, by its media id, which lasts three days."""
        return self.client(workspace).download(str(handle.get("media_id") or ""), MAX_FILE)

    def send_file(self, workspace: Workspace, place: Handle, name: str, content: bytes) -> None:
        """A file to the person with whom that card stands. Args: place: the card's handle."""
        client = self.client(workspace)
        media = {"media_id": client.upload("file", content, name, "application/octet-stream")}
        _check_reached(client.send(place["userid"], {"msgtype": "file", "file": media}), place["userid"])

    def retire(self, workspace: Workspace, handle: Handle) -> None:
        """Take a message back whose card cannot be changed any more; WeCom allows it for a day."""
        sent_at = handle.get("sent_at")
        if handle.get("msgid") and sent_at and self._time() - datetime.fromisoformat(sent_at) < RECALL_LIFE:
            for msgid in (handle["msgid"], *handle.get("longer", ())):
                self.client(workspace).recall(msgid)

    def directory(self, workspace: Workspace) -> Directory:
        """The company's address book and its members' customers, as far as the app may see them."""
        return Directory(self.client(workspace))

    def open_form(self, workspace: Workspace, trigger: str, form: Form) -> None:
        """Ask by a card of choices, or for one line of text. Args: trigger: the member's userid."""
        client, shown = self.client(workspace), cards.for_form(form)
        if shown is None:
            message = {"msgtype": "text", "text": {"content": forms.prompt(form)}}
        else:
            named = {**shown, "task_id": cards.task_id(f"{trigger} {self._time().isoformat()}", shown)}
            message = {"msgtype": "template_card", "template_card": named}
        _check_reached(client.send(trigger, message), trigger)

    def client(self, workspace: Workspace) -> WeComClient:
        """The API client of an installation, one for each secret."""
        key = token_key(workspace)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = _connected(workspace, self._tokens, self._api_url)
            return self._clients[key]

    def _to_person(self, client: WeComClient, user_id: str, card: Card, key: str) -> Handle:
        again, stem = key.endswith(AGAIN), key.removesuffix(AGAIN)
        images = [_media(client, picture.png, picture.name) for picture in cards.pictures(card)]
        parts = [_named(part, stem) for part in cards.for_person(card)]

        def post(part: cards.Message) -> dict[str, Any]:
            answer = _or_as_text(lambda message: client.send(user_id, message, again=again), part, card)
            _check_reached(answer, user_id)
            return answer

        answers = _deliver([*parts, *images], post)
        *longer, last = answers[: len(parts)]
        return self._handle(user_id, parts[-1], last, [each["msgid"] for each in longer if each.get("msgid")])

    def _handle(self, user_id: str, part: cards.Message, answer: Mapping[str, Any], longer: Sequence[str]) -> Handle:
        """Args: longer: the messages above the card that hold what it has no room for; taken back with it."""
        found = {
            "msgid": answer.get("msgid"),
            "response_code": answer.get("response_code"),
            "task_id": part.get("template_card", {}).get("task_id"),
            "longer": list(longer),
            "userid": user_id,
            "sent_at": self._time().isoformat(),
        }
        return {key: value for key, value in found.items() if value}


def _connected(workspace: Workspace, tokens: Tokens, api_url: str) -> WeComClient:
    try:
        return WeComClient(workspace, tokens, api_url=api_url)
    except (KeyError, ValueError, TypeError):
        raise InstallationDead("wecom installation lacks corp id, agent id or secret") from None


def _robot_key(workspace: Workspace, name: str) -> str:
    """The key of a robot by its name. A key that was sealed a moment ago may not be known here yet."""
    key = workspace.secrets.get(f"robot:{name}")
    if key is None and name.startswith(ROBOT):
        raise Unavailable("the key of this robot is not read yet")
    return key or name


def _media(client: WeComClient, png: bytes, name: str) -> cards.Message:
    return {"msgtype": "image", "image": {"media_id": client.upload_image(png, name)}}


def _named(part: cards.Message, key: str) -> cards.Message:
    """Template cards get their task id."""
    if part["msgtype"] != "template_card":
        return part
    card = part["template_card"]
    return {**part, "template_card": {**card, "task_id": cards.task_id(key, card)}}


def _or_as_text(post: Post, part: cards.Message, card: Card) -> dict[str, Any]:
    """A card that WeCom refuses goes out as words: a plain message beats none."""
    try:
        return post(part)
    except CardRefused as exc:
        log.warning("wecom.card_refused", cause=exc.cause)
        return post(cards.as_text(card))


def _deliver(parts: Sequence[cards.Message], post: Post) -> list[dict[str, Any]]:
    """Post the messages of one card in order. What fails after the first counts as unknown: a part of it is out."""
    answers: list[dict[str, Any]] = []
    for part in parts:
        try:
            answers.append(post(part))
        except (Throttled, Unavailable) as exc:
            if not answers:
                raise
            raise OutcomeUnknown(f"{exc.cause}, after {len(answers)} of {len(parts)} messages") from None
    return answers


def _check_reached(answer: Mapping[str, Any], user_id: str) -> None:
    """WeCom answers 0 also when it left somebody out."""
    for field in ("invaliduser", "unlicenseduser"):
        if user_id.casefold() in str(answer.get(field) or "").casefold().split("|"):
            raise RecipientGone(f"wecom {field}")

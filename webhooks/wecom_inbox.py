"""What a decrypted WeCom message means, as an `Interaction`: words, taps, menu, comings and goings.

wechatpy knows the basic kinds; cards, contacts and files are added here by its own registry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from wechatpy.enterprise.events import register_event
from wechatpy.enterprise.messages import register_message
from wechatpy.events import BaseEvent
from wechatpy.fields import BaseField, StringField
from wechatpy.messages import BaseMessage

from bot.interaction import Interaction
from bot.platforms import wecom_keys as keys
from bot.platforms.base import Workspace
from webhooks.wecom_envelope import raw

LEFT = {"2", "5"}
"""Status of a member who is disabled or has left."""
_NAMED_BY = (
    "ToUserName", "AgentID", "FromUserName", "CreateTime", "Event", "ChangeType", "EventKey", "TaskId", "ResponseCode",
    "UserID", "NewUserID", "ExternalUserID", "Id", "Status", "JobId",
)  # fmt: skip
_QUOTE = re.compile(r"\A「(?P<quoted>.*?)」\s*\n(?:- ?){3,}\s*\n(?P<text>.*)\Z", re.DOTALL)


class WordsOnly(Exception):
    """Somebody sent a picture, a recording or a file: the answer is that words are understood."""


@register_event("template_card_event")
class TemplateCardEvent(BaseEvent):
    """A tap on a button of a card, with what was chosen on it."""

    event = "template_card_event"
    key = StringField("EventKey")
    task_id = StringField("TaskId")
    response_code = StringField("ResponseCode")
    raw_items = BaseField("SelectedItems")

    @property
    def selected(self) -> dict[str, str]:
        """The first chosen option of each question."""
        items = as_list((self.raw_items or {}).get("SelectedItem"))
        chosen = {item["QuestionKey"]: as_list((item.get("OptionIds") or {}).get("OptionId")) for item in items}
        return {question: str(options[0] or "") for question, options in chosen.items() if options}


@register_event("template_card_menu_event")
class TemplateCardMenuEvent(TemplateCardEvent):
    """A tap on an entry of a card's corner menu."""

    event = "template_card_menu_event"


@register_event("change_contact")
class ChangeContactEvent(BaseEvent):
    """Somebody joined, changed or left the company."""

    event = "change_contact"
    change = StringField("ChangeType")
    user_id = StringField("UserID")
    new_user_id = StringField("NewUserID")
    name = StringField("Name")
    email = StringField("BizMail")
    status = StringField("Status")


@register_message("file")
class FileMessage(BaseMessage):
    """A file; wechatpy does not know it in app chats."""

    type = "file"


def as_list(value: Any) -> list[Any]:
    """Repeated tags come as a list, a single one as itself."""
    return [] if value is None else value if isinstance(value, list) else [value]


def read(workspace: Workspace, message: BaseMessage) -> Interaction | None:
    """The interaction, or None when there is nothing to do. Raises WordsOnly, or one of the envelope's BAD_INPUT."""
    kind = message.type if message.type != "event" else f"event {message.event}"
    reader = _READERS.get(kind)
    return reader(workspace, message) if reader else None


def delivery_key(data: Mapping[str, Any]) -> str:
    """Names a delivery of an app: by its message id, or by all that tells one event from another of the same second."""
    if data.get("MsgId"):
        return f"msg:{data['MsgId']}"
    told = "\0".join(str(data.get(name) or "") for name in _NAMED_BY)
    return f"event:{hashlib.sha256(told.encode()).hexdigest()[:40]}"


def _interaction(workspace: Workspace, message: BaseMessage, **what: Any) -> Interaction:
    user = what.pop("user", message.source)
    if not isinstance(user, str) or not user:
        raise ValueError("FromUserName")
    key = what.pop("key", None) or delivery_key(raw(message))
    return Interaction(
        platform="wecom", workspace=workspace.external_id, user=user, key=key, reply_to=user, trigger=user, **what
    )


def _text(workspace: Workspace, message: BaseMessage) -> Interaction:
    content = str(message.content or "")
    quote = _QUOTE.match(content)
    text, quoted = (quote["text"], quote["quoted"]) if quote else (content, "")
    return _interaction(workspace, message, text=text.strip(), quoted=quoted.strip())


def _menu(workspace: Workspace, message: BaseMessage) -> Interaction:
    return _interaction(workspace, message, text=str(message.key or "").strip())


def _tap(workspace: Workspace, message: TemplateCardEvent) -> Interaction:
    tap = keys.read(str(message.key or ""), message.selected)
    is_form = raw(message).get("CardType") == "multiple_interaction"
    told = {"response_code": message.response_code, "task_id": message.task_id, "userid": message.source}
    # WeCom takes a changed card as the answer to a tapped button only; after the corner menu a new message is due.
    handle = None if isinstance(message, TemplateCardMenuEvent) else {name: each for name, each in told.items() if each}
    return _interaction(
        workspace, message, kind="form" if is_form else "action", action=tap.action, value=tap.value,
        version=tap.version, fields=tap.fields, handle=handle,
    )  # fmt: skip


def _entered(workspace: Workspace, message: BaseMessage) -> Interaction:
    """Every opening of the app's chat is told; one in a day is answered."""
    day = datetime.fromtimestamp(int(raw(message)["CreateTime"]), UTC).date()
    return _interaction(workspace, message, kind="home", key=f"home:{message.source}:{day}")


def _joined(workspace: Workspace, message: BaseMessage) -> Interaction:
    return _interaction(workspace, message, kind="joined")


def _left(workspace: Workspace, message: BaseMessage) -> Interaction:
    return _interaction(workspace, message, kind="left")


def _contact(workspace: Workspace, message: ChangeContactEvent) -> Interaction | None:
    if message.change not in ("create_user", "update_user", "delete_user"):
        return None
    gone = message.change == "delete_user" or message.status in LEFT
    told = {"name": message.name, "email": message.email, "renamed_to": message.new_user_id}
    return _interaction(
        workspace, message, user=message.user_id, kind="left" if gone else "joined",
        profile={name: str(value) for name, value in told.items() if value},
    )  # fmt: skip


def _words_only(_workspace: Workspace, _message: BaseMessage) -> Interaction:
    raise WordsOnly


_READERS: dict[str, Callable[[Workspace, Any], Interaction | None]] = {
    "text": _text,
    **dict.fromkeys(("image", "voice", "video", "shortvideo", "file", "location", "link"), _words_only),
    "event click": _menu,
    "event template_card_event": _tap,
    "event template_card_menu_event": _tap,
    "event enter_agent": _entered,
    "event subscribe": _joined,
    "event unsubscribe": _left,
    "event change_contact": _contact,
}

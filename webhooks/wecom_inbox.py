"""What a decrypted WeCom message means, as an `Interaction`: words, taps, menu, files, and the comings and goings of
colleagues and customers (`wecom_news`).

wechatpy knows the basic kinds; cards and files are added here by its own registry.
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

from bot.interaction import File, Interaction
from bot.platforms import wecom_keys as keys
from bot.platforms.base import Workspace
from bot.platforms.wecom_keys import CORNER
from webhooks.wecom_envelope import raw
from webhooks.wecom_news import news_of

_NAMED_BY = (
    "ToUserName", "AgentID", "FromUserName", "CreateTime", "Event", "ChangeType", "EventKey", "TaskId", "ResponseCode",
    "UserID", "NewUserID", "ExternalUserID", "Id", "Status", "JobId", "Name", "MainDepartment", "FailReason",
)  # fmt: skip
_NAMES = {"image": ("picture.jpg", "image/jpeg"), "voice": ("voice.amr", "audio/amr"), "file": ("file", "")}
_QUOTE = re.compile(r"\A「(?P<quoted>.*?)」\s*\n(?:- ?){3,}\s*\n(?P<text>.*)\Z", re.DOTALL)


class WordsOnly(Exception):
    """Somebody sent a film, a place or a link: the answer is that words and files are understood."""


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
    if news := news_of(raw(message)):
        return _interaction(workspace, message, **news)
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
    is_form = raw(message).get("CardType") in ("multiple_interaction", "vote_interaction")
    told = {"response_code": message.response_code, "task_id": message.task_id, "userid": message.source}
    # WeCom takes a changed card as the answer to a tapped button only; after the corner menu a call must change it.
    corner = {CORNER: "yes"} if isinstance(message, TemplateCardMenuEvent) else {}
    return _interaction(
        workspace, message, kind="form" if is_form else "action", action=tap.action, value=tap.value,
        version=tap.version, fields=tap.fields, handle={name: each for name, each in told.items() if each} | corner,
    )  # fmt: skip


def _entered(workspace: Workspace, message: BaseMessage) -> Interaction:
    """Every opening of the app's chat is told; one in a day is answered."""
    day = datetime.fromtimestamp(int(raw(message)["CreateTime"]), UTC).date()
    return _interaction(workspace, message, kind="home", key=f"home:{message.source}:{day}")


def _file(workspace: Workspace, message: BaseMessage) -> Interaction:
    """A picture, a recording or a file, fetched later by its media id, which lasts three days."""
    told = raw(message)
    name, mime = _NAMES.get(str(message.type), ("", ""))
    named = told.get("FileName") or told.get("Title") or told.get("FileTitle") or name
    ending = str(told.get("Format") or "").lower()
    if message.type == "voice" and ending:
        named, mime = f"voice.{ending}", f"audio/{ending}"
    size = str(told.get("FileSize") or "0")
    handle = {"media_id": str(told.get("MediaId") or "")}
    sent = File(str(named), mime, int(size) if size.isdigit() else 0, handle)
    return _interaction(workspace, message, kind="file", files=(sent,))


def _words_only(_workspace: Workspace, _message: BaseMessage) -> Interaction:
    raise WordsOnly


_READERS: dict[str, Callable[[Workspace, Any], Interaction | None]] = {
    "text": _text,
    **dict.fromkeys(("image", "voice", "file"), _file),
    **dict.fromkeys(("video", "shortvideo", "location", "link"), _words_only),
    "event click": _menu,
    "event template_card_event": _tap,
    "event template_card_menu_event": _tap,
    "event enter_agent": _entered,
}

"""What came in from a chat, and what goes back, in words that no platform owns.

Doors (`webhooks/`) turn a verified request into an `Interaction`; the dispatcher turns that into an `Answer`; the door
gives the answer in the platform's own way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.cards.model import Card, Form

Kind = Literal["command", "action", "form", "home", "joined", "left", "file", "unit", "contact", "link"]

_TABLE = re.compile(r"\.(?:csv|tsv|xlsx)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """Something that came with a message, not yet fetched.

    Args:
        name, mime: as the sender's device has it, so neither is to be trusted; both may be empty.
        size: bytes, 0 where the platform does not say.
        handle: the platform's own way to it, plain JSON: what `Platform.fetch_file` is given.
    """

    name: str
    mime: str = ""
    size: int = 0
    handle: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        """Whether it is a sheet to import, by its name."""
        return bool(_TABLE.search(self.name))


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing a person did in a chat.

    Args:
        platform: `slack`, `wecom` or `playground`.
        workspace: the installation's own id there (Slack team, WeCom `corp/agent`, `playground`).
        user: the person's id there.
        key: names this delivery for ever: a repeat has the same key (Slack event id, WeCom MsgId, ...).
        kind: `command` words typed; `action` a button or select; `form` a submitted form; `home` opened the home page;
            `link` shared the address of the lead that `value` names;
            `joined`/`left` the platform says that this person entered or left the workspace; `file` sent `files`, with
            `text` as what was said about them (a sheet among them means the event `table`); `unit` a department was
            made, changed or dropped, `contact` a customer became the person's contact, changed or went (`action` says
            which, `value` is its id there).
        text: the words of a command, mention and root command stripped.
        action, value, version: of a tap or form; version as drawn on the card (see `cards.wire`).
        fields: the answers of a form.
        conversation: the platform's id of the channel or group; None in a private chat.
        handle: where the tapped card stands, as stored in `posted_card` (Slack channel and ts, WeCom response code).
        trigger: a short-lived token that opens a form (Slack trigger id).
        reply_to: where a later answer can be sent (Slack response_url), platform-owned.
        quoted: text of the message or card that a person replied to, or the ref found in its thread.
        profile: what the platform tells of the person: name, email, locale, tz.
        files: what came with a message.
    """

    platform: str
    workspace: str
    user: str
    key: str
    kind: Kind = "command"
    text: str = ""
    action: str = ""
    value: str = ""
    version: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    conversation: str | None = None
    handle: Mapping[str, Any] | None = None
    trigger: str | None = None
    reply_to: str | None = None
    quoted: str = ""
    profile: Mapping[str, str] = field(default_factory=dict)
    files: tuple[File, ...] = ()

    @classmethod
    def restored(cls, data: Mapping[str, Any]) -> Interaction:
        """From the JSON that a job carries."""
        return cls(**{**data, "files": tuple(File(**each) for each in data.get("files", ()))})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door says at once.

    Exactly one of these holds: `card` (show it: in place of the tapped card when `replace`, else as a new message, to
    the person alone when `private`); `form` (open it); `errors` (a submitted form's field errors, the form stays open);
    none of them (nothing to say here: a job delivers what there is). With `glance` the card goes into a dialog.
    """

    card: Card | None = None
    form: Form | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False
    private: bool = True
    glance: bool = False

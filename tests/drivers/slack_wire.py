"""Slack's side of the wire: payloads as it sends them, signed with a secret, posted over HTTP."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from slack_sdk.signature import SignatureVerifier

from tests.doubles.slack import Message, SlackDouble

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_ids = itertools.count(1)


def unique() -> str:
    """A number that no other request of this run has."""
    return f"{time.time_ns()}{next(_ids)}"


class Wire:
    """Posts to an app's `/slack/events` as Slack does."""

    def __init__(self, host: str, server: SlackDouble, secret: str = SECRET, *, team: str = "T1") -> None:
        self.url, self.server, self.secret, self.team = f"http://{host}/slack/events", server, secret, team
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def raw(self, body: bytes, kind: str = JSON, *, at: float | None = None, **headers: str) -> requests.Response:
        """A signed body, whatever it is; `headers` replace those that Slack would send."""
        stamp = str(int(time.time() if at is None else at))
        signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": sign(self.secret, stamp, body)}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._session.post(self.url, data=body, headers={"Content-Type": kind} | signed | given, timeout=10)

    def form(self, fields: Mapping[str, str]) -> requests.Response:
        return self.raw(urlencode(fields).encode(), FORM)

    def interact(self, payload: Mapping[str, Any]) -> requests.Response:
        return self.form({"payload": json.dumps(payload)})

    def push(self, payload: Mapping[str, Any]) -> requests.Response:
        return self.raw(json.dumps(payload).encode())

    def command(self, user: str, text: str, channel: str) -> requests.Response:
        """`/sluice text` typed in a channel or private chat."""
        return self.form(self.command_fields(user, text, channel))

    def command_fields(self, user: str, text: str, channel: str) -> dict[str, str]:
        name = "directmessage" if channel.startswith("D") else "sales"
        return {
            "token": "old", "team_id": self.team, "team_domain": "acme", "channel_id": channel, "channel_name": name,
            "user_id": user, "user_name": user.lower(), "command": "/sluice", "text": text, "api_app_id": "A1",
            "is_enterprise_install": "false", "response_url": self.server.response_url(user, channel),
            "trigger_id": self.server.trigger(),
        }  # fmt: skip

    def event(self, event: Mapping[str, Any], *, event_id: str = "") -> dict[str, Any]:
        """The envelope around an event."""
        return {
            "token": "old", "team_id": self.team, "api_app_id": "A1", "type": "event_callback",
            "event_id": event_id or f"Ev{unique()}", "event_time": int(time.time()), "event_context": "4-eyJl",
            "authorizations": [{"enterprise_id": None, "team_id": self.team, "user_id": "UBOT", "is_bot": True,
                                "is_enterprise_install": False}],
            "event": event,
        }  # fmt: skip

    def interaction(self, kind: str, user: str, **facts: Any) -> dict[str, Any]:
        """What all interactions have in common."""
        person = {"id": user, "username": user.lower(), "name": user.lower(), "team_id": self.team}
        common = {"type": kind, "user": person, "api_app_id": "A1", "token": "old", "enterprise": None}
        return common | {"team": {"id": self.team, "domain": "acme"}, "is_enterprise_install": False} | facts

    def tap(self, user: str, message: Message, element: Mapping[str, Any], option: Any = None) -> dict[str, Any]:
        """A tap on an element of a message, an option chosen where it has some."""
        private = bool(message.seen_by)
        chosen = {"selected_option": option} if option else {}
        shown = {name: element[name] for name in ("type", "action_id", "value", "style") if name in element}
        where = {"message_ts": message.ts, "channel_id": message.channel}
        container = {"type": "message", "is_ephemeral": private} | where
        return self.interaction(
            "block_actions",
            user,
            container=container | ({"thread_ts": message.thread} if message.thread else {}),
            trigger_id=self.server.trigger(),
            channel={"id": message.channel, "name": "directmessage" if message.channel.startswith("D") else "sales"},
            message={"ts": message.ts, "text": message.text, "blocks": message.blocks},
            state={"values": {}},
            response_url=self.server.response_url(user, message.channel, message),
            actions=[shown | chosen | {"block_id": "b1", "action_ts": f"{time.time():.6f}"}],
        )

    def tap_view(
        self, user: str, view: Mapping[str, Any], element: Mapping[str, Any], option: Any = None, **chosen: Any
    ) -> dict[str, Any]:
        """A tap on an element of a modal or of the home page."""
        picked = chosen | ({"selected_option": option} if option else {})
        shown = {name: element[name] for name in ("type", "action_id", "value", "style") if name in element}
        return self.interaction(
            "block_actions",
            user,
            container={"type": "view", "view_id": view["id"]},
            view={**view, "app_installed_team_id": self.team},
            trigger_id=self.server.trigger(),
            actions=[shown | picked | {"block_id": "b1", "action_ts": f"{time.time():.6f}"}],
        )

    def suggestion(self, user: str, view: Mapping[str, Any], block: str, action: str, words: str) -> dict[str, Any]:
        """Letters typed into a search field."""
        facts = {"container": {"type": "view", "view_id": view["id"]}, "view": {**view}}
        return self.interaction("block_suggestion", user, action_id=action, block_id=block, value=words, **facts)

    def message_action(self, user: str, callback: str, message: Message) -> dict[str, Any]:
        """An entry of a message's menu."""
        return self.interaction(
            "message_action",
            user,
            callback_id=callback,
            trigger_id=self.server.trigger(),
            message_ts=message.ts,
            channel={"id": message.channel, "name": "sales"},
            message={"type": "message", "user": "U77", "ts": message.ts, "text": message.text},
            response_url=self.server.response_url(user, message.channel),
        )

    def submit(
        self, user: str, view: Mapping[str, Any], values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A modal sent with these values by block; `names` are of elements that are not called `v`."""
        given = {block: {(names or {}).get(block, "v"): element} for block, element in values.items()}
        filled = {**view, "state": {"values": given}, "team_id": self.team, "app_installed_team_id": self.team}
        facts = {"trigger_id": self.server.trigger(), "response_urls": []}
        return self.interaction("view_submission", user, view=filled, **facts)


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Slack's signature; made by its own SDK where the body is text."""
    try:
        return str(SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body))
    except UnicodeDecodeError:
        return "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()

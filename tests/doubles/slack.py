"""A strict double of Slack's servers: Web API, response_urls and file uploads, on a real socket.

It refuses what Slack refuses (tokens, channels, limits, triggers, used response_urls), remembers what people would see
in its newest form, and misbehaves on request (`faults`).
"""

import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.platforms.slack_app import SCOPES
from tests.doubles import slack_limits as limits
from tests.doubles.slack_files import Files
from tests.doubles.slack_http import Faults, Reply, Request, Server, SlackError
from tests.doubles.slack_people import People
from tests.doubles.slack_socket import SocketDouble

TOKEN, APP_TOKEN = "xoxb-double", "xapp-double"
TRIGGER_LIVES, URL_LIVES, URL_USES = 3.0, 1800.0, 5
PRIVATE = {"is_private": True}


@dataclass
class Message:
    """A message as it stands now; `seen_by` is set for ephemeral ones."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    seen_by: str = ""
    thread: str = ""
    edits: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Hook:
    """A response_url: for whom, in answer to which message, how often used and since when."""

    channel: str
    user: str
    replaces: Message | None
    born: float
    uses: int = 0


@dataclass(frozen=True)
class Call:
    method: str
    arguments: dict[str, Any]
    at: float


class SlackDouble(People, Files):
    """The server and what it remembers. `channels` maps an id to what is special about it."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._server = Server(self._answer, self._heard, _method)
        self.faults: Faults = self._server.faults
        self.url = self._server.url
        self.api_url = self.url + "api/"
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.faults.clear()
        self.tokens = {TOKEN: "T1"}
        self.scopes: tuple[str, ...] = SCOPES
        self.open_book()
        self.empty_shelves()
        self.channels: dict[str, dict[str, Any]] = {"C1": {"is_member": True}}
        self.calls: list[Call] = []
        self.messages: list[Message] = []
        self.news: list[Message | dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.opened: dict[str, dict[str, Any]] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.unfurls: dict[str, dict[str, Any]] = {}
        self.skew = 0.0
        self.socket: SocketDouble | None = None
        self._hooks: dict[str, Hook] = {}
        self._triggers: dict[str, float] = {}

    def stop(self) -> None:
        self._server.stop()

    def wait(self, happened: Callable[[], Any], seconds: float = 30) -> Any:
        """What `happened` returns as soon as it is something. Raises AssertionError when it stays nothing."""
        with self._changed:
            assert self._changed.wait_for(happened, seconds), "it did not happen at Slack"
            return happened()

    def trigger(self) -> str:
        """A trigger id that opens one view within three seconds."""
        trigger = f"{self._number()}.{self._number()}.{'a' * 20}"
        self._triggers[trigger] = self._now()
        return trigger

    def response_url(self, user: str, channel: str, replaces: Message | None = None) -> str:
        """A fresh response_url."""
        path = f"/hooks/{self._number()}/{user}"
        self._hooks[path] = Hook(channel, user, replaces, self._now())
        return self.url + path.removeprefix("/")

    def answered(self, body: dict[str, Any], user: str, channel: str) -> Message:
        """Show what an HTTP response to a slash command said; it is held to the limits of every message."""
        self._check(body, most_text=40_000)
        return self.show(Message(channel, self._ts(), body.get("text", ""), body.get("blocks", []), seen_by=user))

    def standing(self, channel: str) -> list[Message]:
        """What stands in a channel, oldest first, in its newest form."""
        return [message for message in self.messages if message.channel == channel]

    def direct(self, user: str) -> str:
        """The id of the app's private chat with a person."""
        return "D" + user[1:]

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def _heard(self, request: Request) -> None:
        with self._changed:
            self.calls.append(Call(_method(request.path), request.arguments, time.monotonic()))
            self._changed.notify_all()

    def _answer(self, request: Request) -> Reply:
        method = _method(request.path)
        with self._changed:
            try:
                return self._do(method, request)
            except SlackError as error:
                return Reply(
                    error.reply if method != "hook" else error.reply["error"], 404 if method == "hook" else 200
                )
            finally:
                self._changed.notify_all()

    def _do(self, method: str, request: Request) -> Reply:
        if method == "hook":
            return self._hook(request)
        if method == "files-pri":
            return self._download(request)
        if method == "upload":
            return self._upload(request)
        if method == "oauth.v2.access":
            return Reply(_granted(request.arguments))
        self._authorize(request, method)
        action = getattr(self, "_" + method.replace(".", "_"), None)
        if action is None:
            raise SlackError("unknown_method")
        return Reply({"ok": True, **action(request.arguments)}, headers={"x-oauth-scopes": ",".join(self.scopes)})

    def _authorize(self, request: Request, method: str) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise SlackError("not_authed")
        wanted = (APP_TOKEN,) if method == "apps.connections.open" else self.tokens
        if token not in wanted:
            raise SlackError("invalid_auth")

    # Methods of the Web API

    def _apps_connections_open(self, _: dict[str, Any]) -> dict[str, Any]:
        assert self.socket, "no test of Socket Mode has begun"
        return {"url": self.socket.url()}

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"team_id": "T1", "user_id": "UBOT", "bot_id": "BBOT", "team": "Acme"}

    def _chat_postMessage(self, args: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name
        channel = self._channel(args)
        self._check(args, most_text=40_000)
        shown = self._message(channel, args)
        return {"channel": channel, "ts": shown.ts, "message": {"ts": shown.ts, "text": shown.text}}

    def _chat_postEphemeral(self, args: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name
        channel = self._channel(args)
        if args.get("user") not in self.users:
            raise SlackError("user_not_in_channel")
        self._check(args, most_text=40_000)
        return {"message_ts": self._message(channel, args, seen_by=args["user"]).ts}

    def _chat_update(self, args: dict[str, Any]) -> dict[str, Any]:
        self._check(args, most_text=4000)
        found = [
            m for m in self.messages if (m.channel, m.ts) == (args.get("channel"), args.get("ts")) and not m.seen_by
        ]
        if not found:
            raise SlackError("message_not_found")
        self._edit(found[0], args)
        return {"channel": found[0].channel, "ts": found[0].ts, "text": found[0].text}

    def _chat_unfurl(self, args: dict[str, Any]) -> dict[str, Any]:
        if not (args.get("unfurl_id") and args.get("source")) and not (args.get("channel") and args.get("ts")):
            raise SlackError("cannot_find_message")
        unfurls = json.loads(args["unfurls"]) if isinstance(args["unfurls"], str) else args["unfurls"]
        for shown in unfurls.values():
            if wrong := limits.message_problems(shown["blocks"]):
                raise SlackError("invalid_blocks", response_metadata={"messages": wrong})
        self.unfurls |= unfurls
        return {}

    def _conversations_join(self, args: dict[str, Any]) -> dict[str, Any]:
        channel = self.channels.get(args.get("channel", ""))
        if channel is None or channel.get("is_private"):
            raise SlackError("channel_not_found")
        channel["is_member"] = True
        return {"channel": {"id": args["channel"]}}

    def _views_open(self, args: dict[str, Any]) -> dict[str, Any]:
        trigger = args.get("trigger_id", "")
        born = self._triggers.pop(trigger, None)
        if born is None:
            raise SlackError("exchanged_trigger_id" if trigger in self.opened else "invalid_trigger_id")
        if self._now() - born > TRIGGER_LIVES:
            raise SlackError("expired_trigger_id")
        view = self._view(args, "modal")
        self.opened[trigger] = view
        self.news.append(view)
        return {"view": view}

    def _views_update(self, args: dict[str, Any]) -> dict[str, Any]:
        before = self.views.get(args.get("view_id", ""))
        if before is None:
            raise SlackError("not_found")
        kept = {"id": before["id"]}
        view = self._view(args, "modal") | kept
        self.views[before["id"]] = view
        self.news.append(view)
        return {"view": view}

    def _views_publish(self, args: dict[str, Any]) -> dict[str, Any]:
        if args.get("user_id") not in self.users:
            raise SlackError("user_not_found")
        self.homes[args["user_id"]] = self._view(args, "home")
        return {"view": self.homes[args["user_id"]]}

    def _hook(self, request: Request) -> Reply:
        hook = self._hooks.get(request.path)
        if hook is None or self._now() - hook.born > URL_LIVES:
            raise SlackError("expired_url")
        if hook.uses >= URL_USES:
            raise SlackError("used_url")
        hook.uses += 1
        body = request.arguments
        self._check(body, most_text=40_000)
        if body.get("replace_original") and hook.replaces:
            self._edit(hook.replaces, body)
            return Reply("ok")
        private = body.get("response_type", "ephemeral") == "ephemeral"
        self._message(hook.channel, body, seen_by=hook.user if private else "")
        return Reply("ok")

    # Rules

    def _channel(self, args: dict[str, Any]) -> str:
        given = args.get("channel", "")
        if given in self.users:
            return self.direct(given)
        if given.startswith("D") and "U" + given[1:] in self.users:
            return given
        channel = self.channels.get(given)
        if channel is None or (channel.get("is_private") and not channel.get("is_member")):
            raise SlackError("channel_not_found")
        if channel.get("is_archived"):
            raise SlackError("is_archived")
        if not channel.get("is_member"):
            raise SlackError("not_in_channel")
        return str(given)

    def _check(self, args: dict[str, Any], *, most_text: int) -> None:
        text, blocks = args.get("text", ""), args.get("blocks")
        if not text:
            raise SlackError("no_text")
        if limits.units(text) > most_text:
            raise SlackError("msg_too_long")
        if blocks is None:
            return
        ready = self.ready_files()
        if wrong := limits.message_problems(blocks, ready):
            raise SlackError("invalid_blocks", response_metadata={"messages": wrong})
        if limits.too_long(blocks):
            raise SlackError("msg_blocks_too_long")

    def _view(self, args: dict[str, Any], kind: str) -> dict[str, Any]:
        view = args.get("view", {})
        wrong = limits.view_problems(view) or ([] if view.get("type") == kind else ["wrong type"])
        if wrong:
            raise SlackError("invalid_arguments", response_metadata={"messages": wrong})
        known = view | {"id": f"V{self._number()}", "hash": f"{self._number()}.abc", "state": {"values": {}}}
        self.views[known["id"]] = known
        return dict(known)

    def _message(self, channel: str, args: dict[str, Any], seen_by: str = "") -> Message:
        facts = {"thread": args.get("thread_ts", ""), "metadata": args.get("metadata", {})}
        return self.show(Message(channel, self._ts(), args["text"], args.get("blocks", []), seen_by, **facts))

    def show(self, message: Message) -> Message:
        """Let a message stand in its channel."""
        with self._changed:
            self.messages.append(message)
            self.news.append(message)
            self._changed.notify_all()
        return message

    def _edit(self, message: Message, args: dict[str, Any]) -> None:
        message.text, message.blocks, message.edits = args["text"], args.get("blocks", []), message.edits + 1
        self.news.append(message)

    def _ts(self) -> str:
        return f"17000000{self._number():02d}.000100"

    def _number(self) -> int:
        return next(self._ids)

    def _now(self) -> float:
        """By the clock of the test: that the machine is slow makes nobody late."""
        return self.skew


def _method(path: str) -> str:
    head, _, rest = path.removeprefix("/").partition("/")
    return {"api": rest, "hooks": "hook", "upload": "upload", "files-pri": "files-pri"}.get(head, head)


def _granted(args: dict[str, Any]) -> dict[str, Any]:
    if args.get("code") != "good-code":
        return {"ok": False, "error": "invalid_code"}
    return {
        "ok": True, "access_token": "xoxb-new", "token_type": "bot", "bot_user_id": "UBOT2", "app_id": "A1",
        "team": {"id": "T2", "name": "Beta"}, "authed_user": {"id": "U9"},
    }  # fmt: skip

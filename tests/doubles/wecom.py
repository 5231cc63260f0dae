"""A strict WeCom on loopback: it checks tokens, lengths, cards and codes as the real server does, and can misbehave.

with WeComDouble() as wecom:
    wecom.script("message/send", status(502), errcode(45009))
    ... WeCom(tokens, api_url=wecom.url) ...
    wecom.messages("ann")
"""

import base64
import email
import email.policy
import hashlib
import itertools
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.doubles.wecom_faults import Fault, commit_fault
from tests.doubles.wecom_people import People
from tests.doubles.wecom_rules import ANSWERED, Refused, advice, check_card, check_menu, check_message, demand

APP_TYPES = {"text", "markdown", "image", "file", "template_card"}
CHAT_TYPES = {"text", "markdown", "image"}
HOURS_72 = 72 * 3600


@dataclass
class Sent:
    """One message as it stands on a screen; `card` is its newest state."""

    to: str
    body: dict[str, Any]
    msgid: str = ""
    shown: bool = True
    recalled: bool = False
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What a text or markdown message says."""
        return str(self.body.get(self.body["msgtype"], {}).get("content", ""))


@dataclass
class Code:
    """A response code: one update, 72 hours, for the app that sent the card."""

    sent: Sent
    agent: int
    until: float
    used: bool = False


class WeComDouble(People):
    """The server and its memory.

    Attributes:
        calls: how often each endpoint was reached, faults included.
        asked: to whom messages were to be sent, faults included.
        dropped: messages lost to the silent limit, by member.
        cut: display limits that cards exceeded.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.lock, self.closing = threading.RLock(), threading.Event()
        self.reset(now)

    def reset(self, now: Callable[[], float] = time.time) -> None:
        """Forget everything; who still waits for an answer that hangs is let go."""
        self.closing.set()
        self.closing = threading.Event()
        self.corp_id, self.agent_id = "ww1234567890abcdef", 1000002
        self.secret = "app-secret-of-the-double-0123456789abcdef"
        self.all_invalid_is_an_error = True
        self.token, self.aes_key = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
        self.now = now
        self.people: dict[str, dict[str, Any]] = {name: {"name": name.title()} for name in ("ann", "bob", "cai", "dee")}
        self.robots = {"11111111-2222-3333-4444-555555555555"}
        self.open_book()
        self.chats: dict[str, dict[str, Any]] = {}
        self.sent: list[Sent] = []
        self.asked: list[str] = []
        self.media: dict[str, bytes] = {}
        self.menus: dict[int, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.cut: list[str] = []
        self.codes: dict[str, Code] = {}
        self._tokens: dict[str, bool] = {}
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)
        self._task_ids: set[str] = set()
        self._recent: dict[str, tuple[float, dict[str, Any]]] = {}
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/cgi-bin/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def script(self, endpoint: str, *faults: Fault) -> None:
        """The next calls of the endpoint go wrong in this order; then all is well again."""
        self._faults[endpoint].extend(faults)

    def calm(self) -> None:
        """All goes well from now on."""
        self._faults.clear()

    def expire_tokens(self) -> None:
        """Tokens given out so far answer 42001."""
        self._tokens = dict.fromkeys(self._tokens, False)

    def messages(self, to: str) -> list[Sent]:
        """What stands on the screen of a member, chat or robot's group, oldest first."""
        return [each for each in self.sent if each.to == to and each.shown and not each.recalled]

    def fault(self, endpoint: str) -> Fault | None:
        """The fault that is due, if any."""
        self.calls[endpoint] += 1
        queue = self._faults[endpoint]
        return queue.popleft() if queue else None

    def answer(self, endpoint: str, query: dict[str, str], body: Any) -> Any:
        """The JSON of a well-behaved server, or the bytes of a file."""
        with self.lock:
            try:
                if endpoint not in {"gettoken", "webhook/send"}:
                    self._check_token(query.get("access_token", ""))
                name = "do_" + endpoint.replace("/", "_")
                demand(hasattr(self, name), 40066)
                if endpoint == "media/get":
                    return self.do_media_get(query, body)
                return {"errcode": 0, "errmsg": "ok", **getattr(self, name)(query, body)}
            except Refused as refused:
                hint = "more info at https://open.work.weixin.qq.com/devtool/query"
                return {
                    "errcode": refused.code,
                    "errmsg": f"refused, hint: [17000_{query.get('access_token')}], {hint}",
                }

    def _check_token(self, token: str) -> None:
        demand(token, 41001)
        demand(token in self._tokens, 40014)
        demand(self._tokens[token], 42001)

    def do_gettoken(self, query: dict[str, str], _: Any) -> dict[str, Any]:
        demand(query.get("corpid") == self.corp_id, 40013)
        demand(query.get("corpsecret") == self.secret, 40001)
        living = [token for token, alive in self._tokens.items() if alive]
        token = living[0] if living else f"token-{next(self._ids)}-" + "x" * 180
        self._tokens[token] = True
        return {"access_token": token, "expires_in": 7200}

    def do_message_send(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(body.get("agentid") == self.agent_id, 40056)
        wanted = [name for name in str(body.get("touser") or "").split("|") if name]
        demand(wanted, 82001)
        check_message(body, types=APP_TYPES)
        reached = [name for name in wanted if name.lower() in self.people]
        if body.get("enable_duplicate_check") and (known := self._repeated(body)):
            return known
        if body["msgtype"] == "template_card":
            self._check_new(body["template_card"])
        demand(reached or len(wanted) > 1 or not self.all_invalid_is_an_error, 81013)
        answer = {"invaliduser": "|".join(name.lower() for name in wanted if name not in reached)}
        for name in reached:
            answer |= self._show(name.lower(), body)
        self._recent[_content(body)] = (self.now(), answer)
        return answer

    def _repeated(self, body: dict[str, Any]) -> dict[str, Any] | None:
        at, answer = self._recent.get(_content(body), (0.0, {}))
        fresh = self.now() - at < body.get("duplicate_check_interval", 1800)
        return {"msgid": answer.get("msgid", "")} if answer and fresh else None

    def _check_new(self, card: dict[str, Any]) -> None:
        self.cut += advice(card)
        if "task_id" in card:
            demand(card["task_id"] not in self._task_ids, 42014)
            self._task_ids.add(card["task_id"])

    def _show(self, to: str, body: dict[str, Any]) -> dict[str, Any]:
        sent = Sent(to, body, msgid=f"msg-{next(self._ids)}", card=dict(body.get("template_card", {})))
        sent.shown = not self._over(to, 30, 60.0)
        self.dropped[to] += not sent.shown
        self.sent.append(sent)
        told = {"msgid": sent.msgid}
        if sent.card and (sent.card["card_type"] in ANSWERED or "action_menu" in sent.card):
            told["response_code"] = self.new_code(sent)
        return told

    def _over(self, who: str, most: int, seconds: float) -> bool:
        times = self._times[who]
        while times and self.now() - times[0] >= seconds:
            times.popleft()
        if len(times) >= most:
            return True
        times.append(self.now())
        return False

    def new_code(self, sent: Sent) -> str:
        """A response code for a card, as sending it or a tap on it gives one."""
        code = f"code-{next(self._ids)}"
        self.codes[code] = Code(sent, self.agent_id, self.now() + HOURS_72)
        return code

    def do_message_update_template_card(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        code = self.codes.get(body.get("response_code", ""))
        demand(code and self.now() <= code.until, 42016)
        assert code is not None
        demand(code.agent == body.get("agentid"), 42015)
        demand(not code.used, 42022)
        demand(body.get("userids") or body.get("atall"), 82001)
        if "template_card" in body:
            check_card(body["template_card"])
            self.cut += advice(body["template_card"])
            code.sent.card = body["template_card"]
        else:
            demand(body.get("button", {}).get("replace_name"), 42038)
            code.sent.card = {**code.sent.card, "replace_text": body["button"]["replace_name"]}
        code.used = True
        return {"invaliduser": []}

    def do_message_recall(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        found = [each for each in self.sent if each.msgid == body.get("msgid")]
        demand(found, 40058)
        found[0].recalled = True
        return {}

    def do_media_upload(self, query: dict[str, str], body: Any) -> dict[str, Any]:
        kind = query.get("type")
        demand(kind in {"image", "file"}, 40004)
        demand(isinstance(body, bytes) and 5 < len(body) <= (10 if kind == "image" else 20) * 2**20, 40006)
        demand(kind == "file" or body.startswith((b"\x89PNG", b"\xff\xd8")), 40005)
        media_id = f"media-{next(self._ids)}"
        self.media[media_id] = body
        return {"type": kind, "media_id": media_id, "created_at": str(int(self.now()))}

    def uploaded(self, content: bytes) -> str:
        """A file that somebody sends to the app; its media id."""
        media_id = f"media-{next(self._ids)}"
        self.media[media_id] = content
        return media_id

    def do_media_get(self, query: dict[str, str], _: Any) -> bytes:
        demand(query.get("media_id") in self.media, 40007)
        return self.media[query["media_id"]]

    def do_appchat_create(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(len(body.get("userlist", [])) >= 2, 86215)
        chat_id = body.get("chatid") or f"chat{next(self._ids)}"
        self.chats[chat_id] = {"chatid": chat_id, "name": body.get("name", ""), "userlist": body["userlist"]}
        return {"chatid": chat_id}

    def do_appchat_update(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(body.get("chatid") in self.chats, 86003)
        self.chats[body["chatid"]]["name"] = body.get("name", self.chats[body["chatid"]]["name"])
        return {}

    def do_appchat_get(self, query: dict[str, str], _: Any) -> dict[str, Any]:
        demand(query.get("chatid") in self.chats, 86003)
        return {"chat_info": self.chats[query["chatid"]]}

    def do_appchat_send(self, _: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(body.get("chatid") in self.chats, 86003)
        check_message(body, types=CHAT_TYPES)
        self.sent.append(Sent(body["chatid"], body))
        return {}

    def do_webhook_send(self, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        key = query.get("key", "")
        demand(key in self.robots, 93000)
        check_message(body, types=CHAT_TYPES, markdown=4096)
        if body["msgtype"] == "image":
            _check_robot_image(body["image"])
        demand(not self._over(f"robot {key}", 20, 60.0), 45009)
        self.sent.append(Sent(key, body))
        return {}

    def do_menu_create(self, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        demand(query.get("agentid") == str(self.agent_id), 40056)
        check_menu(body)
        self.menus[self.agent_id] = body
        return {}


def _check_robot_image(image: dict[str, str]) -> None:
    raw = base64.b64decode(image["base64"], validate=True)
    demand(len(raw) <= 2 * 2**20 and hashlib.md5(raw).hexdigest() == image["md5"], 40009)


def _content(body: dict[str, Any]) -> str:
    told = {key: value for key, value in body.items() if not key.startswith(("enable_", "duplicate_"))}
    return json.dumps(told, sort_keys=True)


def _packed(answer: Any) -> tuple[bytes, dict[str, str], str]:
    """Body, headers and type: a file is sent as itself."""
    if isinstance(answer, bytes):
        return answer, {"Content-disposition": 'attachment; filename="f"'}, "application/octet-stream"
    return json.dumps(answer, ensure_ascii=False).encode(), {}, "application/json; charset=UTF-8"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _handler(double: WeComDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            multipart = self.headers.get("Content-Type", "").startswith("multipart/form-data")
            self._serve(_file_of(self.headers["Content-Type"], raw) if multipart else json.loads(raw or b"{}"))

        def _serve(self, body: Any) -> None:
            parts = urlsplit(self.path)
            endpoint = parts.path.removeprefix("/cgi-bin/")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            double.asked += [str(body["touser"])] if endpoint == "message/send" else []
            fault = double.fault(endpoint)
            answer = None if fault and not fault.acts else double.answer(endpoint, query, body)
            if fault:
                commit_fault(self, fault, answer, double.closing)
            else:
                self.reply(200, *_packed(answer))

        def reply(
            self, status: int, content: bytes, headers: dict[str, str] | None = None,
            kind: str = "application/json; charset=UTF-8",
        ) -> None:  # fmt: skip
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    return Handler


def _file_of(content_type: str, raw: bytes) -> bytes:
    """The one file of a multipart upload, as the server requires it: field `media`, with a file name."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + raw, policy=email.policy.HTTP)
    parts = [part for part in message.iter_parts() if part.get_param("name", header="content-disposition") == "media"]
    return parts[0].get_payload(decode=True) if parts and parts[0].get_filename() else b""

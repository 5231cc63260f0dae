"""WeCom's calling side: real callbacks, encrypted by Tencent's own sample code, which shares nothing with wechatpy.

It posts with the query signature and repeats up to three times with the same content when the answer is not 200.
"""

import itertools
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import xmltodict
from weworkapi.WXBizMsgCrypt3 import WXBizMsgCrypt

LISTS = {"button_list", "action_list", "option_list", "horizontal_content_list", "select_list", "jump_list"}
NUMBERS = {"style", "type", "desc_color"}
_SNAKE = re.compile(r"(?<=[a-z])([A-Z])")

Post = Callable[[str, bytes], tuple[int, bytes]]
"""POST a body to a path; returns status and body."""


@dataclass
class Reply:
    """The last answer to a callback, decrypted: `xml` is None when it was empty."""

    status: int
    xml: dict[str, Any] | None = None
    attempts: int = 1


def element(tag: str, value: Any) -> str:
    """XML as WeCom writes it; a list repeats its tag."""
    if isinstance(value, list):
        return "".join(element(tag, each) for each in value)
    if isinstance(value, dict):
        return f"<{tag}>{''.join(element(name, each) for name, each in value.items())}</{tag}>"
    if isinstance(value, int):
        return f"<{tag}>{value}</{tag}>"
    return f"<{tag}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{tag}>"


@dataclass
class Caller:
    """One app's callbacks."""

    post: Post
    corp_id: str
    agent_id: int
    token: str
    aes_key: str
    path: str = "/wecom/callback"
    ids: Any = field(default_factory=lambda: itertools.count(int(time.time() * 1e6)))

    @property
    def crypt(self) -> WXBizMsgCrypt:
        """The independent implementation, with this app's keys."""
        return WXBizMsgCrypt(self.token, self.aes_key, self.corp_id)

    def text(self, user: str, content: str, *, msg_id: int | None = None) -> Reply:
        """A member types something."""
        return self.call(user, MsgType="text", Content=content, MsgId=msg_id or next(self.ids))

    def event(self, user: str, name: str, **more: Any) -> Reply:
        """An event about a member."""
        return self.call(user, MsgType="event", Event=name, **more)

    def call(self, user: str, **more: Any) -> Reply:
        """Any message, repeated as WeCom does."""
        xml = self.message(user, **more)
        for attempt in (1, 2, 3):
            status, body = self.post(*self.sealed(xml))
            if status == 200:
                return Reply(status, self.opened(body), attempt)
        return Reply(status, None, 3)

    def message(self, user: str, **more: Any) -> str:
        """The plain XML."""
        head = {"ToUserName": self.corp_id, "FromUserName": user, "CreateTime": int(time.time())}
        return element("xml", {**head, **more, "AgentID": self.agent_id})

    def sealed(self, xml: str, *, timestamp: str | None = None, agent: str | None = None) -> tuple[str, bytes]:
        """Path with signed query, and body, of one encrypted request."""
        timestamp, nonce = timestamp or str(int(time.time())), secrets.token_hex(5)
        code, sealed = self.crypt.EncryptMsg(xml, nonce, timestamp)
        assert code == 0
        parts = xmltodict.parse(sealed)["xml"]
        query = f"msg_signature={parts['MsgSignature']}&timestamp={timestamp}&nonce={nonce}"
        envelope = {"ToUserName": self.corp_id, "AgentID": agent or str(self.agent_id), "Encrypt": parts["Encrypt"]}
        return f"{self.path}?{query}", element("xml", envelope).encode()

    def opened(self, body: bytes) -> dict[str, Any] | None:
        """A passive reply, decrypted and its signature checked."""
        if not body:
            return None
        parts = xmltodict.parse(body)["xml"]
        code, xml = self.crypt.DecryptMsg(body, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"])
        assert code == 0
        return dict(xmltodict.parse(xml)["xml"])


def snake_card(xml: Any, name: str = "") -> Any:
    """A card of a passive reply, in the words of its JSON."""
    if isinstance(xml, dict):
        named = {_SNAKE.sub(r"_\1", tag).lower().replace("key_name", "keyname"): value for tag, value in xml.items()}
        return {tag: snake_card(_listed(tag, value), tag) for tag, value in named.items()}
    if isinstance(xml, list):
        return [snake_card(each) for each in xml]
    return int(xml) if name in NUMBERS else xml or ""


def _listed(tag: str, value: Any) -> Any:
    return [value] if tag in LISTS and not isinstance(value, list) else value

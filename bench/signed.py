"""Requests as Slack and WeCom send them, signed and sealed beforehand, so that the driver only has to post them."""

from __future__ import annotations

import itertools
import time
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier
from wechatpy.enterprise.crypto import WeChatCrypto

SLACK_SECRET, TOKEN, AES_KEY = "8f742231b10e8888abcd99yyyzzz85a5", "token", "k" * 43
NONCE = "1372623149"
_ids = itertools.count(time.time_ns())
_slack = SignatureVerifier(SLACK_SECRET)


def slack_command(team: str, user: str, words: str) -> bytes:
    """`/sluice words`, typed in the private chat with the app."""
    body = urlencode(
        {
            "token": "old", "team_id": team, "team_domain": "acme", "channel_id": "D024BE91L",
            "channel_name": "directmessage", "user_id": user, "user_name": user.lower(), "command": "/sluice",
            "text": words, "api_app_id": "A1", "is_enterprise_install": "false",
            "response_url": "https://hooks.slack.com/commands/1234/5678", "trigger_id": f"1334.73847.{next(_ids)}",
        }
    )  # fmt: skip
    stamp = str(int(time.time()))
    signature = _slack.generate_signature(timestamp=stamp, body=body)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}
    return post("/slack/events", body, headers | {"Content-Type": "application/x-www-form-urlencoded"})


def wecom_text(corp: str, user: str, words: str) -> bytes:
    """A line typed to the app."""
    stamp = str(int(time.time()))
    inside = (
        f"<xml><ToUserName><![CDATA[{corp}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>"
        f"<CreateTime>{stamp}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content>"
        f"<MsgId>{next(_ids)}</MsgId><AgentID>1000002</AgentID></xml>"
    )
    sealed = WeChatCrypto(TOKEN, AES_KEY, corp).encrypt_message(inside, NONCE, stamp)
    encrypted, signature = _between(sealed, "Encrypt"), _between(sealed, "MsgSignature")
    body = (
        f"<xml><ToUserName><![CDATA[{corp}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        "<AgentID><![CDATA[1000002]]></AgentID></xml>"
    )
    query = urlencode({"msg_signature": signature, "timestamp": stamp, "nonce": NONCE})
    return post(f"/wecom/callback?{query}", body, {"Content-Type": "text/xml"})


def _between(xml: str, tag: str) -> str:
    content = xml.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return content.removeprefix("<![CDATA[").removesuffix("]]>")


def post(path: str, body: str, headers: dict[str, str]) -> bytes:
    content = body.encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content

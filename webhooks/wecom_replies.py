"""Passive replies: the XML that WeCom takes as the answer to a callback. wechatpy has none for cards.

WeCom's XML names are its JSON names in CamelCase, and a list is the same tag repeated.
"""

from __future__ import annotations

import time
from typing import Any

from bot.cards import fit
from bot.platforms.wecom_body import TEXT_BYTES

_NAMES = {"keyname": "KeyName"}


def text(user: str, corp: str, words: str) -> str:
    """A text message to the person."""
    return _reply(user, corp, {"msg_type": "text", "content": fit.cut_bytes(words, TEXT_BYTES)})


def card(user: str, corp: str, template_card: dict[str, Any]) -> str:
    """The card that takes the place of the tapped one, for the person alone."""
    return _reply(user, corp, {"msg_type": "update_template_card", "template_card": template_card})


def _reply(user: str, corp: str, what: dict[str, Any]) -> str:
    head = {"to_user_name": user, "from_user_name": corp, "create_time": int(time.time())}
    return f"<xml>{''.join(_element(name, value) for name, value in {**head, **what}.items())}</xml>"


def _element(name: str, value: Any) -> str:
    tag = _NAMES.get(name) or "".join(part.capitalize() for part in name.split("_"))
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    return f"<{tag}>{_content(value)}</{tag}>"


def _content(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(name, each) for name, each in value.items())
    if isinstance(value, int):
        return str(value)
    # User text could close the section and add elements of its own.
    return f"<![CDATA[{fit.clean(str(value)).replace(']]>', ']]]]><![CDATA[>')}]]>"

"""Text objects of Block Kit in which nothing that a person typed can ping, link or format.

`plain_text` parses nothing, so it is the rule. `mrkdwn` is used for a bold label or heading only, escaped once, and
never around text that could format itself.
"""

from __future__ import annotations

import re
from typing import Any

from bot.cards import fit

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What mrkdwn would format or link although escaped; masked contacts (138****1234) are the everyday case.
_FORMATS = re.compile(r"[*_~`@]|://|www\.|^\s*>", re.IGNORECASE | re.MULTILINE)
_NEEDS_ESCAPE = re.compile("[&<>]")
NOTHING = "–"


def plain(text: str, limit: int) -> dict[str, Any]:
    """A plain_text object of 1 to `limit` characters."""
    return {"type": "plain_text", "text": fit.cut(fit.clean(text).strip(), limit) or NOTHING, "emoji": False}


def label(text: str, limit: int) -> dict[str, Any]:
    """A plain_text object on one line."""
    return plain(fit.one_line(text), limit)


def titled(title: str, text: str, limit: int) -> dict[str, Any]:
    """A bold line with text under it; not bold where something in it would format itself."""
    title, text = fit.one_line(title), fit.clean(text).strip()
    whole = f"{title}\n{text}".strip()
    bold = f"*{escape(title)}*\n{escape(text)}".strip()
    if not title or _FORMATS.search(whole) or fit.units(bold) > limit:
        return plain(whole, limit)
    return {"type": "mrkdwn", "text": bold, "verbatim": True}


def escape(text: str) -> str:
    """Exactly & < >, once."""
    return text.translate(ESCAPES) if _NEEDS_ESCAPE.search(text) else text


def fallback(text: str, limit: int) -> str:
    """Escaped text of 1 to `limit` characters, for the `text` beside the blocks; no escape is cut in half."""
    text = fit.clean(text).strip() or NOTHING
    escaped = escape(text)
    room = limit
    while fit.units(escaped) > limit:
        room -= max(fit.units(escaped) - limit, 1)
        escaped = escape(fit.cut(text, max(room, 1)))
    return escaped

"""Words for WeCom: nothing that people typed may mention, link, format or hide on its way to a screen.

WeCom documents no escape for its markdown, so characters that mean something are replaced by twins that mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.cards import fit

_TWINS = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "｀", "*": "∗"})
_RULES = (
    (re.compile(r"(?m)^(\s*)#"), r"\1＃"),
    (re.compile(r"@(?=all\b|所有人|everyone\b)", re.IGNORECASE), "＠"),
    (re.compile(r"://"), "：//"),
    (re.compile(r"\bwww\.", re.IGNORECASE), "www．"),
    (re.compile(r"&(?=#?\w{1,12};)"), "＆"),
)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._-]+)*/?(?:\?[a-z]=[a-z0-9]+)?")
_SUSPECT = re.compile(r"[][<>`*#@&:]|www", re.IGNORECASE)


def inert(text: str) -> str:
    """Text that shows as it reads, in markdown, text messages and cards alike; line breaks stay."""
    text = fit.clean(text)
    if not _SUSPECT.search(text):
        return text
    text = text.translate(_TWINS)
    for pattern, twin in _RULES:
        text = pattern.sub(twin, text)
    return text


def line(text: str, limit: int | None = None) -> str:
    """Inert text on one line, of at most `limit` characters (an emoji counts two)."""
    flat = inert(fit.one_line(text))
    return flat if limit is None else fit.cut(flat, limit)


def address(text: str) -> str:
    """A web address that we made, as it is; anything else becomes inert."""
    return text if _ADDRESS.fullmatch(text) else line(text)


def within(lines: Sequence[str], limit: int, tail: Sequence[str] = ()) -> str:
    """Lines joined in at most `limit` bytes; what is too much of them goes line by line, before `tail` is cut."""
    end = fit.cut_bytes("".join(f"\n{each}" for each in tail), limit // 2)
    room = limit - len(end.encode())
    whole = "\n".join(lines)
    if len(whole.encode()) <= room:
        return whole + end
    kept, used = [], len(fit.ELLIPSIS.encode())
    for each in lines:
        used += len(each.encode()) + 1
        if used > room:
            break
        kept.append(each)
    return ("\n".join([*kept, fit.ELLIPSIS]) if kept else fit.cut_bytes(whole, room)) + end

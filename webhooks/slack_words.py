"""What a person typed, out of what Slack sends: mentions, links and entities unwrapped, curly quotes made plain."""

from __future__ import annotations

import re

from bot.cards import fit

_TOKEN = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_LEADING_MENTION = re.compile(r"^\s*<@\w+(?:\|[^>]*)?>")
_PLAIN = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "})
_WRITTEN = ("mailto:", "tel:")


def words(text: str, *, root: str = "", bot: str | None = None) -> str:
    """The words of a command or message.

    Args:
        root: the root command's name, dropped when somebody types it in a message too.
        bot: our own user id there, whose mention is dropped; where unknown, a leading mention is.
    """
    text = re.sub(rf"<@{re.escape(bot)}(?:\|[^>]*)?>", " ", text) if bot else text
    typed = _unescape(_TOKEN.sub(_unwrap, text)).translate(_PLAIN)
    typed = fit.clean(typed).strip()
    first, _, rest = typed.partition(" ")
    return rest.strip() if root and first.lower() in {root, root.lstrip("/")} else typed


def mentioned(text: str, *, root: str, bot: str | None) -> str:
    """The words of a message that mentions us."""
    return words(text if bot else _LEADING_MENTION.sub("", text, count=1), root=root, bot=bot)


def _unwrap(token: re.Match[str]) -> str:
    target, name = token[1], token[2]
    if target.startswith("@"):
        return target
    if target.startswith(("#", "!")):
        return name or target.replace("!", "@")
    if target.startswith(_WRITTEN):
        return name or target.partition(":")[2]
    return name if name and name in target else target


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

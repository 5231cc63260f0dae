"""A lead's points in words: `Score 72: hot source +30, level A +20, fresh +20`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.cards.language import _
from bot.cards.words import Words

MOST = 6
PARTS = {
    "source": _("source {name}"), "level": _("level {name}"), "touches": _("came in {name} times"),
    "fit": _("what is known"), "recency": _("fresh"), "contacted": _("spoken to"), "qualified": _("qualified"),
    "opportunity": _("opportunity"), "event": _("did: {name}"),
}  # fmt: skip


def line(words: Words, score: int, reasons: Sequence[Sequence[Any]], source: str | None = None) -> str:
    """The points and what most of them are for; empty where nobody has counted them yet.

    Args: source: what people call the lead's source; the reasons have its key.
    """
    if not reasons:
        return ""
    parts = sorted(_gathered(reasons).items(), key=lambda part: -abs(part[1]))
    told = [f"{_name(words, name, source)} {points:+d}" for name, points in parts[:MOST]]
    if len(parts) > MOST:
        told.append(words.say(_("other {points}"), points=f"{sum(points for _, points in parts[MOST:]):+d}"))
    return words.say(_("Score {n}: {parts}"), n=score, parts=words.say(_(", ")).join(told))


def _gathered(reasons: Sequence[Sequence[Any]]) -> dict[str, int]:
    """What is known of the customer is one part, however much it is."""
    parts: dict[str, int] = {}
    for name, points in reasons:
        key = "fit:" if name.startswith("fit:") else str(name)
        parts[key] = parts.get(key, 0) + int(points)
    return parts


def _name(words: Words, name: str, source: str | None) -> str:
    kind, _colon, detail = name.partition(":")
    detail = source or detail if kind == "source" else detail
    return detail if kind == "rule" else words.say(PARTS[detail if kind == "activity" else kind], name=detail)

"""Finds the moment in a sentence: "call back tomorrow 3pm", 明天下午3点再联系, "+1h", 月底.

Own rules read phrases and join them; dateparser reads calendar dates, jionlp_time festivals and lunar dates.
A day without a time means nine in the morning, a bare time that has gone means tomorrow, a vague word is marked so
that the caller asks back, and an explicit past time is marked so that the caller refuses.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.understanding.text import fold, has_chinese
from bot.understanding.times import (
    chinese_clock,
    chinese_dates,
    chinese_days,
    chinese_relative,
    chinese_spans,
    english_clock,
    english_dates,
    english_days,
    english_relative,
    english_spans,
)
from bot.understanding.times.pieces import drop_overlaps, join
from bot.understanding.times.resolve import Here, When, resolve, sharpened
from bot.understanding.times.rules import scan

__all__ = ["LONGEST", "When", "find_moments", "understand_when"]

LONGEST = 4000
_ENGLISH = (
    *english_relative.RULES,
    *english_dates.RULES,
    *english_days.RULES,
    *english_spans.RULES,
    *english_clock.RULES,
    *english_relative.VAGUE,
)
_CHINESE = (
    *chinese_relative.RULES,
    *chinese_dates.RULES,
    *chinese_days.RULES,
    *chinese_dates.FESTIVALS,
    *chinese_spans.RULES,
    *chinese_clock.RULES,
    *chinese_relative.VAGUE,
)
_DAY_FIRST = (
    "en_GB", "en_AU", "en_NZ", "en_IE", "en_IN", "en_ZA", "en_SG", "en_HK", "de", "fr", "es", "it", "nl", "pt",
)  # fmt: skip


def understand_when(text: str, *, now: datetime, tz: ZoneInfo, locale: str) -> When | None:
    """The moment a text asks for: the first firm one ahead, else a vague one, else one that is past.
    An hour on the day that was named alone is that day's.

    `now` is aware; `tz` is the member's zone; `locale` decides whether 4/5 is April or May. Never raises.
    """
    moments = find_moments(text, now=now, tz=tz, locale=locale)
    chosen = min(moments, key=lambda when: (when.past, when.vague), default=None)
    return chosen and sharpened(chosen, moments)


def find_moments(text: str, *, now: datetime, tz: ZoneInfo, locale: str) -> list[When]:
    """All moments of a text in the order in which they stand; only its first 4,000 characters are read."""
    here = Here(now.astimezone(UTC), tz, day_first=locale.replace("-", "_").startswith(_DAY_FIRST))
    folded = fold(text[:LONGEST])
    chinese = scan(_CHINESE, folded, here) if has_chinese(folded) else []
    pieces = join(drop_overlaps(chinese + scan(_ENGLISH, folded, here)), folded)
    return [when for piece in pieces if (when := resolve(piece, here))]

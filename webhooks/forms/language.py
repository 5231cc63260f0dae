"""In which language a visitor reads: as asked in the address, as the browser says, else as the organization does."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot.cards.language import supported

_MOST = 20
_FORMATS = {"en": ("EEEE d MMMM y, HH:mm", "en"), "zh": ("y年M月d日EEEE HH:mm", "zh_Hans_CN")}


def chosen(asked: str, accepted: str, fallback: str) -> str:
    """A language that we speak. Args: asked: `?lang=`; accepted: the header Accept-Language."""
    return supported(asked) or _best(accepted) or supported(fallback) or "en"


def moment(at: datetime, zone: str, locale: str) -> str:
    """A day and time in full, as it is said where the organization is."""
    pattern, name = _FORMATS[locale]
    return format_datetime(at.astimezone(ZoneInfo(zone)), pattern, locale=name)


def _best(accepted: str) -> str | None:
    wanted = [part.partition(";") for part in accepted[:500].split(",")[:_MOST]]
    ranked = sorted(((_weight(more), tag.strip()) for tag, _semicolon, more in wanted), key=lambda one: -one[0])
    return next((found for weight, tag in ranked if weight > 0 and (found := supported(tag))), None)


def _weight(parameter: str) -> float:
    name, _equals, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0

"""Loads at the start of a process what the first sentence would otherwise wait for: about a second of tables."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.understanding.contact import find_contact
from bot.understanding.sentence import understand

_EVERY_TABLE = "called, 没接, $5 march 20th 中秋节"


def warm_up() -> None:
    """Call once, in web and worker alike."""
    for locale in ("en", "en_GB"):
        understand(_EVERY_TABLE, now=datetime(2026, 1, 5, 9, tzinfo=UTC), tz=ZoneInfo("UTC"), locale=locale)
    find_contact("new Ann 13800138000")

"""How fast one person and one company may ask: what is too much is turned away before it costs the database anything.

Each process counts for itself, in its own memory: it guards its connections, and nobody waits for a count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from bot.interaction import Answer, Interaction
from crm.errors import Refusal
from crm.errors_of_limits import SearchesUsed, TooBusy, TooFast
from crm.settings import Settings

# What a person does. What a platform tells by itself, such as who joined, is never turned away.
_DONE = frozenset({"command", "action", "form"})
_SEARCH = ("find ", "查找", "搜索")
_SAID_FOR = 5.0  # seconds: so long the same refusal, its figure a little old, is given without being drawn anew
_MOST_SAID = 1_000


class Throttle:
    """Counts what people do. Safe to share by threads. A limit of 0 is none."""

    def __init__(self, settings: Settings) -> None:
        self._window = FixedWindowRateLimiter(MemoryStorage())
        self._person, self._company = settings.person_per_minute, settings.company_per_minute
        self._searches = settings.searches_per_minute
        self._said: dict[str, tuple[float, Answer]] = {}

    def refusal(self, org_id: int, asked: Interaction) -> Refusal | None:
        """Count one interaction; why it is turned away, if it is."""
        if asked.kind not in _DONE:
            return None
        who = _name(asked)
        if wait := self._over(self._person, "person", who):
            return TooFast(limit=self._person, seconds=wait)
        if asked.text.lower().startswith(_SEARCH) and (wait := self._over(self._searches, "search", who)):
            return SearchesUsed(limit=self._searches, seconds=wait)
        # Counted last, so that one who is turned away takes nothing from colleagues.
        wait = self._over(self._company, "company", str(org_id))
        return TooBusy(limit=self._company, seconds=wait) if wait else None

    def say(self, asked: Interaction, draw: Callable[[], Answer]) -> Answer:
        """The answer to somebody who is turned away: drawn once in a while, however often it is asked for."""
        who, now = _name(asked), time.monotonic()
        until, answer = self._said.get(who, (0.0, Answer()))
        if now < until:
            return answer
        if len(self._said) >= _MOST_SAID:
            self._said.clear()
        answer = draw()
        self._said[who] = (now + _SAID_FOR, answer)
        return answer

    def _over(self, most: int, *names: str) -> int:
        """Count one more; the seconds to wait where that is too many, else 0."""
        item: RateLimitItem = RateLimitItemPerMinute(most or 1)
        if not most or self._window.hit(item, *names):
            return 0
        return max(1, ceil(self._window.get_window_stats(item, *names).reset_time - time.time()))


def _name(asked: Interaction) -> str:
    return f"{asked.platform}:{asked.workspace}:{asked.user}"

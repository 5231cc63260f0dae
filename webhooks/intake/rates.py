"""How much one sender may post. Counted in Redis for all processes; without Redis nobody is turned away."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from webhooks.intake.post import TurnedAway

log = structlog.get_logger(__name__)
_PAUSE = 5.0  # seconds without asking a Redis that did not answer, so that a slow one does not slow every post


@dataclass(frozen=True, slots=True)
class Rates:
    """Posts per minute: of a keyed source, of a public form, and of one address at a public form."""

    source: int = 12_000
    form: int = 1_200
    address: int = 30


class Limiter:
    """Turns away what is too much. Args: redis: may be down at any time."""

    def __init__(self, redis: Redis, rates: Rates) -> None:
        self._limiter = FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=redis.connection_pool))
        self._rates = rates
        self._silent_until = 0.0

    def check_source(self, source_id: int, posts: int = 1) -> None:
        """Raises TurnedAway with 429 where these posts together are too many."""
        self._check(self._rates.source, "source", source_id, posts=posts)

    def check_form(self, source_id: int, peer: str) -> None:
        """Raises TurnedAway with 429."""
        self._check(self._rates.address, "address", source_id, peer)
        self._check(self._rates.form, "form", source_id)

    def _check(self, rate: int, *names: object, posts: int = 1) -> None:
        if time.monotonic() < self._silent_until:
            return
        item, parts = RateLimitItemPerMinute(rate), [str(name) for name in ("intake", *names)]
        try:
            free = self._limiter.hit(item, *parts, cost=posts)
            wait = 0 if free else self._limiter.get_window_stats(item, *parts).reset_time - time.time()
        except RedisError as exc:
            self._silent_until = time.monotonic() + _PAUSE
            log.warning("intake.unlimited", cause=type(exc).__name__)
            return
        if not free:
            raise TurnedAway(429, "Too many posts. Send the rest later.", Retry_After=str(max(1, int(wait) + 1)))

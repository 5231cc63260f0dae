"""Redis as an aid: all that it does can be done without, and one that does not answer is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import RedisError

log = structlog.get_logger()

REST = 5.0  # seconds
T = TypeVar("T")


class Aid:
    """Asks one Redis. Safe to share by threads."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def ask(self, call: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """What `call` returns, or `otherwise` where Redis is away: a slow one must not slow down everything."""
        if time.monotonic() >= self._rests_until:
            try:
                return call()
            except (RedisError, OSError) as exc:
                self._rests_until = time.monotonic() + REST
                log.warning("redis.away", error=type(exc).__name__)
        return otherwise()

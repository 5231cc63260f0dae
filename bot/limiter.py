"""How fast a platform may be spoken to: counted together through Redis; without Redis each process counts alone."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.aid import Aid

# What the platforms accept (Slack: a message a second and channel, some hundred a minute and workspace; WeCom robots:
# 20 a minute), a little below where they begin to refuse.
PER_PLACE: dict[str, RateLimitItem] = {"slack": RateLimitItemPerSecond(1), "wecom:robot": RateLimitItemPerMinute(18)}
PER_WORKSPACE: dict[str, RateLimitItem] = {
    "slack": RateLimitItemPerMinute(200), "wecom": RateLimitItemPerMinute(1500),
    "playground": RateLimitItemPerSecond(500),
}  # fmt: skip
# WeCom drops the excess over 30 a minute and 1,000 an hour without a word, so the ledger is kept in the database. It
# counts by the clock's minutes and hours, and any sixty seconds can touch two of these: half of what is allowed, and a
# little less for the questions that a door asks.
MEMBER_PER_MINUTE, MEMBER_PER_HOUR = 14, 480

_LEDGER = text(
    """
    insert into send_ledger as s (org_id, workspace_id, recipient, minute, minute_count, hour, hour_count)
    values (:org, :workspace, :recipient, :minute, :cost, :hour, :cost)
    on conflict (org_id, workspace_id, recipient) do update set
        minute_count = case when s.minute = excluded.minute then s.minute_count else 0 end + :cost,
        hour_count = case when s.hour = excluded.hour then s.hour_count else 0 end + :cost,
        minute = excluded.minute, hour = excluded.hour
    where case when s.minute = excluded.minute then s.minute_count else 0 end + :cost <= :per_minute
      and case when s.hour = excluded.hour then s.hour_count else 0 end + :cost <= :per_hour
    returning minute_count
    """
)


class Limiter:
    """Gives or refuses a token for one message. Args: redis_url: None for a limiter of this process alone."""

    def __init__(self, redis_url: str | None) -> None:
        self._alone = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_storage(redis_url)) if redis_url else self._alone
        self._redis = Aid()

    def wait_for(self, platform: str, workspace_id: int, place: str, *, kind: str, cost: int = 1) -> float:
        """Take tokens for this place; 0.0 when they were given, else the seconds after which to try again.

        Args: cost: how many of the platform's messages it takes.
        """
        # The place first: it refuses more often, and what was taken from the workspace would be lost.
        asked = [(PER_PLACE.get(f"{platform}:{kind}") or PER_PLACE.get(platform), f"p:{workspace_id}:{place}")]
        asked.append((PER_WORKSPACE.get(platform), f"w:{workspace_id}"))
        for item, key in asked:
            if item is not None and not self._hit(item, key, min(cost, item.amount)):
                return self._until_free(item, key)
        return 0.0

    def _hit(self, item: RateLimitItem, key: str, cost: int) -> bool:
        return self._redis.ask(
            lambda: self._shared.hit(item, key, cost=cost), lambda: self._alone.hit(item, key, cost=cost)
        )

    def _until_free(self, item: RateLimitItem, key: str) -> float:
        stats = self._redis.ask(
            lambda: self._shared.get_window_stats(item, key), lambda: self._alone.get_window_stats(item, key)
        )
        return max(stats.reset_time - time.time(), 0.05)


def member_wait(
    session: Session, *, org_id: int, workspace_id: int, recipient: str, now: datetime, cost: int = 1
) -> float:
    """Count messages to a member of a platform that drops the excess silently.

    Returns: 0.0 when they were counted, else the seconds until the next minute, when to ask again.
    """
    minute = now.replace(second=0, microsecond=0)
    args = {
        "org": org_id, "workspace": workspace_id, "recipient": recipient, "minute": minute,
        "hour": minute.replace(minute=0), "cost": min(cost, MEMBER_PER_MINUTE),
        "per_minute": MEMBER_PER_MINUTE, "per_hour": MEMBER_PER_HOUR,
    }  # fmt: skip
    if session.scalar(_LEDGER, args) is not None:
        return 0.0
    return (minute + timedelta(minutes=1) - now).total_seconds()


def _storage(url: str) -> Storage:
    address = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
    return RedisStorage(address, socket_timeout=0.5, socket_connect_timeout=0.5)

"""Who asks, and whether they may: the token, its scopes, and how often it was shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from bot.aid import Aid
from bot.app import Bot
from crm.services import api_tokens
from crm.services.api_tokens import Bearer
from crm.uow import UnitOfWork
from crm.vault import fingerprint
from webhooks.api.problems import Problem

PER_MINUTE = 600
MODULE = "api"
_UNKNOWN = "The token is missing, unknown, revoked or too old. An admin makes one in the chat: tokens new"
_bearer = HTTPBearer(auto_error=False, description="A token of `sluice tokens new`, or `tokens new` in the chat.")
T = TypeVar("T")


def shown(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """The token that was shown; "" for none."""
    return credentials.credentials if credentials else ""


class Desk:
    """Lets those in who show a good token. Safe to share by threads."""

    def __init__(self, bot: Bot, per_minute: int = PER_MINUTE) -> None:
        self._database = bot.database
        self._rate = RateLimitItemPerMinute(per_minute)
        self._shared = FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=bot.redis.connection_pool))
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._redis = Aid()

    def read(self, word: str, scope: str, work: Callable[[UnitOfWork, Bearer], T]) -> T:
        """What `work` reads for whoever shows the token. Raises Problem: 401, 403, 404 where the API is off, 429."""
        org_id = api_tokens.organization(word)
        if org_id is None:
            raise Problem(401, _UNKNOWN, WWW_Authenticate="Bearer")
        self._count(fingerprint(word))
        with self._database.begin(org_id) as uow:
            asker = api_tokens.bearer(uow, word)
            if asker is None:
                raise Problem(401, _UNKNOWN, WWW_Authenticate='Bearer error="invalid_token"')
            if MODULE in uow.off:
                raise Problem(404, "There is no such thing.")
            if not asker.may(scope):
                raise Problem(403, f"The token {asker.name!r} lacks the scope {scope}.")
            return work(uow, asker)

    def _count(self, name: str) -> None:
        free, until = self._redis.ask(lambda: self._hit(self._shared, name), lambda: self._hit(self._alone, name))
        if not free:
            wait = max(1, int(until - time.time()) + 1)
            raise Problem(429, "Too many requests with this token.", Retry_After=str(wait))

    def _hit(self, limiter: FixedWindowRateLimiter, name: str) -> tuple[bool, float]:
        free = limiter.hit(self._rate, "api", name)
        return free, 0.0 if free else limiter.get_window_stats(self._rate, "api", name).reset_time

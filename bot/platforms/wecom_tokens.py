"""Access tokens shared by all processes: their home is PostgreSQL, Redis only makes them fast.

WeCom throttles `gettoken` and blocks an address that asks too often, so exactly one process asks, under the database's
lock; the others find its answer.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from redis import Redis
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.aid import Aid
from bot.platforms.base import Unavailable, Workspace
from crm import clock
from crm.models.platform_token import PlatformToken
from crm.vault import Vault, VaultError

if TYPE_CHECKING:
    from crm.db import Database

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('platform_token', :id))")
MARGIN = 300.0
"""Seconds before its end from which a token is not used any more."""


class Token(NamedTuple):
    """An access token and the seconds it may still be used."""

    value: str
    seconds: float


Fetch = Callable[[], Token]


class Tokens(Protocol):
    """Where a client gets its token; safe to share by threads. Both calls raise Unavailable when no store answers."""

    def current(self, workspace: Workspace) -> str | None:
        """The token known now, if any."""
        ...

    def renew(self, workspace: Workspace, stale: str | None, fetch: Fetch) -> str:
        """A token other than `stale`: the one that somebody else has fetched meanwhile, or a new one by `fetch`."""
        ...


class RedisTokens:
    """The fast copy: empty or away at any time, and nobody notices."""

    def __init__(self, redis: Redis) -> None:
        self._redis, self._aid = redis, Aid()

    def read(self, workspace: Workspace) -> str | None:
        raw: Any = self._aid.ask(lambda: self._redis.get(token_key(workspace)), lambda: None)
        return raw.decode() if isinstance(raw, bytes) else raw

    def write(self, workspace: Workspace, token: Token) -> None:
        seconds = max(1, int(token.seconds))
        self._aid.ask(lambda: self._redis.set(token_key(workspace), token.value, ex=seconds), lambda: None)


class DatabaseTokens:
    """The home, encrypted. Expiry is by the machine's clock: a playground's shifted time means nothing to WeCom."""

    def __init__(self, database: Database, vault: Vault, now: clock.TimeSource = clock.wall) -> None:
        self._database, self._vault, self._now = database, vault, now

    def read(self, workspace: Workspace) -> Token | None:
        with self._session() as session:
            return self._find(session, workspace)

    def renew(self, workspace: Workspace, stale: str | None, fetch: Fetch) -> Token:
        """As `Tokens.renew`, alone among all processes; the death of the holder frees the lock."""
        with self._session() as session:
            session.execute(text("set local statement_timeout = '20s'"))
            session.execute(_LOCK, {"id": workspace.id})
            known = self._find(session, workspace)
            if known and known.value != stale:
                return known
            fresh = fetch()
            return self._keep(session, workspace, Token(fresh.value, max(60.0, fresh.seconds - MARGIN)))

    def _find(self, session: Session, workspace: Workspace) -> Token | None:
        query = select(PlatformToken.value, PlatformToken.expires_at)
        query = query.filter_by(workspace_id=workspace.id, key=token_key(workspace))
        row = session.execute(query.where(PlatformToken.expires_at > self._now())).one_or_none()
        return self._opened(row.value, row.expires_at) if row else None

    def _opened(self, sealed: bytes, until: datetime) -> Token | None:
        try:
            return Token(self._vault.open(sealed), (until - self._now()).total_seconds())
        except VaultError:
            return None

    def _keep(self, session: Session, workspace: Workspace, token: Token) -> Token:
        values = {"value": self._vault.seal(token.value), "expires_at": self._now() + timedelta(seconds=token.seconds)}
        row = insert(PlatformToken).values(workspace_id=workspace.id, key=token_key(workspace), **values)
        session.execute(row.on_conflict_do_update(index_elements=["workspace_id", "key"], set_=values))
        return token

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with self._database.begin() as uow:
                yield uow.session
        except SQLAlchemyError as exc:
            raise Unavailable(f"token store {type(exc).__name__}") from None


class SharedTokens:
    """Redis first, then PostgreSQL, then WeCom. Implements `Tokens`."""

    def __init__(self, cache: RedisTokens, home: DatabaseTokens) -> None:
        self._cache, self._home = cache, home
        self._mine: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def current(self, workspace: Workspace) -> str | None:
        return self._cache.read(workspace) or self._remembered(workspace, self._home.read(workspace))

    def renew(self, workspace: Workspace, stale: str | None, fetch: Fetch) -> str:
        # The thread lock comes first, so that one process never waits with more than one database connection.
        with self._mine[workspace.id]:
            token = self._home.renew(workspace, stale, fetch)
        self._cache.write(workspace, token)
        return token.value

    def _remembered(self, workspace: Workspace, token: Token | None) -> str | None:
        if token is None:
            return None
        self._cache.write(workspace, token)
        return token.value


def token_key(workspace: Workspace) -> str:
    """Names a token without telling any part of the secret; a new secret has a new name."""
    parts = (workspace.platform, workspace.external_id, workspace.secrets.get("secret", ""))
    return "token:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

"""The one database: engine, pool, and transactions as the application role.

Every connection runs as `sluice_app`, which owns nothing and is subject to row level security, even when the address
names the owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from psycopg import Connection
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from crm import clock, prepared
from crm.lists import Lists
from crm.uow import Along, UnitOfWork, transaction
from crm.vault import Vault

APP_ROLE = "sluice_app"


class Database:
    """A pool of connections and the door to transactions.

    Args:
        url: `postgresql+psycopg://...`.
        pool_size: connections; give a thread pool no more threads than this.
        statement_timeout_ms: upper bound of one statement.
        time: where `now` comes from.
        muted: transactions tell nobody, see `UnitOfWork`.
        vault: what opens the keys of organizations; without it nothing that needs one can be done.
        via: through which door what is done here comes, where it is not a chat or the engine itself.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        statement_timeout_ms: int = 1500,
        time: clock.TimeSource = clock.wall,
        muted: bool = False,
        vault: Vault | None = None,
        via: Literal["", "cli"] = "",
    ) -> None:
        options = f"-c role={APP_ROLE} -c statement_timeout={statement_timeout_ms} -c timezone=UTC"
        self.url = url
        self.time = time
        self.muted = muted
        self.vault = vault
        self.via = via
        self.engine: Engine = create_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=2, pool_pre_ping=False, pool_use_lifo=True,
            connect_args={"options": options, "connect_timeout": 3},
            hide_parameters=True,
        )  # fmt: skip
        event.listen(self.engine, "connect", _prepare)
        prepared.watch(self.engine)
        self._session = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @contextmanager
    def begin(
        self, org_id: int | None = None, *, delivery: str | None = None, along: Along | None = None
    ) -> Iterator[UnitOfWork]:
        """One transaction: commits when the block ends, rolls back when it raises.

        Args:
            delivery: the key of an inbound delivery, whose row is written first; see `UnitOfWork.is_first`.
            along: what is read in the same statement; see `UnitOfWork.came_along`.
        """
        with self._session() as session:
            made = UnitOfWork(session, time=self.time, muted=self.muted, vault=self.vault, via=self.via)
            with transaction(made, org_id, delivery, along) as uow:
                yield uow

    def session(self) -> Session:
        """A bare session, for health checks and tools."""
        return self._session()

    def close(self) -> None:
        self.engine.dispose()


def _prepare(connection: Connection[Any], _record: object) -> None:
    connection.adapters.register_dumper(list, Lists)

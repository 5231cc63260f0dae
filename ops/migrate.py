"""Bringing a database to the present schema. Run as the owner; the application role is made here and owns nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from bot.platforms import playground_tables as _playground  # noqa: F401  (its tables belong to the metadata)
from crm.models import Base
from ops.reorder import put_behind

METADATA = Base.metadata
TRIES, PAUSE = 30, 0.5  # seconds between them
_LOCK = 5_814_231  # any number, the same for all who migrate


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(url: str) -> None:
    """Migrate to the newest version, and settle what a restored dump brought; two at once wait for each other.

    Others may go on working: where one of them stands in the way of a lock, the step gives way and is tried again.
    Raises OperationalError when it had to give way too often.
    """
    with _owner(url) as engine, engine.connect() as connection:
        # Whoever waits inside of a statement stands in the way of an index that is built while others work.
        while not connection.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            connection.commit()
            time.sleep(PAUSE)
        connection.commit()
        for left in reversed(range(TRIES)):
            try:
                command.upgrade(config(connection), "head")
                break
            except OperationalError as exc:
                connection.rollback()
                if not (left and isinstance(exc.orig, DeadlockDetected | LockNotAvailable)):
                    raise
                time.sleep(PAUSE)
        put_behind(connection)
        connection.commit()


def pending(url: str) -> bool:
    """Whether the database lags behind this version of Sluice."""
    with _owner(url) as engine, engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present != ScriptDirectory.from_config(config()).get_current_head()


@contextmanager
def _owner(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()

"""Statements stay prepared for as long as their connection lives, also when a transaction is rolled back.

psycopg forgets all of them at every rollback, because what they name could have been made by the transaction that is
undone. The application makes no tables; but every refusal is a rollback, after which each statement of that connection
would be parsed and planned anew some ten times, which takes longer than to run it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg._preparing import Prepare, PrepareManager
from sqlalchemy import Engine, ExceptionContext, event

# Classes of errors that say nothing of how a statement was prepared: a rule of the data was broken; somebody was faster
# or held on to a row; the server gave up or went away. See appendix A of PostgreSQL's manual.
_HARMLESS = ("22", "23", "40", "55", "57", "08")
_MOST = 400  # of a connection; the program has some hundred that it repeats


class Kept(PrepareManager):
    """What a connection has prepared; only `forget` empties it."""

    prepared_max = _MOST

    def clear(self) -> bool:
        """Called at a rollback: nothing is forgotten."""
        return False

    def forget(self) -> None:
        """Prepare everything anew, under new names: the old ones may belong to tables that have changed since."""
        self._counts.clear()
        self._names.clear()

    def _should_discard(self, _prep: Prepare, _results: Sequence[Any], *_: Any) -> bool:
        """Asked after each statement; a rollback to a savepoint is one."""
        return False


def keep(connection: psycopg.Connection[Any], _record: object = None) -> None:
    """Have a new connection keep what it prepares."""
    connection._prepared = Kept()  # noqa: SLF001  (psycopg has no other way to it; a test watches)


def doubt(connection: psycopg.Connection[Any], exc: BaseException | None) -> None:
    """Forget what is prepared where an error may come from it, such as that a table has got a column since."""
    state = getattr(exc, "sqlstate", None)
    if state and not state.startswith(_HARMLESS) and isinstance(connection._prepared, Kept):  # noqa: SLF001
        connection._prepared.forget()  # noqa: SLF001


def watch(engine: Engine) -> None:
    """Do both for every connection of an engine."""
    event.listen(engine, "connect", keep)
    event.listen(engine, "handle_error", _failed)


def _failed(context: ExceptionContext) -> None:
    if context.connection is not None and not context.connection.closed:
        doubt(context.connection.connection.driver_connection, context.original_exception)  # type: ignore[arg-type]

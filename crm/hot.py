"""Statements that a claim or a decision is made of, straight to the driver.

SQLAlchemy has the driver describe every column of every result, which for a wide row takes longer than PostgreSQL takes
to read it. Only text without types comes this way; errors leave as SQLAlchemy's, and a broken connection is thrown away
as it would do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, TextClause, TextualSelect
from sqlalchemy.dialects.postgresql import psycopg as dialects
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

_DIALECT = dialects.dialect()  # type: ignore[no-untyped-call]
_KEPT = 1024  # statements; those of the program are constants


Statement = TextClause | TextualSelect


class Rows(list[Any]):
    """What a statement returned: named tuples."""

    def one(self) -> Any:
        """Raises NoResultFound, MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("No row was found when one was required")
        return row

    def one_or_none(self) -> Any:
        """Raises MultipleResultsFound."""
        if len(self) > 1:
            raise MultipleResultsFound("Multiple rows were found when at most one was required")
        return self[0] if self else None

    def all(self) -> list[Any]:
        return self

    def scalar_one(self) -> Any:
        return self.one()[0]

    def mappings(self) -> Iterator[dict[str, Any]]:
        return (row._asdict() for row in self)


def execute(connection: Connection, statement: Statement, args: Mapping[str, Any]) -> Rows:
    """Run a statement in the connection's transaction. Raises what SQLAlchemy would: DBAPIError."""
    raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    cursor = raw.cursor(row_factory=namedtuple_row)
    words = _words(statement)
    try:
        cursor.execute(words, args)
        return Rows(cursor.fetchall() if cursor.rownumber is not None else ())
    except psycopg.Error as exc:
        raise _wrapped(connection, words, args, exc) from exc
    finally:
        cursor.close()


def _wrapped(connection: Connection, words: str, args: Mapping[str, Any], exc: psycopg.Error) -> Exception:
    dialect = connection.dialect
    lost = dialect.is_disconnect(exc, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    wrapped = DBAPIError.instance(
        words, dict(args), exc, psycopg.Error, hide_parameters=connection.engine.hide_parameters,
        connection_invalidated=lost, dialect=dialect,
    )  # fmt: skip
    if lost:
        # As SQLAlchemy does it: where one connection broke, those that wait in the pool are as old and no better.
        connection.engine.pool._invalidate(connection.connection, exc)  # noqa: SLF001
        connection.invalidate(exc)
    return wrapped


@lru_cache(maxsize=_KEPT)
def _words(statement: Statement) -> str:
    """The statement as the driver reads it."""
    return str(statement.compile(dialect=_DIALECT))

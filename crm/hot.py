"""Statements that a claim or a decision is made of, straight to the driver.

SQLAlchemy has the driver describe every column of every result, which for a wide row takes longer than PostgreSQL takes
to read it. Only text without types comes this way; errors leave as SQLAlchemy's, and a broken connection is thrown away
as it would do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, TextClause, TextualSelect
from sqlalchemy.dialects.postgresql import psycopg as dialects
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from crm import prepared

_DIALECT = dialects.dialect()  # type: ignore[no-untyped-call]
_KEPT = 1024  # statements; those of the program are constants
_CURSOR, _MANY = "hot", 200  # rows that are a small answer

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


class Known:
    """A statement as the driver reads it, and what its rows are, which is worked out once."""

    def __init__(self, words: str) -> None:
        # As bytes, because of these Python keeps the hash by which the driver finds what it knows of a statement.
        self.words = words.encode()
        self._make: Callable[[Sequence[Any]], Any] | None = None
        self._columns = 0

    def rows(self, cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
        """The driver asks what to make of a row. A table may have got a column since."""
        many = cursor.pgresult.nfields if cursor.pgresult else 0
        if self._make is None or many != self._columns:
            self._make, self._columns = namedtuple_row(cursor), many
        return self._make


class Cursor(psycopg.Cursor[Any]):
    """A cursor that is told which statement it runs."""

    known: Known


def execute(connection: Connection, statement: Statement, args: Mapping[str, Any]) -> Rows:
    """Run a statement in the connection's transaction. Raises what SQLAlchemy would: DBAPIError."""
    cursor = _cursor(connection)
    cursor.known = known = _known(statement)
    try:
        cursor.execute(known.words, args)
        rows = Rows(cursor.fetchall() if cursor.rownumber is not None else ())
    except psycopg.Error as exc:
        connection.info.pop(_CURSOR, None)
        prepared.doubt(connection.connection.driver_connection, exc)  # type: ignore[arg-type]
        raise _wrapped(connection, known.words.decode(), args, exc) from exc
    if len(rows) > _MANY:
        # It would hold on to them until the next statement.
        connection.info.pop(_CURSOR).close()
    return rows


def _cursor(connection: Connection) -> Cursor:
    """The one cursor of a connection of the driver: to make one takes longer than to use it."""
    found: Cursor | None = connection.info.get(_CURSOR)
    if found is None:
        raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        found = connection.info[_CURSOR] = Cursor(raw, row_factory=_rows)
    return found


def _rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
    assert isinstance(cursor, Cursor), "it is made here"
    return cursor.known.rows(cursor)


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
def _known(statement: Statement) -> Known:
    return Known(str(statement.compile(dialect=_DIALECT)))

"""What a connection has prepared outlives a refusal, and not the tables that it was prepared for."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import TextClause, make_url, text
from sqlalchemy.exc import DBAPIError

from crm.db import Database
from crm.uow import UnitOfWork
from ops.sockets import Sockets

OFTEN = 8  # more than psycopg waits before it prepares
SUM = text("select cast(:a as int) + 1 as more")
GROWS = text("select * from grows")
PREPARED = text("select count(*) from pg_prepared_statements where statement like :like")
WAYS: dict[str, Callable[[UnitOfWork, TextClause, dict[str, Any]], Any]] = {
    "straight": lambda uow, statement, args: uow.execute(statement, args),
    "by SQLAlchemy": lambda uow, statement, args: uow.session.execute(statement, args).all(),
}


@pytest.fixture
def single(migrated_url: str) -> Iterator[Database]:
    """A database with one connection."""
    database = Database(migrated_url, pool_size=1)
    yield database
    database.close()


@pytest.fixture
def grows(engines: Sockets, migrated_url: str) -> Iterator[Any]:
    """A connection of the owner of a table with one column."""
    with engines.connect(make_url(migrated_url).database or "") as owner:
        owner.execute("create table grows as select 1 as one")
        owner.execute("grant select on grows to public")
        yield owner
        owner.execute("drop table grows")


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_makes_a_connection_prepare_nothing_anew(single: Database, way: str) -> None:
    often(single, way, SUM, {"a": 1})
    with pytest.raises(Refused), single.begin():
        raise Refused
    with single.begin() as uow:
        assert uow.session.scalar(PREPARED, {"like": "select cast($1 as int) + 1%"}) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_savepoint_that_is_undone_makes_a_connection_prepare_nothing_anew(single: Database, way: str) -> None:
    often(single, way, SUM, {"a": 1})
    with single.begin() as uow:
        with pytest.raises(Refused):
            tried(uow, way)
        assert uow.session.scalar(PREPARED, {"like": "select cast($1 as int) + 1%"}) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_table_that_has_got_a_column_costs_one_failure_and_is_read_as_it_is_then(
    single: Database, grows: Any, way: str
) -> None:
    often(single, way, GROWS, {})
    grows.execute("alter table grows add two int")
    with pytest.raises(DBAPIError, match="cached plan"), single.begin() as uow:
        WAYS[way](uow, GROWS, {})
    with single.begin() as uow:
        assert [tuple(row) for row in WAYS[way](uow, GROWS, {})] == [(1, None)]


class Refused(Exception):
    """What a transaction is given up for."""


def often(database: Database, way: str, statement: TextClause, args: dict[str, Any]) -> None:
    for _ in range(OFTEN):
        with database.begin() as uow:
            WAYS[way](uow, statement, args)


def tried(uow: UnitOfWork, way: str) -> None:
    """Something that is given up to a savepoint."""
    with uow.session.begin_nested():
        WAYS[way](uow, SUM, {"a": 2})
        raise Refused

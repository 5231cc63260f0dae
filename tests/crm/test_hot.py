"""Statements straight to the driver behave as those of SQLAlchemy do, errors and lost connections included."""

import pytest
from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound, NoResultFound

from crm.db import Database
from tests import build

NUMBERS = text("select n, n * 2 as twice from unnest(cast(:numbers as int[])) as t(n)")
ANN = text("select name from member where org_id = :org and id = :id")


def test_rows_are_read_by_name_by_place_and_as_mappings(database):
    with database.begin() as uow:
        rows = uow.execute(NUMBERS, {"numbers": [1, 2]})
        assert [(row.n, row[1]) for row in rows] == [(1, 2), (2, 4)]
        assert list(uow.execute(NUMBERS, {"numbers": [3]}).mappings()) == [{"n": 3, "twice": 6}]
        assert uow.execute(NUMBERS, {"numbers": [4]}).scalar_one() == 4


def test_one_row_is_one_row(database):
    with database.begin() as uow:
        assert uow.execute(NUMBERS, {"numbers": []}).one_or_none() is None
        with pytest.raises(NoResultFound):
            uow.execute(NUMBERS, {"numbers": []}).one()
        with pytest.raises(MultipleResultsFound):
            uow.execute(NUMBERS, {"numbers": [1, 2]}).one_or_none()


def test_each_statement_keeps_its_own_names(database):
    other = text("select 'x' as word, 7 as seven")
    with database.begin() as uow:
        uow.execute(NUMBERS, {"numbers": [1]})
        assert uow.execute(other, {}).one()._asdict() == {"word": "x", "seven": 7}
        assert [row.twice for row in uow.execute(NUMBERS, {"numbers": list(range(900))})][-1] == 1798
        assert uow.execute(other, {}).one().word == "x"


def test_a_column_that_a_table_gets_meanwhile_is_read(database):
    everything = text("select * from grows")
    with database.begin() as uow:
        uow.session.execute(text("create temporary table grows on commit drop as select 1 as one"))
        assert uow.execute(everything, {}).one()._fields == ("one",)
        uow.session.execute(text("alter table grows add two int"))
        assert uow.execute(everything, {}).one()._fields == ("one", "two")


def test_what_returns_nothing_returns_nothing(database):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        renamed = text("update member set name = 'Anna' where org_id = :org and id = :id")
        assert uow.execute(renamed, {"org": acme.org_id, "id": acme.member["ann"]}) == []
    with database.begin(acme.org_id) as uow:
        assert uow.execute(ANN, {"org": acme.org_id, "id": acme.member["ann"]}).scalar_one() == "Anna"


def test_an_error_leaves_as_sqlalchemys_and_a_savepoint_holds(database):
    acme = build.company(database)
    twice = text("insert into line (org_id, key, name) select org_id, key, name from line")
    with database.begin(acme.org_id) as uow:
        with pytest.raises(IntegrityError) as refused, uow.session.begin_nested():
            uow.execute(twice, {})
        assert isinstance(refused.value.orig, pg.UniqueViolation)
        assert uow.execute(text("select count(*) from line"), {}).scalar_one() == 1


def test_a_lost_connection_is_thrown_away_and_the_next_transaction_has_another(database):
    timed = text("select set_config('transaction_timeout', '1ms', true), pg_sleep(5)")
    with pytest.raises(DBAPIError) as lost, database.begin() as uow:
        uow.execute(timed, {})
    assert lost.value.connection_invalidated
    with database.begin() as uow:
        assert uow.execute(text("select 1"), {}).scalar_one() == 1


def test_where_one_connection_broke_those_that_wait_in_the_pool_are_not_tried(migrated_url):
    database = Database(migrated_url, pool_size=4)
    pid, ends = (
        text("select pg_backend_pid()"),
        text("select set_config('transaction_timeout', '1ms', true), pg_sleep(5)"),
    )
    with database.begin() as one, database.begin() as other:
        before = {one.execute(pid, {}).scalar_one(), other.execute(pid, {}).scalar_one()}
    with pytest.raises(DBAPIError), database.begin() as uow:
        uow.execute(ends, {})
    with database.begin() as one, database.begin() as other:
        after = {one.execute(pid, {}).scalar_one(), other.execute(pid, {}).scalar_one()}
    database.close()
    assert before & after == set()

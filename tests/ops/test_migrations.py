"""Migrations: they make what the models say, they run twice without harm, and never backwards."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from crm.db import APP_ROLE, Database
from ops import migrate
from ops.errors import StartError
from ops.release import check_schema


@pytest.fixture
def connection(migrated_url):
    engine = create_engine(migrated_url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def empty_url(engines, worker_id):
    url = engines.create_database(f"migrations_{worker_id}")
    yield url
    engines.drop_database(f"migrations_{worker_id}")


def tables_of(url):
    engine = create_engine(url)
    names = inspect(engine).get_table_names()
    engine.dispose()
    return names


def test_the_models_say_what_the_migrations_make(connection):
    def ours(_thing, name, kind, _reflected, _compared):
        return kind != "table" or name in migrate.METADATA.tables

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
    assert compare_metadata(context, migrate.METADATA) == []


def test_migrating_twice_changes_nothing(empty_url):
    assert migrate.pending(empty_url)
    migrate.upgrade(empty_url)
    made = tables_of(empty_url)
    migrate.upgrade(empty_url)
    assert tables_of(empty_url) == made
    assert not migrate.pending(empty_url)


@pytest.mark.parametrize(("schema", "starts"), [("0001", False), ("9999", True)])
def test_an_older_schema_stops_the_start_and_that_of_the_next_release_does_not(
    engines, worker_id, migrated_schema, schema, starts
):
    url = engines.create_database(f"behind_{worker_id}", template=migrated_schema)
    database = Database(url, pool_size=2)
    with database.begin() as uow:
        uow.session.execute(text("update alembic_version set version_num = :to"), {"to": schema})
    with nullcontext() if starts else pytest.raises(StartError, match=r"schema 0001.* run sluice migrate"):
        check_schema(database)
    database.close()
    engines.drop_database(f"behind_{worker_id}")


def test_nobody_can_tell_while_the_database_is_away():
    check_schema(Database("postgresql+psycopg://nobody@127.0.0.1:9/none", pool_size=2))


def test_two_who_migrate_at_once_wait_for_each_other(empty_url):
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(migrate.upgrade, [empty_url, empty_url]))
    assert not migrate.pending(empty_url)


def test_there_is_no_way_back_and_it_says_what_to_do(connection):
    with pytest.raises(RuntimeError, match="restore the backup"):
        command.downgrade(migrate.config(connection), "base")
    connection.rollback()
    assert connection.scalar(text("select count(*) from organization")) is not None


def test_a_name_that_no_migration_has_is_refused(connection):
    with pytest.raises(CommandError):
        command.upgrade(migrate.config(connection), "9999")


def test_a_migration_gives_up_rather_than_make_everybody_wait(connection):
    command.upgrade(migrate.config(connection), "head")
    assert connection.scalar(text("show lock_timeout")) == "5s"


def test_the_job_engines_tables_come_along(connection):
    assert {"procrastinate_jobs", "procrastinate_events"} <= set(inspect(connection).get_table_names())


def test_the_application_can_use_what_was_made_and_change_no_table(migrated_url):
    engine = create_engine(migrated_url, connect_args={"options": f"-c role={APP_ROLE}"})
    with engine.connect() as opened:
        assert opened.scalar(text("select count(*) from lead")) == 0
        with pytest.raises(Exception, match="must be owner"):
            opened.execute(text("alter table lead disable row level security"))
    engine.dispose()


def test_an_address_without_a_database_says_so():
    with pytest.raises(OperationalError):
        migrate.upgrade("postgresql+psycopg://nobody@127.0.0.1:9/none")

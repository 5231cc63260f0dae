"""P21: an upgrade from the release before keeps every value, rewrites no table, and its processes go on meanwhile."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from ops import invariants, migrate
from ops.sockets import Sockets
from tests.promises.released import REVISION, OldProcess, open_company
from tests.rounds import rounds

# The statements of old give numbers by themselves instead of from the counter.
NUMBERED = "no lead's number will be given again"
KEPT, BUSY = 1, 2  # organizations: one whose data is compared, one where people go on working
BY_HAND = rounds(short=30, full=300)  # of the leads, as many by the statements of old, one after the other
LEADS = rounds(short=60, full=20_000)
# Seconds that somebody of the former release may wait for the upgrade: five for a hundred thousand leads.
LONGEST_WAIT = rounds(short=60, full=1)
T = TypeVar("T")
VERSIONS = sorted((Path(migrate.__file__).parent / "migrations" / "versions").glob("0*.py"))
COLUMNS = text(
    """
    select c.table_name, array_agg(c.column_name::text order by c.ordinal_position) from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where table_schema = 'public' and t.table_type = 'BASE TABLE' and table_name not like 'procrastinate%'
    group by 1 having bool_or(c.column_name = 'org_id')
    """
)
FILES = text(
    "select relname, pg_relation_filenode(oid) from pg_class"
    " where relkind = 'r' and relnamespace = 'public'::regnamespace"
)
ROWS = (
    "select count(*), md5(string_agg(r, '' order by r))"
    " from (select md5(row({columns})::text) as r from {table} where org_id = :o) each"
)


@pytest.fixture
def url(engines: Sockets, worker_id: str) -> Iterator[str]:
    """A database of the release before, with two companies in it."""
    made = engines.create_database(f"upgrade_{worker_id}")
    engine = create_engine(made)
    with engine.connect() as connection:
        command.upgrade(migrate.config(connection), REVISION)
        connection.commit()
        open_company(connection, KEPT)
        open_company(connection, BUSY)
        connection.commit()
    engine.dispose()
    old = OldProcess(made, KEPT)
    old.leads(1, BY_HAND)
    old.many(BY_HAND + 1, LEADS)
    old.close()
    yield made
    engines.drop_database(f"upgrade_{worker_id}")


def asked(url: str, question: Callable[[Connection], T]) -> T:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = question(connection)
    engine.dispose()
    return found


def checksums(connection: Connection, columns: dict[str, list[str]]) -> dict[str, tuple[int, str]]:
    """By table, how many rows the company has, and a checksum over the columns named."""
    return {
        table: tuple(connection.execute(text(ROWS.format(columns=", ".join(names), table=table)), {"o": KEPT}).one())
        for table, names in columns.items()
    }


def known_columns(connection: Connection) -> dict[str, list[str]]:
    return {row[0]: row[1] for row in connection.execute(COLUMNS)}


def files(connection: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(FILES)}


def test_an_upgrade_keeps_every_value_while_the_old_processes_go_on(url: str) -> None:
    columns = asked(url, known_columns)
    before, stored = asked(url, lambda c: checksums(c, columns)), asked(url, files)
    done, old, waits = Event(), OldProcess(url, BUSY), [0.0]

    def work_on() -> int:
        number = 0
        while not done.is_set():
            began = time.perf_counter()
            try:
                old.leads(number + 1, number + 1)
            except OperationalError:  # a deadlock with the upgrade: a chat's word is done again, too
                continue
            waits.append(time.perf_counter() - began)
            number += 1
        old.leads(number + 1, number + 5)
        return number + 5

    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(work_on)
        try:
            migrate.upgrade(url)
        finally:
            done.set()
        made = working.result()
    old.close()
    print(f"{LEADS} leads, {made} more meanwhile; the longest wait of those who worked: {max(waits):.2f} s")
    assert max(waits) <= LONGEST_WAIT
    assert not migrate.pending(url)
    assert before["lead"][0] == LEADS
    assert asked(url, lambda c: checksums(c, columns)) == before
    after = asked(url, files)
    assert {table for table, file in stored.items() if after.get(table) != file} == set()
    assert asked(url, invariants.broken).keys() == {NUMBERED}
    assert asked(url, lambda c: c.scalar(text("select count(*) from lead where org_id = :o"), {"o": BUSY})) == made


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_no_migration_goes_backwards(path: Path) -> None:
    [down] = [node for node in ast.parse(path.read_text()).body if getattr(node, "name", "") == "downgrade"]
    assert "restore the backup" in ast.unparse(down)

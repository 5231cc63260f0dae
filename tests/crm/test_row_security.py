"""P24: tenants are apart even with a mistake in our statements. The database itself shows no foreign row."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from crm.db import APP_ROLE, Database
from crm.models import Base
from ops.migrations.versions import TENANT_EXEMPT
from tests import build

TENANT = sorted(
    table.name
    for table in Base.metadata.tables.values()
    if "org_id" in table.columns and table.name not in TENANT_EXEMPT
)


@pytest.fixture
def two(database, time):
    """Two companies with leads, tasks and all that comes along."""
    companies = build.company(database), build.company(database)
    for one in companies:
        with database.begin(one.org_id) as uow:
            lead = build.lead(uow, one, owner="ann", name="Secret")
            build.task(uow, one, "ann", due_at=uow.now, lead_id=lead)
            build.group(uow, one, "slack", team="north")
            build.rule_set(uow, "claim: {per_day: 5}")
            uow.notify("tour", to=one.member["ann"], key="tour", data={"step": 1})
    return companies


def test_a_statement_without_any_filter_sees_own_rows_only(database, two):
    mine, _ = two
    with database.begin(mine.org_id) as uow:
        seen = {table: set(uow.session.scalars(text(f"select distinct org_id from {table}"))) for table in TENANT}
    assert {table: orgs for table, orgs in seen.items() if not orgs <= {mine.org_id}} == {}


def test_the_tables_that_matter_have_rows_to_hide(database, two):
    mine, _ = two
    with database.begin(mine.org_id) as uow:
        counts = {
            name: uow.session.scalar(text(f"select count(*) from {name}"))
            for name in ("lead", "person", "person_key", "assignment", "task", "member", "message", "rule_set")
        }
    assert all(counts.values())


def test_a_fresh_connection_without_a_tenant_sees_nothing(migrated_url, two):
    database = Database(migrated_url, pool_size=1)
    with database.session() as session:
        seen = {table: session.scalar(text(f"select count(*) from {table}")) for table in TENANT}
    database.close()
    assert {table: rows for table, rows in seen.items() if rows} == {}


def test_a_connection_that_served_one_tenant_remembers_nothing_of_it(migrated_url, two):
    database = Database(migrated_url, pool_size=1)
    mine, _ = two
    with database.begin(mine.org_id) as uow:
        assert uow.session.scalar(text("select count(*) from lead")) == 1
    with database.session() as session:
        assert session.scalar(text("select count(*) from lead")) == 0
    with database.begin() as uow:
        assert uow.session.scalar(text("select count(*) from lead")) == 0
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update lead set score = 99 where id = :lead",
        "delete from task where lead_id = :lead",
        "update person set name = 'Gone'",
    ],
)
def test_foreign_rows_cannot_be_changed_either(database, two, statement):
    mine, theirs = two
    with database.begin(theirs.org_id) as uow:
        lead = uow.session.scalar(text("select id from lead"))
    with database.begin(mine.org_id) as uow:
        uow.session.execute(text(statement), {"lead": lead})
    with database.begin(theirs.org_id) as uow:
        kept = uow.session.execute(
            text("select l.score, p.name, (select count(*) from task) as tasks from lead l join person p on true")
        ).one()
    assert tuple(kept) == (0, "Secret", 1)


def test_nothing_can_be_written_for_somebody_else(database, two):
    mine, theirs = two
    smuggle = text("insert into pool (org_id, key, name) values (:other, 'x', 'X')")
    with pytest.raises(DBAPIError, match="row-level security"), database.begin(mine.org_id) as uow:
        uow.session.execute(smuggle, {"other": theirs.org_id})


def test_the_search_behind_the_wall_keeps_to_the_tenant(database, two):
    mine, _ = two
    search = text("select person_id from sluice_search('secret', '', '{}', 0, 'admin', '{}', '{}', true, 100)")
    with database.begin(mine.org_id) as uow:
        found = uow.session.scalars(search).all()
        own = uow.session.scalars(text("select id from person")).all()
    assert found == own
    with database.session() as session:
        assert session.scalars(search).all() == []


def test_every_tenant_table_is_behind_the_wall_and_the_application_owns_none(database):
    with database.session() as session:
        rows = session.execute(
            text(
                "select relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) as owner from pg_class"
                " where relkind = 'r' and relnamespace = 'public'::regnamespace and relname = any(:names)"
            ),
            {"names": TENANT},
        ).all()
    assert {row.relname for row in rows} == set(TENANT)
    assert all(row.relrowsecurity and row.relforcerowsecurity for row in rows)
    assert APP_ROLE not in {row.owner for row in rows}


def test_the_application_is_no_superuser_and_passes_no_wall(database):
    with database.session() as session:
        role = session.execute(
            text("select rolname, rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user")
        ).one()
    assert tuple(role) == (APP_ROLE, False, False, False)

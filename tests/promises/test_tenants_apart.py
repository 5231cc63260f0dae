"""P24: tenants are apart even with a mistake in our code: with all filters taken out, nothing foreign is seen or found.

Two companies hold the same people under the same names and numbers; what the other one has of its own bears a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, text

from crm.clock import DrivenClock, wall
from crm.db import Database
from crm.rules.access import Actor
from crm.services import leads, members
from ops.migrations.versions import TENANT_EXEMPT
from tests import build
from tests.promises.access import stage
from tests.promises.access.bare import without_filters
from tests.promises.access.stage import Stage
from tests.promises.test_access_table import ADMIN, Way, buttons, verbs, words

FOREIGN = "Foreign Falcon"
CROWD = text(
    "insert into person (org_id, name, company, title, note, created_at)"
    " select :o, 'Namesake ' || n, 'Common Tea', '', '', :now from generate_series(1, 20000) n"
)
KEYS = text(
    "insert into person_key (org_id, person_id, kind, value)"
    " select org_id, id, 'phone', '+86139' || lpad(cast(id as text), 8, '0') from person where org_id = :o"
    " and company = 'Common Tea'"
)


def of_both(house: Stage) -> None:
    """What the first company has, the other one has too: the same names and phones, in a firm of another name."""
    with house.database.begin(house.other.org_id) as uow:
        for name, phone in ((stage.NAME, stage.PHONE), ("Free Fred", stage.FREE_PHONE)):
            owner = "ann" if name == stage.NAME else None
            build.lead(uow, house.other, owner=owner, name=name, firm=FOREIGN, phone=f"+86{phone}")
        lead = build.lead(uow, house.other, owner="ada", name=f"{stage.NAME} II", firm=FOREIGN)
        build.task(uow, house.other, "ann", due_at=uow.now, lead_id=lead)
        uow.session.execute(text("update member set name = name || ' Foreigner' where org_id = :o"), {"o": uow.org_id})
        uow.session.execute(text("update pool set name = name || ' Foreign' where org_id = :o"), {"o": uow.org_id})


@pytest.fixture(scope="module")
def house(shared_database: Database) -> Iterator[Stage]:
    shared_database.time = time = DrivenClock(build.NOW)
    made = Stage(shared_database, time)
    of_both(made)
    yield made
    shared_database.time = wall


@pytest.mark.parametrize("ways", [words, buttons, verbs], ids=["typed", "tapped", "called"])
def test_without_any_filter_everything_is_as_it_was_and_nothing_foreign_is_seen(
    house: Stage, ways: Callable[[Stage], Iterator[Way]]
) -> None:
    """As an admin, who sees all there is."""
    with without_filters(house.database.engine) as taken, house.tries() as attempt:
        cells = {way.row: (way.expected[ADMIN], attempt("admin", way.deed)) for way in ways(house)}
    assert taken.filters > 500
    assert {row: cell for row, (sign, cell) in cells.items() if cell.outcome != sign} == {}
    assert [row for row, (_, cell) in cells.items() if "Foreign" in cell.shown] == []


def test_it_is_the_wall_that_keeps_them_apart(house: Stage, migrated_url: str) -> None:
    """The same as the owner of the database, for whom there is none."""
    found = text(f"select distinct company from person where org_id = :org and name = '{stage.NAME}'")
    owner = create_engine(migrated_url)
    with owner.connect() as connection, without_filters(owner):
        seen = connection.execute(found, {"org": house.acme.org_id}).scalars().all()
    owner.dispose()
    assert {stage.FIRM, FOREIGN} <= set(seen)


def test_every_table_of_the_database_that_names_a_tenant_is_behind_the_wall(database: Database) -> None:
    open_ = text(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'"
        " where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"
        " and not (c.relrowsecurity and c.relforcerowsecurity and exists ("
        "   select from pg_policy p where p.polrelid = c.oid and pg_get_expr(p.polqual, c.oid) like '%sluice.org_id%'))"
    )
    with database.session() as session:
        assert set(session.scalars(open_)) <= set(TENANT_EXEMPT)


@pytest.fixture(scope="module")
def crowded(house: Stage, migrated_url: str) -> str:
    """Ours has thousands of people by now, and one who is called otherwise."""
    ref = house.scene.lead(owner="ann", name="Zoë Quist", firm="Rarest Tea 稀茗斋茶业", phone="+8613712349876")
    owner = create_engine(migrated_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        args = {"o": house.acme.org_id, "now": build.NOW}
        # Between the two, or each key's person is looked for as if there were a handful of them.
        for statement in (CROWD, text("vacuum (analyze) person"), KEYS, text("vacuum (analyze) person_key")):
            connection.execute(statement, args if statement in (CROWD, KEYS) else {})
    owner.dispose()
    return ref


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ("quist", "ix_person_spread"),
        ("rarest", "ix_person_spread"),
        ("茗斋", "ix_person_spread"),
        ("9876", "ix_person_key_tail"),
    ],
)
def test_search_uses_its_indexes_as_the_application_and_keeps_to_the_company(
    house: Stage, crowded: str, said: str, index: str
) -> None:
    scans = text(f"select pg_stat_get_xact_numscans('{index}'::regclass)")
    with house.scene.uow() as uow:
        ada: Actor = members.get(uow, house.acme.member["ada"])
        found = [lead.ref for lead in leads.find(uow, actor=ada, words=said)]
        assert (found, uow.session.scalar(scans) > 0) == ([crowded], True)


def test_what_is_called_the_same_in_both_is_found_in_ones_own_alone(house: Stage) -> None:
    with house.scene.uow() as uow:
        ada = members.get(uow, house.acme.member["ada"])
        found = [leads.find(uow, actor=ada, words=said) for said in (stage.NAME, stage.FIRM, stage.PHONE[-4:])]
    assert {lead.company for each in found for lead in each} == {stage.FIRM}
    assert all(found)

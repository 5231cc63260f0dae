"""A dump that was restored elsewhere: what happened before lies before what happens from now on."""

import pytest
from sqlalchemy import create_engine, text

from crm.db import Database
from crm.services import happenings, hook_planning, hooks, timeline
from crm.services.happenings import Place
from crm.vault import Vault
from ops import migrate
from tests import build
from tests.promises.processes import until

AHEAD = 2**40


@pytest.fixture
def restored(own_url):
    """A company whose facts bear the numbers of a database that had counted much further."""
    database = Database(own_url, pool_size=2)
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme)
        hooks.create(uow, Vault(build.SECRET), actor=None, url="https://erp.acme.example/", topics=[])
        for verb in ("noted", "logged"):
            timeline.note(uow, lead_id=lead, verb=verb, actor_id=None)
    engine = create_engine(own_url)
    with engine.begin() as owner:
        owner.execute(text("update activity set xact = xact + :n"), {"n": AHEAD})
        owner.execute(text("update hook set xact = xact + :n"), {"n": AHEAD})
    engine.dispose()
    yield database, acme, lead
    database.close()


def test_what_came_from_elsewhere_is_read_before_what_comes(restored, own_url):
    database, acme, lead = restored
    migrate.upgrade(own_url)
    with database.begin(acme.org_id) as uow:
        timeline.note(uow, lead_id=lead, verb="touched", actor_id=None)

    def told():
        with database.begin(acme.org_id) as uow:
            return [each.topic for each in happenings.after(uow, Place(), 10)]

    until(lambda: len(told()) == 3)
    assert told() == ["follow_up.noted", "follow_up.logged", "lead.touched"]
    with database.begin(acme.org_id) as uow:
        hook_planning.plan(uow)
        assert list(uow.session.scalars(text("select topic from hook_call"))) == ["lead.touched"]


def test_a_database_of_its_own_is_left_as_it_is(own_url):
    migrate.upgrade(own_url)
    database = Database(own_url, pool_size=2)
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        timeline.note(uow, lead_id=build.lead(uow, acme), verb="noted", actor_id=None)
        before = uow.session.scalar(text("select xact from activity where org_id = :o"), {"o": uow.org_id})
    migrate.upgrade(own_url)
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select xact from activity where org_id = :o"), {"o": uow.org_id}) == before > 0
    database.close()

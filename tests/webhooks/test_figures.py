"""What Prometheus is told about this installation."""

from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.testclient import TestClient

from crm.db import Database
from tests import build
from webhooks import health


@pytest.fixture
def acme(database, time):
    return build.company(database)


def figures(database):
    """The samples of one visit, by name and labels."""
    app = FastAPI()
    app.include_router(health.router(SimpleNamespace(database=database)))
    told = TestClient(app).get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def test_owed_and_dead_messages_are_told_for_each_organization(database, acme):
    with database.begin(acme.org_id) as uow:
        key = uow.session.scalar(text("select key from organization where id = :o"), {"o": acme.org_id})
        for number in range(3):
            uow.notify("leads.transferred", to=acme.member["ann"], key=str(number), data={"leads": []})
    with database.begin(acme.org_id) as uow:
        uow.session.execute(
            text("update message set state = 'dead' where org_id = :o and key = '0'"), {"o": acme.org_id}
        )
    told = figures(database)
    assert told["sluice_database_up",] == 1
    assert told["sluice_messages", key, "owed"] == 2
    assert told["sluice_messages", key, "dead"] == 1
    assert told["sluice_jobs", "waiting"] >= 3


def test_without_a_database_the_page_still_answers():
    nowhere = Database("postgresql+psycopg://nobody@/none?host=/nowhere", pool_size=1)
    told = figures(nowhere)
    nowhere.close()
    assert told["sluice_database_up",] == 0
    assert ("sluice_workers",) not in told


def test_leads_that_wait_for_somebody_and_what_went_back_are_told(database, acme):
    with database.begin(acme.org_id) as uow:
        key = uow.session.scalar(text("select key from organization where id = :o"), {"o": acme.org_id})
        held, taken = build.lead(uow, acme), build.lead(uow, acme, owner="ann")
        args = {"o": acme.org_id, "now": uow.now, "held": held, "taken": taken}
        uow.session.execute(
            text(
                "update lead set held_by = 'nobody', held_since = cast(:now as timestamptz) - interval '90 s'"
                " where org_id = :o and id = :held"
            ),
            args,
        )
        uow.session.execute(
            text(
                "update assignment set ended_at = :now, ended_by = 'recycled', reason = 'no_follow_up'"
                " where org_id = :o and lead_id = :taken"
            ),
            args,
        )
    told = figures(database)
    assert told["sluice_held_leads", key] == 1
    assert told["sluice_oldest_held_lead_seconds", key] == pytest.approx(90, abs=1)
    assert told["sluice_recycled_last_hour", key] == 1

"""What Prometheus is told about this installation."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.testclient import TestClient

from crm.db import Database
from tests import build, command_line
from tests.promises.processes import free_port
from webhooks import health


@pytest.fixture(scope="module")
def shared_database(own_database: Database) -> Database:
    return own_database


@pytest.fixture
def acme(database, time):
    return build.company(database)


def figures(database):
    """The samples of one visit, by name and labels."""
    site = FastAPI()
    site.include_router(health.router(SimpleNamespace(database=database)))
    told = TestClient(site).get("/metrics").text
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
    assert [told["sluice_dead_letters", kind, key] for kind in ("message", "call", "fetch")] == [1, 0, 0]
    assert told["sluice_jobs", "waiting"] >= 3
    assert told["sluice_jobs", "failed"] >= 0
    assert told["sluice_oldest_job_seconds",] > 0


def test_how_long_the_oldest_message_waits_and_whether_a_worker_lives_are_told(database, time, acme):
    with database.begin(acme.org_id) as uow:
        key = uow.session.scalar(text("select key from organization where id = :o"), {"o": acme.org_id})
        uow.notify("leads.transferred", to=acme.member["ann"], key="k", data={"leads": []})
    before = figures(database)["sluice_workers",]
    time.advance(minutes=7)
    with database.begin() as uow:
        uow.session.execute(text("insert into procrastinate_workers (last_heartbeat) values (now())"))
    told = figures(database)
    with database.begin() as uow:
        uow.session.execute(text("delete from procrastinate_workers"))
    assert told["sluice_oldest_message_seconds", key] == 420
    assert told["sluice_workers",] == before + 1


def test_the_page_of_operations_names_every_figure_and_no_other(database, acme):
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
    told = {name for name, *_labels in figures(database) if name.startswith("sluice_")}
    counted = {family.name for family in REGISTRY.collect() if family.name.startswith("sluice_")}
    named = {word.removesuffix("_total") for word in re.findall(r"`(sluice_\w+)", page.partition("### Metrics")[2])}
    assert named - {"sluice_app"} == {re.sub("_(total|bucket|sum|count|created)$", "", name) for name in told | counted}


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


def test_a_worker_serves_what_it_counts_at_the_port_it_was_given(monkeypatch, own_url, redis_url):
    def told():
        return urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()

    async def at_work(bot, *, concurrency):
        seen.append((concurrency, "sluice_deliveries_total" in await asyncio.to_thread(told)))
        bot.database.close()  # which ends with its process otherwise

    seen, port = [], free_port()
    settings = {"DATABASE_URL": own_url, "REDIS_URL": redis_url, "SECRET_KEY": build.SECRET, "METRICS_PORT": port}
    for name, value in settings.items():
        monkeypatch.setenv(f"SLUICE_{name}", str(value))
    monkeypatch.setattr("ops.worker.work_off", at_work)
    monkeypatch.setattr("ops.cli.configure", lambda: None)
    assert command_line.sluice(["worker", "--once", "--concurrency", "3"]).exit_code == 0
    assert seen == [(3, True)]

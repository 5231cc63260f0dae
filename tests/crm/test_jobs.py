"""What runs by itself: each duty does what has fallen due, once, whatever happens to the others."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.db import Database
from crm.services import clocks, dealing, dropped_sheets, members
from tests import build

RULES = """
recycle: [{name: calls, no_follow_up: 1d}]
warn: [4h]
dispatch: [{name: all, nobody: hold}]
"""


@pytest.fixture
def database(own_url):
    """A database of this file's own, because a tick does what is due wherever it is."""
    made = Database(own_url, pool_size=6, statement_timeout_ms=20_000)
    yield made
    made.close()


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def sql(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(statement), {"o": acme.org_id} | args).all()


def topics(database, acme):
    return sorted(row.topic for row in sql(database, acme, "select topic from message where org_id = :o"))


def test_a_tick_reminds_warns_recycles_and_deals(database, acme, time):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update member set on_duty = false where org_id = :o"), {"o": acme.org_id})
        owned = build.lead(uow, acme, owner="ann")
        build.task(uow, acme, "ann", due_at=uow.now + timedelta(minutes=5))
        dealing.deal(uow, [build.lead(uow, acme)])
        clocks.restart(uow, [owned])
    jobs.tick(database)
    assert topics(database, acme) == ["dispatch.held"]
    time.advance(hours=7)
    sql(database, acme, "update member set on_duty = true where org_id = :o returning id")
    jobs.tick(database)
    assert topics(database, acme)[1:] == ["lead.dispatched", "lead.warning", "lead.warning_copy", "task.due"]
    time.advance(hours=17)
    jobs.tick(database)
    assert topics(database, acme)[4:] == ["leads.recycled", "pool.recycled", "task.due"]
    assert sql(database, acme, "select count(*) from assignment where org_id = :o and ended_by = 'recycled'") == [(1,)]


def test_a_second_tick_at_once_changes_nothing(database, acme, time):
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann")
        build.task(uow, acme, "ann", due_at=uow.now, lead_id=lead)
        clocks.restart(uow, [lead])
    time.advance(days=1)
    jobs.tick(database)
    before = sql(database, acme, "select * from message where org_id = :o order by id")
    jobs.tick(database)
    assert sql(database, acme, "select * from message where org_id = :o order by id") == before


def test_one_duty_that_fails_keeps_no_other_from_happening(database, acme, time, monkeypatch):
    with database.begin(acme.org_id) as uow:
        clocks.restart(uow, [build.lead(uow, acme, owner="ann")])
    time.advance(days=1)
    monkeypatch.setattr("crm.services.tasks.remind_due", explode)
    jobs.tick(database)
    assert topics(database, acme) == ["leads.recycled", "pool.recycled"]


def explode(uow):
    raise RuntimeError("disk full")


def test_an_import_is_dealt_in_the_background(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(5)]
    jobs.deal_leads(database, org_id=acme.org_id, lead_ids=leads)
    jobs.deal_leads(database, org_id=acme.org_id, lead_ids=leads)
    assert sql(database, acme, "select count(*), count(distinct lead_id) from assignment where org_id = :o") == [(5, 5)]


def test_a_list_that_nobody_decided_about_goes_in_time(database, acme, time):
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        for name in ("left", "cancelled"):
            job = dropped_sheets.announce(uow, actor=ann, workspace_id=1, name=name, handle={})
            dropped_sheets.show(uow, job.id, digest="d", sample=[["Lu Wei"]], found={"mapping": {}})
        dropped_sheets.cancel(uow, actor=ann, job_id=job.id)
    time.advance(days=500)
    jobs.purge(database)
    assert sql(database, acme, "select name, rows from import_job where org_id = :o") == [("cancelled", None)]


def test_technical_records_are_purged_when_they_are_old_and_history_stays(database, acme, time):
    with database.begin(acme.org_id) as uow:
        dealing.deal(uow, [build.lead(uow, acme)])
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update message set state = 'sent'"))
        came_in = text("insert into delivery (key, org_id, at) values (:k, :o, :t)")
        uow.session.execute(came_in, {"k": f"k{acme.org_id}", "o": acme.org_id, "t": uow.now})
    time.advance(days=6)
    jobs.purge(database)
    assert len(topics(database, acme)) == 1
    assert sql(database, acme, "select count(*) from delivery where org_id = :o") == [(1,)]
    time.advance(days=500)
    jobs.purge(database)
    assert topics(database, acme) == []
    for table, left in (("delivery", 0), ("decision", 0), ("assignment", 1), ("activity", 1), ("lead", 1)):
        assert sql(database, acme, f"select count(*) from {table} where org_id = :o") == [(left,)]


@pytest.mark.parametrize(("days", "left"), [("3d", 0), ("9d", 1)])
def test_what_platforms_sent_is_kept_for_as_long_as_the_rules_say(database, acme, time, days, left):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, f"keep: {{deliveries: {days}}}")
        came_in = text("insert into delivery (key, org_id, at) values (:k, :o, :t)")
        uow.session.execute(came_in, {"k": f"kept{acme.org_id}", "o": acme.org_id, "t": uow.now})
    time.advance(days=5)
    jobs.tidy(database, acme.org_id)
    assert sql(database, acme, "select count(*) from delivery where org_id = :o") == [(left,)]


def test_what_is_held_for_somebody_is_owed_however_old_it_is(database, acme, time):
    with database.begin(acme.org_id) as uow:
        for key in ("held", "dropped"):
            uow.notify("tour", to=acme.member["ann"], key=key)
        uow.flush()
        uow.session.execute(text("update message set state = key where org_id = :o"), {"o": acme.org_id})
    time.advance(days=99)
    jobs.tidy(database, acme.org_id)
    assert sql(database, acme, "select state from message where org_id = :o") == [("held",)]


def test_work_that_moves_nothing_is_left_for_the_next_time(database, acme, monkeypatch):
    rounds = []
    monkeypatch.setattr(jobs, "ROUNDS", 3)
    monkeypatch.setattr(jobs.tasks, "remind_due", lambda uow: rounds.append(uow.org_id) or jobs.tasks.CHUNK)
    jobs.remind(database, acme.org_id)
    assert rounds == [acme.org_id] * 3

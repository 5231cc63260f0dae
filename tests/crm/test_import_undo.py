"""An import is taken back as a whole within a day, but for the leads on which somebody has worked."""

import pytest
from sqlalchemy import text

from crm.errors import NotAllowed
from crm.errors_of_waiting import RunNotFound
from crm.rules import sheet_row
from crm.rules.arrival import Arrival
from crm.rules.sheet_row import Reading
from crm.services import file_import, intake, members, rewinding, timeline
from tests import build

HEADER = ["name", "phone", "note", "owner"]


@pytest.fixture
def acme(database, time):
    return build.company(database, rules="{}")


@pytest.fixture
def bring(database, acme):
    """Take rows in as one file; the id of the run."""

    def take(*rows):
        with database.begin(acme.org_id) as uow:
            reading = Reading(HEADER, dict(enumerate(HEADER)), "CN", "file", owners=file_import.owners(uow))
            read = [sheet_row.read(reading, line, row.split("|")) for line, row in enumerate(rows, start=2)]
            job = file_import.begin(uow, name="fair.csv", digest="fair")
            file_import.take(uow, read, job_id=job.id, source=None)
            return job.counters["run"]

    return take


@pytest.fixture
def undo(database, acme):
    def take_back(run, who="ada"):
        with database.begin(acme.org_id) as uow:
            actor = members.get(uow, acme.member[who])
            rewinding.rewind(uow, actor=actor, run_id=run)
        rewinding.work_off(database, org_id=acme.org_id, run_id=run, by_id=actor.id)

    return take_back


def read(database, acme, words):
    with database.begin(acme.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(text(words))]


ROWS = ("Lu|13800138000|asked for a price|Ann Li", "Wu|13900139000||")


def test_what_nobody_has_worked_on_is_gone_with_its_persons(database, acme, bring, undo, time):
    run = bring(*ROWS)
    time.advance(hours=2)
    undo(run)
    assert read(database, acme, "select distinct status from lead") == [("void",)]
    assert read(database, acme, "select name, erased_at is not null from person") == [("", True)] * 2
    assert read(database, acme, "select count(*) from person_key") == [(0,)]
    assert read(database, acme, "select count(*) from activity where words is not null") == [(0,)]
    assert read(database, acme, "select holding from rep_load where holding <> 0") == []
    assert read(database, acme, "select count(*) from assignment where ended_at is null") == [(0,)]


def test_a_lead_that_somebody_has_worked_on_stays(database, acme, bring, undo, time):
    run = bring(*ROWS)
    time.advance(minutes=5)
    with database.begin(acme.org_id) as uow:
        lead = uow.session.scalar(text("select id from lead where owner_id is not null"))
        timeline.note(uow, lead_id=lead, verb="logged", actor_id=acme.member["ann"], words="called")
    undo(run)
    assert read(database, acme, "select status from lead order by id") == [("open",), ("void",)]
    assert read(database, acme, "select name from person order by id") == [("Lu",), ("",)]
    told = read(database, acme, "select card->>'back', card->>'kept_in_all' from message where topic = 'run.rewound'")
    assert told == [("1", "1")]


def test_a_customer_who_came_in_again_meanwhile_stays(database, acme, bring, undo, time):
    run = bring(*ROWS)
    time.advance(minutes=5)
    with database.begin(acme.org_id) as uow:
        intake.take_in(uow, source=None, arrival=Arrival(name="Wu", phone="13900139000"))
    undo(run)
    assert read(database, acme, "select status from lead order by id") == [("void",), ("open",)]


def test_a_person_who_was_known_before_stays_known(database, acme, bring, undo, time):
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, phone="+8613800138000", status="lost", stage="lost")
    time.advance(minutes=5)
    undo(bring(*ROWS))
    assert read(database, acme, "select count(*) from person_key") == [(1,)]
    assert read(database, acme, "select status from lead order by id") == [("lost",), ("void",), ("void",)]


def test_the_same_file_can_be_taken_in_once_more(database, acme, bring, undo, time):
    undo(bring(*ROWS))
    time.advance(minutes=5)
    bring(*ROWS)
    assert read(database, acme, "select status from lead order by id") == [("void",)] * 2 + [("open",)] * 2


def test_twice_takes_nothing_more(database, acme, bring, undo):
    run = bring(*ROWS)
    undo(run)
    undo(run)
    assert read(database, acme, "select count(*) from activity where verb = 'rewound'") == [(2,)]


def test_it_is_among_the_runs_with_what_it_brought(database, acme, bring):
    run = bring(*ROWS)
    with database.begin(acme.org_id) as uow:
        found = rewinding.recent(uow, actor=members.get(uow, acme.member["ada"]))
    assert [(one.id, one.kind, one.moved) for one in found] == [(run, "import", 2)]


def test_only_an_admin_and_only_within_a_day(database, acme, bring, undo, time):
    run = bring(*ROWS)
    with pytest.raises(NotAllowed):
        undo(run, "mia")
    time.advance(days=1, minutes=1)
    with pytest.raises(RunNotFound):
        undo(run)

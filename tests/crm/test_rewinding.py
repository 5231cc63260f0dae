"""A run is taken back as a whole: owners, tasks, capacity and what people were told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import NotAllowed, Refusal
from crm.errors_of_waiting import RunNotFound
from crm.services import assignments, clocks, dealing, members, recycling, rewinding
from tests import build

DAY = timedelta(days=1)
RULES = """
recycle: [{name: calls, no_follow_up: 7d, to: north}]
warn: []
breaker: {at_least: 100000}
claim: {capacity: {default: 4}, cool_down: 0h}
dispatch:
- {name: web, to: {departments: [north]}, working_hours: false}
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def made(database, acme, count=1, **facts):
    with database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme, **facts) for _ in range(count)]
        clocks.restart(uow, ids)
        return ids


def swept(database, acme, time):
    time.set(build.NOW + 7 * DAY)
    recycling.sweep(database, acme.org_id)
    return sql(database, acme, "select max(id) as id from run where org_id = :o and kind = 'recycle'")[0].id


def rewound(database, acme, run, name="ada"):
    with database.begin(acme.org_id) as uow:
        rewinding.rewind(uow, actor=members.get(uow, acme.member[name]), run_id=run)
    jobs.BY_NAME["rewind_run"](database, org_id=acme.org_id, run_id=run, by_id=acme.member[name])
    told = "select card from message where org_id = :o and topic = 'run.rewound' order by id desc limit 1"
    return sql(database, acme, told)[0].card


def sql(database, acme, query, **args):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(query), args | {"o": acme.org_id}).all()


def owners(database, acme):
    return [row[0] for row in sql(database, acme, "select owner_id from lead where org_id = :o order by id")]


def holds(database, acme, name):
    who = "select holding from rep_load where org_id = :o and member_id = :m"
    return sql(database, acme, who, m=acme.member[name])[0].holding


def claim(database, acme, name, lead_id):
    with database.begin(acme.org_id) as uow:
        number = build.read(uow, lead_id).number
        assignments.claim(uow, actor=members.get(uow, acme.member[name]), ref=f"L-{number}")


def test_untouched_leads_are_their_former_owners_again(database, acme, time):
    ids = made(database, acme, 2, owner="ann")
    with database.begin(acme.org_id) as uow:
        build.task(uow, acme, "ann", due_at=uow.now + DAY, lead_id=ids[0])
    run = swept(database, acme, time)
    found = rewound(database, acme, run)
    assert (found["back"], found["kept"], found["full"]) == (2, [], [])
    assert owners(database, acme) == [acme.member["ann"]] * 2
    assert holds(database, acme, "ann") == 2
    assert sql(database, acme, "select state from task where org_id = :o") == [("open",)]
    history = "select began_by, ended_by from assignment where org_id = :o and lead_id = :l order by id"
    assert sql(database, acme, history, l=ids[0]) == [("claim", "recycled"), ("rewound", None)]
    pools = sql(database, acme, "select distinct pool_id from lead where org_id = :o")
    assert pools == [(acme.pool["open"],)]


def test_they_are_not_taken_again_at_the_next_look(database, acme, time):
    made(database, acme, 2, owner="ann")
    rewound(database, acme, swept(database, acme, time))
    time.advance(minutes=1)
    assert recycling.sweep(database, acme.org_id) == 0
    due = sql(database, acme, "select distinct recycle_at from lead where org_id = :o")
    assert due == [(build.NOW + 10 * DAY,)]


def test_what_somebody_has_claimed_since_stays_there(database, acme, time):
    ids = made(database, acme, 2, owner="ann")
    run = swept(database, acme, time)
    claim(database, acme, "bob", ids[0])
    found = rewound(database, acme, run)
    assert (found["back"], found["kept"]) == (1, [ids[0]])
    assert owners(database, acme) == [acme.member["bob"], acme.member["ann"]]


def test_nobody_gets_back_more_than_there_is_room_for(database, acme, time):
    ids = made(database, acme, 3, owner="ann")
    run = swept(database, acme, time)
    made(database, acme, 2, owner="ann")
    found = rewound(database, acme, run)
    assert (found["back"], found["full"]) == (2, ids[2:])
    assert holds(database, acme, "ann") == 4


def test_twice_is_harmless(database, acme, time):
    ids = made(database, acme, 2, owner="ann")
    run = swept(database, acme, time)
    rewound(database, acme, run)
    time.advance(minutes=1)
    again = rewound(database, acme, run)
    assert (again["back"], again["kept"]) == (0, ids)
    assert holds(database, acme, "ann") == 2


def test_a_message_still_owed_is_withdrawn_and_a_sent_one_corrected(database, acme, time):
    ids = made(database, acme, 1, owner="ann") + made(database, acme, 1, owner="bob")
    run = swept(database, acme, time)
    sql(
        database, acme,
        "update message set state = 'sent', attempt = 1 where org_id = :o and member_id = :m returning 1",
        m=acme.member["bob"],
    )  # fmt: skip
    rewound(database, acme, run)
    kept = "select topic, state, cause, card->'leads' from message where org_id = :o and member_id = :m order by id"
    assert sql(database, acme, kept, m=acme.member["ann"]) == [("leads.recycled", "dropped", "rewound", ids[:1])]
    assert sql(database, acme, kept, m=acme.member["bob"]) == [
        ("leads.recycled", "sent", None, ids[1:]),
        ("run.corrected", "owed", None, ids[1:]),
    ]


def test_a_batch_that_was_dealt_goes_back_to_its_pool(database, acme, time):
    ids = made(database, acme, 6)
    with database.begin(acme.org_id) as uow:
        dealing.deal(uow, ids)
    run = sql(database, acme, "select max(id) as id from run where org_id = :o and kind = 'dispatch'")[0].id
    before = holds(database, acme, "ann") + holds(database, acme, "bob")
    found = rewound(database, acme, run)
    assert (before, found["back"]) == (6, 6)
    assert owners(database, acme) == [None] * 6
    assert holds(database, acme, "ann") + holds(database, acme, "bob") == 0
    states = sql(
        database, acme, "select distinct state from message where org_id = :o and topic like 'lead%dispatched'"
    )
    assert states == [("dropped",)]


def test_runs_are_listed_by_their_time(database, acme, time):
    later, earlier = build.NOW - timedelta(hours=1), build.NOW - timedelta(hours=2)
    insert = "insert into run (org_id, kind, at, counters) values (:o, 'recycle', :at, '{}') returning id"
    runs = [sql(database, acme, insert, at=at)[0].id for at in (later, earlier)]
    with database.begin(acme.org_id) as uow:
        assert [run.id for run in rewinding.recent(uow, actor=members.get(uow, acme.member["ada"]))] == runs


def test_a_manager_takes_back_what_concerns_the_own_team(database, acme, time):
    made(database, acme, 1, owner="ann")
    made(database, acme, 1, owner="cyd")
    run = swept(database, acme, time)
    rewound(database, acme, run, "max")
    assert owners(database, acme) == [None, acme.member["cyd"]]


def test_only_managers_rewind_and_only_runs_of_the_last_day(database, acme, time):
    made(database, acme, 1, owner="ann")
    run = swept(database, acme, time)
    with pytest.raises(NotAllowed):
        rewound(database, acme, run, "ann")
    time.advance(hours=25)
    with pytest.raises(RunNotFound):
        rewound(database, acme, run)


def test_against_claims_at_the_same_moment_each_lead_has_one_owner_and_every_count_is_exact(database, acme, time):
    ids = made(database, acme, 4, owner="ann")
    run = swept(database, acme, time)

    def bob(lead_id):
        try:
            claim(database, acme, "bob", lead_id)
        except Refusal:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        back = pool.submit(rewound, database, acme, run)
        taken = sum(pool.map(bob, ids))
    assert back.result()["back"] == 4 - taken
    assert (holds(database, acme, "ann"), holds(database, acme, "bob")) == (4 - taken, taken)
    open_ones = sql(database, acme, "select lead_id from assignment where org_id = :o and ended_at is null")
    assert sorted(row[0] for row in open_ones) == ids


def test_leads_that_a_rewound_dispatch_gave_count_no_longer_on_the_days_on_which_they_were_dealt(database, acme, time):
    def dealt():
        with database.begin(acme.org_id) as uow:
            ids = [build.lead(uow, acme) for _ in range(2)]
            dealing.deal(uow, ids)
        return sql(database, acme, "select max(id) as id from run where org_id = :o")[0].id

    def counted():
        read = "select dealt_day, dealt_week, dealt_month from rep_load where org_id = :o and member_id = :m"
        return sql(database, acme, read, m=acme.member["ann"])[0]

    first = dealt()
    time.advance(hours=20)
    second = dealt()
    assert counted() == (1, 2, 2)
    rewound(database, acme, first)
    assert counted() == (1, 1, 1)
    rewound(database, acme, second)
    assert counted() == (0, 0, 0)

"""Many leads at once come out as if they had come one by one, also when others bring the same customers meanwhile."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crm.models import Source
from crm.rules.arrival import Arrival, check
from crm.services import intake, intake_many
from tests import build
from tests.promises.statements import NEVER, Crash, crash, watching
from tests.rounds import rounds

PHONES = st.sampled_from(["", *(f"1380013800{n}" for n in range(4))])
EMAILS = st.sampled_from(["", *(f"lu{n}@tea.cn" for n in range(4))])
ARRIVALS = st.builds(
    Arrival, name=st.sampled_from(["", "Lu", "Wu"]), company=st.sampled_from(["", '好茶\\ "茶" {a,b}']), phone=PHONES,
    email=EMAILS, product=st.sampled_from(["", "A"]), level=st.sampled_from(["", "b"]),
    note=st.sampled_from(["", "x'y"]), amount=st.sampled_from(["", "12.50", "3万"]),
    tags=st.sampled_from(["", 'hot;a b;"c\\d"']),
    custom=st.sampled_from([{}, {"鞋码": "38"}]),
).filter(lambda arrival: arrival.phone or arrival.email)  # fmt: skip


@pytest.fixture
def acme(database, time):
    return build.company(database, rules="{}")


def one_by_one(uow, arrivals):
    return [intake.take_in(uow, source=None, arrival=arrival) for arrival in arrivals]


def at_once(uow, arrivals):
    return intake_many.take_in_many(uow, [check(arrival) for arrival in arrivals])


def outcome(uow, taken):
    """Which rows went together, what was created, and what people and leads look like then, without their ids."""
    order = {lead_id: place for place, lead_id in enumerate(dict.fromkeys(one.lead_id for one in taken))}
    leads = uow.session.execute(
        text(
            "select l.id, l.touches, l.score, l.score_reasons, l.product, l.level, l.amount, l.tags, l.custom, p.name,"
            " p.company, array_agg(k.kind || k.value order by k.kind, k.value) from lead l join person p on"
            " p.id = l.person_id join person_key k on k.person_id = l.person_id group by l.org_id, l.id, p.org_id, p.id"
        )
    ).all()
    verbs = uow.session.execute(
        text("select lead_id, verb, words from activity where verb in ('created', 'touched') order by id")
    )
    return (
        [(order[one.lead_id], one.created, one.touched) for one in taken],
        sorted(((order[row[0]], *row[1:]) for row in leads), key=lambda row: row[0]),
        sorted((order[lead_id], verb, words or "") for lead_id, verb, words in verbs),
    )


@settings(max_examples=rounds(short=25, full=500), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ARRIVALS, min_size=1, max_size=9), st.integers(0, 9))
def test_a_batch_comes_out_as_its_rows_would_one_by_one(database, arrivals, known):
    singles, batch = build.company(database, rules="{}"), build.company(database, rules="{}")
    with database.begin(singles.org_id) as uow:
        expected = outcome(uow, one_by_one(uow, arrivals))
    with database.begin(batch.org_id) as uow:
        before = at_once(uow, arrivals[:known]) if arrivals[:known] else []
        assert outcome(uow, before + at_once(uow, arrivals[known:])) == expected


def test_batches_with_the_same_customers_at_the_same_time_make_each_once(database, acme):
    arrivals = [Arrival(name="Lu", phone=f"138001{n:05d}", email=f"lu{n}@tea.cn") for n in range(300)]

    def bring(seed):
        mine = random.Random(seed).sample(arrivals, 250)
        with database.begin(acme.org_id) as uow:
            return at_once(uow, mine)

    with ThreadPoolExecutor(4) as threads:
        taken = [one for batch in threads.map(bring, range(4)) for one in batch]
    with database.begin(acme.org_id) as uow:
        people, leads, touches = uow.session.execute(
            text("select (select count(*) from person), count(*), sum(touches) from lead")
        ).one()
    assert people == leads == sum(one.created for one in taken)
    assert touches == len(taken) == 1000


def test_the_number_of_statements_does_not_grow_with_the_batch(database, acme):
    def cost(size, first):
        with watching(NEVER, crash) as seen, database.begin(acme.org_id) as uow:
            at_once(uow, [Arrival(name="Lu", phone=f"138{first + n:08d}") for n in range(size)])
        return seen.count

    cost(1, 5000)  # from now on the rules are known
    assert cost(1, 0) == cost(400, 1000) <= 14


def test_a_clash_of_two_people_is_recorded(database, acme):
    with database.begin(acme.org_id) as uow:
        at_once(uow, [Arrival(name="Lu", phone="13800138000"), Arrival(name="Wu", email="wu@tea.cn")])
        at_once(uow, [Arrival(name="Lu", phone="13800138000", email="wu@tea.cn")])
        wu = uow.session.scalar(text("select person_id from person_key where kind = 'email'"))
        clash = uow.session.scalar(text("select data -> 'clash' from activity where verb = 'touched'"))
    assert clash == [wu]


def test_an_interrupted_arrival_leaves_nothing_behind(database, acme):
    """Broken off after each of its statements in turn, and then as a whole."""

    def arrive(stop_after):
        with watching(stop_after, crash) as seen, database.begin(acme.org_id) as uow:
            source = uow.session.get_one(Source, (acme.org_id, acme.source_id))
            intake.take_in(uow, source=source, arrival=Arrival(name="Lu", phone="13800138000"))
        return seen.count

    def rows():
        with database.begin(acme.org_id) as uow:
            tables = ("person", "person_key", "lead", "activity", "assignment", "message", "decision")
            return [uow.session.scalar(text(f"select count(*) from {table}")) for table in tables]

    for statement in range(1, 11):
        with pytest.raises(Crash):
            arrive(stop_after=statement)
        assert sum(rows()) == 0
    assert arrive(stop_after=NEVER) > 10
    assert rows()[:4] == [1, 1, 1, 1]

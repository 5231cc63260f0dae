"""Points that are stored are the points that the facts make, whatever happens to a lead, and only due ones are read."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crm import jobs
from crm.rules.arrival import Arrival, check
from crm.services import assignments, follow_ups, intake, intake_many, leads, members, pipeline, rules_admin, scoring
from crm.services.follow_ups import FollowUp
from tests import build
from tests.rounds import rounds

RULES = """
score:
  points: [{name: hot, when: {field: campaign, value: spring}, points: 30}]
  levels: {A: 20}
  fit: {phone: 10, email: 5, name: 5}
  touches: {each: 5, most: 10}
  activity: {contacted: 4, opportunity: 8}
  recency: [{within: 1d, points: 20}, {within: 7d, points: 10}]
fallback_pool: open
"""
LU = Arrival(name="Lu Wei", phone="13800138000", level="A", campaign="spring")


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def stored(database, acme):
    with database.begin(acme.org_id) as uow:
        read = text(
            "select id, score, score_reasons, score_at from lead where org_id = :o and status = 'open' order by id"
        )
        return uow.session.execute(read, {"o": acme.org_id}).all()


def of(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        return build.read(uow, lead_id)


def pure(database, acme):
    """Every lead's points made anew from its facts: how many of them stood otherwise."""
    with database.begin(acme.org_id) as uow:
        ids = uow.session.scalars(text("select id from lead where org_id = :o"), {"o": acme.org_id}).all()
        return scoring.refresh(uow, ids)


def take_in(database, acme, *arrivals):
    with database.begin(acme.org_id) as uow:
        return [intake.take_in(uow, source=None, arrival=one).lead_id for one in arrivals]


def test_a_lead_comes_in_with_its_points_and_reasons(database, acme, time):
    (lead_id,) = take_in(database, acme, LU)
    lead = of(database, acme, lead_id)
    assert lead.score == 30 + 20 + 10 + 5 + 20
    assert lead.score_reasons == [
        ["rule:hot", 30], ["level:A", 20], ["fit:phone", 10], ["fit:name", 5], ["recency:1d", 20],
    ]  # fmt: skip
    assert lead.score_at == time() + timedelta(days=1)


def test_a_customer_who_comes_again_is_fresh_again(database, acme, time):
    take_in(database, acme, LU)
    time.advance(days=3)
    jobs.rescore(database, acme.org_id)
    (lead_id,) = take_in(database, acme, Arrival(phone="13800138000", email="lu@tea.cn"))
    assert dict(of(database, acme, lead_id).score_reasons)["recency:1d"] == 20
    assert of(database, acme, lead_id).score == 30 + 20 + 10 + 5 + 5 + 5 + 20


def test_a_duty_takes_off_what_has_lapsed_and_reads_no_other_lead(database, acme, time, monkeypatch):
    (old,) = take_in(database, acme, LU)
    time.advance(hours=20)
    (young,) = take_in(database, acme, Arrival(phone="13800138001"))
    time.advance(hours=4)
    seen, refresh = [], scoring.refresh
    monkeypatch.setattr(scoring, "refresh", lambda uow, ids: seen.extend(ids) or refresh(uow, ids))
    jobs.rescore(database, acme.org_id)
    assert seen == [old]
    assert [of(database, acme, lead).score for lead in (old, young)] == [75, 30]
    jobs.rescore(database, acme.org_id)
    assert seen == [old]


def test_after_the_last_step_nothing_is_due(database, acme, time):
    (lead_id,) = take_in(database, acme, LU)
    time.advance(days=40)
    jobs.rescore(database, acme.org_id)
    assert (of(database, acme, lead_id).score, of(database, acme, lead_id).score_at) == (65, None)


def test_a_closed_lead_keeps_its_points(database, acme, time):
    (lead_id,) = take_in(database, acme, LU)
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        assignments.claim(uow, actor=ann, ref=f"L-{build.read(uow, lead_id).number}")
        pipeline.won(uow, actor=ann, lead=leads.access_id(uow, actor=ann, lead_id=lead_id))
    before = of(database, acme, lead_id).score
    time.advance(days=2)
    jobs.rescore(database, acme.org_id)
    assert (of(database, acme, lead_id).score, of(database, acme, lead_id).score_at) == (before, None)


def test_new_points_in_the_rules_reach_every_open_lead_in_the_background(database, acme, time):
    take_in(database, acme, LU, Arrival(phone="13800138001"))
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written="score: {levels: {A: 1}, fit: {}, recency: []}\nfallback_pool: open")
    jobs.rescore_leads(database, org_id=acme.org_id)
    assert [(row.score, row.score_reasons) for row in stored(database, acme)] == [(1, [["level:A", 1]]), (0, [])]


def ordered(database, acme):
    with database.begin(acme.org_id) as uow:
        count = text(
            "select count(*) from procrastinate_jobs where task_name = 'rescore_leads' and args->>'org_id' = :o"
        )
        return uow.session.scalar(count, {"o": str(acme.org_id)})


def test_rules_that_say_the_same_about_points_leave_them_alone(database, acme):
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written=RULES + "affinity: false\n")
    assert ordered(database, acme) == 0
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written="fallback_pool: open")
    assert ordered(database, acme) == 1


NUMBERS = st.sampled_from(["13800138000", "13800138001", "13800138002"])
ARRIVALS = st.builds(
    lambda phone, name, level, mail: Arrival(phone=phone, name=name, level=level, email=mail), NUMBERS,
    st.sampled_from(["", "Lu"]), st.sampled_from(["", "A", "B"]), st.sampled_from(["", "a@b.cn"]),
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), ARRIVALS),
        st.tuples(st.just("many"), st.lists(ARRIVALS, min_size=1, max_size=5)),
        st.tuples(st.just("hours"), st.integers(1, 100)),
        st.tuples(st.sampled_from(["log", "quote", "won"]), st.integers(0, 4)),
    ),
    max_size=8,
)


class Story:
    """What happens to leads, step by step."""

    def __init__(self, database, acme, time):
        self.database, self.acme, self.time = database, acme, time

    def step(self, what, given):
        getattr(self, f"do_{what}")(given)

    def do_in(self, arrival):
        take_in(self.database, self.acme, arrival)

    def do_many(self, arrivals):
        with self.database.begin(self.acme.org_id) as uow:
            intake_many.take_in_many(uow, [check(one) for one in arrivals])

    def do_hours(self, hours):
        self.time.advance(hours=hours)
        jobs.rescore(self.database, self.acme.org_id)

    def do_log(self, place):
        self._mine(place, lambda uow, ann, lead: follow_ups.log(uow, actor=ann, lead=lead, said=FollowUp("spoke")))

    def do_quote(self, place):
        self._mine(place, lambda uow, ann, lead: pipeline.move(
            uow, actor=ann, lead=lead, stage=pipeline.find_stage(uow, lead.id, "quote")))  # fmt: skip

    def do_won(self, place):
        self._mine(place, lambda uow, ann, lead: pipeline.won(uow, actor=ann, lead=lead))

    def _mine(self, place, act):
        for row in stored(self.database, self.acme)[place : place + 1]:
            with self.database.begin(self.acme.org_id) as uow:
                mia = members.get(uow, self.acme.member["ada"])
                act(uow, mia, leads.access_id(uow, actor=mia, lead_id=row.id))


@settings(max_examples=rounds(short=15, full=100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_stored_points_are_those_that_the_facts_make(database, time, steps):
    acme = build.company(database, rules=RULES)
    story = Story(database, acme, time)
    for what, given_ in steps:
        story.step(what, given_)
    assert pure(database, acme) == 0

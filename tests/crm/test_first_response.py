"""A new owner answers in time, or is nudged, the manager hears of it, and the lead goes to somebody else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from crm import jobs
from crm.calendar import Calendar
from crm.errors import RuleSetInvalid
from crm.period import Period
from crm.rules import first_response
from crm.rules.ruleset import parse
from crm.rules.sections.offering import FirstResponse
from crm.services import assignments, dispatch, follow_ups, leads, members, pipeline, response_clock
from crm.services.follow_ups import FollowUp
from crm.services.members import zone
from tests import build

RULES = """
recycle: [{name: calls, no_first_contact: 9d}]
first_response:
- name: hot ones
  when: {field: level, value: A}
  within: 30m
  nudge: 10m
  copy_manager_after: 15m
  reoffer_after: 1h
- name: all
  within: 2wh
dispatch:
- name: web leads
  when: {field: source, value: web}
  to: {departments: [north]}
"""
MORNING = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)  # nine o'clock, a Wednesday
HERE = Calendar(zone("Asia/Shanghai"))


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def come_in(database, acme, **columns):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **{"level": "A"} | columns)
        return lead_id, name_of(acme, dispatch.dispatch(uow, lead_id).member_id)


def name_of(acme, member_id):
    return {number: name for name, number in acme.member.items()}.get(member_id)


def read(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        return build.read(uow, lead_id)


def told(database, acme):
    """Who was told what since the lead came in, in order."""
    statement = "select topic, member_id from message where org_id = :o and topic like 'response.%' order by id"
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(text(statement), {"o": acme.org_id}).all()
    return [(row.topic.removeprefix("response."), name_of(acme, row.member_id)) for row in rows]


def log(database, acme, who, lead_id, outcome):
    with database.begin(acme.org_id) as uow:
        actor = members.get(uow, acme.member[who])
        lead = leads.access_id(uow, actor=actor, lead_id=lead_id)
        follow_ups.log(uow, actor=actor, lead=lead, said=FollowUp(note="called", outcome=outcome))


def passes(database, acme, time, **span):
    time.advance(**span)
    jobs.respond(database, acme.org_id)
    jobs.respond(database, acme.org_id)


def test_the_ladder_is_climbed_step_by_step_and_ends_with_somebody_else(database, acme, time):
    lead_id, first = come_in(database, acme)
    assert read(database, acme, lead_id).sla_at == build.NOW + timedelta(minutes=20)
    passes(database, acme, time, minutes=19)
    assert told(database, acme) == []
    passes(database, acme, time, minutes=1)
    passes(database, acme, time, minutes=25)
    assert told(database, acme) == [("nudge", first), ("copy", "mia")]
    passes(database, acme, time, minutes=45)
    second = name_of(acme, read(database, acme, lead_id).owner_id)
    assert {first, second} == {"ann", "bob"}
    assert told(database, acme)[2:] == [("taken_back", first)]
    passes(database, acme, time, minutes=90)
    assert read(database, acme, lead_id).owner_id is None
    statement = "select kind, outcome from decision where org_id = :o and lead_id = :l order by id"
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(text(statement), {"o": acme.org_id, "l": lead_id}).all()
    assert [tuple(row) for row in rows] == [
        ("dispatch", "assigned"), ("response", "nudged"), ("response", "manager_told"), ("response", "taken_back"),
        ("dispatch", "assigned"), ("response", "taken_back"), ("dispatch", "pooled"),
    ]  # fmt: skip


def test_the_first_contact_ends_it_an_attempt_that_reached_nobody_does_not(database, acme, time):
    lead_id, who = come_in(database, acme)
    log(database, acme, who, lead_id, "no_answer")
    assert read(database, acme, lead_id).sla_at is not None
    log(database, acme, who, lead_id, "connected")
    assert read(database, acme, lead_id).sla_at is None
    passes(database, acme, time, hours=3)
    assert told(database, acme) == []


def test_a_new_owner_has_the_whole_time_again(database, acme, time):
    lead_id, _who = come_in(database, acme)
    passes(database, acme, time, minutes=50)
    with database.begin(acme.org_id) as uow:
        mia, cyd = members.get(uow, acme.member["mia"]), members.get(uow, acme.member["cyd"])
        lead = leads.access_id(uow, actor=mia, lead_id=lead_id)
        assignments.assign(uow, actor=mia, lead=lead, to=cyd)
        now = uow.now
    found = read(database, acme, lead_id)
    assert (found.sla_at, found.sla_step) == (now + timedelta(minutes=20), 0)


def test_a_claimed_lead_is_asked_for_as_well(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme)
        ann = members.get(uow, acme.member["ann"])
        assignments.claim(uow, actor=ann, ref=build.read(uow, lead_id).ref)
    assert read(database, acme, lead_id).sla_at == build.NOW + timedelta(hours=2)


def test_what_is_closed_or_released_is_asked_for_no_more(database, acme, time):
    won, who = come_in(database, acme)
    gone, other = come_in(database, acme)
    with database.begin(acme.org_id) as uow:
        seller, giver = (members.get(uow, acme.member[name]) for name in (who, other))
        pipeline.won(uow, actor=seller, lead=leads.access_id(uow, actor=seller, lead_id=won))
        assignments.release(uow, actor=giver, lead=leads.access_id(uow, actor=giver, lead_id=gone), reason="no")
    passes(database, acme, time, hours=1)
    assert told(database, acme) == []
    assert {read(database, acme, lead_id).sla_at for lead_id in (won, gone)} == {None}


def test_of_several_steps_that_were_missed_only_the_last_is_done(database, acme, time):
    _lead_id, first = come_in(database, acme)
    passes(database, acme, time, hours=2)
    assert told(database, acme) == [("taken_back", first)]


def test_until_when_is_known_to_the_card(database, acme):
    lead_id, _who = come_in(database, acme)
    with database.begin(acme.org_id) as uow:
        assert response_clock.due(uow, lead_id) == build.NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("within", "nudge", "assigned", "expected"),
    [
        ("30m", "0m", timedelta(0), [("nudge", timedelta(minutes=30))]),
        ("30m", "10m", timedelta(hours=12), [("nudge", timedelta(hours=12, minutes=20))]),
        ("2wh", "30m", timedelta(hours=8), [("nudge", timedelta(days=1, minutes=30))]),
        ("2wh", "90m", timedelta(hours=8, minutes=30), [("nudge", timedelta(days=1))]),
        ("1wd", "0m", timedelta(days=2), [("nudge", timedelta(days=5))]),
    ],
)
def test_a_step_comes_when_people_work_if_the_time_is_working_time(within, nudge, assigned, expected):
    rule = FirstResponse(name="x", within=within, nudge=nudge)
    steps = first_response.ladder(rule, MORNING + assigned, HERE)
    assert [(step.act, step.at - MORNING) for step in steps] == expected


@given(
    minutes=st.integers(0, 60 * 24 * 60), within=st.sampled_from(["5m", "3h", "2d", "1wh", "20wh", "3wd"]),
    nudge=st.sampled_from(["0m", "5m", "3h"]), copy=st.sampled_from([None, "30m", "1wh"]),
    reoffer=st.sampled_from([None, "1h", "2wd"]),
)  # fmt: skip
def test_steps_never_go_back_in_time_and_none_comes_before_the_assignment(minutes, within, nudge, copy, reoffer):
    began = MORNING + timedelta(minutes=minutes)
    rule = FirstResponse(name="x", within=within, nudge=nudge, copy_manager_after=copy, reoffer_after=reoffer)
    moments = [step.at for step in first_response.ladder(rule, began, HERE)]
    assert moments == sorted(moments)
    assert moments[0] >= began
    assert len(moments) == 1 + (copy is not None) + (reoffer is not None)
    assert first_response.due(rule, began, HERE) == HERE.add(began, Period.parse(within))


def test_a_new_rule_makes_up_for_nothing(database, time):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        old = build.lead(uow, acme, owner="ann", level="A", assigned_at=build.NOW - timedelta(days=3))
        young = build.lead(uow, acme, owner="bob", level="A", assigned_at=build.NOW - timedelta(minutes=25))
        build.rule_set(uow, RULES)
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    assert (read(database, acme, old).sla_at, read(database, acme, young).sla_at) == (
        None, build.NOW + timedelta(minutes=20),
    )  # fmt: skip
    passes(database, acme, time, minutes=21)
    assert told(database, acme) == [("copy", "mia")]


def test_two_first_responses_of_one_name_are_refused():
    with pytest.raises(RuleSetInvalid):
        parse("first_response: [{name: a, within: 1h}, {name: a, within: 2h}]")

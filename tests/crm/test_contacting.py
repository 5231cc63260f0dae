"""Stages of life in which nobody is to sell: refused by hand, kept back by rule, and said which."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors_of_waiting import SellingForbidden
from crm.services import assignments, dealing, dispatch, leads, members, rules_admin, tasks
from tests import build

DAY = timedelta(days=1)
RULES = """
contact:
- name: in treatment
  when: {field: tags, op: contains, value: treatment}
  selling: false
  instead: nurture
- name: no calls
  when: {field: region, value: North}
  forbid: [remind]
dispatch:
- {name: web, to: {departments: [north]}, working_hours: false}
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def made(database, acme, **facts):
    with database.begin(acme.org_id) as uow:
        return build.lead(uow, acme, **facts)


def read(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        return build.read(uow, lead_id)


@pytest.fixture
def act(database, acme):
    def do(verb, who, lead_id=None, **more):
        with database.begin(acme.org_id) as uow:
            actor = members.get(uow, acme.member[who])
            if lead_id is not None:
                more["lead"] = leads.access_id(uow, actor=actor, lead_id=lead_id)
            return verb(uow, actor=actor, **more)

    return do


def tick(database, acme):
    for duty in jobs.DUTIES:
        duty(database, acme.org_id)


def test_whom_nobody_may_sell_to_is_not_claimed_and_says_what_may_be_done(database, acme, act):
    lead = read(database, acme, made(database, acme, tags=["treatment"]))
    with pytest.raises(SellingForbidden) as refused:
        act(assignments.claim, "ann", ref=f"L-{lead.number}")
    assert refused.value.data == {"ref": f"L-{lead.number}", "name": "in treatment", "instead": None}


def test_the_best_of_the_others_is_claimed_instead(database, acme, act):
    made(database, acme, tags=["treatment"], score=90)
    other = made(database, acme, score=10)
    assert [won.lead_id for won in act(assignments.claim_best, "ann", many=2)] == [other]


def test_it_is_neither_assigned_nor_dealt_singly_or_in_a_batch(database, acme, act):
    one, two, three = (made(database, acme, tags=["treatment"], owner=owner) for owner in (None, None, "ann"))
    with database.begin(acme.org_id) as uow:
        bob = members.get(uow, acme.member["bob"])
        assert dispatch.dispatch(uow, one).outcome == "policy"
        assert [made.outcome for made in dealing.deal(uow, [two])] == ["policy"]
    with pytest.raises(SellingForbidden) as refused:
        act(assignments.assign, "mia", three, to=bob)
    assert refused.value.data["instead"] == "nurture"
    kept = [read(database, acme, lead) for lead in (one, two)]
    assert [(lead.held_by, lead.held_for) for lead in kept] == [("policy", "in treatment")] * 2


def test_it_is_dealt_once_its_stage_of_life_is_over(database, acme, time):
    lead_id = made(database, acme, tags=["treatment"])
    with database.begin(acme.org_id) as uow:
        dispatch.dispatch(uow, lead_id)
        uow.session.execute(text("update lead set tags = '{}' where id = :l"), {"l": lead_id})
    time.set(build.NOW + DAY)
    tick(database, acme)
    assert read(database, acme, lead_id).owner_id is not None


def test_new_rules_keep_back_and_let_go_at_once(database, acme, time):
    lead_id = made(database, acme, region="South")
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written=RULES.replace("value: North", "value: South").replace("[remind]", "[claim]"))
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    assert read(database, acme, lead_id).held_for == "no calls"
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written="{}")
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    tick(database, acme)
    assert read(database, acme, lead_id).held_by is None


def test_nobody_is_reminded_of_whom_not_to_call(database, acme, time, act):
    lead_id = made(database, acme, owner="ann", region="North")
    with pytest.raises(SellingForbidden):
        act(tasks.remind, "ann", lead_id, at=build.NOW + DAY)
    with database.begin(acme.org_id) as uow:
        build.task(uow, acme, "ann", due_at=build.NOW + DAY, lead_id=lead_id)
        build.task(uow, acme, "ann", due_at=build.NOW + DAY, lead_id=build.lead(uow, acme, owner="ann"))
    time.set(build.NOW + DAY)
    tick(database, acme)
    with database.begin(acme.org_id) as uow:
        told = "select count(*) from message where org_id = :o and topic = 'task.due'"
        assert uow.session.scalar(text(told), {"o": acme.org_id}) == 1


def test_without_such_rules_nothing_is_asked(database, time):
    plain = build.company(database)
    lead_id = made(database, plain, tags=["treatment"])
    with database.begin(plain.org_id) as uow:
        number = build.read(uow, lead_id).number
        assignments.claim(uow, actor=members.get(uow, plain.member["ann"]), ref=f"L-{number}")
    assert read(database, plain, lead_id).owner_id == plain.member["ann"]

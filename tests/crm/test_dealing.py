"""A batch is dealt exactly as single leads would be, and nobody gets more than there is room for."""

from collections import Counter

import pytest
from sqlalchemy import text

from crm.services import clocks, dealing, dispatch, explain
from tests import build

RULES = """
claim: {capacity: {default: 9}}
dispatch:
- name: big
  when: {field: amount, op: gte, value: 1000}
  to: {members: [ann@acme.example, cyd@acme.example]}
  caps: {per_day: 3}
- name: rest
  nobody: hold
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def make(uow, acme, many):
    return [build.lead(uow, acme, amount=2000 if number % 3 == 0 else 10) for number in range(many)]


def owners(uow, leads):
    return [(build.read(uow, lead).owner_id, build.read(uow, lead).recycle_at) for lead in leads]


def test_a_batch_is_dealt_as_singles_are(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = make(uow, acme, 50)
        trial = uow.session.begin_nested()
        for lead in leads:
            dispatch.dispatch(uow, lead)
        singly = owners(uow, leads), ledger(uow)
        trial.rollback()
    with database.begin(acme.org_id) as uow:
        dealing.deal(uow, leads)
        assert (owners(uow, leads), ledger(uow)) == singly


def test_the_same_leads_under_the_same_rules_go_to_the_same_people(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = make(uow, acme, 30)
        trial = uow.session.begin_nested()
        first = [(made.lead_id, made.member_id) for made in dealing.deal(uow, leads)]
        trial.rollback()
        assert [(made.lead_id, made.member_id) for made in dealing.deal(uow, leads)] == first


def ledger(uow):
    columns = (
        "select member_id, holding, day, dealt_day from rep_load where org_id = :o and holding > 0 order by member_id"
    )
    cursors = "select rule, state from rule_cursor where org_id = :o order by rule"
    return [uow.session.execute(text(statement), {"o": uow.org_id}).all() for statement in (columns, cursors)]


def test_a_batch_shares_evenly_fills_everybody_and_holds_the_rest(database, acme):
    with database.begin(acme.org_id) as uow:
        verdicts = dealing.deal(uow, [build.lead(uow, acme) for _ in range(50)])
    shares = Counter(made.member_id for made in verdicts if made.outcome == "assigned")
    assert set(shares.values()) == {9}
    assert Counter(made.outcome for made in verdicts) == {"assigned": 36, "held": 14}


def test_the_deadline_is_what_the_clock_of_the_new_owner_says(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(10)]
        dealing.deal(uow, leads)
        dealt = [build.read(uow, lead) for lead in leads]
        before = [(lead.recycle_at, lead.recycle_rule, lead.warn_at, lead.warn_step) for lead in dealt]
        clocks.restart(uow, leads)
        after = [build.read(uow, lead) for lead in leads]
        assert before == [(lead.recycle_at, lead.recycle_rule, lead.warn_at, lead.warn_step) for lead in after]
        assert all(recycle_at for recycle_at, *_ in before)


def test_whoever_gets_many_leads_gets_one_card(database, acme):
    with database.begin(acme.org_id) as uow:
        dealing.deal(uow, [build.lead(uow, acme) for _ in range(50)])
    with database.begin(acme.org_id) as uow:
        topics = uow.session.scalars(text("select topic from message where org_id = :o"), {"o": acme.org_id}).all()
    assert Counter(topics) == {"leads.dispatched": 4, "dispatch.held": 1}


def test_every_lead_of_a_batch_knows_who_was_passed_over(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = make(uow, acme, 4)
        dealing.deal(uow, leads)
        decision = explain.why(uow, leads[0])[0]
    assert (decision.rule, decision.rule_version) == ("big", 1)
    assert [(one.name, one.why) for one in decision.passed_over] != []


def test_held_leads_find_an_owner_as_soon_as_there_is_room_the_oldest_first(database, acme, time):
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(38)]
        dealing.deal(uow, leads)
    with database.begin(acme.org_id) as uow:
        assert dealing.deal_held(uow).dealt == 0
        uow.session.execute(
            text("update rep_load set holding = holding - 1 where org_id = :o and member_id = :m"),
            {"o": acme.org_id, "m": acme.member["dan"]},
        )
    with database.begin(acme.org_id) as uow:
        assert dealing.deal_held(uow).dealt == 1
        first, last = build.read(uow, leads[36]), build.read(uow, leads[37])
    assert (first.owner_id, first.held_since) == (acme.member["dan"], None)
    assert (last.owner_id, last.held_since) == (None, build.NOW)


def test_a_retry_of_held_leads_writes_no_decision_while_nobody_is_there(database, acme):
    with database.begin(acme.org_id) as uow:
        dealing.deal(uow, [build.lead(uow, acme) for _ in range(40)])
        count = text("select count(*) from decision where org_id = :o")
        before = uow.session.scalar(count, {"o": acme.org_id})
        dealing.deal_held(uow)
        assert uow.session.scalar(count, {"o": acme.org_id}) == before


def test_the_parts_of_a_batch_become_one_card_for_each_member(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(8)]
    for start, parts in ((0, 1), (4, 0)):
        with database.begin(acme.org_id) as uow:
            dealing.deal(uow, leads[start : start + 4], parts=parts)
    with database.begin(acme.org_id) as uow:
        dealt = {(lead.owner_id, lead.id) for lead in (build.read(uow, lead) for lead in leads)}
        told = uow.session.execute(text("select topic, member_id, card from message")).all()
    assert {(row.member_id, lead) for row in told for lead in row.card["leads"]} == dealt
    assert {row.topic for row in told} == {"leads.dispatched"}
    assert len(told) == len({owner for owner, _ in dealt})

"""Leads that are shared out among branches: each within one of its part, and a full branch waits or does not."""

from collections import Counter

import pytest
from sqlalchemy import text

from crm import jobs
from crm.services import dealing, dispatch, explain
from tests import build

RULES = """
claim: {{capacity: {{default: 1000}}}}
dispatch: [{{name: shared, shares: {{north: 3, south: 2}}, {more}}}]
"""


@pytest.fixture
def company(database, time):
    return lambda more="period: day": build.company(database, rules=RULES.format(more=more))


def deal(database, acme, many):
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(many)]
        return leads, dealing.deal(uow, leads)


def branches(acme, verdicts):
    """In whose part each dealt lead fell, as the owner's branch."""
    north = {acme.member["ann"], acme.member["bob"]}
    return Counter("north" if made.member_id in north else "south" for made in verdicts if made.member_id)


def set_duty(database, acme, names, *, on):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(
            text("update member set on_duty = :on where org_id = :o and id = any(:m)"),
            {"o": acme.org_id, "on": on, "m": [acme.member[name] for name in names]},
        )


def test_each_branch_gets_its_part_and_in_it_each_member_the_same(database, company):
    acme = company()
    _, verdicts = deal(database, acme, 20)
    assert branches(acme, verdicts) == {"north": 12, "south": 8}
    assert sorted(Counter(made.member_id for made in verdicts).values()) == [4, 4, 6, 6]


def test_a_full_branchs_part_falls_over_and_another_day_begins_anew(database, company, time):
    acme = company()
    set_duty(database, acme, ["cyd", "dan"], on=False)
    assert branches(acme, deal(database, acme, 10)[1]) == {"north": 10}
    set_duty(database, acme, ["cyd", "dan"], on=True)
    assert branches(acme, deal(database, acme, 10)[1]) == {"north": 6, "south": 4}
    time.advance(days=1)
    assert branches(acme, deal(database, acme, 5)[1]) == {"north": 3, "south": 2}
    with database.begin(acme.org_id) as uow:
        state = uow.session.scalar(text("select state from rule_cursor where org_id = :o"), {"o": acme.org_id})
    assert (state["period"], state["branches"]) == ("day 2026-03-05", {"north": 3, "south": 2})


def test_a_full_branchs_part_waits_for_it_in_order_and_counts_once(database, company):
    acme = company("full_branch: wait")
    set_duty(database, acme, ["cyd", "dan"], on=False)
    leads, verdicts = deal(database, acme, 10)
    with database.begin(acme.org_id) as uow:
        waiting = [lead for lead in leads if build.read(uow, lead).held_for == "south"]
        assert dealing.deal_held(uow).dealt == 0
    assert (branches(acme, verdicts), len(waiting)) == ({"north": 6}, 4)
    set_duty(database, acme, ["cyd"], on=True)
    jobs.deal_held(database, acme.org_id)
    with database.begin(acme.org_id) as uow:
        owners = {build.read(uow, lead).owner_id for lead in waiting}
        state = uow.session.scalar(text("select state from rule_cursor where org_id = :o"), {"o": acme.org_id})
    assert (owners, state["branches"]) == ({acme.member["cyd"]}, {"north": 6, "south": 4})


def test_a_single_lead_waits_for_its_branch_and_the_decision_says_so(database, company):
    acme = company("full_branch: wait")
    set_duty(database, acme, ["ann", "bob"], on=False)
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme)
        dealt = dispatch.dispatch(uow, lead)
        found = build.read(uow, lead)
        decision = explain.why(uow, lead)[0]
    assert (dealt.outcome, found.held_by, found.held_for) == ("held", "nobody", "north")
    assert decision.facts["branch"] == "north"
    assert {one.name: one.why for one in decision.passed_over}["Ann Li"] == "off_duty"


def test_a_lead_that_waits_for_a_branch_goes_nowhere_else(database, company):
    acme = company("full_branch: wait")
    set_duty(database, acme, ["ann", "bob"], on=False)
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme)
        assert [dispatch.dispatch(uow, lead).outcome for _ in range(3)] == ["held"] * 3
        state = uow.session.scalar(text("select state from rule_cursor where org_id = :o"), {"o": acme.org_id})
    assert state["branches"] == {"north": 1}


def test_a_batch_tells_of_each_lead_why_nobody_was_left_for_it(database, time):
    acme = build.company(database, rules="dispatch: [{name: few, caps: {per_month: 1}, nobody: hold}]")
    leads, verdicts = deal(database, acme, 5)
    assert [made.outcome for made in verdicts] == ["assigned"] * 4 + ["held"]
    with database.begin(acme.org_id) as uow:
        first, last = (explain.why(uow, lead)[0].passed_over for lead in (leads[0], leads[4]))
    assert {one.why for one in first} == {None}
    assert {one.why for one in last} == {"over_monthly_cap"}

"""Why a lead is where it is, as data: the rule, the winner, and each who was passed over."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.services import dispatch, explain, recycling
from tests import build

RULES = """
recycle: [{name: calls, no_follow_up: 7d}]
dispatch: [{name: north first, to: {departments: [north]}}]
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@pytest.fixture
def lead(database, acme, time):
    """A lead that was dealt to Bob while Ann was off duty, and recycled a week later."""
    with database.begin(acme.org_id) as uow:
        off = text("update member set on_duty = false where org_id = :o and id = :m")
        uow.session.execute(off, {"o": acme.org_id, "m": acme.member["ann"]})
        lead_id = build.lead(uow, acme)
        dispatch.dispatch(uow, lead_id)
    time.advance(days=7)
    recycling.sweep(database, acme.org_id)
    return lead_id


def test_the_newest_decision_comes_first(database, acme, lead):
    with database.begin(acme.org_id) as uow:
        recycled, dispatched = explain.why(uow, lead)
    assert (recycled.kind, recycled.outcome, recycled.rule, recycled.member) == (
        "recycle",
        "recycled",
        "calls",
        "Bob Chen",
    )
    assert recycled.facts == {
        "anchor": "no_follow_up", "period": "7d", "pool": acme.pool["open"], "was": acme.pool["open"],
    }  # fmt: skip
    assert (dispatched.kind, dispatched.outcome, dispatched.rule) == ("dispatch", "assigned", "north first")
    assert (dispatched.member_id, dispatched.rule_version) == (acme.member["bob"], 1)
    assert dispatched.at == recycled.at - timedelta(days=7)
    assert dispatched.facts["source"] == "web"


def test_who_was_passed_over_and_why(database, acme, lead):
    with database.begin(acme.org_id) as uow:
        dispatched = explain.why(uow, lead)[-1]
        again = explain.decision(uow, dispatched.id)
    assert [(one.name, one.why) for one in dispatched.passed_over] == [("Ann Li", "off_duty")]
    assert again == dispatched


def test_how_leads_were_recycled(database, acme, lead):
    with database.begin(acme.org_id) as uow:
        never = build.lead(uow, acme)
        (found,) = explain.recycled(uow, [never, lead])
    assert (found.lead_id, found.rule, found.anchor, found.period) == (lead, "calls", "no_follow_up", "7d")
    assert found.ref.startswith("L-")


def test_a_lead_of_another_organization_has_no_decisions(database, acme, lead, time):
    other = build.company(database)
    with database.begin(other.org_id) as uow:
        assert explain.why(uow, lead) == []

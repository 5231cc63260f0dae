"""A lead whose customer a colleague has spoken to waits, at its next owner, for a follow-up and no first contact."""

import pytest

from crm.services import assignments, clocks, follow_ups, hand_overs, leaving, members
from crm.services.follow_ups import FollowUp
from tests.desk import Desk

RULES = """
recycle: [{name: first contact, no_first_contact: 2d}, {name: calls, no_follow_up: 5d}]
first_response: [{name: soon, within: 30m, nudge: 10m}]
"""


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def lead_of_ann(desk, contacted):
    lead = desk.make(owner="ann")
    with desk.database.begin(desk.acme.org_id) as uow:
        clocks.restart(uow, [lead])
    if contacted:
        desk.does(
            "ann", lambda uow, **who: follow_ups.log(uow, said=FollowUp("spoke", "connected", "call"), **who), lead
        )
    desk.time.advance(hours=3)
    return lead


def leaves(desk, _lead):
    def work(uow, actor):
        found = leaving.leave(uow, actor=actor, member=members.get(uow, desk.acme.member["ann"]))
        hand_overs.do(uow, actor=actor, hand_over_id=found.id, how=f"one:{desk.acme.member['bob']}")

    desk.does("mia", work)


def transfers(desk, _lead):
    people = {"giver": desk.person("ann"), "to": desk.person("bob")}
    desk.does("mia", lambda uow, actor: assignments.transfer_all(uow, actor=actor, **people))


def releases(desk, lead):
    desk.does("mia", lambda uow, **who: assignments.release(uow, reason="no time", **who), lead)
    desk.does("bob", lambda uow, actor: assignments.claim(uow, actor=actor, ref=desk.ref(lead)))


def waits(desk, lead):
    sla = desk.count("select count(sla_at) from lead where org_id = :org and id = :l", l=lead)
    return desk.state(lead)["recycle_rule"], sla


@pytest.mark.parametrize("way", [leaves, transfers])
def test_handed_over_by_a_colleague_who_spoke_to_the_customer(desk, way):
    lead = lead_of_ann(desk, contacted=True)
    way(desk, lead)
    assert desk.state(lead)["owner_id"] == desk.acme.member["bob"]
    assert waits(desk, lead) == ("calls", 0)


def test_handed_over_before_anybody_spoke_to_the_customer(desk):
    lead = lead_of_ann(desk, contacted=False)
    leaves(desk, lead)
    assert waits(desk, lead) == ("first contact", 1)


def test_claimed_from_the_pool_begins_anew(desk):
    lead = lead_of_ann(desk, contacted=True)
    releases(desk, lead)
    assert waits(desk, lead) == ("first contact", 1)

"""A hand-over and what happens to the same leads at that moment: each has one owner, and the ledger says so."""

from functools import partial

import pytest

from crm import errors
from crm.services import assignments, clocks, hand_overs, leads, leaving, members, pipeline, recycling
from tests import build
from tests.desk import Desk
from tests.promises.crowd import at_once

RULES = """
recycle: [{name: calls, no_follow_up: 1d}]
claim: {per_day: null, capacity: {default: null}, cool_down: 0h}
"""
MANY = 9
COUNTED = (
    "select count(*) from rep_load r where r.org_id = :org and r.holding <> (select count(*) from lead l"
    " where l.org_id = r.org_id and l.owner_id = r.member_id and l.status = 'open' and l.counts)"
)
OPEN = (
    "select count(*) from lead l where l.org_id = :org and l.status = 'open' and l.owner_id is not null and not exists"
    " (select from assignment a where a.org_id = l.org_id and a.lead_id = l.id and a.member_id = l.owner_id"
    " and a.ended_at is null)"
)


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def hers(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        ids = [build.lead(uow, desk.acme, owner="ann") for _ in range(MANY)]
        clocks.restart(uow, ids)
        return ids


def leaves(desk):
    def work(uow, actor):
        return leaving.leave(uow, actor=actor, member=members.get(uow, desk.acme.member["ann"]))

    return desk.does("mia", work)


def hands_over(desk, found, how):
    return lambda: desk.does(
        "mia", lambda uow, actor: hand_overs.do(uow, actor=actor, hand_over_id=found.id, how=how)
    )  # fmt: skip


def forgiving(work):
    """What somebody is refused is no failure here."""

    def tried():
        try:
            return work()
        except errors.Refusal as refusal:
            return refusal.code

    return tried


def in_step(desk):
    return desk.count(COUNTED), desk.count(OPEN)


def test_of_many_taps_one_hands_over(desk):
    hers(desk)
    found = leaves(desk)
    done = at_once([forgiving(hands_over(desk, found, "load")) for _ in range(4)])
    assert sum(result == "handed_over" for result in done) == 3
    assert desk.count("select count(*) from hand_over_item where org_id = :org") == MANY
    assert in_step(desk) == (0, 0)


def wins(desk, lead):
    def work(uow, actor):
        return pipeline.won(uow, actor=actor, lead=leads.access_id(uow, actor=actor, lead_id=lead))

    return lambda: desk.does("mia", work)


def assigns(desk, lead):
    def work(uow, actor):
        found = leads.access_id(uow, actor=actor, lead_id=lead)
        assignments.assign(uow, actor=actor, lead=found, to=members.get(uow, desk.acme.member["bob"]))

    return lambda: desk.does("mia", work)


def releases(desk, lead):
    def work(uow, actor):
        found = leads.access_id(uow, actor=actor, lead_id=lead)
        assignments.release(uow, actor=actor, lead=found, reason="gone")

    return lambda: desk.does("mia", work)


def claims(desk, lead):
    ref = desk.ref(lead)
    return lambda: desk.does("bob", lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))


def test_what_is_won_given_or_released_at_that_moment_has_one_owner_and_is_counted_once(desk):
    ids = hers(desk)
    found = leaves(desk)
    works = [hands_over(desk, found, "load"), lambda: recycling.sweep(desk.database, desk.acme.org_id)]
    works += [wins(desk, lead) for lead in ids[:2]] + [assigns(desk, lead) for lead in ids[2:4]]
    works += [releases(desk, lead) for lead in ids[4:6]] + [claims(desk, lead) for lead in ids[4:6]]
    at_once([forgiving(work) for work in works])
    assert in_step(desk) == (0, 0)
    mine = "select count(*) from lead where org_id = :org and owner_id = :m and status = 'open'"
    assert desk.count(mine, m=desk.acme.member["ann"]) == 0


def test_a_hand_over_and_its_own_time_out_are_one(desk):
    hers(desk)
    found = leaves(desk)
    desk.time.advance(days=8)

    def runs_out():
        with desk.database.begin(desk.acme.org_id) as uow:
            return hand_overs.time_out(uow)

    at_once([forgiving(work) for work in (hands_over(desk, found, "load"), runs_out, runs_out)])
    assert desk.count("select count(*) from run where org_id = :org and kind = 'hand_over'") == 1
    assert in_step(desk) == (0, 0)


def test_leaving_and_being_dealt_leads_at_once_leaves_nothing_behind_that_no_one_asks_about(desk):
    hers(desk)
    refs = [desk.ref(desk.make()) for _ in range(4)]

    def takes(ref):
        return desk.does("ann", lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))

    at_once([forgiving(partial(leaves, desk)), *(forgiving(partial(takes, ref)) for ref in refs)])
    found = desk.does("mia", lambda uow, actor: hand_overs.last_of(uow, desk.acme.member["ann"]))
    forgiving(hands_over(desk, found, "load"))()
    mine = "select count(*) from lead where org_id = :org and owner_id = :m and status = 'open'"
    assert desk.count(mine, m=desk.acme.member["ann"]) == 0
    assert in_step(desk) == (0, 0)

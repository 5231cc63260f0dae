"""A lead before a whole team: the first tap wins; for a while nobody else may claim it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import LeadAlreadyClaimed, Refusal
from crm.errors_of_offers import TeamOnly
from crm.services import assignments, dealing, dispatch, members, pools
from tests import build

RULES = """
claim: {embargo: 1h}
dispatch:
- name: first tap
  when: {field: source, value: web}
  to: {departments: [north]}
  mode: group
  exclusive_for: 30m
  fallback: open
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@pytest.fixture
def lead(database, acme):
    """A lead that has just come in: its id and reference."""
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, pool="north")
        dispatch.dispatch(uow, lead_id)
        return lead_id, build.read(uow, lead_id).ref


def claim(database, acme, who, ref):
    with database.begin(acme.org_id) as uow:
        return assignments.claim(uow, actor=members.get(uow, acme.member[who]), ref=ref)


def test_the_team_is_told_and_only_the_team_may_claim(database, acme, lead):
    lead_id, ref = lead
    with database.begin(acme.org_id) as uow:
        owed = uow.session.execute(text("select topic, card from message where org_id = :o"), {"o": acme.org_id}).all()
        until = (uow.now + timedelta(minutes=30)).isoformat()
        news = {"pool": acme.pool["open"], "leads": [lead_id], "rule": "first tap", "expires_at": until}
        assert owed == [("group.arrived", news)]
    with pytest.raises(TeamOnly):
        claim(database, acme, "cyd", ref)
    claim(database, acme, "ann", ref)
    with pytest.raises(LeadAlreadyClaimed):
        claim(database, acme, "bob", ref)


def test_meanwhile_it_is_on_nobody_elses_list(database, acme, lead):
    with database.begin(acme.org_id) as uow:
        assert pools.listing(uow, actor=members.get(uow, acme.member["cyd"])) == []


def test_when_the_time_is_over_the_whole_pool_may_claim_and_hears_of_it(database, acme, lead, time):
    lead_id, ref = lead
    time.advance(minutes=30)
    jobs.pass_offers_on(database, acme.org_id)
    jobs.pass_offers_on(database, acme.org_id)
    with database.begin(acme.org_id) as uow:
        found = build.read(uow, lead_id)
        assert (found.held_by, found.pool_id) == (None, acme.pool["open"])
        topics = uow.session.scalars(
            text("select topic from message where org_id = :o order by id"), {"o": acme.org_id}
        )
        assert topics.all() == ["group.arrived", "pool.arrived"]
        told = uow.session.scalars(
            text("select outcome from decision where org_id = :o order by id"), {"o": acme.org_id}
        )
        assert told.all() == ["grouped", "opened"]
    time.advance(hours=1)
    claim(database, acme, "cyd", ref)


def test_a_batch_lies_before_the_team_as_single_leads_do(database, acme):
    with database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme) for _ in range(3)]
        dealing.deal(uow, ids)
        assert {build.read(uow, lead_id).held_by for lead_id in ids} == {"group"}


def attempt(database, acme, who, ref):
    try:
        claim(database, acme, who, ref)
    except Refusal:
        return None
    return who


def test_of_many_taps_at_once_one_wins_also_while_the_time_runs_out(database, acme, time):
    for _ in range(10):
        with database.begin(acme.org_id) as uow:
            lead_id = build.lead(uow, acme)
            dispatch.dispatch(uow, lead_id)
            ref = build.read(uow, lead_id).ref
        time.advance(minutes=30)
        with ThreadPoolExecutor(6) as pool:
            taps = [pool.submit(attempt, database, acme, who, ref) for who in ("ann", "bob", "ann", "bob")]
            ends = [pool.submit(jobs.pass_offers_on, database, acme.org_id) for _ in range(2)]
            winners = [tap.result() for tap in taps if tap.result()]
            assert [end.result() for end in ends] == [None, None]
        with database.begin(acme.org_id) as uow:
            owner = build.read(uow, lead_id).owner_id
            open_ones = "select count(*) from assignment where org_id = :o and lead_id = :l and ended_at is null"
            held = uow.session.scalar(text(open_ones), {"o": acme.org_id, "l": lead_id})
        assert [acme.member[who] for who in winners] == ([owner] if owner else [])
        assert held == len(winners) <= 1

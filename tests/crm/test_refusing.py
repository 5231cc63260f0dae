"""Refused claims are remembered with their figures, once each, and not without end."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.errors import CapacityReached, LeadNotFound, PoolEmpty, Refusal
from crm.services import assignments, explain, members, refusing
from tests import build

RULES = "claim: {capacity: {default: 1}, cool_down: 2d}"


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def lead(database, acme, **facts):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **facts)
        return lead_id, build.read(uow, lead_id).number


def claim(database, acme, name, ref):
    """As the chat does it: what was begun is rolled back, the refusal is written with the answer."""
    try:
        with database.begin(acme.org_id) as uow:
            assignments.claim(uow, actor=members.get(uow, acme.member[name]), ref=ref)
    except Refusal as refusal:
        remember(database, acme, name, refusal)


def remember(database, acme, name, refusal):
    with database.begin(acme.org_id) as uow:
        refusing.remember(uow, members.get(uow, acme.member[name]), refusal)


def refusals(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        return [(one.member, one.outcome, one.facts) for one in explain.refusals(uow, lead_id, most=50)]


def count(database, acme):
    with database.begin(acme.org_id) as uow:
        return uow.session.scalar(
            text("select count(*) from decision where org_id = :o and kind = 'refusal'"), {"o": acme.org_id}
        )


def test_a_refused_claim_is_remembered_with_its_figures(database, acme):
    lead(database, acme, owner="ann")
    free, number = lead(database, acme)
    claim(database, acme, "ann", f"L-{number}")
    assert refusals(database, acme, free) == [("Ann Li", "capacity_reached", {"held": 1, "limit": 1})]


def test_asking_again_and_again_is_remembered_once_an_hour(database, acme, time):
    lead(database, acme, owner="ann")
    free, number = lead(database, acme)
    for _ in range(5):
        claim(database, acme, "ann", f"L-{number}")
    assert len(refusals(database, acme, free)) == 1
    time.advance(minutes=61)
    claim(database, acme, "ann", f"L-{number}")
    assert len(refusals(database, acme, free)) == 2


def test_a_script_that_asks_for_everything_fills_no_table(database, acme):
    lead(database, acme, owner="ann")
    with database.begin(acme.org_id) as uow:
        refs = [f"L-{build.read(uow, build.lead(uow, acme)).number}" for _ in range(refusing.MOST + 10)]
    for ref in refs:
        claim(database, acme, "ann", ref)
    assert count(database, acme) == refusing.MOST


def test_many_who_ask_for_one_lead_are_not_all_remembered(database, acme, monkeypatch):
    monkeypatch.setattr(refusing, "MOST", 2)
    taken, number = lead(database, acme, owner="ann")
    for name in ("bob", "cyd", "dan"):
        claim(database, acme, name, f"L-{number}")
    assert [code for _, code, _ in refusals(database, acme, taken)] == ["lead_already_claimed"] * 2


@pytest.mark.parametrize("refusal", [LeadNotFound(ref="L-7"), PoolEmpty()])
def test_what_there_is_not_needs_no_reason(database, acme, refusal):
    refusal.asked = "L-7"
    remember(database, acme, "ann", refusal)
    assert count(database, acme) == 0


def test_a_refusal_of_something_else_is_not_written_down(database, acme):
    remember(database, acme, "ann", CapacityReached(held=1, limit=1))
    assert count(database, acme) == 0


def test_a_refused_claim_of_the_next_best_is_about_no_certain_lead(database, acme):
    lead(database, acme, owner="ann")
    lead(database, acme)
    with pytest.raises(CapacityReached) as refused, database.begin(acme.org_id) as uow:
        assignments.claim_best(uow, actor=members.get(uow, acme.member["ann"]))
    remember(database, acme, "ann", refused.value)
    remember(database, acme, "ann", refused.value)
    with database.begin(acme.org_id) as uow:
        found = text("select lead_id, outcome from decision where org_id = :o")
        assert uow.session.execute(found, {"o": acme.org_id}).all() == [(None, "capacity_reached")]


def test_a_refusal_does_not_push_the_decisions_about_a_lead_away(database, acme, time):
    taken, number = lead(database, acme, owner="ann")
    for name in ("bob", "cyd", "dan"):
        claim(database, acme, name, f"L-{number}")
        time.advance(hours=2)
    with database.begin(acme.org_id) as uow:
        assert explain.why(uow, taken) == []
        newest = explain.refusals(uow, taken, most=1)[0]
    assert newest.member == build.PEOPLE["dan"][0]
    assert newest.at == time() - timedelta(hours=2)

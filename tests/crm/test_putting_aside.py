"""Held leads, paused rules and parked leads: what stands still, and how it goes on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import LeadHeldUntil, NotAllowed, TimeInPast
from crm.errors_of_waiting import (
    LeadOnHold,
    LeadParked,
    NotHeld,
    ParkedEnough,
    ParkedTooLong,
    RuleNotFound,
    RuleNotPaused,
)
from crm.rules.arrival import Arrival
from crm.services import (
    assignments,
    clocks,
    dispatch,
    holding,
    intake,
    leads,
    members,
    nurturing,
    pauses,
    recycling,
    sources,
    undo,
)
from tests import build

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = """
recycle: [{name: calls, no_follow_up: 7d}]
warn: []
breaker: {at_least: 100000}
claim: {capacity: {default: 3}}
nurture: {longest: 100d, most: 2}
dispatch:
- {name: web, when: {field: source, value: web}, to: {departments: [north]}, working_hours: false, nobody: hold}
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@pytest.fixture
def act(database, acme):
    """Does something as a member to a lead, in a transaction of its own."""

    def do(verb, who, lead_id=None, **more):
        with database.begin(acme.org_id) as uow:
            actor = members.get(uow, acme.member[who])
            if lead_id is not None:
                more["lead"] = leads.access_id(uow, actor=actor, lead_id=lead_id)
            return verb(uow, actor=actor, **more)

    return do


def made(database, acme, **facts):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **facts)
        clocks.restart(uow, [lead_id])
        return lead_id


def read(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        return build.read(uow, lead_id)


def sql(database, acme, query, **args):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(query), args | {"o": acme.org_id}).all()


def holds(database, acme, name):
    who = "select holding from rep_load where org_id = :o and member_id = :m"
    return sql(database, acme, who, m=acme.member[name])[0].holding


def until(database, acme, time, moment):
    time.set(moment)
    for duty in jobs.DUTIES:
        duty(database, acme.org_id)


# --- held by a person


def test_a_held_lead_is_claimed_by_nobody_until_then(database, acme, time, act):
    lead_id = made(database, acme)
    act(holding.hold, "mia", lead_id, until=build.NOW + 2 * DAY, reason="they move house")
    with pytest.raises(LeadHeldUntil):
        act(assignments.claim, "ann", ref=f"L-{read(database, acme, lead_id).number}")
    until(database, acme, time, build.NOW + 2 * DAY)
    act(assignments.claim, "ann", ref=f"L-{read(database, acme, lead_id).number}")
    assert read(database, acme, lead_id).owner_id == acme.member["ann"]


def test_a_held_lead_keeps_its_place_among_those_that_wait(database, acme, time, act):
    first = made(database, acme, held_since=build.NOW - DAY, held_by="nobody")
    made(database, acme, held_since=build.NOW - HOUR, held_by="nobody")
    act(holding.hold, "mia", first, until=build.NOW + HOUR, reason="holiday there")
    act(holding.unhold, "mia", first)
    assert (read(database, acme, first).held_by, read(database, acme, first).held_since) == ("nobody", build.NOW - DAY)


def test_the_clock_of_an_owned_lead_stands_still_while_it_is_held(database, acme, time, act):
    lead_id = made(database, acme, owner="ann", contacted_at=build.NOW)
    time.set(build.NOW + 5 * DAY)
    act(holding.hold, "mia", lead_id, until=build.NOW + 20 * DAY, reason="in hospital")
    assert read(database, acme, lead_id).recycle_at is None
    until(database, acme, time, build.NOW + 20 * DAY)
    assert read(database, acme, lead_id).recycle_at == build.NOW + 22 * DAY


def test_a_hold_is_taken_back_by_undo(database, acme, act):
    lead_id = made(database, acme, owner="ann")
    act(holding.hold, "mia", lead_id, until=build.NOW + DAY, reason="a mistake")
    act(undo.undo, "mia")
    lead = read(database, acme, lead_id)
    assert (lead.held_by, lead.held_since, lead.recycle_at) == (None, None, build.NOW + 7 * DAY)


def test_only_managers_hold_and_only_until_a_time_to_come(database, acme, act):
    lead_id = made(database, acme, owner="ann")
    with pytest.raises(NotAllowed):
        act(holding.hold, "ann", lead_id, until=build.NOW + DAY, reason="mine")
    with pytest.raises(TimeInPast):
        act(holding.hold, "mia", lead_id, until=build.NOW, reason="too late")
    with pytest.raises(NotHeld):
        act(holding.unhold, "mia", lead_id)


# --- paused rules


def arrives(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme)
        dispatch.dispatch(uow, lead_id)
        return lead_id


def test_a_paused_rule_keeps_its_leads_in_order_and_loses_none(database, acme, time, act):
    act(pauses.pause, "mia", name="WEB", until=build.NOW + DAY, reason="prices change")
    waiting = []
    for minute in range(4):
        time.set(build.NOW + timedelta(minutes=minute))
        waiting.append(arrives(database, acme))
    assert {read(database, acme, lead).held_by for lead in waiting} == {"paused"}
    until(database, acme, time, build.NOW + DAY)
    dealt = "select lead_id from activity where org_id = :o and verb = 'dispatched' order by id"
    assert [row.lead_id for row in sql(database, acme, dealt)] == waiting


def test_a_rule_that_goes_on_early_deals_at_the_next_look(database, acme, time, act):
    act(pauses.pause, "mia", name="web", until=build.NOW + DAY, reason="prices change")
    lead_id = arrives(database, acme)
    until(database, acme, time, build.NOW + HOUR)
    assert read(database, acme, lead_id).owner_id is None
    act(pauses.resume, "mia", name="web")
    until(database, acme, time, build.NOW + HOUR)
    assert read(database, acme, lead_id).owner_id is not None


def test_a_longer_pause_keeps_those_that_wait_already(database, acme, time, act):
    act(pauses.pause, "mia", name="web", until=build.NOW + HOUR, reason="prices change")
    lead_id = arrives(database, acme)
    act(pauses.pause, "mia", name="web", until=build.NOW + DAY, reason="it takes longer")
    until(database, acme, time, build.NOW + 2 * HOUR)
    assert read(database, acme, lead_id).held_by == "paused"


def test_clocks_stand_still_while_their_rule_is_paused(database, acme, time, act):
    lead_id = made(database, acme, owner="ann", contacted_at=build.NOW)
    time.set(build.NOW + 5 * DAY)
    act(pauses.pause, "mia", name="calls", until=build.NOW + 15 * DAY, reason="trade fair")
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    assert read(database, acme, lead_id).recycle_at == build.NOW + 17 * DAY
    time.set(build.NOW + 8 * DAY)
    act(pauses.resume, "mia", name="calls")
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    assert read(database, acme, lead_id).recycle_at == build.NOW + 10 * DAY


def test_a_paused_rule_takes_nothing_even_before_the_clocks_have_followed(database, acme, time, act):
    lead_id = made(database, acme, owner="ann", contacted_at=build.NOW)
    time.set(build.NOW + 7 * DAY)
    act(pauses.pause, "mia", name="calls", until=build.NOW + 9 * DAY, reason="trade fair")
    assert recycling.sweep(database, acme.org_id) == 0
    assert read(database, acme, lead_id).owner_id == acme.member["ann"]


def test_a_rule_is_paused_by_its_name_and_once(database, acme, act):
    with pytest.raises(RuleNotFound) as refused:
        act(pauses.pause, "mia", name="nothing", until=build.NOW + DAY, reason="x")
    assert refused.value.data["names"] == "web, calls"
    with pytest.raises(RuleNotPaused):
        act(pauses.resume, "mia", name="web")
    with pytest.raises(NotAllowed):
        act(pauses.pause, "ann", name="web", until=build.NOW + DAY, reason="x")


# --- parked leads


def test_a_parked_lead_fills_nobodys_capacity_and_has_no_clock(database, acme, act):
    lead_id = made(database, acme, owner="ann")
    act(nurturing.nurture, "ann", lead_id, until=build.NOW + 30 * DAY)
    lead = read(database, acme, lead_id)
    assert (lead.counts, lead.recycle_at, holds(database, acme, "ann")) == (False, None, 0)
    assert act(leads.mine, "ann") == []
    assert [one.id for one in act(nurturing.mine, "ann")] == [lead_id]


def test_it_comes_back_to_its_owner_as_the_next_wave(database, acme, time, act):
    lead_id = made(database, acme, owner="ann", contacted_at=build.NOW)
    act(nurturing.nurture, "ann", lead_id, until=build.NOW + 30 * DAY)
    until(database, acme, time, build.NOW + 30 * DAY)
    lead = read(database, acme, lead_id)
    assert (lead.owner_id, lead.wave, lead.counts, lead.held_by) == (acme.member["ann"], 2, True, None)
    assert lead.recycle_at == build.NOW + 37 * DAY
    assert holds(database, acme, "ann") == 1
    owners = "select began_by, ended_by from assignment where org_id = :o and lead_id = :l order by id"
    assert sql(database, acme, owners, l=lead_id) == [("claim", "nurtured"), ("nurtured", None)]


def test_a_new_touch_of_the_customer_wakes_it(database, acme, time, act):
    lead_id = made(database, acme, owner="ann")
    act(nurturing.nurture, "ann", lead_id, until=None, signal="spring fair")
    assert read(database, acme, lead_id).held_until == build.NOW + 100 * DAY
    sql(database, acme, "update lead set held_until = :n where id = :l returning 1", n=build.NOW, l=lead_id)
    until(database, acme, time, build.NOW + HOUR)
    assert read(database, acme, lead_id).wave == 2


@pytest.mark.parametrize("why", ["full", "gone"])
def test_it_is_dealt_anew_when_its_owner_cannot_have_it(database, acme, time, act, why):
    lead_id = made(database, acme, owner="ann")
    act(nurturing.nurture, "ann", lead_id, until=build.NOW + 30 * DAY)
    for _ in range({"full": 3, "gone": 0}[why]):
        made(database, acme, owner="ann", protected_until=build.NOW + 99 * DAY)
    sql(
        database, acme, "update member set active = :on where org_id = :o and id = :m returning 1",
        m=acme.member["ann"], on=why == "full",
    )  # fmt: skip
    until(database, acme, time, build.NOW + 30 * DAY)
    lead = read(database, acme, lead_id)
    assert (lead.owner_id, lead.wave) == (acme.member["bob"], 2)


def test_parking_is_undone_and_counts_again(database, acme, act):
    lead_id = made(database, acme, owner="ann")
    act(nurturing.nurture, "ann", lead_id, until=build.NOW + 30 * DAY)
    act(undo.undo, "ann")
    lead = read(database, acme, lead_id)
    assert (lead.counts, lead.held_by, lead.recycle_at) == (True, None, build.NOW + 7 * DAY)
    assert holds(database, acme, "ann") == 1


def test_a_parked_lead_can_be_released_won_and_given_away(database, acme, act):
    one, two = made(database, acme, owner="ann"), made(database, acme, owner="ann")
    for lead_id in (one, two):
        act(nurturing.nurture, "ann", lead_id, until=build.NOW + 30 * DAY)
    act(assignments.release, "ann", one, reason="not mine")
    with_bob = {"to": None}
    with database.begin(acme.org_id) as uow:
        with_bob["to"] = members.get(uow, acme.member["bob"])
    act(assignments.assign, "mia", two, **with_bob)
    assert [read(database, acme, lead).held_by for lead in (one, two)] == [None, None]
    assert (holds(database, acme, "ann"), holds(database, acme, "bob")) == (0, 1)


def test_parking_has_bounds(database, acme, act):
    mine = [made(database, acme, owner="ann") for _ in range(3)]
    with pytest.raises(ParkedTooLong):
        act(nurturing.nurture, "ann", mine[0], until=build.NOW + 101 * DAY)
    for lead_id in mine[:2]:
        act(nurturing.nurture, "ann", lead_id, until=build.NOW + DAY)
    with pytest.raises(ParkedEnough):
        act(nurturing.nurture, "ann", mine[2], until=build.NOW + DAY)
    act(holding.hold, "mia", mine[2], until=build.NOW + DAY, reason="x")
    with pytest.raises(LeadOnHold):
        act(nurturing.nurture, "ann", mine[2], until=build.NOW + DAY)


def test_a_parked_lead_is_fetched_back_before_its_time(database, acme, act):
    lead_id = made(database, acme, owner="ann")
    act(nurturing.nurture, "ann", lead_id, until=build.NOW + DAY)
    with pytest.raises(LeadParked):
        act(holding.hold, "mia", lead_id, until=build.NOW + DAY, reason="x")
    act(nurturing.fetch, "ann", lead_id)
    assert (read(database, acme, lead_id).wave, holds(database, acme, "ann")) == (2, 1)


def comes_in_again(database, acme, lead_id, **more):
    with database.begin(acme.org_id) as uow:
        found = "select value from person_key k join lead l on l.person_id = k.person_id where l.id = :l"
        phone = uow.session.scalar(text(found), {"l": lead_id})
        arrival = Arrival(name="Lu Wei", phone=phone, **more)
        intake.take_in(uow, source=sources.get(uow, acme.source_id), arrival=arrival)


def test_whoever_comes_in_again_is_back_within_a_minute_and_the_card_says_why(database, acme, time, act):
    lead_id = made(database, acme, owner="ann")
    act(nurturing.nurture, "ann", lead_id, until=build.NOW + 30 * DAY, signal="spring fair")
    time.advance(hours=1)
    comes_in_again(database, acme, lead_id)
    until(database, acme, time, build.NOW + HOUR)
    assert read(database, acme, lead_id).wave == 2
    because = (
        "select data->>'because' as why, data->>'signal' as signal from activity where verb = 'woken' and lead_id = :l"
    )
    assert sql(database, acme, because, l=lead_id) == [("touch", "spring fair")]


def test_leads_that_come_back_at_once_keep_every_count_exact(database, acme, time, act):
    parked = [made(database, acme, owner="ann") for _ in range(2)]
    for lead_id in parked:
        act(nurturing.nurture, "ann", lead_id, until=build.NOW + DAY)
    made(database, acme, owner="ann", protected_until=build.NOW + 99 * DAY)
    made(database, acme, owner="ann", protected_until=build.NOW + 99 * DAY)
    until(database, acme, time, build.NOW + DAY)
    owners = [read(database, acme, lead_id).owner_id for lead_id in parked]
    assert owners == [acme.member["ann"], acme.member["bob"]]
    assert (holds(database, acme, "ann"), holds(database, acme, "bob")) == (3, 1)


def test_waking_and_claiming_at_once_keeps_one_owner_for_each_lead(database, acme, time, act):
    ids = [made(database, acme, owner="ann") for _ in range(2)]
    for lead_id in ids:
        act(nurturing.nurture, "ann", lead_id, until=build.NOW + DAY)
    time.set(build.NOW + DAY)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(jobs.set_free, database, acme.org_id) for _ in range(4)]
        for each in done:
            each.result()
    waves = "select distinct wave from lead where org_id = :o"
    assert sql(database, acme, waves) == [(2,)]
    assert holds(database, acme, "ann") == 2

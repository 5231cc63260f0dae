"""An offer is held out to one member after the other and ends exactly once, whoever is faster."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import CapacityReached, LeadAlreadyYours, LeadNotFound, Refusal
from crm.errors_of_offers import (
    DayShareReached,
    LeadOnOffer,
    NotOffered,
    OfferedToYou,
    OfferOver,
    OfferPassedOn,
    OfferTaken,
)
from crm.services import assignments, dealing, dispatch, handing, leads, members, offers, undo
from tests import build

RULES = """
dispatch:
- name: web leads
  when: {field: source, value: web}
  to: {departments: [north]}
  mode: offer
  accept_within: 15m
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def come_in(database, acme, **columns):
    """A lead that comes in and is offered: its id, its reference, and to whom."""
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **columns)
        dealt = dispatch.dispatch(uow, lead_id)
        return lead_id, build.read(uow, lead_id).ref, name_of(acme, dealt.member_id)


def name_of(acme, member_id):
    return {number: name for name, number in acme.member.items()}.get(member_id)


def acts(database, acme, who, call, **args):
    """What `who` does, in a transaction of its own."""
    with database.begin(acme.org_id) as uow:
        return call(uow, actor=members.get(uow, acme.member[who]), **args)


def expire(database, acme):
    jobs.pass_offers_on(database, acme.org_id)


def sql(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(statement), {"o": acme.org_id} | args).all()


def change(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(statement), {"o": acme.org_id} | args)


def states(database, acme, lead_id):
    rows = sql(
        database, acme, "select member_id, state from offer where org_id = :o and lead_id = :l order by id", l=lead_id
    )
    return [(name_of(acme, member), state) for member, state in rows]


def outcomes(database, acme, lead_id):
    statement = "select outcome from decision where org_id = :o and lead_id = :l order by id"
    return [row.outcome for row in sql(database, acme, statement, l=lead_id)]


def standing(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, lead_id)
        return name_of(acme, lead.owner_id), lead.held_by


def other(who):
    return {"ann": "bob", "bob": "ann"}[who]


def test_a_lead_is_held_out_with_a_card_and_reserved_meanwhile(database, acme):
    lead_id, ref, who = come_in(database, acme)
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, lead_id)
        assert (lead.owner_id, lead.held_by, lead.held_for) == (None, "offer", "web leads")
        assert lead.held_until == uow.now + timedelta(minutes=15)
    ((topic, to, card),) = sql(database, acme, "select topic, member_id, card from message where org_id = :o")
    assert (topic, name_of(acme, to), card["lead"]) == ("lead.offered", who, lead_id)
    with pytest.raises(LeadOnOffer):
        acts(database, acme, other(who), assignments.claim, ref=ref)
    with pytest.raises(OfferedToYou):
        acts(database, acme, who, assignments.claim, ref=ref)


def test_who_accepts_in_time_owns_it_and_its_clock_runs(database, acme):
    lead_id, ref, who = come_in(database, acme)
    acts(database, acme, who, handing.accept, ref=ref)
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, lead_id)
        assert (name_of(acme, lead.owner_id), lead.held_by, lead.held_until) == (who, None, None)
        assert lead.recycle_at == uow.now + timedelta(days=2)
    assert states(database, acme, lead_id) == [(who, "accepted")]
    assert outcomes(database, acme, lead_id) == ["offered", "accepted"]
    with pytest.raises(LeadAlreadyYours):
        acts(database, acme, who, handing.accept, ref=ref)


def test_a_declined_lead_goes_to_the_next_and_then_to_the_fallback_never_to_the_same_again(database, acme):
    lead_id, ref, first = come_in(database, acme)
    acts(database, acme, first, handing.decline, ref=ref, reason="not my product")
    assert states(database, acme, lead_id) == [(first, "declined"), (other(first), "open")]
    with pytest.raises(OfferPassedOn):
        acts(database, acme, first, handing.accept, ref=ref)
    acts(database, acme, other(first), handing.decline, ref=ref, reason="no time")
    assert standing(database, acme, lead_id) == (None, None)
    assert outcomes(database, acme, lead_id) == ["offered", "declined", "offered", "declined", "pooled"]
    ((seats,),) = sql(
        database, acme,
        "select candidates from decision where org_id = :o and lead_id = :l order by id desc limit 1", l=lead_id,
    )  # fmt: skip
    assert set(seats) == {"declined"}
    with pytest.raises(OfferOver):
        acts(database, acme, first, handing.accept, ref=ref)


def test_silence_passes_it_on_and_who_is_late_learns_who_has_it(database, acme, time):
    lead_id, ref, first = come_in(database, acme)
    time.advance(minutes=15)
    with pytest.raises(OfferOver):
        acts(database, acme, first, handing.accept, ref=ref)
    expire(database, acme)
    assert states(database, acme, lead_id) == [(first, "expired"), (other(first), "open")]
    acts(database, acme, other(first), handing.accept, ref=ref)
    with pytest.raises(OfferTaken) as late:
        acts(database, acme, first, handing.accept, ref=ref)
    assert name_of(acme, late.value.data["by_id"]) == other(first)
    expire(database, acme)
    assert outcomes(database, acme, lead_id) == ["offered", "expired", "offered", "accepted"]


def test_who_was_not_asked_cannot_accept(database, acme):
    _lead_id, ref, who = come_in(database, acme)
    with pytest.raises(NotOffered):
        acts(database, acme, "mia", handing.accept, ref=ref)
    with pytest.raises(LeadNotFound):
        acts(database, acme, who, handing.accept, ref="L-999999")


@pytest.mark.parametrize(
    ("nobody", "held_by"), [("pool", None), ("hold", "nobody"), ("manager", "desk")], ids=["pool", "hold", "manager"]
)
def test_when_nobody_is_left_the_rule_says_where_it_goes(database, time, nobody, held_by):
    acme = build.company(database, rules=RULES + f"  nobody: {nobody}\n")
    lead_id, ref, first = come_in(database, acme)
    acts(database, acme, first, handing.decline, ref=ref, reason="no")
    acts(database, acme, other(first), handing.decline, ref=ref, reason="no")
    assert standing(database, acme, lead_id) == (None, held_by)


def test_offers_wait_for_somebody_to_be_there_the_oldest_first(database, time):
    acme = build.company(database, rules=RULES + "  nobody: hold\n  caps: {per_day: 1}\n")
    change(database, acme, "update member set on_duty = false where org_id = :o")
    waiting = []
    for _ in range(3):
        waiting.append(come_in(database, acme)[0])
        time.advance(minutes=1)
    change(database, acme, "update member set on_duty = true where org_id = :o and id = :m", m=acme.member["ann"])
    jobs.deal_held(database, acme.org_id)
    jobs.deal_held(database, acme.org_id)
    held = [standing(database, acme, lead_id)[1] for lead_id in waiting]
    assert held == ["offer", "nobody", "nobody"]


def test_what_lies_open_before_somebody_counts_as_theirs(database, time):
    acme = build.company(database, rules=RULES + "  caps: {per_day: 1}\n")
    asked = [come_in(database, acme)[2] for _ in range(3)]
    assert sorted(asked[:2]) == ["ann", "bob"]
    assert asked[2] is None


def test_a_batch_is_offered_as_single_leads_would_be(database, acme):
    with database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme) for _ in range(4)]
        dealing.deal(uow, ids)
    asked = [states(database, acme, lead_id)[0][0] for lead_id in ids]
    assert sorted(asked[:2]) == ["ann", "bob"]
    assert asked[2:] == asked[:2]
    with database.begin(acme.org_id) as uow:
        dealing.deal(uow, ids)
    assert [states(database, acme, lead_id)[0][0] for lead_id in ids] == asked


def test_a_batch_passes_over_who_declined_that_one_lead(database, acme):
    lead_id, ref, first = come_in(database, acme)
    change(database, acme, "update member set on_duty = false where org_id = :o")
    acts(database, acme, first, handing.decline, ref=ref, reason="no")
    change(database, acme, "update member set on_duty = true where org_id = :o")
    with database.begin(acme.org_id) as uow:
        fresh = build.lead(uow, acme)
        dealing.deal(uow, [lead_id, fresh])
    assert states(database, acme, lead_id)[-1] == (other(first), "open")
    assert states(database, acme, fresh)[0][1] == "open"


def test_capacity_and_caps_are_looked_at_again_when_it_is_accepted(database, time):
    acme = build.company(database, rules=RULES + "  caps: {per_day: 1}\n")
    _lead_id, ref, who = come_in(database, acme)
    full = "update rep_load set holding = 200 where org_id = :o and member_id = :m"
    change(database, acme, full, m=acme.member[who])
    with pytest.raises(CapacityReached):
        acts(database, acme, who, handing.accept, ref=ref)
    dealt = "update rep_load set holding = 0, dealt_day = 1 where org_id = :o and member_id = :m"
    change(database, acme, dealt, m=acme.member[who])
    with pytest.raises(DayShareReached):
        acts(database, acme, who, handing.accept, ref=ref)


def test_a_manager_may_give_it_to_somebody_and_the_offer_is_withdrawn(database, acme, time):
    lead_id, ref, who = come_in(database, acme)
    with database.begin(acme.org_id) as uow:
        mia, cyd = members.get(uow, acme.member["mia"]), members.get(uow, acme.member["cyd"])
        assignments.assign(uow, actor=mia, lead=leads.access(uow, actor=mia, ref=ref), to=cyd)
    assert states(database, acme, lead_id) == [(who, "withdrawn")]
    with pytest.raises(OfferTaken):
        acts(database, acme, who, handing.accept, ref=ref)
    time.advance(minutes=20)
    expire(database, acme)
    assert standing(database, acme, lead_id) == ("cyd", None)


def test_a_time_in_working_hours_ends_on_the_next_working_day(database, time):
    acme = build.company(database, rules=RULES.replace("15m", "2wh"))
    time.advance(hours=7)
    lead_id, _ref, _who = come_in(database, acme)
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, lead_id).held_until == build.NOW + timedelta(days=1)


def test_what_is_offered_to_somebody_can_be_listed(database, acme, time):
    _lead_id, ref, who = come_in(database, acme)
    assert [one.ref for one in acts(database, acme, who, offers.mine)] == [ref]
    assert acts(database, acme, other(who), offers.mine) == []
    time.advance(minutes=16)
    assert acts(database, acme, who, offers.mine) == []


def test_an_acceptance_can_be_taken_back_and_the_lead_lies_in_its_pool(database, acme):
    lead_id, ref, who = come_in(database, acme)
    acts(database, acme, who, handing.accept, ref=ref)
    acts(database, acme, who, undo.undo)
    assert standing(database, acme, lead_id) == (None, None)


def attempt(database, acme, who, call, **args):
    try:
        acts(database, acme, who, call, **args)
    except Refusal as refusal:
        return refusal.code
    return "done"


@pytest.mark.parametrize("late", [False, True], ids=["in time", "when it is over"])
def test_of_all_who_settle_an_offer_at_once_exactly_one_does(database, time, late):
    acme = build.company(
        database, rules=RULES.replace("[north]", "[company]"), opens=build.NOW.time(), closes=build.NOW.time()
    )
    for _ in range(12):
        lead_id, ref, who = come_in(database, acme)
        time.advance(minutes=15 if late else 1)
        bystander = next(name for name in ("ann", "bob", "cyd", "dan") if name != who)
        with ThreadPoolExecutor(8) as pool:
            done = [
                pool.submit(attempt, database, acme, who, handing.accept, ref=ref),
                pool.submit(attempt, database, acme, who, handing.decline, ref=ref, reason="no"),
                pool.submit(attempt, database, acme, who, handing.accept, ref=ref),
                pool.submit(attempt, database, acme, bystander, assignments.claim, ref=ref),
                *(pool.submit(expire, database, acme) for _ in range(2)),
            ]
            said = [one.result() for one in done]
        expire(database, acme)  # what somebody else had locked is looked at again by the next tick
        settled = [state for member, state in states(database, acme, lead_id) if member == who]
        owner, held_by = standing(database, acme, lead_id)
        assert len(settled) == 1
        assert settled[0] in (("expired",) if late else ("accepted", "declined"))
        assert said[:3].count("done") == (0 if late else 1)
        assert (owner == who) == (settled == ["accepted"])
        assert (held_by == "offer") == (owner is None)
        assert said[3] != "done"
    overlap = "select lead_id from assignment where org_id = :o and ended_at is null group by 1 having count(*) > 1"
    assert sql(database, acme, overlap) == []

"""Who owns a lead: every refusal of a claim with its figures, claims of many, release, assignment, hand-over."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from crm import errors
from crm.services import assignments, leads, members, pools
from tests import build
from tests.desk import Desk

RULES = """
claim: {per_day: 3, per_week: 4, capacity: {default: 5, roles: {manager: 1}}, cool_down: 2d}
pools:
  north: {embargo: 1d}
"""


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def claim(desk, who, lead):
    ref = desk.ref(lead)
    return desk.does(who, lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))


def best(desk, who, many=1, pool=None):
    pool_id = desk.acme.pool[pool] if pool else None
    return desk.does(who, lambda uow, actor: assignments.claim_best(uow, actor=actor, many=many, pool_id=pool_id))


def assign(desk, who, lead, to):
    colleague = desk.person(to)
    desk.does(who, lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=colleague), lead)


def refused(desk, who, lead):
    with pytest.raises(errors.Refusal) as refusal:
        claim(desk, who, lead)
    return refusal.value.code, refusal.value.data


def test_a_claim_says_what_is_held_now(desk):
    lead = desk.make()
    claimed = claim(desk, "ann", lead)
    assert (claimed.lead_id, claimed.load.held, claimed.load.cap, claimed.load.today) == (lead, 1, 5, 1)
    assert desk.count("select began_by from assignment where org_id = :org and lead_id = :id", id=lead) == "claim"


@pytest.mark.parametrize("ref", ["L-999999", "nonsense", ""])
def test_a_lead_that_does_not_exist(desk, ref):
    with pytest.raises(errors.LeadNotFound):
        desk.does("ann", lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))


def test_a_lead_of_another_scope_reads_like_one_that_does_not_exist(desk):
    far_away, own = desk.make(owner="ann", pool="north"), desk.make(owner="ann", origin="self", pool=None)
    assert refused(desk, "cyd", far_away) == ("lead_not_found", {"ref": desk.ref(far_away)})
    assert refused(desk, "bob", own) == ("lead_not_found", {"ref": desk.ref(own)})


def test_a_lead_that_somebody_has(desk):
    lead = desk.make(owner="bob")
    assert refused(desk, "ann", lead) == (
        "lead_already_claimed", {"ref": desk.ref(lead), "by_id": desk.acme.member["bob"]}
    )  # fmt: skip


def test_a_lead_that_one_has_already(desk):
    lead = desk.make(owner="ann")
    assert refused(desk, "ann", lead) == ("lead_already_yours", {"ref": desk.ref(lead)})


def test_a_lead_that_is_closed(desk):
    lead = desk.make(status="lost")
    assert refused(desk, "ann", lead) == ("lead_closed", {"ref": desk.ref(lead)})


def test_a_pool_one_does_not_belong_to(desk):
    desk.time.advance(days=2)
    lead = desk.make(pool="north")
    assert refused(desk, "cyd", lead) == ("pool_closed", {"pool": "North"})


def test_somebody_who_sells_nothing(desk):
    lead = desk.make()
    desk.count(
        "update member set role = 'quality' where org_id = :org and id = :id returning 1", id=desk.acme.member["ann"]
    )
    assert refused(desk, "ann", lead) == ("not_allowed", {"roles": "reps"})


def test_a_lead_fresh_in_its_pool(desk):
    lead = desk.make(pool="north")
    assert refused(desk, "ann", lead) == (
        "embargoed", {"ref": desk.ref(lead), "until": (build.NOW + timedelta(days=1)).isoformat()}
    )  # fmt: skip
    desk.time.advance(days=1)
    claim(desk, "ann", lead)


@pytest.mark.parametrize("how", ["released", "recycled"])
def test_a_lead_one_had_before(desk, how):
    lead = desk.make(owner="ann")
    desk.does(
        "ann",
        lambda uow, actor: assignments.take_back(
            uow, lead_id=lead, owner_id=actor.id, how=how, reason=None, actor_id=None
        ),
    )
    until = (build.NOW + timedelta(days=2)).isoformat()
    assert refused(desk, "ann", lead) == ("cooling_down", {"ref": desk.ref(lead), "until": until})
    claim(desk, "bob", lead)


@pytest.mark.parametrize("how", ["undone", "rewound"])
def test_what_was_undone_was_never_had(desk, how):
    lead = desk.make(owner="ann")
    desk.does(
        "ann",
        lambda uow, actor: assignments.take_back(
            uow, lead_id=lead, owner_id=actor.id, how=how, reason=None, actor_id=None
        ),
    )
    shown = desk.does("ann", lambda uow, actor: pools.listing(uow, actor=actor))
    assert [one.id for one in shown] == [lead]
    assert [one.lead_id for one in best(desk, "ann")] == [lead]


def test_a_former_owner_waits_also_when_others_had_it_since(desk):
    lead = desk.make(owner="ann")
    release(desk, "ann", lead)
    desk.time.advance(hours=12)
    claim(desk, "bob", lead)
    release(desk, "bob", lead)
    assert refused(desk, "ann", lead)[0] == "cooling_down"
    desk.time.advance(days=1, hours=12)
    claim(desk, "ann", lead)


def test_a_full_desk(desk):
    for _ in range(5):
        desk.make(owner="ann")
    assert refused(desk, "ann", desk.make()) == ("capacity_reached", {"held": 5, "limit": 5})


def test_the_days_quota_whatever_was_released(desk):
    for _ in range(3):
        lead = desk.make()
        claim(desk, "ann", lead)
        release(desk, "ann", lead)
    midnight = datetime.fromisoformat("2026-03-05T00:00:00+08:00")
    code, data = refused(desk, "ann", desk.make())
    assert (code, data["used"], data["limit"], data["period"]) == ("quota_reached", 3, 3, "day")
    assert datetime.fromisoformat(data["again"]) == midnight
    desk.time.set(midnight)
    claim(desk, "ann", desk.make())


def test_the_weeks_quota(desk):
    for day in range(2):
        for _ in range(2):
            claim(desk, "ann", desk.make())
        desk.time.advance(days=1 - day)
    code, data = refused(desk, "ann", desk.make())
    assert (code, data["used"], data["limit"], data["period"]) == ("quota_reached", 4, 4, "week")
    assert datetime.fromisoformat(data["again"]) == datetime.fromisoformat("2026-03-09T00:00:00+08:00")


def release(desk, who, lead):
    desk.does(who, lambda uow, actor, lead: assignments.release(uow, actor=actor, lead=lead, reason="x"), lead)


def test_a_refused_claim_counts_nowhere(desk):
    refused(desk, "ann", desk.make(owner="bob"))
    assert (desk.load("ann").held, desk.load("ann").today) == (0, 0)


def test_the_next_lead_is_the_best_of_all_pools(desk):
    desk.time.set(build.NOW - timedelta(days=2))
    open_pool, north = desk.make(score=40), desk.make(pool="north", score=60)
    desk.time.set(build.NOW)
    low = desk.make(score=10)
    assert [best(desk, "ann")[0].lead_id for _ in range(3)] == [north, open_pool, low]


def test_of_equal_leads_the_oldest_is_next(desk):
    first, second = desk.make(score=7), desk.make(score=7)
    assert [best(desk, "ann")[0].lead_id, best(desk, "bob")[0].lead_id] == [first, second]


def test_several_are_claimed_best_first_up_to_the_quota(desk):
    made = [desk.make(score=score) for score in (1, 2, 3, 4)]
    assert [one.lead_id for one in best(desk, "ann", many=5)] == made[:0:-1]
    assert (desk.load("ann").held, desk.load("ann").today) == (3, 3)


def test_only_the_named_pool_is_taken_from(desk):
    desk.make(score=90)
    desk.time.advance(days=-2)
    north = desk.make(pool="north", score=1)
    desk.time.advance(days=2)
    assert best(desk, "ann", pool="north")[0].lead_id == north


def test_an_empty_pool_says_so(desk):
    desk.make(owner="bob")
    desk.make(held_since=build.NOW)
    with pytest.raises(errors.PoolEmpty):
        best(desk, "ann")


def test_what_stops_the_very_first_is_said(desk):
    for _ in range(5):
        desk.make(owner="ann")
    desk.make()
    with pytest.raises(errors.CapacityReached):
        best(desk, "ann", many=5)


def test_a_released_lead_is_in_its_pool_with_the_reason_in_its_history(desk):
    lead = desk.make(owner="ann")
    release(desk, "ann", lead)
    assert desk.state(lead)["owner_id"] is None
    ended = "select ended_by || ' ' || reason from assignment where org_id = :org and lead_id = :id"
    assert desk.count(ended, id=lead) == "released x"


@pytest.mark.parametrize(
    ("facts", "who", "refusal"),
    [
        ({"owner": "ann", "origin": "self", "pool": None}, "ann", errors.SelfSourced),
        ({"owner": "ann", "status": "won"}, "ann", errors.LeadClosed),
        ({}, "ann", errors.LeadUnclaimed),
        ({}, "mia", errors.LeadNotYours),
    ],
)
def test_what_cannot_be_released(desk, facts, who, refusal):
    lead = desk.make(**facts)
    with pytest.raises(refusal):
        release(desk, who, lead)


def test_a_release_by_the_manager_is_told_to_the_owner(desk):
    lead = desk.make(owner="ann")
    release(desk, "mia", lead)
    assert desk.owed("leads.moved_away") == [desk.acme.member["ann"]]


def test_a_manager_gives_a_lead_and_both_are_told(desk):
    lead = desk.make(owner="ann")
    assign(desk, "mia", lead, "bob")
    assert desk.state(lead)["owner_id"] == desk.acme.member["bob"]
    assert desk.owed("lead.assigned") == [desk.acme.member["bob"]]
    assert desk.owed("leads.moved_away") == [desk.acme.member["ann"]]
    assert (desk.load("ann").held, desk.load("bob").held, desk.load("bob").today) == (0, 1, 0)


@pytest.mark.parametrize(
    ("facts", "by", "to", "refusal"),
    [
        ({"owner": "ann"}, "ann", "bob", errors.NotAllowed),
        ({"owner": "ann"}, "mia", "ann", errors.LeadAlreadyYours),
        ({"owner": "ann", "status": "lost"}, "mia", "bob", errors.LeadClosed),
        ({"owner": "ann", "origin": "self", "pool": None}, "mia", "bob", errors.SelfSourced),
        ({"owner": "ann"}, "mia", "max", errors.MemberFull),
    ],
)
def test_what_a_manager_cannot_give(desk, facts, by, to, refusal):
    desk.make(owner="max")
    lead = desk.make(**facts)
    before = desk.state(lead)
    with pytest.raises(refusal):
        assign(desk, by, lead, to)
    assert desk.state(lead) == before


def test_nothing_is_given_to_who_has_left(desk):
    lead = desk.make(owner="ann")
    gone = "update member set active = false where org_id = :org and id = :id returning 1"
    desk.count(gone, id=desk.acme.member["bob"])
    with pytest.raises(errors.MemberInactive):
        assign(desk, "mia", lead, "bob")


def transfer(desk, giver, to, by="mia"):
    giver, to = desk.person(giver), desk.person(to)
    return desk.does(by, lambda uow, actor: assignments.transfer_all(uow, actor=actor, giver=giver, to=to))


def test_as_many_move_as_there_is_room_for_and_the_rest_stays(desk):
    moved = [desk.make(owner="ann", recycle_at=build.NOW + timedelta(hours=hour)) for hour in range(1, 5)]
    own = desk.make(owner="ann", origin="self", pool=None)
    for _ in range(3):
        desk.make(owner="bob")
    assert transfer(desk, "ann", "bob") == moved[:2]
    assert [desk.state(lead)["owner_id"] == desk.acme.member["bob"] for lead in moved] == [True, True, False, False]
    assert desk.state(own)["owner_id"] == desk.acme.member["ann"]
    assert (desk.load("ann").held, desk.load("bob").held) == (2, 5)


def test_nothing_moves_to_a_full_desk(desk):
    lead = desk.make(owner="ann")
    for _ in range(5):
        desk.make(owner="bob")
    with pytest.raises(errors.MemberFull) as refusal:
        transfer(desk, "ann", "bob")
    assert (refusal.value.data["held"], refusal.value.data["count"]) == (5, 1)
    assert desk.state(lead)["owner_id"] == desk.acme.member["ann"]


def test_leads_moved_to_their_own_owner_win_no_time(desk):
    lead = desk.make(owner="ann")
    before = desk.state(lead)
    assert transfer(desk, "ann", "ann") == []
    assert desk.state(lead) == before
    assert desk.owed("leads.transferred") == []


def test_a_lead_seen_before_it_was_lost_is_not_changed_afterwards(desk):
    lead = desk.make(owner="ann")
    seen = desk.does("ann", lambda uow, actor, lead: lead, lead)
    release(desk, "mia", lead)
    with pytest.raises(errors.Conflict):
        desk.does("ann", lambda uow, actor: assignments.release(uow, actor=actor, lead=seen, reason="late"))


def test_the_door_is_shut_between_organizations(database, time, desk):
    other, lead = Desk(database, time), desk.make()
    ref = desk.ref(lead)
    with pytest.raises(errors.LeadNotFound):
        other.does("ann", lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))
    with other.database.begin(other.acme.org_id) as uow:
        actor = members.get(uow, other.acme.member["ada"])
        assert leads.many(uow, actor=actor, lead_ids=[lead]) == []
        assert uow.session.scalar(text("select count(*) from lead")) == 0


@pytest.mark.parametrize(("by", "pool", "to"), [("max", "open", "ann"), ("mia", "north", "cyd")])
def test_what_lies_in_a_pool_is_given_to_the_own_team_alone(desk, by, pool, to):
    lead = desk.make(pool=pool)
    with pytest.raises(errors.NotYourTeam):
        assign(desk, by, lead, to)
    assert desk.state(lead)["owner_id"] is None


@pytest.mark.parametrize(("by", "pool"), [("max", "open"), ("ada", "north"), ("mia", "open")])
def test_admins_and_who_is_in_charge_of_a_pool_give_to_whoever_may_have_it(desk, by, pool):
    lead = desk.make(pool=pool)
    assign(desk, by, lead, "cyd")
    assert desk.state(lead)["owner_id"] == desk.acme.member["cyd"]

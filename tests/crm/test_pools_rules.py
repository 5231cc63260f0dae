"""What a pool's own rules say: quota, turns, admission, kinds; each exact, each with figures and the way out."""

from datetime import datetime, timedelta

import pytest

from crm import errors
from crm.rules.arrival import Arrival
from crm.services import (
    assignments,
    creation,
    dealing,
    dispatch,
    ledger,
    pool_scopes,
    pools,
    rules_admin,
)
from tests import build
from tests.crm.pool_desk import EARLY, RULES, assign, best, claim, plain, refused, release, stage, with_rules
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def test_a_pools_own_quota_counts_its_own_claims_only(desk):
    for _ in range(2):
        claim(desk, "ann", plain(desk, pool="north"))
    for _ in range(3):
        claim(desk, "ann", plain(desk))
    code, data = refused(claim, desk, "ann", plain(desk))
    assert (code, data["used"], data["limit"], data["period"], data["pool"]) == (
        "pool_quota_reached", 3, 3, "day", "Open"
    )  # fmt: skip
    assert datetime.fromisoformat(data["again"]) == datetime.fromisoformat("2026-03-05T00:00:00+08:00")
    assert desk.load("ann").today == 5


def test_a_release_refunds_nothing_of_a_pools_quota(desk):
    for _ in range(3):
        lead = plain(desk)
        claim(desk, "ann", lead)
        release(desk, "ann", lead)
    assert refused(claim, desk, "ann", plain(desk))[0] == "pool_quota_reached"


def test_a_pools_week_begins_on_monday(desk):
    for day in (0, 1):
        desk.time.set(build.NOW + timedelta(days=day))
        for _ in range(2):
            claim(desk, "ann", plain(desk))
    code, data = refused(claim, desk, "ann", plain(desk))
    assert (code, data["used"], data["limit"], data["period"]) == ("pool_quota_reached", 4, 4, "week")
    desk.time.set(datetime.fromisoformat("2026-03-09T00:00:00+08:00"))
    claim(desk, "ann", plain(desk))


def test_the_general_quota_counts_claims_from_all_pools(database, time):
    desk = with_rules(database, time, "claim: {per_day: 3}\npools: {open: {per_day: 9}}")
    for pool in ("open", "north", "open"):
        claim(desk, "ann", desk.make(pool=pool))
    assert refused(claim, desk, "ann", desk.make())[0] == "quota_reached"


def test_a_turn_comes_when_the_claims_have_aged(desk):
    claim(desk, "ann", plain(desk, pool="north"))
    desk.time.advance(minutes=20)
    claim(desk, "ann", plain(desk, pool="north"))
    code, data = refused(claim, desk, "ann", plain(desk, pool="north"))
    assert (code, data["limit"], data["within"]) == ("not_your_turn", 2, "1h")
    assert datetime.fromisoformat(data["again"]) == build.NOW + timedelta(hours=1)
    desk.time.set(build.NOW + timedelta(hours=1))
    claim(desk, "ann", plain(desk, pool="north"))
    code, data = refused(claim, desk, "ann", plain(desk, pool="north"))
    assert datetime.fromisoformat(data["again"]) == build.NOW + timedelta(hours=1, minutes=20)


def test_the_next_lead_is_looked_for_where_there_is_room(desk):
    desk.time.set(EARLY)
    north = [plain(desk, pool="north", score=90 - number) for number in range(4)]
    open_ = [plain(desk, score=10 - number) for number in range(5)]
    desk.time.set(build.NOW)
    taken = best(desk, "ann", many=9)
    assert [each.lead_id for each in taken] == [*north[:2], *open_[:3]]
    assert taken[-1].stopped.code == "not_your_turn"
    assert refused(best, desk, "ann")[0] == "not_your_turn"
    assert refused(best, desk, "ann", pool="open")[0] == "pool_quota_reached"


def test_what_the_capped_kinds_leave_is_taken(desk):
    high = [plain(desk, level="A", score=90 - number) for number in range(3)]
    low = plain(desk, score=1)
    taken = best(desk, "ann", many=3)
    assert [each.lead_id for each in taken] == [high[0], high[1], low]


# Kinds and stages


def test_a_level_has_a_cap_of_its_own_for_whoever_gives_the_lead(desk):
    for _ in range(2):
        claim(desk, "ann", plain(desk, level="A"))
    assert refused(claim, desk, "ann", plain(desk, level="A")) == (
        "level_full", {"held": 2, "limit": 2, "level": "A"}
    )  # fmt: skip
    code, data = refused(assign, desk, "mia", plain(desk, level="A"), "ann")
    assert (code, data["held"], data["limit"], data["value"]) == ("member_full_of", 2, 2, "A")
    claim(desk, "ann", plain(desk, level="B"))


def test_a_source_has_a_cap_of_its_own(desk):
    for _ in range(6):
        desk.make(owner="ann")
    assert refused(claim, desk, "ann", desk.make()) == ("source_full", {"held": 6, "limit": 6, "source": "web"})


@pytest.mark.parametrize("deals", ["singly", "in a batch"])
def test_dispatch_keeps_to_the_caps_by_kind(database, time, deals):
    rules = "dispatch: [{name: all, to: {departments: [north]}, working_hours: false}]"
    caps = "claim: {capacity: {default: 5, levels: {A: 2}, exclude_stages: [quote]}}"
    desk = with_rules(database, time, f"{rules}\n{caps}")
    high = [plain(desk, level="A") for _ in range(6)]
    low = [plain(desk, level="B"), *(plain(desk, level="A", stage="quote") for _ in range(3))]

    def work(uow, actor):
        ways = {
            "singly": lambda leads: [dispatch.dispatch(uow, lead) for lead in leads],
            "in a batch": lambda leads: dealing.deal(uow, leads),
        }
        ways[deals](high + low)

    desk.does("ada", work)
    owned = [desk.state(lead)["owner_id"] is not None for lead in high + low]
    assert owned == [True] * 4 + [False] * 2 + [True] * 4
    assert (desk.load("ann").held + desk.load("bob").held) == 5


def test_a_transfer_leaves_what_does_not_fit(desk):
    mine = [plain(desk, owner="bob", level="A", recycle_at=build.NOW + timedelta(hours=hour)) for hour in range(1, 4)]
    ann, bob = desk.person("ann"), desk.person("bob")
    moved = desk.does("mia", lambda uow, actor: assignments.transfer_all(uow, actor=actor, giver=bob, to=ann))
    assert moved == mine[:2]


def test_an_excluded_stage_fills_nothing_and_coming_back_does(desk):
    lead = plain(desk, owner="ann")
    stage(desk, "ann", lead, "quote")
    assert desk.load("ann").held == 0
    desk.undoes("ann")
    assert desk.load("ann").held == 1
    stage(desk, "ann", lead, "quote")
    stage(desk, "ann", lead, "contacted")
    assert desk.load("ann").held == 1


def test_a_lead_does_not_come_back_into_a_full_desk(database, time):
    desk = with_rules(database, time, "claim: {capacity: {default: 1, exclude_stages: [quote]}}")
    lead = desk.make(owner="ann")
    stage(desk, "ann", lead, "quote")
    claim(desk, "ann", desk.make())
    assert refused(stage, desk, "ann", lead, "new") == ("capacity_reached", {"held": 1, "limit": 1})
    assert desk.state(lead)["stage"] == "quote"


def test_won_and_lost_leads_leave_no_trace_in_the_ledger(desk):
    lead = plain(desk, owner="ann")
    for key in ("quote", "won", "contacted", "quote", "lost", "new"):
        stage(desk, "ann", lead, key)
    assert desk.load("ann").held == 1
    stage(desk, "ann", lead, "won")
    assert desk.load("ann").held == 0
    desk.undoes("ann")
    assert desk.load("ann").held == 1


def test_a_changed_rule_set_counts_anew_in_the_background(desk):
    leads = [plain(desk, owner="ann", stage="contacted") for _ in range(3)]
    with desk.database.begin(desk.acme.org_id) as uow:
        build.rule_set(uow, "claim: {capacity: {exclude_stages: [contacted]}}")
        rules_admin.refresh(uow)
    assert desk.load("ann").held == 0
    with desk.database.begin(desk.acme.org_id) as uow:
        build.rule_set(uow, "claim: {per_day: 1}")
        assert ledger.recount(uow, leads) == {desk.acme.member["ann"]: 3}


def test_the_most_specific_capacity_is_what_refuses(database, time):
    rules = "claim: {capacity: {default: 9, departments: {company: 5, north: 3}, members: {ann@acme.example: 1}}}"
    desk = with_rules(database, time, rules)
    assert [desk.load(who).cap for who in ("ann", "bob", "cyd")] == [1, 3, 5]
    claim(desk, "ann", desk.make())
    assert refused(claim, desk, "ann", desk.make()) == ("capacity_reached", {"held": 1, "limit": 1})
    assert refused(assign, desk, "mia", desk.make(), "ann")[1]["limit"] == 1


@pytest.mark.parametrize(("counts", "used"), [("true", 1), ("false", 0)])
def test_what_one_enters_counts_as_claimed_only_if_the_rules_say_so(database, time, counts, used):
    desk = with_rules(database, time, f"claim: {{per_day: 1, created_counts: {counts}}}")
    contact = Arrival(name="Lu", phone="13800138000")
    desk.does("ann", lambda uow, actor: creation.new_lead(uow, actor=actor, contact=contact))
    assert desk.load("ann").today == used
    own = Arrival(name="Wu", phone="13800138001")
    desk.does("ann", lambda uow, actor: creation.new_lead(uow, actor=actor, contact=own, origin="self"))
    assert desk.load("ann").today == used


def test_entering_one_more_than_the_quota_is_refused_where_it_counts(database, time):
    desk = with_rules(database, time, "claim: {per_day: 0, created_counts: true}")
    contact = Arrival(name="Lu", phone="13800138000")

    def enter():
        desk.does("ann", lambda uow, actor: creation.new_lead(uow, actor=actor, contact=contact))

    code, data = refused(enter)
    assert (code, data["used"], data["limit"]) == ("quota_reached", 0, 0)
    assert desk.count("select count(*) from lead where org_id = :org") == 0


# Admission


def joined(desk, who, **ago):
    desk.count(
        "update member set joined_at = :at where org_id = :org and id = :id returning 1",
        at=build.NOW - timedelta(**ago), id=desk.acme.member[who],
    )  # fmt: skip


def test_a_pool_for_newcomers(database, time):
    desk = with_rules(database, time, "pools: {open: {admission: {tenure_below: 90d}}}")
    joined(desk, "ann", days=89)
    joined(desk, "bob", days=90)
    claim(desk, "ann", desk.make())
    assert refused(claim, desk, "bob", desk.make()) == ("for_newcomers", {"pool": "Open", "within": "90d"})
    north = desk.make(pool="north")
    assert best(desk, "bob")[0].lead_id == north


def test_a_pool_for_the_experienced(database, time):
    desk = with_rules(database, time, "pools: {open: {admission: {tenure_above: 90d}}}")
    joined(desk, "ann", days=80)
    code, data = refused(claim, desk, "ann", desk.make())
    assert (code, datetime.fromisoformat(data["until"])) == ("not_yet_admitted", build.NOW + timedelta(days=10))
    desk.time.advance(days=10)
    claim(desk, "ann", desk.make())


def test_a_region_claims_while_it_is_below_its_quota(database, time):
    desk = with_rules(database, time, "pools: {open: {admission: {department_below: {north: 3}}}}")
    for who in ("ann", "bob", "ann"):
        claim(desk, who, desk.make())
    assert refused(claim, desk, "bob", desk.make()) == (
        "team_holds_enough", {"team": "North", "held": 3, "limit": 3, "pool": "Open"}
    )  # fmt: skip
    claim(desk, "cyd", desk.make())


# Kept back


@pytest.mark.parametrize("why", ["paused", "person", "desk", "policy", "nurture"])
def test_a_lead_that_is_kept_back_is_not_claimed_but_assigned(desk, why):
    until = build.NOW + timedelta(days=3)
    lead = plain(desk, held_by=why, held_since=build.NOW, held_until=until)
    code, data = refused(claim, desk, "ann", lead)
    assert (code, data["kept"], datetime.fromisoformat(data["until"])) == ("lead_kept_until", why, until)
    assert refused(best, desk, "ann")[0] == "pool_empty"
    assign(desk, "mia", lead, "ann")
    assert desk.state(lead)["owner_id"] == desk.acme.member["ann"]


def test_who_is_in_charge_of_a_pool_gives_what_lies_there_and_nothing_else(desk):
    bob = desk.person("bob")

    def put(uow, actor):
        pool_scopes.put_in_charge(uow, actor=actor, pool=pools.named(uow, "north"), member=bob)

    desk.does("ada", put)
    kept, elsewhere, taken = (
        plain(desk, pool="north", held_by="desk", held_since=build.NOW), plain(desk), plain(desk, owner="bob"),
    )  # fmt: skip
    assign(desk, "bob", kept, "ann")
    assert desk.state(kept)["owner_id"] == desk.acme.member["ann"]
    assert refused(assign, desk, "bob", elsewhere, "ann")[0] == "not_allowed"
    assert refused(assign, desk, "bob", taken, "ann")[0] == "not_allowed"


# Protection


def test_the_list_of_a_pool_shows_what_can_be_claimed_by_its_own_rules(database, time):
    desk = with_rules(database, time, "pools: {open: {embargo: 2h, cool_down: 30d}}\nclaim: {cool_down: 1h}")
    mine, fresh = desk.make(owner="ann"), desk.make()
    release(desk, "ann", mine)
    desk.time.advance(hours=3)
    late = desk.make()
    listed = {
        who: [lead.id for lead in desk.does(who, lambda uow, actor: pools.listing(uow, actor=actor))]
        for who in ("ann", "bob")
    }
    assert listed == {"ann": [fresh], "bob": [mine, fresh]}
    assert late not in listed["bob"]


# Told to whom it is not about


def test_a_manager_is_told_whose_room_is_wanting(desk):
    lead = plain(desk, owner="ann", level="A")
    stage(desk, "ann", lead, "quote")
    for _ in range(2):
        claim(desk, "ann", plain(desk, level="A"))
    full = {"member_id": desk.acme.member["ann"], "held": 2, "limit": 2, "value": "A"}
    assert refused(stage, desk, "ann", lead, "new")[0] == "level_full"
    assert refused(stage, desk, "mia", lead, "new") == ("member_full_of", full)
    stage(desk, "ann", lead, "lost")
    assert refused(stage, desk, "mia", lead, "new") == ("member_full_of", full)


def test_a_release_is_not_undone_into_a_full_level(desk):
    lead = plain(desk, owner="ann", level="A", pool="north")
    release(desk, "mia", lead)
    for _ in range(2):
        claim(desk, "ann", plain(desk, level="A"))
    assert refused(desk.undoes, "mia")[0] == "member_full_of"


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("claim: {capacity: {sources: {fair: 3}}}", "there is no source 'fair'"),
        ("claim: {capacity: {exclude_stages: [talks]}}", "there is no stage 'talks'"),
        ("pools: {open: {admission: {department_below: {east: 3}}}}", "there is no department 'east'"),
        ("pools: {open: {turn: {claims: 0, per: 1h}}}", "line 1, pools.open.turn.claims"),
        ("protect: {most: 5, longest: 3wd}", "only m, h and d are possible here"),
    ],
)
def test_a_rule_set_names_what_is_there(desk, rules, problem):
    with pytest.raises(errors.RuleSetInvalid) as refusal:
        desk.does("ada", lambda uow, actor: rules_admin.check(uow, rules))
    assert problem in refusal.value.data["problem"]

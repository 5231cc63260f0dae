"""Somebody leaves: the clocks stand, the managers are asked, and one tap hands everything over; or it is taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import LeadAlreadyClaimed, MemberInactive, NotAllowed, NotYourTeam, Refusal
from crm.errors_of_people import AlreadyGone, HandedOver, LastAdminLeaves, NotGone, TooLateToTakeBack
from crm.services import (
    assignments,
    clocks,
    dispatch,
    follow_ups,
    hand_overs,
    lead_facts,
    leaving,
    members,
    recycling,
    splitting,
)
from crm.services.follow_ups import FollowUp
from tests import build
from tests.desk import Desk

DAY = timedelta(days=1)
CALLED = FollowUp("called")
RULES = """
recycle: [{name: calls, no_follow_up: 2d}]
warn: [1d]
first_response: [{name: quick, within: 30m, reoffer_after: 30m}]
leaving: {within: 5d, to: pool}
claim: {capacity: {default: 4}, cool_down: 0h}
"""


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def owned(desk, owner="ann", **facts):
    """A lead with its clock running."""
    with desk.database.begin(desk.acme.org_id) as uow:
        lead = build.lead(uow, desk.acme, owner=owner, **facts)
        clocks.restart(uow, [lead])
        return lead


def leaves(desk, name="ann", by="mia"):
    """The hand-over that is open then."""
    return desk.does(by, lambda uow, actor: leaving.leave(uow, actor=actor, member=who(uow, desk, name)))


def who(uow, desk, name):
    return members.get(uow, desk.acme.member[name])


def hands(desk, found, how="load", by="mia"):
    return desk.does(by, lambda uow, actor: hand_overs.do(uow, actor=actor, hand_over_id=found.id, how=how))


def one(desk, name):
    return f"one:{desk.acme.member[name]}"


def owner(desk, lead):
    return next((name for name, key in desk.acme.member.items() if key == desk.state(lead)["owner_id"]), None)


def deadlines(desk, lead):
    with desk.database.begin(desk.acme.org_id) as uow:
        row = build.read(uow, lead)
        return row.recycle_at, row.warn_at, row.sla_at


def test_clocks_stand_from_the_moment_somebody_leaves(desk):
    lead = owned(desk)
    assert all(deadlines(desk, lead))
    leaves(desk)
    assert deadlines(desk, lead) == (None, None, None)


def test_no_tick_takes_a_leavers_lead_and_nobody_hears_of_it(desk):
    lead = owned(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        build.task(uow, desk.acme, "ann", due_at=uow.now + DAY, lead_id=lead)
    leaves(desk)
    desk.time.set(build.NOW + 4 * DAY)
    jobs.serve(desk.database, desk.acme.org_id)
    assert owner(desk, lead) == "ann"
    told = (
        "select count(*) from message where org_id = :org and topic in ('lead.warning', 'task.due', 'response.nudge')"
    )
    assert desk.count(told) == 0


def test_a_proposal_that_changed_is_asked_about_again(desk):
    leads = [owned(desk) for _ in range(3)]
    found = leaves(desk)
    split = lambda uow, actor: splitting.split(uow, giver=who(uow, desk, "ann"), leads=leads, by="load")  # noqa: E731
    seen = splitting.mark(desk.does("mia", split))
    build_more = owned(desk)
    agreed = lambda uow, actor: hand_overs.do(  # noqa: E731
        uow, actor=actor, hand_over_id=found.id, how="load", seen=seen
    )
    assert desk.does("mia", agreed) is None
    assert owner(desk, leads[0]) == "ann"
    desk.count("update lead set status = 'void' where org_id = :org and id = :id returning 1", id=build_more)
    assert desk.does("mia", agreed).leads == 3


def test_what_is_shown_is_what_happens_when_the_column_is_wrong(desk):
    lead = owned(desk)
    leaves(desk)
    desk.count("update lead set recycle_at = now() - interval '90 days' where org_id = :org returning 1")
    assert recycling.sweep(desk.database, desk.acme.org_id) == 0
    assert owner(desk, lead) == "ann"


def test_the_managers_are_asked_and_everybody_may_see_until_when(desk):
    owned(desk)
    found = leaves(desk, by="ada")
    assert desk.owed("member.left") == [desk.acme.member["mia"]]
    assert found.due_at == build.NOW + 5 * DAY


@pytest.mark.parametrize(("by", "refusal"), [("bob", NotAllowed), ("max", NotYourTeam)])
def test_only_those_above_may_say_that_somebody_left(desk, by, refusal):
    with pytest.raises(refusal):
        leaves(desk, by=by)


def test_nobody_leaves_twice_and_the_last_admin_stays(desk):
    leaves(desk)
    with pytest.raises(AlreadyGone):
        leaves(desk)
    with pytest.raises(LastAdminLeaves):
        leaves(desk, "ada", by="ada")


def test_split_by_load_levels_what_everybody_holds(desk):
    gone = [owned(desk) for _ in range(5)]
    owned(desk, "bob")
    with desk.database.begin(desk.acme.org_id) as uow:
        uow.session.execute(
            text("update member set role = 'rep' where org_id = :o and id = :m"),
            {"o": desk.acme.org_id, "m": desk.acme.member["max"]},
        )
        uow.session.execute(
            text("update member set department_id = :d where org_id = :o and id = :m"),
            {"o": desk.acme.org_id, "m": desk.acme.member["max"], "d": desk.acme.department["north"]},
        )
    found = hands(desk, leaves(desk))
    assert {who: len(leads) for who, leads in found.shares.items()} == {
        desk.acme.member["max"]: 3, desk.acme.member["bob"]: 2,
    }  # fmt: skip
    assert sum(owner(desk, lead) is not None for lead in gone) == 5


def test_split_by_region_goes_to_who_knows_it(desk):
    owned(desk, "bob", region="East")
    east, west = owned(desk, region="East"), owned(desk, region="West")
    desk.count("update member set department_id = :d where org_id = :org and id = :m returning 1",
               d=desk.acme.department["north"], m=desk.acme.member["dan"])  # fmt: skip
    hands(desk, leaves(desk), "region")
    assert (owner(desk, east), owner(desk, west)) == ("bob", "dan")


def test_the_proposal_says_who_goes_above_the_capacity(desk):
    gone = [owned(desk) for _ in range(6)]
    leaves(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        (share,) = hand_overs.shares(uow, giver=who(uow, desk, "ann"), how="load")
    assert (share.member_id, len(share.leads), share.above) == (desk.acme.member["bob"], len(gone), 2)


def test_with_nobody_in_the_team_the_next_one_up_takes_over(desk):
    desk.count(
        "update member set active = false where org_id = :org and id = :m returning 1", m=desk.acme.member["bob"]
    )
    owned(desk)
    leaves(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        found = {share.member_id for share in hand_overs.shares(uow, giver=who(uow, desk, "ann"), how="load")}
    assert found == {desk.acme.member["cyd"]}


def test_everything_moves_at_one_tap_with_clocks_tasks_and_history(desk):
    lead = owned(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        task = build.task(uow, desk.acme, "ann", due_at=uow.now + DAY, lead_id=lead)
    found = hands(desk, leaves(desk), one(desk, "bob"))
    assert owner(desk, lead) == "bob"
    assert deadlines(desk, lead)[0] == build.NOW + 2 * DAY
    assert desk.open_tasks("bob") == [task]
    held = "select holding from rep_load where org_id = :org and member_id = :m"
    assert [desk.count(held, m=desk.acme.member[name]) for name in ("bob", "ann")] == [1, 0]
    assert found.parts == {"task.member_id": 1}
    assert desk.owed("leads.taken_over") == [desk.acme.member["bob"]]


def test_self_sourced_leads_move_too_and_stay_self_sourced(desk):
    lead = owned(desk, origin="self", pool=None)
    hands(desk, leaves(desk), one(desk, "bob"))
    assert owner(desk, lead) == "bob"
    assert desk.count("select origin from lead where org_id = :org") == "self"


def test_a_second_tap_says_that_it_is_done(desk):
    owned(desk)
    found = leaves(desk)
    hands(desk, found)
    with pytest.raises(HandedOver):
        hands(desk, found)


def test_a_taker_who_left_meanwhile_is_refused(desk):
    owned(desk)
    found = leaves(desk)
    leaves(desk, "bob")
    with pytest.raises(MemberInactive):
        hands(desk, found, one(desk, "bob"))


def test_with_nobody_else_the_one_who_taps_takes_over(desk):
    lead = owned(desk)
    found = leaves(desk, by="ada")
    others = "update member set active = false where org_id = :org and id <> :m returning 1"
    desk.count(others, m=desk.acme.member["ada"])
    hands(desk, found, by="ada")
    assert owner(desk, lead) == "ada"


def test_a_manager_who_leaves_too_leaves_the_question_to_the_next_one_up(desk):
    owned(desk)
    leaves(desk, by="mia")
    leaves(desk, "mia", by="ada")
    assert desk.acme.member["ada"] in desk.owed("member.left")


def test_by_the_rule_leads_go_to_the_pool_when_the_time_is_over(desk):
    lead, mine = owned(desk, region="East"), owned(desk, origin="self", pool=None)
    leaves(desk)
    desk.time.set(build.NOW + 6 * DAY)
    jobs.serve(desk.database, desk.acme.org_id)
    assert (owner(desk, lead), owner(desk, mine)) == (None, "mia")
    assert desk.state(lead)["pool_id"] == desk.acme.pool["open"]
    assert desk.owed("member.timed_out") == [desk.acme.member["mia"]]


def test_by_the_rule_leads_go_to_the_manager(database, time):
    desk = Desk(database, time, RULES.replace("to: pool", "to: manager"))
    lead = owned(desk)
    leaves(desk)
    time.set(build.NOW + 6 * DAY)
    jobs.serve(database, desk.acme.org_id)
    assert owner(desk, lead) == "mia"


def test_where_the_chat_takes_the_last_admin_away_the_managers_hear_of_it(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        user = build.external("slack", "ada", uow.org_id)
        leaving.sign_off(uow, workspace_id=desk.acme.workspace["slack"], external_id=user)
    assert desk.owed("member.left") == [desk.acme.member["mia"], desk.acme.member["max"]]


def back(desk, name="ann", by="mia"):
    return desk.does(by, lambda uow, actor: leaving.come_back(uow, actor=actor, member=who(uow, desk, name)))


def test_who_comes_back_before_has_all_as_before_and_full_clocks(desk):
    lead = owned(desk)
    leaves(desk)
    desk.time.set(build.NOW + 3 * DAY)
    back(desk)
    assert owner(desk, lead) == "ann"
    assert deadlines(desk, lead)[0] == build.NOW + 5 * DAY
    with pytest.raises(NotGone):
        back(desk)


def returns(desk, found, by="mia"):
    return desk.does(by, lambda uow, actor: hand_overs.take_back(uow, actor=actor, hand_over_id=found.id))


def test_after_a_return_one_tap_gives_back_what_nobody_has_worked_on(desk):
    idle, worked = owned(desk), owned(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        task = build.task(uow, desk.acme, "ann", due_at=uow.now + 9 * DAY, lead_id=idle)
    found = hands(desk, leaves(desk), one(desk, "bob"))
    desk.time.set(build.NOW + 1.5 * DAY)
    desk.does("bob", lambda uow, actor, lead: follow_ups.log(uow, actor=actor, lead=lead, said=CALLED), worked)
    assert back(desk).id == found.id
    assert returns(desk, found) == [idle]
    assert (owner(desk, idle), owner(desk, worked)) == ("ann", "bob")
    assert desk.open_tasks("ann") == [task]
    assert returns(desk, found) == []


def test_what_went_to_the_pool_comes_back_too_with_its_tasks(desk):
    lead = owned(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        task = build.task(uow, desk.acme, "ann", due_at=uow.now + 30 * DAY, lead_id=lead)
    found = leaves(desk)
    desk.time.set(build.NOW + 6 * DAY)
    jobs.serve(desk.database, desk.acme.org_id)
    back(desk)
    assert returns(desk, found) == [lead]
    assert (owner(desk, lead), desk.open_tasks("ann")) == ("ann", [task])


def test_a_hand_over_is_taken_back_within_a_day_and_is_open_again(desk):
    lead = owned(desk)
    found = hands(desk, leaves(desk))
    assert returns(desk, found) == [lead]
    assert deadlines(desk, lead) == (None, None, None)
    assert desk.does("mia", lambda uow, actor: hand_overs.last_of(uow, desk.acme.member["ann"]).state) == "open"


def test_after_a_day_it_stays(desk):
    owned(desk)
    found = hands(desk, leaves(desk))
    desk.time.set(build.NOW + 1.1 * DAY)
    with pytest.raises(TooLateToTakeBack):
        returns(desk, found)


def test_a_lead_claimed_or_won_meanwhile_is_not_taken_along(desk):
    lead, won = owned(desk), owned(desk)
    found = leaves(desk)
    desk.count("update lead set status = 'won' where org_id = :org and id = :id returning 1", id=won)
    hands(desk, found)
    assert (owner(desk, lead), owner(desk, won)) == ("bob", "ann")


def test_the_ways_in_of_who_left_are_closed(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        ann = who(uow, desk, "ann")
        members.make_code(uow, who(uow, desk, "ada"), ann)
        uow.notify("tour", to=ann.id, key="tour")
        uow.session.execute(
            text("insert into calendar_feed (org_id, member_id, token_hash, token, created_at)"
                 " values (:o, :m, 'x', '', :now)"), {"o": uow.org_id, "m": ann.id, "now": uow.now},
        )  # fmt: skip
    leaves(desk)
    assert desk.count("select count(*) from calendar_feed where org_id = :org") == 0
    assert desk.count("select count(*) from link_code where org_id = :org and expires_at > :now", now=build.NOW) == 0
    assert desk.count("select state from message where org_id = :org and topic = 'tour'") == "dropped"


OFFERED = "select member_id from offer where org_id = :org and state = 'open'"
OFFERS = "dispatch: [{name: web, to: {departments: [north]}, mode: offer, working_hours: false}]"


def test_what_was_only_offered_goes_to_the_next_one(database, time):
    desk = Desk(database, time, OFFERS)
    lead = desk.make()
    with database.begin(desk.acme.org_id) as uow:
        dispatch.dispatch(uow, lead)
    first = desk.count(OFFERED)
    leaves(desk, {key: name for name, key in desk.acme.member.items()}[first], by="ada")
    assert desk.count(OFFERED) not in (None, first)


def test_splits_are_named_by_buttons(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        names = [splitting.chosen(uow, words)[0] for words in ("load", "region", one(desk, "bob"), "nonsense")]
    assert names == ["load", "region", "one", "load"]


def test_facts_of_a_leavers_lead_say_so(desk):
    lead = owned(desk)
    leaves(desk)
    with desk.database.begin(desk.acme.org_id) as uow:
        (facts,) = lead_facts.read(uow, [lead])
    assert facts.gone
    with pytest.raises(Refusal) as refused:
        desk.does("bob", lambda uow, actor: assignments.claim(uow, actor=actor, ref=desk.ref(lead)))
    assert isinstance(refused.value, LeadAlreadyClaimed)

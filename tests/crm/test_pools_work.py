"""What is done with what lies in pools or on a desk: protected, looked at, moved; and who may."""

from datetime import datetime, timedelta

import pytest

from crm.services import (
    moving,
    pool_scopes,
    pools,
    reveals,
    shields,
)
from tests import build
from tests.crm.pool_desk import RULES, claim, plain, refused, release, with_rules
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


def protect(desk, who, lead, until=None):
    return desk.does(who, lambda uow, actor, lead: shields.protect(uow, actor=actor, lead=lead, until=until), lead)


def unprotect(desk, who, lead):
    desk.does(who, lambda uow, actor, lead: shields.unprotect(uow, actor=actor, lead=lead), lead)


def test_a_protected_lead_is_not_taken_back_before_the_time(desk):
    lead = plain(desk, owner="ann")
    until = protect(desk, "ann", lead, build.NOW + timedelta(days=13))
    assert until == desk.state(lead)["recycle_at"] == build.NOW + timedelta(days=13)
    unprotect(desk, "ann", lead)
    assert desk.state(lead)["recycle_at"] < until
    desk.undoes("ann")
    assert desk.state(lead)["recycle_at"] == until
    desk.undoes("ann")
    assert desk.state(lead)["recycle_at"] < until


def test_protection_has_a_cap_of_its_own_and_frees_a_place_when_it_ends(desk):
    first, second, third = (plain(desk, owner="ann") for _ in range(3))
    protect(desk, "ann", first, build.NOW + timedelta(days=1))
    protect(desk, "ann", second)
    names = f"{desk.ref(first)}, {desk.ref(second)}"
    assert refused(protect, desk, "ann", third) == ("protections_used", {"used": 2, "limit": 2, "names": names})
    protect(desk, "ann", second, build.NOW + timedelta(days=2))
    desk.time.advance(days=1)
    protect(desk, "ann", third)


def test_lifting_a_protection_cannot_be_undone_into_too_many(desk):
    first, second, third = (plain(desk, owner="ann") for _ in range(3))
    for lead in (first, second):
        protect(desk, "ann", lead)
    unprotect(desk, "ann", first)
    activity = desk.count("select max(id) from activity where org_id = :org and verb = 'unprotected'")
    protect(desk, "ann", third)
    assert refused(desk.undoes, "ann", activity)[0] == "protections_used"


@pytest.mark.parametrize(
    ("facts", "days", "code"),
    [
        ({}, 15, "protected_too_long"),
        ({}, -1, "time_in_past"),
        ({"origin": "self", "pool": None}, 1, "self_sourced"),
        ({"status": "won"}, 1, "lead_closed"),
    ],
)
def test_what_cannot_be_protected(desk, facts, days, code):
    lead = plain(desk, owner="ann", **facts)
    assert refused(protect, desk, "ann", lead, build.NOW + timedelta(days=days))[0] == code


def test_who_has_no_lead_to_protect(database, desk, time):
    lead = plain(desk, owner="ann")
    assert refused(unprotect, desk, "ann", lead)[0] == "not_protected"
    assert refused(protect, desk, "ann", plain(desk))[0] == "lead_unclaimed"
    off = with_rules(database, time, "protect: {most: 0}")
    assert refused(protect, off, "ann", off.make(owner="ann"))[0] == "protection_off"


def test_a_lead_given_back_by_mistake_is_protected_again(desk):
    lead = plain(desk, owner="ann", pool="north")
    until = protect(desk, "ann", lead)
    release(desk, "ann", lead)
    desk.undoes("ann")
    assert (desk.state(lead)["recycle_at"], desk.state(lead)["owner_id"]) == (until, desk.acme.member["ann"])


# Looking before claiming


def reveal(desk, who, lead):
    ref = desk.ref(lead)
    return desk.does(who, lambda uow, actor: reveals.reveal(uow, actor=actor, ref=ref))


def shown(desk, who, lead):
    return desk.does(who, lambda uow, actor: reveals.contacts(uow, actor=actor, lead_id=lead))


def test_who_may_see_a_contact_anyway_is_shown_it(desk):
    lead = desk.make(owner="ann")
    assert reveal(desk, "mia", lead) == lead
    assert refused(reveal, desk, "bob", lead)[0] == "lead_already_claimed"
    assert desk.count("select count(*) from activity where org_id = :org and verb = 'revealed'") == 0


def test_a_look_is_written_down_and_counted_once_a_day(desk):
    lead = plain(desk, phone="+8613800138000")
    assert shown(desk, "ann", lead) == []
    reveal(desk, "ann", lead)
    reveal(desk, "ann", lead)
    assert shown(desk, "ann", lead) == [("phone", "+8613800138000")]
    assert desk.does("ann", reveals.used) == 1
    assert desk.count("select count(*) from activity where org_id = :org and verb = 'revealed'") == 1
    desk.time.advance(days=1)
    assert shown(desk, "ann", lead) == []


def test_looks_have_a_quota_of_the_day_that_leaves_claims_alone(desk):
    claim(desk, "ann", plain(desk))
    for _ in range(2):
        reveal(desk, "ann", plain(desk))
    code, data = refused(reveal, desk, "ann", plain(desk))
    assert (code, data["used"], data["limit"]) == ("reveals_used", 2, 2)
    assert desk.load("ann").today == 1
    desk.time.set(datetime.fromisoformat(data["again"]))
    reveal(desk, "ann", plain(desk))
    assert desk.load("ann").today == 0


def test_nobody_but_an_admin_looks_where_the_rules_do_not_allow_it(database, time):
    desk = with_rules(database, time, "{}")
    lead = desk.make()
    assert refused(reveal, desk, "ann", lead)[0] == "reveals_off"
    reveal(desk, "ada", lead)
    assert (
        desk.count("select actor_id from activity where org_id = :org and verb = 'revealed'")
        == (desk.acme.member["ada"])
    )


def test_what_cannot_be_looked_at(desk):
    taken, far, own = plain(desk, owner="bob"), plain(desk, pool="north"), plain(desk, owner="bob", origin="self")
    assert refused(reveal, desk, "ann", taken)[0] == "lead_already_claimed"
    assert refused(reveal, desk, "cyd", far)[0] == "pool_closed"
    assert refused(reveal, desk, "ann", own)[0] == "lead_not_found"
    assert refused(reveal, desk, "ann", plain(desk, held_by="policy", held_since=build.NOW))[0] == "lead_kept"


# From pool to pool


def plan(desk, who, many, source, target, words=""):
    def work(uow, actor):
        named = (pools.named(uow, source), pools.named(uow, target))
        return moving.plan(uow, actor=actor, source=named[0], target=named[1], many=many, words=words)

    return desk.does(who, work)


def move(desk, who, run):
    return desk.does(who, lambda uow, actor: moving.move(uow, actor=actor, run_id=run))


def lies_in(desk, lead):
    return {number: key for key, number in desk.acme.pool.items()}[desk.state(lead)["pool_id"]]


def test_what_was_previewed_is_moved_as_one_step(desk):
    made = [plain(desk, score=score, region="East" if score else "West") for score in range(4)]
    run = plan(desk, "mia", 2, "Open", "north", "east")
    assert [lies_in(desk, lead) for lead in made] == ["open"] * 4
    plain(desk, score=99, region="East")
    assert move(desk, "mia", run).moved == made[2:]
    assert move(desk, "mia", run).moved == made[2:]
    assert [lies_in(desk, lead) for lead in made] == ["open", "open", "north", "north"]
    claim(desk, "ann", made[3])
    desk.undoes("mia")
    assert [lies_in(desk, lead) for lead in made] == ["open", "open", "open", "north"]


def test_what_was_taken_meanwhile_is_not_moved(desk):
    made = [plain(desk) for _ in range(2)]
    run = plan(desk, "ada", 9, "open", "north")
    claim(desk, "ann", made[0])
    assert move(desk, "ada", run).moved == made[1:]


def test_only_those_in_charge_move_leads_and_only_what_they_saw(desk):
    plain(desk)
    assert refused(plan, desk, "ann", 1, "open", "north")[0] == "not_pool_admin"
    assert refused(plan, desk, "ada", 1, "north", "open")[0] == "nothing_to_move"
    run = plan(desk, "mia", 1, "open", "north")
    assert refused(move, desk, "ada", run)[0] == "old_card"
    desk.time.advance(hours=2)
    assert refused(move, desk, "mia", run)[0] == "old_card"


def test_a_released_lead_goes_where_its_owner_or_the_rules_say(desk):
    by_rule, named = plain(desk, owner="ann"), plain(desk, owner="ann", pool="north")
    assert release(desk, "ann", by_rule) == desk.acme.pool["north"]
    assert release(desk, "ann", named, pool_id=desk.acme.pool["open"]) == desk.acme.pool["open"]
    assert (lies_in(desk, by_rule), lies_in(desk, named)) == ("north", "open")
    desk.undoes("ann")
    assert lies_in(desk, named) == "north"


# Who may claim


def scope(desk, who, change, **to):
    desk.does(who, lambda uow, actor: change(uow, actor=actor, pool=pools.named(uow, "north"), who=to))


@pytest.mark.parametrize("by", ["department", "role", "member"])
def test_a_pool_is_opened_to_a_team_a_role_or_a_member_and_closed_again(desk, by):
    to = {"department": desk.acme.department["south"], "role": "rep", "member": desk.acme.member["cyd"]}
    lead = plain(desk, pool="north")
    assert refused(claim, desk, "cyd", lead)[0] == "pool_closed"
    scope(desk, "mia", pool_scopes.add, **{by: to[by]})
    scope(desk, "mia", pool_scopes.add, **{by: to[by]})
    assert desk.count("select count(*) from pool_scope where org_id = :org") == 3
    claim(desk, "cyd", lead)
    scope(desk, "mia", pool_scopes.remove, **{by: to[by]})
    assert refused(claim, desk, "cyd", plain(desk, pool="north"))[0] == "pool_closed"


def test_a_pool_is_changed_by_its_admin_who_is_named_by_admins(desk):
    assert refused(scope, desk, "max", pool_scopes.add, role="rep")[0] == "not_pool_admin"
    max_ = desk.person("max")

    def put(uow, actor):
        pool_scopes.put_in_charge(uow, actor=actor, pool=pools.named(uow, "north"), member=max_)

    assert refused(desk.does, "mia", put)[0] == "not_allowed"
    desk.does("ada", put)
    scope(desk, "max", pool_scopes.add, role="success")
    listed = desk.does("max", lambda uow, actor: pool_scopes.listing(uow, actor=actor))
    assert [(each.pool.key, each.admin, each.teams, each.roles) for each in listed] == [
        ("open", "Mia Manager", ("Company",), ()), ("north", "Max Manager", ("North",), ("success",)),
    ]  # fmt: skip

"""What a manager does and sees, on every platform."""

from __future__ import annotations

import pytest

from tests import build
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
ROBOT = "11111111-2222-3333-4444-555555555555"


@everywhere
def test_a_lead_given_out_of_the_givers_sight_was_given_all_the_same(world: World, platform: str) -> None:
    ref = world.lead()
    answer = world.chat(platform, "mia").says(f"assign {ref} @Cyd")
    assert "1 lead given to Cyd" in answer.text
    assert world.count("select count(*) from assignment where member_id = :m", m=world.acme.member["cyd"]) == 1


@everywhere
def test_a_colleagues_leads_are_handed_over_and_both_are_told(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    answer = world.chat(platform, "mia").says("transfer @Ann @Bob")
    world.run_jobs()
    assert "1 lead moved from Ann Li to Bob Chen" in answer.text
    assert any("gave one of your leads" in card.text for card in ann.inbox())
    assert any("handed you" in card.text and ref in card.text for card in bob.inbox())


def test_a_transfer_that_is_taken_back_is_told_so_to_both(world: World) -> None:
    ref = world.lead(owner="ann")
    mia, ann, bob = (world.chat("playground", name) for name in ("mia", "ann", "bob"))
    mia.says("transfer @Ann @Bob")
    world.run_jobs()
    mia.says("undo")
    world.run_jobs()
    assert any("took it back: a lead is yours again" in card.text and ref in card.text for card in ann.inbox())
    assert any("took back a lead that you were given" in card.text and ref in card.text for card in bob.inbox())


def test_a_card_of_a_lead_that_has_moved_on_names_it(world: World) -> None:
    ref = world.lead(pool="north")
    mia, cyd = world.chat("playground", "ada"), world.chat("playground", "cyd")
    mia.says(f"assign {ref} @Cyd")
    world.run_jobs()
    mia.says(f"assign {ref} @Ann")
    world.run_jobs()
    assert any(f"{ref} has moved on" in card.text for card in cyd.inbox())


@everywhere
def test_why_names_those_passed_over_to_a_manager_alone(world: World, platform: str) -> None:
    world.chat(platform, "ann").says("off")
    ref = world.arrives(by_rule=True)
    rep, manager = world.chat(platform, "bob").says(f"why {ref}"), world.chat(platform, "mia").says(f"why {ref}")
    assert "Dispatched to Bob Chen" in rep.text
    assert "Ann Li" not in rep.text
    assert "Ann Li: off duty" in manager.text


@everywhere
def test_why_says_in_chinese_what_was_missing_when_a_lead_went_back(world: World, platform: str) -> None:
    ref = world.arrives(by_rule=True)
    world.pass_time(hours=25)
    mia = world.chat(platform, "mia")
    mia.says("lang zh")
    assert "24 小时内没有首次联系" in mia.says(f"为什么 {ref}").text


@everywhere
def test_the_own_funnel_names_its_weakest_step_against_the_team(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    with world.database.begin(world.acme.org_id) as uow:
        for _ in range(12):
            build.lead(uow, world.acme, owner="ann")
            build.lead(uow, world.acme, owner="bob", contacted_at=uow.now)
    world.time.advance(minutes=1)
    answer = ann.says("funnel me")
    assert "Entered: 12" in answer.text
    assert "Weakest against the team: Contacted" in answer.text


@everywhere
def test_help_shows_everybody_what_they_may_use(world: World, platform: str) -> None:
    rep, manager, admin = (world.chat(platform, name).says("help").text for name in ("ann", "mia", "ada"))
    assert ["assign L-1042" in said for said in (rep, manager, admin)] == [False, True, True]
    assert ["sources new" in said for said in (rep, manager, admin)] == [False, False, True]


def test_a_robot_is_bound_in_a_private_chat_and_says_the_digest_with_its_chart(world: World) -> None:
    world.lead(owner="ann")
    world.chat("wecom", "mia").says(f"here North robot {ROBOT}")
    world.bot.workspaces.forget()  # as after the few seconds for which secrets are remembered
    world.pass_time(hours=8)
    said = world.wecom.messages(ROBOT)
    kinds = [message.body["msgtype"] for message in said]
    assert kinds[-1] == "image"
    assert any("digest" in message.body.get("markdown", {}).get("content", "") for message in said)


def test_the_robots_key_is_kept_sealed(world: World) -> None:
    world.chat("wecom", "mia").says(f"here North robot {ROBOT}")
    assert world.count("select count(*) from conversation where external_id like '%' || :key || '%'", key=ROBOT) == 0

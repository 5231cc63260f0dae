"""Somebody leaves, and comes back, as the people around see it, on every platform."""

from __future__ import annotations

import pytest

from tests.drivers.base import Driver, Seen
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


def last(world: World, chat: Driver, words: str) -> Seen:
    """The newest card with these words in somebody's chat."""
    world.run_jobs()
    return [card for card in chat.inbox() if words in card.text][-1]


@everywhere
def test_what_a_leaver_had_is_handed_over_by_one_tap_and_the_taker_is_briefed(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    world.chat(platform, "ann").says(f"log {ref} called, wants a quote, call back tomorrow 3pm")
    mia, bob = world.chat(platform, "mia"), world.chat(platform, "bob")
    proposal = mia.says("member left @Ann")
    assert "Bob Chen" in proposal.text
    done = mia.taps(proposal, "Hand over")
    assert "Handed over: what Ann Li left behind" in done.text
    briefing = last(world, bob, "You take over")
    assert ref in briefing.text
    assert "wants a quote" in briefing.text
    assert "Owner" not in bob.says(f"lead {ref}").text


def test_who_has_left_may_do_nothing_and_who_is_back_gets_the_leads_again(world: World) -> None:
    ref = world.lead(owner="ann")
    ann, mia = world.chat("wecom", "ann"), world.chat("wecom", "mia")
    mia.taps(mia.says("离职 @Ann"), "Hand over")
    assert "Lu Wei" not in ann.says(f"lead {ref}").text
    back = mia.says("member back @Ann")
    assert "1 lead" in mia.taps(back, "Give them back").text
    assert "Lu Wei" in ann.says(f"lead {ref}").text


def test_the_clock_of_a_leavers_lead_says_that_it_stands_and_why(world: World) -> None:
    ref = world.lead(owner="ann")
    mia = world.chat("playground", "mia")
    mia.says("member left @Ann")
    assert "stands still: Ann Li has left" in mia.says(f"lead {ref}").text
    assert "The clock stands still until" in mia.says(f"why {ref}").text


def test_a_second_tap_on_an_old_proposal_says_that_it_is_done(world: World) -> None:
    world.lead(owner="ann")
    mia, ada = world.chat("playground", "mia"), world.chat("playground", "ada")
    ada.says("member left @Ann")
    mine = last(world, mia, "has left")
    ada.taps(ada.taps(ada.says("member @Ann"), "Hand over…"), "Hand over")
    assert "handed over already" in mia.taps(mine, "Hand over").text


def test_a_role_is_checked_at_the_moment_of_the_click(world: World) -> None:
    ada, mia = world.chat("playground", "ada"), world.chat("playground", "mia")
    proposal = mia.says("member left @Ann")
    ada.says("member @Mia role rep")
    world.lead(owner="ann")
    assert "Only managers" in mia.says("member left @Bob").text
    assert "Only managers" in mia.says("member @Ann").text
    assert "has left" in proposal.text


def test_teams_and_people_are_changed_in_chinese(world: World) -> None:
    ada = world.chat("playground", "ada")
    ada.says("团队 新建 苏州 属于 North")
    assert "苏州" in ada.says("成员 @Ann 团队 苏州").text
    assert "苏州" in ada.says("人员 苏州").text


def test_the_run_is_taken_back_as_a_whole(world: World) -> None:
    ref = world.lead(owner="ann")
    mia = world.chat("playground", "mia")
    mia.taps(mia.says("member left @Ann"), "Hand over")
    assert "Handed over" in mia.says("rewind").text
    number = world.count("select max(id) from run where kind = 'hand_over'")
    mia.says(f"rewind R-{number}")
    assert world.count("select owner_id from lead where owner_id = :m", m=world.acme.member["ann"])
    assert "stands still" in mia.says(f"lead {ref}").text


def test_what_a_living_colleague_looks_after_follows_the_leads(world: World) -> None:
    world.lead(owner="ann")
    ada = world.chat("playground", "ada")
    ada.says("pools North admin @Ann")
    moved = ada.says("transfer @Ann @Bob")
    assert "still looks after" in moved.text
    assert "looked after" in ada.taps(moved, "These too").text
    assert world.count("select count(*) from pool where admin_id = :m", m=world.acme.member["bob"]) == 1

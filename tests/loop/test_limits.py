"""What may not be claimed, said with its figures and the way out, in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import build
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


def _fresh_waits(world: World) -> None:
    """The pool's new data must lie for a day before it can be claimed."""
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, "pools: {open: {embargo: 1d}}\nfallback_pool: open\n")


@everywhere
def test_a_claim_of_five_stops_at_the_days_quota_and_says_so(world: World, platform: str) -> None:
    for _ in range(8):
        world.lead()
    ann = world.chat(platform, "ann")
    ann.says("claim 3")
    answer = ann.says("claim 5")
    assert "2 leads are yours" in answer.text
    assert "5 of 5 claims of today" in answer.text
    assert "again tomorrow" in answer.text


@everywhere
def test_a_claim_of_five_stops_at_a_full_desk_and_says_so_in_chinese(world: World, platform: str) -> None:
    for _ in range(5):
        world.lead(owner="ann")
        world.lead()
    ann = world.chat(platform, "ann")
    ann.says("lang zh")
    answer = ann.says("领取 5")
    assert "1 条线索归你了" in answer.text
    assert "6 / 6" in answer.text


@everywhere
def test_a_claim_of_five_from_a_pool_of_two_says_that_there_is_no_more(world: World, platform: str) -> None:
    world.lead()
    world.lead()
    answer = world.chat(platform, "ann").says("claim 5")
    assert "2 leads are yours" in answer.text
    assert "no more that you can claim" in answer.text


@everywhere
def test_a_fresh_lead_says_from_when_on_it_can_be_claimed(world: World, platform: str) -> None:
    _fresh_waits(world)
    ref = world.lead()
    ann = world.chat(platform, "ann")
    english = ann.says(f"claim {ref}")
    ann.says("lang zh")
    chinese = ann.says(f"领取 {ref}")
    assert "tomorrow 10:00" in english.text
    assert "明天 10:00" in chinese.text


@everywhere
def test_the_next_lead_is_one_that_need_not_wait(world: World, platform: str) -> None:
    _fresh_waits(world)
    best = world.lead(score=90)
    older = world.lead(score=1, pool_entered_at=world.time() - timedelta(days=2))
    answer = world.chat(platform, "ann").says("claim next")
    assert older in answer.text
    assert best not in answer.text


@everywhere
def test_the_next_lead_is_none_that_a_pools_own_cool_down_holds(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, "claim: {cool_down: 1h}\npools: {open: {cool_down: 5d}}\nfallback_pool: open\n")
    mine, other = world.lead(score=90), world.lead(score=1)
    ann = world.chat(platform, "ann")
    ann.says(f"claim {mine}")
    ann.says(f"release {mine} no time")
    world.time.advance(hours=2)
    assert other in ann.says("claim next").text


@everywhere
def test_a_follow_up_on_a_lead_that_went_back_says_how_to_get_it(world: World, platform: str) -> None:
    ref = world.lead()
    ann = world.chat(platform, "ann")
    answer = ann.says(f"log {ref} called")
    ann.taps(answer, "Claim")
    assert f"claim {ref}" in answer.text
    assert world.count("select count(*) from assignment where ended_at is null") == 1

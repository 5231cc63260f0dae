"""Pools as people use them: shields, looks before the claim, lists, moves, and a release that names its pool."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests import build
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
RULES = """
claim: {per_day: null, reveals_per_day: 1, capacity: {default: 6, levels: {A: 1}, exclude_stages: [quote]}}
pools: {open: {turn: {claims: 2, per: 1h}}}
protect: {most: 1, longest: 14d}
fallback_pool: open
"""


@pytest.fixture(autouse=True)
def ruled(world: World) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, RULES)


@everywhere
def test_a_lead_is_protected_and_the_second_is_one_too_many(world: World, platform: str) -> None:
    first, second = world.lead(owner="ann"), world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    assert "Protected until" in ann.says(f"protect {first} for 3 days").text
    refused = ann.says(f"protect {second} until Friday").text
    assert "1 of 1 leads are protected already" in refused
    assert first in refused
    assert "No longer protected" in ann.says(f"unprotect {first}").text
    ann.says("lang zh")
    world.time.advance(minutes=1)
    assert "已锁定到" in ann.says(f"锁定 {second} 三天").text
    assert (
        world.count("select count(*) from lead where protected_until = :at", at=world.time() + timedelta(days=3)) == 1
    )
    assert "已解除锁定" in ann.says(f"解锁 {second}").text
    ann.says("撤销")
    assert world.count("select count(*) from lead where protected_until is not null") == 1


@everywhere
def test_a_contact_is_looked_at_before_the_claim_within_the_days_quota(world: World, platform: str) -> None:
    first, second = world.lead(phone="+8613800138000"), world.lead(phone="+8613900139000")
    ann = world.chat(platform, "ann")
    assert "+8613800138000" not in ann.says(f"lead {first}").text
    assert "+8613800138000" in ann.says(f"reveal {first}").text
    refused = ann.says(f"reveal {second}")
    assert "1 of 1 contacts today" in refused.text
    assert "+8613900139000" not in refused.text
    ann.says("lang zh")
    assert "+8613800138000" in ann.says(f"查看联系方式 {first}").text
    assert "今天你查看了 1 / 1" in ann.says(f"查看联系方式 {second}").text


@everywhere
def test_leads_are_moved_after_a_preview_and_go_back_with_one_undo(world: World, platform: str) -> None:
    for _ in range(3):
        world.lead(region="East")
    world.lead(region="West")
    mia = world.chat(platform, "mia")
    preview = mia.says("move 20 from Open to North East")
    assert "Move 3 leads from Open to North?" in preview.text
    in_north = "select count(*) from lead l join pool p on p.id = l.pool_id where p.key = 'north'"
    assert world.count(in_north) == 0
    assert "3 leads moved to North" in mia.taps(preview, "Move").text
    assert world.count(in_north) == 3
    mia.says("undo")
    assert world.count(in_north) == 0
    mia.says("lang zh")
    assert "把 2 条线索从Open移到North" in mia.says("移库 2 从 open 到 north").text


def test_moving_leads_is_for_those_in_charge(world: World) -> None:
    world.lead()
    refused = world.chat("slack", "ann").says("move 1 from Open to North").text
    assert "the admin of Open" in refused
    assert "Mia Manager" in refused


def test_the_pools_are_listed_with_their_people_and_rules(world: World) -> None:
    mia = world.chat("playground", "mia")
    listed = mia.says("pools").text
    assert "in charge: Mia Manager" in listed
    assert "2 in 1 h" in listed
    assert "Cyd" in mia.says("pools North add @Cyd").text
    ref = world.lead(pool="north")
    assert ref in world.chat("playground", "cyd").says(f"claim {ref}").text
    mia.says("pools North remove @Cyd")
    mia.says("lang zh")
    assert "Cyd" not in mia.says("线索池列表").text


def test_a_word_of_a_pools_name_is_enough(world: World) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update pool set name = 'Open pool 公海' where key = 'open'"))
    world.lead(pool="north")
    mia = world.chat("playground", "mia")
    assert "Open pool 公海" in mia.says("移库 3 从 north 到 公海").text


def test_a_release_may_name_the_pool(world: World) -> None:
    mine = [world.lead(owner="ann") for _ in range(3)]
    ann = world.chat("wecom", "ann")
    assert "in the pool North" in ann.says(f"release {mine[0]} not my region, to North").text
    assert "in the pool Open" in ann.says(f"release {mine[1]} wants to talk to somebody else").text
    refused = ann.says(f"release {mine[2]} too far to pool Nowhere").text
    assert "There is no pool or team “Nowhere”" in refused
    assert "Open, North" in refused
    ann.says("lang zh")
    assert "North" in ann.says(f"释放 {mine[2]} 太远 到 North").text


@pytest.mark.parametrize("platform", ["slack", "playground"])
def test_a_pool_is_chosen_in_the_form_of_a_release(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    form = ann.taps(ann.taps(ann.says(f"lead {ref}"), "Release"), "To another pool")
    assert "in the pool North" in ann.submits(form, reason="no time", pool="north").text


def test_a_turn_that_is_over_says_when_the_next_is(world: World) -> None:
    for _ in range(3):
        world.lead()
    ann = world.chat("playground", "ann")
    assert "Your next turn is today 11:00" in ann.says("claim 5").text
    ann.says("lang zh")
    assert "下次轮到你：今天 11:00" in ann.says("领取 下一个").text


def test_a_level_that_is_full_is_told_and_another_one_is_taken(world: World) -> None:
    refs = [world.lead(level="A", score=9), world.lead(level="A", score=8), world.lead(level="B")]
    ann = world.chat("slack", "ann")
    ann.says(f"claim {refs[0]}")
    assert "You hold 1 of 1 leads of level A" in ann.says(f"claim {refs[1]}").text
    assert refs[2] in ann.says("claim next").text


def test_a_lead_kept_back_is_refused_with_the_reason_and_the_way_out(world: World) -> None:
    ref = world.lead(held_by="desk", held_since=world.time())
    ann = world.chat("wecom", "ann")
    assert "it lies on a manager's desk" in ann.says(f"claim {ref}").text
    ann.says("lang zh")
    assert "主管可以分配它" in ann.says(f"领取 {ref}").text
    world.chat("wecom", "mia").says(f"assign {ref} @Ann")
    assert world.count("select count(*) from lead where owner_id is not null") == 1


@everywhere
def test_the_word_alone_claims_the_next_one(world: World, platform: str) -> None:
    world.lead()
    world.lead()
    ann = world.chat(platform, "ann")
    assert "Yours: " in ann.says("claim").text
    ann.says("lang zh")
    assert "归你了" in ann.says("领取").text
    assert world.count("select count(*) from lead where owner_id is not null") == 2


def test_the_word_alone_after_a_look_at_a_free_lead_asks_which_one(world: World) -> None:
    world.lead()
    seen = world.lead()
    ann = world.chat("playground", "ann")
    ann.says(f"lead {seen}")
    asked = ann.says("claim")
    assert f"{seen}, which you looked at last" in asked.text
    assert world.count("select count(*) from lead where owner_id is not null") == 0
    assert seen in ann.taps(asked, f"Claim {seen}").text
    assert world.count("select count(*) from lead where owner_id is not null") == 1

"""Two customers who are one, on every platform: a look, one tap, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from crm.services import sounding
from tests import build
from tests.world import PLATFORMS, House, World, move_in

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture
def world(house: House, time: DrivenClock, shared_database: Database) -> Iterator[World]:
    with move_in(house, time, base=shared_database) as opened:
        yield opened


@pytest.mark.parametrize("platform", PLATFORMS[2:])
def test_who_enters_somebody_known_asks_first_and_the_manager_decides(world: World, platform: str) -> None:
    known = lead(world, owner="ann", name="王芳", firm="上海腾云科技有限公司")
    ann, bob, mia = (world.chat(platform, name) for name in ("ann", "bob", "mia"))
    preview = bob.says("new 王芳 腾云科技有限公司 13911112222")
    assert "The company knows a customer like this already" in preview.text
    assert "Ann" not in preview.text
    assert known not in preview.text
    assert "The manager decides" in bob.taps(preview, "Ask the manager").text
    world.run_jobs()
    (question,) = [card for card in mia.inbox() if "One person or two?" in card.text]
    assert "Both stay" in mia.taps(question, "Share").text
    world.run_jobs()
    assert any("Shared with Bob Chen" in card.text for card in ann.inbox())
    assert any("Entered for you: 王芳" in card.text for card in bob.inbox())


@pytest.mark.parametrize("platform", PLATFORMS[:2])
@pytest.mark.parametrize("words", ["new 王方 腾云科技 13911112222", "王方\n腾云科技 销售总监\n13911112222"])
def test_a_customer_of_a_colleague_is_not_told_by_name_contact_or_owner(
    world: World, platform: str, words: str
) -> None:
    known = lead(world, owner="cyd", name="王芳", firm="上海腾云科技有限公司")
    preview = world.chat(platform, "bob").says(words)
    assert "The company knows a customer like this already" in preview.text
    assert [told for told in (known, "王芳", "Cyd", "+86138") if told in preview.text] == []


def lead(world: World, **facts: object) -> str:
    with world.database.begin(world.acme.org_id) as uow:
        ref = f"L-{build.read(uow, build.lead(uow, world.acme, **facts)).number}"
        sounding.catch_up(uow)
        return ref


@everywhere
def test_a_manager_merges_two_leads_and_takes_them_apart_again(world: World, platform: str) -> None:
    kept = lead(world, owner="ann", assigned_at=build.NOW - timedelta(days=9))
    lost = lead(world, owner="bob", name="Lu Wei 2")
    mia, bob = world.chat(platform, "mia"), world.chat(platform, "bob")
    look = mia.says(f"merge {lost} {kept}")
    assert f"{kept} stays with Ann Li; {lost} closes, and Bob Chen loses it." in look.text
    assert f"{lost} is closed and stands for {kept}" in mia.taps(look, "Same person: merge").text
    world.run_jobs()
    assert any(f"{lost} was the same customer as {kept}" in card.text for card in bob.inbox())
    assert f"{lost} was merged into {kept}" in world.chat(platform, "ann").says(f"lead {lost}").text
    assert "Two customers again" in mia.says(f"unmerge {lost}").text
    world.run_jobs()
    assert lost in bob.says("my").text

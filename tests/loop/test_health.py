"""The week's card: on its day and on demand, with a change of the rules to rehearse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests import build
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


def hoard(world: World) -> None:
    for _ in range(25):
        world.lead(owner="ann")
    world.time.advance(days=15)


@everywhere
def test_a_hoard_is_shown_with_a_change_that_is_rehearsed_by_one_tap(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, "claim: {capacity: {default: 60}}")
    hoard(world)
    mia = world.chat(platform, "mia")
    shown = mia.says("health")
    assert "25 leads held without follow-up for more than 14 d" in shown.text
    assert "Ann Li: 25 of 25 · try claim.capacity.default: 60 → 20" in shown.text
    mia.taps(shown, "Rehearse")
    tried = world.count("select count(*) from rehearsal where text like '%default: 20%'")
    assert tried == 1


@everywhere
def test_it_comes_by_itself_on_monday_morning(world: World, platform: str) -> None:
    mia = world.chat(platform, "mia")
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update organization set health_at = null where id = :o"), {"o": uow.org_id})
    world.pass_time(minutes=1)
    monday = timedelta(days=5)
    world.pass_time(seconds=(monday - timedelta(minutes=61)).total_seconds())
    assert any("Health of North" in card.text for card in mia.inbox())


def test_it_is_for_managers(world: World) -> None:
    assert "Only managers" in world.chat("wecom", "ann").says("健康度").text


@everywhere
def test_decisions_are_fetched_by_a_link_that_the_card_brings(world: World, platform: str) -> None:
    ada = world.chat(platform, "ada")
    world.arrives(by_rule=True)
    shown = ada.says("export decisions today")
    assert "Dispatch: 1" in shown.text
    assert any("Download" in label for label in shown.buttons)


def test_an_export_says_how_it_is_asked_for(world: World) -> None:
    ada = world.chat("playground", "ada")
    assert "export decisions week" in ada.says("export leads").text
    assert "I cannot read" in ada.says("导出 决策 某天").text
    assert "Only managers" in world.chat("playground", "ann").says("export decisions").text

"""*My customer becomes everybody's*: what a rep found stays the rep's own, and managers see how much that is."""

from __future__ import annotations

import pytest

from tests.drivers.base import Driver
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
PHONE = "13800138999"


def _saves(world: World, ann: Driver) -> str:
    """Ann enters a customer of her own; the reference."""
    ann.taps(ann.says(f"new Mei Lin, Lotus Tea, {PHONE}"), "I found them: mine")
    return f"L-{world.count('select max(number) from lead')}"


@everywhere
@pytest.mark.parametrize("words", ["lead {ref}", "find Lotus", "find 8999", "claim {ref}", "pool", "claim next"])
def test_a_colleague_finds_it_nowhere(world: World, platform: str, words: str) -> None:
    ref = _saves(world, world.chat(platform, "ann"))
    answer = world.chat(platform, "bob").says(words.format(ref=ref))
    assert PHONE not in answer.text
    assert "Mei Lin" not in answer.text


@everywhere
def test_the_own_manager_sees_it_whole_an_admin_without_its_contact_others_not(world: World, platform: str) -> None:
    ref = _saves(world, world.chat(platform, "ann"))
    manager, admin, other = (world.chat(platform, name).says(f"lead {ref}") for name in ("mia", "ada", "max"))
    assert PHONE in manager.text
    assert "Mei Lin" in admin.text
    assert PHONE not in admin.text
    assert "no lead" in other.text


@everywhere
def test_it_fills_no_capacity_and_managers_see_the_count(world: World, platform: str) -> None:
    _saves(world, world.chat(platform, "ann"))
    mia = world.chat(platform, "mia")
    own, asked, team = world.chat(platform, "ann").says("quota"), mia.says("quota @Ann"), mia.says("quota")
    assert "Holding: 0 / 6" in own.text
    assert "Self-sourced: 1" in asked.text
    assert "holds 0 · self-sourced 1" in team.text

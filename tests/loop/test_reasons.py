"""Why a lead is where it is, in words, for each role what it may see."""

from __future__ import annotations

import pytest

from crm.rules.arrival import Arrival
from crm.services import intake
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


@everywhere
def test_a_refused_claim_is_told_to_who_asked_and_the_manager_alone(world: World, platform: str) -> None:
    for _ in range(6):
        world.lead(owner="ann")
    ref = world.arrives()
    ann, bob, mia = (world.chat(platform, name) for name in ("ann", "bob", "mia"))
    ann.says(f"claim {ref}")
    assert "Refused to Ann Li" in ann.says(f"why {ref}").text
    assert "You hold 6 of 6" in mia.says(f"why {ref}").text
    assert "Refused" not in bob.says(f"why {ref}").text


def test_another_teams_figures_are_for_its_own_manager_and_the_admin(world: World) -> None:
    for _ in range(6):
        world.lead(owner="ann")
    ref = world.arrives()
    world.chat("playground", "ann").says(f"claim {ref}")
    told = {name: world.chat("playground", name).says(f"why {ref}").text for name in ("max", "ada")}
    assert "Ann Li" not in told["max"]
    assert "Ann Li" in told["ada"]


@everywhere
def test_cards_say_what_the_points_are_for(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        taken = intake.take_in(
            uow, source=None, arrival=Arrival(name="Mary", phone="13900139000", level="A", campaign="spring")
        )
    ada = world.chat(platform, "ada")
    shown = ada.says(f"lead {taken.ref}").text
    assert "Score 65: level A +30, fresh +20, what is known +15" in shown
    assert "Score 65" in ada.says(f"why {taken.ref}").text
    ada.says("lang zh")
    assert "评分 65" in ada.says(f"线索 {taken.ref}").text

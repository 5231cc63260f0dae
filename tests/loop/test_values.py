"""Lists and fields on every platform: an admin makes them, a rep works with them, one undo takes a change back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from tests import build
from tests.world import PLATFORMS, House, World, move_in


@pytest.fixture
def world(house: House, time: DrivenClock, shared_database: Database) -> Iterator[World]:
    with move_in(house, time, base=shared_database) as opened:
        yield opened


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_admin_keeps_lists_and_fields_and_a_rep_works_with_them(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        ref = f"L-{build.read(uow, build.lead(uow, world.acme, owner='ann', product='小玩意')).number}"
    ada, ann = world.chat(platform, "ada"), world.chat(platform, "ann")
    assert "One lead was written anew" in ada.says("values products add Gizmo / 小玩意 = gizmo 3000").text
    assert "Seats" in ada.says("values fields add Seats number, required at quote").text
    assert "Only marketing and admins can do that" in ann.says("values products retire Gizmo").text
    assert "needs this before that stage: Seats" in ann.says(f"stage {ref} quote").text
    assert "Seats: 40" in ann.says(f"set {ref} seats 40").text
    assert "Did you mean Gizmo" in ann.says(f"set {ref} product gizzmo").text
    assert ref in ann.says("my product gizmo-3000, seats over 5").text
    assert "Taken back" in ada.says("undo").text

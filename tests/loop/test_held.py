"""Leads that wait for somebody: who comes on duty has them at once, on every platform."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from tests.world import PLATFORMS, House, World, move_in

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
RULES = """
dispatch:
  - name: north web
    to: {departments: [north], where: {not: {field: name, value: Bob Chen}}}
    caps: {per_month: 2}
    working_hours: false
    nobody: hold
"""


@pytest.fixture
def world(database: Database, house: House, time: DrivenClock) -> Iterator[World]:
    with move_in(house, time, rules=RULES, base=database) as opened:
        yield opened


@everywhere
def test_whoever_comes_on_duty_gets_what_was_held_the_oldest_first(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    ann.says("off")
    refs = [world.arrives(by_rule=True) for _ in range(3)]
    ann.says("on")
    world.run_jobs()
    told = " ".join(card.text + card.title for card in ann.inbox())
    assert [ref in told for ref in refs] == [True, True, False]


@everywhere
def test_why_tells_a_manager_of_conditions_and_shares_of_the_month(world: World, platform: str) -> None:
    refs = [world.arrives(by_rule=True) for _ in range(3)]
    answer = world.chat(platform, "mia").says(f"why {refs[2]}")
    assert "Ann Li: has had the month's share" in answer.text
    assert "Bob Chen: is not among those whom the rule asks for" in answer.text

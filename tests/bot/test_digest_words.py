"""What is said about a digest: which team, how often, when; and where it then comes."""

from __future__ import annotations

from datetime import time

import pytest

from bot.handlers.digests import Asked, understood
from tests.bot.asking import told
from tests.world import World

FRIDAY = "fri"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", Asked(False, None, None, "")),
        ("East", Asked(False, None, None, "East")),
        ("weekly", Asked(False, FRIDAY, None, "")),
        ("每周", Asked(False, FRIDAY, None, "")),
        ("East daily 18:00", Asked(False, "day", time(18), "East")),
        ("华东 每天 18点", Asked(False, "day", time(18), "华东")),
        ("East weekly monday at 8:30", Asked(False, "mon", time(8, 30), "East")),
        ("华东 每周五 18:00", Asked(False, FRIDAY, time(18), "华东")),
        ("每周日18点半", Asked(False, "sun", time(18, 30), "")),
        ("5 pm", Asked(False, None, time(17), "")),
        ("12am", Asked(False, None, time(0), "")),
        ("off", Asked(True, None, None, "")),
        ("华东 取消", Asked(True, None, None, "华东")),
        ("Office East", Asked(False, None, None, "Office East")),
    ],
)
def test_the_words_of_a_digest(words: str, asked: Asked) -> None:
    assert understood(words) == asked


def test_in_a_bound_group_it_comes_to_the_group_else_to_who_says_it(world: World) -> None:
    group = f"C{world.acme.org_id}OPEN"
    assert "Digests that come to open" in told(world, "digest weekly", "mia", conversation=group)
    assert "Digests that come to you" in (mine := told(world, "digest south 8:00", "ada"))
    assert "South: each day at 08:00" in mine
    assert "None comes by itself" in told(world, "digest off", "ada")
    ours = told(world, "digest 17:00", "mia", conversation=group)
    assert ours.count("each day at 17:00") == 1
    assert "each Friday" not in ours


def test_who_manages_nobody_orders_none(world: World) -> None:
    assert "managers" in told(world, "digest weekly", "ann")

"""What goes wrong between people and their chats, on every platform: answered in words, and never half done."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from tests import build
from tests.drivers.base import Seen
from tests.promises.test_acts_once import Again, Doors, person, repeated, told
from tests.world import PLATFORMS, House, World, move_in

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
RULES = """
claim: {cool_down: 2d}
recycle: [{name: neglected, no_follow_up: 7d}]
warn: []
"""
NONSENSE = ("xyzzy plugh", "量子色动力学是什么东西呢", "🤷", "' or 1=1 --", "<script>alert(1)</script>")
TRIES = ("lead {ref}", "claim {ref}", "log {ref} called", "won {ref}", "find 0002", "find Secret")
OPEN = "select count(*) from assignment where ended_at is null"
LOGGED = "select count(*) from activity where verb = 'logged'"


@pytest.fixture
def world(database: Database, house: House, time: DrivenClock) -> Iterator[World]:
    with move_in(house, time, rules=RULES, base=database) as opened:
        yield opened


@everywhere
def test_words_that_nobody_understands_get_help(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    answers = [ann.says(words) for words in NONSENSE]
    assert [answer.title for answer in answers] == ["I did not quite get that"] * len(NONSENSE)
    assert ["Help" in answer.buttons for answer in answers] == [True] * len(NONSENSE)


@everywhere
def test_a_button_that_nobody_knows_is_an_old_card(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    answer = ann.taps(unknown(platform, ann.says(f"lead {ref}"), "No answer"), "No answer")
    assert "old" in answer.text
    assert world.count(LOGGED) == 0


@everywhere
def test_a_lead_that_was_recycled_between_card_and_tap_stays_in_the_pool(world: World, platform: str) -> None:
    ref = world.lead()
    ann = world.chat(platform, "ann")
    card = ann.says(f"claim {ref}")
    phone = switched_off(platform, card)
    world.pass_time(days=7)
    phone()
    answer = ann.taps(card, "No answer")
    assert any(word in answer.text for word in ("out of date", "pool", "not yours"))
    assert (world.count(OPEN), world.count(LOGGED)) == (0, 0)


@everywhere
def test_a_lead_of_another_organization_is_not_there(world: World, database: Database, platform: str) -> None:
    there = build.company(database, rules=RULES)
    with database.begin(there.org_id) as uow:
        leads = [build.lead(uow, there, name="Secret Person", phone=f"+861391234000{number}") for number in range(3)]
        ref = build.read(uow, leads[-1]).ref
    ann = world.chat(platform, "ann")
    answers = [ann.says(words.format(ref=ref)) for words in TRIES]
    assert [answer for answer in answers if "Person" in answer.text or "1391234" in answer.text] == []
    with database.begin(there.org_id) as uow:
        assert [build.read(uow, lead).version for lead in leads] == [1, 1, 1]


def slack_line(world: World, words: str) -> Again:
    user = person(world, "slack")
    fields = world.wire.command_fields(user, words, "D" + user[1:])
    return lambda doors: told(doors.wire.form(fields))


def wecom_line(world: World, words: str) -> Again:
    return repeated(world, MsgType="text", Content=words, MsgId=next(world.caller.ids))


@pytest.mark.parametrize("line", [slack_line, wecom_line])
def test_repeats_that_arrive_after_what_came_later_change_nothing(world: World, line: Callable[..., Again]) -> None:
    ref = world.lead()
    claim, release = line(world, f"claim {ref}"), line(world, f"release {ref} no time")
    doors = Doors(world.wire, world.caller)
    world.chat("wecom", "ann")
    for again in (claim, release, claim, release, release, claim):
        assert again(doors)[0] == 200
    assert world.count("select count(*) from assignment") == 1
    assert world.count(OPEN) == 0
    assert world.count("select day_claims from rep_load where member_id = :m", m=world.acme.member["ann"]) == 1


@pytest.mark.parametrize("line", [slack_line, wecom_line])
def test_a_release_that_overtakes_its_claim_is_refused_and_the_claim_holds(
    world: World, line: Callable[..., Again]
) -> None:
    ref = world.lead()
    claim, release = line(world, f"claim {ref}"), line(world, f"release {ref} no time")
    doors = Doors(world.wire, world.caller)
    for again in (release, claim, release, claim):
        assert again(doors)[0] == 200
    assert world.count(OPEN) == 1


@everywhere
def test_a_clock_that_is_set_back_and_forth_repeats_nothing(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(f"remind {ref} in 2 hours send the offer")
    for hours in (2, -1, 1, -3, 4):
        world.pass_time(hours=hours)
    assert world.count("select count(*) from message where topic = 'task.due'") == 1
    world.pass_time(days=7)
    world.pass_time(hours=-1)
    world.pass_time(hours=2)
    assert world.count("select count(*) from assignment where ended_by = 'recycled'") == 1
    assert world.count(OPEN) == 0


def switched_off(platform: str, seen: Seen) -> Callable[[], None]:
    """A phone that hears nothing for a while; call it to switch it on: it still shows what it showed.

    In Slack and the playground a tap brings what was on the card; WeCom's driver taps what stands there now.
    """
    shown = copy.deepcopy(getattr(seen.place, "card", None))

    def switch_on() -> None:
        if platform == "wecom":
            seen.place.card = shown

    return switch_on


def unknown(platform: str, seen: Seen, label: str) -> Seen:
    """The card as a much later or earlier version would have drawn it: that button has another name."""
    match platform:
        case "slack":
            return replace(seen, raw=_renamed(seen.raw, label, "action_id", "no.such.thing"))
        case "wecom":
            seen.place.card = _renamed(seen.place.card, label, "key", "no.such.thing|x")
            return seen
        case _:
            return replace(seen, raw=_renamed(seen.raw, label, "action", "no.such.thing"))


def _renamed(card: Any, label: str, field: str, name: str) -> Any:
    changed = copy.deepcopy(card)
    (button,) = [each for each in _parts(changed) if each.get(field) and label in str(_label(each))]
    button[field] = name
    return changed


def _label(part: dict[str, Any]) -> Any:
    return part.get("label") or part.get("text")


def _parts(value: Any) -> list[dict[str, Any]]:
    """Every mapping inside."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return ([value] if isinstance(value, dict) else []) + [part for each in inside for part in _parts(each)]

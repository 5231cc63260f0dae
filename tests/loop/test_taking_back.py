"""Undo, on every platform: whatever a rep has changed, also what is no change of a lead."""

from __future__ import annotations

import pytest

from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)

OPEN_TASKS = "select count(*) from task where state = 'open'"
OWNED = "select count(*) from assignment where ended_at is null"
# What is said, a figure that it changes, and what the figure is before and after the undo.
CHANGES = {
    "a reminder": ("remind {ref} in 2 hours send the offer", OPEN_TASKS, 0),
    "a stage": ("stage {ref} quote", "select count(*) from lead where stage = 'quote'", 0),
    "an extension": ("extend {ref} waiting for their budget", "select sum(extensions) from lead", 0),
    "a loss": ("lost {ref} too expensive", "select count(*) from lead where status = 'lost'", 0),
    "a release": ("release {ref} not my region", OWNED, 1),
    "a note": (
        "note {ref} speaks French", "select count(*) from activity where verb = 'noted' and undone_at is null", 0,
    ),
}  # fmt: skip


@everywhere
@pytest.mark.parametrize(("words", "figure", "before"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_taken_back(world: World, platform: str, words: str, figure: str, before: int) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(words.format(ref=ref))
    changed = world.count(figure)
    answer = ann.says("undo")
    assert "Undone" in answer.text
    assert (changed != before, world.count(figure)) == (True, before)


@everywhere
def test_a_reminder_that_was_ticked_off_or_put_off_is_back(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=2)
    card = [card for card in ann.inbox() if "+1 h" in card.buttons][-1]
    ann.taps(card, {"wecom": "Tomorrow …"}.get(platform, "Tomorrow 9:00"))
    put_off = world.count("select count(*) from task where due_at > :now", now=world.time())
    ann.says("undo")
    assert put_off == 1
    assert world.count("select count(*) from task where due_at > :now", now=world.time()) == 0
    assert world.count(OPEN_TASKS) == 1


@everywhere
def test_going_off_duty_is_taken_back_and_the_follow_up_before_it_stays(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(f"log {ref} called, wants a quote")
    ann.says("off")
    answer = ann.says("undo")
    assert "You are on duty" in answer.text
    assert world.count("select count(*) from lead where followed_up_at is not null") == 1


@everywhere
def test_the_follow_up_after_going_off_duty_is_taken_back_first(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says("off")
    world.time.advance(minutes=1)
    ann.says(f"log {ref} called, wants a quote")
    first, second = ann.says("undo"), ann.says("undo")
    assert "Undone: followed up" in first.text
    assert "You are on duty" in second.text


@everywhere
def test_going_off_duty_stands_after_ten_minutes(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    ann.says("下班")
    world.time.advance(minutes=11)
    assert "nothing to undo" in ann.says("undo").text
    assert world.count("select count(*) from member where on_duty and id = :m", m=world.acme.member["ann"]) == 0


@everywhere
def test_leads_claimed_at_once_go_back_at_once(world: World, platform: str) -> None:
    for _ in range(3):
        world.lead()
    ann = world.chat(platform, "ann")
    card = ann.says("claim 3")
    answer = ann.taps(card, "Undo")
    assert "Undone: claimed, 3 leads" in answer.text
    assert world.count(OWNED) == 0


@everywhere
def test_a_transfer_goes_back_but_for_what_was_worked_on(world: World, platform: str) -> None:
    refs = [world.lead(owner="ann") for _ in range(3)]
    mia = world.chat(platform, "mia")
    mia.says("transfer @Ann Li @Bob Chen")
    world.chat(platform, "bob").says(f"log {refs[1]} called, wants a quote")
    answer = mia.says("undo")
    owned = "select count(*) from lead where owner_id = :m"
    assert "Undone: transferred, 2 leads" in answer.text
    assert f"so they stay: {refs[1]}" in answer.text
    assert (world.count(owned, m=world.acme.member["ann"]), world.count(owned, m=world.acme.member["bob"])) == (2, 1)


@everywhere
def test_leads_given_at_once_go_back_at_once(world: World, platform: str) -> None:
    for _ in range(3):
        world.lead()
    mia = world.chat(platform, "mia")
    mia.says("assign 20 @Ann Li")
    assert world.count(OWNED) == 3
    assert "Undone: assigned, 3 leads" in mia.says("undo").text
    assert world.count(OWNED) == 0


@everywhere
def test_the_language_is_taken_back_and_the_duty_before_it_too(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    ann.says("off")
    world.time.advance(minutes=1)
    assert "中文" in ann.says("lang zh").text
    assert "I speak English now" in ann.says("撤销").text
    assert "You are on duty" in ann.says("undo").text

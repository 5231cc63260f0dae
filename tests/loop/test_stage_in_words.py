"""A follow-up that names a step moves the lead on, as one step with it."""

from __future__ import annotations

import pytest

from tests.world import PLATFORMS, World


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_stage_in_a_sentence_moves_the_lead_and_is_corrected_or_undone_with_it(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    card = ann.says(f"log {ref} called, sent the quote, $12,000")
    assert "stage: Quote" in card.text
    card = ann.taps(ann.taps(card, "Other stage"), "Qualified")
    card = ann.taps(ann.taps(card, "Other amount"), "Not an amount")
    assert "stage: Qualified" in card.text
    assert world.count("select count(*) from lead where stage = 'qualified' and amount is null") == 1
    ann.taps(card, "Undo")
    assert world.count("select count(*) from lead where stage = 'new' and followed_up_at is null") == 1


def test_a_sentence_closes_no_lead_but_the_card_does_by_one_tap(world: World) -> None:
    ann = world.chat("slack", "ann")
    card = ann.says(f"log {world.lead(owner='ann')} they signed today")
    assert world.count("select count(*) from lead where status = 'won'") == 0
    ann.taps(card, "Won")
    assert world.count("select count(*) from lead where status = 'won'") == 1


def test_nobody_answered_is_one_tap_on_a_due_reminder_and_sets_the_next_one(world: World) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat("wecom", "ann")
    ann.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=2)
    [due] = [card for card in ann.inbox() if card.title.startswith("Due:")]
    ann.taps(due, "No answer")
    assert "Log" in due.buttons
    assert world.count("select count(*) from task where state = 'open' and due_at > :now", now=world.time()) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_came_of_a_due_reminder_is_logged_from_its_card(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=2)
    [due] = [card for card in ann.inbox() if card.title.startswith("Due:")]
    ann.submits(ann.taps(due, "Log"), note="called, sent the quote")
    assert world.count("select count(*) from lead where stage = 'quote'") == 1

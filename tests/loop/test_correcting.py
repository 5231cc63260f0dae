"""A follow-up that was understood wrongly: one tap shows the choices, the next corrects, and nothing counts twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.bot.asking import ask, says, shown, taps, told
from tests.world import PLATFORMS, World

STANDS = "select count(*) from activity where verb = 'logged' and undone_at is null and {}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_outcome_a_channel_and_a_time_are_corrected_by_two_taps_each(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    card = ann.says(f"log {ref} called, wants a quote, call back tomorrow 3pm")
    card = ann.taps(ann.taps(card, "Other outcome"), "interested")
    card = ann.taps(ann.taps(card, "Other channel"), "visit")
    card = ann.taps(ann.taps(card, "Other time"), "In 3 days")
    assert "interested" in card.text
    assert world.count(STANDS.format("data->>'outcome' = 'interested' and data->>'channel' = 'visit'")) == 1
    assert world.count("select count(*) from task where state = 'open' and due_at = '2026-03-07T01:00Z'") == 1
    assert world.count(STANDS.format("true")) == 1
    assert "undone" not in ann.says(f"lead {ref}").text


def test_a_correction_counts_from_when_the_first_was_recorded(world: World) -> None:
    ref = world.lead(owner="ann")
    told(world, f"log {ref} called, interested")
    at = world.time()
    world.time.advance(minutes=5)
    ask(world, taps(world, "log.set", f"{world.count('select max(id) from activity')} outcome connected"))
    assert world.count("select count(*) from lead where followed_up_at = :at", at=at) == 1
    told(world, "undo")
    assert world.count("select count(*) from lead where followed_up_at is not null") == 0


def test_what_was_logged_on_the_last_lead_by_mistake_goes_to_the_right_one(world: World) -> None:
    refs = [world.lead(owner="ann", name=name) for name in ("Lu Wei", "Zoe")]
    told(world, f"lead {refs[0]}")
    answer = shown(ask(world, says(world, "log called, wants a quote")))
    assert "I took the lead that you dealt with last" in answer
    number = world.count("select max(id) from activity where verb = 'logged'")
    assert refs[1] in shown(ask(world, taps(world, "log.elsewhere", str(number))))
    assert refs[1] in shown(ask(world, taps(world, "log.move", f"{number} {refs[1]}")))
    right = f"lead_id = (select id from lead where number = {refs[1][2:]})"
    assert world.count(STANDS.format(right)) == world.count(STANDS.format("true")) == 1


def test_nobody_corrects_for_a_colleague_or_next_week(world: World) -> None:
    told(world, f"log {world.lead(owner='ann')} called, interested")
    number = world.count("select max(id) from activity")
    ask(world, taps(world, "log.set", f"{number} outcome connected", "bob"))
    world.time.advance(days=7)
    ask(world, taps(world, "log.set", f"{number} outcome connected"))
    assert world.count(STANDS.format("data->>'outcome' = 'interested'")) == 1


def test_the_last_one_is_the_one_last_dealt_with_here_and_not_for_ever(world: World) -> None:
    ref = world.lead(owner="ann", name="Lu Wei")
    world.lead(owner="ann", name="Zoe")
    told(world, f"lead {ref}")
    said = ("log it no answer", "跟进 刚才那个 没接", "log the last one: no answer", "log no answer")
    assert [words for words in said if ref not in told(world, words)] == []
    world.time.advance(hours=1, minutes=1)
    assert "Which lead?" in told(world, "log it no answer")


def test_it_means_another_lead_in_another_conversation(world: World) -> None:
    ref = world.lead(owner="ann", name="Lu Wei")
    told(world, f"lead {ref}")
    assert "Which lead?" in told(world, "log no answer", conversation="north")


KNOWN = {
    "stage it quote": "stage = 'quote'",
    "won 12000": "status = 'won' and amount = 12000",
    "lost price": "status = 'lost' and lost_reason = 'price'",
    "输单 价格太高": "status = 'lost' and lost_reason = '价格太高'",
    "release him not my region": "owner_id is null",
    "remind tomorrow 3pm": "exists (select from task t where t.lead_id = lead.id)",
    "note speaks French": "exists (select from activity a where a.lead_id = lead.id and words = 'speaks French')",
}


def test_every_word_knows_the_last_one(world: World) -> None:
    leads = {words: world.lead(owner="ann", name=f"Lead {number}") for number, words in enumerate(KNOWN)}
    for words, ref in leads.items():
        told(world, f"lead {ref}")
        told(world, words)
    done = "select count(*) from lead where number = {} and {}"
    missed = [words for words, ref in leads.items() if not world.count(done.format(ref[2:], KNOWN[words]))]
    assert missed == []


def test_the_timeline_says_who_what_and_why(world: World) -> None:
    ref = world.lead(owner="ann", name="Lu Wei", assigned_at=world.time() - timedelta(days=2))
    told(world, f"log {ref} called, wants a quote")
    told(world, f"stage {ref} quote")
    world.pass_time(days=8)
    told(world, f"claim {ref}", "bob")
    story = shown(ask(world, taps(world, "lead.history", ref, "bob")))
    assert "Ann Li followed up [call · wants a quote]" in story
    assert "changed the stage →" in story
    assert "Sluice recycled" in story
    assert "no follow-up for 7 d" in story


def test_of_two_called_alike_ones_own_is_meant_and_for_a_claim_the_free_one(world: World) -> None:
    mine = world.lead(owner="ann", name="Lu Wei", phone="+8613800138001")
    free = world.lead(pool="open", name="Lu Wei", phone="+8613800138002")
    assert mine in told(world, "log Lu Wei called, no answer")
    assert free in told(world, "claim Lu Wei")


@pytest.mark.parametrize("word", ["lost", "release"])
def test_whose_lead_it_is_comes_before_why_it_goes(world: World, word: str) -> None:
    assert "Take it first" in told(world, f"{word} {world.lead(pool='open')}")

"""Questions to colleagues: asked by a word, answered by a tap, a word or a reply, the same on every platform."""

from __future__ import annotations

import pytest

from tests.bot.asking import ask, says, shown, taps, told
from tests.world import PLATFORMS, World

ANSWERS = "select count(*) from activity where verb = 'answered' and words = 'yes, up to 5%'"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_colleague_answers_from_the_card_and_the_asker_gets_it(world: World, platform: str) -> None:
    ref = world.lead(owner="ann", name="Lu Wei", phone="+8613912345678")
    ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    asked = ann.says(f"ask {ref} @Bob can we give 5%? by Friday 15:00")
    world.run_jobs()
    card = [each for each in bob.inbox() if "asks you" in each.title][-1]
    form = bob.taps(card, "Answer")
    bob.submits(form, words="yes, up to 5%")
    world.run_jobs()
    back = next(each for each in ann.inbox() if "Bob Chen answers" in each.title)
    assert "Fri, Mar 6 15:00" in asked.text
    told = "".join(each.text for each in bob.inbox())
    assert ("can we give 5%" in told, "13912345678" in told) == (True, False)
    assert "yes, up to 5%" in back.text
    assert "yes, up to 5%" in ann.says(f"lead {ref}").text
    assert world.count(ANSWERS) == 1


def test_an_answer_is_typed_or_is_a_reply_to_the_card(world: World) -> None:
    told(world, f"协同 {world.lead(owner='ann')} @Bob 能给5%吗？")
    told(world, "answer A-1 yes, up to 5%", "bob")
    told(world, "答复 A-1 yes, up to 5%", "bob")
    ask(world, says(world, "yes, up to 5%", "bob", quoted="A-1"))
    assert world.count(ANSWERS) == 3


def test_the_asker_asks_back_and_ends_it(world: World) -> None:
    told(world, f"ask {world.lead(owner='ann')} @Bob can we give 5%?")
    told(world, "answer A-1 yes", "bob")
    assert "You ask Bob" in told(world, "answer A-1 until when?")
    assert "until when?" in told(world, "answer A-1 June", "bob")
    assert "Closed" in shown(ask(world, taps(world, "question.done", "A-1")))
    assert "is closed" in told(world, "answer A-1 one more", "bob")


def test_asked_again_it_is_the_same_question(world: World) -> None:
    ref = world.lead(owner="ann")
    told(world, f"ask {ref} @Bob can we give 5%?")
    assert "asked this already" in told(world, f"ask {ref} @Bob Can we  give 5%?")
    assert world.count("select count(*) from question") == 1
    assert world.count("select count(*) from message where topic = 'question.asked'") == 1


def test_who_cannot_say_says_so_by_one_tap(world: World) -> None:
    told(world, f"ask {world.lead(owner='ann')} @Bob can we give 5%?")
    assert "cannot say" in shown(ask(world, taps(world, "question.decline", "A-1", "bob")))
    assert world.count("select count(*) from message where topic = 'question.answered'") == 1


def test_both_are_reminded_when_the_answer_is_due(world: World) -> None:
    told(world, f"ask {world.lead(owner='ann')} @Bob can we give 5%? in 2 hours")
    world.pass_time(hours=2, minutes=1)
    world.pass_time(minutes=5)
    assert world.count("select count(*) from message where topic = 'question.due'") == 1
    assert world.count("select count(*) from message where topic = 'question.late'") == 1


def test_nobody_else_sees_a_question(world: World) -> None:
    told(world, f"ask {world.lead(owner='ann')} @Bob can we give 5%?")
    assert "There is no question A-1" in told(world, "answer A-1 me too", "cyd")
    assert "waits for you" in told(world, "questions", "bob")
    assert "you wait for Bob" in told(world, "questions")
    assert "Nobody waits" in told(world, "questions", "cyd")


def test_what_cannot_be_asked_is_said(world: World) -> None:
    ref = world.lead(owner="ann")
    assert "cannot ask yourself" in told(world, f"ask {ref} @Ann what now?")
    assert "no colleague" in told(world, f"ask {ref} @Nobody what now?")
    assert "This needs a lead, a colleague and your question" in told(world, f"ask {ref} @Bob")
    assert "past" in told(world, f"ask {ref} @Bob what now? by yesterday 3pm")
    assert world.count("select count(*) from question") == 0


@pytest.mark.parametrize(("name", "sees"), [("bob", False), ("mia", True)])
def test_a_lead_is_shown_to_a_colleague_as_far_as_they_may_see(world: World, name: str, sees: bool) -> None:
    ref = world.lead(owner="ann", name="Lu Wei", phone="+8613912345678")
    colleague = world.chat("playground", name)
    assert "Shown to" in told(world, f"share {ref} @{name.title()} have a look")
    world.run_jobs()
    [card] = [each for each in colleague.inbox() if "shows you a lead" in each.title]
    assert "Lu Wei" in card.text
    assert "have a look" in card.text
    assert ("13912345678" in card.text) is sees

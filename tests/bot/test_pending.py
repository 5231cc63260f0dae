"""Open questions: the next line is the answer, for half an hour, unless it is a command or about something else."""

import pytest

from tests.bot.asking import ask, says, told
from tests.world import World


@pytest.fixture
def ref(world: World) -> str:
    return world.lead(owner="ann")


def taps(world, action, value):
    return ask(world, says(world, "", platform="wecom", kind="action", action=action, value=value))


def types(world, words, name="ann"):
    """A line typed in WeCom; its answer is owed, not shown."""
    ask(world, says(world, words, name, platform="wecom"))


def count(world, verb) -> int:
    return world.count("select count(*) from activity where org_id = :o and verb = :v", o=world.acme.org_id, v=verb)


def test_the_next_line_answers_the_question(world, ref):
    assert taps(world, "lead.release_to", ref).form is not None
    types(world, "not my region")
    assert count(world, "released") == 1
    assert world.count(
        "select count(*) from assignment where reason = 'not my region' and org_id = :o", o=world.acme.org_id
    )


def test_a_question_is_answered_once(world, ref):
    taps(world, "lead.log", ref)
    types(world, "called, wants a quote")
    types(world, "and one more thing")
    assert count(world, "logged") == 1


def test_a_command_is_a_command_and_drops_the_question(world, ref):
    taps(world, "lead.release", ref)
    types(world, "today")
    types(world, "not my region")
    assert count(world, "released") == 0


def test_after_half_an_hour_a_line_is_a_line(world, ref):
    taps(world, "lead.release", ref)
    world.time.advance(minutes=31)
    types(world, "not my region")
    assert count(world, "released") == 0


def test_the_newest_question_counts(world, ref):
    taps(world, "lead.release_to", ref)
    taps(world, "lead.lost", ref)
    types(world, "too expensive")
    assert (count(world, "released"), count(world, "lost")) == (0, 1)


def test_a_colleagues_line_answers_nothing(world, ref):
    taps(world, "lead.release", ref)
    types(world, "not my region", "bob")
    assert count(world, "released") == 0


def test_where_there_are_dialogs_nothing_is_remembered(world, ref):
    ask(world, says(world, "", kind="action", action="lead.release_to", value=ref))
    told(world, "not my region")
    assert count(world, "released") == 0
    assert world.count("select count(*) from pending_form where org_id = :o", o=world.acme.org_id) == 0


@pytest.mark.parametrize("words", ["price", "太贵了", "no budget this year"])
def test_a_card_with_choices_takes_a_short_line_for_a_tap(world, ref, words):
    ask(world, says(world, "", kind="action", action="lead.lost", value=ref))
    told(world, words)
    assert world.count("select count(*) from lead where lost_reason = :w", w=words) == 1


@pytest.mark.parametrize("words", ["L-99 price", "13800138000", "today", "price, says " + "much " * 9, "ask @Bob"])
def test_what_is_no_short_answer_is_something_else(world, ref, words):
    ask(world, says(world, "", kind="action", action="lead.lost", value=ref))
    told(world, words)
    assert count(world, "lost") == 0


def test_a_refused_answer_leaves_the_question_open(world, ref):
    taps(world, "lead.later", ref)
    types(world, "last Monday")
    types(world, "tomorrow 3pm")
    assert count(world, "task_set") == 1


def test_a_lead_that_has_gone_meanwhile_is_not_changed_by_the_answer(world, ref):
    taps(world, "lead.release", ref)
    told(world, f"assign {ref} @Bob", "mia")
    types(world, "not my region")
    assert count(world, "released") == 0

"""Words and buttons: the longest word wins, Chinese needs no spaces, a typo is answered with the nearest word."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import router
from bot.handlers import work
from bot.understanding.text import fold
from crm.errors import NotUnderstood, UnknownWord
from tests.bot.asking import ask, says, shown, taps, told


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("claim L-12", "claim", "L-12"),
        ("CLAIM L-12", "claim", "L-12"),
        ("claim", "claim", ""),
        ("claim, L-12", "claim", "L-12"),
        ("claim: 5", "claim", "5"),
        ("funnel me month", "funnel me", "month"),
        ("funnel meadow", "funnel", "meadow"),
        ("funnel", "funnel", ""),
        ("领取L-12", "领取", "L-12"),
        ("领取 5", "领取", "5"),
        ("跟进L-12打了电话", "跟进", "L-12打了电话"),
        ("我的线索 报价", "我的线索", "报价"),
        ("我的漏斗", "我的漏斗", ""),
        ("我的", "我的", ""),
        ("log L-1\ncalled", "log", "L-1\ncalled"),
        ("?", "?", ""),
    ],
)
def test_the_longest_word_at_the_beginning_is_meant(text, word, rest):
    found, after = router.match(text)
    assert word in found.words
    assert after == rest


@pytest.mark.parametrize(
    "text", ["claims L-12", "loggia", "online", "office party", "newton", "", " claim", "L-12 claim"]
)
def test_a_word_inside_a_longer_one_is_not_meant(text):
    assert router.match(text) is None


@given(st.text(max_size=60))
def test_any_line_is_matched_or_not_but_never_fails(text):
    found = router.match(text)
    assert found is None or fold(text).lower().startswith(tuple(found[0].words))


@pytest.mark.parametrize(
    ("typed", "word", "rest"),
    [
        ("ｃｌａｉｍ　Ｌ－１２", "claim", "Ｌ－１２"),
        ("领取　Ｌ－１２", "claim", "Ｌ－１２"),
        ("领下一条", "claim", ""),
    ],
)
def test_a_command_may_be_typed_in_full_width(typed, word, rest):
    entry, words = router.match(typed)
    assert (entry.words[0], words) == (word, rest)


@pytest.mark.parametrize(
    ("typed", "guess"),
    [
        ("clam L-12", "claim L-12"),
        ("tody", "today"),
        ("hepl", "help"),
        ("relase L-1", "release L-1"),
        ("跟近 L-12", "跟进 L-12"),
        ("clam next", "claim next"),
        ("clam", "claim"),
        ("clam Mei Lin", "pool"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_word(typed, guess):
    refusal = router.guess(typed)
    assert isinstance(refusal, NotUnderstood)
    assert refusal.data["guess"] == guess


@pytest.mark.parametrize("typed", ["xyzzy", "谢谢你的帮忙啊", "1", "🚀", " "])
def test_what_resembles_nothing_is_an_unknown_word(typed):
    assert isinstance(router.guess(typed), UnknownWord)


def test_a_guess_repeats_no_more_than_a_word_of_what_was_typed():
    assert len(router.guess("clai" + "m" * 500).data.get("word", "")) <= 24


def test_no_two_commands_share_a_word_and_every_alias_leads_somewhere():
    words = [word for command in router.commands() for word in command.words]
    assert len(words) == len(set(words))
    assert all(router.match(word)[0].call for word in words)


def test_words_are_written_as_they_are_compared():
    assert [word for command in router.commands() for word in command.words if word != word.lower()] == []


def test_every_button_is_named_by_its_topic():
    assert [name for name in router.actions() if not re.fullmatch(r"[a-z][a-z_]*(\.[a-z_]+)?", name)] == []


def test_a_button_of_an_earlier_name_still_works(world):
    ref = world.lead()
    assert "Yours" in shown(ask(world, taps(world, "pool.claim", ref)))


def test_a_reference_alone_shows_the_lead_and_a_sentence_after_it_logs(world):
    ref = world.lead(owner="ann")
    assert ref in told(world, ref)
    assert "Logged" in told(world, f"{ref} called, no answer")
    assert "Logged" in told(world, f"{ref.replace('-', '')}，打了电话")
    assert world.count("select count(*) from activity where org_id = :o and verb = 'logged'", o=world.acme.org_id) == 2


def test_a_reply_to_a_card_is_a_follow_up_on_its_lead(world):
    ref = world.lead(owner="ann")
    answer = shown(ask(world, says(world, "called, wants a quote", quoted=ref)))
    assert "Logged" in answer


def test_the_end_of_a_phone_number_finds_its_lead(world):
    ref = world.lead(owner="ann", phone="+8613812345678")
    assert ref in told(world, "5678")


def test_a_name_alone_finds_what_is_ones_own(world):
    ref = world.lead(owner="ann", name="Wang Fang")
    assert ref in told(world, "Wang Fang")
    assert ref not in told(world, "Wang Fang", "cyd")


def test_a_typed_button_does_what_typing_does(world):
    ref = world.lead(owner="ann")
    assert ref in shown(ask(world, taps(world, "command", "my")))


def test_a_typo_changes_nothing(world):
    world.lead()
    assert "claim" in told(world, "clam next")
    assert world.count("select count(*) from assignment where org_id = :o", o=world.acme.org_id) == 0


@pytest.mark.parametrize("quoted", ["", "L-1"])
def test_a_message_without_words_is_answered_with_help(world, quoted):
    world.lead(owner="ann")
    assert "did not quite get that" in shown(ask(world, says(world, " \t", quoted=quoted)))


@pytest.mark.parametrize(("who", "typed"), [("cyd", "remind"), ("cyd", "funnel me"), ("bob", "won {ref}")])
def test_words_that_a_command_cannot_read_are_answered_with_an_example(world, who, typed):
    line = typed.format(ref=world.lead(owner="bob"))
    assert f"this: {typed.partition(' {')[0]} " in told(world, f"{line} -9999999999999", who)


def test_a_handler_that_answers_words_and_taps_is_one_function():
    assert router.match("log")[0].call is router.actions()["lead.log"].call is work.log

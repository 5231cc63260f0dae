"""Follow-up sentences: the contract's examples, the traps, and the corpus as a whole."""

from decimal import Decimal

import pytest

from bot.understanding.sentence import FollowUpSentence, understand
from tests.bot.understanding.corpus import FIELDS, NOW, TZ, read_corpus, report, score, understood

LEAST = 0.97


def say(text: str) -> FollowUpSentence:
    return understand(text, now=NOW, tz=TZ, locale="en")


@pytest.mark.parametrize(
    "text", ["called, wants a quote, call back tomorrow 3pm", "打了电话，要报价，明天下午3点再联系"]
)
def test_one_line_gives_outcome_channel_and_next_step(text):
    said = say(text)
    assert (said.outcome, said.channel, said.note) == ("quote_requested", "call", text)
    assert said.next_at is not None
    assert said.next_at.at.astimezone(TZ).isoformat() == "2026-03-12T15:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("called, wants a quote, call back tomorrow 3pm", "call back"),
        ("打了电话，要报价，明天下午3点再联系", "再联系"),
        ("send the contract by friday", "send the contract"),
        ("no answer, tomorrow 3pm", None),
        ("call her, tomorrow at 3", "call her"),
    ],
)
def test_the_next_step_says_what_to_do(text, task):
    assert say(text).next_text == task


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("didn't answer", "no_answer"),
        ("没接", "no_answer"),
        ("not interested", "not_interested"),
        ("不需要", "not_interested"),
        ("interested", "interested"),
        ("interested, but do not call again", "do_not_contact"),
        ("wants a quote. Wrong number though", "wrong_number"),
        ("not interested in hardware but wants a quote for service", "quote_requested"),
        ("wanted a quote, now not interested", "not_interested"),
        ("ask her if interested", None),
        ("don't call before noon", None),
    ],
)
def test_denials_and_the_last_word_count(text, outcome):
    assert say(text).outcome == outcome


@pytest.mark.parametrize(
    "text",
    [
        "met yesterday",
        "周一拜访了客户",
        "sent the quote last friday",
        "lease expires in October",
        "called at 9:15, no answer",
    ],
)
def test_what_has_happened_or_merely_holds_is_no_next_step(text):
    assert say(text).next_at is None


def test_a_vague_next_step_is_left_to_be_asked_back():
    said = say("busy, call back later")
    assert said.next_at is not None
    assert said.next_at.vague


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("budget 50k", 50000, None),
        ("$1,200.50 per year", Decimal("1200.5"), "USD"),
        ("RMB 12,000", 12000, "CNY"),
        ("预算两万左右", 20000, None),
        ("大概3.5w", 35000, None),
        ("单价3块5", Decimal("3.5"), "CNY"),
        ("1.2 million euros", 1200000, "EUR"),
        ("quoted 3500, agreed at 3200", 3200, None),
        ("50k users", None, None),
        ("三千件", None, None),
        ("discount of $300", None, None),
        ("call 13800138000", None, None),
    ],
)
def test_amounts_are_told_from_other_numbers(text, amount, currency):
    assert (say(text).amount, say(text).currency) == (amount, currency)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_corpus_has_three_hundred_sentences(language):
    texts = [row["text"] for row in read_corpus(language)]
    assert len(texts) == len(set(texts)) >= 300


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_field_of_the_corpus_is_understood(language):
    """Prints the report; `pytest -rP` shows it, and so does `python -m bench.understanding`."""
    print(report(language))
    reached = score(language)
    short = {field: each for field, each in reached.items() if min(each.precision, each.recall) < LEAST}
    assert (set(reached), short) == (set(FIELDS), {})


def test_a_sentence_without_words_says_nothing():
    assert set(understood(" ,, 。", "en").values()) == {""}

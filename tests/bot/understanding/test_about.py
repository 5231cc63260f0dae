"""Whom a line is about: names that may be unknown are told from sentences, and "it" from both."""

import pytest

from bot.understanding.about import after_it, begins_sentence, name_before, name_ends
from tests.bot.understanding.corpus import read_corpus


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Zzz called", "Zzz"),
        ("zzz called, no answer", "zzz"),
        ("Ann Li called", "Ann Li"),
        ("ann li: called", "ann li"),
        ("Lotus Tea House wants a quote", "Lotus Tea House"),
        ("O'Neil rang back", "O'Neil"),
        ("王五 没接", "王五"),
        ("王总，要报价", "王总"),
        ("上海某某科技有限公司 没接", "上海某某科技有限公司"),
        ("called, no answer", None),
        ("price", None),
        ("quote", None),
        ("没接，明天再打", None),
        ("关机，晚上再打", None),
        ("太贵", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_a_name_is_told_from_a_sentence(words, name):
    assert name_before(words) == name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hardly_a_sentence_of_the_corpus_is_taken_for_a_name(language):
    taken = [row["text"] for row in read_corpus(language) if name_before(row["text"])]
    assert len(taken) <= 3, taken


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("it no answer", "no answer"),
        ("the last one: called", "called"),
        ("Last, called", "called"),
        ("him price", "price"),
        ("刚才那个 打了电话", "打了电话"),
        ("上一个打了电话，没接", "打了电话，没接"),
        ("他 没接", "没接"),
        ("it", ""),
        ("他说要报价", None),
        ("it was fine", None),
        ("last week called", None),
        ("called it off", None),
        ("item 5", None),
    ],
)
def test_it_is_the_lead_dealt_with_last(words, rest):
    assert after_it(words) == rest


@pytest.mark.parametrize(("words", "ends"), [("王芳打了电话", [2]), ("关机了", []), ("客户说", []), ("Ann called", [])])
def test_a_chinese_name_may_stand_without_a_space(words, ends):
    assert name_ends(words)[:1] == ends


def test_a_first_word_tells_whether_a_line_is_a_sentence():
    assert begins_sentence("Called, no answer")
    assert not begins_sentence("Fang called")

"""Every card has a sample; each reads as its snapshot says, in both languages, and fits every platform."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

import bot.cards
from bot.cards.language import LOCALES
from bot.cards.model import Card, Form, Row
from bot.notices import NOTICES
from tests.bot.cards import fitting, snapshots
from tests.bot.cards.every_sample import SAMPLES
from tests.bot.cards.scene import Scene

TEMPLATES = Path(bot.cards.__file__).parent / "templates"
NAMES = sorted(SAMPLES)
CHECKS = {"slack": fitting.check_slack, "wecom": fitting.check_wecom, "playground": fitting.check_playground}
WECOM_LABEL = 10
CHINESE = re.compile("[\u4e00-\u9fff]")

Drawn = dict[str, Card | Form]


@pytest.fixture
def drawn(database, time) -> Callable[[str], Drawn]:
    """Draws a sample in each language."""

    def draw(name: str) -> Drawn:
        scene = Scene(database, time)
        shown = SAMPLES[name](scene)
        assert shown.reply.name == name.split("-", maxsplit=1)[0]
        found = {}
        for locale in LOCALES:
            scene.speak(locale)
            found[locale] = scene.draw(shown)
        return found

    return draw


def test_every_template_has_a_sample():
    templates = {path.name.removesuffix(".xml.j2") for path in TEMPLATES.glob("[!_]*.xml.j2")}
    assert {name.split("-")[0] for name in SAMPLES} == templates


def test_every_notice_has_a_card():
    templates = {path.name.removesuffix(".xml.j2") for path in TEMPLATES.glob("[!_]*.xml.j2")}
    assert {notice.card for notice in NOTICES.values() if notice.card != "answer"} <= templates


def test_every_snapshot_has_a_sample():
    assert snapshots.files() == set(SAMPLES) | {"every_refusal"}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_reads_as_its_snapshot_and_fits_every_platform(name, drawn):
    cards = drawn(name)
    said = {locale: snapshots.plain(card) for locale, card in cards.items()}
    assert said == {locale: snapshots.of(name, locale, said[locale]) for locale in LOCALES}
    assert CHINESE.search(said["zh"])
    for card, check in product(cards.values(), CHECKS.values()):
        check(card)
    assert [label for label in labels(cards["zh"]) if len(label) > WECOM_LABEL] == []


def labels(shown: Card | Form) -> list[str]:
    """What stands on the buttons; WeCom cuts what is longer than ten characters."""
    return [button.label for button in shown.buttons()] if isinstance(shown, Card) else [shown.submit]


@pytest.mark.parametrize("topic", ["managers", "团队", "日报"])
def test_help_is_found_by_the_topic_in_both_languages(topic, database, time):
    scene = Scene(database, time)
    scene.speak("zh")
    said = scene.draw(scene.say("mia", f"help {topic}")).plain()
    assert "日报" in said
    assert "领取 L-1042" not in said


def test_help_for_something_unknown_says_so_above_its_first_screen(database, time):
    scene = Scene(database, time)
    first, *rest = scene.draw(scene.say("ann", "help xyzzy")).blocks
    assert first.text == "There is no word xyzzy. This is what there is:"
    assert rest == list(scene.draw(scene.say("ann", "help")).blocks)


@pytest.mark.parametrize("who", ["ann", "mia", "ada"])
def test_the_first_screen_of_help_is_short_and_says_what_one_has_not_used(who, database, time):
    scene = Scene(database, time)
    first = scene.draw(scene.say(who, "help"))
    rows = [block for block in first.blocks if isinstance(block, Row)]
    assert 5 <= len(rows) <= 12
    assert {button.label for button in first.buttons()} >= {"Work", "Leads", "Pool", "All words"}
    assert len([each for each in scene.draw(scene.say(who, "help all")).blocks if isinstance(each, Row)]) > 40


def test_what_was_used_gives_way_to_something_else(database, time):
    scene = Scene(database, time)
    ref = scene.lead(owner="ann")
    assert "star L-1042" not in (before := scene.draw(scene.say("ann", "help")).plain())
    assert "note L-1042" in before
    for words in (f"note {ref} speaks French", f"stage {ref} quote", "undo", "new Ann Wu, 13800138111", f"star {ref}"):
        scene.say("ann", words)
    after = scene.draw(scene.say("ann", "help")).plain()
    assert "note L-1042" not in after
    assert "nurture L-1042" in after


def test_help_for_one_word_names_all_its_ways(database, time):
    scene = Scene(database, time)
    shown = scene.draw(scene.say("ann", "help 领取"))
    assert shown.title == "claim · 领取 · 抢 · 领一条 · 领下一条"
    assert len([block for block in shown.blocks if isinstance(block, Row)]) == 1

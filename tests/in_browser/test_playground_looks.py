"""Whatever people write, and whatever they read it on: nothing sticks out, is too pale, or has no name."""

import pytest
from playwright.sync_api import Page, expect

from bot.cards.model import Actions, Button, Card, Divider, Field, Fields, Option, Row, Select, Text
from bot.interaction import Answer
from tests.drivers.playground_stage import LEAD, LOG, Stage
from tests.in_browser.conftest import Open
from tests.in_browser.looks import nameless, overhang, pale

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 740}, "has_touch": True, "is_mobile": True}
MARKUP = (
    '<!channel> @all ]]> {{ 7*7 }} <script>window.pwned=1</script> "><b id=pwned><img src=x onerror=window.pwned=1>'
)
STRANGE = "שלום مرحبا \u202eevil\u202c a\u200b\u200bb 👨‍👩‍👧‍👦🏳️‍🌈 " + "z\u0301" * 40


def card(words: str) -> Card:
    """A card with these words wherever a card has room for any."""
    return Card(
        words,
        (
            Text(words),
            Text(words, "quiet"),
            Fields((Field(words, words), Field("Phone", "+86 138"))),
            Row(words, words, (Button("a", words), Button("b", "Not now"))),
            Divider(),
            Actions(tuple(Button(f"a{number}", f"Button number {number}") for number in range(60))),
            Actions((Button("c", words), Button("d", "Go", url=words), Select("s", words, (Option("1", words),), "1"))),
        ),
        ref="L-123456",
        footer=words,
    )


WORDS = {"markup": MARKUP, "strange": STRANGE, "long": "A" * 400, "wordy": "a word " * 428}


def say(page: Page, text: str) -> None:
    page.locator("#composer").fill(text)
    page.keyboard.press("Enter")


def test_what_people_write_stays_text_and_within_bounds(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {name: Answer(card(words)) for name, words in WORDS.items()}
    page = open_as("ann")
    for count, name in enumerate(WORDS, start=1):
        say(page, name)
        expect(page.locator(".talk .card")).to_have_count(count)
    assert len(WORDS) == 4
    expect(page.locator(".talk .card h3").first).to_have_text(MARKUP)
    expect(page.locator(".talk .card .more")).to_have_count(4)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#pwned, .talk .card img, .talk a").count() == 0
    assert overhang(page) == 0
    say(page, MARKUP)
    expect(page.locator(".talk .said").last).to_have_text(MARKUP)
    page.locator(".talk .card .more").last.click()
    expect(page.get_by_role("menu").get_by_role("menuitem")).to_have_count(56)


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_sticks_out_on_a_phone(stage: Stage, open_as: Open, locale: str) -> None:
    stage.script.answers["wide"] = Answer(card(MARKUP + "A" * 80))
    page = open_as("ann", locale=locale, **PHONE)
    assert overhang(page) == 0
    say(page, "wide")
    expect(page.locator(".talk .card")).to_be_visible()
    assert overhang(page) == 0
    page.locator(".only-narrow").click()
    expect(page.locator(".side .you")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".clock-more").click()
    expect(page.get_by_role("menuitem")).to_have_count(4)
    page.keyboard.press("Escape")
    page.locator(".top-tools button").last.click()
    expect(page.locator(".panel")).to_be_visible()
    assert overhang(page) == 0


def test_light_and_dark_can_be_read_and_every_control_has_a_name(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"today": Answer(LEAD), "home today": Answer(LEAD), "lead.log": Answer(form=LOG)}
    page = open_as("ann")
    say(page, "today")
    page.locator(".talk .card").get_by_role("button", name="Log", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    light = pale(page)
    page.keyboard.press("Escape")
    page.locator(".talk").get_by_role("button", name="Stage").click()
    assert nameless(page) == []
    page.emulate_media(color_scheme="dark")
    assert light + pale(page) == []
    assert nameless(page) == []


def test_dark_is_the_systems_choice_until_the_person_makes_one(open_as: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = open_as("ann")
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(ground) == light
    page.reload()
    page.wait_for_selector(".place")
    assert page.evaluate(ground) == light

"""What a newcomer does in the first minutes, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from bot.cards.model import Actions, Button, Card, Fields, Option, Row, Select, Text
from bot.cards.model import Field as CardField
from bot.interaction import Answer
from bot.platforms.base import Address
from tests.drivers.playground_stage import LEAD, LOG, POOL, TAKEN, Stage
from tests.in_browser.conftest import Open

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

CONTROLS = (*(Button(f"a{n}", f"Button number {n}") for n in range(9)), Select("s", "Stage", (Option("n", "New"),)))
WIDE = Card(
    "A" * 80,
    (
        Text("https://example.com/" + "x" * 120),
        Fields(tuple(CardField("Label " + "y" * 30, "z" * 60) for _ in range(4))),
        Row("a name that is long enough to wrap " * 3, "d" * 70, (Button("a", "Claim this"), Button("b", "Not now"))),
        Actions(CONTROLS),
    ),
    ref="L-123456",
    footer="f" * 90,
)


def say(page: Page, text: str) -> None:
    page.locator("#composer").fill(text)
    page.keyboard.press("Enter")


def test_a_typed_word_is_answered_with_a_card(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)
    expect(page.locator(".talk .said")).to_have_text("today")
    expect(page.locator("#composer")).to_have_value("")
    expect(page.locator(".talk .fields dd").first).to_have_text("+86 138 0013 8000")


def test_two_lines_in_a_row_stand_together(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"new": Answer(form=LOG), "today": Answer(LEAD)}
    page = open_as("ann")
    say(page, "new")
    page.get_by_role("dialog").press("Escape")
    say(page, "today")
    expect(page.locator(".talk .said")).to_have_text(["new", "today"])
    expect(page.locator(".message.follows .gutter")).to_have_text(re.compile(r"\d\d:\d\d"))


def test_the_three_things_to_try_are_taps(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    expect(page.locator(".chip")).to_have_count(3)
    page.locator(".chip", has_text="today").click()
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)
    expect(page.locator(".chip")).to_have_count(0)


def test_a_tap_changes_the_card_where_it_stands(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"today": Answer(LEAD), "task.done": Answer(TAKEN, replace=True)}
    page = open_as("ann")
    say(page, "today")
    page.locator(".talk").get_by_role("button", name="Done", exact=True).click()
    expect(page.locator(".talk .card h3")).to_have_text([TAKEN.title])
    assert stage.script.asked[-1].version == LEAD.version


def test_a_form_opens_shows_what_is_wrong_and_is_sent(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {
        "today": Answer(LEAD),
        "action lead.log": Answer(form=LOG),
        "form lead.log": Answer(errors={"note": "Say a little more."}),
    }
    page = open_as("ann")
    say(page, "today")
    page.locator(".talk").get_by_role("button", name="Log", exact=True).click()
    dialog = page.get_by_role("dialog", name="Log a follow-up")
    expect(dialog.get_by_label("What was said")).to_be_focused()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert").first).to_have_text("Please fill this in.")
    dialog.get_by_label("What was said").fill("x")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert").first).to_have_text("Say a little more.")
    stage.script.answers["form lead.log"] = Answer(TAKEN)
    dialog.get_by_label("What was said").fill("wants a quote")
    dialog.get_by_label("Next contact").fill("2026-03-05T15:00")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".talk .card h3").last).to_have_text(TAKEN.title)
    assert dict(stage.script.asked[-1].fields) == {"note": "wants a quote", "next": "2026-03-05T15:00"}


def test_a_push_appears_without_a_reload_and_is_counted_where_it_is_not_looked_at(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="before")
    page = open_as("ann")
    expect(page.locator(".badge")).to_have_count(0)
    stage.platform.send(stage.workspace, Address("person", stage.who("ann")), LEAD, key="push")
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)
    expect(page.locator("#spoken")).to_contain_text(LEAD.title)
    stage.platform.send(stage.workspace, Address("group", "north-team"), TAKEN, key="in the group")
    expect(page.locator(".place", has_text="north-team").locator(".badge")).to_have_text("1")
    expect(page).to_have_title("(1) Sluice")
    page.locator(".place", has_text="north-team").click()
    expect(page.locator(".talk .card h3")).to_have_text([POOL.title, TAKEN.title])
    expect(page.locator(".badge")).to_have_count(0)


def test_two_browsers_race_for_one_lead_and_both_see_the_end(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="pool")
    stage.script.answers["lead.claim"] = Answer(TAKEN, replace=True, private=False)
    pages = [open_as("ann"), open_as("bob")]
    for page in pages:
        page.locator(".place", has_text="north-team").click()
        expect(page.locator(".talk .card h3")).to_have_text(POOL.title)
    pages[0].get_by_role("button", name="Claim").click()
    expect(pages[1].locator(".talk .card h3")).to_have_text([TAKEN.title])
    expect(pages[1].get_by_role("button", name="Claim")).to_have_count(0)


def test_a_dangerous_tap_asks_first(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    release = page.locator(".talk").get_by_role("button", name="Release")
    release.click()
    expect(page.get_by_role("dialog")).to_contain_text("Give L-12 back?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "lead.release" not in {each.action for each in stage.script.asked}
    release.click()
    page.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(page.locator(".talk .card h3").last).to_have_text("lead.release")


def test_a_choice_opens_as_a_menu(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    page.locator(".talk").get_by_role("button", name="Stage").click()
    expect(page.get_by_role("menuitemradio", name="New")).to_be_focused()
    page.get_by_role("menuitemradio", name="Quote").click()
    expect(page.locator(".talk .card h3").last).to_have_text("lead.stage")
    assert stage.script.asked[-1].value == "quote"


def test_everything_works_by_keyboard_alone(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {
        "claim next": Answer(LEAD), "action lead.log": Answer(form=LOG), "form lead.log": Answer(TAKEN, replace=True)
    }  # fmt: skip
    page = open_as("ann")
    expect(page.locator("#composer")).to_be_focused()
    page.keyboard.type("/cl")
    expect(page.get_by_role("option", name="claim next")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)
    log = page.locator(".talk").get_by_role("button", name="Log", exact=True)
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if log.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("What was said")).to_be_focused()
    page.keyboard.type("called, wants a quote")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".talk .card h3")).to_have_text(TAKEN.title)
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#composer")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#composer")).to_have_value("claim next")


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_sticks_out_on_a_phone(stage: Stage, open_as: Open, locale: str) -> None:
    stage.script.answers["wide"] = Answer(WIDE)
    page = open_as("ann", locale=locale, **PHONE)
    assert overhang(page) == 0
    say(page, "wide")
    expect(page.locator(".talk .card")).to_be_visible()
    assert overhang(page) == 0
    page.locator(".only-narrow").click()
    expect(page.locator(".side .you")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".top-tools button").last.click()
    expect(page.locator(".panel")).to_be_visible()
    assert overhang(page) == 0


def overhang(page: Page) -> int:
    """By how many pixels something is wider than the page or the conversation."""
    parts = "[document.documentElement, document.querySelector('.scroller')]"
    return int(page.evaluate(f"Math.max(...{parts}.map((part) => part.scrollWidth - part.clientWidth))"))


def brightness(page: Page) -> int:
    """The page's background from 0 (black) to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", colour)[:3])


def test_dark_is_the_systems_choice_until_the_person_makes_one(open_as: Open) -> None:
    page = open_as("ann", color_scheme="dark")
    assert brightness(page) < 60
    page.get_by_role("button", name="Light or dark").click()
    assert brightness(page) > 200
    page.reload()
    page.wait_for_selector(".place")
    assert brightness(page) > 200


def test_the_page_speaks_chinese(open_as: Open) -> None:
    page = open_as("ann", locale="zh-CN")
    expect(page.locator(".side")).to_contain_text("当前身份")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="Show this page in English").click()
    expect(page.locator(".side")).to_contain_text("You are")
    expect(page.locator(".chip").first).to_contain_text("claim next")


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=window.pwned=1>",
        "<script>window.pwned=1</script>",
        "javascript:window.pwned=1",
        '"><b id=pwned>',
    ],
)
def test_markup_in_what_people_write_stays_text(stage: Stage, open_as: Open, text: str) -> None:
    hostile = Card(
        text,
        (
            Text(text),
            Fields((CardField(text, text),)),
            Row(text, text),
            Actions((Button("a", text), Button("b", "Go", url=text))),
        ),
        ref=text,
        footer=text,
    )
    stage.script.answers[text] = Answer(hostile)
    page = open_as("ann")
    say(page, text)
    expect(page.locator(".talk .card h3")).to_have_text(text)
    expect(page.locator(".talk .said")).to_have_text(text)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#pwned, .talk .card img, .talk a").count() == 0


def test_a_line_that_was_not_sent_is_tried_again_and_acts_once(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    page.route("**/api/say", lambda route: route.abort(), times=1)
    say(page, "claim next")
    expect(page.locator(".failed")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".talk .card h3")).to_have_text("claim next")
    expect(page.locator(".pending")).to_have_count(0)
    assert len(stage.script.asked) == 1


def test_a_lost_answer_is_fetched_again_without_a_second_act(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    lost: list[bool] = []
    page.route("**/api/say", lambda route: (route.fetch(), lost.append(True), route.abort()), times=1)
    say(page, "claim next")
    expect(page.locator(".talk .card h3")).to_have_text(["claim next"])
    assert lost == [True]
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator(".talk .said")).to_have_count(1)
    assert len(stage.script.asked) == 1


def test_the_clock_moves_for_everybody(open_as: Open) -> None:
    pages = [open_as("ann"), open_as("bob")]
    pages[0].get_by_role("button", name="+1 day").click()
    expect(pages[1].locator(".clock.shifted")).to_be_visible()
    pages[1].get_by_role("button", name="Back to the real time").click()
    expect(pages[0].locator(".clock.shifted")).to_have_count(0)


def test_the_side_panel_shows_the_worklist_and_what_slack_gets(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"home today": Answer(POOL), "today": Answer(LEAD)}
    page = open_as("ann")
    expect(page.locator(".panel .card h3")).to_have_text(POOL.title)
    say(page, "today")
    page.locator(".talk .message", has=page.locator(".card")).hover()
    page.get_by_role("button", name="Show what Slack and WeCom get").click()
    expect(page.locator(".panel .json")).to_contain_text('"blocks"')
    expect(page.locator(".panel .json-head b")).to_have_text(LEAD.title)


def test_a_tap_in_the_side_panel_is_answered_in_the_private_chat(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"home today": Answer(POOL), "lead.claim": Answer(LEAD)}
    page = open_as("ann")
    page.locator(".panel").get_by_role("button", name="Claim").click()
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)


def test_another_persona_sees_another_inbox(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("person", stage.who("bob")), LEAD, key="for bob")
    page = open_as("ann")
    page.locator(".you").click()
    page.get_by_role("dialog").get_by_role("button", name="Bob Chen").first.click()
    expect(page.locator(".you")).to_contain_text("Bob Chen")
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)


def test_two_people_stand_beside_each_other(stage: Stage, open_as: Open) -> None:
    page = open_as("ann", query=f"&beside={stage.who('bob')}")
    names = [page.frame_locator("iframe").nth(side).locator(".you b") for side in (0, 1)]
    expect(names[0]).to_have_text("Ann Li")
    expect(names[1]).to_have_text("Bob Chen")


def test_a_reply_carries_what_it_is_about(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    page.locator(".talk .message", has=page.locator(".card")).hover()
    page.locator(".talk .message", has=page.locator(".card")).get_by_role("button", name="Reply").click()
    expect(page.locator(".replying")).to_contain_text(LEAD.title)
    say(page, "called, no answer")
    expect(page.locator(".replying")).to_be_hidden()
    expect(page.locator(".talk .card h3").last).to_have_text("called, no answer")
    assert stage.script.asked[-1].quoted == "L-12"


def test_every_control_has_a_name(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    expect(page.locator(".talk .card")).to_be_visible()
    controls = page.locator("button:visible, input:visible, textarea:visible, a:visible").all()
    named = "(control) => Boolean(control.ariaLabel || control.textContent.trim() || control.labels?.length)"
    assert len(controls) > 20
    assert [
        control.evaluate("(control) => control.outerHTML") for control in controls if not control.evaluate(named)
    ] == []


def test_the_page_finds_back_after_the_server_was_away(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    expect(page.locator("#composer")).to_be_enabled()
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    stage.platform.send(stage.workspace, Address("person", stage.who("ann")), LEAD, key="meanwhile")
    page.context.set_offline(False)
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)


def test_a_sheet_is_sent_as_a_file(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    expect(page.locator("#composer")).to_be_enabled()
    sheet = {"name": "leads.csv", "mimeType": "text/csv", "buffer": b"name,phone\nChen Wei,13800138000\n"}
    page.locator("input[type=file]").set_input_files(sheet)  # type: ignore[arg-type]
    expect(page.locator(".talk .said")).to_have_text("📎 leads.csv")
    expect(page.locator(".talk .card h3")).to_be_visible()
    assert [each.text for each in stage.script.asked] == ["name\tphone\nChen Wei\t13800138000"]


def test_a_page_that_could_not_load_everything_tries_again(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("person", stage.who("bob")), LEAD, key="for bob")
    page = open_as("ann")
    expect(page.locator("#composer")).to_be_enabled()
    page.route("**/api/messages**", lambda route: route.abort(), times=1)
    page.locator(".you").click()
    page.get_by_role("dialog").get_by_role("button", name="Bob Chen").first.click()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)

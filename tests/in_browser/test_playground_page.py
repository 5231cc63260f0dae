"""What a newcomer does in the first minutes, in a real browser."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from bot.cards.model import Card, Input, Option, Row
from bot.interaction import Answer
from bot.platforms.base import Address
from tests.drivers.playground_stage import LEAD, LOG, POOL, TAKEN, Stage
from tests.in_browser.conftest import Open

pytestmark = pytest.mark.browser
SHEET: FilePayload = {"name": "leads.csv", "mimeType": "text/csv", "buffer": b"name,phone\nChen Wei,13800138000\n"}
PHOTO: FilePayload = {"name": "card.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"}
OUTCOMES = (Option("won", "Won"), Option("lost", "Lost"))
HOW = Input("outcome", "How did it go?", "select", OUTCOMES, optional=True)
WHY = Input("reason", "Why did we lose it?", only_if="outcome=lost")
EXTRA: FilePayload = {"name": "too much", "mimeType": "image/png", "buffer": b"x"}


def say(page: Page, text: str) -> None:
    page.locator("#composer").fill(text)
    page.keyboard.press("Enter")


def titles(page: Page) -> Locator:
    """The titles of the cards in the conversation."""
    return page.locator(".talk .card h3")


def push(stage: Stage, name: str, card: Card, key: str) -> None:
    stage.platform.send(stage.workspace, Address("person", stage.who(name)), card, key=key)


def test_a_typed_word_is_answered_with_a_card_that_a_tap_changes_where_it_stands(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"today": Answer(LEAD), "task.done": Answer(TAKEN, replace=True)}
    page = open_as("ann")
    expect(page.locator(".chip")).to_have_count(3)
    page.locator(".chip", has_text="today").click()
    expect(titles(page)).to_have_text([LEAD.title])
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator(".talk .said")).to_have_text("today")
    expect(page.locator("#composer")).to_have_value("")
    expect(page.locator(".talk .fields dd").first).to_have_text("+86 138 0013 8000")
    page.locator(".talk").get_by_role("button", name="Done", exact=True).click()
    expect(titles(page)).to_have_text([TAKEN.title])
    assert stage.script.asked[-1].version == LEAD.version


def test_two_lines_in_a_row_stand_together(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"new": Answer(form=LOG), "today": Answer(LEAD)}
    page = open_as("ann")
    say(page, "new")
    page.get_by_role("dialog").press("Escape")
    say(page, "today")
    expect(page.locator(".talk .said")).to_have_text(["new", "today"])
    expect(page.locator(".message.follows .gutter")).to_have_text(re.compile(r"\d\d:\d\d"))


def test_whoever_says_something_sees_the_answer_also_after_a_card_longer_than_the_view(
    stage: Stage, open_as: Open
) -> None:
    rows = tuple(Row(f"L-{number}", "a lead") for number in range(60))
    stage.script.answers |= {"my": Answer(Card("Your leads", rows)), "claim next": Answer(TAKEN)}
    page = open_as("ann")
    say(page, "my")
    expect(page.locator(".talk .card")).to_have_count(1)
    say(page, "claim next")
    expect(page.locator(".talk .card").last).to_be_in_viewport()
    say(page, "my")
    expect(page.locator(".talk .card")).to_have_count(3)
    expect(page.locator(".talk .card h3").last).to_be_in_viewport()


def test_a_form_opens_shows_what_is_wrong_and_is_sent(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {
        "today": Answer(LEAD),
        "action lead.log": Answer(form=replace(LOG, inputs=(*LOG.inputs, HOW, WHY))),
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
    expect(dialog.get_by_label(WHY.label)).to_be_hidden()
    dialog.get_by_label(HOW.label).select_option("lost")
    dialog.get_by_label(WHY.label).fill("price")
    dialog.get_by_label(HOW.label).select_option("won")
    expect(dialog.get_by_label(WHY.label)).to_be_hidden()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(titles(page).last).to_have_text(TAKEN.title)
    sent = {"note": "wants a quote", "next": "2026-03-05T15:00", "outcome": "won"}
    assert dict(stage.script.asked[-1].fields) == sent


def test_what_is_not_looked_at_is_counted_per_conversation_and_per_person(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="unread 0")
    page = open_as("ann")
    expect(page.locator(".badge, .others")).to_have_count(0)
    push(stage, "ann", LEAD, "unread 1")
    expect(titles(page)).to_have_text([LEAD.title])
    expect(page.locator("#spoken")).to_have_text(re.compile(rf"^Sluice: {LEAD.title}"))
    stage.platform.send(stage.workspace, Address("group", "north-team"), TAKEN, key="unread 2")
    expect(page.locator(".place", has_text="north-team").locator(".badge")).to_have_text("1")
    expect(page).to_have_title("(1) Ann Li · Sluice")
    page.locator(".place", has_text="north-team").click()
    expect(titles(page)).to_have_text([POOL.title, TAKEN.title])
    expect(page.locator(".fresh ~ .message h3")).to_have_text([TAKEN.title])
    expect(page.locator(".badge")).to_have_count(0)
    push(stage, "bob", TAKEN, "unread 3")
    expect(page.locator(".others")).to_have_attribute("title", "1 others have news")
    page.locator(".you").click()
    bob = page.get_by_role("dialog").locator(".persona", has_text="Bob Chen")
    expect(bob.locator(".badge")).to_have_text("1")
    bob.click()
    expect(page.locator(".you")).to_contain_text("Bob Chen")
    expect(titles(page)).to_have_text([TAKEN.title])
    expect(page.locator(".others")).to_have_count(0)


def test_two_browsers_race_for_one_lead_and_both_see_the_end(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="race")
    stage.script.answers["lead.claim"] = Answer(TAKEN, replace=True, private=False)
    pages = [open_as("ann", query="&open=group:north-team"), open_as("bob", query="&open=group:north-team")]
    expect(titles(pages[1])).to_have_text([POOL.title])
    pages[0].get_by_role("button", name="Claim").click()
    expect(titles(pages[1])).to_have_text([TAKEN.title])
    expect(pages[1].get_by_role("button", name="Claim")).to_have_count(0)
    pages[0].get_by_role("button", name="+1 day").click()
    expect(pages[0].locator(".toast")).to_contain_text("What fell due is happening")
    expect(pages[1].locator(".clock.shifted")).to_be_visible()
    pages[1].get_by_role("button", name="Back to the real time").click()
    expect(pages[0].locator(".clock.shifted")).to_have_count(0)


def test_two_people_stand_beside_each_other_under_one_clock(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="beside")
    page = open_as("ann", query="&open=group:north-team")
    page.get_by_role("button", name="Put a second person beside").click()
    page.get_by_role("dialog").get_by_role("button", name="Bob Chen").click()
    panes = [page.frame_locator("iframe").nth(side) for side in (0, 1)]
    expect(panes[0].locator(".head-you")).to_have_text("ALAnn Li")
    expect(panes[1].locator(".head-you")).to_have_text("BCBob Chen")
    expect(panes[1].locator(".talk .card h3")).to_have_text(POOL.title)
    page.get_by_role("button", name="+1 h", exact=True).click()
    expect(page.locator(".clock.shifted")).to_be_visible()
    page.get_by_role("button", name="Back to the real time").click()
    page.get_by_role("button", name="这一页用中文显示").click()
    expect(panes[0].locator(".talk-head h1")).to_contain_text("north-team")
    expect(panes[0].locator("#composer")).to_have_attribute("aria-label", re.compile("发给"))
    page.get_by_role("link", name="回到一个人").click()
    expect(page.locator(".side .you")).to_contain_text("Ann Li")


def test_a_dangerous_tap_asks_first_and_a_choice_opens_as_a_menu(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    page.locator(".talk").get_by_role("button", name="Release").click()
    expect(page.get_by_role("dialog")).to_contain_text("Give L-12 back?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "lead.release" not in {each.action for each in stage.script.asked}
    page.locator(".talk").get_by_role("button", name="Release").click()
    page.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(titles(page).last).to_have_text("lead.release")
    page.locator(".talk").get_by_role("button", name="Stage").click()
    expect(page.get_by_role("menuitemradio", name="New")).to_be_focused()
    page.keyboard.type("qu")
    expect(page.get_by_role("menuitemradio", name="Quote")).to_be_focused()
    page.keyboard.press("Enter")
    expect(titles(page).last).to_have_text("lead.stage")
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
    expect(titles(page)).to_have_text([LEAD.title])
    expect(page.locator(".pending")).to_have_count(0)
    page.locator(".messages").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".message", has=page.locator(".card"))).to_be_focused()
    for _stop in ("L-12", "Done", "Log"):
        page.keyboard.press("Tab")
    expect(page.locator(".talk").get_by_role("button", name="Log", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("What was said")).to_be_focused()
    page.keyboard.type("called, wants a quote")
    page.keyboard.press("Control+Enter")
    expect(titles(page)).to_have_text([TAKEN.title])
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#composer")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#composer")).to_have_value("claim next")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#composer")).to_have_value("claim next\n")


def test_a_reply_opens_a_thread_that_carries_what_it_is_about(stage: Stage, open_as: Open) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    page = open_as("ann")
    say(page, "today")
    message = page.locator(".talk .message", has=page.locator(".card"))
    message.hover()
    message.get_by_role("button", name="Reply in a thread").click()
    box = page.get_by_label("Reply: what happened?")
    expect(box).to_be_focused()
    page.keyboard.type("called, no answer")
    page.keyboard.press("Enter")
    expect(page.locator(".thread .card h3")).to_have_text([LEAD.title, "called, no answer"])
    expect(message.first.locator(".replies")).to_have_text("2 replies")
    assert stage.script.asked[-1].quoted == "L-12"
    page.keyboard.press("Escape")
    expect(page.locator(".thread")).to_have_count(0)
    expect(page.locator("#composer")).to_be_focused()


def test_half_a_line_waits_where_it_was_begun(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="draft")
    page = open_as("ann")
    page.locator("#composer").fill("log L-12 call")
    page.locator(".place", has_text="north-team").click()
    expect(page.locator("#composer")).to_have_value("")
    expect(page.locator(".place .draft")).to_have_text("Draft: log L-12 call")
    page.reload()
    expect(page.locator("#composer")).to_have_value("log L-12 call")


def test_files_wait_for_enter_and_are_sent_with_the_words(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    page.locator("input[type=file]").set_input_files([SHEET, PHOTO, EXTRA])
    page.get_by_role("button", name="Remove too much").click()
    expect(page.locator(".attached b")).to_have_text(["leads.csv", "card.png"])
    page.keyboard.type("from the fair")
    page.keyboard.press("Enter")
    expect(page.locator(".attached li")).to_have_count(0)
    expect(page.locator(".talk .file b")).to_have_text("leads.csv")
    expect(page.locator(".talk .photo img")).to_have_attribute("alt", "card.png")
    expect(titles(page)).to_have_count(2)
    assert [(each.text, each.files[0].name) for each in stage.script.asked] == [
        ("from the fair", "leads.csv"),
        ("", "card.png"),
    ]
    with page.expect_download() as downloaded:
        page.locator(".talk .file").click()
    assert downloaded.value.path().read_bytes() == SHEET["buffer"]


def test_the_page_speaks_chinese(open_as: Open) -> None:
    page = open_as("ann", locale="zh-CN")
    expect(page.locator(".side")).to_contain_text("当前身份")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="Show this page in English").click()
    expect(page.locator(".side")).to_contain_text("You are")
    expect(page.locator(".chip").first).to_contain_text("claim next")


def test_the_side_panel_shows_the_worklist_and_what_other_platforms_get(stage: Stage, open_as: Open) -> None:
    stage.script.answers |= {"home today": Answer(POOL), "lead.claim": Answer(LEAD)}
    page = open_as("ann")
    page.locator(".panel").get_by_role("button", name="Claim").click()
    expect(titles(page)).to_have_text([LEAD.title])
    page.locator(".talk .message").hover()
    page.get_by_role("button", name="Show what Slack and WeCom get").click()
    expect(page.locator(".panel .json")).to_contain_text('"blocks"')
    expect(page.locator(".panel .json-head b")).to_have_text(LEAD.title)
    page.get_by_role("tab", name="Text").click()
    expect(page.locator(".panel .json")).to_contain_text("Phone: +86 138 0013 8000")

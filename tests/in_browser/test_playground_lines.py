"""When the line or the server is away, nothing is lost and nothing happens twice."""

import pytest
from playwright.sync_api import Page, Route, expect

from bot.platforms.base import Address
from tests.drivers.playground_stage import LEAD, POOL, TAKEN, Stage
from tests.in_browser.conftest import Open

pytestmark = pytest.mark.browser


def say(page: Page, text: str) -> None:
    page.locator("#composer").fill(text)
    page.keyboard.press("Enter")


def test_a_line_that_was_not_sent_is_tried_again_and_acts_once(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    page.route("**/api/say", lambda route: route.abort(), times=1)
    say(page, "claim next")
    expect(page.locator(".failed")).to_have_text(
        "The server cannot be reached. Is it still running? Try again in a moment."
    )
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".talk .card h3")).to_have_text("claim next")
    expect(page.locator(".pending")).to_have_count(0)
    assert len(stage.script.asked) == 1


def test_a_lost_answer_is_fetched_again_without_a_second_act(stage: Stage, open_as: Open) -> None:
    page = open_as("ann")
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/api/say", lose, times=1)
    say(page, "claim next")
    expect(page.locator(".talk .card h3")).to_have_text(["claim next"])
    assert lost == [200]
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator(".talk .said")).to_have_count(1)
    assert len(stage.script.asked) == 1


def test_a_file_that_is_too_large_says_what_to_do(open_as: Open) -> None:
    page = open_as("ann")
    page.route("**/api/upload", lambda route: route.fulfill(status=413, json={"error": "x"}), times=1)
    page.locator("input[type=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"a"})
    page.keyboard.press("Enter")
    expect(page.locator(".failed")).to_contain_text("sluice import FILE")


def test_the_page_finds_back_after_the_server_was_away_without_loss_or_doubles(stage: Stage, open_as: Open) -> None:
    to_ann = Address("person", stage.who("ann"))
    page = open_as("ann")
    stage.platform.send(stage.workspace, to_ann, POOL, key="before")
    expect(page.locator(".talk .card h3")).to_have_text([POOL.title])
    page.context.set_offline(True)
    stage.platform.send(stage.workspace, to_ann, LEAD, key="meanwhile")
    page.context.set_offline(False)
    expect(page.locator(".talk .card h3")).to_have_text([POOL.title, LEAD.title])
    stage.platform.send(stage.workspace, to_ann, TAKEN, key="after")
    expect(page.locator(".talk .card h3")).to_have_text([POOL.title, LEAD.title, TAKEN.title])


def test_a_page_that_could_not_load_everything_tries_again(stage: Stage, open_as: Open) -> None:
    stage.platform.send(stage.workspace, Address("person", stage.who("bob")), LEAD, key="for bob")
    page = open_as("ann")
    page.route("**/api/messages**", lambda route: route.abort(), times=1)
    page.locator(".you").click()
    page.get_by_role("dialog").get_by_role("button", name="Bob Chen").first.click()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator(".talk .card h3")).to_have_text(LEAD.title)

"""A newcomer's first minute, with the whole of Sluice behind the page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from crm.clock import DrivenClock
from tests.drivers.playground_house import House, house
from tests.drivers.playground_stage import served

pytestmark = pytest.mark.browser
Enter = Callable[[str], Page]


@pytest.fixture
def home(own_url: str, redis_url: str, time: DrivenClock) -> Iterator[House]:
    with house(own_url, redis_url, time=time) as home:
        yield home


@pytest.fixture
def enter(browser: Browser, home: House) -> Iterator[Enter]:
    """Opens the playground of this company as somebody, in a browser of their own."""
    contexts = []
    with served(home.app) as address:

        def enter(name: str) -> Page:
            contexts.append(browser.new_context(viewport={"width": 1360, "height": 860}, locale="en-GB"))
            page = contexts[-1].new_page()
            page.goto(f"{address}/playground?as={home.who(name)}&workspace={home.workspace}")
            expect(page.locator("#composer")).to_be_enabled()
            return page

        yield enter
        for context in contexts:
            context.close()


def test_a_first_customer_is_saved_in_two_interactions(home: House, enter: Enter) -> None:
    page = enter("ann")
    page.locator(".chip", has_text="new ").click()
    expect(page.locator(".talk .card").last).to_contain_text("Chen Wei")
    page.locator(".talk .card").last.locator(".button").first.click()
    expect(page.locator(".panel .card, .talk .card").last).to_be_visible()
    page.locator("#composer").fill("my")
    page.keyboard.press("Enter")
    expect(page.locator(".talk .card").last).to_contain_text("Chen Wei")


def test_the_best_lead_is_claimed_and_logged_with_two_taps_and_a_sentence(home: House, enter: Enter) -> None:
    home.lead(name="Grace Hopper", firm="Navy Yard")
    page = enter("ann")
    page.locator(".chip", has_text="claim next").click()
    claimed = page.locator(".talk .card").last
    expect(claimed).to_contain_text("Grace Hopper")
    claimed.get_by_role("button", name="Log", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea, input[type=text]").first.fill("called, wants a quote, call back tomorrow 3pm")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".talk .card").last).to_contain_text("quote")


def test_two_browsers_race_for_one_lead(home: House, enter: Enter) -> None:
    home.arrives(name="Grace Hopper", firm="Navy Yard")
    ann, bob = enter("ann"), enter("bob")
    for page in (ann, bob):
        page.locator(f"[data-place='group:{home.pool}']").click()
        expect(page.get_by_role("button", name="Claim", exact=True)).to_be_visible()
    ann.get_by_role("button", name="Claim", exact=True).click()
    expect(ann.locator(".talk .card").last).to_contain_text("Yours")
    bob.get_by_role("button", name="Claim", exact=True).click()
    expect(bob.locator(".talk .card").last).to_contain_text("Ann Li")
    home.run_jobs()
    expect(bob.locator(".talk .card").first).to_contain_text("Ann Li")


def test_a_reminder_comes_by_itself_when_the_clock_moves_on(home: House, enter: Enter, time: DrivenClock) -> None:
    ref = home.lead(owner="ann", name="Grace Hopper")
    page = enter("ann")
    page.locator("#composer").fill(f"remind {ref} tomorrow 9am")
    page.keyboard.press("Enter")
    expect(page.locator(".talk .card")).to_have_count(1)
    time.advance(days=1)
    home.work.tick()
    home.run_jobs()
    reminder = page.locator(".talk .card", has=page.get_by_role("button", name="Done"))
    expect(reminder).to_have_count(2)
    expect(reminder.last).to_contain_text("Grace Hopper")

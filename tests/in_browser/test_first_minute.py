"""A newcomer's first minute, with the whole of Sluice behind the page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.clock import DrivenClock
from tests.drivers.playground_house import House, house
from tests.drivers.playground_stage import served
from tests.in_browser.conftest import Windows

pytestmark = pytest.mark.browser
Enter = Callable[..., Page]


@pytest.fixture
def home(own_url: str, redis_url: str, time: DrivenClock) -> Iterator[House]:
    with house(own_url, redis_url, time=time) as home:
        yield home


@pytest.fixture
def enter(windows: Windows, home: House) -> Iterator[Enter]:
    """Opens the playground of this company as somebody, in a window of their own."""
    used: list[str] = []
    with served(home.app) as address:

        def enter(name: str, **query: str) -> Page:
            page = windows.window(len(used), address)
            used.append(name)
            more = "".join(f"&{key}={value}" for key, value in query.items())
            page.goto(f"{address}/playground?as={home.who(name)}&workspace={home.workspace}{more}")
            expect(page.locator("#composer")).to_be_enabled()
            return page

        yield enter
        windows.tidy()


def last_card(page: Page) -> Locator:
    return page.locator(".talk .card").last


def test_a_first_customer_is_saved_claimed_and_logged_without_a_mouse(home: House, enter: Enter) -> None:
    home.lead(name="Grace Hopper", firm="Navy Yard")
    page = enter("ann")
    page.keyboard.type("new Chen Wei, Acme, 13800138000\n")
    expect(last_card(page)).to_contain_text("Chen Wei")
    last_card(page).get_by_role("button").nth(1).press("Enter")
    expect(last_card(page)).to_contain_text("Chen Wei")
    page.locator("#composer").press_sequentially("claim next\n")
    expect(page.locator(".talk .card", has_text="Yours").last).to_contain_text("Grace Hopper")
    page.locator(".talk .card", has_text="Yours").last.get_by_role("button", name="Log", exact=True).press("Enter")
    page.get_by_role("dialog").get_by_label("What happened?").press_sequentially("called, wants a quote")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(last_card(page)).to_contain_text("quote")


def test_two_browsers_race_for_one_lead(home: House, enter: Enter) -> None:
    home.arrives(name="Grace Hopper", firm="Navy Yard")
    ann, bob = (enter(name, open=f"group:{home.pool}") for name in ("ann", "bob"))
    last_card(ann).get_by_role("button", name="Claim", exact=True).click()
    expect(last_card(ann)).to_contain_text("Yours")
    last_card(bob).get_by_role("button", name="Claim", exact=True).click()
    expect(last_card(bob)).to_contain_text("Ann Li")
    home.run_jobs()
    expect(bob.locator(".talk .card").first).to_contain_text("Ann Li")


def test_a_reply_in_a_thread_is_a_follow_up_and_its_reminder_comes_by_itself(
    home: House, enter: Enter, time: DrivenClock
) -> None:
    ref = home.lead(owner="ann", name="Grace Hopper")
    page = enter("ann")
    page.keyboard.type(f"lead {ref}\n")
    card = page.locator(".talk .message", has=page.locator(".card", has_text="Grace Hopper")).first
    card.hover()
    card.get_by_role("button", name="Reply in a thread").click()
    page.get_by_label("Reply: what happened?").fill("called, wants a quote, call back tomorrow 9am")
    page.keyboard.press("Enter")
    expect(page.locator(".thread .card").last).to_contain_text("Logged: Grace Hopper")
    time.advance(days=1)
    home.work.tick()
    home.run_jobs()
    expect(last_card(page)).to_contain_text("Due: Grace Hopper")

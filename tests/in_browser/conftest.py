"""The playground's page in a real Chromium, against its real door with a scripted bot.

Starting a browser, a server and a page is what costs. So a file has one company and one server, a test of two people
has two windows, and every test after the first finds the windows open: it gets them empty, and loads the page anew.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from redis import Redis
from sqlalchemy import text

from crm.db import Database
from ops.sockets import Sockets
from tests.browser import chromium
from tests.drivers.playground_stage import Stage, served, set_up, valkey

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
EXPECTED = ("net::ERR_FAILED", "net::ERR_INTERNET_DISCONNECTED", "413", "favicon.ico")
DESK = {"width": 1360, "height": 860}
Open = Callable[..., Page]
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


class Windows:
    """Browser windows, each as if on a machine of its own, which are opened once and then used again."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[Page] = []
        self._others: list[BrowserContext] = []
        self.complaints: list[str] = []

    def window(self, number: int, address: str) -> Page:
        """The window of that number, as if it had never been at this address."""
        if number == len(self._open):
            self._open.append(self._new(locale="en-GB", viewport=DESK))
        page = self._open[number]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(f"{address}/playground/static/logo.svg")
        page.evaluate("() => (localStorage.clear(), sessionStorage.clear())")
        return page

    def other(self, **options: Any) -> Page:
        """A window of another kind, for this test alone."""
        page = self._new(**({"viewport": DESK, "locale": "en-GB"} | options))
        self._others.append(page.context)
        return page

    def tidy(self) -> None:
        """Close what was for one test, and leave the rest without a trace. What the pages complained about fails it."""
        for context in self._others:
            context.close()
        for page in self._open:
            page.unroute_all()
            page.goto("about:blank")
        complaints, self._others, self.complaints = self.complaints, [], []
        assert complaints == []

    def close(self) -> None:
        for page in self._open:
            page.context.close()

    def _new(self, **options: Any) -> Page:
        page = self._browser.new_context(**options).new_page()
        page.set_default_timeout(15_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        asked = message.location.get("url", "")
        if message.type == "error" and not any(known in f"{message.text} {asked}" for known in EXPECTED):
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[Windows]:
    windows = Windows(browser)
    yield windows
    windows.close()


@pytest.fixture(scope="module")
def redis(engines: Sockets) -> Iterator[Redis]:
    client = valkey(engines)
    yield client
    client.close()


@pytest.fixture(scope="module")
def one_stage(shared_database: Database, redis: Redis) -> Stage:
    return set_up(shared_database, redis)


@pytest.fixture(scope="module")
def address(one_stage: Stage) -> Iterator[str]:
    with served(one_stage.app) as address:
        yield address


@pytest.fixture
def stage(one_stage: Stage, database: Database) -> Stage:
    """The stage of this file, with nothing said and nothing in the script."""
    with database.begin(one_stage.company.org_id) as uow:
        uow.session.execute(text("delete from playground_message where org_id = :org"), {"org": uow.org_id})
    one_stage.script.answers.clear()
    one_stage.script.asked.clear()
    return one_stage


@pytest.fixture
def open_as(windows: Windows, stage: Stage, address: str) -> Iterator[Open]:
    """Opens the playground as somebody: in the first window, in the next, or in one of another kind."""
    used: list[Page] = []

    def open_(name: str = "ann", *, query: str = "", **options: Any) -> Page:
        page = windows.other(**options) if options else windows.window(len(used), address)
        used.extend([] if options else [page])
        page.goto(f"{address}/playground?as={stage.who(name)}{query}")
        page.wait_for_selector("#composer:enabled, .panes")
        return page

    yield open_
    windows.tidy()

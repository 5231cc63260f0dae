"""The playground's page in a real Chromium, against its real door with a scripted bot."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from redis import Redis

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
EXPECTED = ("net::ERR_FAILED", "net::ERR_INTERNET_DISCONNECTED", "422")
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def redis(engines: Sockets) -> Iterator[Redis]:
    client = valkey(engines)
    yield client
    client.close()


@pytest.fixture
def stage(database: Database, redis: Redis) -> Stage:
    return set_up(database, redis)


@pytest.fixture
def address(stage: Stage) -> Iterator[str]:
    with served(stage.app) as address:
        yield address


@pytest.fixture
def open_as(browser: Browser, stage: Stage, address: str) -> Iterator[Open]:
    """Opens the playground as somebody, in a browser of their own. What the page complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(known in message.text for known in EXPECTED):
            complaints.append(message.text)

    def open_(name: str = "ann", *, query: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1360, "height": 860}, "locale": "en-GB"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/playground?as={stage.who(name)}{query}")
        page.wait_for_selector(".messages, .beside-view")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []

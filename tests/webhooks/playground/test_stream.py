"""Pushes reach an open page without a reload, with Redis and without it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import httpx
import pytest

from bot.platforms.base import Address
from crm.db import Database
from tests.drivers.playground import API
from tests.drivers.playground_stage import LEAD, POOL, TAKEN, Stage, no_valkey, served, set_up


@contextmanager
def listening(address: str, who: str, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events that a page of this person gets."""
    url = f"{address}/playground/api/stream"
    with httpx.stream("GET", url, params={"as": who}, headers=headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Blocks of `name: value` lines, but for those that tell only that the server is there, or of news elsewhere."""
    return (event for event in _all(lines) if event["event"] not in ("here", "elsewhere"))


def _all(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        event = event | {name: value} if name else event
        if not line and "data" in event:
            yield event | {"data": json.loads(event["data"])}
        event = event if line else {}


def push(stage: Stage, key: str, card: Any = LEAD, name: str = "ann") -> None:
    stage.platform.send(stage.workspace, Address("person", stage.who(name)), card, key=key)


def test_a_push_arrives_at_the_open_page(stage: Stage) -> None:
    with served(stage.app) as address, listening(address, stage.who("ann")) as events:
        push(stage, "one")
        first = next(events)
        push(stage, "two", TAKEN)
        second = next(events)
    assert [first["data"][0]["card"]["title"], second["data"][0]["card"]["title"]] == [LEAD.title, TAKEN.title]
    assert int(second["id"]) > int(first["id"])


def test_an_edit_arrives_as_the_same_message(stage: Stage) -> None:
    handle = stage.platform.send(stage.workspace, Address("group", "north-team"), POOL, key="one")
    with served(stage.app) as address, listening(address, stage.who("bob")) as events:
        first = next(events)["data"][0]
        stage.platform.update(stage.workspace, handle, TAKEN)
        second = next(events)["data"][0]
    assert (first["id"], second["id"], second["card"]["title"]) == (handle["message"], handle["message"], TAKEN.title)


def test_nobody_gets_what_is_for_another(stage: Stage) -> None:
    with served(stage.app) as address, listening(address, stage.who("bob")) as events:
        push(stage, "for ann", LEAD, "ann")
        push(stage, "for bob", TAKEN, "bob")
        assert [each["card"]["title"] for each in next(events)["data"]] == [TAKEN.title]


def test_a_page_that_comes_back_gets_what_it_missed_and_no_more(stage: Stage) -> None:
    with served(stage.app) as address:
        push(stage, "one")
        with listening(address, stage.who("ann")) as events:
            seen = next(events)["id"]
        push(stage, "two", TAKEN)
        with listening(address, stage.who("ann"), **{"last-event-id": seen}) as events:
            assert [each["card"]["title"] for each in next(events)["data"]] == [TAKEN.title]


def test_without_redis_the_page_looks_by_itself(database: Database) -> None:
    stage = set_up(database, no_valkey())
    with served(stage.app) as address, listening(address, stage.who("ann")) as events:
        push(stage, "one")
        assert next(events)["data"][0]["card"]["title"] == LEAD.title


def test_moving_the_clock_is_told_to_every_page(stage: Stage) -> None:
    with served(stage.app) as address, listening(address, stage.who("ann")) as events:
        push(stage, "one")
        next(events)
        moved = httpx.post(f"{address}/playground/api/clock", json={"shift": "+1d2h"}).json()
        event = next(events)
        httpx.post(f"{address}/playground/api/clock", json={"reset": True})
    assert (event["event"], event["data"]["shift"]) == ("clock", moved["shift"])


def test_a_page_learns_that_somebody_else_has_news_but_not_which(stage: Stage) -> None:
    url, whose = f"{API}/stream", {"as": stage.who("bob")}
    with served(stage.app) as address, httpx.stream("GET", f"{address}{url}", params=whose, timeout=20) as answer:
        events = _all(answer.iter_lines())
        assert next(events)["event"] == "here"
        push(stage, "for ann")
        news = next(events)
        told = httpx.get(f"{address}{API}/inboxes").json()
    assert (news["event"], news["data"]) == ("elsewhere", {})
    assert told == {"inboxes": {stage.who("ann"): [told["latest"]]}, "latest": told["latest"]}


@pytest.mark.parametrize("last", ["junk", "-5", "9" * 60])
def test_a_strange_last_event_number_does_no_harm(stage: Stage, last: str) -> None:
    with served(stage.app) as address:
        answer = httpx.stream(
            "GET", f"{address}/playground/api/stream", params={"as": "x"}, headers={"last-event-id": last}
        )
        with answer as response:
            assert response.status_code == 200


def test_hundreds_of_pushes_arrive_once_each_and_in_order(stage: Stage) -> None:
    with served(stage.app) as address, listening(address, stage.who("ann")) as events:
        for number in range(200):
            push(stage, f"push {number}", TAKEN)
        seen: list[int] = []
        while len(seen) < 200:
            seen.extend(each["id"] for event in islice(events, 1) for each in event["data"])
    assert seen == sorted(set(seen))

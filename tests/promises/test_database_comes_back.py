"""P20: PostgreSQL stops and starts under load: polite answers meanwhile, nothing acknowledged is lost, work goes on."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crm.db import Database
from crm.services import tasks
from ops.migrate import upgrade
from tests import build
from tests.promises import processes
from tests.promises.crowd import Rival
from tests.promises.server import Server
from tests.rounds import rounds
from tests.world import World, open_world

POLITE = "cannot reach its database"
DONE = "I will remind you"
UNSENT = "select count(*) from message where state in ('owed', 'dead')"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data")
    yield made
    made.engines.stop()


@pytest.fixture
def world(server: Server) -> Iterator[World]:
    url = server.sockets.database_url
    upgrade(url)
    database = Database(url)
    with (
        open_world(url, server.sockets.redis_url, build.clock(), base=database) as opened,
        processes.path_for_children(),
    ):
        opened.time.set(datetime.now(UTC))
        yield opened
    database.close()


@dataclass
class Typing:
    """Somebody who types on, whatever the answers are."""

    ann: Rival
    ref: str
    stop: threading.Event = field(default_factory=threading.Event)
    answers: dict[str, str] = field(default_factory=dict)

    def run(self, lane: int) -> None:
        for number in itertools.takewhile(lambda _: not self.stop.is_set(), itertools.count()):
            name = f"call-{lane}-{number}"
            self.answers[name] = self.ann.says(f"remind {self.ref} tomorrow 3pm {name}")

    def until_told(self, words: str) -> None:
        """Wait until an answer from now on says so."""
        before = len(self.answers)
        processes.until(lambda: any(words in answer for answer in list(self.answers.values())[before:]))

    def count(self, words: str) -> int:
        return sum(words in answer for answer in self.answers.values())

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Two of them type while the block runs."""
        with ThreadPoolExecutor(2) as lanes:
            running = [lanes.submit(self.run, lane) for lane in range(2)]
            try:
                yield
            finally:
                self.stop.set()
        assert [each.exception() for each in running] == [None, None]


def test_the_database_stops_and_starts_under_load(world: World, server: Server) -> None:
    env = processes.environment(world.database.url, world.bot.settings.redis_url, world.slack, world.wecom, 0)
    worker = processes.start_worker(env, rescue_after=2.0)
    owe(world)
    processes.until(lambda: world.count(UNSENT) == 0)
    typing = Typing(Rival(world, "slack", "ann"), world.lead(owner="ann"))
    with typing.going_on():
        for _ in range(rounds(short=2, full=50)):
            restart(world, server, typing)
    processes.until(lambda: world.count(UNSENT) == 0)
    assert worker.is_alive()
    processes.kill(worker)
    acknowledged = typing.count(DONE)
    assert acknowledged + typing.count(POLITE) == len(typing.answers)
    assert world.count("select count(distinct words) from task where words like 'call-%'") == acknowledged
    assert world.count("select count(*) from task where words like 'call-%'") == acknowledged


def restart(world: World, server: Server, typing: Typing) -> None:
    typing.until_told(DONE)
    owe(world)
    server.stop()
    typing.until_told(POLITE)
    events = [event(world), callback(world)]
    server.start()
    typing.until_told(DONE)
    owe(world)
    assert events == [503, 503]


def owe(world: World) -> None:
    """A reminder that the worker has to deliver."""
    with world.database.begin(world.acme.org_id) as uow:
        build.task(uow, world.acme, "bob", due_at=uow.now)
        tasks.remind_due(uow)


def event(world: World) -> int:
    """A message to the app in Slack, which Slack repeats after a 503."""
    said = {"type": "message", "channel_type": "im", "channel": "D1", "ts": "1700000001.000100", "text": "my"}
    user = build.external("slack", "ann", world.acme.org_id)
    return int(world.wire.push(world.wire.event(said | {"user": user})).status_code)


def callback(world: World) -> int:
    """A tap in WeCom, likewise."""
    user = build.external("wecom", "ann", world.acme.org_id)
    where: dict[str, Any] = {
        "EventKey": "today|x",
        "TaskId": "t1",
        "CardType": "button_interaction",
        "ResponseCode": "c",
    }
    xml = world.caller.message(user, MsgType="event", Event="template_card_event", **where)
    status, _ = world.caller.post(*world.caller.sealed(xml))
    return status

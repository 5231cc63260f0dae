"""P10: the secret with which Slack signs is changed while people type: nobody is turned away."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from tests import build
from tests.drivers.slack_wire import SECRET as OLD
from tests.drivers.slack_wire import Wire
from tests.promises import processes
from tests.rounds import rounds
from tests.serving import serving
from tests.world import World
from webhooks.app import create_app

NEW = "9a842231b10e8888abcd99yyyzzz85b6"
LANES, STEPS = 4, 6
REQUESTS = rounds(short=120, full=10_000)


@dataclass
class Traffic:
    """People who type all the time, through whichever door is open. `secret`: what Slack signs with."""

    world: World
    secret: str = OLD
    doors: list[str] = field(default_factory=list)
    answered: Counter[int] = field(default_factory=Counter)

    def run(self, lane: int, stop: threading.Event) -> None:
        user, number = build.external("slack", "ann", self.world.acme.org_id), lane
        while not stop.is_set():
            wire = Wire(self.doors[number % 2], self.world.slack, self.secret, team=self.world.wire.team)
            said = {"type": "message", "channel_type": "im", "channel": "D1", "ts": f"17.{number}", "text": "hm"}
            by_a_robot = wire.event(said | {"user": user, "bot_id": "B1"})
            answer = wire.push(by_a_robot) if number % 20 else wire.command(user, "help", "D1")
            wire.close()
            self.answered[answer.status_code] += 1
            number += 1

    def go_on(self) -> None:
        """A part of all requests is made, with what is open now."""
        more = self.answered.total() + REQUESTS // STEPS
        processes.until(lambda: self.answered.total() >= more, 600)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        stop = threading.Event()
        with ThreadPoolExecutor(LANES) as lanes:
            running = [lanes.submit(self.run, lane, stop) for lane in range(LANES)]
            try:
                yield
            finally:
                stop.set()
        assert [each.exception() for each in running] == [None] * LANES


def test_nobody_is_turned_away_while_the_signing_secret_is_changed(world: World) -> None:
    traffic = Traffic(world)
    with ExitStack() as doors:
        traffic.doors = [doors.enter_context(door(world, OLD)) for _ in range(2)]
        with traffic.going_on():
            traffic.go_on()
            for number in range(2):
                traffic.doors[number] = doors.enter_context(door(world, OLD, NEW))
                traffic.go_on()
            traffic.secret = NEW
            traffic.go_on()
            for number in range(2):
                traffic.doors[number] = doors.enter_context(door(world, NEW))
                traffic.go_on()
    assert set(traffic.answered) == {200}
    assert traffic.answered.total() >= REQUESTS


@contextmanager
def door(world: World, *secrets: str) -> Iterator[str]:
    """The door of a process that believes these secrets."""
    settings = world.bot.settings.model_copy(update={"slack_signing_secret": tuple(map(SecretStr, secrets))})
    with serving(create_app(replace(world.bot, settings=settings))) as host:
        yield host

"""P13: what is owed is sent whenever the worker is killed; twice at most, and only if it died before the mark."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from crm.services import tasks
from tests import build
from tests.doubles.slack_http import Fault
from tests.doubles.wecom_faults import hang
from tests.promises import processes
from tests.promises.crowd import Rival, add_rivals
from tests.rounds import rounds
from tests.world import World

WORKERS = 10
FOR_EVER = 60.0
# A worker that has been silent for so long is dead; twenty seconds where nobody waits for the result of a test.
RESCUE_AFTER = 2.0
HOLDS = rounds(short=12, full=100)
AGAIN_WITHIN = 45.0 + RESCUE_AFTER
UNSENT = "select count(*) from message where state <> 'sent'"


@pytest.fixture
def world(alone: World) -> World:
    return alone


def test_no_message_is_lost_when_workers_are_killed_and_few_come_twice(world: World) -> None:
    rivals = add_rivals(world, WORKERS)
    for _ in range(rounds(short=1, full=40)):
        kill_all_at_work(world, rivals)


def test_a_worker_that_is_slow_but_alive_is_never_doubled(world: World) -> None:
    rivals = add_rivals(world, 2)
    slow = 2 * RESCUE_AFTER
    world.slack.faults.add("chat.postMessage", Fault(hang=slow, acts=True))
    world.wecom.script("message/send", hang(slow, acts=True))
    owe_each(world, rivals)
    workers = [start(world, concurrency=2) for _ in range(2)]
    processes.until(lambda: world.count(UNSENT) == 0)
    for worker in workers:
        processes.kill(worker)
    assert shown(world) == dict.fromkeys([rival.user for rival in rivals], 1)
    assert heard(world)[rivals[0].user] == 1


def test_all_jobs_of_a_dead_worker_run_again(world: World) -> None:
    rivals = add_rivals(world, HOLDS)
    world.slack.faults.add("chat.postMessage", *[Fault(hang=FOR_EVER)] * HOLDS)
    world.wecom.script("message/send", *[hang(FOR_EVER, acts=False)] * HOLDS)
    owe_each(world, rivals)
    doomed = start(world, concurrency=HOLDS)
    processes.until(lambda: len(heard(world)) == HOLDS)
    assert "Your leads" in rivals[0].says("my")
    processes.kill(doomed)
    world.slack.faults.clear()
    world.wecom.calm()
    survivor = start(world, concurrency=4)
    processes.until(lambda: world.count(UNSENT) == 0, AGAIN_WITHIN)
    processes.kill(survivor)
    assert shown(world) == dict.fromkeys([rival.user for rival in rivals], 1)


def kill_all_at_work(world: World, rivals: list[Rival]) -> None:
    """Each worker hangs in one message, is killed there, and another worker comes later."""
    users, before, asked = {rival.user for rival in rivals}, shown(world), heard(world)
    owe_each(world, rivals)
    make_hang(world)
    doomed = [start(world, concurrency=1) for _ in rivals]
    processes.until(lambda: set(heard(world) - asked) == users)
    for worker in doomed:
        processes.kill(worker)
    once = shown(world) - before
    survivor = start(world, concurrency=4)
    processes.until(lambda: world.count(UNSENT) == 0)
    processes.kill(survivor)
    after = shown(world) - before
    assert 0 < len(once) < WORKERS
    assert set(after) == users
    assert {user for user, times in after.items() if times > 1} <= set(once)
    assert max(after.values()) <= 2


def start(world: World, *, concurrency: int) -> Any:
    env = processes.environment(world.database.url, world.bot.settings.redis_url, world.slack, world.wecom, 0)
    return processes.start_worker(env, concurrency=concurrency, rescue_after=RESCUE_AFTER)


def owe_each(world: World, rivals: list[Rival]) -> None:
    """A reminder that is due now for everybody."""
    with world.database.begin(world.acme.org_id) as uow:
        for rival in rivals:
            build.task(uow, world.acme, rival.name, due_at=uow.now)
        tasks.remind_due(uow)


def make_hang(world: World) -> None:
    """The platforms take the calls and do not answer; some of the messages they show all the same."""
    half = WORKERS // 2
    world.slack.faults.add("chat.postMessage", *[Fault(hang=FOR_EVER, acts=bool(number % 2)) for number in range(half)])
    world.wecom.script("message/send", *[hang(FOR_EVER, acts=bool(number % 2)) for number in range(half)])


def heard(world: World) -> Counter[str]:
    """Whose messages the platforms were asked to post."""
    asked = [call.arguments["channel"] for call in world.slack.calls if call.method == "chat.postMessage"]
    return Counter([*asked, *world.wecom.asked])


def shown(world: World) -> Counter[str]:
    """How many messages everybody sees."""
    posted = [f"U{message.channel[1:]}" for message in world.slack.messages]
    return Counter([*posted, *(sent.to for sent in world.wecom.sent if sent.shown)])

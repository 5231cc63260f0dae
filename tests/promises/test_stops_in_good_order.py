"""SIGTERM ends nothing that was begun: the web process answers, the worker marks what it sends, the rest waits."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess

import pytest
from sqlalchemy import text

from crm.services import tasks
from tests import build
from tests.doubles.slack_http import Fault
from tests.drivers.slack_wire import Wire
from tests.promises import processes
from tests.promises.crowd import Rival, add_rivals
from tests.world import World

AT_ONCE, REPS, SLOW = 2, 5, 1.0
UNSENT = "select count(*) from message where state <> 'sent'"
WAITING = "select count(*) from pg_locks where not granted"


@pytest.fixture
def world(alone: World) -> World:
    return alone


def test_a_worker_that_is_asked_to_stop_finishes_what_it_sends_and_leaves_the_rest(world: World) -> None:
    rivals = add_rivals(world, REPS, platforms=("slack",))
    world.slack.faults.add("chat.postMessage", *[Fault(hang=SLOW, acts=True)] * AT_ONCE)
    owe_each(world, rivals)
    first = processes.start_worker(environment(world, 0), concurrency=AT_ONCE)
    processes.until(lambda: world.slack.count("chat.postMessage") >= AT_ONCE)
    assert ended(first) == 0
    assert world.count(UNSENT) == REPS - len(world.slack.messages)
    second = processes.start_worker(environment(world, 0), concurrency=AT_ONCE)
    processes.until(lambda: world.count(UNSENT) == 0)
    assert ended(second) == 0
    assert Counter(message.channel for message in world.slack.messages) == {f"D{one.user[1:]}": 1 for one in rivals}


def test_a_web_process_that_is_asked_to_stop_answers_what_it_has_begun_and_takes_no_more(world: World) -> None:
    port = processes.free_port()
    web = processes.start_web(environment(world, port))
    processes.until(lambda: processes.answers(port))
    wire = Wire(f"127.0.0.1:{port}", world.slack, team=f"T{world.acme.org_id:08d}")
    ref, user = world.lead(owner="ann"), build.external("slack", "ann", world.acme.org_id)
    with ThreadPoolExecutor(1) as lane:
        with world.database.begin(world.acme.org_id) as uow:
            uow.session.execute(text("select 1 from lead where org_id = :o for update"), {"o": uow.org_id})
            begun = lane.submit(wire.command, user, f"lost {ref} too expensive", "D" + user[1:])
            processes.until(lambda: world.count(WAITING))
            web.terminate()
            processes.until(lambda: not processes.answers(port))
        answer = begun.result()
    wire.close()
    web.join()
    assert web.exitcode in (0, -signal.SIGTERM)
    assert (answer.status_code, world.count("select count(*) from lead where status = 'lost'")) == (200, 1)


def environment(world: World, port: int) -> processes.Environment:
    return processes.environment(world.database.url, world.bot.settings.redis_url, world.slack, world.wecom, port)


def owe_each(world: World, rivals: list[Rival]) -> None:
    """A reminder that is due now for everybody."""
    with world.database.begin(world.acme.org_id) as uow:
        for rival in rivals:
            build.task(uow, world.acme, rival.name, due_at=uow.now)
        tasks.remind_due(uow)


def ended(process: ForkServerProcess) -> int | None:
    """SIGTERM, and how the process ended by itself."""
    process.terminate()
    process.join()
    return process.exitcode

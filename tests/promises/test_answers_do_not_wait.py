"""P11: the answer never waits for work: while somebody else holds the lead, people are told that it will come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text

from ops.runtime import compose
from tests import build
from tests.drivers.slack_wire import Wire
from tests.serving import call, serving
from tests.world import World
from webhooks.app import create_app

HURRIED = 1000  # milliseconds for a statement: also on a busy machine enough for those that wait for nobody
LATER = "I will answer here"


@pytest.fixture
def hurried(world: World) -> Iterator[str]:
    """The doors of a process that waits for a moment only."""
    bot = compose(world.bot.settings.model_copy(update={"statement_timeout_ms": HURRIED}), time=world.time)
    with serving(create_app(bot)) as host:
        yield host
    bot.database.close()
    bot.redis.close()


def test_slack_is_answered_while_the_lead_is_locked_and_the_work_is_done_once(world: World, hurried: str) -> None:
    ref, user = world.lead(owner="ann"), build.external("slack", "ann", world.acme.org_id)
    wire = Wire(hurried, world.slack, team=world.wire.team)
    fields = wire.command_fields(user, f"log {ref} called them", "D" + user[1:])
    with locked(world, ref):
        answers = [wire.form(fields) for _ in range(2)]
        assert done(world) == 0
    wire.close()
    world.run_jobs()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert LATER in answers[0].json()["text"]
    assert done(world) == 1
    assert sum("called them" in shown.text for shown in world.slack.messages) == 1


def test_wecom_is_answered_while_the_lead_is_locked_and_the_work_is_done_once(world: World, hurried: str) -> None:
    ref, user = world.lead(owner="ann"), build.external("wecom", "ann", world.acme.org_id)
    caller = replace(world.caller, post=lambda path, body: call(hurried, "POST", path, body))
    with locked(world, ref):
        reply = caller.text(user, f"log {ref} called them")
        assert done(world) == 0
    world.run_jobs()
    assert (reply.status, reply.attempts) == (200, 1)
    assert reply.xml is not None
    assert LATER in reply.xml["Content"]
    assert done(world) == 1
    assert len(world.chat("wecom", "ann").inbox()) == 1


@contextmanager
def locked(world: World, ref: str) -> Iterator[None]:
    """Somebody else's transaction holds the lead, for as long as it takes."""
    with world.database.begin(world.acme.org_id) as uow:
        held = text("select id from lead where org_id = :o and number = :n for update")
        uow.session.execute(held, {"o": uow.org_id, "n": int(ref.removeprefix("L-"))})
        yield


def done(world: World) -> int:
    return world.count("select count(*) from activity where verb = 'logged'")

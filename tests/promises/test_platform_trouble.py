"""P15, P17: platforms that throttle, fail, hang, break off and answer garbage cost time, never a message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from crm.services import dead_letters, tasks
from crm.services.dead_letters import Which
from tests import build
from tests.doubles.slack_http import Fault, broken, refused, throttled
from tests.doubles.wecom_faults import cut, errcode, garbage, status, truncated
from tests.promises.crowd import Rival, add_rivals
from tests.rounds import rounds
from tests.world import World

pytestmark = pytest.mark.usefixtures("unhurried")

# What Slack does, and how many seconds later the message may be tried again (with jitter of a fifth).
SLACK: dict[str, tuple[Fault, float, float]] = {
    "429 for a second": (throttled(1), 1, 1),
    "429 for half a minute": (throttled(30), 30, 30),
    "429 for minutes": (throttled(180), 180, 180),
    "429 without a time": (throttled(None), 1, 60),
    "500": (broken(500), 1.6, 2.4),
    "502": (broken(502), 1.6, 2.4),
    "503": (broken(503), 1.6, 2.4),
    "cut before it was done": (Fault(cut=True), 1.6, 2.4),
    "truncated": (Fault(truncate=True), 1.6, 2.4),
    "not ok": (refused("internal_error"), 1.6, 2.4),
}
WECOM: dict[str, tuple[Any, float, float]] = {
    "busy": (errcode(-1), 1.6, 2.4),
    "too fast": (errcode(45009), 60, 60),
    "too many at once": (errcode(45033), 5, 5),
    "429 for half a minute": (status(429, Retry_After="30"), 30, 30),
    "429 for minutes": (status(429, Retry_After="180"), 180, 180),
    "500": (status(500), 1.6, 2.4),
    "502": (status(502), 1.6, 2.4),
    "cut after it was done": (cut(), 1.6, 2.4),
    "truncated": (truncated(), 1.6, 2.4),
    "a page of HTML": (garbage(b"<html>gateway</html>"), 1.6, 2.4),
}
NEXT_TRY = text(
    "select scheduled_at from procrastinate_jobs"
    " where status = 'todo' and task_name = 'deliver' and args->>'org_id' = :o"
)
STATES = text("select state, cause, attempt, id, member_id from message where org_id = :o order by id")


@pytest.mark.parametrize("trouble", SLACK)
def test_slack_in_trouble_is_tried_again_when_it_says_or_a_little_later(world: World, trouble: str) -> None:
    fault, least, most = SLACK[trouble]
    world.slack.faults.add("chat.postMessage", fault)
    remind(world, ["ann"], "slack")
    work(world)
    assert least <= waits(world) <= most
    world.pass_time(minutes=4)
    assert [row.state for row in states(world)] == ["sent"]
    assert 1 <= len(world.chat("slack", "ann").inbox()) <= 1 + int(fault.truncate or fault.acts)


@pytest.mark.parametrize("trouble", WECOM)
def test_wecom_in_trouble_is_tried_again_and_shows_the_message_once(world: World, trouble: str) -> None:
    fault, least, most = WECOM[trouble]
    world.wecom.script("message/send", fault)
    remind(world, ["ann"], "wecom")
    work(world)
    assert least <= waits(world) <= most
    world.pass_time(minutes=4)
    assert [row.state for row in states(world)] == ["sent"]
    assert len(world.chat("wecom", "ann").inbox()) == 1


@pytest.mark.parametrize(("code", "wait"), [(45009, 60.0), (45033, 5.0)])
def test_wecom_that_throttles_for_minutes_is_asked_once_per_wait_and_shows_the_message_once(
    world: World, code: int, wait: float
) -> None:
    many = int(180 / wait)
    world.wecom.script("message/send", *[errcode(code)] * many)
    remind(world, ["ann"], "wecom")
    found = []
    for _ in range(many):
        work(world)
        found.append(waits(world))
        world.time.advance(seconds=wait)
    assert found == [wait] * many
    work(world)
    assert [row.state for row in states(world)] == ["sent"]
    assert world.wecom.calls["message/send"] == many + 1
    assert len(world.chat("wecom", "ann").inbox()) == 1


def test_a_token_that_wecom_refuses_is_renewed_once_and_nobody_waits(world: World) -> None:
    remind(world, ["ann", "bob"], "wecom")
    world.run_jobs()
    world.wecom.expire_tokens()
    before = world.wecom.calls["gettoken"]
    remind(world, ["ann", "bob"], "wecom")
    world.run_jobs()
    assert {row.state for row in states(world)} == {"sent"}
    assert world.wecom.calls["gettoken"] == before + 1


def test_waits_double_up_to_an_hour_and_after_three_days_the_message_is_dead_with_its_cause(world: World) -> None:
    world.slack.faults.add("chat.postMessage", *[broken(500)] * 200)
    remind(world, ["ann"], "slack")
    began, found = world.time(), []
    while states(world)[0].state == "owed":
        work(world)
        found.append(waits(world))
        world.time.advance(seconds=found[-1] + 1)
    assert world.time() - began > timedelta(hours=72)
    assert all(later >= earlier for earlier, later in zip(found, found[2:10], strict=False))
    assert 48 * 60 <= max(found) <= 72 * 60
    assert (states(world)[0].state, states(world)[0].cause) == ("dead", "slack_http_500?")
    world.slack.faults.clear()
    with world.database.begin(world.acme.org_id) as uow:
        assert [letter.cause for letter in dead_letters.listing(uow)] == ["slack_http_500?"]
        dead_letters.retry(uow, actor=None, which=Which("message", states(world)[0].id))
    world.run_jobs()
    assert states(world)[0].state == "sent"


def test_one_bad_recipient_blocks_nobody(world: World) -> None:
    rivals = add_rivals(world, rounds(short=20, full=1000), ("wecom",))
    del world.wecom.people[rivals[7].user]
    remind_all(world, rivals)
    world.run_jobs()
    found = states(world)
    assert len(found) == len(rivals)
    unsent = [row for row in found if row.state != "sent"]
    assert [row.member_id for row in unsent] == [world.acme.member[rivals[7].name]]
    assert (unsent[0].state, "visible range" in unsent[0].cause) == ("dead", True)


def remind(world: World, names: list[str], platform: str) -> None:
    """A reminder each, owed there."""
    for name in names:
        world.chat(platform, name)
    with world.database.begin(world.acme.org_id) as uow:
        for name in names:
            build.task(uow, world.acme, name, due_at=uow.now)
        tasks.remind_due(uow)


def remind_all(world: World, rivals: list[Rival]) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        for rival in rivals:
            build.task(uow, world.acme, rival.name, due_at=uow.now)
        tasks.remind_due(uow)


def work(world: World) -> None:
    """Do what is due at this moment, and nothing that waits."""
    patience, world.patience = world.patience, timedelta(0)
    world.run_jobs()
    world.patience = patience


def waits(world: World) -> float:
    """Seconds until the next try; none is left of a message that is dead."""
    with world.database.begin(world.acme.org_id) as uow:
        planned: datetime | None = uow.session.scalar(NEXT_TRY, {"o": str(uow.org_id)})
    return round((planned - world.time()).total_seconds(), 3) if planned else 0.0


def states(world: World) -> list[Any]:
    with world.database.begin(world.acme.org_id) as uow:
        return list(uow.session.execute(STATES, {"o": uow.org_id}))

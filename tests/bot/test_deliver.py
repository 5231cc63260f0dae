"""Sending what is owed: nothing is lost, nothing is said twice without need, and what cannot be sent says why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bot import limiter, owed
from bot.context import Reply
from crm.errors import MessageNotDead
from crm.services import dead_letters, placing
from crm.services.dead_letters import Which
from tests import build
from tests.doubles import wecom_faults
from tests.doubles.slack_http import Fault, broken, refused, throttled
from tests.drivers.base import Driver
from tests.world import World, titles

POST = "chat.postMessage"


def owe(world: World, topic: str, *, to: str | None = None, key: str = "k", **more) -> int:
    """Owe a message and keep its job for the test; returns its id."""
    with world.database.begin(world.acme.org_id) as uow:
        uow.notify(topic, to=world.acme.member[to] if to else None, key=key, **more)
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(
            text("delete from procrastinate_jobs where args->>'org_id' = :org"), {"org": str(uow.org_id)}
        )
        return uow.session.scalar(text("select id from message where key = :key and org_id = :org"), who(uow, key))


def who(uow, key):
    return {"key": key, "org": uow.org_id}


def row(world: World, message_id: int):
    with world.database.begin(world.acme.org_id) as uow:
        found = text("select state, cause, attempt, card from message where org_id = :org and id = :id")
        return uow.session.execute(found, {"org": uow.org_id, "id": message_id}).one()


def next_try(world: World, message_id: int) -> tuple[timedelta, int]:
    """In how long the message is tried again, and the number of that try."""
    with world.database.begin(world.acme.org_id) as uow:
        found = text(
            "select scheduled_at, (args->>'attempt')::int as attempt from procrastinate_jobs"
            " where status = 'todo' and task_name = 'deliver' and (args->>'message_id')::int = :id order by id desc"
        )
        job = uow.session.execute(found, {"id": message_id}).first()
        return job.scheduled_at - world.time(), job.attempt


def deliver(world: World, message_id: int, attempt: int = 0) -> None:
    world.work.deliver(world.acme.org_id, message_id, attempt)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Tries in these tests follow each other faster than a platform's second; limits have tests of their own."""
    monkeypatch.setattr(limiter, "PER_PLACE", {})


@pytest.fixture
def ann(world: World) -> Driver:
    return world.chat("slack", "ann")


@pytest.fixture
def for_ann(world: World, ann: Driver) -> int:
    """A message for Ann, who was last seen in Slack."""
    return owe(world, "dispatch.held", to="ann", data={"leads": [1]})


@pytest.mark.parametrize("platform", ["slack", "wecom", "playground"])
def test_a_message_goes_where_its_member_was_seen_last(world, platform):
    ann = world.chat(platform, "ann")
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    deliver(world, message)
    assert titles(ann.inbox()) == ["Nobody is available"]
    assert row(world, message).state == "sent"


def test_the_platforms_own_delay_is_kept(world, for_ann):
    world.slack.faults.add(POST, throttled(37))
    deliver(world, for_ann)
    assert next_try(world, for_ann) == (timedelta(seconds=37), 1)
    assert (row(world, for_ann).state, row(world, for_ann).cause) == ("owed", "ratelimited")


def test_waits_double_while_a_platform_is_down(world, ann, for_ann):
    world.slack.faults.add(POST, broken(503), broken(503), broken(503))
    waits = []
    for attempt in range(3):
        deliver(world, for_ann, attempt)
        waits.append(next_try(world, for_ann)[0].total_seconds())
    assert [round(wait / 2) for wait in waits] == pytest.approx([1, 2, 4], rel=0.25)
    deliver(world, for_ann, 3)
    assert len(ann.inbox()) == 1


@given(st.integers(1, 10_000))
def test_a_wait_is_never_longer_than_an_hour_and_a_bit(attempt):
    assert 1.6 <= owed.back_off(attempt) <= 4320


def test_after_three_days_it_is_dead_and_says_why(world, for_ann):
    world.slack.faults.add(POST, broken(503))
    world.time.advance(hours=73)
    deliver(world, for_ann)
    assert row(world, for_ann).state == "dead"
    assert "503" in row(world, for_ann).cause


def test_what_can_never_be_sent_is_dead_at_once(world, for_ann):
    world.slack.faults.add(POST, refused("missing_scope", needed="chat:write"))
    deliver(world, for_ann)
    assert row(world, for_ann).state == "dead"
    assert "missing_scope" in row(world, for_ann).cause


def test_a_dead_message_is_seen_and_sent_again_on_request(world, ann, for_ann):
    world.slack.faults.add(POST, refused("missing_scope"))
    deliver(world, for_ann)
    with world.database.begin(world.acme.org_id) as uow:
        assert [letter.id for letter in dead_letters.listing(uow)] == [for_ann]
        dead_letters.retry(uow, actor=None, which=Which("message", for_ann))
    world.run_jobs()
    assert len(ann.inbox()) == 1
    with world.database.begin(world.acme.org_id) as uow, pytest.raises(MessageNotDead):
        dead_letters.retry(uow, actor=None, which=Which("message", for_ann))


def test_a_card_that_cannot_be_drawn_is_dead_and_visible(world, ann):
    causes = {"lead.assigned": "not drawn: UndefinedError", "channel.broken": "not drawn: UndefinedError"}
    for topic, cause in causes.items():
        message = owe(world, topic, to="ann", key=topic, data={})
        deliver(world, message)
        assert (row(world, message).state, row(world, message).cause) == ("dead", cause)


def test_who_has_left_is_told_nothing_though_the_account_is_still_there(world, ann):
    with world.database.begin(world.acme.org_id) as uow:
        gone = text("update member set active = false where org_id = :org and id = :me")
        uow.session.execute(gone, {"org": uow.org_id, "me": world.acme.member["ann"]})
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    deliver(world, message)
    assert (row(world, message).state, row(world, message).cause, ann.inbox()) == ("dropped", "member_left", [])


def test_somebody_in_no_chat_cannot_be_told(world):
    with world.database.begin(world.acme.org_id) as uow:
        gone = text("delete from chat_identity where org_id = :org and member_id = :me")
        uow.session.execute(gone, {"org": uow.org_id, "me": world.acme.member["ann"]})
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    deliver(world, message)
    assert (row(world, message).state, row(world, message).cause) == ("dead", "not_linked")


def test_refused_credentials_stop_the_installation(world, for_ann):
    world.slack.faults.add(POST, refused("token_revoked"))
    deliver(world, for_ann)
    assert row(world, for_ann).state == "dead"
    assert (
        world.count("select count(*) from workspace where org_id = :o and dead_at is not null", o=world.acme.org_id)
        == 1
    )


@pytest.mark.parametrize(("topic", "state"), [("pool.recycled", "dropped"), ("dispatch.held", "sent")])
def test_each_topic_knows_what_late_means(world, ann, topic, state):
    with world.database.begin(world.acme.org_id) as uow:
        lead = build.lead(uow, world.acme)
    message = owe(world, topic, to="ann", data={"leads": [lead], "pool": world.acme.pool["open"]})
    world.time.advance(hours=13)
    deliver(world, message)
    assert row(world, message).state == state


def burst(world: World, count: int) -> list[int]:
    with world.database.begin(world.acme.org_id) as uow:
        made = [build.lead(uow, world.acme, name=f"P{n}") for n in range(count)]
    for lead in made:
        with world.database.begin(world.acme.org_id) as uow:
            placing.announce(uow, world.acme.pool["open"], [lead])
        world.time.advance(seconds=0.01)
    return made


@pytest.mark.parametrize("platform", ["slack", "playground"])
def test_twelve_arrivals_are_one_card_in_the_group(world, platform):
    burst(world, 12)
    world.run_jobs()
    channel = f"C{world.acme.org_id}OPEN"
    assert titles(world.chat(platform, "ann").group(channel)) == ["12 new leads in Open"]


def test_a_wecom_member_gets_one_card_for_a_burst(world):
    ann = world.chat("wecom", "ann")
    burst(world, 3)
    world.run_jobs()
    assert titles(ann.inbox()) == ["3 new leads in Open"]


def test_of_many_jobs_of_one_burst_one_sends(world):
    burst(world, 8)
    with world.database.begin(world.acme.org_id) as uow:
        ids = uow.session.scalars(text("select id from message where org_id = :o"), {"o": uow.org_id}).all()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: deliver(world, one), ids))
    states = sorted(row(world, one).state for one in ids)
    assert states == ["merged"] * 7 + ["sent"]


def test_a_card_of_several_leads_follows_each_of_them(world):
    burst(world, 2)
    world.run_jobs()
    bob, channel = world.chat("slack", "bob"), f"C{world.acme.org_id}OPEN"
    bob.says("claim next")
    world.run_jobs()
    assert "claimed by Bob Chen" in bob.group(channel)[-1].text
    bob.says("claim next")
    world.run_jobs()
    assert bob.group(channel)[-1].text.count("claimed by Bob Chen") == 2


def test_who_was_too_late_reads_who_was_faster_and_no_more(world):
    ann = world.chat("wecom", "ann")
    ref = world.arrives(name="Secret Person")
    world.chat("playground", "bob").says(f"claim {ref}")
    world.run_jobs()
    card = ann.inbox()[-1]
    assert f"{ref}" in card.text
    assert "claimed by Bob Chen" in card.text
    assert "Secret Person" not in card.text + card.title


def test_a_group_that_is_gone_is_reported_once_and_its_news_reaches_the_manager(world):
    ada, channel = world.chat("slack", "ada"), f"C{world.acme.org_id}OPEN"
    del world.slack.channels[channel]
    world.arrives()
    world.arrives()
    told = [title.split(" · ")[0] for title in titles(ada.inbox())]
    assert told == ["I can no longer post to open", "New lead in Open", "New lead in Open"]


def test_a_try_after_a_crash_lets_wecom_drop_what_it_has_shown(world):
    ann = world.chat("wecom", "ann")
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    delivery = world.work.delivery
    with world.database.begin(world.acme.org_id) as uow:
        ready = delivery._prepare(uow, message, 0)
    delivery._send(ready)  # and the process is killed before it marks the row
    deliver(world, message, 0)
    assert row(world, message).state == "sent"
    assert len(ann.inbox()) == 1
    assert world.wecom.calls["message/send"] == 2


def test_an_unknown_outcome_is_tried_again_and_shown_once(world):
    ann = world.chat("wecom", "ann")
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    world.wecom.script("message/send", wecom_faults.cut(acts=True))
    deliver(world, message)
    assert row(world, message).cause.endswith("?")
    deliver(world, message, 1)
    assert (row(world, message).state, len(ann.inbox())) == ("sent", 1)


def test_an_unknown_outcome_stays_unknown_when_a_later_try_fails(world):
    ann = world.chat("wecom", "ann")
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    world.wecom.script("message/send", wecom_faults.cut(acts=True), wecom_faults.errcode(45033))
    for attempt in range(3):
        deliver(world, message, attempt)
    assert (row(world, message).state, len(ann.inbox())) == ("sent", 1)


def test_what_a_dead_worker_may_have_shown_is_not_forgotten_while_the_message_waits_for_its_turn(world, monkeypatch):
    ann = world.chat("wecom", "ann")
    message = owe(world, "dispatch.held", to="ann", data={"leads": [1]})
    delivery = world.work.delivery
    with world.database.begin(world.acme.org_id) as uow:
        ready = delivery._prepare(uow, message, 0)
    delivery._send(ready)  # and the process is killed before it marks the row
    with monkeypatch.context() as busy:
        busy.setattr(delivery, "_wait", lambda _uow, _ready: 5.0)
        deliver(world, message, 0)
    deliver(world, message, 0)
    assert (row(world, message).state, len(ann.inbox())) == ("sent", 1)


def test_an_earlier_try_that_wakes_up_late_sends_nothing(world, ann, for_ann):
    world.slack.faults.add(POST, throttled(1))
    deliver(world, for_ann)
    deliver(world, for_ann, 1)
    deliver(world, for_ann, 0)
    assert len(ann.inbox()) == 1


def test_a_crash_of_ours_is_tried_a_few_times_then_dead(world, for_ann, monkeypatch):
    def crash(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(world.bot.platforms["slack"], "send", crash)
    for attempt in range(5):
        assert row(world, for_ann).state == "owed"
        deliver(world, for_ann, attempt)
    assert (row(world, for_ann).state, row(world, for_ann).cause) == ("dead", "crash: ZeroDivisionError")


def test_wecom_gets_no_more_than_it_shows_and_nothing_is_lost(world):
    ann, ids = world.chat("wecom", "ann"), []
    world.wecom.now = lambda: world.time().timestamp()
    ids = [owe(world, "dispatch.held", to="ann", key=f"k{n}", data={"leads": [1] * (n + 1)}) for n in range(40)]
    for minute in range(4):
        world.time.set(build.NOW + timedelta(minutes=minute, seconds=55 if minute % 2 == 0 else 5))
        for message in ids:
            deliver(world, message, 0)
    assert world.wecom.dropped.total() == 0
    assert {row(world, message).state for message in ids} == {"sent"}
    assert len(ann.inbox()) == 40


def test_a_message_that_waits_for_its_turn_has_not_used_up_a_try(world):
    world.chat("wecom", "ann")
    ids = [owe(world, "dispatch.held", to="ann", key=f"k{n}", data={"leads": [1] * (n + 1)}) for n in range(15)]
    world.time.set(datetime.fromisoformat("2026-03-04T02:00:20+00:00"))
    for message in ids:
        deliver(world, message)
    assert (row(world, ids[-1]).state, row(world, ids[-1]).attempt) == ("owed", 0)
    assert next_try(world, ids[-1]) == (timedelta(seconds=40), 0)


def test_a_secret_shown_once_is_sealed_while_it_waits_and_gone_afterwards(world):
    ada = world.chat("wecom", "ada")
    world.wecom.script("message/send", wecom_faults.status(500))
    world.patience = timedelta(0)
    ada.says("sources new Fair")
    with world.database.begin(world.acme.org_id) as uow:
        found = text("select card, state from message where org_id = :o and topic = 'answer' order by id desc limit 1")
        waiting = uow.session.execute(found, {"o": uow.org_id}).one()
    assert waiting.state == "owed"
    sealed = waiting.card["shown_once"]
    key = world.bot.workspaces.vault.open_all(sealed.encode())["key"]
    assert key not in str(waiting.card)
    world.time.advance(seconds=10)
    world.run_jobs()
    assert key in ada.inbox()[-1].text
    assert (
        world.count("select count(*) from message where org_id = :o and card ? 'shown_once'", o=world.acme.org_id) == 0
    )
    assert Reply.restored({**Reply("x").stored(), "once": ["key"]}).once == {"key": None}


def test_a_lost_answer_is_posted_again_in_slack_at_most_once_more(world, ann, for_ann):
    world.slack.faults.add(POST, Fault(cut=True, acts=True))
    deliver(world, for_ann)
    deliver(world, for_ann, 1)
    assert (row(world, for_ann).state, len(ann.inbox())) == ("sent", 2)

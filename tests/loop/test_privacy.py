"""P29 and P30: who may not see a contact never does, and a customer who was erased is nowhere any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from tests import build, marked
from tests.bot.asking import says
from tests.world import PLATFORMS, World, move_in


@pytest.fixture
def world(database, house, time) -> Iterator[World]:
    with move_in(house, time, rules=marked.RULES, base=database) as opened:
        yield opened


@pytest.fixture
def owner(migrated_url: str) -> Iterator[Connection]:
    engine = create_engine(migrated_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def found(world: World, owner: Connection, marks: tuple[str, ...] = marked.MARKS) -> list[tuple[str, str]]:
    """Where a mark still stands, and which."""
    rows = marked.everything(owner, world.acme.org_id)
    return sorted({(table, mark) for table, line in rows for mark in marks if mark.lower() in line.lower()})


def erases(world: World, ref: str) -> str:
    """An admin erases the customer of a lead: one card, one tap."""
    card = world.chat("playground", "ada").says(f"privacy erase {ref}")
    answer = world.chat("playground", "ada").taps(card, "Erase for good")
    world.run_jobs()
    return answer.title


def test_an_erased_customer_is_nowhere_any_more(world: World, owner: Connection) -> None:
    ref = marked.busy_day(world)
    before = {table for table, _mark in found(world, owner)}
    assert {
        "person",
        "person_key",
        "lead",
        "activity",
        "task",
        "question",
        "attachment",
        "playground_message",
    } <= before
    assert "being erased" in erases(world, ref)
    owner.rollback()
    assert found(world, owner) == []
    assert world.count("select count(*) from erasure where basis = 'request'") == 1


def test_cards_that_stand_in_the_chats_are_drawn_over(world: World) -> None:
    ref = marked.busy_day(world)
    erases(world, ref)
    standing = [f"{each.text} {each.blocks}" for each in world.slack.messages if not each.seen_by]
    standing += [f"{each.body} {each.card}" for each in world.wecom.sent if not each.recalled]
    assert [each for each in standing if any(mark.lower() in each.lower() for mark in marked.MARKS)] == []


def sees(world: World, name: str) -> str:
    """All that somebody has ever been shown, on every platform, groups included."""
    user = {platform: build.external(platform, name, world.acme.org_id) for platform in PLATFORMS}
    params = {"as": user["playground"], "workspace": f"playground-{world.acme.org_id}"}
    played = world.client.get("/playground/api/messages", params=params).json()["messages"]
    direct = world.slack.direct(user["slack"])
    slack = [each for each in world.slack.messages if each.seen_by in ("", user["slack"]) and (
        each.seen_by or each.channel.startswith("C") or each.channel == direct)]  # fmt: skip
    wecom = world.wecom.messages(user["wecom"])
    return f"{played} {[(each.text, each.blocks) for each in slack]} {[(each.body, each.card) for each in wecom]}"


def shows(words: str, marks: tuple[str, ...]) -> list[str]:
    return [mark for mark in marks if mark.lower() in words.lower()]


def test_who_may_not_see_a_contact_never_does(world: World, capfd, caplog) -> None:
    ref = marked.comes_in(world)
    asked = [f"lead {ref}", f"find {marked.PHONE[-4:]}", f"find {marked.NAME}", f"why {ref}", "pool", "today", "funnel"]
    for platform, name in (("slack", "bob"), ("wecom", "bob"), ("playground", "bob"), ("slack", "cyd")):
        for words in asked:
            world.chat(platform, name).says(words)
    marked.busy_day(world)
    for platform, name in (("slack", "cyd"), ("wecom", "dan"), ("playground", "max")):
        for words in asked:
            world.chat(platform, name).says(words)
    world.chat("slack", "max").says("export decisions today")
    seen = {name: shows(sees(world, name), marked.CONTACTS) for name in ("bob", "cyd", "dan", "max")}
    assert seen == {"bob": [], "cyd": [], "dan": [], "max": []}
    out, err = capfd.readouterr()
    assert shows(out + err + caplog.text, marked.MARKS) == []
    assert shows(world.client.get("/metrics").text, marked.MARKS) == []


def test_jobs_messages_and_deliveries_carry_nothing_of_a_customer(world: World, owner: Connection) -> None:
    marked.busy_day(world)
    technical = {"procrastinate_jobs", "message", "delivery", "posted_card", "audit", "happening", "run"}
    said = (*marked.CONTACTS, *marked.WORDS)
    assert [(table, mark) for table, mark in found(world, owner, said) if table in technical] == []
    assert [mark for table, mark in found(world, owner) if table == "procrastinate_jobs"] == []


def test_an_answer_that_comes_late_waits_sealed(world: World, owner: Connection) -> None:
    waiting = says(world, f"new {marked.NAME}, {marked.PHONE}")
    world.bot.dispatcher._later(waiting)
    jobs = text("select args from procrastinate_jobs where task_name = 'answer_late' order by id desc limit 1")
    assert shows(str(owner.scalar(jobs)), marked.MARKS) == []
    world.run_jobs()
    assert world.count("select count(*) from message where topic = 'answer'") == 1

"""P29 and P30: who may not see a contact never does, and a customer who was erased is nowhere any more."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from tests import build, marked
from tests.bot.asking import ask, says, shown, taps, told
from tests.world import PLATFORMS, World, move_in

TECHNICAL = {"procrastinate_jobs", "message", "delivery", "posted_card", "audit", "happening", "run"}


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


def test_a_customer_is_in_no_job_or_message_and_once_erased_nowhere(world: World, owner: Connection) -> None:
    ref = marked.busy_day(world)
    before = found(world, owner)
    assert {"person", "person_key", "lead", "activity", "task", "question", "attachment"} <= {row[0] for row in before}
    assert {"playground_message", "playground_file", "pending_line", "saved_list"} <= {row[0] for row in before}
    # What somebody searches for, and the name of an own list, stand in answers that are kept for repeats.
    assert [row for row in before if row[0] in TECHNICAL and row != ("delivery", marked.NAME)] == []
    assert "being erased" in erases(world, ref)
    owner.rollback()
    assert found(world, owner) == []
    assert world.count("select count(*) from erasure where basis = 'request'") == 1
    standing = [f"{each.text} {each.blocks}" for each in world.slack.messages if not each.seen_by]
    standing += [f"{each.body} {each.card}" for each in world.wecom.sent if not each.recalled]
    assert [each for each in standing if shows(each, marked.MARKS)] == []


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
    asked = [f"lead {ref}", f"find {marked.PHONE[-4:]}", f"why {ref}", "pool"]
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


def test_an_answer_that_comes_late_waits_sealed(world: World, owner: Connection) -> None:
    waiting = says(world, f"new {marked.NAME}, {marked.PHONE}")
    world.bot.dispatcher._later(waiting)
    jobs = text("select args from procrastinate_jobs where task_name = 'answer_late' order by id desc limit 1")
    assert shows(str(owner.scalar(jobs)), marked.MARKS) == []
    world.run_jobs()
    assert world.count("select count(*) from message where topic = 'answer'") == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_customers_data_is_fetched_by_a_link_of_ones_own(world: World, platform: str) -> None:
    ref = marked.comes_in(world)
    ada = world.chat(platform, "ada")
    card = ada.says(f"privacy export {ref}")
    world.run_jobs()
    address = re.search(r"/person/[\w=-]+", str([card.raw, *(each.raw for each in ada.inbox())]))
    assert address is not None
    answer = world.client.get(address.group())
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        told = json.loads(packed.read("person.json"))
    assert told["person"][0]["name"] == marked.NAME
    assert {row["value"] for row in told["person_key"]} >= {f"+86{marked.PHONE}", marked.EMAIL, marked.WECHAT}
    assert told["activity"][0]["words"] == "vorpalform"
    assert told["came from"][0]["key"] == "web"
    assert answer.headers["cache-control"] == "no-store"
    world.time.advance(minutes=16)
    assert world.client.get(address.group()).status_code == 404


@pytest.mark.parametrize("words", ["export", "erase", "stop", "resume", "allow"])
def test_only_an_admin_may(world: World, words: str) -> None:
    ref = marked.comes_in(world)
    said = f"privacy allow {marked.PHONE}" if words == "allow" else f"privacy {words} {ref} a reason"
    assert "admins" in told(world, said, "mia")
    assert world.count("select count(*) from audit") == 0


def test_a_tap_of_somebody_who_is_no_admin_any_more_erases_nothing(world: World) -> None:
    ref = marked.comes_in(world)
    person = world.count("select id from person")
    assert "admins" in shown(ask(world, taps(world, "privacy.erase_now", f"{ref} {person}", "mia")))
    world.run_jobs()
    assert world.count("select count(*) from person where name <> ''") == 1


def test_managers_see_who_of_their_teams_looked_at_a_contact(world: World) -> None:
    ref = marked.comes_in(world)
    told(world, f"reveal {ref}")
    assert f"Ann Li · {ref}" in told(world, "reveals week", "mia")
    assert "Ann Li" not in told(world, "查看记录 本周", "max")
    assert "managers" in told(world, "reveals week", "bob")
    card = ask(world, says(world, "export reveals week", "mia")).card
    address = re.search(r"/export/[\w=-]+", str(card))
    assert address is not None
    assert f"Ann Li,{ref},chat" in world.client.get(address.group()).text

"""The judge of the storm can see: a fair day is in order, and each thing that must not be is found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crm.db import Database
from crm.services import clocks
from ops.sockets import Sockets
from tests import build
from tests.chaos import verdict
from tests.chaos.courier import Courier, Numbers
from tests.chaos.house import RULES, House
from tests.chaos.load import Lane, Market, Person
from tests.promises.server import Server
from tests.world import open_world

# What is done to the records of that day, and what the judge has to call it.
TAMPERED = {
    "acknowledged and lost": "delete from delivery where key like 'wecom:%'",
    "a mistake of ours": 'update delivery set answer = answer || \'{"card": "failed"}\''
    " where answer->>'card' = 'lead'",
    "answered without effect": "update activity set words = null where verb = 'logged'",
    "done twice": "update activity set words = (select words from activity where verb = 'task_set')"
    " where verb = 'noted' and words like '%kx3z'",
    "a countdown that is not the one enforced": "update lead set recycle_at = recycle_at + interval '1 hour'",
    "an open lead's owner is whom its open assignment names": "update lead set owner_id = 1 where number = 1002",
    "no message is still owed": "update message set state = 'owed' where key like '%wecom%'",
}


@pytest.fixture
def house(own_url: str, redis_url: str, engines: Sockets) -> Iterator[House]:
    """Without processes: the doors of this one."""
    with ExitStack() as stack:
        database = Database(own_url)
        stack.callback(database.close)
        world = stack.enter_context(open_world(own_url, redis_url, build.clock(), rules=RULES, base=database))
        world.time.set(datetime.now(UTC))
        port = int(world.wire.url.partition("/slack")[0].rpartition(":")[2])
        yield House(world, cast("Server", SimpleNamespace(sockets=engines)), [port, port])


def test_a_fair_day_is_in_order_and_whatever_is_wrong_is_found(house: House) -> None:
    ask(house)
    house.world.run_jobs()
    assert verdict.give(house).wrong == {}
    with house.owner() as session:
        for statement in TAMPERED.values():
            session.execute(statement)
    house.world.slack.messages += [copy(each) for each in house.world.slack.messages]
    found = verdict.give(house).wrong
    assert {*TAMPERED, "shown twice without a cause"} <= set(found)
    house.world.slack.messages.clear()
    assert "sent and never shown" in verdict.give(house).wrong


def ask(house: House) -> None:
    """Ann works on two leads, in Slack by command, in Slack by a message, and Bob in WeCom."""
    world, market = house.world, Market()
    lane = Lane(
        [], random.Random(1), Courier(house.ports, house.ledger, random.Random(1)), house.ledger, market, Numbers(),
        world.wire, replace(world.caller), market,
    )  # fmt: skip
    refs = [world.lead(owner="ann"), world.lead(owner="ann"), world.lead(owner="bob")]
    with world.database.begin(world.acme.org_id) as uow:
        clocks.restart(uow, [1, 2, 3])
    ann, bob = (person(house, *who) for who in (("slack", "ann"), ("wecom", "bob")))
    answers = [
        lane._message(ann, "log", f"log {refs[0]} called kx1z", "kx1z"),
        lane._message(ann, "note", f"note {refs[1]} kx3z", "kx3z"),
        lane._say(bob, "remind", f"remind {refs[2]} tomorrow 3pm kx2z", "kx2z"),
    ]
    assert None not in answers


def person(house: House, platform: str, name: str) -> Person:
    acme = house.world.acme
    known: dict[str, Any] = {"user": build.external(platform, name, acme.org_id), "member_id": acme.member[name]}
    return Person(platform, known["user"], known["member_id"], [])

"""P12: a 2xx means that it is safe: the web process is killed under load, and nothing that it acknowledged is lost."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from sqlalchemy import text

from crm.db import Database
from tests import build
from tests.doubles.slack import SlackDouble
from tests.doubles.wecom import WeComDouble
from tests.doubles.wecom_caller import Caller
from tests.drivers.slack_wire import Wire
from tests.promises import processes
from tests.rounds import rounds
from tests.serving import call

LANES = 3
KILLS = rounds(short=10, full=200)
AWAY = (requests.RequestException, OSError)


@dataclass
class Load:
    """People who do not stop typing, and what they were answered."""

    acme: build.Company
    wire: Wire
    caller: Caller
    ref: str
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[str, Any] = field(default_factory=dict)
    again: dict[str, Callable[[], Any]] = field(default_factory=dict)

    def type_on(self, lane: int) -> None:
        """One person: a command after the other, some to Slack and some to WeCom."""
        for number in itertools.count():
            name = f"call-{lane}-{number}"
            self.again[name] = self._command(name) if number % 3 else self._callback(name)
            try:
                self.acknowledged[name] = self.again[name]()
            except AWAY:
                time.sleep(0.05)
            if self.stop.is_set():
                return

    def goes_on(self, chance: random.Random) -> None:
        """Some more commands are acknowledged, and then a moment passes that ends anywhere in those under way."""
        more = len(self.acknowledged) + chance.randint(1, 9)
        processes.until(lambda: len(self.acknowledged) >= more)
        time.sleep(chance.uniform(0, 0.02))

    def _command(self, name: str) -> Callable[[], Any]:
        user = build.external("slack", "ann", self.acme.org_id)
        fields = self.wire.command_fields(user, f"remind {self.ref} tomorrow 3pm {name}", "D" + user[1:])

        def post() -> str:
            response = self.wire.form(fields)
            response.raise_for_status()
            return str(response.json()["text"]).partition("\n[")[0]

        return post

    def _callback(self, name: str) -> Callable[[], Any]:
        user = build.external("wecom", "ann", self.acme.org_id)
        words = f"remind {self.ref} tomorrow 3pm {name}"
        xml = self.caller.message(user, MsgType="text", Content=words, MsgId=next(self.caller.ids))

        def post() -> bytes:
            status, body = self.caller.post(*self.caller.sealed(xml))
            if status != 200:
                raise OSError(status)
            return body

        return post


@pytest.fixture
def house(database: Database) -> Iterator[tuple[build.Company, SlackDouble, WeComDouble, str]]:
    acme, slack = build.company(database), SlackDouble()
    with database.begin(acme.org_id) as uow:
        ref = build.read(uow, build.lead(uow, acme, owner="ann")).ref
    with WeComDouble() as wecom, processes.path_for_children():
        yield acme, slack, wecom, ref
    slack.stop()


def test_what_was_acknowledged_survives_kills_of_the_server_and_happened_once(
    database: Database, migrated_url: str, redis_url: str, house: Any
) -> None:
    acme, slack, wecom, ref = house
    port = processes.free_port()
    env = processes.environment(migrated_url, redis_url, slack, wecom, port)
    load = Load(acme, Wire(f"127.0.0.1:{port}", slack, team=f"T{acme.org_id:08d}"), caller(acme, port), ref)
    web = start(env, port)
    with ThreadPoolExecutor(LANES) as lanes:
        typing = [lanes.submit(load.type_on, lane) for lane in range(LANES)]
        for seed in range(KILLS):
            load.goes_on(random.Random(seed))
            processes.kill(web)
            web = start(env, port)
        load.stop.set()
    assert [each.exception() for each in typing] == [None] * LANES
    answers = {name: load.again[name]() for name in load.acknowledged}
    load.wire.close()
    processes.kill(web)
    happened = count(database, acme)
    assert answers == load.acknowledged
    assert len(answers) > KILLS
    assert {name: happened.get(name) for name in answers} == dict.fromkeys(answers, 1)
    assert max(happened.values()) == 1


def start(env: processes.Environment, port: int) -> Any:
    web = processes.start_web(env)
    processes.until(lambda: processes.answers(port))
    return web


def caller(acme: build.Company, port: int) -> Caller:
    return Caller(
        post=lambda path, body: call(f"127.0.0.1:{port}", "POST", path, body), corp_id=f"ww{acme.org_id:016d}",
        agent_id=1000002, token="token", aes_key="k" * 43,
    )  # fmt: skip


def count(database: Database, acme: build.Company) -> dict[str, int]:
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(text("select words, count(*) from task group by words"))
        return dict(tuple(row) for row in rows)

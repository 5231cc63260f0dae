"""A claim from the wire to the answer: signed by Slack, sealed by WeCom, sixteen at once, into one web process.

The reference is composed of what nobody can leave out: the library's own acknowledgement, and the same claim in SQL by
hand. The three take turns, so that whatever else the machine does falls on all alike.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryFile

from sqlalchemy import text

from bench import raw_claim, signed
from bench.driver import Driven, drive
from bench.frame import Env, Figure, percentile
from bench.seed import REPS, VAULT_KEY, Seeded
from crm.db import Database

# Of the composed reference.
AIMS = {"Slack": 0.6, "WeCom": 0.5}
LEADS, CONNECTIONS, ROUNDS, EACH, WARM_UP = 30_000, 16, 4, 400, 480
PATIENCE = 180.0
_FREE = text("select number from lead where org_id = :org and owner_id is null and status = 'open' order by number")
_POST = text(
    """
    insert into posted_card (org_id, workspace_id, lead_id, card, handle, place, wanted, shown, live, posted_at)
    select l.org_id, w.id, l.id, '{"card": "arrived", "args": {}}', '{}', 'C1:' || l.id, 0, 0, true, :now
    from lead l join workspace w on w.org_id = l.org_id and w.platform = 'slack'
    where l.org_id = :org and l.owner_id is null and l.status = 'open'
    """
)
_TAKEN = text("select count(*) from claim_entry where org_id = :org")
Request = Callable[[str, int, int], bytes]
DOORS: dict[str, Request] = {
    "Slack": lambda key, rep, n: signed.slack_command(f"T{key}", f"U{key}{rep}", f"claim L-{n}"),
    "WeCom": lambda key, rep, n: signed.wecom_text(f"ww{key}", f"{key}{rep}", f"claim L-{n}"),
}


@dataclass
class Samples:
    """Requests per second of each turn, and the milliseconds of each of our claims."""

    bare: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    each: list[float] = field(default_factory=list)

    def figures(self, name: str) -> list[Figure]:
        """Claims per second; the reference does a bare acknowledgement and a raw claim one after the other."""
        composed = [1 / (1 / bare + 1 / raw) for bare, raw in zip(self.bare, self.raw, strict=True)]
        ours, reference = (sum(rates) / len(rates) for rates in (self.ours, composed))
        p50, p99 = (percentile(self.each, at) for at in (50, 99))
        return [
            Figure(
                f"{name} claim, {CONNECTIONS} at once", ours, "/s", reference, ours / reference, AIMS[name], "at_least"
            ),
            Figure(f"{name} claim, {CONNECTIONS} at once (p50)", p50, "ms"),
            Figure(f"{name} claim, {CONNECTIONS} at once (p99)", p99, "ms", target=150),
        ]


@dataclass
class Turns:
    """One door's turns: bare, raw, ours, and again. Leads are taken from `numbers`, each once.

    `answers`: the answer is a message of its own, not the HTTP response.
    """

    database: Database
    seeded: Seeded
    numbers: Iterator[int]
    request: Request
    answers: bool
    samples: Samples = field(default_factory=Samples)

    def warm_up(self, bare: int, ours: int) -> None:
        """What a process does once is done: imports, templates, the plans of each connection, each rep's greeting."""
        self._drive(bare, range(WARM_UP))
        self._drive(ours, islice(self.numbers, WARM_UP))

    def turn(self, bare: int, ours: int, many: int) -> None:
        """One turn of each on these ports."""
        self.samples.bare.append(many / self._drive(bare, range(many)).seconds)
        by_hand = list(islice(self.numbers, many))
        seconds = raw_claim.claim_all(self.database.url, self.seeded, by_hand, CONNECTIONS, answers=self.answers)
        self.samples.raw.append(many / seconds)
        before = self._taken()
        driven = self._drive(ours, islice(self.numbers, many))
        if self._taken() - before != many:
            raise AssertionError(f"claims were refused: {driven.last}")
        self.samples.ours.append(many / driven.seconds)
        self.samples.each += driven.each

    def _drive(self, port: int, numbers: Iterable[int]) -> Driven:
        requests = [self.request(self.seeded.key, at % REPS, number) for at, number in enumerate(numbers)]
        driven = drive(port, requests, CONNECTIONS)
        if driven.failed:
            raise AssertionError(driven.failed[0])
        return driven

    def _taken(self) -> int:
        with self.database.begin(self.seeded.org_id) as uow:
            return int(uow.session.scalar(_TAKEN, {"org": self.seeded.org_id}) or 0)


def run(env: Env) -> list[Figure]:
    """Both doors against their composed references."""
    database, seeded = env.company(LEADS, "doors")
    numbers = _standing(database, seeded)
    many = min(EACH, (len(numbers) // len(DOORS) - WARM_UP) // (2 * ROUNDS))
    given = iter(numbers)
    figures: list[Figure] = []
    with serving("bench.bare") as bare, serving("ops", "serve", **settings(env, database)) as ours:
        for name, request in DOORS.items():
            turns = Turns(database, seeded, given, request, answers=name == "WeCom")
            turns.warm_up(bare, ours)
            for _ in range(ROUNDS):
                turns.turn(bare, ours, many)
            figures += turns.samples.figures(name)
    return figures


def _standing(database: Database, seeded: Seeded) -> list[int]:
    """Every lead of the pool was announced, and its card stands in a channel; returns their numbers."""
    with database.begin(seeded.org_id) as uow:
        uow.session.execute(_POST, {"org": seeded.org_id, "now": uow.now})
        return list(uow.session.scalars(_FREE, {"org": seeded.org_id}))


def settings(env: Env, database: Database) -> dict[str, str]:
    return {
        "SLUICE_DATABASE_URL": database.url, "SLUICE_REDIS_URL": env.sockets.redis_url, "SLUICE_SECRET_KEY": VAULT_KEY,
        "SLUICE_SLACK_SIGNING_SECRET": signed.SLACK_SECRET,
    }  # fmt: skip


@contextmanager
def serving(module: str, *arguments: str, **settings: str) -> Iterator[int]:
    """A web process of its own on a free port of loopback; yields the port when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | settings | {"SLUICE_PORT": str(port)}
    with TemporaryFile() as log:
        child = subprocess.Popen([sys.executable, "-m", module, *arguments], env=environment, stderr=log)
        try:
            if not _answers(port, child):
                log.seek(0)
                raise RuntimeError(f"the web process did not start: {log.read().decode()[-2000:]}")
            yield port
        finally:
            child.terminate()
            child.wait(20)


def _answers(port: int, child: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while child.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return True
    return False

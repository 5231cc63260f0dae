"""Two web and three worker processes on one PostgreSQL and Valkey of their own; who dies is started again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess

import psycopg
from sqlalchemy import insert, text

from crm.models import Pool, PoolScope
from tests import build
from tests.chaos.ledger import Ledger
from tests.doubles.wecom_faults import errcode
from tests.promises import processes
from tests.promises.server import Server
from tests.world import World

WEBS, WORKERS, CAP, PER_DAY = 2, 3, 14, 25
RESCUE_AFTER = 15.0
# A disk that is always full: some of the processes write their logs to it.
FULL = "/dev/full"
RULES = f"""
claim: {{per_day: {PER_DAY}, capacity: {{default: {CAP}}}, cool_down: 0d, embargo: 0d}}
recycle: [{{name: neglected, no_follow_up: 2d}}]
warn: [1d, 2h]
breaker: {{at_least: 1000000}}
affinity: false
"""


@dataclass
class Place:
    """Where one process runs: killed at any time, it is started again by the watch."""

    start: Callable[[], ForkServerProcess]
    process: ForkServerProcess | None = None
    starts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        """Start it where it does not run."""
        with self._lock:
            if self.process is None or not self.process.is_alive():
                self.process = self.start()
                self.starts += 1

    def kill(self) -> None:
        """kill -9, if it runs."""
        with self._lock:
            if self.process is not None:
                processes.kill(self.process)
                self.process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It does nothing at all while the block runs."""
        self._send(signal.SIGSTOP)
        yield
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        with self._lock:
            if self.process is not None and self.process.is_alive() and self.process.pid:
                os.kill(self.process.pid, number)


@dataclass
class House:
    """All of it."""

    world: World
    server: Server
    ports: Sequence[int]
    ledger: Ledger = field(default_factory=Ledger)
    webs: list[Place] = field(default_factory=list)
    workers: list[Place] = field(default_factory=list)

    @property
    def places(self) -> list[Place]:
        return [*self.webs, *self.workers]

    @contextmanager
    def open(self) -> Iterator[None]:
        """All processes run, and who dies is started again, while the block runs."""
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,), daemon=True)
        watch.start()
        try:
            processes.until(lambda: all(processes.answers(port) for port in self.ports), 300)
            yield
        finally:
            over.set()
            watch.join()
            for place in self.places:
                place.kill()

    def owner(self) -> psycopg.Connection[tuple[object, ...]]:
        """A session of the database's owner, who sees everything and makes nobody wait."""
        session = self.server.sockets.connect(self.world.database.engine.url.database or "")
        session.execute("set lock_timeout = '300ms'")
        return session

    def calm(self) -> None:
        """Nothing goes wrong any more: whatever is wanted is there, and the dead are known to be dead."""
        self.world.slack.faults.clear()
        self.world.wecom.calm()
        for worker in self.workers:
            worker.kill()
        with self.owner() as session:
            session.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")

    def _watch(self, over: threading.Event) -> None:
        while not over.is_set():
            for place in self.places:
                place.look()
            over.wait(0.2)


def furnish(world: World, server: Server) -> House:
    """Processes, and a company that is at home on Slack and WeCom, a team and a pool for what sources post."""
    world.wecom.script("department/list", *[errcode(60011)] * 10_000)
    house = House(world, server, [processes.free_port() for _ in range(WEBS)])
    urls = (world.database.url, world.bot.settings.redis_url, world.slack, world.wecom)
    said = str(server.engines.data_dir / "log" / "processes.log")
    logs = [FULL, said, said]
    limits = {"SLUICE_PERSON_PER_MINUTE": "0", "SLUICE_COMPANY_PER_MINUTE": "0", "SLUICE_SEARCHES_PER_MINUTE": "0"}
    normal = limits | {"SLUICE_STATEMENT_TIMEOUT_MS": "1500"}
    for port, log in zip(house.ports, logs, strict=False):
        env = {**processes.environment(*urls, port), **normal}
        house.webs.append(Place(lambda env=env, log=log: processes.start_web(env, log=log)))  # type: ignore[misc]
    env = {**processes.environment(*urls, 0), **limits}
    for log in logs:
        start = lambda log=log: processes.start_worker(env, log=log, rescue_after=RESCUE_AFTER)  # noqa: E731
        house.workers.append(Place(start))
    _settle(world)
    return house


def _settle(world: World) -> None:
    """What sources post goes to a pool of team south, whose people and channel are in Slack."""
    acme = world.acme
    with world.database.begin(acme.org_id) as uow:
        known = {
            "org_id": uow.org_id,
            "key": "south",
            "name": "South",
            "admin_id": acme.member["max"],
            "created_at": uow.now,
        }
        pool = uow.session.scalars(insert(Pool).values(**known).returning(Pool.id)).one()
        scope = {"org_id": uow.org_id, "pool_id": pool, "department_id": acme.department["south"]}
        uow.session.execute(insert(PoolScope).values(**scope))
        acme.pool["south"] = pool  # type: ignore[index]
        uow.session.execute(text("update source set pool_id = :p where org_id = :o"), {"p": pool, "o": acme.org_id})
        uow.session.execute(
            text(
                "delete from chat_identity c using workspace w"
                " where c.org_id = :o and w.id = c.workspace_id and w.platform <> 'slack'"
            ),
            {"o": acme.org_id},
        )
        build.group(uow, acme, "slack", pool="south")
    world.slack.channels[f"C{acme.org_id}SOUTH"] = {"is_member": True}
    world.slack.channels[f"C{world.wire.team}SALES"] = {"is_member": True}

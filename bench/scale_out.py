"""More processes of a kind beside each other: what 2 and 4 workers send, and 2 web processes answer, against one.

Workers send owed messages to platforms that take everything at once; web processes answer signed claims and lists. All
share one PostgreSQL on the same machine, so its cores are the ceiling: with two of them, processes beyond the second
share what is left, and the ratios say how much is lost by that, not how far a company with more cores comes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count, islice, repeat
from subprocess import Popen
from tempfile import TemporaryFile

from sqlalchemy import TextClause, text

from bench import signed
from bench.doors import serving, settings
from bench.driver import drive
from bench.frame import Env, Figure
from bench.seed import REPS, Seeded
from crm.db import Database

LEADS, MESSAGES, REQUESTS, WARM_UP, CONNECTIONS = 30_000, 600, 800, 320, 16
PATIENCE = 60.0
_ALIVE = text("select count(*) from procrastinate_workers where last_heartbeat > now() - interval '30 s'")
_OWED = text("select count(*) from message where org_id = :org and state = 'owed'")
_SENT = text("select count(*) from message where org_id = :org and state = 'sent'")
_UNSENT = text(
    "select state, cause, count(*) as many from message where org_id = :org and state <> 'sent' group by 1, 2"
)
_FREE = text("select number from lead where org_id = :org and owner_id is null and status = 'open' order by number")


def run(env: Env) -> list[Figure]:
    """Workers first, then web processes."""
    database, seeded = env.company(LEADS, "scale_out")
    environment = settings(env, database) | {"SLUICE_PERSON_PER_MINUTE": "0", "SLUICE_COMPANY_PER_MINUTE": "0"}
    return [*_workers(database, seeded, environment), *_webs(database, seeded, environment)]


def _workers(database: Database, seeded: Seeded, environment: dict[str, str]) -> Iterator[Figure]:
    keys, alone = count(1), 0.0
    with ExitStack() as running:
        for many in (1, 2, 4):
            while (alive := _count(database, seeded, _ALIVE)) < many:
                running.enter_context(_worker(environment))
                _until(lambda others=alive: _count(database, seeded, _ALIVE) > others)
            _work_off(database, seeded, islice(keys, MESSAGES // 5))
            rate = MESSAGES / _work_off(database, seeded, islice(keys, MESSAGES))
            alone = alone or rate
            yield Figure(f"deliveries by {many} worker{'s' * (many > 1)}", rate, "/s", alone, rate / alone)


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[None]:
    with TemporaryFile() as log:
        child = Popen([sys.executable, "-m", "bench.null_worker"], env=os.environ | environment, stderr=log)
        try:
            yield
        finally:
            child.terminate()
            child.wait(20)


def _work_off(database: Database, seeded: Seeded, keys: Iterator[int]) -> float:
    """Owe messages and wait until all are sent; returns the seconds."""
    before, numbers = _count(database, seeded, _SENT), list(keys)
    with database.begin(seeded.org_id) as uow:
        for number in numbers:
            uow.notify("tour", to=seeded.reps[number % len(seeded.reps)], key=f"bench:{number}", data={"step": 1})
    start = time.perf_counter()
    _until(lambda: _count(database, seeded, _OWED) == 0)
    seconds = time.perf_counter() - start
    if (sent := _count(database, seeded, _SENT) - before) != len(numbers):
        raise AssertionError(f"of {len(numbers)} messages {sent} were sent; the others: {_others(database, seeded)}")
    return seconds


def _webs(database: Database, seeded: Seeded, environment: dict[str, str]) -> Iterator[Figure]:
    free = _free(database, seeded)
    alone: dict[str, float] = {}
    with ExitStack() as running:
        ports: list[int] = []
        for many in (1, 2):
            ports.append(running.enter_context(serving("ops", "serve", **environment)))
            for words in ("my", "claim"):
                lines = (f"claim L-{n}" for n in free) if words == "claim" else repeat(words)
                _answered(ports, seeded, list(islice(lines, WARM_UP)))
                rate = _answered(ports, seeded, list(islice(lines, REQUESTS)))
                first = alone.setdefault(words, rate)
                name = f"Slack {words} by {many} web process{'es' * (many > 1)}, {CONNECTIONS} at once"
                yield Figure(name, rate, "/s", first, rate / first)


def _answered(ports: list[int], seeded: Seeded, lines: list[str]) -> float:
    """Answers a second of all ports together; each has its share of the lines and of the connections."""
    asked = [signed.slack_command(f"T{seeded.key}", f"U{seeded.key}{n % REPS}", line) for n, line in enumerate(lines)]
    each = CONNECTIONS // len(ports)
    with ThreadPoolExecutor(len(ports)) as pool:
        found = [pool.submit(drive, port, asked[at :: len(ports)], each) for at, port in enumerate(ports)]
        driven = [one.result() for one in found]
    if failed := [words for one in driven for words in one.failed]:
        raise AssertionError(failed[0])
    return sum(len(one.each) / one.seconds for one in driven)


def _free(database: Database, seeded: Seeded) -> Iterator[int]:
    with database.begin(seeded.org_id) as uow:
        return iter(uow.session.scalars(_FREE, {"org": seeded.org_id}).all())


def _others(database: Database, seeded: Seeded) -> str:
    with database.begin(seeded.org_id) as uow:
        rows = uow.session.execute(_UNSENT, {"org": seeded.org_id}).all()
    return ", ".join(f"{row.many} {row.state} ({row.cause})" for row in rows)


def _count(database: Database, seeded: Seeded, statement: TextClause) -> int:
    with database.begin(seeded.org_id) as uow:
        return int(uow.session.scalar(statement, {"org": seeded.org_id}) or 0)


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen")
        time.sleep(0.02)

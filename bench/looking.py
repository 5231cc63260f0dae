"""Reading instead of writing: `my` from the wire to the card, signed by Slack, eight at once, into one web process.

The reference is Bolt's bare acknowledgement and one select of the same rows by hand, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import psycopg

from bench import signed
from bench.doors import serving, settings
from bench.driver import Driven, drive
from bench.frame import Env, Figure, percentile
from bench.seed import REPS, Seeded
from crm.db import Database

LEADS, CONNECTIONS, ROUNDS, EACH, WARM_UP = 30_000, 8, 4, 600, 320
FLOOR = 800  # a second
SELECT = """
    select l.number, l.stage, l.recycle_at, p.name, p.company from lead l
    join person p on p.org_id = l.org_id and p.id = l.person_id
    where l.org_id = %s and l.owner_id = %s and l.status = 'open' order by l.recycle_at, l.id limit 8
"""


def run(env: Env) -> list[Figure]:
    """Lists a second: bare, by hand and ours take turns."""
    database, seeded = env.company(LEADS, "looking")
    free = settings(env, database) | {"SLUICE_PERSON_PER_MINUTE": "0", "SLUICE_COMPANY_PER_MINUTE": "0"}
    bare_rates, hand_rates, our_rates, each = list[float](), list[float](), list[float](), list[float]()
    with serving("bench.bare") as bare, serving("ops", "serve", **free) as ours:
        for port in (bare, ours):
            _drive(port, seeded, WARM_UP)
        for _ in range(ROUNDS):
            bare_rates.append(EACH / _drive(bare, seeded, EACH).seconds)
            hand_rates.append(EACH / _by_hand(database, seeded))
            driven = _drive(ours, seeded, EACH)
            our_rates.append(EACH / driven.seconds)
            each += driven.each
    reference = _mean(1 / (1 / bare + 1 / hand) for bare, hand in zip(bare_rates, hand_rates, strict=True))
    rate = _mean(our_rates)
    return [
        Figure(f"Slack my, {CONNECTIONS} at once", rate, "/s", reference, rate / reference),
        Figure(f"Slack my, {CONNECTIONS} at once, in all", rate, "/s", target=FLOOR, bound="at_least"),
        Figure(f"Slack my, {CONNECTIONS} at once (p99)", percentile(each, 99), "ms"),
    ]


def _drive(port: int, seeded: Seeded, many: int) -> Driven:
    asked = [signed.slack_command(f"T{seeded.key}", f"U{seeded.key}{n % REPS}", "my") for n in range(many)]
    driven = drive(port, asked, CONNECTIONS)
    if driven.failed:
        raise AssertionError(driven.failed[0])
    return driven


def _by_hand(database: Database, seeded: Seeded) -> float:
    """Seconds for as many selects, in as many threads."""
    plain = database.url.replace("postgresql+psycopg://", "postgresql://")
    lines = [psycopg.connect(plain, autocommit=True) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(_select, lines, repeat(seeded)))
    seconds = time.perf_counter() - start
    for line in lines:
        line.close()
    return seconds


def _select(line: psycopg.Connection[tuple[object, ...]], seeded: Seeded) -> None:
    for n in range(EACH // CONNECTIONS):
        line.execute(SELECT, (seeded.org_id, seeded.reps[n % len(seeded.reps)])).fetchall()


def _mean(rates: Iterable[float]) -> float:
    found = list(rates)
    return sum(found) / len(found)

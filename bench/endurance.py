"""`python -m bench.endurance [--minutes 10] [--rate 200]`: one web process under a steady mix of what reps do all day.

It has an entry of its own because it takes its time. It ends with 1 when a bound was passed.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from statistics import median
from urllib.request import urlopen

from sqlalchemy import text

from bench.__main__ import measure
from bench.doors import serving, settings
from bench.frame import Env, Figure, percentile
from bench.pacing import Paced, Plan, finished, pace
from bench.seed import REPS, Seeded
from crm.db import Database

LEADS, WARM_UP, LOOKS = 100_000, 20.0, 40
LATEST, GROWTH = 300, 5  # milliseconds, per cent
_OWNED = text(
    "select l.number, m.name from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id"
    " where l.org_id = :org and l.status = 'open' order by l.id limit 5000"
)
_FREE = text("select number from lead where org_id = :org and owner_id is null and status = 'open' order by id")
_TAKEN = text("select count(*) from claim_entry where org_id = :org")


def endure(env: Env, *, seconds: float, rate: float) -> list[Figure]:
    """A figure for each bound."""
    database, seeded = env.company(LEADS, "endurance")
    limits = {f"SLUICE_{name}_PER_MINUTE": "0" for name in ("PERSON", "COMPANY")}
    with serving("ops", "serve", **settings(env, database), **limits) as port:
        _run(_plan(database, seeded, port, rate, WARM_UP))
        before = _count(database, seeded)
        paced, memory = _run(_plan(database, seeded, port, rate, seconds))
    taken = _count(database, seeded) - before
    if taken != paced.said.get("claim", 0):
        raise AssertionError(f"{paced.said} said, {taken} claims taken")
    return _figures(paced, memory, seconds)


def _run(plan: Plan) -> tuple[Paced, list[float]]:
    child = pace(plan)
    memory = _watch(plan.port, plan.seconds / LOOKS)
    return finished(child), memory


def _watch(port: int, every: float) -> list[float]:
    """The web process's own memory in MB, looked at every so many seconds."""
    found: list[float] = []
    for _ in range(LOOKS):
        time.sleep(every)
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[:1] != "#")
        found.append(float(lines["process_resident_memory_bytes"]) / 1024 / 1024)
    return found


def _figures(paced: Paced, memory: list[float], seconds: float) -> list[Figure]:
    half = memory[len(memory) // 2 :]
    fifth = max(len(half) // 5, 1)
    growth = (median(half[-fifth:]) / median(half[:fifth]) - 1) * 100
    p50, p99 = (percentile(paced.each, at) for at in (50, 99))
    return [
        Figure("endurance: answers", len(paced.each) / seconds, "/s"),
        Figure("endurance: from the due moment to the answer (p50)", p50, "ms"),
        Figure("endurance: from the due moment to the answer (p99)", p99, "ms", target=LATEST),
        Figure("endurance: errors", len(paced.failed), "", target=0),
        Figure("endurance: memory at its peak", max(memory), "MB"),
        Figure("endurance: growth of the memory in the last half", growth, "%", target=GROWTH),
    ]


def _plan(database: Database, seeded: Seeded, port: int, rate: float, seconds: float) -> Plan:
    with database.begin(seeded.org_id) as uow:
        rows = uow.session.execute(_OWNED, {"org": seeded.org_id}).all()
        free = list(uow.session.scalars(_FREE, {"org": seeded.org_id}))
    # Names and chat ids have the same number: Rep 07 is U…7.
    owned = [(number, int(name.rpartition(" ")[2])) for number, name in rows]
    return Plan(port, seeded.key, REPS, rate, seconds, owned, free)


def _count(database: Database, seeded: Seeded) -> int:
    with database.begin(seeded.org_id) as uow:
        return int(uow.session.scalar(_TAKEN, {"org": seeded.org_id}) or 0)


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    given = parser.parse_args()
    return measure([partial(endure, seconds=given.minutes * 60, rate=given.rate)], 1.0)


if __name__ == "__main__":
    sys.exit(_main())

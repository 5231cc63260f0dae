"""`python -m bench.endurance [--minutes 1] [--rate 200]`: one web process under a steady mix of what reps do all day.

It has an entry of its own because it takes its time: a minute shows whether the rate is kept, ten minutes (`make
endurance`) also whether the memory is flat. It ends with 1 when a bound was passed.
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
SETTLED = 300.0  # seconds after which a process has met everything that it keeps in mind
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
    lost = paced.said.get("claim", 0) - (_count(database, seeded) - before)
    return [
        *_answers(paced, seconds),
        Figure("endurance: claims that were said and not taken", abs(lost), "", target=0),
        *_memory(memory, seconds),
    ]


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


def _answers(paced: Paced, seconds: float) -> list[Figure]:
    p50, p99 = (percentile(paced.each, at) for at in (50, 99))
    return [
        Figure("endurance: answers", len(paced.each) / seconds, "/s"),
        Figure("endurance: from the due moment to the answer (p50)", p50, "ms"),
        Figure("endurance: from the due moment to the answer (p99)", p99, "ms", target=LATEST),
        Figure("endurance: errors", len(paced.failed), "", target=0),
    ]


def _memory(found: list[float], seconds: float) -> list[Figure]:
    """The growth is bounded where the last half lasted long enough."""
    half = found[len(found) // 2 :]
    fifth = max(len(half) // 5, 1)
    growth = (median(half[-fifth:]) / median(half[:fifth]) - 1) * 100
    bound = GROWTH if seconds / 2 >= SETTLED else None
    return [
        Figure("endurance: memory at its peak", max(found), "MB"),
        Figure("endurance: growth of the memory in the last half", growth, "%", target=bound),
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
    parser.add_argument("--minutes", type=float, default=1, help="how long; from ten on memory is bounded")
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    given = parser.parse_args()
    return measure([partial(endure, seconds=given.minutes * 60, rate=given.rate)], 1.0)


if __name__ == "__main__":
    sys.exit(_main())

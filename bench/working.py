"""A sweep in a process of its own, as a worker runs it: `python -m bench.working URL ORG recycle|deal < lead ids`.

It prints as JSON the seconds, the longest transaction, and the memory of the whole process at its peak.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, event

from crm import jobs
from crm.db import Database
from crm.services import recycling
from ops import runtime


@dataclass(frozen=True, slots=True)
class Worked:
    """What it took. `longest` in seconds, `memory` in MB, `rows`: how many leads were recycled."""

    seconds: float
    longest: float
    memory: float
    rows: int


def work(database: Database, org_id: int, name: str, leads: Sequence[int] = ()) -> Worked:
    """Run `recycle` or `deal` in a fresh process."""
    command = [sys.executable, "-m", "bench.working", database.url, str(org_id), name]
    done = subprocess.run(command, input=json.dumps(list(leads)), stdout=subprocess.PIPE, check=True, text=True)
    return Worked(**json.loads(done.stdout))


class Transactions:
    """Watches how long transactions last."""

    def __init__(self, engine: Engine) -> None:
        self.longest = 0.0
        self._began: dict[int, float] = {}
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", self._commit)

    def _begin(self, connection: Any) -> None:
        self._began[id(connection)] = time.perf_counter()

    def _commit(self, connection: Any) -> None:
        # Until just before the commit itself: a sync to the disk is the machine's.
        self.longest = max(self.longest, time.perf_counter() - self._began.pop(id(connection)))


def _work(url: str, org_id: int, name: str, leads: Sequence[int]) -> Worked:
    runtime.settle()
    database = Database(url, pool_size=2, statement_timeout_ms=60_000)
    watch = Transactions(database.engine)
    calls: dict[str, Callable[[], int | None]] = {
        "recycle": lambda: recycling.sweep(database, org_id),
        "deal": lambda: jobs.deal_leads(database, org_id=org_id, lead_ids=leads),
    }
    start = time.perf_counter()
    rows = calls[name]()
    seconds = time.perf_counter() - start
    database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Worked(seconds, watch.longest, peak, rows or len(leads))


if __name__ == "__main__":
    found = _work(sys.argv[1], int(sys.argv[2]), sys.argv[3], json.loads(sys.stdin.read()))
    print(json.dumps(asdict(found)))

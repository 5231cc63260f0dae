"""What a bench is given, and what it gives back.

A bench is a module in this folder with `run(env: Env) -> list[Figure]`; `python -m bench` finds it by that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Literal

from bench.seed import Seeded, seed
from crm.db import Database
from ops.migrate import upgrade
from ops.sockets import Sockets


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `ratio` is value to reference; `target` bounds it `at_most` or `at_least`."""

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    target: float | None = None
    bound: Literal["at_most", "at_least"] = "at_most"

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; None where there is none. Without a ratio the value itself is compared."""
        measured = self.value if self.ratio is None else self.ratio
        if self.target is None:
            return None
        return measured <= self.target if self.bound == "at_most" else measured >= self.target


@dataclass
class Env:
    """The engines of this run, and databases of any size, each seeded once.

    `scale` shrinks the large one for a quick look: 0.01 makes 10,000 of a million.
    A bench that uses leads up names a company of its own, so that it finds the same whichever benches ran before.
    """

    sockets: Sockets
    scale: float = 1.0
    say: Callable[[str], None] = print
    _open: ExitStack = field(default_factory=ExitStack)
    _made: dict[str, tuple[Database, Seeded]] = field(default_factory=dict)

    def company(self, leads: int, name: str = "large") -> tuple[Database, Seeded]:
        """A database of its own with an organization of that many leads."""
        if name not in self._made:
            many = max(int(leads * self.scale), min(leads, 10_000))
            self.say(f"seeding {many:,} leads: {name} …")
            url = self.sockets.create_database(f"bench_{name}")
            upgrade(url)
            database = Database(url, pool_size=20, statement_timeout_ms=60_000)
            self._open.callback(database.close)
            self._made[name] = (database, seed(database, many, key=f"bench{name}"))
            with self.sockets.connect(f"bench_{name}") as owner:
                owner.execute("vacuum analyze")
        return self._made[name]

    def enter(self, resource: AbstractContextManager[object]) -> object:
        """Keep a resource until the end of the run."""
        return self._open.enter_context(resource)

    def close(self) -> None:
        self._open.close()


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that one call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def percentile(samples: list[float], at: int) -> float:
    """The value below which `at` per cent of the samples lie."""
    return quantiles(samples, n=100, method="inclusive")[at - 1]

"""`python -m bench.simulate [--reps 100000]`: what a day of many companies asks of web, worker and database.

No machine is measured here: a day is played minute by minute from unit costs that were, so that it can be asked what
more reps, more leads or other habits would need. docs/scaling.md shows what it says.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

MINUTES = 24 * 60
# Whose reps live how many hours east of Greenwich, and how many of a hundred.
ZONES = {8: 55, 1: 20, -5: 15, 5.5: 10}
# How a rep's day is spread over its hours, from midnight; two busy hours in the morning, two in the afternoon.
DAY = (0, 0, 0, 0, 0, 0, 0, 1, 6, 14, 15, 9, 4, 7, 14, 13, 9, 5, 2, 1, 0, 0, 0, 0)
# Within a minute not every second is alike.
PEAK_IN_A_MINUTE = 1.5
# How busy a core may be when somebody waits for it, and when nobody does.
BUSY_WEB, BUSY_WORKER, BUSY_DATABASE = 0.5, 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of a core that one of something takes, of its process and of the database."""

    process: float
    database: float


# Measured on one core of the machine that runs `make bench`; docs/performance.md says how.
COSTS: Mapping[str, Cost] = {
    "interaction": Cost(process=3.4, database=1.6),
    "lead posted": Cost(process=4.5, database=2.5),
    "delivery": Cost(process=5.0, database=1.5),
    "lead recycled": Cost(process=0.04, database=0.07),
    "lead dealt": Cost(process=0.06, database=0.09),
    "digest": Cost(process=15.0, database=40.0),
}


@dataclass(frozen=True, slots=True)
class Habits:
    """What one rep's day brings. `team`: reps for each digest; `recycled` go back when the rep's night begins."""

    interactions: float = 100
    posted: float = 6
    deliveries: float = 25
    recycled: float = 2
    team: float = 10


@dataclass(slots=True)
class Minute:
    """What one minute asks for: how many of what, by the name of its cost."""

    web: dict[str, float]
    worker: dict[str, float]

    def cores(self) -> tuple[float, float, float]:
        """Cores that web, worker and database are busy with."""
        web = sum(many * COSTS[name].process for name, many in self.web.items())
        worker = sum(many * COSTS[name].process for name, many in self.worker.items())
        both = (*self.web.items(), *self.worker.items())
        database = sum(many * COSTS[name].database for name, many in both)
        return web / 60_000, worker / 60_000, database / 60_000


@dataclass(frozen=True, slots=True)
class Needs:
    """What the day needs at its worst: cores that may be as busy as said above, and the longest waits in minutes."""

    interactions: float
    web: float
    worker: float
    database: float
    digests_done: float
    recycled_done: float


def day(reps: int, habits: Habits) -> Iterator[Minute]:
    """The minutes of a day in UTC."""
    for minute in range(MINUTES):
        here = [(reps * share / 100, int(minute + hours * 60) % MINUTES) for hours, share in ZONES.items()]
        share = sum(many * DAY[local // 60] / 60 / sum(DAY) for many, local in here)
        digests = sum(many / habits.team for many, local in here if local == 9 * 60)
        night = sum(many * habits.recycled for many, local in here if local == 0)
        yield Minute(
            {"interaction": share * habits.interactions, "lead posted": share * habits.posted},
            {
                "delivery": share * habits.deliveries + digests + night / habits.recycled,
                "lead dealt": share * habits.posted, "digest": digests, "lead recycled": night,
            },
        )  # fmt: skip


def needs(reps: int, habits: Habits, workers: int) -> Needs:
    """What it takes. Args: workers: cores that worker processes have, for the time in which bursts are done."""
    minutes = list(day(reps, habits))
    busy = [minute.cores() for minute in minutes]
    steady = [Minute(m.web, m.worker | {"digest": 0, "lead recycled": 0}).cores() for m in minutes if not _bursts(m)]
    return Needs(
        interactions=max(m.web["interaction"] for m in minutes) / 60 * PEAK_IN_A_MINUTE,
        web=max(web for web, _, _ in busy) * PEAK_IN_A_MINUTE / BUSY_WEB,
        worker=max(worker for _, worker, _ in steady) * PEAK_IN_A_MINUTE / BUSY_WORKER,
        database=max(database for _, _, database in steady) * PEAK_IN_A_MINUTE / BUSY_DATABASE,
        digests_done=max(_done(m, "digest", workers) for m in minutes),
        recycled_done=max(_done(m, "lead recycled", workers) for m in minutes),
    )


def _bursts(minute: Minute) -> bool:
    return bool(minute.worker["digest"] or minute.worker["lead recycled"])


def _done(minute: Minute, name: str, workers: int) -> float:
    """Minutes until a burst is worked off by that many cores, each waiting for the database meanwhile."""
    cost = COSTS[name]
    each = COSTS["delivery"].process + COSTS["delivery"].database
    sent = minute.worker["delivery"] if minute.worker[name] else 0
    return (minute.worker[name] * (cost.process + cost.database) + sent * each) / 60_000 / workers


def table(sizes: Mapping[int, int], habits: Habits) -> Table:
    """A row for each number of reps. Args: sizes: reps, with the cores that their workers have."""
    shown = Table(
        "reps", "interactions/s", "web cores", "worker cores", "database cores", "digests done", "night done", box=None
    )
    for reps, workers in sizes.items():
        shown.add_row(*cells(reps, needs(reps, habits, workers)))
    return shown


def cells(reps: int, found: Needs) -> list[str]:
    """A row as docs/scaling.md has it."""
    return [
        f"{reps:,}", f"{found.interactions:,.0f}", f"{found.web:.1f}", f"{found.worker:.1f}", f"{found.database:.1f}",
        f"{found.digests_done:.1f} min", f"{found.recycled_done:.1f} min",
    ]  # fmt: skip


SIZES = {1_000: 1, 10_000: 2, 30_000: 4, 100_000: 16}


def main() -> None:
    """Print the table, for the sizes of the page or the one asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulate", description=__doc__)
    parser.add_argument("--reps", type=int, help="one size instead of several")
    parser.add_argument("--workers", type=int, default=4, help="cores for its workers")
    for name in Habits.__dataclass_fields__:
        parser.add_argument(f"--{name}", type=float, default=getattr(Habits(), name), help="for each rep and day")
    given = parser.parse_args()
    habits = Habits(**{name: getattr(given, name) for name in Habits.__dataclass_fields__})
    Console().print(table({given.reps: given.workers} if given.reps else SIZES, habits))


if __name__ == "__main__":
    main()

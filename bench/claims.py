"""Claiming does not slow down as the company grows: the same claims with 10 thousand leads and with a million.

The two are measured in turns, so that whatever else the machine does falls on both alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

from sqlalchemy import text

from bench.frame import Env, Figure, percentile, timed
from bench.seed import Seeded
from crm.db import Database
from crm.services import assignments, members

SMALL, LARGE = 10_000, 1_000_000
WARM_UP, ROUNDS = 40, 300


def run(env: Env) -> list[Figure]:
    """`claim next` and `claim L-n`, each a transaction of its own."""
    small, large = env.company(SMALL, "small"), env.company(LARGE)
    return [_compare("claim next", _next, small, large), _compare("claim L-n", _one, small, large)]


Pair = tuple[Database, Seeded]


def _compare(name: str, claims: Callable[[Database, Seeded], Iterator[Callable[[], object]]], *both: Pair) -> Figure:
    runs = [claims(*pair) for pair in both]
    for _ in range(WARM_UP):
        [next(run)() for run in runs]
    taken: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for run, samples in zip(runs, taken, strict=True):
            samples.append(timed(next(run)))
    little, much = (percentile(samples, 50) for samples in taken)
    return Figure(f"{name}, 1M leads against 10k (p50)", much, "ms", little, much / little, 1.2)


def _next(database: Database, seeded: Seeded) -> Iterator[Callable[[], object]]:
    def claim(rep: int) -> None:
        with database.begin(seeded.org_id) as uow:
            assignments.claim_best(uow, actor=members.get(uow, rep))

    return (lambda rep=rep: claim(rep) for rep in cycle(seeded.reps))


def _one(database: Database, seeded: Seeded) -> Iterator[Callable[[], object]]:
    def claim(rep: int, number: int) -> None:
        with database.begin(seeded.org_id) as uow:
            assignments.claim(uow, actor=members.get(uow, rep), ref=f"L-{number}")

    with database.begin(seeded.org_id) as uow:
        free = text(
            "select number from lead where org_id = :org and owner_id is null and status = 'open'"
            " order by score, id desc limit :many"
        )
        numbers = list(uow.session.scalars(free, {"org": seeded.org_id, "many": WARM_UP + ROUNDS}))
    return (
        lambda rep=rep, number=number: claim(rep, number)
        for rep, number in zip(cycle(seeded.reps), numbers, strict=False)
    )

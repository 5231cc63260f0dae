"""One lead at a time among a million: how long a dispatch decision takes, and how long `why` takes to tell it.

Twenty rules, 500 reps, each decision with all its candidates and the reasons against them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from bench.frame import Env, Figure, percentile, timed
from bench.seed import Seeded
from crm.db import Database
from crm.services import dispatch, explain

LARGE, WARM_UP, TIMES = 1_000_000, 40, 300
_FREE = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is null and held_since is null
    order by id * 7919 % 1000003 limit :many
    """
)


def run(env: Env) -> list[Figure]:
    """Decide on leads of the pool, then ask about each."""
    database, seeded = env.company(LARGE)
    with database.begin(seeded.org_id) as uow:
        leads = list(uow.session.scalars(_FREE, {"org": seeded.org_id, "many": WARM_UP + TIMES}))
    decided = [_timed(database, seeded, lambda uow, lead=lead: dispatch.dispatch(uow, lead)) for lead in leads]
    told = [_timed(database, seeded, lambda uow, lead=lead: explain.why(uow, lead)) for lead in leads]
    return [
        Figure("a dispatch decision, with its commit (p50)", percentile(decided[WARM_UP:], 50), "ms"),
        Figure("a dispatch decision, with its commit (p99)", percentile(decided[WARM_UP:], 99), "ms", target=15),
        Figure("why a lead is where it is (p99)", percentile(told[WARM_UP:], 99), "ms", target=50),
    ]


def _timed(database: Database, seeded: Seeded, work: Callable[..., object]) -> float:
    def transaction() -> None:
        with database.begin(seeded.org_id) as uow:
            assert work(uow), "there is a decision"

    return timed(transaction)

"""One lead at a time among a million: how long a dispatch decision takes, and how long `why` takes to tell it.

Twenty rules, 500 reps, each decision with all its candidates and the reasons against them; and one rule that weighs all
of the 500.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import text

from bench.frame import Env, Figure, percentile, timed
from bench.seed import Seeded
from crm.db import Database
from crm.services import dispatch, explain
from ops.runtime import settle

LARGE, WARM_UP, TIMES = 1_000_000, 40, 300
_FREE = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is null and held_since is null
    order by id * 7919 % 1000003 limit :many
    """
)
_EVERYBODY = "dispatch: [{name: everybody, to: {roles: [rep]}, caps: {per_day: 100000}, working_hours: false}]"
_NEW_RULES = text(
    "insert into rule_set (org_id, version, text, created_at) values (:org, 1000000, :rules, :now) returning id"
)
_IN_FORCE = text("update organization set rule_set_id = :id where id = :org")


def run(env: Env) -> list[Figure]:
    """Decide on leads of the pool, then ask about each."""
    database, seeded = env.company(LARGE)
    with database.begin(seeded.org_id) as uow:
        many = 2 * (WARM_UP + TIMES)
        leads = list(uow.session.scalars(_FREE, {"org": seeded.org_id, "many": many}))
        before = uow.rule_set_id
        args = {"org": seeded.org_id, "rules": _EVERYBODY, "now": uow.now}
        everybody = uow.session.execute(_NEW_RULES, args).scalar_one()
    settle()  # as each process of the product does once it is up
    decided = _decide(database, seeded, leads[: many // 2])
    told = [_timed(database, seeded, lambda uow, lead=lead: explain.why(uow, lead)) for lead in leads[: many // 2]]
    _put_in_force(database, seeded, everybody)
    among_all = _decide(database, seeded, leads[many // 2 :])
    _put_in_force(database, seeded, before)
    return [
        Figure("a dispatch decision, with its commit (p50)", percentile(decided, 50), "ms"),
        Figure("a dispatch decision, with its commit (p99)", percentile(decided, 99), "ms", target=15),
        Figure("a decision among all 500 (p50)", percentile(among_all, 50), "ms"),
        Figure("a decision among all 500 (p99)", percentile(among_all, 99), "ms", target=15),
        Figure("why a lead is where it is (p99)", percentile(told[WARM_UP:], 99), "ms", target=50),
    ]


def _decide(database: Database, seeded: Seeded, leads: Sequence[int]) -> list[float]:
    """How long each takes, once it runs."""
    return [_timed(database, seeded, lambda uow, lead=lead: dispatch.dispatch(uow, lead)) for lead in leads][WARM_UP:]


def _put_in_force(database: Database, seeded: Seeded, rule_set_id: int | None) -> None:
    with database.begin(seeded.org_id) as uow:
        uow.session.execute(_IN_FORCE, {"org": seeded.org_id, "id": rule_set_id})


def _timed(database: Database, seeded: Seeded, work: Callable[..., object]) -> float:
    def transaction() -> None:
        with database.begin(seeded.org_id) as uow:
            assert work(uow), "there is a decision"

    return timed(transaction)

"""Recycling and dispatching 100,000 leads of a million among 500 reps, against one statement by hand for the same rows.

The two take turns. Ours works in a process of its own, in short transactions, so that people can go on working beside
it; by hand it is one, which holds all its rows to the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from sqlalchemy import TextClause, create_engine, text

from bench import by_hand
from bench.frame import Env, Figure, timed
from bench.seed import Seeded
from bench.working import Worked, work
from crm.db import Database

LARGE, DUE, FEW, ROUNDS = 1_000_000, 100_000, 1_000, 2
FLOOR = 2_000  # leads per second, dealt
LONGEST, MEMORY = 0.5, 250
LATER = timedelta(days=2)

_FALL_DUE = text(
    """
    with due as (
        update lead set recycle_at = :now, recycle_rule = 'follow-up' where org_id = :org and id = any(array(
            select id from lead where org_id = :org and status = 'open' and owner_id is not null
            order by id * 7919 % 1000003 limit :many))
        returning id, owner_id
    )
    insert into task (org_id, lead_id, member_id, due_at, state, created_at, version)
    select :org, id, owner_id, :now, 'open', :now, 1 from due where id % 4 = 0
    """
)
# One after the other, as an import leaves them.
_FREE = text(
    """
    select id from lead where org_id = :org and status = 'open' and owner_id is null and held_since is null
    order by id limit :many
    """
)
_NOT_DUE = text(
    """
    with who as (
        insert into person (org_id, name, company, title, note, created_at)
        select :org, 'Later ' || n, '', '', '', :now from generate_series(1, :many) n returning id
    )
    insert into lead (org_id, number, person_id, line_id, status, stage, owner_id, pool_id, source_id, origin, score,
        tags, custom, version, created_at, assigned_at, stage_entered_at, recycle_at, recycle_rule, warn_step,
        extensions, touches)
    select :org, sluice_next_numbers(:org, 1), who.id, l.line_id, 'open', 'new',
           (cast(:reps as bigint[]))[1 + who.id % cardinality(cast(:reps as bigint[]))], l.pool_id, l.source_id,
           'company', 0, '{}', '{}', 1, :now, :now, :now, :now + who.id % 90 * interval '1 day' + interval '1 hour',
           'follow-up', 0, 0, 1
    from who, (select line_id, pool_id, source_id from lead where org_id = :org limit 1) l
    """
)
_PAGES = "select blks_hit + blks_read from pg_stat_database where datname = current_database()"


@dataclass
class Samples:
    """The runs of one sweep: ours, and the milliseconds by hand."""

    name: str
    target: float
    ours: list[Worked] = field(default_factory=list)
    by_hand: list[float] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        mine, reference = median(one.seconds * 1000 for one in self.ours), median(self.by_hand)
        longest, memory = max(one.longest for one in self.ours), max(one.memory for one in self.ours)
        ratio = mine / reference
        return [
            Figure(f"{self.name}, against one SQL by hand", mine, "ms", reference, ratio, self.target),
            Figure(f"{self.name}: longest transaction", longest, "s", target=LONGEST),
            Figure(f"{self.name}: memory of the process", memory, "MB", target=MEMORY),
        ]


def run(env: Env) -> list[Figure]:
    """Recycling and dispatch in turns, so that neither runs out of leads."""
    database, seeded = env.company(LARGE)
    many = max(int(DUE * env.scale), 1000)
    recycled, dealt = Samples(f"recycle {many:,} leads", 1.5), Samples(f"dispatch {many:,} leads", 2.0)
    for _ in range(ROUNDS):
        _recycle(database, seeded, many, recycled)
        _dispatch(database, seeded, many, dealt)
    rate = min(one.rows / one.seconds for one in dealt.ours)
    return [
        *recycled.figures(),
        *dealt.figures(),
        Figure("dispatch: leads a second", rate, "/s", target=FLOOR, bound="at_least"),
        *_straight(database, seeded, many),
        _growth(database, seeded, many),
    ]


def _straight(database: Database, seeded: Seeded, many: int) -> list[Figure]:
    """What a lead costs in a sweep of many, against a sweep of few."""
    figures = []
    for name, sweep in (("recycle", _recycled), ("dispatch", _dealt)):
        few, most = (median(sweep(database, seeded, size) for _ in range(3)) for size in (FEW, many // 2))
        figures.append(
            Figure(f"{name}: a lead of {many // 2:,}, against one of {FEW:,}", most, "ms", few, most / few, 1.2)
        )
    return figures


def _recycled(database: Database, seeded: Seeded, many: int) -> float:
    _fall_due(database, seeded, many)
    return work(database, seeded.org_id, "recycle").seconds * 1000 / many


def _dealt(database: Database, seeded: Seeded, many: int) -> float:
    return work(database, seeded.org_id, "deal", _free(database, seeded, many)).seconds * 1000 / many


def _recycle(database: Database, seeded: Seeded, many: int, samples: Samples) -> None:
    _fall_due(database, seeded, many)
    done = work(database, seeded.org_id, "recycle")
    assert done.rows == many, f"{done.rows} of {many} were recycled"
    samples.ours.append(done)
    _fall_due(database, seeded, many)
    samples.by_hand.append(timed(lambda: _run(database, seeded, by_hand.RECYCLE)))


def _dispatch(database: Database, seeded: Seeded, many: int, samples: Samples) -> None:
    samples.ours.append(work(database, seeded.org_id, "deal", _free(database, seeded, many)))
    leads = _free(database, seeded, many)
    samples.by_hand.append(timed(lambda: _run(database, seeded, by_hand.DEAL, leads=leads)))


def _growth(database: Database, seeded: Seeded, many: int) -> Figure:
    """Pages that the database looks at for the same work, without and with as many leads more that are not due."""
    before = _pages(database, seeded, many)
    _run(database, seeded, _NOT_DUE, many=many, reps=list(seeded.reps))
    after = _pages(database, seeded, many)
    ratio = after / before
    return Figure(f"recycle, with {many:,} more that are not due (pages)", after, "", before, ratio, 1.05)


def _pages(database: Database, seeded: Seeded, many: int) -> float:
    _fall_due(database, seeded, many)
    before = _read(database)
    work(database, seeded.org_id, "recycle")
    return _read(database) - before


def _read(database: Database) -> float:
    with database.engine.connect() as line:
        line.execute(text("select pg_stat_force_next_flush()"))
        return float(line.scalar(text(_PAGES)) or 0)


def _fall_due(database: Database, seeded: Seeded, many: int) -> None:
    """Have so many leads due, a task planned for every fourth, in tables that look as if they had lain for an hour."""
    _run(database, seeded, _FALL_DUE, many=many)
    owner = create_engine(database.url, isolation_level="AUTOCOMMIT")
    with owner.connect() as line:
        line.execute(text("vacuum analyze lead, assignment, task, activity, decision"))
    owner.dispose()


def _run(database: Database, seeded: Seeded, statement: TextClause, **args: object) -> None:
    with database.begin(seeded.org_id) as uow:
        uow.session.execute(statement, {"org": uow.org_id, "now": uow.now, "later": uow.now + LATER, **args})


def _free(database: Database, seeded: Seeded, many: int) -> list[int]:
    with database.begin(seeded.org_id) as uow:
        return list(uow.session.scalars(_FREE, {"org": uow.org_id, "many": many}))

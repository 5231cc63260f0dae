"""A file of leads, taken in chunk by chunk, each in a transaction of its own. Safe to run twice and to break off."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from sqlalchemy import select, text

from crm.errors_of_privacy import ErasedBefore
from crm.models import ImportJob, Member, Source
from crm.rules.sheet_row import Row
from crm.services import decisions, intake_many, ownership, suppressing, switching
from crm.services.intake import TakenIn
from crm.uow import UnitOfWork

_SEEN = text(
    """
    with fresh as (
        insert into import_row (org_id, key, job_id)
        select :org, key, :job from unnest(cast(cast(:keys as text[]) as uuid[])) as key order by key
        on conflict (org_id, key) do nothing returning key
    )
    select string_agg(replace(cast(key as text), '-', ''), ' ') from fresh
    """
)
_KEEP = text(
    """
    with chunk as (
        insert into import_chunk (org_id, job_id, line, counters, leads, at)
        values (:org, :job, 0, cast(:counters as jsonb), cast(:leads as bigint[]), :now)
    )
    update run r set counters = r.counters || jsonb_build_object('created', cast(r.counters->>'created' as int) + :made)
    from import_job j
    where j.org_id = :org and j.id = :job and r.org_id = :org and r.id = cast(j.counters->>'run' as bigint)
    """
)
_REACH = text(
    "insert into import_chunk (org_id, job_id, line, counters, leads, at) values (:org, :job, :line, '{}', '{}', :now)"
)
_LINE = text("select coalesce(max(line), 0) from import_chunk where org_id = :org and job_id = :job")

ERASED = ErasedBefore.message


@dataclass(slots=True)
class ChunkDone:
    """What became of a chunk of a file: leads created, touched, and rows that had been taken in before.

    `refused`: rows of customers who were erased on request and must not come back from a list; `lines`: where those
    stand.
    """

    created: int = 0
    touched: int = 0
    repeated: int = 0
    refused: int = 0
    lines: list[int] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("created", "touched", "repeated", "refused")}


def begin(uow: UnitOfWork, *, name: str, digest: str) -> ImportJob:
    """The job of a file with that content: the former one, in whatever state, or a new one."""
    same = (ImportJob.org_id == uow.org_id, ImportJob.digest == digest, ImportJob.member_id.is_(None))
    known = ImportJob.state.in_(("running", "done"))
    found = uow.session.scalar(select(ImportJob).where(*same, known).order_by(ImportJob.id).limit(1))
    if found:
        return found
    job = ImportJob(
        org_id=uow.org_id, member_id=None, name=name, digest=digest, state="running", counters={}, created_at=uow.now
    )
    uow.session.add(job)
    uow.session.flush()
    open_run(uow, job)
    return job


def open_run(uow: UnitOfWork, job: ImportJob) -> None:
    """An import is a run, so that it can be taken back as one."""
    job.counters = job.counters | {"run": decisions.open_run(uow, "import", {"job": job.id, "created": 0})}


def reached(uow: UnitOfWork, job_id: int) -> int:
    """The line up to which a file is in, by a run that broke off; 0 for none."""
    return int(uow.session.execute(_LINE, {"org": uow.org_id, "job": job_id}).scalar_one())


def reach(uow: UnitOfWork, *, job_id: int, line: int) -> None:
    """All rows of a file are in up to this line; a run that breaks off goes on behind it."""
    uow.session.execute(_REACH, {"org": uow.org_id, "job": job_id, "line": line, "now": uow.now})


def finish(uow: UnitOfWork, *, job_id: int, counters: Mapping[str, int]) -> None:
    """The whole file is in."""
    job = uow.session.get_one(ImportJob, (uow.org_id, job_id))
    job.state, job.counters, job.done_at = "done", job.counters | dict(counters), uow.now


def take(uow: UnitOfWork, rows: Sequence[Row], *, job_id: int, source: Source | None) -> ChunkDone:
    """Take in up to 5,000 rows of a file; one that came before, in this file or another, has no effect."""
    # Thousands of rows in a statement take longer than an interaction may.
    uow.session.execute(text("set local statement_timeout = '120s'"))
    came = rows
    rows = _without_erased(uow, came)
    fresh = _fresh(uow, rows, job_id)
    taken = (switching.take if _switches(rows) else _take)(uow, fresh, source=source)
    new = [one.lead_id for _, one in taken if one.created]
    kept = {row.line for row in rows}
    gone = [row.line for row in came if row.line not in kept]
    done = ChunkDone(len(new), len(taken) - len(new), len(rows) - len(taken), len(gone), gone)
    counters = json.dumps(done.figures)
    args = {"org": uow.org_id, "job": job_id, "counters": counters, "leads": new, "now": uow.now}
    uow.session.execute(_KEEP, args | {"made": len(new)})
    return done


def _without_erased(uow: UnitOfWork, rows: Sequence[Row]) -> Sequence[Row]:
    erased = suppressing.among(uow, [key for row in rows for key in row.checked.keys])
    return [row for row in rows if not erased.intersection(row.checked.keys)] if erased else rows


def _switches(rows: Sequence[Row]) -> bool:
    """Whether they come out of a former system with their past, as all rows of such a file do."""
    return any(row.past is not None for row in rows)


def _take(uow: UnitOfWork, rows: Sequence[Row], *, source: Source | None) -> list[tuple[Row, TakenIn]]:
    taken = intake_many.take_in_many(uow, [row.checked for row in rows], source=source)
    for row, one in zip(rows, taken, strict=True):
        # Who has no room leaves it to dispatch.
        if row.owner_id and one.created:
            ownership.give(uow, lead_id=one.lead_id, member_id=row.owner_id, how="created")
    return list(zip(rows, taken, strict=True))


def _fresh(uow: UnitOfWork, rows: Sequence[Row], job_id: int) -> list[Row]:
    """Which rows are here for the first time."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.key, row)
    new = uow.session.scalar(_SEEN, {"org": uow.org_id, "job": job_id, "keys": list(first)})
    return sorted((first[key] for key in (new or "").split()), key=attrgetter("line"))


def owners(uow: UnitOfWork) -> dict[str, int]:
    """Active members by lower-case name and e-mail; a name that two of them share is left out."""
    rows = uow.session.execute(
        select(Member.id, Member.name, Member.email).where(Member.org_id == uow.org_id, Member.active)
    )
    found: dict[str, set[int]] = {}
    for member_id, name, email in rows:
        for word in filter(None, (name, email)):
            found.setdefault(word.lower(), set()).add(member_id)
    return {word: next(iter(members)) for word, members in found.items() if len(members) == 1}

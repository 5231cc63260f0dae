"""A file of leads, taken in chunk by chunk, each in a transaction of its own. Safe to run twice and to break off."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from crm.models import ImportJob, Member, Source
from crm.rules.arrival import Checked
from crm.services import intake_many, ownership
from crm.uow import UnitOfWork

_SEEN = text(
    """
    insert into delivery (key, org_id, at)
    select key, :org, :now from unnest(cast(:keys as text[])) as key order by key
    on conflict (key) do nothing returning key
    """
)


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """What became of a chunk of a file: leads created, touched, and rows that had been taken in before."""

    created: int
    touched: int
    repeated: int


def begin(uow: UnitOfWork, *, name: str, digest: str) -> ImportJob:
    """The job of a file with that content: the former one, in whatever state, or a new one."""
    same = (ImportJob.org_id == uow.org_id, ImportJob.digest == digest, ImportJob.member_id.is_(None))
    found = uow.session.scalar(select(ImportJob).where(*same).order_by(ImportJob.id).limit(1))
    if found:
        return found
    job = ImportJob(
        org_id=uow.org_id, member_id=None, name=name, digest=digest, state="running", counters={}, created_at=uow.now
    )
    uow.session.add(job)
    uow.session.flush()
    return job


def finish(uow: UnitOfWork, *, job_id: int, counters: dict[str, int]) -> None:
    """The whole file is in."""
    job = uow.session.get_one(ImportJob, (uow.org_id, job_id))
    job.state, job.counters, job.done_at = "done", counters, uow.now


def take_chunk(
    uow: UnitOfWork, rows: Sequence[Checked], *, source: Source | None, owners: Sequence[int | None] = ()
) -> ChunkDone:
    """Take in up to 5,000 checked rows of a file; a row that came before, in this file or another, has no effect.

    Args:
        owners: for each row the member who shall own its lead if it is new; who has no room leaves it to dispatch.
    """
    # Thousands of rows in a statement take longer than an interaction may.
    uow.session.execute(text("set local statement_timeout = '120s'"))
    numbers = _fresh(uow, rows, source)
    taken = intake_many.take_in_many(uow, [rows[number] for number in numbers], source=source)
    new = [(number, one.lead_id) for number, one in zip(numbers, taken, strict=True) if one.created]
    for number, lead_id in new:
        if owners and (owner_id := owners[number]):
            ownership.give(uow, lead_id=lead_id, member_id=owner_id, how="created")
    return ChunkDone(len(new), len(taken) - len(new), len(rows) - len(taken))


def _fresh(uow: UnitOfWork, rows: Sequence[Checked], source: Source | None) -> list[int]:
    """Which rows are here for the first time."""
    sender = source.key if source else ""
    first: dict[str, int] = {}
    for number, row in enumerate(rows):
        first.setdefault(f"row:{uow.org_id}:{sender}:{row_key(row)}", number)
    new = uow.session.scalars(_SEEN, {"org": uow.org_id, "now": uow.now, "keys": list(first)})
    return sorted(first[key] for key in new)


def row_key(row: Checked) -> str:
    """A short name of a row's content."""
    return hashlib.blake2b(repr(row).encode("utf-8", "replace"), digest_size=16).hexdigest()


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

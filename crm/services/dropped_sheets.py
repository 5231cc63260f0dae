"""A sheet that somebody dropped into a chat: read first and shown, taken in after one tap, row by row accounted for.

The file itself is never kept. It is fetched when it is looked at and once more when it is taken in, so that nothing
personal lies here while nobody has decided; three rows are kept as a sample until then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text, update

from crm import queue
from crm.errors import ImportNotFound, NotAllowed, TooManyRows
from crm.models import ImportJob
from crm.rules.access import Actor
from crm.services import file_import, sheet_mappings
from crm.services.importing import MOST_ROWS
from crm.uow import UnitOfWork

READING, PREVIEW, RUNNING, DONE, FAILED, CANCELLED = "reading", "preview", "running", "done", "failed", "cancelled"
COMPANY, MINE = "company", "mine"
_MAY_END = text(
    "update import_job set state = :state, rows = null, done_at = :now,"
    " counters = counters - 'unknown' || cast(:more as jsonb)"
    " where org_id = :org and id = :job and state in ('reading', 'preview', 'running')"
)
_COUNT = text(
    "update import_job set counters = counters || cast(:more as jsonb) where org_id = :org and id = :job"
    " and state = 'running'"
)


def announce(uow: UnitOfWork, *, actor: Actor, workspace_id: int, name: str, handle: Mapping[str, Any]) -> ImportJob:
    """A sheet has come: it is read by a job, and its card is owed."""
    job = ImportJob(
        org_id=uow.org_id, member_id=actor.id, name=name[:200], digest="", state=READING, rows=None,
        counters={"workspace": workspace_id, "file": dict(handle)}, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(job)
    uow.session.flush()
    uow.notify("sheet", to=actor.id, key=f"sheet:{job.id}", data={"sheet": job.id})
    _work(uow, queue.READ_SHEET, job.id)
    return job


def get(uow: UnitOfWork, job_id: int, *, actor: Actor | None = None) -> ImportJob:
    """A sheet; with an actor, one of the actor's own. Raises ImportNotFound."""
    mine = [ImportJob.member_id == actor.id] if actor else []
    found = uow.session.scalar(select(ImportJob).where(ImportJob.org_id == uow.org_id, ImportJob.id == job_id, *mine))
    if found is None:
        raise ImportNotFound
    return found


def may_give_to_company(actor: Actor) -> bool:
    """Whether the actor's sheets may go to everybody by the rules; others bring in customers of their own."""
    return actor.may("upload")


def show(
    uow: UnitOfWork, job_id: int, *, digest: str, sample: Sequence[Sequence[str]], found: Mapping[str, Any]
) -> None:
    """What reading has found; the card asks whether to go on."""
    job = get(uow, job_id)
    if job.state in (READING, PREVIEW):
        job.state, job.digest, job.rows = PREVIEW, digest, [list(row) for row in sample]
        job.counters = job.counters | dict(found)


def remap(uow: UnitOfWork, *, actor: Actor, job_id: int, column: int, field: str) -> ImportJob:
    """Another meaning of a column (empty: none); the sheet is counted anew. Raises ImportNotFound."""
    job = _waiting(uow, actor, job_id)
    mapping = {number: name for number, name in job.counters["mapping"].items() if number != str(column)}
    mapping |= {str(column): field} if field else {}
    job.counters = job.counters | {"mapping": mapping, "counting": True, "corrected": True}
    _work(uow, queue.READ_SHEET, job.id)
    return job


def confirm(uow: UnitOfWork, *, actor: Actor, job_id: int, whose: str) -> ImportJob:
    """Take it in, by a job. Raises ImportNotFound when that was decided before, NotAllowed, TooManyRows."""
    job = _waiting(uow, actor, job_id)
    if whose == COMPANY and not may_give_to_company(actor):
        raise NotAllowed(roles="managers")
    if whose == MINE and job.counters["rows"] > MOST_ROWS:
        raise TooManyRows(count=job.counters["rows"], limit=MOST_ROWS)
    begun = update(ImportJob).where(ImportJob.org_id == uow.org_id, ImportJob.id == job_id, ImportJob.state == PREVIEW)
    if uow.session.scalar(begun.values(state=RUNNING, rows=None).returning(ImportJob.id)) is None:
        raise ImportNotFound
    uow.session.refresh(job)
    job.counters = {name: told for name, told in job.counters.items() if name != "unknown"} | {
        "whose": whose,
        "done": 0,
    }
    if whose == COMPANY:
        file_import.open_run(uow, job)
    if job.counters.get("corrected"):
        _remember(uow, actor, job)
    _work(uow, queue.TAKE_SHEET, job.id)
    return job


def cancel(uow: UnitOfWork, *, actor: Actor, job_id: int) -> ImportJob:
    """Nothing is taken in, nothing is kept. Raises ImportNotFound."""
    job = _waiting(uow, actor, job_id)
    job.state, job.rows, job.done_at = CANCELLED, None, uow.now
    job.counters = {name: told for name, told in job.counters.items() if name != "unknown"}
    return job


def progress(uow: UnitOfWork, job_id: int, figures: str) -> None:
    """How far it is. Args: figures: JSON of the counters."""
    uow.session.execute(_COUNT, {"org": uow.org_id, "job": job_id, "more": figures})


def end(uow: UnitOfWork, job_id: int, state: str, figures: str) -> None:
    """It is done, or cannot be."""
    args = {"org": uow.org_id, "job": job_id, "state": state, "more": figures, "now": uow.now}
    uow.session.execute(_MAY_END, args)


def has_news(uow: UnitOfWork, job_id: int) -> bool:
    """Whether it has come to where somebody must know: counted for the preview, done or failed."""
    job = get(uow, job_id)
    return job.state in (DONE, FAILED) or (job.state == PREVIEW and not job.counters.get("counting"))


def showing(uow: UnitOfWork, job_id: int) -> str:
    """A word for what its card shows now: another one once the card has to be drawn anew."""
    job = get(uow, job_id)
    return f"{job.state} {'counting' if job.counters.get('counting') else ''}".strip()


def _remember(uow: UnitOfWork, actor: Actor, job: ImportJob) -> None:
    """What the author said of the columns is known at the next sheet with the same ones."""
    said = job.counters["mapping"]
    fields = {heading: said.get(str(number), "") for number, heading in enumerate(job.counters["header"])}
    name = job.name.rpartition(".")[0] or job.name
    sheet_mappings.save(uow, sheet_mappings.Kept(name, fields), job.counters["columns"], by=actor.id)


def _waiting(uow: UnitOfWork, actor: Actor, job_id: int) -> ImportJob:
    job = get(uow, job_id, actor=actor)
    if job.state != PREVIEW:
        raise ImportNotFound
    return job


def _work(uow: UnitOfWork, task: str, job_id: int) -> None:
    uow.defer(queue.Order(task, {"org_id": uow.org_id, "job_id": job_id}, queue=queue.BULK))

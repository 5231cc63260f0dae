"""Lists that a rep pastes or hands over: shown first with what would become of each row, taken in after one tap."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, update

from crm.errors import (
    AlreadyKnown,
    CapacityReached,
    Conflict,
    ImportNotFound,
    KnownInPool,
    KnownOwned,
    LeadAlreadyYours,
    NoContact,
    QuotaReached,
    Refusal,
    TooManyRows,
)
from crm.errors_of_pools import LevelFull, SourceFull
from crm.errors_of_privacy import ErasedBefore
from crm.models import ImportJob
from crm.rules.access import Actor
from crm.rules.arrival import Arrival, Checked, FieldErrors
from crm.services import creation, houses, intake, leads, timeline
from crm.services.houses import House
from crm.services.intake import Known, TakenIn
from crm.uow import UnitOfWork

MOST_ROWS = 500
NEW, KNOWN, POOL, YOURS, TWICE, WRONG, NO_ROOM = "new", "known", "pool", "yours", "twice", "wrong", "no_room"
ERASED = "erased"
_LEFT_OUT: dict[type[Refusal], str] = {
    AlreadyKnown: KNOWN, KnownOwned: KNOWN, KnownInPool: POOL, LeadAlreadyYours: YOURS, CapacityReached: NO_ROOM,
    LevelFull: NO_ROOM, SourceFull: NO_ROOM, QuotaReached: NO_ROOM, Conflict: KNOWN,
    ErasedBefore: ERASED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a preview: its line from 1, what would become of it, and who it is, as its own author typed it.

    Args:
        verdict: new, known (to the company), pool (`ref` can be claimed), yours (`ref`), twice (in this list), wrong.
        errors: our field names to sentences, for a wrong one.
    """

    line: int
    verdict: str
    arrival: Arrival
    ref: str = ""
    errors: Mapping[str, str] | None = None


def preview(uow: UnitOfWork, *, actor: Actor, rows: Sequence[Arrival], name: str = "pasted") -> ImportJob:
    """Check a list and keep it until its author confirms it. Raises NoContact when it is empty, TooManyRows."""
    if not rows:
        raise NoContact
    if len(rows) > MOST_ROWS:
        raise TooManyRows(count=len(rows), limit=MOST_ROWS)
    judged = _judge(uow, actor, rows)
    stored = [asdict(row) for row in judged]
    job = ImportJob(
        org_id=uow.org_id, member_id=actor.id, name=name, digest=_digest(stored), state="preview", rows=stored,
        counters=_counts(judged), created_at=uow.now,
    )  # fmt: skip
    uow.session.add(job)
    uow.session.flush()
    return job


def rows_of(job: ImportJob) -> list[Row]:
    """What a preview shows; empty once the list was taken in."""
    return [Row(**{**row, "arrival": Arrival(**row["arrival"])}) for row in job.rows or ()]


def rows_waiting(uow: UnitOfWork, job_id: int) -> list[Row]:
    """The rows of a list that somebody is asked about; whoever shows them has passed that door."""
    job = uow.session.scalar(select(ImportJob).where(ImportJob.org_id == uow.org_id, ImportJob.id == job_id))
    return rows_of(job) if job else []


def get(uow: UnitOfWork, *, actor: Actor, job_id: int) -> ImportJob:
    """An own list. Raises ImportNotFound."""
    mine = (ImportJob.org_id == uow.org_id, ImportJob.id == job_id, ImportJob.member_id == actor.id)
    job = uow.session.scalar(select(ImportJob).where(*mine))
    if job is None:
        raise ImportNotFound
    return job


def confirm(uow: UnitOfWork, *, actor: Actor, job_id: int, origin: str = "self") -> ImportJob:
    """Make the new rows of an own list leads of the actor; what others know by now is left out.

    The job's counters then hold `leads` (ids), `left_out` ([line, verdict], also "no_room") and figures; the typed
    text is gone.

    Args:
        origin: "self" for customers whom the actor found, "company" for others; these count in the capacity.

    Raises: ImportNotFound, also when it was confirmed before.
    """
    ours = (ImportJob.org_id == uow.org_id, ImportJob.id == job_id, ImportJob.member_id == actor.id)
    begun = update(ImportJob).where(*ours, ImportJob.state == "preview").values(state="done", done_at=uow.now)
    job: ImportJob | None = uow.session.scalar(begun.returning(ImportJob))
    if job is None:
        raise ImportNotFound
    made: list[int] = []
    left_out: list[tuple[int, str]] = []
    for row in rows_of(job):
        outcome = _enter(uow, actor, row, origin)
        if isinstance(outcome, TakenIn):
            made.append(outcome.lead_id)
        else:
            left_out.append((row.line, outcome))
    if len(made) > 1:
        timeline.undoable_creation(uow, made, list_id=job.id)
    job.rows = None
    job.counters = job.counters | {"origin": origin, "created": len(made), "leads": made, "left_out": left_out}
    return job


def take_along(uow: UnitOfWork, *, actor: Actor, job_id: int, line: int) -> None:
    """A line that waits for the one customer of an own list: it is done as soon as the customer is saved."""
    job = get(uow, actor=actor, job_id=job_id)
    job.counters = job.counters | {"line": line}


def _enter(uow: UnitOfWork, actor: Actor, row: Row, origin: str) -> TakenIn | str:
    """The lead of a row, or why there is none."""
    if row.verdict not in (NEW, KNOWN):
        return row.verdict
    try:
        with uow.session.begin_nested():
            return creation.new_lead(uow, actor=actor, contact=row.arrival, origin=origin)
    except FieldErrors:
        return WRONG
    except tuple(_LEFT_OUT) as refusal:
        return _LEFT_OUT[type(refusal)]


def _judge(uow: UnitOfWork, actor: Actor, arrivals: Sequence[Arrival]) -> list[Row]:
    house = houses.of(uow)
    checked = [_checked(house, arrival) for arrival in arrivals]
    keys = dict.fromkeys(key for one in checked if isinstance(one, Checked) for key in one.keys)
    found = intake.find_all(uow, house, list(keys))
    pooled = [known.lead_id for known in found.values() if known.lead_id and not known.owner_id]
    visible = {lead.id for lead in leads.many(uow, actor=actor, lead_ids=pooled)} if pooled else set()
    rows, seen = [], set[tuple[str, str]]()
    for line, (arrival, one) in enumerate(zip(arrivals, checked, strict=True), start=1):
        if not isinstance(one, Checked):
            rows.append(Row(line, WRONG, arrival, errors=one))
            continue
        known = next((found[key] for key in one.keys if key in found), None)
        verdict, ref = _verdict(actor, known, visible)
        rows.append(Row(line, TWICE if seen.intersection(one.keys) else verdict, arrival, ref))
        seen.update(one.keys)
    return rows


def _verdict(actor: Actor, known: Known | None, visible: set[int]) -> tuple[str, str]:
    if known is None:
        return NEW, ""
    if known.owner_id == actor.id:
        return YOURS, f"L-{known.number}"
    if known.lead_id in visible:
        return POOL, f"L-{known.number}"
    return KNOWN, ""


def _checked(house: House, arrival: Arrival) -> Checked | dict[str, str]:
    try:
        return creation.check_contact(house, arrival)
    except FieldErrors as exc:
        return exc.fields
    except NoContact:
        return {"contact": NoContact.message}


def _counts(rows: Sequence[Row]) -> dict[str, Any]:
    verdicts = [row.verdict for row in rows]
    return {"rows": len(rows)} | {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}


def _digest(stored: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(repr(stored).encode("utf-8", "replace")).hexdigest()

"""The pairs of people who look alike, as they lie in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, text

from crm.uow import UnitOfWork

Answer = Literal["same", "different", "share", "transfer"]

_ONE = """
    select d.id, d.left_id, d.right_id, d.job_id, d.lead_id, d.score, d.reasons, d.state, d.asked_id, d.by_id, d.due_at,
           d.decided_by, d.merge_id
    from duplicate d where d.org_id = :org and d.id = :pair
"""
_READ, _LOCK = text(_ONE), text(_ONE + " for update")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who look alike. `known_id` was there before; `new_id` is None while it waits in the list `job_id`."""

    id: int
    known_id: int
    new_id: int | None
    job_id: int | None
    lead_id: int | None
    score: int
    reasons: tuple[tuple[str, int], ...]
    state: str
    asked_id: int | None
    by_id: int | None
    due_at: datetime | None
    decided_by: int | None
    merge_id: int | None


def get(uow: UnitOfWork, pair_id: int) -> Pair | None:
    """One pair; whoever shows it has been asked, or decides."""
    return _pair(uow.session.execute(_READ, {"org": uow.org_id, "pair": pair_id}).one_or_none())


def lock(uow: UnitOfWork, pair_id: int) -> Pair | None:
    """The same, held until the transaction ends."""
    return _pair(uow.session.execute(_LOCK, {"org": uow.org_id, "pair": pair_id}).one_or_none())


def _pair(row: Row[Any] | None) -> Pair | None:
    if row is None:
        return None
    reasons = tuple((code, points) for code, points in row.reasons)
    return Pair(
        row.id, row.left_id, row.right_id, row.job_id, row.lead_id, row.score, reasons, row.state, row.asked_id,
        row.by_id, row.due_at, row.decided_by, row.merge_id,
    )  # fmt: skip

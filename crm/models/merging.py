"""Persons who turned out to be one: what a merge changed, and pairs about which somebody is asked or has decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from crm.models.base import Base, Tenant


class Merge(Tenant, Base):
    """Two persons became one. `snapshot` holds what it takes to part them again: ids and figures, no personal text.

    Attributes:
        how: by hand (`person`), by a decided pair (`pair`), or by rule (`policy`).
        undone_at: when they were parted again.
    """

    __tablename__ = "merge"
    survivor_id: Mapped[int]
    loser_id: Mapped[int]
    lead_id: Mapped[int | None]
    at: Mapped[datetime]
    by_id: Mapped[int | None]
    how: Mapped[str]
    reason: Mapped[str | None]
    snapshot: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "survivor_id"], ["person.org_id", "person.id"]),
        ForeignKeyConstraint(["org_id", "loser_id"], ["person.org_id", "person.id"]),
        Index("uq_merge_loser", "org_id", "loser_id", unique=True, postgresql_where=text("undone_at is null")),
        Index("ix_merge_survivor", "org_id", "survivor_id"),
        CheckConstraint("how in ('person','pair','policy')", "how"),
    )


class Duplicate(Tenant, Base):
    """Two persons who look alike, asked about once for ever. The smaller id is `left_id`.

    Attributes:
        right_id: None while the second one waits in the list `job_id` to be entered.
        lead_id: the lead that came in and was found to be like one of `left_id` or `right_id`.
        reasons: `[code, points]` of what makes up the score.
        asked_id: who is to decide, until `due_at`; then they are kept apart. `by_id`: who asked, None for the engine.
    """

    __tablename__ = "duplicate"
    left_id: Mapped[int]
    right_id: Mapped[int | None]
    job_id: Mapped[int | None]
    lead_id: Mapped[int | None]
    score: Mapped[int]
    reasons: Mapped[list[Any]]
    state: Mapped[str]
    asked_id: Mapped[int | None]
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    merge_id: Mapped[int | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "left_id"], ["person.org_id", "person.id"]),
        ForeignKeyConstraint(["org_id", "right_id"], ["person.org_id", "person.id"]),
        Index("uq_duplicate_pair", "org_id", "left_id", "right_id", unique=True),
        Index("ix_duplicate_right", "org_id", "right_id"),
        Index("ix_duplicate_due", "org_id", "due_at", postgresql_where=text("state = 'asked'")),
        CheckConstraint("state in ('asked','same','different','shared','transferred','kept_apart')", "state"),
    )

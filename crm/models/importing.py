"""What an import leaves behind: how far it came, which rows were in before, what columns mean; and the shadow time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class ImportChunk(Tenant, Base):
    """Rows of a file that went in together, up to `line`; `leads` it made, so that they can be taken back."""

    __tablename__ = "import_chunk"
    job_id: Mapped[int]
    line: Mapped[int]
    counters: Mapped[dict[str, Any]]
    leads: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "job_id"], ["import_job.org_id", "import_job.id"], ondelete="CASCADE"),
        Index("ix_import_chunk_job", "org_id", "job_id", "line"),
    )


class ImportRow(Base):
    """A row that is in, by its content: the same row in another file has no second effect."""

    __tablename__ = "import_row"
    org_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    job_id: Mapped[int]


class SheetMapping(Tenant, Base):
    """What the columns of a kind of file mean, as somebody said it once.

    Attributes:
        columns: a name of the headings together, by which the next file of the kind is recognised.
        fields: heading to our field, empty: kept beside the lead.
    """

    __tablename__ = "sheet_mapping"
    name: Mapped[str]
    columns: Mapped[str]
    fields: Mapped[dict[str, Any]]
    source_id: Mapped[int | None]
    by_id: Mapped[int | None]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        Index("ix_sheet_mapping_columns", "org_id", "columns", "used_at"),
    )


class ShadowTime(Tenant, Base):
    """The engine says what it would take back, and takes nothing, until somebody lets it go live (`ended_at`).

    `report_at` is when managers are told next; `why` the word that began it.
    """

    __tablename__ = "shadow_time"
    why: Mapped[str]
    by_id: Mapped[int | None]
    began_at: Mapped[datetime]
    report_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None]
    __table_args__ = (
        Index("uq_shadow_time_running", "org_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_shadow_time_due", "org_id", "report_at", postgresql_where=text("ended_at is null")),
    )

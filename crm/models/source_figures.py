"""What is known of a source beside its key: how much came in which hour, what was turned away and why, what it cost."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class SourceHour(Base):
    """How many posts of one source were accepted and rejected in the hour that begins at `hour`."""

    __tablename__ = "source_hour"
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    source_id: Mapped[int] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    accepted: Mapped[int]
    rejected: Mapped[int]
    __table_args__ = (ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),)


class SourceRefusal(Base):
    """Why posts were turned away on one day (UTC): our name of the field, empty where the whole post was wrong, and our
    own sentence. Nothing of what was sent is kept."""

    __tablename__ = "source_refusal"
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    source_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    why: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),)


class SourceCost(Tenant, Base):
    """Money spent on a source, or on one campaign of it, for the days from `starts_on` to `ends_on`."""

    __tablename__ = "source_cost"
    source_id: Mapped[int]
    campaign: Mapped[str | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    currency: Mapped[str]
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),
        ForeignKeyConstraint(["org_id", "by_id"], ["member.org_id", "member.id"]),
        Index("ix_source_cost_source", "org_id", "source_id", "starts_on"),
        CheckConstraint("ends_on >= starts_on and amount >= 0", "sensible"),
    )

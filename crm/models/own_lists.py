"""How a member works: which leads carry a star, the lists that were saved, the calendar that is subscribed to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Star(Base):
    """A member's mark on a lead; nobody else sees it."""

    __tablename__ = "star"
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        Index("ix_star_lead", "org_id", "lead_id"),
    )


class SavedList(Tenant, Base):
    """Which of the own leads a name stands for; `wanted` is a `crm.rules.wanted.Wanted`, `key` the name folded."""

    __tablename__ = "saved_list"
    member_id: Mapped[int]
    key: Mapped[str]
    name: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "member_id", "key"),
    )


class CalendarFeed(Tenant, Base):
    """The secret address of a member's calendar: its hash finds it, its sealed word is shown to the member again."""

    __tablename__ = "calendar_feed"
    member_id: Mapped[int]
    token_hash: Mapped[str]
    token: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "member_id"),
        UniqueConstraint("org_id", "token_hash"),
    )

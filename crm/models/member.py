"""Members, who they are in chat, and the one ledger of what they hold and have claimed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Member(Tenant, Base):
    """Somebody of the organization. `role` is the main one; `manages` are departments whose tree is in scope.

    `sort` is the order in which the member works, a name of `crm.rules.wanted.Order`; None: the most urgent first.
    """

    __tablename__ = "member"
    name: Mapped[str]
    email: Mapped[str | None]
    role: Mapped[str]
    department_id: Mapped[int | None]
    manager_id: Mapped[int | None]
    active: Mapped[bool]
    on_duty: Mapped[bool]
    timezone: Mapped[str | None]
    locale: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    preferences: Mapped[dict[str, Any]]
    toured_at: Mapped[datetime | None]
    sort: Mapped[str | None]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    back_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "department_id"], ["department.org_id", "department.id"]),
        Index("uq_member_email", "org_id", "email", unique=True, postgresql_where=text("email is not null")),
        CheckConstraint(
            "role in ('reception','rep','success','service','marketing','quality','manager','admin')", "role"
        ),
    )


class ChatIdentity(Tenant, Base):
    """Who a member is on one chat installation."""

    __tablename__ = "chat_identity"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    external_id: Mapped[str]
    member_id: Mapped[int]
    seen_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("workspace_id", "external_id"),
        Index("ix_chat_identity_member", "org_id", "member_id"),
    )


class LinkCode(Tenant, Base):
    """A one-time code with which a member ties a chat identity to the record; only its hash is kept."""

    __tablename__ = "link_code"
    member_id: Mapped[int]
    code_hash: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "code_hash"),
    )


class RepLoad(Base):
    """The one ledger of capacity and quota: a conditional update of this row is what keeps every cap exact."""

    __tablename__ = "rep_load"
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    holding: Mapped[int]
    day: Mapped[date]
    day_claims: Mapped[int]
    week: Mapped[date]
    week_claims: Mapped[int]
    dealt_day: Mapped[int]
    dealt_week: Mapped[int] = mapped_column(server_default="0")
    month: Mapped[date] = mapped_column(server_default="2000-01-01")
    dealt_month: Mapped[int] = mapped_column(server_default="0")
    day_reveals: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        CheckConstraint("holding >= 0", "holding"),
    )


class ClaimEntry(Tenant, Base):
    """One claim, for ever: the evidence behind the ledger. A release refunds nothing."""

    __tablename__ = "claim_entry"
    member_id: Mapped[int]
    lead_id: Mapped[int]
    pool_id: Mapped[int | None]
    day: Mapped[date]
    at: Mapped[datetime]
    __table_args__ = (
        Index("ix_claim_entry_member_day", "org_id", "member_id", "day"),
        Index("ix_claim_entry_pool", "org_id", "pool_id", "at"),
    )

"""What colleagues ask each other about a lead, and the files that came with a follow-up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Question(Tenant, Base):
    """What a member asks a colleague about one lead; `number` is the `A-3` that people type.

    Its thread is on the lead's timeline: entries whose `data` names the question. `words` is personal text.
    """

    __tablename__ = "question"
    number: Mapped[int]
    lead_id: Mapped[int]
    asker_id: Mapped[int]
    colleague_id: Mapped[int]
    words: Mapped[str | None]
    digest: Mapped[str]
    state: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "asker_id"], ["member.org_id", "member.id"]),
        ForeignKeyConstraint(["org_id", "colleague_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "number"),
        Index(
            "uq_question_open", "org_id", "lead_id", "asker_id", "colleague_id", "digest",
            unique=True, postgresql_where=text("state = 'open'"),
        ),
        Index("ix_question_lead", "org_id", "lead_id"),
        Index("ix_question_colleague", "org_id", "colleague_id", postgresql_where=text("state = 'open'")),
        Index("ix_question_due", "org_id", "due_at", postgresql_where=text("state = 'open' and reminded_at is null")),
        CheckConstraint("state in ('open','answered','declined','done')", "state"),
    )  # fmt: skip


class Attachment(Tenant, Base):
    """A picture, recording or paper that belongs to a follow-up; `coming` until its bytes are fetched.

    `name` and `content` are personal and go when the file is erased. `handle` is the platform's way to the bytes.
    """

    __tablename__ = "attachment"
    member_id: Mapped[int]
    workspace_id: Mapped[int]
    lead_id: Mapped[int | None]
    activity_id: Mapped[int | None]
    name: Mapped[str | None]
    mime: Mapped[str | None]
    size: Mapped[int]
    handle: Mapped[dict[str, Any]]
    state: Mapped[str]
    cause: Mapped[str | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        Index("ix_attachment_lead", "org_id", "lead_id"),
        Index("ix_attachment_loose", "org_id", "created_at", postgresql_where=text("lead_id is null")),
        CheckConstraint("state in ('coming','kept','refused','erased')", "state"),
    )


class PendingLine(Tenant, Base):
    """A typed line that waits for the tap which says what it is about. `words` is personal text and short-lived."""

    __tablename__ = "pending_line"
    member_id: Mapped[int]
    command: Mapped[str]
    words: Mapped[str]
    files: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    __table_args__ = (Index("ix_pending_line_expires_at", "org_id", "expires_at"),)


class RecentLead(Tenant, Base):
    """The lead that a member dealt with last in a conversation: what "it" and 刚才那个 mean there, for a while."""

    __tablename__ = "recent_lead"
    member_id: Mapped[int]
    place: Mapped[str]
    lead_id: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("org_id", "member_id", "place"),)

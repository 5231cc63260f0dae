"""What came in and what is owed: deliveries, messages, posted cards, and the groups they go to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Delivery(Base):
    """One inbound interaction. The insert, not a lookup, decides who is first; a repeat gets the stored answer.

    `answer` holds a card's name and ids, never personal text. Exempt from row security: it comes before the tenant.
    """

    __tablename__ = "delivery"
    key: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[int | None]
    at: Mapped[datetime]
    answer: Mapped[dict[str, Any] | None]
    __table_args__ = (Index("ix_delivery_at", "at"),)


class Conversation(Tenant, Base):
    """A group that a team or pool is bound to: Slack channel, WeCom appchat or robot, playground group."""

    __tablename__ = "conversation"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    kind: Mapped[str]
    external_id: Mapped[str]
    name: Mapped[str]
    department_id: Mapped[int | None]
    pool_id: Mapped[int | None]
    broken_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("org_id", "workspace_id", "external_id"),)


class Message(Tenant, Base):
    """An owed message, written with the fact. `attempt` fences doubles: only the job that raised it may send.

    A `held` one waits until `due_at`, because its receiver does not want to be disturbed before.
    """

    __tablename__ = "message"
    topic: Mapped[str]
    key: Mapped[str]
    member_id: Mapped[int | None]
    conversation_id: Mapped[int | None]
    workspace_id: Mapped[int | None]
    address: Mapped[dict[str, Any] | None]
    lead_id: Mapped[int | None]
    card: Mapped[dict[str, Any]]
    state: Mapped[str]
    attempt: Mapped[int]
    group_key: Mapped[str | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("org_id", "key"),
        Index("ix_message_owed", "org_id", "due_at", postgresql_where=text("state = 'owed'")),
        Index("ix_message_dead", "org_id", "id", postgresql_where=text("state = 'dead'")),
        Index("ix_message_group", "org_id", "group_key", postgresql_where=text("state = 'owed'")),
        Index("ix_message_held", "org_id", "due_at", postgresql_where=text("state = 'held'")),
        Index(
            "ix_message_told", "org_id", "member_id", "sent_at",
            postgresql_where=text("member_id is not null and state in ('sent', 'dropped')"),
        ),
        CheckConstraint("state in ('owed','held','sent','dead','dropped','merged')", "state"),
    )  # fmt: skip


class PostedCard(Tenant, Base):
    """A card that stands in a chat and can be edited later. Jobs bring `shown` up to `wanted`."""

    __tablename__ = "posted_card"
    message_id: Mapped[int | None]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    member_id: Mapped[int | None]
    conversation_id: Mapped[int | None]
    lead_id: Mapped[int | None]
    task_id: Mapped[int | None]
    card: Mapped[dict[str, Any]]
    handle: Mapped[dict[str, Any]]
    place: Mapped[str]
    wanted: Mapped[int]
    shown: Mapped[int]
    live: Mapped[bool]
    posted_at: Mapped[datetime]
    told: Mapped[int | None]
    __table_args__ = (
        Index("ix_posted_card_lead", "org_id", "lead_id", postgresql_where=text("live")),
        Index("ix_posted_card_task", "org_id", "task_id", postgresql_where=text("live and task_id is not null")),
        Index("ix_posted_card_place", "org_id", "workspace_id", "place"),
    )


class PendingForm(Tenant, Base):
    """A question asked in a chat without dialogs: the person's next line is the answer, until it expires."""

    __tablename__ = "pending_form"
    member_id: Mapped[int]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    form: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("org_id", "member_id", "workspace_id"),)


class SendLedger(Base):
    """How many messages a member got in a minute and hour from a platform that drops the excess silently."""

    __tablename__ = "send_ledger"
    org_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[datetime]
    minute_count: Mapped[int]
    hour: Mapped[datetime]
    hour_count: Mapped[int]


class ImportJob(Tenant, Base):
    """An import or a pasted list waiting for its one tap; `rows` is personal text and is dropped when it is done."""

    __tablename__ = "import_job"
    member_id: Mapped[int | None]
    name: Mapped[str]
    digest: Mapped[str]
    state: Mapped[str]
    rows: Mapped[list[Any] | None]
    counters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Clock(Base):
    """The one shared offset of a playground's clock, in seconds; a single row, exempt from row security."""

    __tablename__ = "clock"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    offset_seconds: Mapped[int]

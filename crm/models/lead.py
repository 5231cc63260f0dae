"""Leads, their owners over time, and their timeline."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Belonging, Tenant

OPEN = text("status = 'open'")


class Lead(Belonging, Base):
    """One pursuit of one person in one line. Without owner it lies in `pool_id`; with one, that is where it returns.

    Attributes:
        held_by: why it waits since `held_since`, until `held_until` at the latest: `nobody` was there to deal it to, it
            is on `offer`, it is for one `group` as yet, its rule is `paused`, a `person` holds it, it lies on a
            manager's `desk`, its `policy` forbids selling, or it is parked (`nurture`). `held_for` is the rule's name
            or the signal it waits for.
        counts: whether it fills its owner's capacity; the ledger's `holding` is the number of open leads that do.
        wave: 1, and one more each time it came back from being parked.
        parent_id: the won lead that this one follows; `seller_id` sold it and keeps seeing this one.
        merged_into: the lead of the same person that stands for this one, which is void since.
        blanked_at: when its own words were erased, because it had been closed for as long as they are kept.
        score_reasons: `[name, points]` of what makes up the score; `score_at` is when it changes by itself.
    """

    __tablename__ = "lead"
    number: Mapped[int]
    person_id: Mapped[int]
    line_id: Mapped[int]
    status: Mapped[str]
    stage: Mapped[str]
    owner_id: Mapped[int | None]
    pool_id: Mapped[int | None]
    source_id: Mapped[int | None]
    origin: Mapped[str]
    referrer: Mapped[str | None]
    channel: Mapped[str | None]
    campaign: Mapped[str | None]
    level: Mapped[str | None]
    product: Mapped[str | None]
    region: Mapped[str | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None]
    score: Mapped[int]
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    custom: Mapped[dict[str, Any]]
    version: Mapped[int]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]
    pool_entered_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    followed_up_at: Mapped[datetime | None]
    stage_entered_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    lost_reason: Mapped[str | None]
    recycle_at: Mapped[datetime | None]
    recycle_rule: Mapped[str | None]
    warn_at: Mapped[datetime | None]
    warn_step: Mapped[int]
    extended_until: Mapped[datetime | None]
    extensions: Mapped[int]
    protected_until: Mapped[datetime | None]
    held_since: Mapped[datetime | None]
    held_by: Mapped[str | None]
    held_until: Mapped[datetime | None]
    held_for: Mapped[str | None]
    sla_at: Mapped[datetime | None]
    sla_step: Mapped[int] = mapped_column(server_default="0")
    touches: Mapped[int]
    counts: Mapped[bool] = mapped_column(server_default="true")
    wave: Mapped[int] = mapped_column(server_default="1")
    parent_id: Mapped[int | None]
    seller_id: Mapped[int | None]
    merged_into: Mapped[int | None]
    score_reasons: Mapped[list[Any]] = mapped_column(server_default="[]")
    score_at: Mapped[datetime | None]
    blanked_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "person_id"], ["person.org_id", "person.id"]),
        ForeignKeyConstraint(["org_id", "owner_id"], ["member.org_id", "member.id"]),
        ForeignKeyConstraint(["org_id", "pool_id"], ["pool.org_id", "pool.id"]),
        UniqueConstraint("org_id", "number"),
        Index("uq_lead_open_person_line", "org_id", "person_id", "line_id", unique=True, postgresql_where=OPEN),
        Index(
            "ix_lead_pool", "org_id", "pool_id", text("score desc"), "id",
            postgresql_where=text("status = 'open' and owner_id is null"),
        ),
        Index("ix_lead_person", "org_id", "person_id"),
        Index("ix_lead_owner", "org_id", "owner_id", "recycle_at", postgresql_where=OPEN),
        Index("ix_lead_recycle", "org_id", "recycle_at", postgresql_where=text("recycle_at is not null")),
        Index("ix_lead_warn", "org_id", "warn_at", postgresql_where=text("warn_at is not null")),
        Index("ix_lead_sla", "org_id", "sla_at", postgresql_where=text("sla_at is not null")),
        Index("ix_lead_held", "org_id", "held_since", postgresql_where=text("held_since is not null")),
        Index("ix_lead_held_until", "org_id", "held_until", postgresql_where=text("held_until is not null")),
        Index("ix_lead_score_at", "org_id", "score_at", postgresql_where=text("score_at is not null")),
        Index("ix_lead_parent", "org_id", "parent_id", postgresql_where=text("parent_id is not null")),
        Index("ix_lead_merged", "org_id", "merged_into", postgresql_where=text("merged_into is not null")),
        Index("ix_lead_created", "org_id", "created_at"),
        Index("ix_lead_won", "org_id", "person_id", postgresql_where=text("status = 'won'")),
        CheckConstraint("status in ('open','won','lost','void')", "status"),
        CheckConstraint("status <> 'open' or owner_id is not null or pool_id is not null", "somewhere"),
    )  # fmt: skip

    @property
    def ref(self) -> str:
        """The short reference that people type."""
        return f"L-{self.number}"


class Assignment(Tenant, Base):
    """Who owned a lead from when to when. One open row per lead, settled by the database."""

    __tablename__ = "assignment"
    lead_id: Mapped[int]
    member_id: Mapped[int]
    began_at: Mapped[datetime]
    began_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    reason: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        Index("uq_assignment_open", "org_id", "lead_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_assignment_lead", "org_id", "lead_id", "began_at"),
        Index("ix_assignment_member", "org_id", "member_id", "began_at"),
        Index("ix_assignment_ended", "org_id", "ended_at", postgresql_where=text("ended_at is not null")),
        CheckConstraint("ended_at is null or ended_by is not null", "reasoned"),
    )


class Activity(Belonging, Base):
    """The timeline, which is also the audit trail: append-only. `words` is personal text and may be erased."""

    __tablename__ = "activity"
    lead_id: Mapped[int]
    actor_id: Mapped[int | None]
    for_id: Mapped[int | None]
    verb: Mapped[str]
    at: Mapped[datetime]
    words: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    decision_id: Mapped[int | None]
    undo: Mapped[dict[str, Any] | None]
    undone_at: Mapped[datetime | None]
    xact: Mapped[int] = mapped_column(server_default=text("(pg_current_xact_id()::text::bigint)"))
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        Index("ix_activity_lead", "org_id", "lead_id", "at"),
        Index("ix_activity_actor", "org_id", "actor_id", "at"),
        # The order in which other systems read what happened, without a gap.
        Index("ix_activity_xact", "org_id", "xact", "id"),
        # The few entries from which the funnel reads which steps a lead has reached.
        Index(
            "ix_activity_step",
            "org_id",
            "lead_id",
            postgresql_include=["at", "verb", "data", "undone_at"],
            postgresql_where=text("verb in ('stage', 'won', 'lost', 'reopened') or data ->> 'stage' is not null"),
        ),
    )


class Offer(Tenant, Base):
    """A lead held out to a member for a while. One open offer per lead; nobody is offered the same lead twice."""

    __tablename__ = "offer"
    lead_id: Mapped[int]
    member_id: Mapped[int]
    rule: Mapped[str | None]
    decision_id: Mapped[int | None]
    state: Mapped[str]
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        Index("uq_offer_open", "org_id", "lead_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_offer_due", "org_id", "expires_at", postgresql_where=text("state = 'open'")),
        Index("ix_offer_lead", "org_id", "lead_id", "member_id"),
        Index("ix_offer_member", "org_id", "member_id", "offered_at"),
        CheckConstraint("state in ('open','accepted','declined','expired','withdrawn')", "state"),
    )


class Task(Tenant, Base):
    """Something to be done, due at a minute. `reminded_at` says that the reminder is owed or sent.

    Attributes:
        member_id: who does it; None while it is a department's and nobody has taken it.
        by_id: who asked the department; `escalate_at`: when its manager is told that nobody took it.
    """

    __tablename__ = "task"
    lead_id: Mapped[int | None]
    member_id: Mapped[int | None]
    department_id: Mapped[int | None]
    by_id: Mapped[int | None]
    due_at: Mapped[datetime]
    words: Mapped[str | None]
    state: Mapped[str]
    reminded_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        ForeignKeyConstraint(["org_id", "department_id"], ["department.org_id", "department.id"]),
        Index("ix_task_due", "org_id", "due_at", postgresql_where=text("state = 'open' and reminded_at is null")),
        Index("ix_task_member", "org_id", "member_id", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_task_lead", "org_id", "lead_id", postgresql_where=text("state = 'open'")),
        Index(
            "ix_task_team", "org_id", "department_id", "due_at",
            postgresql_where=text("state = 'open' and member_id is null"),
        ),
        Index("ix_task_escalate", "org_id", "escalate_at", postgresql_where=text("escalate_at is not null")),
        CheckConstraint("member_id is not null or department_id is not null", "somebody"),
    )  # fmt: skip


class Credit(Tenant, Base):
    """Who earned which share of a lead; append-only."""

    __tablename__ = "credit"
    lead_id: Mapped[int]
    member_id: Mapped[int]
    part: Mapped[str]
    share: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    rule_set_id: Mapped[int | None]
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_credit_lead", "org_id", "lead_id"),)

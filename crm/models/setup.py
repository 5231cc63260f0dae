"""What an organization decides: lines, stages, sources, pools and the versioned rule set."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Line(Tenant, Base):
    """A line of business; a person has at most one open lead in each."""

    __tablename__ = "line"
    key: Mapped[str]
    name: Mapped[str]
    __table_args__ = (UniqueConstraint("org_id", "key"),)


class Pipeline(Tenant, Base):
    __tablename__ = "pipeline"
    line_id: Mapped[int]
    name: Mapped[str]
    __table_args__ = (ForeignKeyConstraint(["org_id", "line_id"], ["line.org_id", "line.id"]),)


class Stage(Tenant, Base):
    """A step of a pipeline; `funnel` is what it counts as: new, contacted, qualified, opportunity, won, lost.

    `aliases` are further names, folded; a retired one stays where it is and is offered no more.
    """

    __tablename__ = "stage"
    pipeline_id: Mapped[int]
    key: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    position: Mapped[int]
    funnel: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    retired_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "pipeline_id"], ["pipeline.org_id", "pipeline.id"]),
        UniqueConstraint("org_id", "pipeline_id", "key"),
    )


class Source(Tenant, Base):
    """Where leads come from. Keys are encrypted; the previous one stays valid until `old_key_until`.

    `format` names how its posts are written, `mapping` is the description of one that the admin wrote, and `vendor`
    holds sealed what else the vendor's side needs: tokens, an app's secret. `owner_id` looks after it.
    """

    __tablename__ = "source"
    key: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    format: Mapped[str] = mapped_column(server_default="generic")
    mapping: Mapped[dict[str, Any] | None]
    vendor: Mapped[bytes | None] = mapped_column(LargeBinary)
    name_zh: Mapped[str | None]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    channel: Mapped[str | None]
    campaign: Mapped[str | None]
    pool_id: Mapped[int | None]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    accepted: Mapped[int]
    rejected: Mapped[int]
    usual_pause: Mapped[int | None]
    silent_at: Mapped[datetime | None]
    silence_told_at: Mapped[datetime | None]
    owner_id: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("org_id", "key"),
        Index("ix_source_silent", "org_id", "silent_at", postgresql_where=text("silent_at is not null")),
    )


class Pool(Tenant, Base):
    __tablename__ = "pool"
    key: Mapped[str]
    name: Mapped[str]
    admin_id: Mapped[int | None]
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("org_id", "key"),)


class PoolScope(Tenant, Base):
    """Who may claim from a pool: a department's tree, a role, or one member."""

    __tablename__ = "pool_scope"
    pool_id: Mapped[int]
    department_id: Mapped[int | None]
    role: Mapped[str | None]
    member_id: Mapped[int | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "pool_id"], ["pool.org_id", "pool.id"]),
        Index("ix_pool_scope_pool", "org_id", "pool_id"),
    )


class RuleSet(Tenant, Base):
    """A version of the rules as written; never changed, the organization points at the one in force."""

    __tablename__ = "rule_set"
    version: Mapped[int]
    text: Mapped[str]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("org_id", "version"),)


class RulePause(Tenant, Base):
    """Somebody stopped a rule for a while, for a reason. `ended_at` when it was taken up again before `until`."""

    __tablename__ = "rule_pause"
    kind: Mapped[str]
    rule: Mapped[str]
    reason: Mapped[str]
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_rule_pause_running", "org_id", "until", postgresql_where=text("ended_at is null")),
        CheckConstraint("kind in ('dispatch','recycle')", "kind"),
    )


class Rehearsal(Tenant, Base):
    """A rule set that somebody tried without putting it in force, and what it would have done."""

    __tablename__ = "rehearsal"
    text: Mapped[str]
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    state: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    rule_set_id: Mapped[int | None]


class RuleCursor(Base):
    """Where a dispatch rule stands: how many each member was dealt, so that fairness survives restarts."""

    __tablename__ = "rule_cursor"
    org_id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[dict[str, Any]]


class Decision(Tenant, Base):
    """Why the engine did what it did: rule, facts, candidates with the reason each was passed over."""

    __tablename__ = "decision"
    kind: Mapped[str]
    lead_id: Mapped[int | None]
    member_id: Mapped[int | None]
    run_id: Mapped[int | None]
    rule_set_id: Mapped[int | None]
    rule: Mapped[str | None]
    outcome: Mapped[str]
    facts: Mapped[dict[str, Any]]
    candidates: Mapped[list[Any]]
    at: Mapped[datetime]
    __table_args__ = (
        Index("ix_decision_lead", "org_id", "lead_id", "at"),
        Index("ix_decision_run", "org_id", "run_id", postgresql_where=text("run_id is not null")),
        Index("ix_decision_at", "at", postgresql_using="brin"),
        Index("ix_decision_refusal", "org_id", "member_id", "at", postgresql_where=text("kind = 'refusal'")),
    )


class Run(Tenant, Base):
    """One sweep that took or dealt leads: what it counted, and whether it was rewound."""

    __tablename__ = "run"
    kind: Mapped[str]
    at: Mapped[datetime]
    counters: Mapped[dict[str, Any]]
    rewound_at: Mapped[datetime | None]


class DigestSubscription(Tenant, Base):
    """Which group or member gets a team's digest, on which days at which local hour, and what the last one said.

    `every` is `day` or a day of the week; `said` holds the figures by which a digest that tells nothing new is known.
    """

    __tablename__ = "digest_subscription"
    department_id: Mapped[int | None]
    conversation_id: Mapped[int | None]
    member_id: Mapped[int | None]
    at: Mapped[time]
    every: Mapped[str] = mapped_column(server_default="day")
    next_at: Mapped[datetime]
    said: Mapped[dict[str, Any] | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "conversation_id"], ["conversation.org_id", "conversation.id"]),
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "conversation_id"),
        Index(
            "uq_digest_member", "org_id", "member_id", "department_id", unique=True,
            postgresql_where=text("member_id is not null"), postgresql_nulls_not_distinct=True,
        ),
        Index("ix_digest_due", "org_id", "next_at"),
        CheckConstraint("every in ('day','mon','tue','wed','thu','fri','sat','sun')", "every"),
        CheckConstraint("(conversation_id is null) <> (member_id is null)", "one"),
    )  # fmt: skip

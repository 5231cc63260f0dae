"""What other systems read and are told: tokens, calls out, and what happened that no lead's timeline holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant

# The transaction that wrote a row. All that precede the oldest one still running have ended, so whoever reads in this
# order, up to there, misses nothing that is committed late.
XACT = text("(pg_current_xact_id()::text::bigint)")


class Happening(Tenant, Base):
    """A fact about a person or member; those about a lead are its timeline. `data` holds ids and figures only."""

    __tablename__ = "happening"
    topic: Mapped[str]
    person_id: Mapped[int | None]
    member_id: Mapped[int | None]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    xact: Mapped[int] = mapped_column(server_default=XACT)
    __table_args__ = (Index("ix_happening_xact", "org_id", "xact", "id"),)


class ApiToken(Tenant, Base):
    """A named key to the read API, kept as a fingerprint; `scopes` say what it opens."""

    __tablename__ = "api_token"
    number: Mapped[int]
    name: Mapped[str]
    token_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "created_by"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "token_hash"),
        UniqueConstraint("org_id", "number"),
    )


class Hook(Tenant, Base):
    """Somebody who is called when something happens.

    Attributes:
        topics: what is told; `*` for everything.
        with_contact: phones and addresses come along, as far as `created_by` may see them when the call is made.
        xact, kind, entry: up to where of what happened calls have been planned.
        failures, failing_since: failed calls in a row, and since when; `rest_until`: no call before.
        cause: why it is `failed`, or failed last.
    """

    __tablename__ = "hook"
    number: Mapped[int]
    url: Mapped[str]
    topics: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    with_contact: Mapped[bool]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    state: Mapped[str]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]
    xact: Mapped[int]
    kind: Mapped[int]
    entry: Mapped[int]
    failures: Mapped[int]
    failing_since: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "created_by"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "url"),
        UniqueConstraint("org_id", "number"),
        CheckConstraint("state in ('on','off','failed')", "state"),
    )


class HookCall(Tenant, Base):
    """One call that is owed. `event` is the same however often it is tried, so that the receiver knows a repeat."""

    __tablename__ = "hook_call"
    hook_id: Mapped[int]
    event: Mapped[str]
    topic: Mapped[str]
    lead_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str]
    attempt: Mapped[int]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "hook_id"], ["hook.org_id", "hook.id"]),
        UniqueConstraint("org_id", "hook_id", "event"),
        Index("ix_hook_call_owed", "org_id", "hook_id", "id", postgresql_where=text("state = 'owed'")),
        Index("ix_hook_call_due", "org_id", "due_at", postgresql_where=text("state = 'owed'")),
        Index(
            "ix_hook_call_lead", "org_id", "hook_id", "lead_id", "id",
            postgresql_where=text("state = 'owed' and lead_id is not null"),
        ),
        Index("ix_hook_call_dead", "org_id", "id", postgresql_where=text("state = 'dead'")),
        CheckConstraint("state in ('owed','sent','dead','dropped')", "state"),
    )  # fmt: skip

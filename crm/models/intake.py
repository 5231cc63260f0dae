"""What a sender told of that is not a lead yet: one that has still to be fetched, and what somebody unknown did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from crm.models.base import Base, Tenant


class OwedFetch(Tenant, Base):
    """A lead that a vendor announced by its id only, and that is fetched from there. `data` is the announcement.

    `cause`: why the last try failed, or why it never became a lead.
    """

    __tablename__ = "owed_fetch"
    source_id: Mapped[int]
    own_id: Mapped[str]
    data: Mapped[dict[str, Any]]
    state: Mapped[str]
    tries: Mapped[int]
    cause: Mapped[str | None]
    at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),
        UniqueConstraint("org_id", "source_id", "own_id"),
        Index("ix_owed_fetch_open", "org_id", "source_id", postgresql_where=text("state <> 'done'")),
        CheckConstraint("state in ('owed','done','failed')", "state"),
    )


class FeedEvent(Tenant, Base):
    """What somebody did in the product before a lead of theirs was open; it waits for one under the product's id."""

    __tablename__ = "feed_event"
    source_id: Mapped[int]
    external_id: Mapped[str]
    event: Mapped[str]
    at: Mapped[datetime]
    properties: Mapped[dict[str, Any]]
    came_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),
        Index("ix_feed_event_person", "org_id", "source_id", "external_id"),
        Index("ix_feed_event_came", "org_id", "came_at"),
    )

"""The playground's own server side: what was said in it, in the same database as everything else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from crm.models.base import Base, Tenant


class PlaygroundMessage(Tenant, Base):
    """One message or card. `conversation` is `dm:<user>` or `group:<key>`; `author` a user's id or `sluice`.

    `rev` is drawn from the same sequence as `id` at each write: one number tells what a page has not seen yet.
    `key` names a write that may be repeated; `private_to` shows a message in a group to one person only. `file` tells
    what came with a line: its number in `playground_file`, name, type and size.
    """

    __tablename__ = "playground_message"
    conversation: Mapped[str]
    author: Mapped[str]
    text: Mapped[str]
    card: Mapped[dict[str, Any] | None]
    private_to: Mapped[str | None]
    reply_to: Mapped[int | None]
    key: Mapped[str | None]
    file: Mapped[dict[str, Any] | None]
    rev: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("org_id", "key"),
        Index("ix_playground_message_rev", "org_id", "rev"),
        Index("ix_playground_message_conversation", "org_id", "conversation", "id"),
    )


class PlaygroundFile(Tenant, Base):
    """A file that was uploaded, as a chat platform would hold it for a while."""

    __tablename__ = "playground_file"
    name: Mapped[str]
    content: Mapped[bytes]
    created_at: Mapped[datetime]
    __table_args__ = (Index("ix_playground_file_created_at", "org_id", "created_at"),)

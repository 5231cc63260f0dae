"""Pages that anybody may open: a source's form, and an event with its helpers, guests, materials and questions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Form(Tenant, Base):
    """The page on which people leave their contact for a source; `word` is its name in the address.

    Attributes:
        texts: what the organization says on it, by name and language: `title`, `title.zh`, `intro`, `consent`.
        fields: `[name, required]` in their order.
        parents: the sites that may show it in a frame.
        verify: whether a phone is proven by a code, where a gateway for messages is set up.
    """

    __tablename__ = "form"
    source_id: Mapped[int]
    word: Mapped[str]
    texts: Mapped[dict[str, Any]]
    fields: Mapped[list[Any]]
    parents: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    verify: Mapped[bool]
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),
        UniqueConstraint("org_id", "source_id"),
        UniqueConstraint("word"),
    )


class Event(Tenant, Base):
    """Something that people come to. Its leads come by its own source; `word` names its pages at the door."""

    __tablename__ = "event"
    name: Mapped[str]
    key: Mapped[str]
    place: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    source_id: Mapped[int]
    word: Mapped[str]
    created_by: Mapped[int]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "source_id"], ["source.org_id", "source.id"]),
        ForeignKeyConstraint(["org_id", "created_by"], ["member.org_id", "member.id"]),
        UniqueConstraint("word"),
        UniqueConstraint("org_id", "source_id"),
        Index("uq_event_open_key", "org_id", "key", unique=True, postgresql_where=text("closed_at is null")),
    )


class EventLink(Tenant, Base):
    """The address that one helper hands out, so that those who come by it count as brought along by the helper."""

    __tablename__ = "event_link"
    event_id: Mapped[int]
    member_id: Mapped[int]
    word: Mapped[str]
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "event_id"], ["event.org_id", "event.id"]),
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "event_id", "member_id"),
        UniqueConstraint("org_id", "event_id", "word"),
    )


class EventGuest(Tenant, Base):
    """Who registered or signed in, by lead; `link_id`: by whose address."""

    __tablename__ = "event_guest"
    event_id: Mapped[int]
    lead_id: Mapped[int]
    link_id: Mapped[int | None]
    registered_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "event_id"], ["event.org_id", "event.id"]),
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "link_id"], ["event_link.org_id", "event_link.id"]),
        UniqueConstraint("org_id", "event_id", "lead_id"),
        Index("ix_event_guest_lead", "org_id", "lead_id"),
    )


class EventMaterial(Tenant, Base):
    """What visitors of an event may take along: an address, or a file with its bytes."""

    __tablename__ = "event_material"
    event_id: Mapped[int]
    title: Mapped[str]
    url: Mapped[str | None]
    attachment_id: Mapped[int | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "event_id"], ["event.org_id", "event.id"]),
        ForeignKeyConstraint(["org_id", "attachment_id"], ["attachment.org_id", "attachment.id"]),
        Index("ix_event_material_event", "org_id", "event_id"),
        CheckConstraint("(url is null) <> (attachment_id is null)", "one"),
    )


class EventQuestion(Tenant, Base):
    """What a visitor asked on the phone, and the task that it became. `words` is personal text."""

    __tablename__ = "event_question"
    event_id: Mapped[int]
    lead_id: Mapped[int | None]
    member_id: Mapped[int]
    task_id: Mapped[int | None]
    words: Mapped[str | None]
    asked_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "event_id"], ["event.org_id", "event.id"]),
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        ForeignKeyConstraint(["org_id", "task_id"], ["task.org_id", "task.id"]),
        Index("ix_event_question_event", "org_id", "event_id"),
        Index(
            "ix_event_question_lead", "org_id", "lead_id", postgresql_where=text("lead_id is not null")
        ),
    )  # fmt: skip


class PhoneCode(Tenant, Base):
    """A code that proves a phone. Only its hash is kept, and `address_hash` of whoever asked for it.

    The code is made when it is sent, so that no job and no row ever holds it.
    """

    __tablename__ = "phone_code"
    phone: Mapped[str]
    address_hash: Mapped[str]
    locale: Mapped[str]
    state: Mapped[str]
    code_hash: Mapped[str | None]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_phone_code_phone", "org_id", "phone", "created_at"),
        Index("ix_phone_code_address", "org_id", "address_hash", "created_at"),
        CheckConstraint("state in ('owed','sent','proven','failed')", "state"),
    )

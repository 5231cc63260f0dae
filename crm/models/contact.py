"""What the company's own chat knows of people: its departments, and which member has which customer as a contact."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class ChatUnit(Tenant, Base):
    """A department as the chat's address book has it, and ours that it stands for."""

    __tablename__ = "chat_unit"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    external_id: Mapped[str]
    parent: Mapped[str]
    name: Mapped[str]
    department_id: Mapped[int | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "department_id"], ["department.org_id", "department.id"]),
        UniqueConstraint("org_id", "workspace_id", "external_id"),
    )


class ChatPerson(Tenant, Base):
    """A colleague as the chat's address book has shown them last: `unit` is the main department there.

    What differs the next time was changed in the chat; what does not is left as the company has it here.
    """

    __tablename__ = "chat_person"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    external_id: Mapped[str]
    name: Mapped[str]
    unit: Mapped[str]
    seen_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("org_id", "workspace_id", "external_id"),)


class ContactFollow(Tenant, Base):
    """A customer whom a member has as a contact. Who the customer is, the keys of persons say.

    `remark` (a fingerprint of the member's own name for the customer) and `tags` are as the chat showed them last;
    `state` is the way by which they met. `ended_by` is member (deleted the customer), customer (deleted the member),
    transfer, or unknown.
    """

    __tablename__ = "contact_follow"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    external_id: Mapped[str]
    member_id: Mapped[int]
    state: Mapped[str | None]
    remark: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    began_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        UniqueConstraint("org_id", "workspace_id", "external_id", "member_id"),
        CheckConstraint("ended_by in ('member','customer','transfer','unknown')", "ended_by"),
    )


class ContactMove(Tenant, Base):
    """A contact that shall follow its lead to another member: asked for at the chat, which may take a day."""

    __tablename__ = "contact_move"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    external_id: Mapped[str]
    lead_id: Mapped[int]
    from_id: Mapped[int]
    to_id: Mapped[int]
    state: Mapped[str]
    cause: Mapped[str | None]
    tries: Mapped[int]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"]),
        ForeignKeyConstraint(["org_id", "from_id"], ["member.org_id", "member.id"]),
        ForeignKeyConstraint(["org_id", "to_id"], ["member.org_id", "member.id"]),
        Index(
            "uq_contact_move_open", "org_id", "workspace_id", "external_id", "from_id", unique=True,
            postgresql_where=text("state in ('wanted','waiting')"),
        ),
        CheckConstraint("state in ('wanted','waiting','done','refused','dropped')", "state"),
    )  # fmt: skip

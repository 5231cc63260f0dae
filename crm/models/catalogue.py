"""The managed lists of a company: which values a field of its leads takes, its own fields, and who changed them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant

NO_WORDS = text("'{}'")

Words = list[str]  # for a class in which `list` is a column


class ListEntry(Tenant, Base):
    """One value of a list. Leads carry its `key`; a retired one stays on them and is offered no more.

    Attributes:
        list: product, region, level, channel, campaign, tags, lost_reason, or `custom.KEY` for the choices of a field.
        aliases: what else people and senders write for it, folded.
        standard: what a lead gets that names none.
        owner_id: who looks after a channel or campaign.
    """

    __tablename__ = "list_entry"
    list: Mapped[str]
    key: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    aliases: Mapped[Words] = mapped_column(ARRAY(TEXT), server_default=NO_WORDS)
    position: Mapped[int]
    standard: Mapped[bool] = mapped_column(server_default="false")
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    owner_id: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("org_id", "list", "key"),
        Index("uq_list_entry_standard", "org_id", "list", unique=True, postgresql_where=text("standard")),
    )


class CustomField(Tenant, Base):
    """A field that the company has added to its leads; its value stands in `lead.custom` under `key`.

    Attributes:
        kind: text, number, amount, date, choice, choices or yes_no.
        required_stage: the key of the stage that no lead enters without a value, nor any later one.
        sensitive: masked like contact data. `shown`: on the lead's card.
    """

    __tablename__ = "custom_field"
    key: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=NO_WORDS)
    kind: Mapped[str]
    required_stage: Mapped[str | None]
    sensitive: Mapped[bool] = mapped_column(server_default="false")
    shown: Mapped[bool] = mapped_column(server_default="true")
    position: Mapped[int]
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("org_id", "key"),
        CheckConstraint("kind in ('text','number','amount','date','choice','choices','yes_no')", "kind"),
    )


class ListChange(Tenant, Base):
    """What somebody changed in the lists, with what stood there before, so that it can be taken back.

    Attributes:
        before: `rows` as they were, each with its table, and `made`: table and id of those that are new.
        moved: `column`, and `leads` as `[id, old, new]` whose value was written anew.
    """

    __tablename__ = "list_change"
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    verb: Mapped[str]
    list: Mapped[str]
    before: Mapped[dict[str, Any]]
    moved: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]

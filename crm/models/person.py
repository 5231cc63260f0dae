"""Persons and the keys by which they are recognised. Personal text lives here, so that it can be erased alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Computed, ForeignKeyConstraint, Index, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Belonging, Tenant


class Person(Tenant, Base):
    """A customer. Nothing is done with one who is `restricted` but to keep the record, until that is lifted.

    `restricted_for` is why, in the words of who said so; `erased_at`: all that was personal is gone. `sound` is how a
    Chinese name sounds (`crm/rules/sound.py`) and `firm` what tells a Chinese company apart (`dedupe_words.firm`), both
    empty for any other, and null until somebody works them out.
    """

    __tablename__ = "person"
    name: Mapped[str]
    company: Mapped[str]
    title: Mapped[str]
    note: Mapped[str]
    contact_state: Mapped[str | None]
    merged_into: Mapped[int | None]
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    restricted_at: Mapped[datetime | None]
    restricted_by: Mapped[int | None]
    restricted_for: Mapped[str | None]
    search: Mapped[str] = mapped_column(Computed("lower(name || ' ' || company)", persisted=True))
    sound: Mapped[str | None]
    firm: Mapped[str | None]
    __table_args__ = (
        Index(
            "ix_person_sound", "org_id", "sound", postgresql_ops={"sound": "text_pattern_ops"},
            postgresql_where=text("sound <> ''"),
        ),
        Index(
            "ix_person_firm", "org_id", "firm", postgresql_ops={"firm": "text_pattern_ops"},
            postgresql_where=text("firm <> ''"),
        ),
        Index("ix_person_unheard", "org_id", "id", postgresql_where=text("sound is null or firm is null")),
        Index("ix_person_name", "org_id", "search", postgresql_ops={"search": "text_pattern_ops"}),
        Index(
            "ix_person_spread", literal_column("sluice_spread(search)").label("spread"), postgresql_using="gin",
            postgresql_ops={"spread": "gin_trgm_ops"},
        ),
    )  # fmt: skip


class PersonKey(Belonging, Base):
    """An exact key: E.164 phone, e-mail, WeChat id or a source's own id. The database refuses duplicates.

    `tail` is the reversed value of a phone, so that "ends in 8000" is an index range. `verified`: whether a code proved
    that it is the person's own; None where nobody asked.
    """

    __tablename__ = "person_key"
    person_id: Mapped[int]
    kind: Mapped[str]
    value: Mapped[str]
    tail: Mapped[str] = mapped_column(Computed("reverse(value)", persisted=True))
    verified: Mapped[bool | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "person_id"], ["person.org_id", "person.id"]),
        UniqueConstraint("org_id", "kind", "value"),
        Index("ix_person_key_person", "org_id", "person_id"),
        Index("ix_person_key_tail", "org_id", "tail", postgresql_ops={"tail": "text_pattern_ops"}),
    )

"""What passes from one member to another when somebody leaves or changes duties, and who is on duty when."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class HandOver(Tenant, Base):
    """Everything of one member goes to others, as one run that can be taken back for a day.

    Attributes:
        kind: `left` when the member signed off, `transfer` when a manager wanted it of somebody who stays.
        state: `open` while a manager is asked and the clocks stand; `done` by a tap or by the rule (`by_id` None);
            `back` when the member came back before; `undone` when it was taken back.
        due_at: when the rule does what nobody has done.
        counters: how it was split and what moved, in figures and ids.
    """

    __tablename__ = "hand_over"
    member_id: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    by_id: Mapped[int | None]
    run_id: Mapped[int | None]
    undone_at: Mapped[datetime | None]
    counters: Mapped[dict[str, Any]]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        Index("uq_hand_over_open", "org_id", "member_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_hand_over_due", "org_id", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_hand_over_member", "org_id", "member_id", "opened_at"),
        CheckConstraint("kind in ('left','transfer')", "kind"),
        CheckConstraint("state in ('open','done','back','undone')", "state"),
    )  # fmt: skip


class HandOverItem(Tenant, Base):
    """One thing that went from one member to another: `part` names what it is, `item_id` its row.

    `to_id` None: it went to a pool, or ended. `before` holds what it takes to give it back; `back_at`: it was.
    """

    __tablename__ = "hand_over_item"
    hand_over_id: Mapped[int]
    part: Mapped[str]
    item_id: Mapped[int]
    to_id: Mapped[int | None]
    before: Mapped[dict[str, Any]]
    back_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "hand_over_id"], ["hand_over.org_id", "hand_over.id"]),
        UniqueConstraint("org_id", "hand_over_id", "part", "item_id"),
    )


class Duty(Tenant, Base):
    """Hours of the week in which a member is on duty, by the member's own time; whoever has none keeps the team's.

    `weekdays` count from 0, Monday. Hours that end before they begin go on into the next day.
    """

    __tablename__ = "duty"
    member_id: Mapped[int]
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    opens: Mapped[time]
    closes: Mapped[time]
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),
        Index("ix_duty_member", "org_id", "member_id"),
    )

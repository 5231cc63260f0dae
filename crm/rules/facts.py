"""What rules may know about a lead: plain values, no session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class LeadFacts:
    """A lead as rules see it. Rules only read it; whoever deals a batch writes the new owner into it.

    Attributes:
        funnel: which funnel step the stage reaches.
        source, pool, line: keys; `department_path` the keys from the root to the owner's department.
        followed_up_at: when the present owner's last follow-up was recorded.
        planned_at: when the last open task of the owner is due.
        recycle_at, warn_step: the clock as it stands, with the next step of the ladder.
        kind: of customer: `new`, `returning` (came back from being parked), `customer` (has bought before).
        held_by: why it waits, see the table.
        age: how long ago it was created.
        gone: its owner has left, so that no clock runs until somebody else has it.
        resumed_at: when its owner came back after having left: no clock starts before.
        taken_over: it went straight from a colleague to its owner, and the colleague had been in contact.
    """

    id: int = 0
    status: str = "open"
    stage: str = "new"
    funnel: str = "new"
    origin: str = "company"
    source: str | None = None
    channel: str | None = None
    campaign: str | None = None
    level: str | None = None
    product: str | None = None
    region: str | None = None
    pool: str | None = None
    line: str | None = None
    amount: Decimal | None = None
    score: int = 0
    touches: int = 1
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    department_path: tuple[str, ...] = ()
    owner_id: int | None = None
    person_id: int | None = None
    created_at: datetime | None = None
    assigned_at: datetime | None = None
    contacted_at: datetime | None = None
    followed_up_at: datetime | None = None
    stage_entered_at: datetime | None = None
    planned_at: datetime | None = None
    extended_until: datetime | None = None
    protected_until: datetime | None = None
    recycle_at: datetime | None = None
    recycle_rule: str | None = None
    warn_at: datetime | None = None
    warn_step: int = 0
    wave: int = 1
    kind: str = "new"
    held_by: str | None = None
    age: timedelta | None = None
    gone: bool = False
    resumed_at: datetime | None = None
    taken_over: bool = False

    @property
    def begun_at(self) -> datetime | None:
        """From when the present ownership counts."""
        return max(self.assigned_at, self.resumed_at or self.assigned_at) if self.assigned_at else None

    def dealt_to(self, member_id: int, departments: tuple[str, ...], now: datetime) -> None:
        """Make these the facts as they will be once the member has been dealt the lead."""
        self.owner_id, self.department_path, self.assigned_at, self.held_by = member_id, departments, now, None
        self.gone, self.resumed_at, self.taken_over = False, None, False
        self.followed_up_at = self.extended_until = self.protected_until = self.planned_at = self.recycle_at = None

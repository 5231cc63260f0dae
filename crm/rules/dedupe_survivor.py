"""Of two open leads of one person in one line: which one stays, the same whoever merges and in whatever order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """A lead as far as it matters which of two stays."""

    id: int
    number: int
    person_id: int
    line_id: int
    status: str
    owner_id: int | None
    followed_up_at: datetime | None
    assigned_at: datetime | None
    version: int = 0

    @property
    def ref(self) -> str:
        return f"L-{self.number}"


def stronger(one: Standing, other: Standing) -> Standing:
    """Owned before free, then the one worked on last, then the one owned for longer, then the older one."""
    return max(one, other, key=_rank)


def best(leads: list[Standing]) -> Standing | None:
    """The lead that stands for its person: open before closed, then the stronger."""
    return max(leads, key=lambda lead: (lead.status == "open", _rank(lead)), default=None)


def _rank(lead: Standing) -> tuple[bool, datetime, float, int]:
    owned_for = -lead.assigned_at.timestamp() if lead.assigned_at else float("-inf")
    return lead.owner_id is not None, lead.followed_up_at or NEVER, owned_for, -lead.id

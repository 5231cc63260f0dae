"""What time it is. One `now` per transaction, aware and in UTC; a playground may shift it for everybody at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

TimeSource = Callable[[], datetime]

_SHIFT = re.compile(r"([+-]?\d+)\s*([dhms])")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def wall() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


class DrivenClock:
    """A time that its owner moves: for demo data and tests."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def set(self, at: datetime) -> None:
        self.at = at

    def advance(self, **delta: float) -> datetime:
        """Move on by `timedelta(**delta)` and return the new time."""
        self.at += timedelta(**delta)
        return self.at


def parse_shift(words: str) -> timedelta:
    """`+1d2h`, `-30m` as a time span. Raises ValueError on anything else."""
    compact = words.replace(" ", "")
    parts = _SHIFT.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"cannot read {words!r} as a shift such as +1d2h")
    sign = -1 if compact.startswith("-") else 1
    return timedelta(seconds=sign * sum(abs(int(number)) * _SECONDS[unit] for number, unit in parts))


def offset(session: Session) -> timedelta:
    """By how much the shared clock is ahead of the machine's."""
    return timedelta(seconds=session.scalar(text("select coalesce(max(offset_seconds), 0) from clock")) or 0)


def set_offset(session: Session, shift: timedelta) -> None:
    """Move the shared clock; the caller commits and wakes what has fallen due."""
    session.execute(
        text(
            "insert into clock (id, offset_seconds) values (1, :s) on conflict (id) do update set offset_seconds = :s"
        ),
        # Upwards: who sets nine o'clock expects what is due at nine, not a moment before it.
        {"s": math.ceil(shift.total_seconds())},
    )


def moment(words: str) -> datetime:
    """An ISO time; without an offset it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(words)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

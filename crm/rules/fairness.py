"""Whether leads are dealt fairly: what each candidate of a rule got against what was due, who got nothing, and how
long leads waited. Pure figures, alike for what has happened and for what a rehearsal would do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Seat:
    """A candidate of a rule in a period.

    Args:
        got: how many leads; weight: what is due is in proportion to it, equal parts where all are alike.
        here: could have been dealt a lead at least once; who was away all the time is owed nothing.
    """

    member_id: int
    got: int
    weight: float = 1
    here: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """What a candidate got: `share` of all leads, against the `entitled` share; `due` is that in leads."""

    member_id: int
    got: int
    share: float
    entitled: float
    due: float
    here: bool

    @property
    def starving(self) -> bool:
        """Got nothing although at least one lead was due."""
        return self.here and self.got == 0 and self.due >= 1


@dataclass(frozen=True, slots=True)
class Fairness:
    """How a rule dealt `total` leads. `parts`: who is furthest behind comes first."""

    total: int
    parts: tuple[Part, ...]

    @property
    def least(self) -> int:
        """The fewest leads that somebody got who was there."""
        return min((part.got for part in self.parts if part.here), default=0)

    @property
    def most(self) -> int:
        """The most leads that somebody got who was there."""
        return max((part.got for part in self.parts if part.here), default=0)

    @property
    def starving(self) -> tuple[int, ...]:
        """Members who got nothing although at least one lead was due to them."""
        return tuple(part.member_id for part in self.parts if part.starving)

    @property
    def off(self) -> float:
        """The largest distance, in leads, between what somebody got who was there and what was due."""
        return max((abs(part.got - part.due) for part in self.parts if part.here), default=0.0)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long leads waited for somebody. None where there was no lead."""

    many: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None
    longest: timedelta | None = None


def judge(seats: Iterable[Seat]) -> Fairness:
    """What each got against what was due; who was away is entitled to nothing."""
    known = list(seats)
    total = sum(seat.got for seat in known)
    weights = sum(seat.weight for seat in known if seat.here)
    parts = [_part(seat, total, weights) for seat in known]
    return Fairness(total, tuple(sorted(parts, key=lambda part: (part.got - part.due, part.member_id))))


def waits(spans: Iterable[timedelta]) -> Waits:
    """Median, ninth of ten, and longest of these waits."""
    known = sorted(spans)
    if not known:
        return Waits()
    many = len(known)
    middle = (known[(many - 1) // 2] + known[many // 2]) / 2
    return Waits(many, middle, known[(many * 9 - 1) // 10], known[-1])


def _part(seat: Seat, total: int, weights: float) -> Part:
    entitled = seat.weight / weights if seat.here and weights else 0.0
    return Part(seat.member_id, seat.got, seat.got / total if total else 0.0, entitled, entitled * total, seat.here)

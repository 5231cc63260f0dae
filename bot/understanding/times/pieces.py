"""The bricks a time phrase is built of, and how neighbours become one: "fri" + "10:30", 下周 + 周二 + 下午 + 3点."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.understanding.text import Span, overlaps
from bot.understanding.times.days import in_month, in_week

LAST_HOUR = 24  # the end of a day is told so
Roll = Literal["never", "day", "week", "month", "year"]
Kind = Literal["day", "weekday", "week", "month", "number"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day: the hour it means alone, and its first and last hour."""

    default: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Day:
    """A local date; `roll` says how far it moves on when it turns out to lie behind us."""

    date: date
    kind: Kind = "day"
    roll: Roll = "never"


@dataclass(frozen=True, slots=True)
class Clock:
    """A wall clock time; `loose` when nothing says whether morning or afternoon is meant."""

    hour: int
    minute: int = 0
    loose: bool = False

    @property
    def exists(self) -> bool:
        """Whether a clock shows it; 25:00 was meant for another time."""
        return self.hour <= LAST_HOUR and self.minute <= 59


@dataclass(frozen=True, slots=True)
class Piece:
    """What one match contributes. A `weak` piece counts only beside another ("am" after "tomorrow")."""

    span: Span
    day: Day | None = None
    part: Part | None = None
    clock: Clock | None = None
    instant: datetime | None = None
    vague: bool = False
    weak: bool = False


_FILLER = re.compile(
    r"[\s(]*(?:(?:at|on|in|the|around|about|by|before|after|of|from|@|的|大概|大约|约|差不多|左右|那天|当天)[\s(]*)*\)?\s*",
    re.I,
)
_COMMA = re.compile(r"\s*,\s*(?:(?:at|around|about|by)\s*)?", re.I)


def drop_overlaps(pieces: list[Piece]) -> list[Piece]:
    """Of overlapping pieces the one found first (rules are ordered, most telling first); result in text order."""
    kept: list[Piece] = []
    for piece in pieces:
        if not any(overlaps(piece.span, other.span) for other in kept):
            kept.append(piece)
    return sorted(kept, key=lambda piece: piece.span)


def join(pieces: list[Piece], folded: str) -> list[Piece]:
    """Neighbours with nothing but filler between them as one; a comma joins only what no filler joined."""
    pieces = _join_over(pieces, folded, _FILLER)
    pieces = _join_over(pieces, folded, _COMMA)
    return [piece for piece in pieces if not piece.weak]


def _join_over(pieces: list[Piece], folded: str, gap: re.Pattern[str]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        between = folded[joined[-1].span[1] : piece.span[0]] if joined else ""
        both = _both(joined[-1], piece) if joined and gap.fullmatch(between) else None
        if both:
            joined[-1] = both
        else:
            joined.append(piece)
    return joined


def _both(left: Piece, right: Piece) -> Piece | None:
    """One piece of two, or nothing where they contradict each other."""
    alone = left.instant or right.instant or left.vague or right.vague
    two_clocks = left.clock and right.clock and left.weak == right.weak
    day = _one_day(left.day, right.day)
    if alone or two_clocks or (left.part and right.part) or (left.day and right.day and not day):
        return None
    first, second = (right, left) if left.weak else (left, right)
    return Piece(
        (left.span[0], right.span[1]),
        day=day,
        part=left.part or right.part,
        clock=first.clock or second.clock,
        weak=left.weak and right.weak,
    )


def _one_day(left: Day | None, right: Day | None) -> Day | None:
    """Two mentions of one day: a week and its weekday, a month and its day, a date and its weekday in brackets."""
    if not (left and right):
        return left or right
    return _inner_of(left, right) or _inner_of(right, left)


def _inner_of(outer: Day, inner: Day) -> Day | None:
    """The day that `inner` names within `outer`."""
    kinds = (outer.kind, inner.kind)
    if kinds == ("week", "weekday"):
        return Day(in_week(outer.date, inner.date.weekday()))
    if kinds == ("month", "number"):
        return Day(in_month(outer.date.year, outer.date.month, inner.date.day), roll=outer.roll)
    if kinds == ("weekday", "number") and outer.date.weekday() == inner.date.weekday():
        return Day(inner.date)
    same = inner.kind == "weekday" or (inner.kind == "number" and outer.date.day == inner.date.day)
    return outer if same and outer.kind in ("day", "number") else None

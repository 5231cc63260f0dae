"""From a joined piece to a moment: defaults, rolling forward, and local wall time over gaps and folds."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.understanding.text import Span
from bot.understanding.times.days import DAY, add_months
from bot.understanding.times.pieces import Clock, Day, Part, Piece

WORKDAY_START = 9
HORIZON = timedelta(days=366 * 10)
_QUARTER = timedelta(minutes=15)
_ALL_DAY = Part(WORKDAY_START, 0, 24)
_AFTERNOON_HOURS = range(1, 8)
# A day alone is its morning, so its hours lie between these.
_BEFORE, _AFTER = timedelta(hours=-WORKDAY_START), timedelta(hours=24 - WORKDAY_START)


@dataclass(frozen=True, slots=True)
class When:
    """A moment somebody wrote: `at` in UTC, where it stood, and whether to ask back or to refuse.

    For a vague phrase `at` is a proposal, not an understanding. `timed`: an hour was said, not a day alone.
    `stretch`: a day of the "week", or of the "month" or more, that was said as a whole.
    """

    at: datetime
    span: Span
    vague: bool = False
    past: bool = False
    timed: bool = field(default=False, compare=False)
    stretch: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Here:
    """Where and when the words were written; `day_first` reads 4/5 as 4 May."""

    now: datetime
    tz: ZoneInfo
    day_first: bool = False

    @property
    def local(self) -> datetime:
        """Now, on the member's wall."""
        return self.now.astimezone(self.tz)

    @property
    def today(self) -> date:
        """The member's local date."""
        return self.local.date()


def resolve(piece: Piece, here: Here) -> When | None:
    """The moment a piece means; None when it lies beyond any plan or outside the calendar."""
    if piece.clock and not piece.clock.exists:
        piece = replace(piece, clock=None, vague=True)
    try:
        at = piece.instant or _on_the_wall(piece, here)
    except (OverflowError, ValueError):
        return None
    if abs(at - here.now) > HORIZON:
        return None
    timed = bool(piece.clock or piece.instant)
    stretch = piece.day.kind if piece.day and not timed and piece.day.kind in ("week", "month") else ""
    return When(at.astimezone(UTC), piece.span, vague=piece.vague, past=at <= here.now, timed=timed, stretch=stretch)


def sharpened(chosen: When, moments: Iterable[When]) -> When:
    """The same day with its hour where a sentence names the day alone first: 周五前给报价，周五17点."""
    if chosen.timed or chosen.vague or chosen.past:
        return chosen
    firm = (when for when in moments if when.timed and not when.vague and not when.past)
    return next((when for when in firm if _BEFORE <= when.at - chosen.at < _AFTER), chosen)


def wall(day: date, clock: Clock, here: Here) -> datetime:
    """UTC of a local wall time: in a gap the clock has jumped on, in a fold the first one that is still ahead."""
    days, hour = divmod(clock.hour, 24)
    local = datetime.combine(day + days * DAY, time(hour, clock.minute), tzinfo=here.tz)
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    return second if first <= here.now < second else first


def _on_the_wall(piece: Piece, here: Here) -> datetime:
    day = piece.day or Day(here.today, roll="day")
    at = _at(day.date, piece, here)
    while at <= here.now and day.roll != "never":
        day = _rolled(day)
        at = _at(day.date, piece, here)
    return at


def _rolled(day: Day) -> Day:
    steps = {"day": day.date + DAY, "week": day.date + 7 * DAY}
    months = {"month": 1, "year": 12}
    later = steps[day.roll] if day.roll in steps else add_months(day.date, months[day.roll])
    return Day(later, day.kind, day.roll)


def _at(day: date, piece: Piece, here: Here) -> datetime:
    if piece.clock:
        return _at_clock(day, piece.clock, piece, here)
    part = piece.part or _ALL_DAY
    at = wall(day, Clock(part.default), here)
    return _still_today(at, part, here) if at <= here.now and day == here.today else at


def _at_clock(day: date, clock: Clock, piece: Piece, here: Here) -> datetime:
    """An unmarked hour follows office hours, save that "today at 9", said at ten, can only mean the evening."""
    at = wall(day, _full_hour(clock, piece.part), here)
    if clock.loose and clock.hour < 12 and not piece.part and piece.day and at <= here.now:
        evening = wall(day, Clock(clock.hour + 12, clock.minute), here)
        return evening if day == here.today and evening > here.now else at
    return at


def _full_hour(clock: Clock, part: Part | None) -> Clock:
    hour = clock.hour
    if part and hour <= 12:
        hour = _hour_in_part(hour, part)
    elif clock.loose and hour in _AFTERNOON_HOURS:
        hour += 12
    return Clock(hour, clock.minute)


def _hour_in_part(hour: int, part: Part) -> int:
    """3 in the afternoon is 15, 12 at night is the end of the day, 1 at night belongs to the next morning."""
    if part.first >= 18:
        return 24 + hour % 12 if hour % 12 < 4 else hour + 12
    if part.first >= 11:
        return hour if hour >= 11 else hour + 12
    return 0 if part.last <= 6 and hour == 12 else hour


def _still_today(at: datetime, part: Part, here: Here) -> datetime:
    """The usual hour has gone but the part of the day has not: half an hour from now, up to the next quarter."""
    end = wall(here.today, Clock(part.last), here) - timedelta(minutes=1)
    soon = here.now + 2 * _QUARTER
    soon += -(soon - datetime.min.replace(tzinfo=UTC)) % _QUARTER
    return at if end <= here.now else min(soon, end)

"""Periods by their words: `today`, `week`, `30d`, `2026-10`, 本周, 上个月. Local days, weeks begin on Monday."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["day", "week", "month", "quarter", "year", "span"]

LONGEST = 1100
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
# word: (kind, how many of them back)
_WORDS: dict[str, tuple[Kind, int]] = {
    "day": ("day", 0), "today": ("day", 0), "今天": ("day", 0), "今日": ("day", 0), "当天": ("day", 0),
    "yesterday": ("day", 1), "昨天": ("day", 1), "昨日": ("day", 1),
    "week": ("week", 0), "this week": ("week", 0), "本周": ("week", 0), "这周": ("week", 0), "这个星期": ("week", 0),
    "last week": ("week", 1), "上周": ("week", 1), "上个星期": ("week", 1), "上星期": ("week", 1),
    "month": ("month", 0), "this month": ("month", 0), "本月": ("month", 0), "当月": ("month", 0),
    "这个月": ("month", 0),
    "last month": ("month", 1), "上月": ("month", 1), "上个月": ("month", 1),
    "quarter": ("quarter", 0), "this quarter": ("quarter", 0), "本季": ("quarter", 0), "本季度": ("quarter", 0),
    "last quarter": ("quarter", 1), "上季": ("quarter", 1), "上季度": ("quarter", 1), "上个季度": ("quarter", 1),
    "year": ("year", 0), "this year": ("year", 0), "今年": ("year", 0), "本年": ("year", 0),
    "last year": ("year", 1), "去年": ("year", 1),
}  # fmt: skip
_DAYS = re.compile(r"(?:last |past |近|最近|过去)?\s*(\d{1,4})\s*(?:d|days?|天|日)")
_WEEKS = re.compile(r"(?:last |past |近|最近|过去)?\s*(\d{1,3})\s*(?:w|weeks?|周|个星期)")
_MONTH = re.compile(r"(\d{4})(?:[-/.](\d{1,2})|年(\d{1,2})月份?)")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_YEAR = re.compile(r"(20\d{2})年?")
_RANGE = re.compile(r"\s*(?:\.\.|~|至|到|\bto\b)\s*")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, `first` to `last`, both included, in `zone`."""

    kind: Kind
    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first instant, UTC."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The instant after the last one, UTC."""
        return midnight(self.last + timedelta(days=1), self.zone)

    def previous(self) -> Period:
        """The period before this one, of the same kind and length."""
        last = self.first - timedelta(days=1)
        if months := _MONTHS.get(self.kind):
            return Period(self.kind, months_back(self.first, months), last, self.zone)
        return Period(self.kind, self.first - (self.last - last), last, self.zone)

    def mirror(self, moment: datetime) -> datetime:
        """The same point of the period before: what `moment` is to this one, in local wall time. UTC."""
        wall = moment.astimezone(self.zone)
        months = _MONTHS.get(self.kind)
        day = months_back(wall.date(), months) if months else wall.date() - (self.last - self.first) - timedelta(days=1)
        return wall_time(day, wall.time(), self.zone)


def months_back(day: date, months: int) -> date:
    """The same day so many months ago, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, UTC."""
    return wall_time(day, time.min, zone)


def wall_time(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant at which local clocks show `at`: the first of two; a skipped one comes by as much later. UTC."""
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)


def next_at(at: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The next instant later than `after` at which local clocks show `at`, once for each local day. UTC."""
    day = after.astimezone(zone).date() - timedelta(days=1)
    due = wall_time(day, at, zone)
    while due <= after:
        day += timedelta(days=1)
        due = wall_time(day, at, zone)
    return due


def next_weekly(weekday: int, at: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The next instant later than `after` at which local clocks show `at` on that day of the week, Monday being 1."""
    due = next_at(at, after, zone)
    while due.astimezone(zone).isoweekday() != weekday:
        due = next_at(at, due, zone)
    return due


def running(days: int, last: date, zone: ZoneInfo) -> Period:
    """So many days up to `last`."""
    return Period("span", last - timedelta(days=days - 1), last, zone)


def parse(words: str, now: datetime, zone: ZoneInfo) -> Period:
    """Read a period.

    Raises:
        ValueError: these words name none.
    """
    text = " ".join(words.lower().split())
    today = now.astimezone(zone).date()
    if known := _WORDS.get(text):
        return _calendar(known[0], known[1], today, zone)
    try:
        found = _counted(text, today, zone) or _written(text, zone)
    except OverflowError:
        found = None
    if found is None:
        raise ValueError(f"no period: {words!r}")
    return found


def _calendar(kind: Kind, back: int, today: date, zone: ZoneInfo) -> Period:
    period = _around(kind, today, zone)
    return period.previous() if back else period


def _around(kind: Kind, day: date, zone: ZoneInfo) -> Period:
    """The period of that kind which holds the day."""
    months = _MONTHS.get(kind)
    if months is None:
        length = 7 if kind == "week" else 1
        first = day - timedelta(days=day.weekday() if kind == "week" else 0)
        return Period(kind, first, first + timedelta(days=length - 1), zone)
    first = date(day.year, day.month - (day.month - 1) % months, 1)
    return Period(kind, first, months_back(first, -months) - timedelta(days=1), zone)


def _counted(text: str, today: date, zone: ZoneInfo) -> Period | None:
    """`30d`, `last 2 weeks`, 近30天: so many days up to today."""
    for pattern, length in ((_DAYS, 1), (_WEEKS, 7)):
        if match := pattern.fullmatch(text):
            days = int(match[1]) * length
            return running(days, today, zone) if 0 < days <= LONGEST else None
    return None


def _written(text: str, zone: ZoneInfo) -> Period | None:
    """`2026-10`, `2026-10-05`, `2026`, 2026年10月, `2026-10-01..2026-10-15`."""
    parts = _RANGE.split(text)
    if len(parts) == 2:
        first, last = _written(parts[0], zone), _written(parts[1], zone)
        if first and last and first.first <= last.last:
            return Period("span", first.first, last.last, zone)
        return None
    if match := _DAY.fullmatch(text):
        return _dated("day", int(match[1]), int(match[2]), int(match[3]), zone)
    if match := _MONTH.fullmatch(text):
        return _dated("month", int(match[1]), int(match[2] or match[3]), 1, zone)
    if match := _YEAR.fullmatch(text):
        return _dated("year", int(match[1]), 1, 1, zone)
    return None


def _dated(kind: Kind, year: int, month: int, day: int, zone: ZoneInfo) -> Period | None:
    try:
        return _around(kind, date(year, month, day), zone)
    except ValueError:
        return None

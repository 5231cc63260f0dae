"""Working time: when people work, and when a period that begins now is over.

A calendar lists the working time of some years once, as sorted intervals of whole microseconds with running totals, so
that every question afterwards is a binary search.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from crm.period import Period

__all__ = ["Calendar", "Period"]

_ONE_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class _Table:
    """The working time of consecutive years: one interval per working day, in microseconds since 1970.

    `worked[i]` microseconds of working time lie before `starts[i]`.
    """

    first: int
    last: int
    days: list[date]
    starts: list[int]
    ends: list[int]
    worked: list[int]

    def within(self, stamp: int) -> int:
        """Which interval began last; -1 if none."""
        return bisect_right(self.starts, stamp) - 1

    def before(self, stamp: int) -> int:
        """Working time before that moment."""
        found = self.within(stamp)
        return self.worked[found] + min(stamp, self.ends[found]) - self.starts[found] if found >= 0 else 0


@dataclass(frozen=True)
class Calendar:
    """Working hours in one time zone. Times given and returned are aware; those returned are UTC.

    Args:
        opens, closes: local working hours; `closes` before `opens` means on the next day, equal means around the clock.
        weekdays: ISO numbers, Monday is 1; at least one.
        country: ISO code whose public holidays and make-up workdays count; None for none.
        holidays, workdays: single dates that are free or worked in spite of all else; workdays win.
        away: spans of local days, first and last, on which the one whose calendar it is does not work.

    Raises:
        ValueError: no weekday, or a country that nobody keeps a list for.
    """

    timezone: ZoneInfo
    opens: time = time(9)
    closes: time = time(18)
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    country: str | None = None
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    away: tuple[tuple[date, date], ...] = ()
    _tables: dict[tuple[int, int], _Table] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.weekdays:
            raise ValueError("a calendar needs at least one working day in a week")
        _public(self.country, 2026)

    def works_on(self, day: date) -> bool:
        """Whether that local day is a working day."""
        if any(first <= day <= last for first, last in self.away):
            return False
        if day in self.workdays or day in self.holidays:
            return day in self.workdays
        free, made_up = _public(self.country, day.year)
        return day in made_up or (day.isoweekday() in self.weekdays and day not in free)

    def add(self, at: datetime, period: Period) -> datetime:
        """When `period`, begun at `at`, is over.

        Hours are elapsed hours; days keep the local wall time. Working time begins at the next working moment: working
        hours pass only while people work, working days end at the same local time of a later working day.
        """
        if period.unit == "wh":
            return self._add_worked(at, period.amount * _HOUR)
        if period.unit == "wd":
            return self._add_working_days(at, period.amount)
        if period.unit == "d" and period.amount:
            local = at.astimezone(self.timezone)
            return self._wall(local.date() + timedelta(days=period.amount), local.time())
        return at.astimezone(UTC) + period.longest

    def add_worked(self, at: datetime, span: timedelta) -> datetime:
        """When so much working time, begun at `at`, is over."""
        return self._add_worked(at, span // _TICK)

    def absences(self) -> list[tuple[datetime, datetime]]:
        """The spans of `away` as moments: from the first midnight to the one after the last day."""
        return [(self._wall(first, time.min), self._wall(last + _ONE_DAY, time.min)) for first, last in self.away]

    def is_working(self, at: datetime) -> bool:
        """Whether people work at that moment."""
        table, stamp = self._around(at), _stamp(at)
        found = table.within(stamp)
        return found >= 0 and stamp < table.ends[found]

    def next_working(self, at: datetime) -> datetime:
        """The first working moment, not before `at`."""
        return self._add_worked(at, 0)

    def next_opening(self, at: datetime) -> datetime:
        """When work begins next, later than `at`."""
        table = self._around(at)
        while (found := table.within(_stamp(at)) + 1) == len(table.starts):
            table = self._longer(table)
        return _moment(table.starts[found])

    def last_working(self, at: datetime, *, margin: timedelta) -> datetime:
        """`at` if people work then, else `margin` before the end of the working time that was last."""
        if self.is_working(at):
            return at.astimezone(UTC)
        table = self._around(at)
        found = max(table.within(_stamp(at)), 0)
        return _moment(max(table.starts[found], table.ends[found] - margin // _TICK))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; zero when `end` is earlier."""
        table = self._cover(min(start.year, end.year) - 1, max(start.year, end.year) + 1)
        return max(table.before(_stamp(end)) - table.before(_stamp(start)), 0) * _TICK

    def _add_worked(self, at: datetime, span: int) -> datetime:
        table = self._around(at)
        while True:
            goal = table.before(_stamp(at)) + span
            # With nothing to wait for, the moment is the next opening rather than the closing before it.
            search = bisect_left if span else bisect_right
            found = max(search(table.worked, goal) - 1, 0)
            moment = table.starts[found] + goal - table.worked[found]
            if moment < table.ends[found] or (span and moment == table.ends[found]):
                return _moment(moment)
            table = self._longer(table)

    def _add_working_days(self, at: datetime, days: int) -> datetime:
        begun = self.next_working(at)
        table = self._around(at)
        while (found := table.within(_stamp(begun))) + days >= len(table.days):
            table = self._longer(table)
        local = begun.astimezone(self.timezone)
        # A night shift may begin on one day and be asked about on the next.
        return self._wall(table.days[found + days] + (local.date() - table.days[found]), local.time())

    def _wall(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at.replace(fold=0), tzinfo=self.timezone).astimezone(UTC)

    def _around(self, at: datetime) -> _Table:
        return self._cover(at.year - 1, at.year + 2)

    def _longer(self, table: _Table) -> _Table:
        return self._cover(table.first, table.last + 1)

    def _cover(self, first: int, last: int) -> _Table:
        found = self._tables.get((first, last))
        if found is None:
            found = self._tables[first, last] = self._build(first, last)
        return found

    def _build(self, first: int, last: int) -> _Table:
        days = [day for day in _days(first, last) if self.works_on(day)]
        over = _ONE_DAY if self.closes <= self.opens else timedelta(0)
        starts = [_stamp(self._wall(day, self.opens)) for day in days]
        ends = [_stamp(self._wall(day + over, self.closes)) for day in days]
        worked, total = [], 0
        for start, end in zip(starts, ends, strict=True):
            worked.append(total)
            total += end - start
        return _Table(first, last, days, starts, ends, worked)


def _stamp(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def _moment(stamp: int) -> datetime:
    return _EPOCH + stamp * _TICK


def _days(first: int, last: int) -> Iterator[date]:
    day = date(first, 1, 1)
    while day.year <= last:
        yield day
        day += _ONE_DAY


@lru_cache(maxsize=512)
def _public(country: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Public holidays, and days at the weekend that are worked in exchange for some of them."""
    if country is None:
        return frozenset(), frozenset()
    try:
        known = country_holidays(country, years=year)
    except NotImplementedError:
        raise ValueError(f"no list of public holidays for {country!r}") from None
    # Some lists carry make-up workdays of all years, whichever year was asked for.
    return frozenset(known), frozenset(day for day in getattr(known, "weekend_workdays", ()) if day.year == year)

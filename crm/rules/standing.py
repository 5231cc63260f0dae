"""A clock that stands still for a while: when a period is over that runs only outside some spans of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from crm.calendar import Calendar
from crm.period import Period

Span = tuple[datetime, datetime]
NO_TIME = timedelta(0)


def over(begun: datetime, period: Period, calendar: Calendar, stops: Iterable[Span] = ()) -> datetime:
    """When `period`, begun at `begun`, is over if it does not run during `stops`."""
    spans = merged(stops)
    if not spans:
        return calendar.add(begun, period)
    if period.is_working:
        return _worked(begun, calendar.add(begun, period), calendar, spans)
    if period.unit == "d":
        return _by_the_wall(begun, period, calendar, spans)
    return _stretched(begun.astimezone(UTC), period.longest, spans)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans in order that do not touch; empty ones are left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _stretched(begun: datetime, length: timedelta, spans: Sequence[Span]) -> datetime:
    due = begun + length
    for start, end in spans:
        if start >= due:
            break
        due += max(end - max(start, begun), NO_TIME)
    return due


def _by_the_wall(begun: datetime, period: Period, calendar: Calendar, spans: Sequence[Span]) -> datetime:
    """Days keep the local time of day, so they are counted as clocks on the wall show them."""
    zone = calendar.timezone

    def wall(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None)

    due = _stretched(wall(begun), period.longest, [(wall(start), wall(end)) for start, end in spans])
    return due.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _worked(begun: datetime, due: datetime, calendar: Calendar, spans: Sequence[Span]) -> datetime:
    for start, end in spans:
        if start >= due:
            break
        if end > begun:
            due = max(calendar.add_worked(end, calendar.between(max(start, begun), due)), due)
    return due

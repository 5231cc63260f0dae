"""Steps from here: minutes and hours land on an instant, longer units on a day."""

from datetime import date, datetime, timedelta

from bot.understanding.text import Span
from bot.understanding.times.days import DAY, add_months, add_workdays
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here

_HOURS = {"minute": 1 / 60, "quarter hour": 0.25, "hour": 1.0}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def step(span: Span, amount: float, unit: str, here: Here) -> Piece | None:
    """`amount` units from now, backwards where negative; None for no step at all."""
    if not amount:
        return None
    if unit == "day" and amount % 1:
        amount, unit = amount * 24, "hour"
    if unit in _HOURS:
        return Piece(span, instant=_in_hours(amount * _HOURS[unit], here))
    return Piece(span, day=Day(_stepped(here.today, amount, unit)))


def vague(span: Span, here: Here, days: float) -> Piece:
    """A phrase to ask back about; the proposal is some days ahead at nine, or a part of a day from now."""
    if days < 1:
        return Piece(span, instant=_in_hours(24 * days, here), vague=True)
    return Piece(span, day=Day(here.today + int(days) * DAY), vague=True)


def past(span: Span, here: Here, days: int) -> Piece:
    """A phrase that looks back, so many days or just now."""
    if days:
        return Piece(span, day=Day(here.today - days * DAY))
    return Piece(span, instant=here.now - timedelta(minutes=1))


def _in_hours(hours: float, here: Here) -> datetime:
    return (here.now + timedelta(hours=hours)).replace(second=0, microsecond=0)


def _stepped(day: date, amount: float, unit: str) -> date:
    if unit == "workday":
        return add_workdays(day, int(amount))
    if unit in _DAYS:
        return day + timedelta(days=round(amount * _DAYS[unit]))
    months = amount * _MONTHS[unit]
    return add_months(day, int(months)) + timedelta(days=15 if months % 1 else 0)

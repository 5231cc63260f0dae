"""Steps from here: minutes and hours land on an instant, longer units on a day."""

from datetime import date, timedelta

from bot.understanding.text import Span
from bot.understanding.times.days import DAY, add_months, add_workdays
from bot.understanding.times.pieces import Day, Part, Piece
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
        at = here.now + timedelta(hours=amount * _HOURS[unit])
        return Piece(span, instant=at.replace(second=0, microsecond=0))
    return Piece(span, day=Day(_stepped(here.today, amount, unit)))


def _stepped(day: date, amount: float, unit: str) -> date:
    if unit == "workday":
        return add_workdays(day, int(amount))
    if unit in _DAYS:
        return day + timedelta(days=round(amount * _DAYS[unit]))
    months = amount * _MONTHS[unit]
    return add_months(day, int(months)) + timedelta(days=15 if months % 1 else 0)


def vague(span: Span, here: Here, days: float) -> Piece:
    """A phrase to ask back about; the proposal is some days ahead at nine, or that part of a day from now."""
    if days < 1:
        at = here.now + timedelta(days=days)
        return Piece(span, instant=at.replace(second=0, microsecond=0), vague=True)
    return Piece(span, day=Day(here.today + int(days) * DAY), vague=True)


def past(span: Span, here: Here, part: Part | None = None, days: int = -1) -> Piece:
    """A phrase that looks back, such as "the other day" or 刚才."""
    if days:
        return Piece(span, day=Day(here.today + days * DAY), part=part)
    return Piece(span, instant=here.now - timedelta(minutes=1))

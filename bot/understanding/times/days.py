"""Calendar steps on local dates: months that clamp, weeks that begin on Monday, working days."""

from calendar import monthrange
from datetime import date, timedelta

DAY = timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    return in_month(day.year + years, month + 1, day.day)


def in_month(year: int, month: int, number: int) -> date:
    """Day `number` of a month, clamped to the month's length."""
    return date(year, month, min(number, monthrange(year, month)[1]))


def end_of_month(day: date) -> date:
    """The last day of the month of `day`."""
    return in_month(day.year, day.month, 31)


def in_week(day: date, weekday: int, weeks: int = 0) -> date:
    """Weekday 0-6 (Monday first) of the week of `day`, or of a later or earlier week."""
    return day - timedelta(days=day.weekday()) + timedelta(days=weekday, weeks=weeks)


def add_workdays(day: date, count: int) -> date:
    """`count` working days on, Saturdays and Sundays skipped; holidays are the team calendar's affair."""
    for _ in range(count):
        day += DAY * max(1, 7 - day.weekday() if day.weekday() >= 4 else 1)
    return day


def quarter_start(day: date, quarters: int) -> date:
    """First day of the quarter of `day`, or of one some quarters away."""
    return add_months(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3 * quarters)


def next_weekday(day: date, weekday: int) -> date:
    """The next such weekday after `day`: on a Friday, "friday" means a week on, since today would be "today"."""
    return day + DAY * ((weekday - day.weekday() - 1) % 7 + 1)


def next_numbered(day: date, number: int) -> date:
    """The next day with that number in its month, `day` included. ValueError when no month has it."""
    if not 1 <= number <= 31:
        raise ValueError(number)
    month = day.replace(day=1)
    while in_month(month.year, month.month, number).day != number or month.replace(day=number) < day:
        month = add_months(month, 1)
    return month.replace(day=number)

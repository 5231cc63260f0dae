"""Times, money and figures as a person of one place and language reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from bot.cards import coded
from bot.cards.language import _, translate

BABEL = {"en": "en", "zh": "zh_Hans_CN"}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Words:
    """Formats for one viewer. Args: locale: `en` or `zh`; tz: the viewer's zone; now: the transaction's."""

    locale: str
    tz: ZoneInfo
    now: datetime

    def say(self, text: str, **values: object) -> str:
        """A translated text with its braces filled."""
        return translate(self.locale, text).format(**values)

    def coded(self, kind: str, code: str | None) -> str:
        """What a code is called; one that has no name stands for itself. Args: kind: a table of `coded`."""
        name = coded.TABLES[kind].get(code or "")
        return translate(self.locale, name) if name else code or ""

    def at(self, moment: datetime | None) -> str:
        """A local time, as short as the distance allows: `today 15:00`, `Tue 3 Mar, 09:00`."""
        if moment is None:
            return "–"
        local, today = moment.astimezone(self.tz), self.now.astimezone(self.tz).date()
        clock = _clock(self.locale, local.hour, local.minute)
        days = (local.date() - today).days
        names = {0: _("today {clock}"), 1: _("tomorrow {clock}"), -1: _("yesterday {clock}")}
        if days in names:
            return self.say(names[days], clock=clock)
        skeleton = "MMMEd" if abs(days) < 300 else "yMMMd"
        return f"{_day(self.locale, skeleton, local.date())} {clock}"

    def clock(self, moment: datetime) -> str:
        """The time of a day that is named beside it."""
        local = moment.astimezone(self.tz)
        return _clock(self.locale, local.hour, local.minute)

    def day(self, moment: datetime) -> str:
        return _day(self.locale, "MMMEd", moment.astimezone(self.tz).date())

    def date(self, day: date) -> str:
        """A calendar day that is meant as such, wherever one is."""
        return _day(self.locale, "MMMEd", day)

    def left(self, moment: datetime | None) -> str:
        """A countdown: `in 2 d 3 h`, or `overdue` when it has passed."""
        if moment is None:
            return "–"
        wait = moment - self.now
        return self.say(_("now")) if wait < MINUTE else self.say(_("in {span}"), span=self.span(wait))

    def ago(self, moment: datetime | None) -> str:
        """How long something has been: `3 h ago`."""
        if moment is None:
            return self.say(_("never"))
        age = self.now - moment
        return self.say(_("just now")) if age < MINUTE else self.say(_("{span} ago"), span=self.span(age))

    def span(self, length: timedelta) -> str:
        """A length in its two largest units."""
        days, rest = divmod(length, DAY)
        hours, rest = divmod(rest, HOUR)
        minutes = rest // MINUTE
        if days >= 7 or (days and not hours):
            return self.say(_("{n} d"), n=days)
        if days:
            return self.say(_("{n} d {m} h"), n=days, m=hours)
        if hours:
            return self.say(_("{n} h {m} min"), n=hours, m=minutes) if minutes else self.say(_("{n} h"), n=hours)
        return self.say(_("{n} min"), n=minutes)

    def money(self, amount: Decimal | None, currency: str | None) -> str:
        if amount is None:
            return "–"
        whole = "¤#,##0" if amount % 1 == 0 else None
        return format_currency(amount, currency or "CNY", whole, locale=BABEL[self.locale], currency_digits=not whole)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=BABEL[self.locale])

    def percent(self, share: float | None) -> str:
        return "–" if share is None else format_percent(share, locale=BABEL[self.locale])


# A list names a few days and hours again and again, and each takes a twentieth of a millisecond to write.
@lru_cache(maxsize=4096)
def _clock(locale: str, hour: int, minute: int) -> str:
    return str(format_time(time(hour, minute), "HH:mm", locale=BABEL[locale]))


@lru_cache(maxsize=4096)
def _day(locale: str, skeleton: str, day: date) -> str:
    return str(format_skeleton(skeleton, datetime.combine(day, time(12)), locale=BABEL[locale]))

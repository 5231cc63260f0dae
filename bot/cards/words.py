"""Times, money and figures as a person of one place and language reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_skeleton
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
        clock = format_datetime(local, "HH:mm", locale=BABEL[self.locale])
        days = (local.date() - today).days
        names = {0: _("today {clock}"), 1: _("tomorrow {clock}"), -1: _("yesterday {clock}")}
        if days in names:
            return self.say(names[days], clock=clock)
        skeleton = "MMMEd" if abs(days) < 300 else "yMMMd"
        return f"{format_skeleton(skeleton, local, locale=BABEL[self.locale])} {clock}"

    def clock(self, moment: datetime) -> str:
        """The time of a day that is named beside it."""
        return format_datetime(moment.astimezone(self.tz), "HH:mm", locale=BABEL[self.locale])

    def day(self, moment: datetime) -> str:
        return format_skeleton("MMMEd", moment.astimezone(self.tz), locale=BABEL[self.locale])

    def date(self, day: date) -> str:
        """A calendar day that is meant as such, wherever one is."""
        return format_skeleton("MMMEd", datetime.combine(day, time(12)), locale=BABEL[self.locale])

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

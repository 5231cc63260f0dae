"""Hours of the week in which somebody is on duty: what they mean at a moment, and how people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time
from typing import NamedTuple


class Shift(NamedTuple):
    """Hours on some days, by the member's own clock. Days count from 0, Monday; hours that end before they begin go on
    into the next day."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ZH = "一二三四五六日"
_EVERY = {"daily": range(7), "every day": range(7), "每天": range(7), "weekdays": range(5), "工作日": range(5),
          "weekend": range(5, 7), "周末": range(5, 7)}  # fmt: skip
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|(?:周|星期|礼拜)?[一二三四五六日天]"
_SPAN = re.compile(rf"^({_DAY})\s*(?:[-–—~]|to|到|至)\s*({_DAY})", re.IGNORECASE)
_ONE = re.compile(rf"^({_DAY})", re.IGNORECASE)
_HOURS = re.compile(
    r"(\d{1,2})(?:[:：](\d{2})|点(半)?)?\s*(?:[-–—~]|to|到|至)\s*(\d{1,2})(?:[:：](\d{2})|点(半)?)?\s*$", re.IGNORECASE
)


def runs(shifts: Iterable[Shift], local: datetime) -> bool:
    """Whether one of the shifts runs at that local moment."""
    day, clock = local.weekday(), local.time().replace(tzinfo=None)
    return any(_runs(shift, day, clock) for shift in shifts)


def parse(words: str) -> Shift | None:
    """`Mon-Fri 9-18`, `Sat, Sun 10:00-14:30`, `周一到周五 9点到18点`; without days every day. None where it is none."""
    hours = _HOURS.search(words.strip())
    if hours is None:
        return None
    opens = _clock(hours[1], hours[2], hours[3])
    closes = _clock(hours[4], hours[5], hours[6])
    days = _days(words.strip()[: hours.start()].strip())
    if opens is None or closes is None or opens == closes or days is None:
        return None
    return Shift(days, opens, closes)


def _runs(shift: Shift, day: int, clock: time) -> bool:
    if shift.opens < shift.closes:
        return day in shift.weekdays and shift.opens <= clock < shift.closes
    begun, late = day in shift.weekdays and clock >= shift.opens, (day - 1) % 7 in shift.weekdays
    return begun or (late and clock < shift.closes)


def _days(words: str) -> tuple[int, ...] | None:
    found: set[int] = set()
    rest = words.strip(" ,，、").lower()
    if rest in _EVERY or not rest:
        return tuple(_EVERY.get(rest, range(7)))
    while rest:
        if span := _SPAN.match(rest):
            first, last = _day(span[1]), _day(span[2])
            found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
            rest = rest[span.end() :]
        elif one := _ONE.match(rest):
            found.add(_day(one[1]))
            rest = rest[one.end() :]
        else:
            return None
        rest = rest.strip(" ,，、&和")
    return tuple(sorted(found))


def _day(word: str) -> int:
    return _ZH.index(word[-1].replace("天", "日")) if word[-1] in f"{_ZH}天" else _DAYS.index(word[:3])


def _clock(hour: str, minute: str | None, half: str | None) -> time | None:
    minutes = 30 if half else int(minute or 0)
    if int(hour) == 24 and minutes == 0:
        return time(0)
    return time(int(hour), minutes) if int(hour) < 24 and minutes < 60 else None

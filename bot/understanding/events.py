"""What somebody says of an event: `Spring Expo, Hall 3, Saturday 2pm, @Ann` or 春季发布会，三号馆，周六下午2点."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.understanding.when import When, understand_when
from crm.errors import TimeInPast

_COMMA = re.compile(r"\s*[,，;；、\n]\s*")
_HELPER = re.compile(r"[@＠]\s*([^@＠,，;；、\n]+)")
_UNTIL = re.compile(r"^(?:(?:until|till|to|ends?)\s+|至|到|直到|结束于?)\s*", re.IGNORECASE)
_FILLER = re.compile(r"^(?:at|on|from|starts?|begins?|sharp|开始|起|举行|于|在|\W|_)*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """None where nothing was said of it; `helpers` are names as they were written."""

    name: str
    place: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    helpers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Here:
    now: datetime
    tz: ZoneInfo
    locale: str

    def firm(self, words: str) -> When | None:
        found = understand_when(words, now=self.now, tz=self.tz, locale=self.locale)
        return None if found is None or found.vague else found


def understood(words: str, *, now: datetime, tz: ZoneInfo, locale: str) -> Told:
    """The parts of a line. Raises TimeInPast."""
    helpers = tuple(found[1].strip() for found in _HELPER.finditer(words))
    here = _Here(now, tz, locale)
    parts = [part for part in _COMMA.split(_HELPER.sub("", words).strip(" ,，;；、")) if part]
    ends = [(part, _UNTIL.sub("", part)) for part in parts[1:] if _UNTIL.match(part)]
    ends_at = next((found.at for _part, rest in ends if (found := here.firm(rest))), None)
    rest = [part for part in parts if part not in [part for part, _rest in ends]]
    if len(rest) == 1:
        name, when = _in_one(rest[0], here)
        return Told(name, None, _at(when), ends_at, helpers)
    place, when = next(_splits(rest[1:], here), (", ".join(rest[1:]), None))
    return Told(rest[0] if rest else "", place or None, _at(when), ends_at, helpers)


def _in_one(words: str, here: _Here) -> tuple[str, When | None]:
    """A line without commas: the time in it, and what else it says."""
    found = here.firm(words)
    if found is None or not (words[: found.span[0]].strip() or words[found.span[1] :].strip()):
        return words, None
    return f"{words[: found.span[0]]} {words[found.span[1] :]}".strip(" ,，。."), found


def _splits(parts: list[str], here: _Here) -> Iterator[tuple[str, When]]:
    """Place and time: the longest end that is a time and nothing else; then an end that has a time in it."""
    for whole in (True, False):
        for start in range(len(parts)):
            end = ", ".join(parts[start:])
            found = here.firm(end)
            if found and (not whole or _FILLER.match(end[: found.span[0]] + " " + end[found.span[1] :])):
                yield ", ".join(parts[:start]), found


def _at(when: When | None) -> datetime | None:
    if when is not None and when.past:
        raise TimeInPast
    return when.at if when else None

"""Reads a pasted piece of another chat: who said what, and when, as WeChat, WhatsApp and Slack copy it.

Two lines with a name and a time make an excerpt, or one with its day; anything less could be a sentence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.understanding.text import fold

LONGEST = 8000
_CLOCK = (
    r"(?:(?P<half>上午|下午|晚上|中午|凌晨)\s?)?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?"
    r"(?:\s?(?P<ampm>[AaPp]\.?[Mm]\.?))?"
)
_DAY = (
    r"(?P<y>\d{4})[-/.年]\s?(?P<m>\d{1,2})[-/.月]\s?(?P<d>\d{1,2})日?"
    r"|(?P<m2>\d{1,2})月(?P<d2>\d{1,2})日|(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y2>\d{2,4})|(?P<word>昨天|今天|yesterday|today)"
)
_NAME = r"(?P<name>[^\d\W_](?:[^:\[\]\n\t]{0,38}?[^\s:\[\]\n\t,-])??)"
_WHEN = rf"(?:(?:{_DAY})[,]?\s*(?:at\s+)?)?{_CLOCK}"
# `[12/03/2026, 14:05:33] Ann: hi`, `12/03/2026, 14:05 - Ann: hi`: the words stand on the same line.
_BEFORE = re.compile(rf"\s*\[?{_WHEN}\]?\s*(?:-\s*)?{_NAME}:\s(?P<said>.*)", re.IGNORECASE)
# `Ann Li  2:05 PM`, `张三 2026/3/12 14:05`: the words follow on the next lines.
_HEAD = re.compile(rf"\s*{_NAME}\s*:?\s+\[?{_WHEN}\]?\s*", re.IGNORECASE)
# Slack puts the time on a line of its own.
_APART = re.compile(rf"(?m)^({_NAME.replace('?P<name>', '?:')})\n\s*(\[{_CLOCK}\])\s*$")
_LATE = ("下午", "晚上")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of an excerpt. `dated`: the day was in it, too."""

    name: str
    at: datetime
    words: str
    dated: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a chat; `before` is what the person wrote above it."""

    messages: tuple[Said, ...]
    before: str

    @property
    def at(self) -> datetime:
        """When the last thing was said."""
        return max(message.at for message in self.messages)

    @property
    def names(self) -> list[str]:
        """Who speaks in it, in order."""
        return list(dict.fromkeys(message.name for message in self.messages))


def find_excerpt(text: str, *, now: datetime, tz: ZoneInfo, day_first: bool = False) -> Excerpt | None:
    """The excerpt that a text is, or ends with; None for anything else. A time still to come was yesterday's."""
    messages: list[Said] = []
    before: list[str] = []
    for line in _APART.sub(r"\1 \2", text[:LONGEST]).splitlines():
        if head := _message(line, now.astimezone(tz), day_first=day_first):
            messages.append(head)
        elif messages:
            last = messages[-1]
            messages[-1] = Said(last.name, last.at, f"{last.words}\n{line}".strip(), last.dated)
        else:
            before.append(line)
    enough = len(messages) > 1 or any(message.dated for message in messages)
    return Excerpt(tuple(messages), "\n".join(before).strip()) if enough and any(_words(messages)) else None


def _words(messages: list[Said]) -> Iterator[str]:
    return (message.words for message in messages)


def _message(line: str, local: datetime, *, day_first: bool) -> Said | None:
    folded = fold(line)
    found = _BEFORE.fullmatch(folded) or _HEAD.fullmatch(folded)
    at = _moment(found, local, day_first=day_first) if found else None
    if found is None or at is None:
        return None
    start = found.start("said") if "said" in found.re.groupindex else len(line)
    dated = any(found[part] for part in ("y", "m2", "a", "word"))
    name = line[found.start("name") : found.end("name")].strip()
    return Said(name, at.astimezone(UTC), line[start:].strip(), dated)


def _moment(found: re.Match[str], local: datetime, *, day_first: bool) -> datetime | None:
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour < 12 and (found["half"] in _LATE or (found["ampm"] or "").lower().startswith("p")):
        hour += 12
    if hour == 12 and (found["ampm"] or "").lower().startswith("a"):
        hour = 0
    try:
        at = _day(found, local, day_first=day_first).replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        return None
    undated = not any(found[part] for part in ("y", "m2", "a", "word"))
    return at - timedelta(days=1) if undated and at > local else at if at <= local + timedelta(days=1) else None


def _day(found: re.Match[str], local: datetime, *, day_first: bool) -> datetime:
    """The day that a line names, else today. Raises ValueError for one that is not in the calendar."""
    if found["y"]:
        return local.replace(year=int(found["y"]), month=int(found["m"]), day=int(found["d"]))
    if found["m2"]:
        at = local.replace(month=int(found["m2"]), day=int(found["d2"]))
        return at if at <= local + timedelta(days=1) else at.replace(year=at.year - 1)
    if found["a"]:
        first, second, year = int(found["a"]), int(found["b"]), int(found["y2"])
        day, month = (first, second) if day_first or first > 12 else (second, first)
        return local.replace(year=year + 2000 if year < 100 else year, month=month, day=day)
    return local - timedelta(days=1) if (found["word"] or "").lower() in ("昨天", "yesterday") else local

"""Calendars as RFC 5545 writes them: lines of 75 bytes, ended by CR LF, with text escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from crm.services.feeds import Event

LINE = 75  # bytes, without the line break
LASTS = timedelta(minutes=15)
_SPECIAL = re.compile(r"([\\;,])")
_BREAK = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def calendar(name: str, events: Iterable[Event], *, house: str) -> bytes:
    """A calendar of that name. Args: house: what makes the ids of its events unique in the world."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Sluice//Reminders//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M",
    ]  # fmt: skip
    for event in events:
        lines += _event(event, house)
    return "".join(part for line in [*lines, "END:VCALENDAR"] for part in folded(line)).encode()


def _event(event: Event, house: str) -> list[str]:
    return [
        "BEGIN:VEVENT", f"UID:task-{event.id}@{house}", f"DTSTAMP:{_utc(event.made_at)}", f"SEQUENCE:{event.version}",
        f"DTSTART:{_utc(event.at)}", f"DTEND:{_utc(event.at + LASTS)}", f"SUMMARY:{escaped(event.title)}",
        "TRANSP:TRANSPARENT", "END:VEVENT",
    ]  # fmt: skip


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """A value of the type TEXT: what somebody wrote can begin no line and no property of its own."""
    return _BREAK.sub(r"\\n", _SPECIAL.sub(r"\\\1", _CONTROL.sub("", text)))


def folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 bytes, none of which cuts a character; all but the first begin with a space."""
    start, size, limit = 0, 0, LINE
    for place, char in enumerate(line):
        width = len(char.encode())
        if size + width > limit:
            yield ("" if start == 0 else " ") + line[start:place] + "\r\n"
            start, size, limit = place, 0, LINE - 1
        size += width
    yield ("" if start == 0 else " ") + line[start:] + "\r\n"

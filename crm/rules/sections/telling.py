"""The rule set on notices: quiet hours, how many a day, and when what was held back comes together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from crm.rules.periods import next_at
from crm.rules.sections.base import Name, Part
from crm.rules.sections.running import TimeOfDay

_SPAN = re.compile(r"\s*(\d{1,2})(?:[:：](\d{2}))?\s*(?:-|–|~|to|至|到)\s*(\d{1,2})(?:[:：](\d{2}))?\s*")
_PATTERN = r"^([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d$"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the local day in which nobody is disturbed; they may reach over midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When these hours end, if they last now. They do where their next end comes before their next beginning."""
        end = next_at(self.end, now, zone)
        return end if end < next_at(self.start, now, zone) else None


def quiet_hours(words: str) -> Quiet:
    """Read `21:00-8:00`, `21-8`, 21:00至8:00. Raises ValueError."""
    found = _SPAN.fullmatch(words.lower())
    if not found:
        raise ValueError("quiet hours are written like 21:00-8:00")
    hours = [int(part or 0) for part in found.groups()]
    start, end = time(hours[0] % 24 if hours[0] == 24 else hours[0], hours[1]), time(hours[2] % 24, hours[3])
    if start == end:
        raise ValueError("quiet hours need a beginning and another end")
    return Quiet(start, end)


def _quiet(given: Any) -> Any:
    return quiet_hours(given) if isinstance(given, str) else given


QuietHours = Annotated[
    Quiet, BeforeValidator(_quiet), PlainSerializer(str), WithJsonSchema({"type": "string", "pattern": _PATTERN})
]
PerDay = Annotated[int, Field(ge=1, le=1000)]


class TeamNotices(Part):
    """What holds for the people of one department and those below it, where it differs."""

    quiet: QuietHours | None = None
    per_day: PerDay | None = None
    copies: bool | None = None


class Notices(Part):
    """What holds until somebody says otherwise with `notify`; `copies` are what managers get of their reps' notices."""

    quiet: QuietHours | None = None
    per_day: PerDay | None = None
    summary: TimeOfDay = time(9)
    copies: bool = True
    teams: dict[Name, TeamNotices] = Field(default_factory=dict)

"""Whether a notice comes now, later or not at all: what its receiver wishes, and what cannot wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from crm.rules.periods import next_at
from crm.rules.sections.telling import Quiet

Mode = Literal["on", "summary", "off"]
MODES: tuple[Mode, ...] = ("on", "summary", "off")
GROUPS = ("reminders", "leads", "warnings", "losses", "news", "pool", "copies", "team", "digests")
# What nobody may miss: switched off, it still comes once a day with the rest.
NEVER_LOST = frozenset({"reminders", "losses"})
# A lead is muted for what it does by itself, not for what was asked for or what was lost.
MUTABLE = frozenset({"leads", "warnings", "news", "pool", "copies", "team"})
# An offer waits for the morning only where so much of its time is left then.
TIME_TO_ANSWER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one member wishes: by topic group how and in which chat, when not, and how many a day.

    `muted` are leads with the time until which they keep quiet, None for good.
    """

    zone: ZoneInfo
    modes: Mapping[str, Mode] = field(default_factory=dict)
    chats: Mapping[str, str] = field(default_factory=dict)
    quiet: Quiet | None = None
    per_day: int | None = None
    summary: time = time(9)
    muted: Mapping[int, datetime | None] = field(default_factory=dict)

    def mode(self, group: str) -> Mode:
        return self.modes.get(group, "on")

    def mutes(self, lead_id: int | None, now: datetime) -> bool:
        """Whether the lead keeps quiet now."""
        until = self.muted.get(lead_id or 0, now)
        return until is None or until > now

    def silent_leads(self, now: datetime) -> list[int]:
        return [lead_id for lead_id in self.muted if self.mutes(lead_id, now)]

    def next_summary(self, now: datetime) -> datetime:
        """When what is held back comes together: at its hour, or when the quiet hours end that it falls into."""
        due = next_at(self.summary, now, self.zone)
        return (self.quiet.until(due, self.zone) if self.quiet else None) or due


@dataclass(frozen=True, slots=True)
class Asked:
    """One notice. `urgent`: it belongs to this minute; `until`: when it is worth nothing any more."""

    group: str
    urgent: bool = False
    lead_id: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`hold` is the time until which it waits; `drop` the cause for which it does not come."""

    hold: datetime | None = None
    drop: str = ""


NOW = Verdict()


def verdict(wishes: Wishes, asked: Asked, now: datetime, told: Callable[[], int]) -> Verdict:
    """What becomes of a notice. Args: told: how many the member got on this local day; asked where it matters only."""
    if asked.group not in GROUPS:
        return NOW
    if asked.until is not None:
        return _offered(wishes, asked.until, now)
    if asked.group in MUTABLE and wishes.mutes(asked.lead_id, now):
        return Verdict(drop="muted")
    mode = wishes.mode(asked.group)
    if mode == "off" and asked.group not in NEVER_LOST:
        return Verdict(drop="off")
    later = mode != "on" and wishes.next_summary(now)
    return Verdict(hold=later) if later else NOW if asked.urgent else _disturbing(wishes, now, told)


def _offered(wishes: Wishes, until: datetime, now: datetime) -> Verdict:
    """Nobody loses an offer by sleeping: it waits only where there is time enough to answer it afterwards."""
    awake = _awake(wishes, now)
    return Verdict(hold=awake) if awake and until - awake >= TIME_TO_ANSWER else NOW


def _disturbing(wishes: Wishes, now: datetime, told: Callable[[], int]) -> Verdict:
    if awake := _awake(wishes, now):
        return Verdict(hold=awake)
    full = wishes.per_day is not None and told() >= wishes.per_day
    return Verdict(hold=wishes.next_summary(now)) if full else NOW


def _awake(wishes: Wishes, now: datetime) -> datetime | None:
    """When the quiet hours end that last now."""
    return wishes.quiet.until(now, wishes.zone) if wishes.quiet else None

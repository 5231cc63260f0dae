"""Who does what in the demo: when leads come, from where, and how each rep treats them.

There are stories in it: Zhao Lei hoards, Douyin's leads are bad, Tom fell this week while his colleagues rose. All of
it follows from a seed and the lead's number, so every machine tells the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

SEED = "bluebird"
ZONE = ZoneInfo("Asia/Shanghai")
DAYS, ALL, FIRST = 90, 3000, 300
OPENS, CLOSES = time(9), time(21)
RECENTLY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rep:
    """How somebody works.

    Args:
        pause: median hours until a first call; `care`: the share of leads that get one at all.
        rhythm: days between follow-ups; `skill`: how much better or worse than the lead's own promise they end.
        hoards: keeps leads by promising calls far ahead; `recent_care`: `care` of this last week.
    """

    key: str
    team: str
    pause: float = 2.0
    care: float = 0.86
    rhythm: float = 2.6
    skill: float = 1.0
    hoards: bool = False
    recent_care: float | None = None

    @property
    def chinese(self) -> bool:
        return self.team != "singapore" and self.key != "ann"


REPS = (
    Rep("ann", "shanghai", pause=1.0, care=0.93, skill=1.25),
    Rep("li.na", "shanghai", pause=1.5, care=0.9, skill=1.15),
    Rep("zhang.wei", "shanghai", pause=4.0, care=0.8, rhythm=3.2),
    Rep("chen.jing", "shanghai", pause=2.0, skill=0.95),
    Rep("zhao.lei", "hangzhou", pause=9.0, care=0.97, rhythm=16.0, skill=0.3, hoards=True),
    Rep("sun.li", "hangzhou", pause=1.2, care=0.92, skill=1.2),
    Rep("zhou.jie", "hangzhou", pause=3.0, care=0.82),
    Rep("wu.min", "hangzhou", pause=2.5, skill=0.9),
    Rep("bob", "singapore", pause=1.5, care=0.84, skill=1.1, recent_care=0.94),
    Rep("maya", "singapore", pause=1.2, care=0.85, skill=1.1, recent_care=0.95),
    Rep("tom", "singapore", pause=2.0, care=0.9, recent_care=0.25),
    Rep("priya", "singapore", pause=2.0, care=0.84, recent_care=0.93),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A source: how large a part of all leads, how promising they are, whose language, who may claim them."""

    source: str
    part: float
    promise: float
    chinese: bool
    teams: tuple[str, ...]


EAST, SEAS = ("shanghai", "hangzhou"), ("singapore",)
ORIGINS = (
    Origin("website", 0.22, 0.62, True, EAST),
    Origin("wechat", 0.15, 0.55, True, EAST),
    Origin("referral", 0.07, 0.85, True, EAST),
    Origin("linkedin", 0.12, 0.5, False, SEAS),
    Origin("web-en", 0.16, 0.6, False, SEAS),
    Origin("fair", 0.12, 0.5, True, EAST + SEAS),
    Origin("douyin", 0.16, 0.12, True, EAST + SEAS),
)


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing that happens: `what` at `at` by rep `who`; `until` is the reminder that a call sets."""

    at: datetime
    what: str
    who: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A lead of the demo. With `beats` its life is written down; else it is lived by chance."""

    number: int
    origin: Origin
    enters: datetime
    beats: Sequence[Beat] | None = None

    @property
    def luck(self) -> Random:
        """This lead's own chance."""
        return Random(f"{SEED}:{self.number}")  # noqa: S311  (a story, no secret)


def scripts(present: datetime) -> list[Script]:
    """Every lead of the demo as told at `present`, by number; the first ones are a sample of the whole and today's."""
    luck = Random(SEED)  # noqa: S311
    special = _today(present)
    early = [_entry(luck, present, days=14 if place % 3 else DAYS) for place in range(FIRST - len(special))]
    late = [_entry(luck, present, days=DAYS) for _ in range(ALL - FIRST)]
    told = [*_lived(luck, early), *special, *_lived(luck, late)]
    return [replace(script, number=number) for number, script in enumerate(told, start=1)]


def _lived(luck: Random, entries: list[datetime]) -> list[Script]:
    return [Script(0, _origin(luck), at) for at in sorted(entries)]


def working(at: datetime, luck: Random) -> datetime:
    """The same moment, or the next morning's when it falls into the night."""
    local = at.astimezone(ZONE)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() + timedelta(days=local.time() >= CLOSES)
    return datetime.combine(day, OPENS, ZONE) + timedelta(minutes=luck.uniform(0, 150))


def _entry(luck: Random, present: datetime, *, days: float) -> datetime:
    """Leads come by day and rarely at night."""
    at = present - timedelta(days=luck.uniform(0.15, days - 1.5))
    return at if at.astimezone(ZONE).hour >= 7 or luck.random() < 0.15 else at - timedelta(hours=8)


def _origin(luck: Random) -> Origin:
    return luck.choices(ORIGINS, [origin.part for origin in ORIGINS])[0]


def _today(present: datetime) -> list[Script]:
    """What makes the first minute lively: fresh leads, reminders in minutes, leads at risk within hours."""
    by_source = {origin.source: origin for origin in ORIGINS}
    pooled, dealt = ("douyin", "fair", "fair"), ("website", "web-en", "wechat", "linkedin")
    fresh = [_fresh(present, by_source[pooled[ago % 3]], ago) for ago in range(3, 60, 4)]
    pushed = [_fresh(present, by_source[dealt[ago // 12 % 4]], ago) for ago in range(6, 150, 12)]
    offered = [_fresh(present, by_source["referral"], minutes) for minutes in (4, 7, 11)]
    fair = by_source["fair"]
    return [*offered, _shielded(present, fair), *fresh, *pushed, *_reminders(present, fair), *_risks(present, fair)]


def _fresh(present: datetime, origin: Origin, minutes: int) -> Script:
    """A lead that has just come in; nobody has done anything yet."""
    return Script(0, origin, present - timedelta(minutes=minutes), ())


def _shielded(present: datetime, origin: Origin) -> Script:
    """Ann protects a lead whose customer is away: it would have gone back by now."""
    enters = present - timedelta(days=9)
    beats = [
        Beat(enters + timedelta(hours=at), what, "ann") for at, what in ((1, "claim"), (2, "call"), (90, "protect"))
    ]
    return Script(0, origin, enters, beats)


def _reminders(present: datetime, origin: Origin) -> list[Script]:
    """Calls promised for the next minutes and hours."""
    promised = {
        "ann": (2, 9, 45, 200),
        "li.na": (4, 60),
        "bob": (3, 30),
        "sun.li": (6,),
        "zhang.wei": (12,),
        "maya": (15,),
    }
    return [
        _owned(present, origin, who, timedelta(days=2), present - timedelta(days=1), present + timedelta(minutes=ahead))
        for who, aheads in promised.items()
        for ahead in aheads
    ]


def _risks(present: datetime, origin: Origin) -> list[Script]:
    """Leads last followed up almost a week ago: they go back to the pool within hours."""
    left = {"ann": (35, 95, 300), "li.na": (50, 400), "bob": (70, 240), "zhao.lei": (25, 150, 330), "chen.jing": (180,)}
    return [
        _owned(present, origin, who, timedelta(days=8), present - timedelta(days=7) + timedelta(minutes=ahead), None)
        for who, aheads in left.items()
        for ahead in aheads
    ]


def _owned(
    present: datetime, origin: Origin, who: str, ago: timedelta, called: datetime, until: datetime | None
) -> Script:
    enters = present - ago
    return Script(
        0, origin, enters, (Beat(enters + timedelta(hours=1), "claim", who), Beat(called, "call", who, until))
    )
